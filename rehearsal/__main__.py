"""Rehearse a stack: the real engine, the real program and the real policies, against simulated clouds."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.text import Text

from engine import EngineError
from hybridge.yamlfile import UnreadableFileError
from rehearsal import opening, run
from rehearsal.clouds.faults import FaultsError
from rehearsal.clouds.ledger import LedgerError
from rehearsal.context import Rehearsal, Request
from rehearsal.errors import InterruptedRehearsal, RehearsalError
from rehearsal.protection import unprotect

INTERRUPTED = 130
_WIDTH = 100

_COMMANDS: dict[str, str] = {
    "up": "preview, update, audit, and tell it all",
    "preview": "tell what `up` would do",
    "destroy": "unprotect and remove everything, and make sure that nothing is left",
    "refresh": "read what exists in the simulated clouds into the state",
    "unprotect": "lift the protection of resources in the rehearsed state, by name",
    "status": "tell the summary of the last run again",
    "export": "print the state, its secrets encrypted",
}
_ON_WHAT_IS_THERE: dict[str, Callable[[Rehearsal], int]] = {
    "destroy": run.destroy,
    "refresh": run.refresh,
    "unprotect": lambda rehearsal: unprotect(rehearsal, rehearsal.request.names),
    "status": run.status,
    "export": run.export,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 where all went well, 130 where somebody interrupted it."""
    signal.signal(signal.SIGINT, _interrupt)  # a shell's background jobs begin deaf to it
    signal.signal(signal.SIGTERM, _interrupt)  # a CI system's way of saying Ctrl-C
    options = _parser().parse_args(arguments)
    console = _console(stderr=options.command == "export")
    console.print(
        Text(f"Rehearsal of {options.stack}: simulated clouds, no credentials used, nothing real is touched.", "bold"),
        soft_wrap=True,
    )
    complain = _console(stderr=True)
    try:
        return _run(options, console)
    except (RehearsalError, UnreadableFileError, EngineError, FaultsError, LedgerError) as error:
        complain.print(Text(str(error), "red"), soft_wrap=True)
        return 1
    except InterruptedRehearsal as interrupt:
        complain.print(Text(str(interrupt), "yellow"), soft_wrap=True)
        return INTERRUPTED
    except KeyboardInterrupt:
        complain.print(Text("Interrupted: no engine was running.", "yellow"), soft_wrap=True)
        return INTERRUPTED


def _run(options: argparse.Namespace, console: Console) -> int:
    request = Request(
        stack=options.stack,
        root=options.root,
        faults=options.faults,
        checkpoints=options.checkpoints,
        verbose=options.verbose,
        import_pending=tuple((urn, id_) for urn, id_ in getattr(options, "import_pending_creates", ())),
        clear_pending=getattr(options, "clear_pending_creates", False),
        names=tuple(getattr(options, "names", ())),
    )
    command: str = options.command
    if command in _ON_WHAT_IS_THERE:
        with opening.opened(request, console, declaring=False) as (rehearsal, _):
            return _ON_WHAT_IS_THERE[command](rehearsal)
    with opening.opened(request, console, declaring=True) as (rehearsal, policy):
        return (run.up if command == "up" else run.preview)(rehearsal, policy)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rehearsal", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, purpose in _COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=purpose)
        command.add_argument("stack", metavar="STACK", help="the part of the stack file's name after `Pulumi.`")
        command.add_argument("--faults", type=Path, metavar="FILE", help="faults for the simulated clouds to have")
        command.add_argument(
            "--checkpoints", action="store_true", help="write the state at every step, and keep it when killed"
        )
        command.add_argument("--verbose", action="store_true", help="show the engine's own output in full")
        command.add_argument(
            "--root",
            type=Path,
            metavar="DIR",
            default=Path(__file__).resolve().parent.parent,
            help="the project's root directory (default: the one this package lies in)",
        )
        if name == "unprotect":
            command.add_argument("names", nargs="+", metavar="NAME", help="a resource's name in the program")
        if name == "refresh":
            command.add_argument(
                "--import-pending-creates",
                nargs=2,
                action="append",
                default=[],
                metavar=("URN", "ID"),
                help="an interrupted creation that did happen, and under which identifier",
            )
            command.add_argument(
                "--clear-pending-creates", action="store_true", help="forget all other interrupted creations"
            )
    return parser


def _console(*, stderr: bool) -> Console:
    # a pipe or a CI log has no width of its own
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=_WIDTH)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
