"""The flows that the topology declares, all of them at once, at a scale that a machine's processor can carry."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Any, Final

from .reach import hosts
from .tcp import last_words, receive, send
from .verdict import Lab, Verdict

PROOF: Final = "flow"
_TOGETHER: Final = 80_000_000
"""What all flows take together at the most, in bits per second: ESP in user space is slow."""
_SLOWEST: Final = 100_000
"""What every flow takes at the least, in bits per second."""
_SECONDS: Final = 3
_ENOUGH: Final = 0.95
"""Part of what a flow sends that has to arrive in time."""
_FIRST_PORT: Final = 5300


def flows(lab: Lab) -> list[Verdict]:
    """Let every pair of sites carry what is needed at worst, both directions at once."""
    demands: list[dict[str, Any]] = lab.rehearsed.report["flows"]
    scale = max(1, -(-sum(int(each["burst"]) for each in demands) // _TOGETHER))
    with ThreadPoolExecutor(max(len(demands), 1)) as pool:
        return list(pool.map(partial(_flow, lab, scale), count(_FIRST_PORT), demands))


def _flow(lab: Lab, scale: int, number: int, demand: dict[str, Any]) -> Verdict:
    here, there = demand["origin"], demand["to"]
    share = int(demand["burst"]) // scale
    rate = max(share, _SLOWEST)
    target = hosts(lab, there)[0]
    receive(lab, there, target, number, _SECONDS * 4)
    done = send(lab, here, "pace", target, number, rate, _SECONDS)
    subject = f"{here} → {there} ({', '.join(demand['flows'])})"
    part = f"1/{scale} of what is needed at worst" if share == rate else "as less could not be told from nothing"
    planned = f"{_told(rate)}, {part}"
    if done.returncode:
        return Verdict(PROOF, subject, planned, last_words(done), holds=False)
    found = float(done.stdout)
    return Verdict(PROOF, subject, planned, _told(found), found >= rate * _ENOUGH)


def _told(rate: float) -> str:
    return f"{rate / 1e6:.3g} Mbit/s"
