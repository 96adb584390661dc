"""Finds ranges that nobody can route, and ranges that are in each other's way.

Every overlap is an error, but for what docs/adr/0012-overlaps.md excepts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPV4LENGTH, IPv4Network
from typing import Final

from hybridge.topology import Problem, Topology

from .addresses import AddressBook
from .claims import ADDED, ESTATE, Claim, Room, Use, claims
from .pools import POOL


def _span(network: IPv4Network) -> tuple[int, int]:
    """Return the first and the last address as numbers: comparing networks takes many times as long."""
    first = int(network.network_address)
    return first, first + (1 << (IPV4LENGTH - network.prefixlen)) - 1


_NEVER_ROUTED: Final = {
    "the default route": _span(IPv4Network("0.0.0.0/32")),
    "loopback": _span(IPv4Network("127.0.0.0/8")),
    "multicast": _span(IPv4Network("224.0.0.0/4")),
    "link-local addresses, which tunnels use inside": _span(POOL),
}
_STRANGERS: Final = 2
"""Clusters that are remembered for each range, so that one is found that shares no Globalnet with the next: a cluster
has one Globalnet at the most."""


def range_problems(topology: Topology, book: AddressBook) -> Iterator[Problem]:
    """Find what is wrong with the ranges of the estate; n log n in their number."""
    routed: list[Claim] = []
    for claim in claims(topology, book):
        what = _never_routed(claim)
        if what is None:
            routed.append(claim)
            continue
        yield Problem(
            claim.path,
            f"`{claim.network}` takes in {what}, which no link carries.",
            "Give the networks that hosts of the site really have, such as `10.100.0.0/16`."
            if claim.use is Use.SITE
            else "Take a private range, such as `10.64.0.0/16`.",
        )
    for claim, other in overlaps(routed):
        yield _clash(claim, other)


def overlaps(routed: Iterable[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """Find each claim that lies in a wider one, or in an equal one that came before it, and clashes with it.

    Networks lie apart or within each other, so what a range could clash with are the at most 33 networks around it. Of
    those that it does clash with the narrowest is returned, and none of the wider ones: 10,000 equal ranges are 9,999
    findings. Two clusters' ranges clash wherever they are, unless the two have one Globalnet and no link advertises
    either.
    """
    around: list[_Network] = []
    for claim in sorted(routed, key=_order):
        first, last = _span(claim.network)
        while around and around[-1].last < first:
            around.pop()
        if not around or around[-1].network != claim.network:
            around.append(_Network(claim.network, last))
        seen, sees, at_home = claim.seen, claim.sees, False
        if claim.home is not None and any(claim.site in network.sites for network in around):
            seen, sees, at_home = claim.home, claim.home, True
        # What is at home is no other cluster's matter: whoever overlaps it overlaps its site's range.
        alone = claim.use is Use.CLUSTER and ESTATE not in seen and not at_home
        for network in reversed(around):
            other = network.met(seen, sees) or (network.stranger(claim) if alone else None)
            if other is not None:
                yield claim, other
                break
        around[-1].add(claim, seen, sees, alone=alone)


@dataclass
class _Network:
    """A network, and who of those that have it is met where."""

    network: IPv4Network
    last: int
    """Its last address, as a number."""
    sites: set[str] = field(default_factory=set[str])
    seen: dict[Room, Claim] = field(default_factory=dict[Room, Claim])
    sees: dict[Room, Claim] = field(default_factory=dict[Room, Claim])
    alone: list[Claim] = field(default_factory=list[Claim])

    def met(self, seen: Iterable[Room], sees: Iterable[Room]) -> Claim | None:
        """Return one that is seen in a room of `sees`, or sees one of `seen`."""
        for rooms, others in ((sees, self.seen), (seen, self.sees)):
            for room in rooms:
                if room in others:
                    return others[room]
        return None

    def stranger(self, claim: Claim) -> Claim | None:
        """Return one of another cluster that has no Globalnet in common with the claim's."""
        return next((other for other in self.alone if _strange(other, claim)), None)

    def add(self, claim: Claim, seen: Iterable[Room], sees: Iterable[Room], *, alone: bool) -> None:
        if claim.use is Use.SITE:
            self.sites.add(claim.site)
        for room in seen:
            self.seen.setdefault(room, claim)
        for room in sees:
            self.sees.setdefault(room, claim)
        if alone and len(self.alone) < _STRANGERS and all(_strange(other, claim) for other in self.alone):
            self.alone.append(claim)


