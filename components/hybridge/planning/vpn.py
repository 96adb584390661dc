"""Plans site-to-site VPN links: connections, tunnels, their addresses, timers and sizes."""

from __future__ import annotations

from collections.abc import Iterator

from hybridge.topology import AwsHub, SiteToSiteVpn, Topology

from . import limits
from .addresses import AddressBook
from .ends import LinkEnds, joined
from .handover import hands_over
from .model import SiteToSiteVpnPlan, Tunnel, TunnelSize, VpnConnection
from .mtu import AES_GCM_16, esp_mtu, outside_path, tcp_mss
from .paths import LinkPath, PathTunnel
from .pools import POOL
from .routing import announced_texts, preference, prefix_limit
from .suites import IpsecSuite

TUNNELS_A_CONNECTION = 2
"""AWS ends the two tunnels of a connection at two places, so that one may be serviced."""


class VpnEnds(LinkEnds[SiteToSiteVpn]):
    """A declared VPN link with the sites at its ends."""

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
    return (VpnEnds(*found) for found in joined(topology, SiteToSiteVpn))


def tunnel_size(bandwidth: int | None) -> TunnelSize:
    """Return the size of tunnel that carries `bandwidth`, in bits per second."""
    standard = limits.number("aws.vpn.standard-tunnel.bandwidth")
    return TunnelSize.LARGE if bandwidth is not None and bandwidth > standard else TunnelSize.STANDARD


def vpn_plan(topology: Topology, ends: VpnEnds, book: AddressBook) -> SiteToSiteVpnPlan:
    """Decide a link that has no problem."""
    link = ends.link
    mtu = esp_mtu(outside_path(topology, link).mtu, AES_GCM_16, nat_traversal=link.nat_traversal)
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
        cloud_ranges=announced_texts(topology, ends.name, ends.cloud_name),
        prefix_limit=prefix_limit(topology, ends.name, ends.onprem_name),
        mtu=mtu,
        mss=tcp_mss(mtu),
        nat_traversal=link.nat_traversal,
        log_retention_days=link.log_retention_days or 0,
        standby=link.standby,
        single_gateway=link.accept_single_gateway or "",
        announced=announced_texts(topology, ends.name, ends.onprem_name),
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
    largest = limits.number(f"aws.vpn.{plan.tunnel_size.value}-tunnel.bandwidth")
    bandwidth = min(largest, ends.link.bandwidth or largest)
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
        uplinks=ends.uplinks,
        stated=ends.link.bandwidth is not None,
        packets=limits.number(f"aws.vpn.{plan.tunnel_size.value}-tunnel.packets"),
        handover=hands_over(ends.onprem),
    )
