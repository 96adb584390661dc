"""Opens a rehearsal: checks what a person gave, takes the lock, clears up after a killed run, sets the stage."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Generator
from pathlib import Path

from rich.console import Console
from rich.text import Text

import engine
from rehearsal.addresses import complete_addresses
from rehearsal.clouds import faults
from rehearsal.clouds.install import install
from rehearsal.context import Rehearsal, Request
from rehearsal.environment import engine_environment
from rehearsal.errors import RehearsalError
from rehearsal.occupancy import Occupancy, occupied
from rehearsal.pulumi_cli import PulumiCli
from rehearsal.stackfile import StackFile, checked_stack_name, read_stack_file, stack_file_path
from rehearsal.stage import (
    Stage,
    stacks_directory,
    stage_policy,
    stage_project,
    stage_stack,
    virtual_environment,
)


@contextlib.contextmanager
def opened(request: Request, console: Console, *, declaring: bool) -> Generator[tuple[Rehearsal, Path | None]]:
    """A rehearsal that is ready for its command, and the staged policy pack, where the project has one.

    Args:
        request: what a person asked for.
        console: where to tell what happens.
        declaring: whether the command runs the program, for which the stack file is read anew; all others work on
            what was staged last.

    Raises:
        RehearsalError: if anything a person gave is wrong, or another rehearsal of the stack is running.
    """
    stage = Stage(request.root.resolve(), checked_stack_name(request.stack))
    source = _source(stage) if declaring else None
    if request.faults is not None:
        faults.load(request.faults)
    if not declaring and not stage.directory.exists():
        raise never_rehearsed(stage.stack)
    stage.prepare()
    with occupied(stage.stack, stage.directory) as occupancy:
        _clear_up(stage, occupancy, console)
        if not declaring and not stage.has_state():
            raise never_rehearsed(stage.stack)
        python = Path(sys.executable)
        environment = virtual_environment(python)
        cli = _command_line(stage, request, occupancy, python, console)
        install(stage.pulumi_home, python, Path(__file__).resolve().parent.parent)
        stage_project(stage, environment=environment)
        policy = None
        if source is not None:
            for notice in source.notices:
                console.print(Text(notice, style="dim"), soft_wrap=True)
            stage_stack(stage, source, cli)
            notice = complete_addresses(stacks_directory(stage.project), stage.stack, source.document)
            if notice is not None:
                console.print(Text(notice, style="yellow"), soft_wrap=True)
            policy = stage_policy(stage, environment=environment)
        yield Rehearsal(request, stage, cli, occupancy, console), policy


def never_rehearsed(stack: str) -> RehearsalError:
    """The sentence for a command that needs what an earlier one has left."""
    return RehearsalError(
        f"There is nothing of {stack!r}: it was never rehearsed, or its rehearsal was killed. "
        f"`python -m rehearsal up {stack}` rehearses it."
    )


def _source(stage: Stage) -> StackFile:
    return read_stack_file(stack_file_path(stacks_directory(stage.root), stage.stack))


def _clear_up(stage: Stage, occupancy: Occupancy, console: Console) -> None:
    killed = occupancy.killed_run()
    if killed is None:
        return
    if killed.checkpoints:
        # nobody else can be at it: this process holds the stack's lock, which a living engine would hold
        shutil.rmtree(stage.backend / ".pulumi" / "locks", ignore_errors=True)
        end = "its simulated clouds and the state it kept are taken up where it left them."
    else:
        stage.discard_clouds()
        end = "its simulated clouds and its state are discarded, and this one starts clean."
    occupancy.end()
    console.print(Text(f"The last rehearsal was killed during `{killed.command}`: {end}", "yellow"), soft_wrap=True)


def _command_line(stage: Stage, request: Request, occupancy: Occupancy, python: Path, console: Console) -> PulumiCli:
    def progress(text: str) -> None:
        console.print(Text(text, style="dim"), soft_wrap=True)

    found = engine.ensure(progress)
    surroundings = stage.surroundings(
        engine_bin=found.bin,
        python=python,
        faults=request.faults.resolve() if request.faults else None,
        run=secrets.token_hex(8),
        checkpoints=request.checkpoints,
    )
    return PulumiCli(
        executable=found.pulumi,
        project=stage.project,
        stack=stage.stack,
        environment=engine_environment(surroundings, os.environ),
        lock=occupancy.descriptor,
        logs=stage.logs,
        verbose=request.verbose,
    )
