"""A long TCP transfer passes though nobody is told of packets that are too large: ICMP is dropped on every machine."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from lab.sketch import Machine

from .reach import hosts, pairs
from .tcp import last_words, receive, send
from .verdict import Lab, Verdict

PROOF: Final = "transfer"
MEGABYTES: Final = 20
SECONDS: Final = 20
"""After which a transfer has stalled."""
_PORT: Final = 5201
_BLOCK: Final = """table inet no-icmp
delete table inet no-icmp
table inet no-icmp {
  chain passing { type filter hook prerouting priority -400; ip protocol icmp drop; }
  chain own { type filter hook output priority -400; ip protocol icmp drop; }
}
"""


def transfers(lab: Lab) -> list[Verdict]:
    """Send 20 MB between every two sites that a link joins, in both directions, with ICMP dropped everywhere."""
    with _without_icmp(lab):
        return [_transfer(lab, here, there) for here, there in pairs(lab)]


def _transfer(lab: Lab, here: str, there: str) -> Verdict:
    target = hosts(lab, there)[0]
    receive(lab, there, target, _PORT, SECONDS)
    began = time.monotonic()
    done = send(lab, here, "send", target, _PORT, MEGABYTES, SECONDS)
    took = time.monotonic() - began
    holds = done.returncode == 0
    found = f"{MEGABYTES} MB in {took:.1f} s" if holds else last_words(done)
    return Verdict(PROOF, f"{here} → {there}", f"{MEGABYTES} MB without ICMP", found, holds)


@contextmanager
def _without_icmp(lab: Lab) -> Generator[None]:
    machines = [machine.name for machine in lab.sketch.machines.values() if _routes(machine)]
    try:
        for machine in lab.sketch.machines:
            # Nobody remembers what ICMP told before.
            lab.built.answer(machine, "ip", "route", "flush", "cache")
        for machine in machines:
            lab.built.load_rules(machine, _BLOCK)
        yield
    finally:
        for machine in machines:
            lab.built.load_rules(machine, "table inet no-icmp\ndelete table inet no-icmp\n")


def _routes(machine: Machine) -> bool:
    return not machine.addresses
