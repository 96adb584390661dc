"""Plans site-to-site VPN links: connections, tunnels, their addresses, timers and sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hybridge.topology import AwsHub, AwsSite, OnpremSite, SiteToSiteVpn, Topology

from . import limits
from .addresses import AddressBook
from .model import SiteToSiteVpnPlan, Tunnel, TunnelSize, VpnConnection
from .mtu import AES_GCM_16, esp_mtu, tcp_mss
from .paths import LinkPath, PathTunnel
from .pools import POOL
from .routing import announced, preference, prefix_limit
from .suites import IpsecSuite

TUNNELS_A_CONNECTION = 2
"""AWS ends the two tunnels of a connection at two places, so that one may be serviced."""
GATEWAYS_FOR_REDUNDANCY = 2


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
        for tunnel in self.tunnel_keys():
            yield f"{self.name}/{tunnel}"

    def tunnel_keys(self) -> Iterator[str]:
        """Return all its tunnels as the stack file names them: `edge-a/1`."""
        for gateway in self.onprem.gateways:
            for number in range(1, TUNNELS_A_CONNECTION + 1):
                yield f"{gateway.name}/{number}"


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


def tunnel_size(bandwidth: int | None) -> TunnelSize:
    """Return the size of tunnel that carries `bandwidth`, in bits per second."""
    standard = limits.number("aws.vpn.standard-tunnel.bandwidth")
    return TunnelSize.LARGE if bandwidth is not None and bandwidth > standard else TunnelSize.STANDARD


def vpn_plan(topology: Topology, ends: VpnEnds, book: AddressBook) -> SiteToSiteVpnPlan:
    """Decide a link that has no problem."""
    link = ends.link
    mtu = esp_mtu(limits.number("aws.vpn.outside-mtu"), AES_GCM_16, nat_traversal=link.nat_traversal)
    keepalive, hold = limits.bounds("aws.vpn.bgp-timers")
    connections = [
        VpnConnection(
            name=f"{ends.name}-{gateway.name}",
            gateway=gateway.name,
            public_ip=str(gateway.public_ip),
            tunnels=[_tunnel(ends, gateway.name, number, book) for number in range(1, TUNNELS_A_CONNECTION + 1)],
        )
        for gateway in ends.onprem.gateways
    ]
    device_ranges = [str(network) for network in announced(topology, ends.name, ends.onprem_name)]
    return SiteToSiteVpnPlan(
        name=ends.name,
        onprem=ends.onprem_name,
        cloud=ends.cloud_name,
        device_asn=ends.onprem.asn,
        cloud_asn=ends.cloud.asn,
        connections=connections,
        suite=IpsecSuite(),
        dead_peer_seconds=link.dead_peer_after,
        ike_seconds=link.ike_lifetime,
        child_seconds=link.child_lifetime,
        bgp_keepalive_seconds=keepalive,
        bgp_hold_seconds=hold,
        tunnel_size=tunnel_size(link.bandwidth),
        device_ranges=device_ranges,
        cloud_ranges=[str(network) for network in announced(topology, ends.name, ends.cloud_name)],
        prefix_limit=prefix_limit(topology, ends.name, ends.onprem_name),
        mtu=mtu,
        mss=tcp_mss(mtu),
        nat_traversal=link.nat_traversal,
        log_retention_days=link.log_retention_days or 0,
        standby=link.standby,
        single_gateway=link.accept_single_gateway or "",
        announced=device_ranges,
        preference=preference(topology, ends.name),
    )


def _tunnel(ends: VpnEnds, gateway: str, number: int, book: AddressBook) -> Tunnel:
    inside = book.tunnels[ends.address_key(gateway, number)]
    cloud, device = list(inside.hosts())
    index = (int(inside.network_address) - int(POOL.network_address)) // inside.num_addresses
    return Tunnel(
        name=f"{ends.name}-{gateway}-{number}",
        number=number,
        inside=str(inside),
        cloud_address=str(cloud),
        device_address=str(device),
        interface_id=index + 1,
        key_generation=ends.link.key_generations.get(f"{gateway}/{number}", 1),
        preshared_key_secret=ends.link.preshared_keys.get(f"{gateway}/{number}", ""),
    )


def link_path(ends: VpnEnds, plan: SiteToSiteVpnPlan) -> LinkPath:
    """Return a planned link as a way for traffic.

    AWS ends each tunnel at an endpoint of its own. A transit gateway spreads flows over all tunnels; a virtual private
    gateway sends everything through one of them (https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html).
    """
    bandwidth = limits.number(f"aws.vpn.{plan.tunnel_size.value}-tunnel.bandwidth")
    return LinkPath(
        name=plan.name,
        via=ends.link.via,
        sites=(plan.onprem, plan.cloud),
        tunnels=tuple(
            PathTunnel(tunnel.name, connection.gateway, f"{plan.cloud} endpoint of {tunnel.name}", bandwidth)
            for connection in plan.connections
            for tunnel in connection.tunnels
        ),
        spread=ends.cloud.hub is AwsHub.TRANSIT_GATEWAY,
        standby=plan.standby,
        round_trip=ends.link.round_trip,
        mtu=plan.mtu,
        single_gateway=plan.single_gateway,
    )
