"""Estates and ways for the tests of planning: two sites, and links between them as planning sees them."""

from __future__ import annotations

import json
from typing import Any

from hybridge.planning.paths import VPN, WIREGUARD, LinkPath, PathTunnel
from hybridge.topology import Topology, read_topology

GIGABIT = 10**9
MEGABIT = 10**6
DC1: dict[str, Any] = {
    "kind": "onprem",
    "asn": 65010,
    "ranges": ["10.100.0.0/16"],
    "gateways": [
        {"name": "edge-a", "public_ip": "203.0.113.10", "lan_address": "10.100.0.2"},
        {"name": "edge-b", "public_ip": "203.0.113.11", "lan_address": "10.100.0.3"},
    ],
}
AWS = {"kind": "aws", "region": "us-east-1", "asn": 64512, "ranges": ["172.20.0.0/16"]}
BETWEEN = ["dc1", "aws-east"]
VPN_LINK = {"via": VPN, "between": BETWEEN}
WIREGUARD_LINK = {"via": WIREGUARD, "between": BETWEEN, "tunnel_network": "10.200.0.0/24"}


def estate(links: dict[str, Any], **sections: Any) -> Topology:
    """Read a topology of `dc1` and `aws-east` with these links, and with more sites and sections where given."""
    sites = {"dc1": DC1, "aws-east": AWS, **sections.pop("sites", {})}
    return read_topology(json.dumps({"sites": sites, "links": links, **sections}))


def vpn_path(
    name: str = "dc1-aws",
    *,
    gateways: tuple[str, ...] = ("edge-a", "edge-b"),
    bandwidth: int = GIGABIT,
    spread: bool = True,
    standby: bool = False,
    round_trip: int | None = 8,
    single_gateway: str = "",
    handover: bool = True,
) -> LinkPath:
    """A managed VPN: two tunnels a gateway, each to an endpoint of its own."""
    names = [(f"{name}-{gateway}-{number}", gateway) for gateway in gateways for number in (1, 2)]
    tunnels = tuple(PathTunnel(tunnel, gateway, f"endpoint of {tunnel}", bandwidth) for tunnel, gateway in names)
    sites = ("dc1", "aws-east")
    return LinkPath(name, VPN, sites, tunnels, spread, standby, round_trip, 1446, single_gateway, handover=handover)


def wireguard_path(
    name: str = "dc1-wg",
    *,
    gateways: tuple[str, ...] = ("edge-a", "edge-b"),
    instances: int = 2,
    bandwidth: int = GIGABIT,
    standby: bool = False,
    round_trip: int | None = 8,
    mtu: int = 1400,
    single_gateway: str = "",
    handover: bool = True,
) -> LinkPath:
    """WireGuard: a tunnel between each gateway and each instance, of which one carries everything."""
    tunnels = tuple(
        PathTunnel(f"{name}-{gateway}-{number}", gateway, f"{name}-{number}", bandwidth, f"zone-{number}")
        for gateway in gateways
        for number in range(1, instances + 1)
    )
    sites = ("dc1", "aws-east")
    return LinkPath(name, WIREGUARD, sites, tunnels, False, standby, round_trip, mtu, single_gateway, handover=handover)
