"""The setup makes one whole environment, whoever else is at work in the cache and wherever it was stopped before.

Clones and homes have spaces in their names; uv, pip and the making of virtual environments are fakes.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

TOOLS = ("cat", "cp", "dirname", "ln", "mkdir", "readlink", "rm", "touch")
"""What the script may expect of a machine, besides a shell and a Python."""
PATIENCE = 60.0
"""Seconds after which a test that waits for another process gives up on it."""

START = """#!/bin/sh
"exec" "{python}" "$0" "$@"
import json, os, pathlib, shutil, sys, time
here, words, name = pathlib.Path("{here}"), sys.argv[1:], os.path.basename(sys.argv[0])
with (here / "calls").open("a") as calls:
    calls.write(json.dumps([name, *words]) + "\\n")
def work():
    while (here / "hold").exists():
        time.sleep(0.02)
    if (here / "fault").exists():
        sys.exit("error: Could not connect, are you offline?")
"""
"""The first lines of a fake: Python to a shell too, as the name of an interpreter may have spaces."""

UV = """
if words[0] == "venv":
    place = pathlib.Path(words[-1])
    if place.exists():
        sys.exit("error: A virtual environment already exists")
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").touch()
else:
    place = pathlib.Path(words[words.index("--python") + 1]).parent.parent
    (place / words[1]).write_text("half")
    work()
    assert (place / words[1]).read_text() == "half", "somebody else is at work here"
    (place / words[1]).write_text("whole")
"""

PIP = """
uv = pathlib.Path(sys.argv[0]).with_name("uv")
uv.write_text("half")
uv.chmod(0o755)
work()
shutil.copy(here / "uv", uv)
"""

PYTHON = """
if words[:2] != ["-m", "venv"]:
    os.execv(sys.executable, [sys.executable, *words])
assert words[2] == "--clear"
place = pathlib.Path(words[3])
shutil.rmtree(place, ignore_errors=True)
(place / "bin").mkdir(parents=True)
shutil.copy(here / "pip", place / "bin" / "pip")
"""


@dataclass(frozen=True)
class Machine:
    """A machine with nothing but what the script may expect."""

    root: Path

    @property
    def cache(self) -> Path:
        return self.root / "my home" / ".cache" / "hybridge"

    def clone(self, name: str) -> Path:
        """Make a clone of the repository, as far as the script reads it."""
        clone = self.root / name
        (clone / "engine").mkdir(parents=True)
        (clone / "components").mkdir()
        for file in ("requirements.txt", "engine/setup.sh", "engine/uv.txt"):
            shutil.copy(ROOT / file, clone / file)
        return clone

    def offer_uv(self) -> None:
        """Put uv on the PATH."""
        (self.root / "bin" / "uv").symlink_to(self.root / "uv")

    def hold(self) -> None:
        """Let whatever installs something hang."""
        (self.root / "hold").touch()

    def let_go(self) -> None:
        (self.root / "hold").unlink(missing_ok=True)

    def start(self, clone: Path) -> subprocess.Popen[str]:
        """Start the setup of a clone."""
        return subprocess.Popen(
            [clone / "engine" / "setup.sh"],
            cwd=self.root,
            env={"PATH": str(self.root / "bin"), "HOME": str(self.root / "my home")},
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, clone: Path) -> tuple[int, str]:
        """Run the setup of a clone to its end; return its exit code and what it said."""
        process = self.start(clone)
        output, errors = process.communicate(timeout=PATIENCE)
        return process.returncode, output + errors

    def calls(self, *words: str) -> list[list[str]]:
        """Return the calls of fakes that begin with the words."""
        file = self.root / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [call for call in map(json.loads, lines) if call[: len(words)] == list(words)]

    def whole(self, clone: Path) -> bool:
        """Say whether the clone's `.venv` is an environment with everything in it."""
        parts = (clone / ".venv" / part for part in ("sync", "install"))
        return all(part.exists() and part.read_text() == "whole" for part in parts)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        place = shutil.which(tool)
        assert place
        (tmp_path / "bin" / tool).symlink_to(place)
    start = START.format(python=sys.executable, here=tmp_path)
    for name, text in (("uv", UV), ("pip", PIP), ("bin/python3", PYTHON)):
        (tmp_path / name).write_text(start + text)
        (tmp_path / name).chmod(0o755)
    yield made
    made.let_go()


