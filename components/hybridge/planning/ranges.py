"""One registry of every range of the estate: who has it, and who has it twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

from hybridge.topology import Problem

from .addresses import POOL

_NEVER_ROUTED: Final = {
    "the default route": IPv4Network("0.0.0.0/32"),
    "loopback": IPv4Network("127.0.0.0/8"),
    "multicast": IPv4Network("224.0.0.0/4"),
    "link-local addresses, which tunnels use inside": POOL,
}


@dataclass(frozen=True)
class Claim:
    """A range that somebody uses."""

    network: IPv4Network
    owner: str
    """Who uses it, for a sentence: `site dc1`."""
    path: str
    """Where it stands in the stack file."""


def range_problems(claims: Iterable[Claim]) -> Iterator[Problem]:
    """Find ranges that cannot be routed, and ranges that overlap; n log n in the number of claims."""
    ordered = sorted(claims, key=lambda claim: (int(claim.network.network_address), claim.network.prefixlen))
    widest: Claim | None = None
    for claim in ordered:
        for what, network in _NEVER_ROUTED.items():
            if claim.network.overlaps(network):
                yield Problem(
                    claim.path,
                    f"`{claim.network}` takes in {what}, which no link carries.",
                    "Give the networks that hosts of the site really have, such as `10.100.0.0/16`.",
                )
        if widest is not None and claim.network.overlaps(widest.network):
            yield Problem(
                claim.path,
                f"`{claim.network}` of {claim.owner} overlaps `{widest.network}` of {widest.owner} ({widest.path}), "
                "so packets for one would stay at the other.",
                "Renumber one of the two; address translation at a gateway is the last resort.",
            )
        if widest is None or claim.network.broadcast_address > widest.network.broadcast_address:
            widest = claim
