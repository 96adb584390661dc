"""A long TCP transfer passes though nobody is told of packets that are too large: ICMP is dropped on the whole way."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Final

from .reach import hosts
from .tcp import last_words, receive, send
from .turns import Turn, taken, turns
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
    """Send 20 MB between every two sites that a link joins, in both directions, over standbys as well."""
    found: list[Verdict] = []
    for turn in turns(lab):
        with taken(lab, turn), _without_icmp(lab, turn):
            found += [_transfer(lab, turn, here, there) for here, there in turn.ways]
    return found


def _transfer(lab: Lab, turn: Turn, here: str, there: str) -> Verdict:
    target = hosts(lab, there)[0]
    receive(lab, there, target, _PORT, SECONDS)
    began = time.monotonic()
    done = send(lab, here, "send", target, _PORT, MEGABYTES, SECONDS)
    took = time.monotonic() - began
    holds = done.returncode == 0
    found = f"{MEGABYTES} MB in {took:.1f} s" if holds else last_words(done)
    subject = f"{here} → {there} over {turn.name}"
    return Verdict(PROOF, subject, f"{MEGABYTES} MB without ICMP", found, holds)


@contextmanager
def _without_icmp(lab: Lab, turn: Turn) -> Generator[None]:
    """Drop ICMP on every machine that is, or could be, between two sites."""
    names = [each.name for each in lab.sketch.machines.values() if each.site in {turn.here, turn.there, ""}]
    machines = [name for name in names if not lab.sketch.machines[name].addresses]
    with ExitStack() as undoing:
        for name in names:
            # Nobody remembers what ICMP told before.
            lab.built.answer(name, "ip", "route", "flush", "cache")
        for name in machines:
            undoing.callback(lab.built.load_rules, name, "table inet no-icmp\ndelete table inet no-icmp\n")
            lab.built.load_rules(name, _BLOCK)
        yield
