"""The networks of linked sites reach each other."""

from __future__ import annotations

import re
from typing import Final

from .verdict import Lab, Verdict

PROOF: Final = "reach"
_PINGS: Final = 3


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
                found.append(Verdict(PROOF, subject, f"{_PINGS} answers", f"{answers} answers", answers == _PINGS))
    return found