def _order(claim: Claim) -> tuple[int, int, bool]:
    """Put wider networks before those within them, and a site's before what may be within it."""
    return int(claim.network.network_address), claim.network.prefixlen, claim.use is not Use.SITE


def _strange(one: Claim, other: Claim) -> bool:
    return one.cluster != other.cluster and one.globalnets.isdisjoint(other.globalnets)


def _never_routed(claim: Claim) -> str | None:
    if claim.use is Use.ADDRESS or ESTATE not in (*claim.seen, *claim.sees):
        return None
    first, last = _span(claim.network)
    return next((what for what, (start, end) in _NEVER_ROUTED.items() if first <= end and start <= last), None)


def _never_meet(claim: Claim, other: Claim) -> bool:
    """Tell whether two clusters' ranges clash only because the clusters may meet one day."""
    both = claim.use is other.use is Use.CLUSTER and claim.home is None
    return both and {*claim.seen}.isdisjoint(other.sees) and {*claim.sees}.isdisjoint(other.seen)


def _clash(claim: Claim, other: Claim) -> Problem:
    where = f"`{other.network}` of {other.owner} ({other.path})"
    if claim.use is Use.ADDRESS:
        return Problem(
            claim.path,
            f"`{claim.network.network_address}` of {claim.owner} lies in {where}, so packets to it would go astray.",
            "Correct the address, or the range.",
        )
    if claim.owner == other.owner:
        return Problem(claim.path, f"`{claim.network}` lies in {where} already.", "Remove one of the two.")
    told = (
        "and neither could join the other"
        if _never_meet(claim, other)
        else "so packets for one would stay at the other"
    )
    return Problem(
        claim.path,
        f"`{claim.network}` of {claim.owner} overlaps {where}, {told}.",
        _remedy(claim, other),
    )


def _remedy(claim: Claim, other: Claim) -> str:
    """Rank the ways out: new numbers, Globalnet between clusters, translation."""
    if claim.use is other.use:
        first = "Renumber one of the two"
    else:
        first = f"Renumber {min(claim, other, key=lambda one: one.use).owner}, which is less work than the other"
    if claim.cluster and claim.cluster == other.cluster:
        return f"{first}."
    second = _globalnet(claim, other) if claim.use is other.use is Use.CLUSTER else _set_aside(claim, other)
    return f"{first}; {second}address translation at a gateway is the last resort."


def _globalnet(claim: Claim, other: Claim) -> str:
    if any(kind == ADDED for kind, _ in {*claim.seen} & {*other.sees}):
        return ""
    steps = [
        f"set `globalnet: true` in cluster set {name}" for name in sorted(claim.sets & other.sets - claim.globalnets)
    ]
    if claim.sets.isdisjoint(other.sets):
        steps = [_join(claim, other)]
    if ESTATE in (*claim.seen, *other.seen):
        steps.append("advertise neither")
    return f"else {' and '.join(steps)}; " if steps else ""


def _join(claim: Claim, other: Claim) -> str:
    """Say how two clusters that share no cluster set come to share a Globalnet, which a cluster has one of."""
    if claim.globalnets and other.globalnets:
        return f"make {min(claim.globalnets)} and {min(other.globalnets)} one cluster set"
    for one, newcomer in ((claim, other), (other, claim)):
        if one.globalnets:
            return f"add cluster {newcomer.cluster} to cluster set {min(one.globalnets)}, which has Globalnet"
    return "put the two into one cluster set with `globalnet: true`"


def _set_aside(claim: Claim, other: Claim) -> str:
    if other.use is Use.SITE and claim.cluster and claim.site == other.site:
        return "else say `advertised: true`, if the site has set this part of its range aside for them; "
    return ""
