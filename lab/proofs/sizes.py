"""Packets are as large as planned and no larger: in each tunnel from both ends, and all the way between two sites."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.esp import stand_in_mtu

from .reach import hosts
from .turns import Turn, taken, turns
from .verdict import Lab, Verdict

PROOF: Final = "size"
_HEADERS: Final = 28
"""Of IPv4 and ICMP, in bytes."""
_SMALLEST, _LARGEST = 576, 9001
"""What passes everywhere, and what passes nowhere beyond, in bytes."""


def sizes(lab: Lab) -> list[Verdict]:
    """Return the largest packet of each tunnel, and of each way between two sites, against the planned."""
    return [*_tunnels(lab), *(verdict for turn in turns(lab) for verdict in _ways(lab, turn))]


def _tunnels(lab: Lab) -> Iterator[Verdict]:
    """Measure tunnels from those ends that are the estate's: a cloud's own hub is as large as the lab makes it."""
    for link, tunnel in lab.rehearsed.tunnels:
        ends = [tunnel["from"].split(), tunnel["to"].split()]
        here = mtu_here(link["via"], tunnel["mtu"])
        for (machine, _), (_, target) in (ends, ends[::-1]):
            if machine in lab.sketch.machines and machine not in link["between"]:
                found = _largest(lab, machine, target, here)
                subject, planned = f"{tunnel['name']} from {machine}", _planned(tunnel["mtu"], here)
                yield Verdict(PROOF, subject, planned, found, found == f"{here} bytes")


def _ways(lab: Lab, turn: Turn) -> Iterator[Verdict]:
    ways = {way["name"]: way for way in lab.rehearsed.report["sizes"]["ways"]}
    way = ways.get(f"{turn.here} – {turn.there}")
    if way is None:
        return
    possible = {_possible(lab, way, link) for link in turn.links}
    planned = " or ".join(_planned(size, here) for size, here in sorted(possible))
    with taken(lab, turn):
        for here, there in turn.ways:
            found = _discovered(lab, here, hosts(lab, there)[0])
            subject = f"{here} → {there} over {turn.name}"
            yield Verdict(PROOF, subject, planned, _told(found), found in {size for _, size in possible})


def _possible(lab: Lab, way: Mapping[str, Any], link: Mapping[str, Any]) -> tuple[int, int]:
    """Return what passes between two sites over one link: as planned, and here."""
    links = {f"tunnels of {each['name']}": each["name"] for each in lab.rehearsed.report["links"]}
    ceilings = [each for each in way["ceilings"] if links.get(each["name"], link["name"]) == link["name"]]
    here = (mtu_here(link["via"], each["mtu"]) if each["name"] in links else each["mtu"] for each in ceilings)
    return min(each["mtu"] for each in ceilings), min(here)


def mtu_here(via: str, planned: int) -> int:
    """Return the largest packet inside a tunnel as it is in the lab, in bytes.

    :param via: the kind of its link
    :param planned: the largest as planned, in bytes
    """
    return stand_in_mtu(planned) if via == "site-to-site-vpn" else planned


def _planned(planned: int, here: int) -> str:
    return f"{planned} bytes" if planned == here else f"{planned} bytes, {here} in user space"


def _largest(lab: Lab, machine: str, target: str, planned: int) -> str:
    """Tell whether the planned size passes, and whether the gateway itself refuses one byte more."""
    if not _passes(lab, machine, target, planned):
        return "no packet of that size passes"
    # One packet, and nothing remembered: what somebody further on refuses is refused here the next time.
    _forget(lab, machine)
    said = _sent(lab, machine, target, planned + 1, count=1)
    if said.returncode == 0:
        return f"{planned + 1} bytes and perhaps more"
    # Refused further on, whoever sends it depends on ICMP to know.
    local = "local error" in said.stdout + said.stderr or "too long" in said.stdout + said.stderr
    return f"{planned} bytes" if local else f"{planned} bytes, and the gateway's interface takes more"


def _discovered(lab: Lab, machine: str, target: str) -> int | None:
    """Return the largest packet that passes, by halving; what a smaller link before had it send is forgotten."""
    _forget(lab, machine)
    low, high = _SMALLEST, _LARGEST + 1
    if not _passes(lab, machine, target, low):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _passes(lab, machine, target, middle) else (low, middle)
    return low


def _forget(lab: Lab, machine: str) -> None:
    lab.built.answer(machine, "ip", "route", "flush", "cache")


def _passes(lab: Lab, machine: str, target: str, size: int) -> bool:
    return _sent(lab, machine, target, size).returncode == 0


def _sent(lab: Lab, machine: str, target: str, size: int, count: int = 2) -> subprocess.CompletedProcess[str]:
    often = ("-c", str(count), "-i", "0.02", "-W", "0.5")
    return lab.built.run(machine, "ping", "-n", *often, "-M", "do", "-s", str(size - _HEADERS), target)


def _told(size: int | None) -> str:
    return "no packet passes" if size is None else f"{size} bytes"
