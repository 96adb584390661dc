"""The engine is killed at random points of an `up` with checkpoints on, as a machine that loses its power would do it.

Afterwards the next `up` ends with the simulated clouds equal to the state, or names each operation that a person must
settle, with the command that does so; never a silent orphan. HYBRIDGE_KILLS says how often (6 by default; the whole
proof is 50, `make test-kills`), HYBRIDGE_KILLS_SEED from where the points are drawn.
"""

from __future__ import annotations

import os
import random
import re
import shlex
import signal
import subprocess
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from rehearsal.clouds.ledger import Ledger
from tests.conftest import ROOT
from tests.engine.estates import Outcome, Project
from tests.engine.test_faults import left_running

KILLS = int(os.environ.get("HYBRIDGE_KILLS", "6"))
NAMES = (ROOT / "tests" / "components" / "urns" / "minimal.txt").read_text(encoding="utf-8").splitlines()
OBJECTS = sum("$" in name for name in NAMES)
"""What the simulated clouds hold of stack `minimal`: what a component has made."""
SECONDS = 0.2
"""A cloud takes its time; without that almost no operation would be under way when the engine dies."""
SEED = int(os.environ.get("HYBRIDGE_KILLS_SEED", "20261122"))


def engine_of(project: Project) -> int | None:
    """Return the process that runs `pulumi up` on the project."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                mine = str(project.state).encode() in (entry / "environ").read_bytes()
            except OSError:
                continue
            if mine and Path(os.fsdecode(words[0])).name == "pulumi" and b"up" in words:
                return int(entry.name)
    return None


@dataclass(frozen=True)
class Update:
    """An `up` on its way, past its preview."""

    process: subprocess.Popen[str]
    engine: int


def updating(project: Project, *options: str, checkpoints: bool = True) -> Update:
    process = subprocess.Popen(
        project.command("up", *(["--checkpoints"] if checkpoints else []), *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=project.environment(),
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        engine = engine_of(project)
        if engine is not None:
            return Update(process, engine)
        time.sleep(0.02)
    process.kill()
    pytest.fail(f"the update never began: {process.communicate()[0]}")


def slow_creations(project: Project) -> str:
    faults = project.root / "faults.yaml"
    slow = [
        {"type": kind, "operation": "create", "nth": nth, "effect": "slow", "seconds": SECONDS}
        for kind in ("aws:*", "random:*")
        for nth in range(1, OBJECTS + 1)
    ]
    faults.write_text(yaml.safe_dump(slow), encoding="utf-8")
    return str(faults)


def wait_for_creations(project: Project, update: Update, wanted: int) -> None:
    """Wait until so many creations have begun, or the update has ended."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and update.process.poll() is None:
        if not wanted or (project.ledger.exists() and creations(project) >= wanted):
            return
        time.sleep(0.02)


def creations(project: Project) -> int:
    with closing(Ledger(project.ledger)) as ledger:
        return sum(operation.operation == "create" for operation in ledger.operations())


def kill(update: Update, *, everything: bool) -> None:
    """End the engine, or its orchestrator with it, without a word of warning."""
    if everything:
        os.killpg(update.process.pid, signal.SIGKILL)
    with suppress(ProcessLookupError):  # it had ended before its time came
        os.kill(update.engine, signal.SIGKILL)
    update.process.communicate(timeout=60)


def unknown_to_the_state(project: Project) -> dict[str, str]:
    """Return what the simulated clouds hold and the state does not: URN by identifier."""
    known = {resource.get("id") for resource in project.exported()["deployment"].get("resources", ())}
    return {found.id: found.urn for found in project.objects() if found.id not in known}


def settled(project: Project, told: Outcome) -> Outcome:
    """Do what the message says, as a person would, and go on."""
    command = re.search(r"`\.venv/bin/python -m (rehearsal refresh [^`]*)`", " ".join(told.text.split()))
    assert command, told.text
    _, verb, _, *options = shlex.split(command[1])
    refreshed = project.run(verb, "--checkpoints", *options)
    assert refreshed.code == 0, refreshed.text
    return project.run("up", "--checkpoints")


@pytest.mark.timeout(120 * (KILLS + 1))
def test_a_killed_engine_leaves_nothing_that_is_not_named(project: Project) -> None:
    draw = random.Random(SEED)  # noqa: S311 - points in time, not secrets
    faults = slow_creations(project)
    counts = {"nothing existed": 0, "by itself": 0, "named": 0, "everything existed": 0}
    for number in range(KILLS):
        project.forget()
        update = updating(project, "--faults", faults)
        wait_for_creations(project, update, draw.randint(0, OBJECTS))
        time.sleep(draw.uniform(0, 2 * SECONDS))
        kill(update, everything=number % 2 == 0)
        assert not left_running(project), "what the engine had started ends with it"
        existed = len(project.objects())
        told = project.run("up", "--checkpoints")
        assert "Traceback" not in told.text, told.text
        orphans = unknown_to_the_state(project)
        if told.code != 0:
            counts["named"] += 1
            for id_, urn in orphans.items():
                assert id_ in told.text, f"kill {number}: {urn} exists as {id_} and is not named:\n{told.text}"
                assert urn in told.text, f"kill {number}: {id_} exists and {urn} is not named:\n{told.text}"
            told = settled(project, told)
        else:
            counts[
                "nothing existed" if not existed else "everything existed" if existed == OBJECTS else "by itself"
            ] += 1
        assert told.code == 0, f"kill {number}: {told.text}"
        assert unknown_to_the_state(project) == {}, f"kill {number}"
        with closing(Ledger(project.ledger)) as ledger:
            assert len(ledger.objects()) == OBJECTS, f"kill {number}"
        assert project.exported()["deployment"].get("pending_operations", []) == [], f"kill {number}"
    print(f"\n{KILLS} kills, seed {SEED}: {counts}")  # noqa: T201 - the figure that the proof is for


def test_a_plain_rehearsal_that_was_killed_starts_clean_and_says_so(project: Project) -> None:
    update = updating(project, "--faults", slow_creations(project), checkpoints=False)
    wait_for_creations(project, update, 3)
    kill(update, everything=True)
    again = project.run("up")
    assert again.code == 0, again.text
    assert "The last rehearsal was killed" in again.text
    assert again.counted("created") == len(NAMES), again.text
    assert unknown_to_the_state(project) == {}
