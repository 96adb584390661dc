"""A rehearsed stack's life, each command as a person types it, beside an empty program's, which is the floor."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.table import Table

from bench.figures import spread
from bench.growth import NOTHING
from bench.previews import ROOT, copied, estate_program

STACK: Final = "minimal"


def live(rounds: int, scratch: Path) -> Table:
    """Rehearse the stack `minimal` from nothing to nothing, and a program that declares nothing beside it."""
    figures: dict[str, dict[str, list[float]]] = {}
    for number in range(rounds):
        for name, program in ((STACK, estate_program()), ("an empty program", NOTHING)):
            root = copied(scratch / f"{name}-{number}", program)
            for step, seconds in _life(root).items():
                figures.setdefault(step, {}).setdefault(name, []).append(seconds)
            shutil.rmtree(root)
    table = Table("rehearsal", STACK, "an empty program", title="A stack's life, in seconds", title_justify="left")
    for step, found in figures.items():
        table.add_row(step, *(spread(values) for values in found.values()))
    return table


def _life(root: Path) -> dict[str, float]:
    steps: tuple[tuple[str, str, Callable[[Path], None] | None], ...] = (
        ("preview", "preview", None),
        ("up", "up", None),
        ("up, unchanged", "up", None),
        ("up, one address changed", "up", _edit),
        ("destroy", "destroy", None),
    )
    found: dict[str, float] = {}
    for name, command, before in steps:
        if before is not None:
            before(root)
        found[name] = _timed(root, command)
    return found


def _edit(root: Path) -> None:
    """Give the second gateway another address."""
    path = root / "stacks" / f"Pulumi.{STACK}.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("203.0.113.11", "203.0.113.12"), encoding="utf-8")


def _timed(root: Path, command: str) -> float:
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "rehearsal", command, STACK, "--root", str(root)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'components'}"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begun
