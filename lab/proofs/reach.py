"""The networks of linked sites reach each other, with packets as large as planned and no larger."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Final

from lab.esp import stand_in_mtu

from .verdict import Lab, Verdict

REACH: Final = "reach"
SIZE: Final = "size"
_PINGS: Final = 3
_HEADERS: Final = 28
"""Of IPv4 and ICMP, in bytes."""


def hosts(lab: Lab, site: str) -> list[str]:
    """Return the addresses of a site's hosts, one in each of its networks."""
    return lab.sketch.machines[site].addresses


def pairs(lab: Lab) -> list[tuple[str, str]]:
    """Return the sites that a link joins, each pair once in each direction."""
    found = {tuple(link["between"]) for link in lab.rehearsed.report["links"]}
    return sorted({pair for one, other in found for pair in ((one, other), (other, one))})


def reach(lab: Lab) -> list[Verdict]:
    """Return whether the hosts of each site hear those of the others."""
    found: list[Verdict] = []
    for here, there in pairs(lab):
        for source in hosts(lab, here):
            for target in hosts(lab, there):
                done = lab.built.run(
                    here, "ping", "-n", "-q", "-c", str(_PINGS), "-i", "0.05", "-W", "1", "-I", source, target
                )
                heard = re.search(r"(\d+) received", done.stdout)
                answers = int(heard.group(1)) if heard else 0
                subject = f"{here} {source} → {there} {target}"
                found.append(Verdict(REACH, subject, f"{_PINGS} answers", f"{answers} answers", answers == _PINGS))
    return found


def sizes(lab: Lab) -> list[Verdict]:
    """Return the largest packet of each tunnel, and of each way between two sites, against the planned."""
    return [*_tunnels(lab), *_ways(lab)]


def _tunnels(lab: Lab) -> Iterator[Verdict]:
    for link, tunnel in lab.rehearsed.tunnels:
        (gateway, _), target = tunnel["from"].split(), tunnel["to"].split()[1]
        here = _here(link["via"], tunnel["mtu"])
        found = _largest(lab, gateway, target, here)
        yield Verdict(SIZE, tunnel["name"], _planned(tunnel["mtu"], here), found, found == f"{here} bytes")


def _ways(lab: Lab) -> Iterator[Verdict]:
    ways = {way["name"]: way for way in lab.rehearsed.report["sizes"]["ways"]}
    vias = {f"tunnels of {link['name']}": link["via"] for link in lab.rehearsed.report["links"]}
    for here, there in pairs(lab):
        way = ways.get(" – ".join(sorted((here, there))))
        if way is None:
            continue
        smallest = min(_here(vias.get(each["name"], ""), each["mtu"]) for each in way["ceilings"])
        found = _discovered(lab, here, hosts(lab, there)[0])
        # The way that is in use may be wider than the narrowest that could be.
        planned = f"{_planned(way['mtu'], smallest)} or more"
        yield Verdict(SIZE, f"{here} → {there}", planned, _told(found), (found or 0) >= smallest)


def _here(via: str, planned: int) -> int:
    """Return a size as it is in the lab."""
    return stand_in_mtu(planned) if via == "site-to-site-vpn" else planned


def _planned(planned: int, here: int) -> str:
    return f"{planned} bytes" if planned == here else f"{planned} bytes, {here} in user space"


def _largest(lab: Lab, machine: str, target: str, planned: int) -> str:
    """Tell whether the planned size passes, and whether the gateway itself refuses one byte more."""
    if not _passes(lab, machine, target, planned):
        return "no packet of that size passes"
    said = _sent(lab, machine, target, planned + 1)
    if said.returncode == 0:
        return f"{planned + 1} bytes and perhaps more"
    # Refused further on, whoever sends it depends on ICMP to know.
    local = "local error" in said.stdout + said.stderr or "too long" in said.stdout + said.stderr
    return f"{planned} bytes" if local else f"{planned} bytes, and the gateway's interface takes more"


def _discovered(lab: Lab, machine: str, target: str) -> int | None:
    """Return the largest packet that passes, by halving."""
    low, high = 576, 9001
    if not _passes(lab, machine, target, low):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _passes(lab, machine, target, middle) else (low, middle)
    return low


def _passes(lab: Lab, machine: str, target: str, size: int) -> bool:
    return _sent(lab, machine, target, size).returncode == 0


def _sent(lab: Lab, machine: str, target: str, size: int) -> subprocess.CompletedProcess[str]:
    command = ["ping", "-n", "-c", "2", "-i", "0.02", "-W", "0.5", "-M", "do", "-s", str(size - _HEADERS), target]
    return lab.built.run(machine, *command)


def _told(size: int | None) -> str:
    return "no packet passes" if size is None else f"{size} bytes"
