"""Finds what is wrong with WireGuard links: their gateways, numbers, addresses, ports, keys and sizes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address

from hybridge.topology import Problem, Severity, SiteToSiteVpn, Topology, Wireguard, meant, path_of

from . import limits
from .ends import same_asn_problems
from .paths import pair
from .pools import TUNNEL_LENGTH, part_count
from .routing import announced, in_parallel, is_host, owned
from .wireguard import WireguardEnds, instance_bandwidths

_LAST_PORT = 65_535
_GATEWAYS_FOR_REDUNDANCY = 2
_WEB_RULES = 2
"""Outbound rules to the internet, for packages and for AWS's own services."""


def wireguard_problems(topology: Topology, ends: WireguardEnds) -> Iterator[Problem]:
    """Find what is wrong with one link whose ends exist."""
    yield from _asn_problems(ends)
    yield from _host_problems(topology, ends)
    yield from _elastic_ip_problems(ends)
    yield from _network_problems(ends)
    yield from _key_problems(ends)
    yield from _instance_problems(ends)
    yield from _route_problems(topology, ends)
    yield from _rule_problems(topology, ends)


def shared_problems(topology: Topology, links: Sequence[WireguardEnds]) -> Iterator[Problem]:
    """Find what links claim at once: routes to a site, ports of a gateway, addresses, room in a route server."""
    yield from _stuck_route_problems(topology, links)
    yield from _taken_port_problems(topology, links)
    yield from _port_problems(links)
    yield from _shared_address_problems(links)
    yield from _route_server_problems(topology, links)


def _asn_problems(ends: WireguardEnds) -> Iterator[Problem]:
    place, asn = path_of("links", ends.name, "gateway_asn"), ends.link.gateway_asn
    yield from same_asn_problems(ends)
    for site, taken in ((ends.onprem_name, ends.onprem.asn), (ends.cloud_name, ends.cloud.asn)):
        if asn == taken:
            yield Problem(
                place,
                f"AS {asn} is site `{site}`'s own, and the gateway instances stand between the two sites.",
                "Give them a private number that neither end has, such as 64600.",
            )
    private = limits.limits()["bgp.private-asns"]
    if not any(least <= asn <= most for least, most in limits.spans("bgp.private-asns")):
        yield Problem(
            place,
            f"AS {asn} is no private autonomous system's number.",
            f"Use 64512 to 65534 or 4200000000 to 4294967294, such as 64600 ({private.reference}).",
        )


def _host_problems(topology: Topology, ends: WireguardEnds) -> Iterator[Problem]:
    """Find single addresses that a VPC would go on sending to the standby: they have no halves to prefer."""
    hosts = [network for network in owned(topology, ends.onprem_name) if is_host(network)]
    if not hosts or not in_parallel(topology, ends.name):
        return
    indices = {network: index for index, network in enumerate(ends.onprem.ranges)}
    pods = {cluster.pods: name for name, cluster in topology.clusters.items() if cluster.site == ends.onprem_name}
    for network in hosts:
        yield Problem(
            path_of("sites", ends.onprem_name, "ranges", indices[network])
            if network in indices
            else path_of("clusters", pods[network], "pods"),
            f"A VPC prefers the longer prefix, and none is longer than `{network}`: the VPC would go on sending to it "
            f"by way of the hub while WireGuard link `{ends.name}` is up.",
            "Write it as a /31 or wider, or do without the standby.",
        )


