"""How the preview of an estate grows with it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from rich.table import Table

from bench.figures import Goal, exponent, spread
from bench.previews import Preview, estate_program, measure, previews, project
from bench.processes import ENGINE, PLUGIN, PROGRAM
from bench.topologies import estate

NOTHING = '"""Declares nothing."""\n'


def grow(links: Sequence[int], rounds: int, scratch: Path) -> tuple[Table, list[Goal]]:
    """Preview estates of so many links each, and a program that declares nothing, which is the floor."""
    roots = {str(count): project(scratch / f"growth-{count}", estate(count), estate_program()) for count in links}
    roots["nothing"] = project(scratch / "nothing", estate(1), NOTHING)
    with previews(roots) as found:
        measure(rounds, list(found.values()))
    floor = found.pop("nothing")
    return _table(floor, list(found.values())), _goals(floor, list(found.values()))


def _table(floor: Preview, estates: Sequence[Preview]) -> Table:
    table = Table(
        "resources", "seconds (min–max)", "processor s", "ms each, above the floor", "program, MiB", "engine",
        "largest plugin", title="Preview of estates of several sizes", title_justify="left",
    )  # fmt: skip
    least = statistics.median(floor.seconds)
    for preview in (floor, *estates):
        size = len(preview.declared)
        each = f"{1000 * (statistics.median(preview.seconds) - least) / size:.1f}" if size else "–"
        peaks = [preview.peak(role) for role in (PROGRAM, ENGINE, PLUGIN)]
        processor = f"{statistics.median(preview.processor):.1f}"
        table.add_row(f"{size:,}", spread(preview.seconds), processor, each, *peaks)
    return table


def _goals(floor: Preview, estates: Sequence[Preview]) -> list[Goal]:
    sizes = [len(preview.declared) for preview in estates]
    totals = list(zip(*(preview.seconds for preview in estates), strict=True))
    above = [[cost - least for cost in costs] for costs, least in zip(totals, floor.seconds, strict=True)]
    span = f"{sizes[0]:,} to {sizes[-1]:,} resources"
    (before, last), *_ = reversed(list(pairwise(range(len(sizes)))))
    return [
        Goal(f"exponent of the whole time, {span}", [exponent(sizes, costs) for costs in totals], 1.1),
        Goal(f"exponent above an empty program, {span}", [exponent(sizes, costs) for costs in above], 1.1),
        Goal(
            f"the same between the two largest, {sizes[before]:,} and {sizes[last]:,}",
            [exponent([sizes[before], sizes[last]], [costs[before], costs[last]]) for costs in above],
            1.1,
        ),
    ]
