"""Ctrl-C at the worst of moments, and engines that end badly: played by stand-ins for the engine's executable."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rehearsal import pulumi_cli
from rehearsal.clouds.ledger import Ledger
from rehearsal.context import Rehearsal, Request
from rehearsal.errors import InterruptedRehearsal, RehearsalError
from rehearsal.events import EngineEvent
from rehearsal.interruptions import Interruptions
from rehearsal.occupancy import Occupancy
from rehearsal.pulumi_cli import PulumiCli
from rehearsal.stage import Stage

ENDLESS = "trap 'exit 1' INT; echo $$ > pid; while :; do sleep 0.05; done"
HISTORY = '"$1"/backend/.pulumi/history/shop/dev'


class Watching:
    """Watches an operation, and objects to what it hears where it is told to."""

    def __init__(self, objection: Exception | None = None) -> None:
        self.objection = objection

    def show(self, event: EngineEvent) -> None:
        pass

    def say(self, text: str) -> None:
        if self.objection is not None:
            raise self.objection


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path, "dev")
    stage.prepare()
    return stage


def playing(stage: Stage, script: str, *, verbose: bool = False) -> PulumiCli:
    """A command line whose engine is a shell script; `$1` is the stage's directory."""
    executable = stage.directory / "engine"
    executable.write_text(f"#!/bin/sh\nset -- {stage.directory}\n{script}\n")
    executable.chmod(0o755)
    lock = os.open(stage.directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    environment = {"PATH": os.environ["PATH"]}
    return PulumiCli(executable, stage.project, "dev", environment, lock, stage.logs, verbose=verbose)


def rehearsal(stage: Stage, script: str, *, checkpoints: bool = False) -> Rehearsal:
    cli = playing(stage, script)
    occupancy = Occupancy(cli.lock, stage.directory / "running.json")
    request = Request("dev", stage.root, checkpoints=checkpoints)
    return Rehearsal(request, stage, cli, occupancy, Console(file=io.StringIO()), "run-1")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[Any]]:
    """Interrupt at the very moment an engine has started and nobody holds on to it yet; the engines."""
    engines: list[subprocess.Popen[Any]] = []

    class Interrupted(subprocess.Popen[Any]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            engines.append(self)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(pulumi_cli.subprocess, "Popen", Interrupted)
    return engines


def test_an_interrupt_at_the_start_of_a_question_ends_the_engine(
    stage: Stage, started: list[subprocess.Popen[Any]]
) -> None:
    with pytest.raises(InterruptedRehearsal, match="`stack`, and the engine has ended"):
        playing(stage, ENDLESS).ask("stack", "export")
    assert [engine.returncode is not None for engine in started] == [True]


def test_an_interrupt_at_the_start_of_an_operation_ends_the_engine(
    stage: Stage, started: list[subprocess.Popen[Any]]
) -> None:
    with Interruptions() as interruptions:
        playing(stage, ENDLESS).operate("up", watcher=Watching(), interruptions=interruptions)
    assert [engine.returncode is not None for engine in started] == [True]
    assert (interruptions.count, interruptions.passed_on) == (1, 1)


def test_an_interrupt_after_the_end_is_counted_and_told_to_nobody(stage: Stage) -> None:
    with Interruptions() as interruptions:
        ended = subprocess.Popen(["true"])
        ended.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        interruptions.pass_on(ended)
    assert (interruptions.count, interruptions.passed_on) == (1, 0)


def test_ctrl_c_raises_again_once_the_engine_has_ended() -> None:
    with Interruptions():
        pass
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def test_a_failure_of_the_watcher_leaves_no_engine_behind(stage: Stage) -> None:
    cli = playing(stage, f"echo said; {ENDLESS}", verbose=True)
    with Interruptions() as interruptions, pytest.raises(BrokenPipeError):
        cli.operate("up", watcher=Watching(BrokenPipeError()), interruptions=interruptions)
    pid = stage.project / "pid"
    if pid.exists():  # it was ended before it could even write that
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)


CREATE = (
    f"{sys.executable} -c 'import sys; from pathlib import Path; from rehearsal.clouds.ledger import Ledger;"
    ' Ledger(Path(sys.argv[1])).begin(run="run-1", type_="t", urn="u", operation="create")\' "$1"/ledger.sqlite'
)
WRITE = f"mkdir -p {HISTORY}; : > {HISTORY}/dev-1.history.json"


@pytest.mark.parametrize("code", [1, 2, 255])
def test_an_engine_that_failed_before_it_wrote_its_state_leaves_the_mark(
    stage: Stage, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = rehearsal(stage, f"PYTHONPATH={os.pathsep.join(sys.path)} {CREATE}; exit {code}")
    with pytest.raises(RehearsalError, match=rf"failed \(exit code {code}\) during `up`.*starts clean"):
        failing.operate("up")
    assert failing.occupancy.marked


def test_an_engine_that_was_killed_says_what_the_next_run_does(stage: Stage) -> None:
    killed = rehearsal(stage, f"PYTHONPATH={os.pathsep.join(sys.path)} {CREATE}; kill -9 $$", checkpoints=True)
    with pytest.raises(RehearsalError, match=r"killed \(signal 9\) during `up`.*continues from the state it kept"):
        killed.operate("up")
    assert killed.occupancy.marked


def test_an_engine_that_failed_and_wrote_its_state_leaves_no_mark(stage: Stage) -> None:
    failed = rehearsal(stage, f"PYTHONPATH={os.pathsep.join(sys.path)} {CREATE}; {WRITE}; exit 1")
    outcome, _ = failed.operate("up")
    assert outcome.code == 1
    assert not failed.occupancy.marked


@pytest.mark.parametrize("code", [1, 2, 255])
def test_an_engine_that_failed_before_it_did_anything_leaves_no_mark(stage: Stage, code: int) -> None:
    with closing(Ledger(stage.ledger)) as ledger:  # what an earlier run did is in the state
        ledger.begin(run="run-0", type_="t", urn="u", operation="create")
        ledger.begin(run="run-1", type_="t", urn="u", operation="read")
    idle = rehearsal(stage, f"exit {code}")
    outcome, _ = idle.operate("up")
    assert outcome.code == code
    assert not idle.occupancy.marked


def test_a_state_change_that_failed_midway_leaves_the_mark(stage: Stage) -> None:
    failing = rehearsal(stage, f"PYTHONPATH={os.pathsep.join(sys.path)} {CREATE}; exit 2")
    with pytest.raises(RehearsalError, match="refuses"):
        failing.change("import")
    assert failing.occupancy.marked


def test_an_engine_that_was_told_twice_leaves_the_mark_whatever_it_wrote(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = f"trap ':' INT; PYTHONPATH={os.pathsep.join(sys.path)} {CREATE}; {WRITE}; touch ready; sleep 0.3"
    forced = rehearsal(stage, f"{twice}; while [ ! -e enough ]; do sleep 0.05; done; exit 1")
    passing = Interruptions.pass_on

    def insisting(self: Interruptions, process: subprocess.Popen[bytes]) -> None:
        if (stage.project / "ready").exists() and self.count < 2:
            os.kill(os.getpid(), signal.SIGINT)
        passing(self, process)
        if self.passed_on == 2:
            (stage.project / "enough").touch()

    monkeypatch.setattr(Interruptions, "pass_on", insisting)
    with pytest.raises(InterruptedRehearsal, match=r"`up`.*starts clean"):
        forced.operate("up")
    assert forced.occupancy.marked