def _stuck_route_problems(topology: Topology, links: Sequence[WireguardEnds]) -> Iterator[Problem]:
    """Find links beside one with a single instance, to which fixed routes lead: they never take over in the VPC."""
    wireguards: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    vpns: dict[tuple[str, str], str] = {}
    for name, link in topology.links.items():
        one, other = link.between
        if isinstance(link, Wireguard):
            wireguards[pair(one, other)].append(name)
        else:
            vpns.setdefault(pair(one, other), name)
    for ends in links:
        if ends.instances >= _GATEWAYS_FOR_REDUNDANCY:
            continue
        sites = pair(ends.onprem_name, ends.cloud_name)
        # Of any two links one is another one than this.
        other = next((name for name in wireguards[sites][:2] if name != ends.name), None)
        if other is not None:
            yield Problem(
                path_of("links", ends.name),
                f"Fixed routes lead from `{ends.cloud_name}` to the single instance of `{ends.name}`, dead or alive, "
                f"so `{other}` never takes over; and AWS refuses a second fixed route to the same network.",
                "Use two gateway instances in each WireGuard link of these sites, or one such link alone.",
            )
        elif sites in vpns:
            yield Problem(
                path_of("links", ends.name),
                f"Without a route server the routes to a single instance stay in the VPC while it is down, so "
                f"`{vpns[sites]}` does not take over there.",
                "Use two gateway instances where another link is to take over.",
                Severity.WARNING,
            )


def _taken_port_problems(topology: Topology, links: Sequence[WireguardEnds]) -> Iterator[Problem]:
    """Find spans with a port that another program of the same gateway has open."""
    vpns = (link for link in topology.links.values() if isinstance(link, SiteToSiteVpn))
    ipsec = {end for link in vpns for end in link.between}
    for ends in links:
        last = _last_port(ends.link)
        programs = {"bfd.ports": "BFD", "bfd.multihop-ports": "BFD"}
        if ends.onprem_name in ipsec:
            programs["ipsec.ports"] = "IKE"
        for limit, program in programs.items():
            taken = next((port for port in limits.numbers(limit) if ends.link.port <= port <= last), None)
            if taken is not None:
                yield Problem(
                    path_of("links", ends.name, "port"),
                    f"The link's ports are {ends.link.port} to {last}, and {taken} is {program}'s on the same "
                    "gateways.",
                    f"Begin above {max(limits.numbers(limit))}, as with `port: "
                    f"{Wireguard.model_fields['port'].default}` ({limits.limits()[limit].reference}).",
                )


def _elastic_ip_problems(ends: WireguardEnds) -> Iterator[Problem]:
    given, place = ends.link.elastic_ips, path_of("links", ends.name, "elastic_ips")
    if given and len(given) != ends.instances:
        yield Problem(
            place,
            f"The link has {ends.instances} gateway instance{'s' if ends.instances > 1 else ''} and "
            f"{len(given)} Elastic IP address{'es' if len(given) > 1 else ''}.",
            "Give one address an instance, or none to have new ones; a single instance needs `accept_single_gateway:`.",
        )


def _network_problems(ends: WireguardEnds) -> Iterator[Problem]:
    network = ends.link.tunnel_network
    if _last_port(ends.link) > _LAST_PORT:
        yield Problem(
            path_of("links", ends.name, "tunnel_network"),
            f"`{network}` holds {part_count(network, TUNNEL_LENGTH)} tunnels, a UDP port each from {ends.link.port} "
            f"on, and the last port is {_LAST_PORT}.",
            "Take a smaller range, such as a /24, or a lower `port`.",
        )


def _key_problems(ends: WireguardEnds) -> Iterator[Problem]:
    known = [gateway.name for gateway in ends.onprem.gateways]
    owners: dict[str, str] = {}
    for gateway, key in ends.link.public_keys.items():
        place = path_of("links", ends.name, "public_keys", gateway)
        if gateway not in known:
            yield Problem(place, f"Site `{ends.onprem_name}` has no gateway `{gateway}`.", meant(gateway, known))
        elif key in owners:
            yield Problem(
                place,
                f"The key is that of `{owners[key]}` as well, and peers tell gateways apart by their keys.",
                "Make a pair for each gateway with `wg genkey`.",
            )
        owners.setdefault(key, gateway)


def _instance_problems(ends: WireguardEnds) -> Iterator[Problem]:
    known = instance_bandwidths()
    if ends.link.instance_type not in known:
        source = limits.limits()["aws.ec2.network-baseline"].reference
        yield Problem(
            path_of("links", ends.name, "instance_type"),
            f"What `{ends.link.instance_type}` carries is not recorded, so no flow can be held against it.",
            meant(ends.link.instance_type, known, f"Name a type such as `c7gn.medium` ({source})."),
        )


