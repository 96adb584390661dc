"""Times a rehearsal from outside: each command as a person would type it, medians with their spread.

An empty program beside it is the floor: what the engine and the orchestrator cost before anything is declared.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMPTY = '"""Declares nothing."""\n'


def copied(root: Path, *, program: str | None) -> Path:
    """Copy the project to `root`, with `program` in place of its own where one is given."""
    root.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", root)
    for name in ("policy", "stacks"):
        shutil.copytree(ROOT / name, root / name)
    (root / ".venv").symlink_to(sys.prefix)
    text = program if program is not None else (ROOT / "__main__.py").read_text(encoding="utf-8")
    (root / "__main__.py").write_text(text, encoding="utf-8")
    return root


def timed(root: Path, command: str, stack: str) -> float:
    """Run one command of the rehearsal, and return its wall time in seconds."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "rehearsal", command, stack, "--root", str(root)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'components'}"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begun


def edited(root: Path) -> None:
    """Give the second gateway another address."""
    path = root / "stacks" / "Pulumi.minimal.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("203.0.113.11", "203.0.113.12"), encoding="utf-8")


def life(root: Path) -> dict[str, float]:
    """Time every step of a stack's life, from nothing to nothing."""
    steps: list[tuple[str, str, Callable[[Path], None] | None]] = [
        ("preview", "preview", None),
        ("up", "up", None),
        ("up, unchanged", "up", None),
        ("up, one address changed", "up", edited),
        ("destroy", "destroy", None),
    ]
    found: dict[str, float] = {}
    for name, command, before in steps:
        if before is not None:
            before(root)
        found[name] = timed(root, command, "minimal")
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="counted runs, after one that is not (default 5)")
    runs: int = parser.parse_args().runs
    figures: dict[str, dict[str, list[float]]] = {"minimal": {}, "empty": {}}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(runs + 1):
            for name, program in (("minimal", None), ("empty", EMPTY)):
                root = copied(Path(scratch) / f"{name}-{number}", program=program)
                for step, seconds in life(root).items():
                    if number:
                        figures[name].setdefault(step, []).append(seconds)
                shutil.rmtree(root)
    print(f"{'':26}{'minimal: median (min–max)':>30}{'empty program':>28}   s, {runs} runs")
    for step in figures["minimal"]:
        cells = [figures[name][step] for name in ("minimal", "empty")]
        written = [f"{statistics.median(cell):.2f} ({min(cell):.2f}–{max(cell):.2f})" for cell in cells]
        print(f"{step:26}{written[0]:>30}{written[1]:>28}")


if __name__ == "__main__":
    main()
