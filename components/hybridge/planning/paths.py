"""What redundancy, capacity, routes and the report need to know of a link, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass


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
