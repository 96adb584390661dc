"""What a link carries here, beside what a bare cable carries: a figure of this machine, and no promise of any other."""

from __future__ import annotations

import time
from typing import Final

from lab.onprem import site_network

from .reach import hosts, pairs
from .tcp import receive, send
from .verdict import Lab, Verdict

PROOF: Final = "throughput"
_MEGABYTES: Final = 40
_SECONDS: Final = 30
_PORT: Final = 5202


def throughputs(lab: Lab) -> list[Verdict]:
    """Send as fast as it goes between every two sites, and over the cable between a site's hosts and a gateway."""
    found: list[Verdict] = []
    for here, there in pairs(lab):
        site = next(each for each in lab.rehearsed.sites if each["name"] == here)
        if site["kind"] != "onprem":
            continue
        gateway, address = next(iter(site_network(lab.rehearsed, site).gateways.items()))
        raw = _rate(lab, here, gateway, address)
        rate = _rate(lab, here, there, hosts(lab, there)[0])
        told = f"{_told(rate)} of {_told(raw)} over a bare cable"
        found.append(Verdict(PROOF, f"{here} → {there}", "a figure, not judged", told, rate > 0 and raw > 0))
    return found


def _rate(lab: Lab, here: str, there: str, target: str) -> float:
    """Return how many bits a second arrive; 0 where not all of them do."""
    receive(lab, there, target, _PORT, _SECONDS)
    time.sleep(0.3)
    began = time.monotonic()
    done = send(lab, here, "send", target, _PORT, _MEGABYTES, _SECONDS)
    return 0.0 if done.returncode else _MEGABYTES * 8e6 / (time.monotonic() - began)


def _told(rate: float) -> str:
    return f"{rate / 1e9:.2f} Gbit/s"
