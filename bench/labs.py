"""Labs of rehearsed stacks: how long until traffic can pass, how long until nothing is left, and what they take."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from bench.figures import Goal, spread
from bench.previews import ROOT, STACK, copied, estate_program, project, with_pack
from bench.topologies import topology
from rehearsal.errors import RehearsalError

REFERENCE: Final = "reference"
MANY: Final = STACK
PAIRS: Final = 10
"""Datacentres of the large estate, each with two gateways and joined to an AWS site of its own."""
_PAUSE: Final = 0.2
"""Seconds between two looks at the machine's memory."""


def bring_up(rounds: int, scratch: Path) -> tuple[Table, list[Goal]]:
    """Bring labs of `reference` and of twenty sites to life, again and again."""
    up: dict[str, list[float]] = {}
    down: dict[str, list[float]] = {}
    memory: dict[str, list[float]] = {}
    scratch.mkdir()
    stacks = {REFERENCE: copied(scratch / REFERENCE, estate_program()), MANY: _many(scratch / MANY)}
    for stack, root in stacks.items():
        _told("rehearsal", "up", stack, root)
    for _ in range(rounds):
        for stack, root in stacks.items():
            try:
                with _watched() as peak:
                    took = _up(stack, root)
            except BaseException:
                with suppress(RehearsalError):
                    _down(stack, root)
                raise
            up.setdefault(stack, []).append(took)
            memory.setdefault(stack, []).append(peak[0])
            down.setdefault(stack, []).append(_down(stack, root))
    return _table(up, down, memory), [
        Goal("lab of reference: built, tunnels up, BGP converged", up[REFERENCE], 8.0, " s"),
        Goal("lab of reference: down", down[REFERENCE], 1.0, " s"),
        Goal("lab of twenty sites: built, tunnels up, BGP converged", up[MANY], 60.0, " s"),
        Goal("lab of twenty sites: memory", memory[MANY], 6.0, " GiB"),
    ]


def _table(up: dict[str, list[float]], down: dict[str, list[float]], memory: dict[str, list[float]]) -> Table:
    table = Table("lab", "up", "down", "memory", title="Labs", title_justify="left")
    for stack, name in ((REFERENCE, "reference"), (MANY, f"{2 * PAIRS} sites, {4 * PAIRS} tunnels")):
        table.add_row(name, spread(up[stack], " s"), spread(down[stack], " s"), spread(memory[stack], " GiB"))
    return table


def _many(root: Path) -> Path:
    declared: dict[str, Any] = topology(PAIRS, PAIRS, ((number, number) for number in range(PAIRS)))
    for site in declared["sites"].values():
        if site["kind"] == "aws":
            site["alarms"] = {"emails": ["network@example.com"]}
    return with_pack(project(root, declared, estate_program()))


def _up(stack: str, root: Path) -> float:
    """Return how many seconds building took, and tunnels to come up, with their keys made anew, and BGP to converge.

    What is looked for before, such as programs, is not in it.
    """
    told = _told("lab", "up", stack, root, "--only=tunnel", "--only=bgp")
    steps = re.search(r"built in ([\d.]+) s(?s:.*)converged ([\d.]+) s", told)
    if steps is None:
        raise RehearsalError(told)
    return float(steps.group(1)) + float(steps.group(2))


def _down(stack: str, root: Path) -> float:
    begun = time.perf_counter()
    _told("lab", "down", stack, root)
    return time.perf_counter() - begun


def _told(program: str, command: str, stack: str, root: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", program, command, stack, "--root", str(root), *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'components'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RehearsalError(done.stdout)
    return done.stdout


@contextmanager
def _watched() -> Generator[list[float]]:
    """Tell by how much the machine's memory that is to be had fell at the most, in GiB: all of a lab, and all else."""
    before = _available()
    least = [before]
    over = threading.Event()

    def look() -> None:
        while not over.wait(_PAUSE):
            least.append(_available())

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    peak: list[float] = []
    try:
        yield peak
    finally:
        over.set()
        watching.join()
        peak.append(before - min(least))


def _available() -> float:
    told = re.search(r"^MemAvailable:\s+(\d+) kB$", Path("/proc/meminfo").read_text(encoding="ascii"), re.MULTILINE)
    if told is None:
        raise RehearsalError("This machine does not tell how much memory is to be had.")
    return int(told.group(1)) / 2**20
