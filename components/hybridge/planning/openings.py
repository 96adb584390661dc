"""What firewalls have to let through, derived from the links, the names and the flows: nobody types a rule.

hybridge opens the security groups that it makes itself; the others are somebody's firewalls, and the report lists what
these need. An address that only the cloud knows is told in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hybridge.topology import Topology

from .dns import dns_servers
from .dns_model import AwsDnsPlan, DnsPlan, OnpremDnsPlan
from .model import OnpremSitePlan, SiteToSiteVpnPlan, VpnConnection
from .routing import owned_texts
from .wireguard_model import WireguardPlan, WireguardTunnel

_IKE: Final = "500"
"""RFC 7296."""
_NAT_TRAVERSAL: Final = "4500"
"""RFC 3948."""
_BGP: Final = "179"
"""RFC 4271."""
_BFD: Final = "3784"
"""RFC 5881, over one hop."""
_BFD_OF_TUNNELS: Final = "4784"
"""RFC 5883, over several hops, as gateways speak it inside tunnels."""
_DNS: Final = "53"
"""RFC 1035; answers that do not fit a datagram need TCP (RFC 7766)."""


class Direction(StrEnum):
    """Who starts, as the site sees it."""

    IN = "in"
    OUT = "out"
    BOTH = "both"


@dataclass(frozen=True)
class Opening:
    """Traffic that the firewalls of a site let through; answers follow it."""

    site: str
    direction: Direction
    protocol: str
    """`tcp`, `udp`, or `esp`, which is IP protocol 50 and has no ports."""
    ports: str
    """Where it arrives: `179`, `8000-8010`; empty: it has none."""
    local: list[str]
    """Addresses or networks at the site, or what has them."""
    peer: list[str]
    """Addresses or networks elsewhere, or what has them."""
    why: str


def openings(
    topology: Topology,
    onprem_sites: Sequence[OnpremSitePlan],
    vpns: Sequence[SiteToSiteVpnPlan],
    wireguards: Sequence[WireguardPlan],
    dns: DnsPlan,
) -> list[Opening]:
    """Return everything that firewalls have to let through, site by site.

    :param topology: what a person declared
    :param onprem_sites: its on-premises sites
    :param vpns: its site-to-site VPN links
    :param wireguards: its WireGuard links
    :param dns: who forwards what to whom
    """
    found = [
        *(opening for site in onprem_sites for opening in _handover(site)),
        *(opening for vpn in vpns for opening in _vpn(vpn)),
        *(opening for link in wireguards for opening in _wireguard(link)),
        *(opening for site in dns.aws_sites for opening in _aws_dns(site)),
        *(opening for site in dns.onprem_sites for opening in _onprem_dns(topology, site)),
        *_flows(topology),
    ]
    order = {site: number for number, site in enumerate(topology.sites)}
    return sorted(found, key=lambda opening: order[opening.site])


def _handover(site: OnpremSitePlan) -> Iterator[Opening]:
    for gateway in site.gateways if site.handover else ():
        others = [other.lan_address for other in site.gateways if other is not gateway]
        why = f"routes between the gateways of {site.name}"
        yield Opening(site.name, Direction.BOTH, "tcp", _BGP, [gateway.lan_address], others, why)
        yield Opening(site.name, Direction.BOTH, "udp", _BFD, [gateway.lan_address], others, why)


def _vpn(vpn: SiteToSiteVpnPlan) -> Iterator[Opening]:
    for connection in vpn.connections:
        yield from _outside(vpn, connection)
        for tunnel in connection.tunnels:
            inside = [tunnel.device_address], [tunnel.cloud_address]
            yield Opening(vpn.onprem, Direction.BOTH, "tcp", _BGP, *inside, f"BGP in tunnel {tunnel.name}")


def _outside(vpn: SiteToSiteVpnPlan, connection: VpnConnection) -> Iterator[Opening]:
    ends = [connection.public_ip], [f"both tunnel endpoints of connection {connection.name}"]
    yield Opening(vpn.onprem, Direction.BOTH, "udp", _IKE, *ends, f"keys of link {vpn.name}")
    protocol, ports = ("udp", _NAT_TRAVERSAL) if vpn.nat_traversal else ("esp", "")
    yield Opening(vpn.onprem, Direction.BOTH, protocol, ports, *ends, f"packets of link {vpn.name}")


def _wireguard(link: WireguardPlan) -> Iterator[Opening]:
    public = {gateway.gateway: gateway.public_ip for gateway in link.gateways}
    elastic = {each.name: each.elastic_ip or f"Elastic IP address of {each.name}" for each in link.instances}
    for tunnel in link.tunnels:
        near, far = public[tunnel.gateway], elastic[tunnel.instance]
        yield from _tunnel(link.onprem, tunnel, [near, far], [tunnel.device_address, tunnel.cloud_address])
        yield from _tunnel(link.cloud, tunnel, [far, near], [tunnel.cloud_address, tunnel.device_address])
    for instance in link.instances if len(link.instances) > 1 else ():
        ends = [instance.name], ["Route Server endpoints in its subnet"]
        why = f"routes of link {link.name} into the VPC"
        yield Opening(link.cloud, Direction.BOTH, "tcp", _BGP, *ends, why)
        yield Opening(link.cloud, Direction.BOTH, "udp", _BFD, *ends, why)


def _tunnel(site: str, tunnel: WireguardTunnel, outside: list[str], inside: list[str]) -> Iterator[Opening]:
    """Return what one end of a WireGuard tunnel needs, outside and inside, where its own address stands first."""
    port = str(tunnel.port)
    yield Opening(site, Direction.BOTH, "udp", port, outside[:1], outside[1:], f"packets of tunnel {tunnel.name}")
    for protocol, ports, what in (("tcp", _BGP, "BGP"), ("udp", _BFD_OF_TUNNELS, "BFD")):
        why = f"{what} in tunnel {tunnel.name}"
        yield Opening(site, Direction.BOTH, protocol, ports, inside[:1], inside[1:], why)


def _aws_dns(plan: AwsDnsPlan) -> Iterator[Opening]:
    outbound = plan.outbound_addresses or [f"outbound resolver endpoint of {plan.site}"]
    yield from _names(plan.site, Direction.OUT, outbound, plan.servers, "names that other sites answer for")
    yield from _names(plan.site, Direction.IN, plan.inbound_addresses, plan.sources, "names that the VPC answers for")


def _onprem_dns(topology: Topology, plan: OnpremDnsPlan) -> Iterator[Opening]:
    own = dns_servers(topology.sites[plan.site])
    servers = sorted({server for forward in plan.forwards for server in forward.servers})
    yield from _names(plan.site, Direction.OUT, own, servers, "names that other sites answer for")
    yield from _names(plan.site, Direction.IN, own, plan.clients, "names that the site answers for")


def _names(site: str, direction: Direction, local: list[str], peer: list[str], why: str) -> Iterator[Opening]:
    """Return what names need in one direction, if the site asks anybody, or anybody asks it."""
    for protocol in ("udp", "tcp") if peer else ():
        yield Opening(site, direction, protocol, _DNS, local, peer, why)


def _flows(topology: Topology) -> Iterator[Opening]:
    for name, flow in topology.flows.items():
        ends = {site: owned_texts(topology, site) for site in (flow.origin, flow.to)}
        for port in flow.ports:
            protocol, _, ports = port.partition("/")
            origin, to = ends[flow.origin], ends[flow.to]
            yield Opening(flow.origin, Direction.OUT, protocol, ports, origin, to, f"flow {name}")
            yield Opening(flow.to, Direction.IN, protocol, ports, to, origin, f"flow {name}")