def until(happened: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def waits(process: subprocess.Popen[str]) -> bool:
    """Say whether the setup waits for another."""
    assert process.stderr
    return "waiting for it" in process.stderr.readline()


def test_the_environment_is_made_once_and_linked(machine: Machine) -> None:
    machine.offer_uv()
    clone = machine.clone("my clone")
    code, said = machine.run(clone)
    assert (code, machine.whole(clone)) == (0, True), said
    assert (clone / ".venv").readlink().parent == machine.cache / "venv"
    assert machine.run(clone) == (0, "")
    assert len(machine.calls("uv")) == 3


def test_the_components_are_built_with_the_lock_alone(machine: Machine) -> None:
    machine.offer_uv()
    machine.run(machine.clone("my clone"))
    (call,) = machine.calls("uv", "pip", "install")
    assert "--no-build-isolation" in call
    project = tomllib.loads((ROOT / "components" / "pyproject.toml").read_text(encoding="utf-8"))
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    locked = dict(line.split(";")[0].strip(" \\").split("==") for line in lines if "==" in line.split(";")[0])
    for wanted in map(Requirement, project["build-system"]["requires"]):
        assert wanted.specifier.contains(locked[wanted.name])


def test_two_at_once_make_one_environment(machine: Machine) -> None:
    machine.offer_uv()
    clone = machine.clone("my clone")
    machine.hold()
    first = machine.start(clone)
    until(lambda: machine.calls("uv", "pip", "sync"))
    second = machine.start(clone)
    until(lambda: waits(second))
    machine.let_go()
    ended = [process.communicate(timeout=PATIENCE) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], ended
    assert machine.whole(clone)
    assert len(machine.calls("uv", "venv")) == 1


def test_two_clones_at_once_install_uv_once(machine: Machine) -> None:
    clones = [machine.clone("my clone"), machine.clone("my other clone")]
    machine.hold()
    first = machine.start(clones[0])
    until(lambda: machine.calls("pip"))
    second = machine.start(clones[1])
    until(lambda: waits(second))
    machine.let_go()
    ended = [process.communicate(timeout=PATIENCE) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], ended
    assert all(map(machine.whole, clones))
    assert len(machine.calls("pip")) == 1
    assert len(machine.calls("uv", "venv")) == 2


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("during", ["pip", "uv"])
def test_what_was_interrupted_is_done_again(machine: Machine, during: str, by: signal.Signals) -> None:
    if during == "uv":
        machine.offer_uv()
    clone = machine.clone("my clone")
    machine.hold()
    process = machine.start(clone)
    unfinished = {"pip": "bootstrap/bin/uv", "uv": "venv/*/sync"}[during]
    until(lambda: any(path.read_text() == "half" for path in machine.cache.glob(unfinished)))
    os.killpg(process.pid, by)
    assert process.wait(PATIENCE) != 0
    assert not (clone / ".venv").exists()
    machine.let_go()
    code, said = machine.run(clone)
    assert (code, machine.whole(clone)) == (0, True), said


def test_what_a_killed_setup_started_is_waited_for(machine: Machine) -> None:
    machine.offer_uv()
    clone = machine.clone("my clone")
    machine.hold()
    first = machine.start(clone)
    until(lambda: machine.calls("uv", "pip", "sync"))
    first.kill()
    first.wait(PATIENCE)
    second = machine.start(clone)
    until(lambda: waits(second))
    machine.let_go()
    errors = second.communicate(timeout=PATIENCE)[1]
    assert (second.returncode, machine.whole(clone)) == (0, True), errors
    first.communicate(timeout=PATIENCE)


def test_a_new_pin_of_uv_is_installed(machine: Machine) -> None:
    clone = machine.clone("my clone")
    assert machine.run(clone)[0] == 0
    pin = clone / "engine" / "uv.txt"
    pin.write_text(pin.read_text() + "# renewed\n")
    assert machine.run(clone)[0] == 0
    assert len(machine.calls("pip")) == 2


@pytest.mark.parametrize(
    ("with_uv", "sentence"), [(True, "the locked dependencies could not"), (False, "uv could not")]
)
def test_a_failure_is_a_sentence_and_no_environment(machine: Machine, with_uv: bool, sentence: str) -> None:
    if with_uv:
        machine.offer_uv()
    clone = machine.clone("my clone")
    (machine.root / "fault").touch()
    code, said = machine.run(clone)
    assert code == 1
    assert said.splitlines()[-1].startswith(f"setup: {sentence} be installed")
    assert not (clone / ".venv").exists()
    (machine.root / "fault").unlink()
    assert machine.run(clone)[0] == 0


def test_a_cache_that_cannot_be_made_is_said_in_a_sentence(machine: Machine) -> None:
    (machine.root / "my home").write_text("a file where the directory should be")
    code, said = machine.run(machine.clone("my clone"))
    assert code == 1
    assert "set HYBRIDGE_CACHE" in said
    assert "Traceback" not in said
