"""Plans site-to-site VPN links: connections, tunnels, their addresses, timers and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network

from hybridge.topology import (
    AwsSite,
    OnpremSite,
    Problem,
    Severity,
    SiteToSiteVpn,
    Topology,
    path_of,
    written_bandwidth,
    written_seconds,
)

from . import limits
from .addresses import POOL, AddressBook
from .model import SiteToSiteVpnPlan, Tunnel, TunnelSize, VpnConnection
from .mtu import AES_GCM_16, esp_mtu, tcp_mss
from .suites import IpsecSuite

TUNNELS_A_CONNECTION = 2
"""AWS ends the two tunnels of a connection at two places, so that one may be serviced."""
_GATEWAYS_FOR_REDUNDANCY = 2


@dataclass(frozen=True)
class VpnEnds:
    """A declared VPN link with the sites at its ends."""

    name: str
    link: SiteToSiteVpn
    onprem_name: str
    onprem: OnpremSite
    cloud_name: str
    cloud: AwsSite

    def address_key(self, gateway: str, number: int) -> str:
        """Return the tunnel's key in the address book."""
        return f"{self.name}/{gateway}/{number}"

    def address_keys(self) -> Iterator[str]:
        """Return the keys of all its tunnels in the address book."""
        for gateway in self.onprem.gateways:
            for number in range(1, TUNNELS_A_CONNECTION + 1):
                yield self.address_key(gateway.name, number)


def vpn_ends(topology: Topology) -> Iterator[VpnEnds]:
    """Return the links whose two ends are what a site-to-site VPN joins; the others are problems of their own."""
    for name, link in topology.links.items():
        if not isinstance(link, SiteToSiteVpn):
            continue
        sites = {end: topology.sites[end] for end in link.between if end in topology.sites}
        onprem = next(((end, site) for end, site in sites.items() if isinstance(site, OnpremSite)), None)
        cloud = next(((end, site) for end, site in sites.items() if isinstance(site, AwsSite)), None)
        if onprem and cloud:
            yield VpnEnds(name, link, *onprem, *cloud)


def end_problems(topology: Topology) -> Iterator[Problem]:
    """Find links whose ends do not exist or cannot be joined this way."""
    for name, link in topology.links.items():
        place = path_of("links", name, "between")
        unknown = [(index, end) for index, end in enumerate(link.between) if end not in topology.sites]
        for index, end in unknown:
            known = ", ".join(f"`{site}`" for site in topology.sites)
            yield Problem(f"{place}[{index}]", f"There is no site `{end}`.", f"Declare it, or name one of {known}.")
        if unknown:
            continue
        if link.between[0] == link.between[1]:
            yield Problem(place, f"The link joins `{link.between[0]}` to itself.", "Name two sites.")
            continue
        kinds = sorted(topology.sites[end].kind for end in link.between)
        if kinds != ["aws", "onprem"]:
            yield Problem(
                place,
                f"A site-to-site VPN joins an on-premises site to a cloud, and these are {kinds[0]} and {kinds[1]}.",
                "Name one site of kind `onprem` and one of kind `aws`.",
            )


def link_problems(ends: VpnEnds, book: AddressBook, stack: str) -> Iterator[Problem]:
    """Find what is wrong with one link whose ends exist."""
    yield from _timer_problems(ends)
    yield from _bandwidth_problems(ends)
    yield from _redundancy_problems(ends)
    place = path_of("links", ends.name)
    if ends.onprem.asn == ends.cloud.asn:
        yield Problem(
            path_of("sites", ends.cloud_name, "asn"),
            f"Both ends of link `{ends.name}` have AS {ends.cloud.asn}, and BGP between two networks needs two.",
            "Give one of the sites another private number, such as 64513.",
        )
    missing = [key for key in ends.address_keys() if key not in book.tunnels]
    if missing:
        yield Problem(
            place,
            f"No address is recorded for {', '.join(missing)} in stacks/{book.name}.",
            f"Run `make plan STACK={stack}` and commit the file.",
        )


def _timer_problems(ends: VpnEnds) -> Iterator[Problem]:
    link = ends.link
    least = limits.number("aws.vpn.dead-peer.minimum")
    spans = {
        "dead_peer_after": (link.dead_peer_after, (least, None), "aws.vpn.dead-peer.minimum"),
        "ike_lifetime": (link.ike_lifetime, limits.bounds("aws.vpn.ike-lifetime"), "aws.vpn.ike-lifetime"),
        "child_lifetime": (
            link.child_lifetime,
            limits.bounds("aws.vpn.child-lifetime"),
            "aws.vpn.child-lifetime",
        ),
    }
    for field, (seconds, (low, high), source) in spans.items():
        if seconds < low or (high is not None and seconds > high):
            span = (
                f"{written_seconds(low)} or more"
                if high is None
                else f"{written_seconds(low)} to {written_seconds(high)}"
            )
            yield Problem(
                path_of("links", ends.name, field),
                f"AWS takes {span} here, not {written_seconds(seconds)}.",
                f"Write a time within that ({limits.limits()[source].reference}).",
            )
    if link.child_lifetime >= link.ike_lifetime:
        yield Problem(
            path_of("links", ends.name, "child_lifetime"),
            f"A child SA of {written_seconds(link.child_lifetime)} would not end before its IKE SA of "
            f"{written_seconds(link.ike_lifetime)}.",
            "Give the child SA the shorter life, such as `1h` in `8h`.",
        )


