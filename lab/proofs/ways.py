"""What two sites send each other goes over the links that the plan prefers, in both directions, and over no standby."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .counting import counting
from .reach import hosts, pairs
from .verdict import Lab, Verdict

PROOF: Final = "way"
_SIZE: Final = 1200
_PINGS: Final = 5


def carried(lab: Lab) -> list[Verdict]:
    """Let hosts of every two sites talk, and look at the ways of all tunnels which of them have carried it."""
    found: list[Verdict] = []
    for here, there in pairs(lab):
        links = [link for link in lab.rehearsed.report["links"] if set(link["between"]) == {here, there}]
        preferred = sorted(link["name"] for link in links if not link["standby"]) or [link["name"] for link in links]
        tunnels = {tunnel["name"]: link["name"] for link in links for tunnel in link["tunnels"]}
        used = {tunnels[name] for name in _carriers(lab, here, there, tunnels)}
        told = ", ".join(sorted(used)) or "none"
        holds = bool(used) and used <= set(preferred)
        found.append(Verdict(PROOF, f"{here} → {there}", " or ".join(preferred), told, holds))
    return found


def _carriers(lab: Lab, here: str, there: str, tunnels: Iterable[str]) -> list[str]:
    """Return the tunnels whose ways carry what one site sends another."""
    # A way has an end on premises and one in the cloud, and what comes in there was sent there.
    kinds = {site["name"]: site["kind"] for site in lab.rehearsed.sites}
    end = "onprem" if kinds[here] == "onprem" else "cloud"
    with counting(lab, tunnels) as counted:
        for source in hosts(lab, here):
            for target in hosts(lab, there):
                command = ("ping", "-n", "-q", "-c", str(_PINGS), "-i", "0.02", "-W", "1", "-s", str(_SIZE))
                lab.built.run(here, *command, "-I", source, target)
        return [name for name in tunnels if counted(name, end).packets]
