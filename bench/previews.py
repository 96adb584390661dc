"""Previews of benchmark projects by the real engine against simulated clouds, timed one at a time."""

from __future__ import annotations

import contextlib
import io
import resource
import shutil
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import yaml
from rich.console import Console

from bench.processes import Watch
from rehearsal.context import Rehearsal, Request
from rehearsal.errors import RehearsalError
from rehearsal.events import Record
from rehearsal.opening import opened

ROOT: Final = Path(__file__).resolve().parent.parent
STACK: Final = "bench"
WORKAROUND: Final = "sdk_faults.work_around()\n"
COMPONENTS: Final = "hybridge:index:"
EMPTY_PACK: Final = """\
\"\"\"Judges nothing, in the one policy that a pack must have.\"\"\"

from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def nothing(args, report):
    \"\"\"Find nothing.\"\"\"


policy = ResourceValidationPolicy("nothing", "Nothing is refused.", nothing, EnforcementLevel.DISABLED)
PolicyPack("empty", [policy])
"""


def estate_program() -> str:
    """The project's own program."""
    return (ROOT / "__main__.py").read_text(encoding="utf-8")


def untouched(program: str) -> str:
    """A program with the SDK as it is."""
    if WORKAROUND not in program:
        raise RehearsalError(f"The program has no line `{WORKAROUND.strip()}` to leave out.")
    return program.replace(WORKAROUND, "")


def project(root: Path, topology: Mapping[str, Any], program: str) -> Path:
    """Make a project of a topology and a program, with this project's components."""
    (root / "stacks").mkdir(parents=True)
    shutil.copy(ROOT / "Pulumi.yaml", root)
    (root / "__main__.py").write_text(program, encoding="utf-8")
    (root / "components").symlink_to(ROOT / "components")
    (root / ".venv").symlink_to(sys.prefix)
    text = yaml.safe_dump({"config": {"hybridge:topology": dict(topology)}}, sort_keys=False)
    (root / "stacks" / f"Pulumi.{STACK}.yaml").write_text(text, encoding="utf-8")
    return root


def copied(root: Path, program: str) -> Path:
    """Make a project of this one's stacks and a program, with this project's components and policy pack."""
    root.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", root)
    for name in ("policy", "stacks"):
        shutil.copytree(ROOT / name, root / name)
    (root / "components").symlink_to(ROOT / "components")
    (root / ".venv").symlink_to(sys.prefix)
    (root / "__main__.py").write_text(program, encoding="utf-8")
    return root


def with_pack(root: Path, program: str | None = None) -> Path:
    """Give a project this project's policy pack, or one whose program is `program`."""
    shutil.copytree(ROOT / "policy", root / "policy")
    if program is not None:
        (root / "policy" / "__main__.py").write_text(program, encoding="utf-8")
    return root


@dataclass
class Preview:
    """A project that is previewed again and again, and what was measured.

    Attributes:
        seconds: how long each preview took, from the engine's start to its end.
        processor: seconds of processor time that all its processes took together.
        memory: peaks of the last preview in MiB, by role.
        record: what the last one would do.
    """

    run: Callable[[], Record]
    seconds: list[float] = field(default_factory=list[float])
    processor: list[float] = field(default_factory=list[float])
    memory: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Sequence[float]])
    record: Record = field(default_factory=Record)

    @property
    def declared(self) -> list[tuple[str, str]]:
        """Type and name of each resource that is no component, in alphabetical order."""
        return sorted((step.type, step.name) for step in self.record.steps if not step.type.startswith(COMPONENTS))

    def peak(self, role: str) -> str:
        """What the largest process with this role took in the last preview, in MiB."""
        return f"{max(self.memory[role]):.0f}" if self.memory.get(role) else "–"

    def measure(self) -> None:
        """Preview once."""
        processor, begun = _processor(), time.perf_counter()
        with Watch() as watch:
            self.record = self.run()
        self.seconds.append(time.perf_counter() - begun)
        self.processor.append(_processor() - processor)
        self.memory = watch.peaks


@contextlib.contextmanager
def previews(roots: Mapping[str, Path]) -> Generator[dict[str, Preview]]:
    """Open projects, so that nothing but the engine's own work is left to be timed."""
    with contextlib.ExitStack() as stack:
        yield {name: _preview(root, stack) for name, root in roots.items()}


def measure(rounds: int, projects: Sequence[Preview]) -> None:
    """Preview each of `projects` once a round, each round beginning with another."""
    for number in range(rounds):
        first = number % len(projects)
        for preview in (*projects[first:], *projects[:first]):
            preview.measure()


def declared_state(root: Path) -> str:
    """Declare a project in the simulated clouds, and return its state with secrets in the clear."""
    with _opened(root) as (rehearsal, _):
        _operate(rehearsal, "up", "--yes", "--skip-preview")
        return rehearsal.cli.ask("stack", "export", "--show-secrets")


def _preview(root: Path, stack: contextlib.ExitStack) -> Preview:
    rehearsal, pack = stack.enter_context(_opened(root))
    options = () if pack is None else ("--policy-pack", str(pack))
    return Preview(lambda: _operate(rehearsal, "preview", *options))


def _opened(root: Path) -> contextlib.AbstractContextManager[tuple[Rehearsal, Path | None]]:
    # What a rehearsal tells is not shown, and kept for the case that something fails.
    return opened(Request(STACK, root), Console(file=io.StringIO(), width=120), declaring=True)


def _operate(rehearsal: Rehearsal, operation: str, *options: str) -> Record:
    outcome, record = rehearsal.operate(operation, *options)
    if outcome.code:
        told = cast("io.StringIO", rehearsal.console.file).getvalue()
        raise RehearsalError(f"`{operation}` failed in {rehearsal.stage.root}:\n{told}\n{outcome.last_words}")
    return record


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
