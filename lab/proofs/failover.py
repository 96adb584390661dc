"""What a failure costs: the longest silence that a host hears while a way is cut, and whether it all comes back."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from lab import internet

from . import sessions
from .reach import hosts, pairs
from .verdict import Lab, Verdict, until

PROOF: Final = "failover"
_INTERVAL: Final = 0.01
_MARGIN: Final = 0.6
"""Seconds beyond the time after which a peer is dead: its other end has to see it too, and routes have to move."""
_SETTLE_SECONDS: Final = 60.0


def failovers(lab: Lab) -> list[Verdict]:
    """Cut the way of every tunnel alone whose peer is watched by BFD, with packets under way between its sites."""
    found: list[Verdict] = []
    for link, tunnel in lab.rehearsed.tunnels:
        seconds = _dead_after(lab, tunnel["name"])
        if seconds is None:
            continue
        found.append(_cut(lab, tuple(link["between"]), tunnel["name"], seconds))
    return found


def _cut(lab: Lab, sites: tuple[str, str], tunnel: str, seconds: float) -> Verdict:
    here, there = next(pair for pair in pairs(lab) if set(pair) == set(sites))
    allowed = seconds + _MARGIN
    with _listening(lab, here, there) as listening:
        time.sleep(0.3)
        with cut(lab, tunnel):
            time.sleep(allowed + 1.0)
        back = until(_SETTLE_SECONDS, lambda: sessions.sessions(lab))
        time.sleep(0.5)
    silence = listening()
    holds = silence <= allowed and all(each.holds for each in back)
    found = f"{silence:.2f} s of silence" + ("" if all(each.holds for each in back) else ", and sessions stay down")
    return Verdict(PROOF, f"way of {tunnel} cut", f"{seconds:g} s and {_MARGIN:g} s to move", found, holds)


def _dead_after(lab: Lab, tunnel: str) -> float | None:
    """Return after how many seconds BFD takes a tunnel's peer for dead; None where BFD does not watch it."""
    for session in lab.rehearsed.report["neighbours"]:
        if session["tunnel"] != tunnel or (machine := sessions.speaker(lab, session)) is None:
            continue
        peer = sessions.peer_address(lab, session)
        for each in lab.vtysh(machine, "show bfd peers"):
            if each["peer"] == peer:
                return each["detect-multiplier"] * each["receive-interval"] / 1000
    return None


@contextmanager
def cut(lab: Lab, tunnel: str) -> Generator[None]:
    """Let nothing pass on a tunnel's way through the internet."""
    machine = f"{internet.PREFIX}{tunnel}"
    lab.built.load_rules(machine, internet.CUT)
    try:
        yield
    finally:
        lab.built.load_rules(machine, internet.WHOLE)


@contextmanager
def _listening(lab: Lab, here: str, there: str) -> Generator[Callable[[], float]]:
    """Send a packet every 10 ms, and tell afterwards how long the longest silence was, in seconds."""
    source, target = hosts(lab, here)[0], hosts(lab, there)[0]
    command = lab.built.command(here, "ping", "-n", "-i", str(_INTERVAL), "-W", "0.5", "-I", source, target)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    said = ""

    def silence() -> float:
        numbers = [int(each) for each in re.findall(r"icmp_seq=(\d+) ttl", said)]
        last = max(numbers, default=0)
        gaps = [after - before for before, after in zip([0, *numbers], [*numbers, last + 1], strict=False)]
        return (max(gaps, default=0) - 1) * _INTERVAL if numbers else float("inf")

    try:
        yield silence
    finally:
        process.send_signal(signal.SIGINT)  # it says then what it has not said yet
        try:
            said, _ = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
