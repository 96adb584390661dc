"""Measure what hybridge costs, side by side in one run, and hold it against the goals.

Every figure is a median with the least and the greatest value. What is compared takes turns, so that whatever else
the machine does meets all of it alike. Nothing here leaves the machine: the clouds are simulated.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from bench import comparison, growth, labs, life, planning
from bench.figures import Goal, goals_table
from bench.sizes import links_for
from hybridge.topology import ProblemsFound
from rehearsal.errors import InterruptedRehearsal, RehearsalError

SECTIONS = ("planning", "estate", "growth", "life", "lab")
COMPARED = (100, 1_000)
GROWN = (10, 100, 300, 1_000, 4_000)
QUICK_COMPARED = (100,)
QUICK_GROWN = (10, 100, 300)


def main() -> int:
    """Measure and print; 0 whether or not the goals are met, as another machine's load decides too."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False, width=140)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hybridge-bench-") as scratch:
        try:
            goals = _measured(options, Path(scratch), console)
        except (RehearsalError, ProblemsFound) as error:
            console.print(f"The benchmark cannot go on: {error}", markup=False)
            return 1
        except (InterruptedRehearsal, KeyboardInterrupt):
            console.print("Interrupted: nothing is left behind.")
            return 130
    console.print(goals_table(goals))
    console.print(f"{time.monotonic() - begun:.0f} seconds in all; {options.rounds} rounds.")
    return 0


def _measured(options: argparse.Namespace, scratch: Path, console: Console) -> list[Goal]:
    rounds: int = options.rounds
    sections: list[str] = options.only
    compared, grown = (QUICK_COMPARED, QUICK_GROWN) if options.quick else (COMPARED, GROWN)
    goals: list[Goal] = []
    if "planning" in sections:
        goals += planning.plan(rounds, scratch)
    links = links_for((*compared, *grown), scratch) if {"estate", "growth"} & {*sections} else {}
    for size in compared if "estate" in sections else ():
        table, found = comparison.compare(links[size], rounds, scratch / str(size))
        console.print(table)
        goals += found
    if "growth" in sections:
        table, found = growth.grow(sorted({links[size] for size in grown}), rounds, scratch / "growth")
        console.print(table)
        goals += found
    if "life" in sections:
        console.print(life.live(rounds, scratch))
    if "lab" in sections:
        table, found = labs.bring_up(rounds, scratch / "labs")
        console.print(table)
        goals += found
    return goals


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small estates only: a few minutes, and rough")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, each of which measures everything (default 3)")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=SECTIONS,
        default=SECTIONS,
        metavar="SECTION",
        help=f"some of {', '.join(SECTIONS)}",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
