"""Proves a lab: every statement of the plan that its daemons and its traffic can show."""

from __future__ import annotations

import json
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .building import Built
from .drawing import draw
from .errors import LabError
from .estate import Rehearsed
from .proofs import (
    Lab,
    Verdict,
    dns,
    failover,
    flows,
    limit,
    loading,
    overhead,
    reach,
    rogue,
    rotation,
    sessions,
    sizes,
    throughput,
    transfer,
    tunnels,
    ways,
)
from .proofs.verdict import until

PATIENCE_SECONDS: Final = 60.0
"""How long tunnels and sessions may take to come up, unless somebody says otherwise."""
_WIDTH: Final = 140
_JSON: Final = "proofs.json"
_XML: Final = "proofs.xml"


def prove(rehearsed: Rehearsed, built: Built, results: Path, only: Iterable[str], patience: float) -> int:
    """Run proofs, print and write what they find, and return 0 where everything holds.

    :param rehearsed: the stack
    :param built: its lab
    :param results: the folder to write to
    :param only: names of proofs; none: all
    :param patience: how long tunnels and sessions may take to come up, in seconds
    """
    lab = Lab(rehearsed, draw(rehearsed), built, patience)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH)
    for name in (_JSON, _XML):
        (results / name).unlink(missing_ok=True)
    asked = list(only) or list(PROOFS)
    verdicts: list[Verdict] = []
    began = time.monotonic()
    for name, (told, proof) in PROOFS.items():
        if name not in asked:
            continue
        console.print(Text(f"  {told} …", "dim"))
        with console.status("") as status:
            for verdict in _found(name, lab, proof):
                verdicts.append(verdict)
                status.update(Text(f"{verdict.subject}: {verdict.found}", "dim"))
        if name == sessions.PROOF and tunnels.PROOF in asked and verdicts and all(each.holds for each in verdicts):
            console.print(f"  tunnels up and BGP converged {time.monotonic() - began:.1f} s after that")
    console.print(_table(verdicts))
    failed = [each for each in verdicts if not each.holds]
    write(results, rehearsed.stack, verdicts)
    if idle := [name for name in PROOFS if name in asked and not any(each.proof == name for each in verdicts)]:
        console.print(f"  This estate has nothing to prove of {', '.join(idle)}.")
    told = f"{len(verdicts) - len(failed)} of {len(verdicts)} proofs hold"
    console.print(Text(told, "red" if failed else "green"))
    return 1 if failed else 0


PROOFS: Final[dict[str, tuple[str, Callable[[Lab], Iterable[Verdict]]]]] = {
    tunnels.PROOF: ("tunnels and their suites", tunnels.proof),
    loading.PROOF: ("what programs say of their texts", loading.loadings),
    sessions.PROOF: ("what each session tells", lambda lab: until(lab.patience, lambda: sessions.sessions(lab))),
    reach.PROOF: ("who reaches whom", lambda lab: until(lab.patience, lambda: reach.reach(lab))),
    dns.PROOF: ("who finds whose names", dns.forwarding),
    ways.PROOF: ("which links carry it", ways.carried),
    sizes.PROOF: ("how large packets may be", sizes.sizes),
    overhead.PROOF: ("what tunnels take of each packet", overhead.overheads),
    throughput.PROOF: ("how fast it goes here", throughput.throughputs),
    transfer.PROOF: ("20 MB without ICMP", transfer.transfers),
    rogue.PROOF: ("what a rogue peer achieves", rogue.rogues),
    limit.PROOF: ("a peer that announces too much", limit.limits),
    flows.PROOF: ("flows, all at once", flows.flows),
    rotation.PROOF: ("keys changed, one tunnel after the other", rotation.rotations),
    failover.PROOF: ("what it costs when a way is cut", failover.failovers),
}
"""Every proof by its name: what it is about, and what it finds. Each leaves the lab as it was."""


def _found(name: str, lab: Lab, proof: Callable[[Lab], Iterable[Verdict]]) -> Iterator[Verdict]:
    """Return what a proof finds; one that gets no answer does not hold, and others are still asked."""
    try:
        for each in proof(lab):
            yield each if each.proof else replace(each, proof=name, subject="the lab")
    except LabError as error:
        yield Verdict(name, "the lab", "an answer", str(error), holds=False)


def _table(verdicts: Iterable[Verdict]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "Proof", "Of", "Planned", "Found"):
        table.add_column(name, overflow="fold")
    for each in verdicts:
        mark = Text("✓", "green") if each.holds else Text("✗", "red")
        table.add_row(mark, each.proof, each.subject, each.expected, each.found)
    return table


def write(folder: Path, stack: str, verdicts: list[Verdict]) -> None:
    """Write the verdicts as JSON and, for CI systems, as JUnit's XML."""
    text = json.dumps([asdict(each) for each in verdicts], indent=2, ensure_ascii=False)
    (folder / _JSON).write_text(text + "\n", encoding="utf-8")
    failures = sum(not each.holds for each in verdicts)
    suite = ET.Element("testsuite", name=f"lab of {stack}", tests=str(len(verdicts)), failures=str(failures))
    for each in verdicts:
        case = ET.SubElement(suite, "testcase", classname=f"lab.{each.proof}", name=each.subject)
        if not each.holds:
            ET.SubElement(case, "failure", message=f"planned {each.expected}, found {each.found}")
    ET.indent(suite)
    (folder / _XML).write_text(ET.tostring(suite, encoding="unicode") + "\n", encoding="utf-8")
