"""Opens a rehearsal: checks what a person gave, takes the lock, clears up after a killed run, sets the stage."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Collection, Generator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

import engine
from engine import opa
from hybridge.planning import Plan, plan_stack, settings_of_file, stack_problems
from hybridge.stackfile import checked_stack_name, find_stack_file
from hybridge.topology import ProblemsFound, meant
from hybridge.yamlfile import members, read_mapping
from rehearsal.addresses import complete_addresses
from rehearsal.clouds import faults
from rehearsal.clouds.install import install
from rehearsal.context import Rehearsal, Request
from rehearsal.environment import engine_environment
from rehearsal.errors import RehearsalError
from rehearsal.occupancy import Occupancy, occupied
from rehearsal.policies import settings_problems
from rehearsal.pulumi_cli import PulumiCli
from rehearsal.stackfile import StackFile, read_stack_file
from rehearsal.stage import (
    Stage,
    stacks_directory,
    stage_companions,
    stage_policy,
    stage_project,
    stage_stack,
    virtual_environment,
)

_TOPOLOGY = "hybridge:topology"


@contextlib.contextmanager
def opened(request: Request, console: Console, *, declaring: bool) -> Generator[tuple[Rehearsal, Path | None]]:
    """A rehearsal that is ready for its command, and the staged policy pack, where the project has one.

    Args:
        request: what a person asked for.
        console: where to tell what happens.
        declaring: whether the command runs the program, for which the stack file is read anew; all others work on
            what was staged last.

    Raises:
        UnreadableFileError: if a file that a person wrote is none, or there is no such stack.
        RehearsalError: if anything a person gave is wrong, or another rehearsal of the stack is running.
    """
    stage = Stage(request.root.resolve(), checked_stack_name(request.stack))
    source = _source(stage) if declaring else None
    down = faults.outages(faults.load(request.faults)) if request.faults is not None else ()
    if not declaring and not stage.directory.exists():
        raise never_rehearsed(stage.stack)
    stage.prepare()
    with occupied(stage.stack, stage.directory) as occupancy:
        _clear_up(stage, occupancy, console)
        if not declaring and not stage.has_state():
            raise never_rehearsed(stage.stack)
        addresses = None if source is None else _checked(stage, source, down)
        python = Path(sys.executable)
        environment = virtual_environment(python)
        run = secrets.token_hex(8)
        cli = _command_line(stage, request, occupancy, run, _programs(console, judging=declaring))
        install(stage.pulumi_home, python, Path(__file__).resolve().parent.parent)
        left_out = stage_project(stage, environment=environment)
        policy = None
        if source is not None:
            policy = stage_policy(stage, environment=environment)
            without = () if policy else ("There is no policy/PulumiPolicy.yaml: rehearsing without policies.",)
            for notice in (*left_out, *source.notices, *without):
                console.print(Text(notice, style="dim"), soft_wrap=True)
            if addresses is not None:
                console.print(Text(addresses, style="yellow"), soft_wrap=True)
            stage_stack(stage, source, cli)
        yield Rehearsal(request, stage, cli, occupancy, console, run), policy


def never_rehearsed(stack: str) -> RehearsalError:
    """The sentence for a command that needs what an earlier one has left."""
    return RehearsalError(
        f"There is nothing of {stack!r}: it was never rehearsed, or its rehearsal was killed. "
        f"`make rehearse STACK={stack}` rehearses it."
    )


def _source(stage: Stage) -> StackFile:
    return read_stack_file(find_stack_file(stacks_directory(stage.root), stage.stack))


def _checked(stage: Stage, source: StackFile, down: Collection[str]) -> str | None:
    """What to tell about addresses, once everything that is wrong with the stack was looked for, engine unseen.

    With it goes what is wrong with `down`, the names of tunnels that the faults say are down.
    """
    stacks = stage_companions(stage, source)
    addresses = complete_addresses(stacks, stage.stack, source.document)
    topology: object = members(source.document, "config").get(_TOPOLOGY, "")
    problems = list(source.problems)
    recorded = stacks / f"addresses.{stage.stack}.yaml"
    beside = settings_of_file(members(read_mapping(source.path) or {}, "config"))
    if not isinstance(topology, str):  # a text, which may be JSON, is for the program to read
        problems += stack_problems(topology, recorded, stage.stack, beside)
    problems += settings_problems(stage.root / "policy", stacks / f"policy.{stage.stack}.json")
    if problems:
        path = source.path
        told = path.relative_to(stage.root) if path.is_relative_to(stage.root) else path
        raise RehearsalError(ProblemsFound(problems).told(str(told)))
    if down and not isinstance(topology, str):
        _check_tunnels(down, plan_stack(json.dumps(topology, default=str), recorded, stage.stack, beside))
    return addresses


def _check_tunnels(down: Collection[str], plan: Plan) -> None:
    """Refuse faults that name tunnels which the estate does not have: they would be up, and nobody would know.

    Raises:
        RehearsalError: with every such name.
    """
    known = [tunnel.name for vpn in plan.vpns for tunnel in vpn.tunnels]
    unknown = [name for name in down if name not in known]
    if unknown:
        nothing = "" if known else "Remove it: the estate has no site-to-site VPN."
        raise RehearsalError(
            "\n".join(
                f"The faults say that `{name}` is down, and no VPN tunnel is called that. {meant(name, known, nothing)}"
                for name in unknown
            )
        )


def _clear_up(stage: Stage, occupancy: Occupancy, console: Console) -> None:
    killed = occupancy.killed_run()
    if killed is None:
        if stage.has_state() and not stage.has_salt():
            stage.discard_clouds()
            words = (
                "The last rehearsal ended before its stack was complete, or lost what it encrypts with: what it left"
            )
            console.print(Text(f"{words} is discarded, and this one starts clean.", "yellow"), soft_wrap=True)
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


class _Programs(NamedTuple):
    """What is not Python: the engine's command line, and the directories of all of it."""

    pulumi: Path
    places: tuple[Path, ...]


def _programs(console: Console, *, judging: bool) -> _Programs:
    def progress(text: str) -> None:
        console.print(Text(text, style="dim"), soft_wrap=True)

    found = engine.ensure(progress)
    places = (found.bin,)
    if judging:
        judge = opa.ensure(progress)
        places += (judge.bin,) if judge.built else ()  # else it is on PATH, wherever that has it
    return _Programs(found.pulumi, places)


def _command_line(stage: Stage, request: Request, occupancy: Occupancy, run: str, programs: _Programs) -> PulumiCli:
    surroundings = stage.surroundings(
        programs=programs.places,
        python=Path(sys.executable),
        faults=request.faults.resolve() if request.faults else None,
        run=run,
        checkpoints=request.checkpoints,
    )
    return PulumiCli(
        executable=programs.pulumi,
        project=stage.project,
        stack=stage.stack,
        environment=engine_environment(surroundings, os.environ),
        lock=occupancy.descriptor,
        logs=stage.logs,
        verbose=request.verbose,
    )
