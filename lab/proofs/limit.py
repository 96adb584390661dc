"""A peer that announces too much is cut off, alone: its session closes at the plan's limit, and the others stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from itertools import islice
from typing import Any, Final

from . import sessions
from .rogue import announcing
from .verdict import Lab, Verdict, until

PROOF: Final = "limit"
_CLOSED: Final = "Idle (PfxCt)"
_SECONDS: Final = 20.0
_LONGEST: Final = 28
"""Of a network's parts, the longest prefix that a gateway takes."""


def limits(lab: Lab) -> Iterator[Verdict]:
    """Let one peer of every link announce one network more than the plan permits."""
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for session in lab.rehearsed.report["neighbours"]:
        if session["link"] and sessions.speaker(lab, session) is not None:
            first.setdefault((session["link"], session["site"]), session)
    for session in first.values():
        yield from _limit(lab, session)


def _limit(lab: Lab, session: dict[str, Any]) -> Iterator[Verdict]:
    gateway = session["gateway"]
    subject = f"{gateway} from {session['peer']}"
    address, most = sessions.peer_address(lab, session), int(session["prefix_limit"])
    planned = f"closed above {most} networks, no other session"
    parts = list(islice(_parts(session["accepts"]), most + 1))
    if len(parts) <= most:
        return  # there are not as many networks, so nobody could announce too many
    before = _states(lab, gateway)
    with announcing(lab, sessions.peer_machine(lab, session), sessions.own_address(lab, session), parts):
        found = until(_SECONDS, lambda: [_closed(lab, gateway, address)])[0]
        others = {peer for peer, state in _states(lab, gateway).items() if peer != address and state != before[peer]}
    lab.built.answer(gateway, "vtysh", "-c", f"clear bgp ipv4 unicast {address}")
    until(lab.patience, lambda: sessions.sessions(lab))
    told = found.found if not others else f"{found.found}, and so are {', '.join(sorted(others))}"
    yield Verdict(PROOF, subject, planned, told, found.holds and not others)


def _parts(networks: Iterable[str]) -> Iterator[str]:
    """Return what a peer may announce of its networks: parts of them, and what is too small to have any."""
    for network in map(IPv4Network, networks):
        yield from map(str, network.subnets(new_prefix=max(_LONGEST, network.prefixlen)))


def _closed(lab: Lab, gateway: str, address: str) -> Verdict:
    state = _states(lab, gateway)[address]
    return Verdict(PROOF, address, _CLOSED, "closed" if state == _CLOSED else state, state == _CLOSED)


def _states(lab: Lab, gateway: str) -> dict[str, str]:
    peers = lab.vtysh(gateway, "show bgp ipv4 unicast summary")["peers"]
    return {address: str(peer["state"]) for address, peer in peers.items()}
