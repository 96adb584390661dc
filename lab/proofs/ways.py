"""What two sites send each other goes over the links that the plan prefers, in both directions, and over no standby."""

from __future__ import annotations

from typing import Final

from .counting import carriers
from .reach import pairs
from .verdict import Lab, Verdict

PROOF: Final = "way"


def carried(lab: Lab) -> list[Verdict]:
    """Let hosts of every two sites talk, and look at the ways of all tunnels which of them have carried it."""
    found: list[Verdict] = []
    for here, there in pairs(lab):
        links = [link for link in lab.rehearsed.report["links"] if set(link["between"]) == {here, there}]
        preferred = sorted(link["name"] for link in links if not link["standby"]) or [link["name"] for link in links]
        tunnels = {tunnel["name"]: link["name"] for link in links for tunnel in link["tunnels"]}
        used = {tunnels[name] for name in carriers(lab, here, there, tunnels)}
        told = ", ".join(sorted(used)) or "none"
        holds = bool(used) and used <= set(preferred)
        found.append(Verdict(PROOF, f"{here} → {there}", " or ".join(preferred), told, holds))
    return found
