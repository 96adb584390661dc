"""A peer is not believed what is not its own: a default route, a part of the hearer's, a third site's, a stranger's."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from typing import Any, Final

from lab.errors import LabError

from . import sessions
from .verdict import Lab, Verdict, until

PROOF: Final = "rogue"
_STRANGER: Final = "192.88.99.0/24"
_MAP: Final = "lab-anything"
_SECONDS: Final = 15.0


def rogues(lab: Lab) -> Iterator[Verdict]:
    """Let the peer of every session of a link announce what it must not, and look what comes of it."""
    for session in lab.rehearsed.report["neighbours"]:
        machine = sessions.speaker(lab, session)
        if machine is not None and session["link"]:
            yield _rogue(lab, session, machine)


def _rogue(lab: Lab, session: dict[str, Any], machine: str) -> Verdict:
    peer = sessions.peer_machine(lab, session)
    address, own = sessions.peer_address(lab, session), sessions.own_address(lab, session)
    others = _elsewhere(lab, session)
    wrong = ["0.0.0.0/0", _part(_own_range(lab, session["site"])), *others, _STRANGER]
    with announcing(lab, peer, own, wrong):
        heard = until(_SECONDS, lambda: [_heard(lab, machine, address, wrong)])
        accepted = set(sessions.accepted_from(lab, machine, address))
    believed = sorted(accepted & set(wrong))
    told = f"believes {', '.join(believed)}" if believed else "believes none of them"
    if not heard[0].holds:
        told = "heard none of it, which proves nothing"
    kept = set(session["accepts"]) <= accepted
    return Verdict(
        PROOF,
        f"{session['gateway']} from {session['peer']}",
        f"hears {', '.join(wrong)}, believes none of them",
        told if kept else f"{told}, and lost what is right",
        heard[0].holds and not believed and kept,
    )


def _heard(lab: Lab, machine: str, address: str, wrong: list[str]) -> Verdict:
    question = f"show bgp ipv4 unicast neighbors {address} received-routes"
    heard = set(lab.vtysh(machine, question).get("receivedRoutes", {}))
    return Verdict(PROOF, address, "", "", set(wrong) <= heard)


def _elsewhere(lab: Lab, session: dict[str, Any]) -> list[str]:
    """Return a part of a third site's network, where there is one that the peer does not speak for."""
    accepted = [IPv4Network(each) for each in session["accepts"]]
    ends = {session["site"], *(site for link in lab.rehearsed.report["links"] for site in _joined(link, session))}
    for site in lab.rehearsed.sites:
        for network in site["ranges"] if site["name"] not in ends else ():
            if not any(IPv4Network(network).overlaps(each) for each in accepted):
                return [_part(network)]
    return []


def _joined(link: dict[str, Any], session: dict[str, Any]) -> list[str]:
    return link["between"] if link["name"] == session["link"] else []


def _own_range(lab: Lab, site: str) -> str:
    return next(each["ranges"][0] for each in lab.rehearsed.sites if each["name"] == site)


def _part(network: str) -> str:
    """Return a part of a network that would win over all of it."""
    whole = IPv4Network(network)
    return str(next(whole.subnets(new_prefix=max(24, whole.prefixlen))))


@contextmanager
def announcing(lab: Lab, machine: str, neighbour: str, networks: list[str]) -> Generator[None]:
    """Let a machine tell one neighbour whatever it likes."""
    running = lab.built.answer(machine, "vtysh", "-c", "show running-config")
    router = re.search(r"^router bgp \d+$", running, re.MULTILINE)
    if router is None:
        raise LabError(f"{machine} speaks no BGP.")
    before = re.search(rf"^\s+neighbor {re.escape(neighbour)} route-map (\S+) out$", running, re.MULTILINE)
    # What it announces anyway it goes on announcing afterwards.
    told = [each for each in (f"network {one}" for one in networks) if f"  {each}\n" not in running]
    bgp = (router.group(), "address-family ipv4 unicast")
    # To this neighbour alone: what others hear is their own proof.
    others = re.findall(r"^\s+neighbor (\S+) activate$|^ neighbor (\S+) remote-as \d+$", running, re.MULTILINE)
    quiet = [
        one
        for one in dict.fromkeys(first or second for first, second in others)
        if one != neighbour and not re.search(rf"neighbor {re.escape(one)} route-map \S+ out", running)
    ]
    lists = [f"ip prefix-list {_MAP} permit {network}" for network in networks]
    lab.configure(
        machine,
        *lists,
        f"route-map {_MAP} permit 10",
        "exit",
        f"route-map {_MAP}-not deny 10",
        f"match ip address prefix-list {_MAP}",
        "exit",
        f"route-map {_MAP}-not permit 20",
        "exit",
        *bgp,
        *(f"neighbor {one} route-map {_MAP}-not out" for one in quiet),
        f"neighbor {neighbour} route-map {_MAP} out",
        *told,
    )
    try:
        yield
    finally:
        lab.configure(
            machine,
            *bgp,
            *(f"no {each}" for each in told),
            f"neighbor {neighbour} route-map {before.group(1)} out"
            if before
            else f"no neighbor {neighbour} route-map {_MAP} out",
            *(f"no neighbor {one} route-map {_MAP}-not out" for one in quiet),
            "exit",
            "exit",
            f"no route-map {_MAP}",
            f"no route-map {_MAP}-not",
            f"no ip prefix-list {_MAP}",
        )
