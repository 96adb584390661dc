"""What redundancy, capacity, routes and the report need to know of a link, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

VPN: Final = "site-to-site-vpn"
"""A managed VPN: its ends at the other site are the vendor's own, one a tunnel."""
WIREGUARD: Final = "wireguard"
"""WireGuard: its ends at the other site are gateway instances."""


@dataclass(frozen=True)
class PathTunnel:
    """One tunnel, and the two devices that it depends on."""

    name: str
    gateway: str
    """The gateway at the link's first site."""
    far_gateway: str
    """The gateway at the other site; a vendor's own endpoint is one by itself."""
    bandwidth: int
    """What it carries at the most, in bits per second."""
    zone: str = ""
    """The availability zone at the other site that it ends in; empty: not known."""


@dataclass(frozen=True)
class Instance:
    """A gateway instance in the cloud: what it forwards enters and leaves by one interface, whichever way it goes."""

    type: str
    network: int
    """What its interface carries in and out, in bits per second each: both directions of the traffic share it."""
    cores: int
    processing: int
    """What its cores may be counted on to encrypt and decrypt, both directions together, in bits per second."""

    @property
    def both_ways(self) -> int:
        """What may be counted on for both directions together, in bits per second."""
        return min(self.network, self.processing)


@dataclass(frozen=True)
class LinkPath:
    """A link as a way for traffic."""

    name: str
    via: str
    """Its kind, in the stack file's words."""
    sites: tuple[str, str]
    """On-premises or first site, and the other."""
    tunnels: tuple[PathTunnel, ...]
    spread: bool
    """Whether both ends spread flows over its tunnels (equal-cost multipath); if not, one tunnel carries everything."""
    standby: bool
    """Whether it carries traffic only while the sites' other links are down."""
    round_trip: int | None
    """Round trip in milliseconds, where it was measured."""
    mtu: int
    """Largest packet inside its tunnels, in bytes."""
    single_gateway: str
    """Why one gateway at an end is accepted; empty: it is not."""
    own_subnets: bool = True
    """Whether its gateways at the other site stand in subnets that are made here, each in a zone of its own."""
    uplinks: Mapping[str, int] = field(default_factory=dict[str, int])
    """What the line of a gateway at its first site carries each way, in bits per second, where that is known."""
    stated: bool = False
    """Whether the stack file says what one of its tunnels is to carry; if not, it is what the vendor says."""
    packets: int | None = None
    """Packets a second that one of its tunnels carries at the most; None: not known."""
    instance: Instance | None = None
    """The gateway instances at the other site, of which one carries everything; None: the end is the vendor's own."""
    handover: bool = False
    """Whether a gateway of its first site whose tunnels are down sends to the site's others."""

    def through(self, gateway: str, bandwidth: int) -> int:
        """Return what a gateway's uplink lets through of `bandwidth`."""
        return min(bandwidth, self.uplinks.get(gateway, bandwidth))

    @property
    def tunnels_capacity(self) -> int:
        """What its tunnels carry at the most while everything is up, whatever the uplinks, in bits per second."""
        sizes = [tunnel.bandwidth for tunnel in self.tunnels]
        return sum(sizes) if self.spread else max(sizes, default=0)

    @property
    def largest_tunnel(self) -> int:
        """What one flow gets at the most, in bits per second, as all packets of a flow take one tunnel."""
        return max((self.through(tunnel.gateway, tunnel.bandwidth) for tunnel in self.tunnels), default=0)

    @property
    def smallest_tunnel(self) -> int:
        """What any one of its tunnels carries by itself, in bits per second."""
        return min((self.through(tunnel.gateway, tunnel.bandwidth) for tunnel in self.tunnels), default=0)

    @property
    def by_gateway(self) -> dict[str, int]:
        """What the tunnels of each gateway carry at the same time, whatever its uplink, in bits per second."""
        found: dict[str, int] = {}
        for tunnel in self.tunnels:
            sofar = found.get(tunnel.gateway, 0)
            found[tunnel.gateway] = sofar + tunnel.bandwidth if self.spread else max(sofar, tunnel.bandwidth)
        return found

    @property
    def gateways(self) -> list[str]:
        """The gateways at its first site."""
        return list(dict.fromkeys(tunnel.gateway for tunnel in self.tunnels))

    @property
    def far_gateways(self) -> list[str]:
        """The gateways at its other site."""
        return list(dict.fromkeys(tunnel.far_gateway for tunnel in self.tunnels))


def pair(one: str, other: str) -> tuple[str, str]:
    """Return two sites in the order that stands for both directions between them."""
    return (one, other) if one <= other else (other, one)


def by_pair(paths: Iterable[LinkPath]) -> dict[tuple[str, str], list[LinkPath]]:
    """Return the links that join the same two sites, by these."""
    joined: dict[tuple[str, str], list[LinkPath]] = {}
    for path in paths:
        joined.setdefault(pair(*path.sites), []).append(path)
    return joined
