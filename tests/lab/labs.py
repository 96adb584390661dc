"""Rehearsed stacks brought to life by the real command, each in a root of its own, for tests to change."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from engine import wireguard
from engine.errors import EngineError
from lab import preflight
from lab.estate import Rehearsed
from rehearsal.stage import Stage
from tests.conftest import ROOT
from tests.engine.estates import Outcome, Project

MARK: Final = "HYBRIDGE_LAB_OF_A_TEST"
"""In the environment of everything that a test's lab starts: what is left is known by it."""
_BROUGHT: Final = ("devices", "ledger.sqlite", "report.json")
"""What a lab is built from."""
_KINDS: Final = ("net", "mnt", "pid")
"""The namespaces of its own that a lab's machine has."""


@cache
def lacking() -> str:
    """Return what this machine lacks for a lab; nothing where a lab can be had."""
    found = list(preflight.missing())
    try:
        wireguard.ensure()
    except EngineError as error:
        found.append(str(error))
    return " ".join(found)


def needs_a_lab() -> None:
    """Skip the test, by the name of what is missing, where no lab can be had."""
    if reason := lacking():
        pytest.skip(reason)


@dataclass(frozen=True)
class Estate:
    """A rehearsed stack in a root of its own, without the project: a lab takes it as it was brought."""

    root: Path
    stack: str
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def brought(cls, rehearsed: Path, root: Path) -> Estate:
        """Copy of a rehearsal what a lab needs.

        :param rehearsed: the `.rehearsal/STACK` to copy from
        :param root: a directory that has no project
        """
        state = root / ".rehearsal" / rehearsed.name
        state.mkdir(parents=True)
        for name in _BROUGHT:
            (shutil.copytree if (rehearsed / name).is_dir() else shutil.copy)(rehearsed / name, state / name)
        return cls(root, rehearsed.name)

    @property
    def state(self) -> Path:
        """Where its rehearsal and its lab keep what is theirs."""
        return self.root / ".rehearsal" / self.stack

    @property
    def holder(self) -> Path:
        return self.state / "lab" / "holder.json"

    def rehearsed(self) -> Rehearsed:
        return Rehearsed.read(Stage(self.root, self.stack))

    def command(self, command: str, *words: str) -> list[str]:
        """A command of the lab; what follows the stack's name is given by tests."""
        return [sys.executable, "-m", "lab", command, "--root", str(self.root), self.stack, *words]

    def environment(self, **more: str) -> dict[str, str]:
        """What the project's own commands run with, and a mark by which what they start is known."""
        return Project(self.root).environment(**{MARK: self.mark, **more})

    def run(self, command: str, *words: str, **environment: str) -> Outcome:
        """Run a command of the lab to its end."""
        done = subprocess.run(
            self.command(command, *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=self.environment(**environment),
            timeout=300,
        )
        return Outcome(done.returncode, done.stdout)

    def proven(self, *proofs: str, patience: float = 60.0) -> Verdicts:
        """Bring the lab to life, prove it, and end it, whatever comes of it."""
        told = self.run("up", *(f"--only={proof}" for proof in proofs), f"--patience={patience:g}")
        ended = self.run("down")
        assert ended.code == 0, ended.text
        return Verdicts(told, self.verdicts())

    def verdicts(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What the last proofs found, by proof and subject; nothing where none ran."""
        path = self.state / "lab" / "proofs.json"
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        return {(each["proof"], each["subject"]): each for each in found}

    def edit(self, gateway: str, name: str, old: str, new: str) -> None:
        """Change every place of a text in a gateway's file."""
        path = self.state / "devices" / gateway / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} of {gateway} has no `{old}`"
        path.write_text(text.replace(old, new), encoding="utf-8")

    @contextmanager
    def report(self) -> Iterator[dict[str, Any]]:
        """Let what the plan says be changed."""
        path = self.state / "report.json"
        told = json.loads(path.read_text(encoding="utf-8"))
        yield told
        path.write_text(json.dumps(told), encoding="utf-8")

    def forget(self, kind: str, name: str) -> None:
        """Take one object from the simulated clouds, as if it had never been declared.

        :param kind: the last part of its type
        :param name: its name in the program
        """
        with closing(sqlite3.connect(self.state / "ledger.sqlite")) as ledger, ledger:
            taken = ledger.execute(
                "delete from objects where type like ? and urn like ? and deleted is null",
                (f"%:{kind}", f"%::{name}"),
            ).rowcount
        assert taken == 1, f"{taken} objects are a {kind} named {name}"

    def living(self) -> list[int]:
        """Every process that its lab, or a command of it, has started and that is still there."""
        return [process for process in processes() if self.mark in _environment(process)]


@dataclass(frozen=True)
class Verdicts:
    """What the proofs of a lab found, and what the command told."""

    told: Outcome
    found: dict[tuple[str, str], dict[str, Any]]

    def failed(self, proof: str) -> set[str]:
        """Of what the proof does not hold."""
        return {subject for (one, subject), each in self.found.items() if one == proof and not each["holds"]}

    def subjects(self, proof: str) -> set[str]:
        return {subject for one, subject in self.found if one == proof}

    def told_of(self, proof: str, subject: str) -> str:
        """What was found of a subject."""
        return self.found[proof, subject]["found"]


def processes() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _environment(process: int) -> str:
    try:
        return (Path("/proc") / str(process) / "environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""


@contextmanager
def namespaces_kept(members: list[int]) -> Iterator[set[str]]:
    """The namespaces that these are in, held open: the kernel gives the number of a gone one to the next made.

    That next one may be of a lab of another test, which runs beside this one.
    """
    kept: dict[str, int] = {}
    try:
        for each in members:
            for kind in _KINDS:
                if _namespace(str(each), kind) in {"", _namespace("self", kind), *kept}:
                    continue
                with suppress(OSError):
                    held = os.open(f"/proc/{each}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
                    # Another process may be this number by now; what is held tells its own.
                    if kept.setdefault(f"{kind}:[{os.fstat(held).st_ino}]", held) != held:
                        os.close(held)
        yield set(kept) - {_namespace("self", kind) for kind in _KINDS}
    finally:
        for held in kept.values():
            os.close(held)


def namespaces(members: list[int]) -> set[str]:
    """The namespaces of network, mounts and processes that these are in, and the test is not."""
    own = {_namespace("self", kind) for kind in _KINDS}
    return {_namespace(str(each), kind) for each in members for kind in _KINDS} - own - {""}


def _namespace(process: str, kind: str) -> str:
    try:
        return os.readlink(f"/proc/{process}/ns/{kind}")  # noqa: PTH115 - a link to no path
    except OSError:
        return ""


def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    """Return whether something comes to be within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def once(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[tuple[Path, bool]]:
    """Give a directory that all processes of one test run share, and whether it is still to be filled."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with (shared / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        place, done = shared / name, shared / f"{name}.done"
        place.mkdir(exist_ok=True)
        yield place, not done.exists()
        done.touch()
