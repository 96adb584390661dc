"""An estate beside a flat program with the same resources, and with the policy pack beside an empty one."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.table import Table

from bench.figures import Goal, ratios, spread
from bench.flat import write_flat
from bench.previews import (
    EMPTY_PACK,
    Preview,
    declared_state,
    estate_program,
    measure,
    previews,
    project,
    untouched,
    with_pack,
)
from bench.processes import ENGINE, PLUGIN, POLICY, PROGRAM
from bench.topologies import estate
from rehearsal.errors import RehearsalError

ESTATE: Final = "estate"
FLAT: Final = "flat program"
FLAT_UNTOUCHED: Final = "flat program, untouched SDK"
PACK: Final = "estate, policy pack"
EMPTY: Final = "estate, empty pack"
_MANY: Final = 500
"""Resources from which on what the SDK wastes outweighs the start of the engine and its plugins: it grows with n²."""
_FLAT_PROGRAM: Final = Path(__file__).parent / "flat_program.py"


def compare(links: int, rounds: int, scratch: Path) -> tuple[Table, list[Goal]]:
    """Preview an estate of so many links, its flat double and its packs, side by side."""
    with previews(_projects(links, scratch)) as found:
        measure(rounds, list(found.values()))
    if found[FLAT].declared != found[ESTATE].declared:
        raise RehearsalError("The flat program declares other resources than the estate: bench/flat.py is at fault.")
    return _table(found), _goals(found)


def _projects(links: int, scratch: Path) -> dict[str, Path]:
    topology = estate(links)
    program = estate_program()
    doubled = _FLAT_PROGRAM.read_text(encoding="utf-8")
    roots = {
        ESTATE: project(scratch / "estate", topology, program),
        FLAT: project(scratch / "flat", topology, doubled),
        FLAT_UNTOUCHED: project(scratch / "flat-untouched", topology, untouched(doubled)),
        PACK: with_pack(project(scratch / "pack", topology, program)),
        EMPTY: with_pack(project(scratch / "empty-pack", topology, program), EMPTY_PACK),
    }
    state = json.loads(declared_state(project(scratch / "declared", topology, program)))
    for name in (FLAT, FLAT_UNTOUCHED):
        write_flat(roots[name], state)
    return roots


def _table(found: Mapping[str, Preview]) -> Table:
    estate_preview = found[ESTATE]
    title = (
        f"{len(estate_preview.declared):,} resources, in the estate as children of "
        f"{len(estate_preview.record.steps) - len(estate_preview.declared):,} components"
    )
    roles = {"program, MiB": PROGRAM, "engine": ENGINE, "largest plugin": PLUGIN, "policy pack": POLICY}
    table = Table("preview of", "seconds (min–max)", "processor s", *roles, title=title, title_justify="left")
    for name, preview in found.items():
        peaks = [preview.peak(role) for role in roles.values()]
        table.add_row(name, spread(preview.seconds), f"{statistics.median(preview.processor):.1f}", *peaks)
    return table


def _goals(found: Mapping[str, Preview]) -> list[Goal]:
    declared = len(found[ESTATE].declared)
    size = f"{declared:,} resources"
    against = (
        ("estate ÷ flat program with the untouched SDK", ESTATE, FLAT_UNTOUCHED, 0.7 if declared >= _MANY else None),
        ("components ÷ flat program, like for like", ESTATE, FLAT, 1.1),
        ("policy pack ÷ empty pack", PACK, EMPTY, 1.15),
    )
    return [
        Goal(f"{what}, {size}", ratios(found[first].seconds, found[second].seconds), most)
        for what, first, second, most in against
    ]
