"""What a gateway says in BGP, and to whom: the same for an on-premises gateway and for one in the cloud.

A gateway announces what its own side has and nothing that a peer told it, so it carries traffic from no peer to
another. From each peer it takes that peer's own networks alone. Only the gateways of its own site does it tell what its
peers told it, and takes the same from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from .rendering import render

TUNNEL_HOPS = 2
"""Hops of a session inside a WireGuard tunnel: one more than there are, so that BFD goes over several as well.

Where its peer opens the session, FRR 8.4 begins BFD of one hop before it knows its own address, and again once it knows
it, which the peer takes for a death. BFD of several hops it begins once it knows (docs/adr/0015).
"""


@dataclass(frozen=True)
class Bfd:
    """How a peer is known to be alive."""

    milliseconds: int
    """How often each end tells the other."""
    multiplier: int
    """How many of these may be missed."""


@dataclass(frozen=True)
class Filter:
    """What may pass in one direction of a session."""

    name: str
    networks: Sequence[str]
    """Empty: nothing passes."""
    parts: bool
    """Whether parts of the networks pass too."""
    preference: int | None = None
    """Local preference of what passes; the highest wins."""
    metric: int | None = None
    """MED of what passes; the lowest wins."""


@dataclass(frozen=True)
class Session:
    """One BGP session."""

    address: str
    """The peer's."""
    asn: int
    """The peer's."""
    name: str
    source: str
    """This gateway's own address in it."""
    taken: Filter
    """What is taken from the peer."""
    told: Filter
    """What the peer is told."""
    prefix_limit: int
    """Prefixes after which the session is closed."""
    keepalive_seconds: int
    hold_seconds: int
    bfd: Bfd | None = None
    """None: the peer knows no BFD."""
    same_site: bool = False
    """Whether the peer is a gateway of the same site, which sends to this one what it has no way of its own for."""
    opened_by: Literal["either", "this", "peer"] = "either"
    """Which end opens it. Where both do and begin at once, as after a cut that both have noticed, each may close the
    connection that the other keeps, and a session that was up goes down again."""
    hops: int = 1
    """How many hops away a peer of another AS may be."""

    @property
    def retry_seconds(self) -> int:
        """How long it waits before it tries again to open it: not long where nobody else does."""
        return 2 if self.opened_by == "this" else 10


@dataclass(frozen=True)
class Speaker:
    """A gateway and its sessions."""

    name: str
    site: str
    asn: int
    router_id: str
    originated: Sequence[str]
    """What it announces by itself, whatever its routing table says."""
    ended: Sequence[str]
    """Networks whose packets end here while there is no route for them."""
    sessions: Sequence[Session]


def frr_conf(speaker: Speaker) -> str:
    """Render the whole routing configuration of a gateway, for FRR 8.4 or newer."""
    filters = {
        each.name: each for session in speaker.sessions for each in (session.taken, session.told) if each.networks
    }
    closed = {each.name for session in speaker.sessions for each in (session.taken, session.told) if not each.networks}
    return render(
        "frr.conf",
        speaker=speaker,
        filters=filters.values(),
        closed=sorted(closed),
        own_side=any(session.same_site for session in speaker.sessions),
        bfds=_distinct(session.bfd for session in speaker.sessions if session.bfd),
    )


def _distinct(bfds: Iterable[Bfd]) -> list[Bfd]:
    return list(dict.fromkeys(bfds))