def _route_problems(topology: Topology, ends: WireguardEnds) -> Iterator[Problem]:
    most = limits.limits()["aws.route-server.routes-per-peer"]
    for site in (ends.onprem_name, ends.cloud_name):
        count = len(announced(topology, ends.name, site))
        if count > limits.number("aws.route-server.routes-per-peer"):
            yield Problem(
                path_of("sites", site, "ranges"),
                f"Site `{site}` announces {count} routes over link `{ends.name}`, and {most.value} get through.",
                f"Announce fewer, wider ranges ({most.reference}).",
            )


def _rule_problems(topology: Topology, ends: WireguardEnds) -> Iterator[Problem]:
    most = limits.limits()["aws.security-group.rules"]
    count = len(ends.onprem.gateways) + len(owned(topology, ends.cloud_name)) + _WEB_RULES
    if count > limits.number("aws.security-group.rules"):
        yield Problem(
            path_of("links", ends.name),
            f"Each gateway instance would need {count} outbound rules, one a gateway of `{ends.onprem_name}`, one a "
            f"range of `{ends.cloud_name}` and {_WEB_RULES} to the internet, and a security group has {most.value}.",
            f"Join fewer gateways or ranges, or have AWS raise its quota ({most.reference}).",
        )


def _port_problems(links: Sequence[WireguardEnds]) -> Iterator[Problem]:
    """Find links whose spans of ports overlap on the same gateways; n log n in the number of links.

    A network without room for a tunnel, or for more than there are ports, is a problem of its own and has no span.
    """
    by_site: defaultdict[str, list[WireguardEnds]] = defaultdict(list)
    for ends in links:
        if ends.link.port <= _last_port(ends.link) <= _LAST_PORT:
            by_site[ends.onprem_name].append(ends)
    for site, joined in by_site.items():
        widest: WireguardEnds | None = None
        for ends in sorted(joined, key=lambda each: each.link.port):
            if widest is not None and ends.link.port <= _last_port(widest.link):
                after = _last_port(widest.link) + 1
                yield Problem(
                    path_of("links", ends.name, "port"),
                    f"The ports from {ends.link.port} on are those of link `{widest.name}` as well, which has "
                    f"{widest.link.port} to {after - 1} on the gateways of `{site}`.",
                    f"Write `port: {after}`, or take smaller tunnel networks."
                    if after + part_count(ends.link.tunnel_network, TUNNEL_LENGTH) - 1 <= _LAST_PORT
                    else f"Take smaller tunnel networks, or give `{widest.name}` a lower `port`.",
                )
            if widest is None or _last_port(ends.link) > _last_port(widest.link):
                widest = ends


def _last_port(link: Wireguard) -> int:
    """Return the port of the last tunnel there is room for; the one before the first where there is room for none."""
    return link.port + part_count(link.tunnel_network, TUNNEL_LENGTH) - 1


def _shared_address_problems(links: Sequence[WireguardEnds]) -> Iterator[Problem]:
    owners: dict[IPv4Address, str] = {}
    for ends in links:
        for index, address in enumerate(ends.link.elastic_ips):
            place = path_of("links", ends.name, "elastic_ips", index)
            if address in owners:
                yield Problem(
                    place,
                    f"`{address}` is given to {owners[address]} as well.",
                    "Give each instance an address of its own.",
                )
            owners.setdefault(address, f"an instance of link `{ends.name}`")


def _route_server_problems(topology: Topology, links: Sequence[WireguardEnds]) -> Iterator[Problem]:
    most = limits.limits()["aws.route-server.routes"]
    routes: defaultdict[str, int] = defaultdict(int)
    for ends in links:
        if ends.instances == _GATEWAYS_FOR_REDUNDANCY:
            routes[ends.cloud_name] += len(announced(topology, ends.name, ends.onprem_name))
    for site, count in routes.items():
        if count > limits.number("aws.route-server.routes"):
            yield Problem(
                path_of("sites", site),
                f"The WireGuard links of site `{site}` bring {count} routes, and its route server takes {most.value}.",
                f"Announce fewer, wider ranges at their other ends ({most.reference}).",
            )