def _bandwidth_problems(ends: VpnEnds) -> Iterator[Problem]:
    wanted = ends.link.bandwidth
    if wanted is None:
        return
    large = limits.limits()["aws.vpn.large-tunnel.bandwidth"]
    place = path_of("links", ends.name, "bandwidth")
    if wanted > limits.number("aws.vpn.large-tunnel.bandwidth"):
        yield Problem(
            place,
            f"No VPN tunnel carries {written_bandwidth(wanted)}; AWS's large ones carry up to "
            f"{written_bandwidth(limits.number('aws.vpn.large-tunnel.bandwidth'))}.",
            f"Spread the traffic over several links ({large.reference}).",
        )
    elif _size(wanted) is TunnelSize.LARGE and ends.cloud.region in limits.words(
        "aws.vpn.large-tunnel.missing-regions"
    ):
        yield Problem(
            place,
            f"{written_bandwidth(wanted)} needs a large tunnel, and {ends.cloud.region} has none.",
            f"Ask for at most {written_bandwidth(limits.number('aws.vpn.standard-tunnel.bandwidth'))} a tunnel "
            f"({limits.limits()['aws.vpn.large-tunnel.missing-regions'].reference}).",
        )


def _redundancy_problems(ends: VpnEnds) -> Iterator[Problem]:
    place = path_of("links", ends.name, "accept_single_gateway")
    single = len(ends.onprem.gateways) < _GATEWAYS_FOR_REDUNDANCY
    if single and ends.link.accept_single_gateway is None:
        yield Problem(
            path_of("links", ends.name),
            f"Site `{ends.onprem_name}` has one gateway, so the link is lost with it.",
            "Add a second gateway, or say why one is enough in `accept_single_gateway:`.",
        )
    elif single:
        yield Problem(
            place,
            f"The link is lost with the only gateway of site `{ends.onprem_name}` ({ends.link.accept_single_gateway}).",
            "Add a second gateway when that is no longer acceptable.",
            Severity.WARNING,
        )
    elif ends.link.accept_single_gateway is not None:
        yield Problem(place, f"Site `{ends.onprem_name}` has two gateways or more.", "Remove the exception.")


def _size(bandwidth: int | None) -> TunnelSize:
    standard = limits.number("aws.vpn.standard-tunnel.bandwidth")
    return TunnelSize.LARGE if bandwidth is not None and bandwidth > standard else TunnelSize.STANDARD


def vpn_plan(ends: VpnEnds, book: AddressBook) -> SiteToSiteVpnPlan:
    """Decide a link that has no problem."""
    mtu = esp_mtu(limits.number("aws.vpn.outside-mtu"), AES_GCM_16, nat_traversal=False)
    keepalive, hold = limits.bounds("aws.vpn.bgp-timers")
    connections = [
        VpnConnection(
            name=f"{ends.name}-{gateway.name}",
            gateway=gateway.name,
            public_ip=str(gateway.public_ip),
            tunnels=[
                _tunnel(
                    f"{ends.name}-{gateway.name}-{number}",
                    number,
                    book.tunnels[ends.address_key(gateway.name, number)],
                )
                for number in range(1, TUNNELS_A_CONNECTION + 1)
            ],
        )
        for gateway in ends.onprem.gateways
    ]
    return SiteToSiteVpnPlan(
        name=ends.name,
        onprem=ends.onprem_name,
        cloud=ends.cloud_name,
        device_asn=ends.onprem.asn,
        cloud_asn=ends.cloud.asn,
        connections=connections,
        suite=IpsecSuite(),
        dead_peer_seconds=ends.link.dead_peer_after,
        ike_seconds=ends.link.ike_lifetime,
        child_seconds=ends.link.child_lifetime,
        bgp_keepalive_seconds=keepalive,
        bgp_hold_seconds=hold,
        tunnel_size=_size(ends.link.bandwidth),
        device_ranges=[str(network) for network in ends.onprem.ranges],
        cloud_ranges=[str(network) for network in ends.cloud.ranges],
        prefix_limit=limits.number("aws.vpn.routes-to-customer"),
        mtu=mtu,
        mss=tcp_mss(mtu),
        redundancy=_redundancy(ends),
    )


def _tunnel(name: str, number: int, inside: IPv4Network) -> Tunnel:
    cloud, device = list(inside.hosts())
    index = (int(inside.network_address) - int(POOL.network_address)) // inside.num_addresses
    return Tunnel(
        name=name,
        number=number,
        inside=str(inside),
        cloud_address=str(cloud),
        device_address=str(device),
        interface_id=index + 1,
    )


def _redundancy(ends: VpnEnds) -> str:
    gateways = len(ends.onprem.gateways)
    if gateways < _GATEWAYS_FOR_REDUNDANCY:
        return f"one gateway, two tunnels: the link is lost with the gateway ({ends.link.accept_single_gateway})"
    left = (gateways - 1) * TUNNELS_A_CONNECTION
    return f"{gateways} gateways, two tunnels each: any one gateway may go down, and {left} tunnels carry on"
