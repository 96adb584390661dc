"""Counts a proof's own packets on the ways of tunnels through the internet: all that are large are its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from lab import internet

from .reach import hosts
from .verdict import Lab

LARGE: Final = 1000
"""Nothing but a proof's own packets is larger, in bytes."""
_SIZE: Final = 1200
_PINGS: Final = 5
_COUNT: Final = f"""table inet counted
delete table inet counted
table inet counted {{
  counter onprem {{ }}
  counter cloud {{ }}
  chain passing {{
    type filter hook forward priority -200;
    iifname "onprem" ip length > {LARGE} counter name onprem
    iifname "cloud" ip length > {LARGE} counter name cloud
  }}
}}
"""


@dataclass(frozen=True)
class Counted:
    """What came in at one end of a way."""

    packets: int
    bytes: int


@contextmanager
def counting(lab: Lab, tunnels: Iterable[str]) -> Generator[Callable[[str, str], Counted]]:
    """Count on the ways of tunnels; what a tunnel's end (`onprem`, `cloud`) has sent is told as long as this lasts."""
    ways = [f"{internet.PREFIX}{tunnel}" for tunnel in tunnels]

    def counted(tunnel: str, end: str) -> Counted:
        told = lab.built.answer(f"{internet.PREFIX}{tunnel}", "nft", "-j", "list", "counter", "inet", "counted", end)
        counter = json.loads(told)["nftables"][1]["counter"]
        return Counted(counter["packets"], counter["bytes"])

    try:
        for way in ways:
            lab.built.load_rules(way, _COUNT)
        yield counted
    finally:
        for way in ways:
            lab.built.load_rules(way, "table inet counted\ndelete table inet counted\n")


def carriers(lab: Lab, here: str, there: str, tunnels: Iterable[str]) -> list[str]:
    """Let hosts of one site call those of another, and return the tunnels whose ways carry that."""
    names = list(tunnels)
    # A way has an end on premises and one in the cloud, and what comes in there was sent there.
    kinds = {site["name"]: site["kind"] for site in lab.rehearsed.sites}
    end = "onprem" if kinds[here] == "onprem" else "cloud"
    with counting(lab, names) as counted:
        for source in hosts(lab, here):
            for target in hosts(lab, there):
                command = ("ping", "-n", "-q", "-c", str(_PINGS), "-i", "0.02", "-W", "1", "-s", str(_SIZE))
                lab.built.run(here, *command, "-I", source, target)
        return [name for name in names if counted(name, end).packets]
