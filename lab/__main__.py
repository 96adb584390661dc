"""Bring a rehearsed stack to life on this machine, prove that it works, and look around in it."""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

from rehearsal.errors import RehearsalError
from rehearsal.stage import Stage, stacks_directory

from . import holder, internet, preflight, proving
from .building import MEMORY, Built
from .cloudinit import STANDINS
from .errors import LabError
from .holder import Holder

_ROOT: Final = Path(__file__).resolve().parent.parent
_ANSWER_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 20.0
"""How long an interrupted proof may take to put back what it has changed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 where all went well, 130 where somebody interrupted it."""
    signal.signal(signal.SIGINT, _interrupt)  # a shell's background jobs begin deaf to it
    signal.signal(signal.SIGTERM, _interrupt)  # a CI system's way of saying Ctrl-C
    options = _parser().parse_args(arguments)
    stage = Stage(options.root.resolve(), options.stack)
    try:
        return _COMMANDS[options.command](stage, options)
    except (LabError, RehearsalError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


def _up(stage: Stage, options: argparse.Namespace) -> int:
    place = _place(stage)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with holder.alone(place.parent, "built"):
        _build(stage, place)
    return _prove(stage, options)


def _build(stage: Stage, place: Path) -> None:
    """Build a lab where none is running."""
    if Holder.read(place):
        raise LabError(f"A lab of {stage.stack} is running: `make lab-down STACK={stage.stack}` ends it.")
    program = preflight.check()
    _rehearse(stage)
    _tell(f"Lab of {stage.stack}: real daemons on this machine, in namespaces of their own.")
    for sentence in preflight.stands_in():
        _tell(f"  {sentence}")
    began = time.monotonic()
    with holder.started(place) as held:
        if _inside(held, "build", stage, str(stage.directory), program=program):
            raise LabError("The lab was not built; nothing of it is left.")
    _tell(f"  built in {time.monotonic() - began:.1f} s")


def _prove(stage: Stage, options: argparse.Namespace) -> int:
    held = _held(stage)
    folder = _place(stage).parent
    with holder.alone(folder, "proven"):
        return _inside(held, "prove", stage, str(folder), str(options.patience), *options.only)


def _down(stage: Stage, _options: argparse.Namespace) -> int:
    found = Holder.read(_place(stage))
    if found is None:
        print(f"No lab of {stage.stack} is running.")
    else:
        began = time.monotonic()
        found.end()
        print(f"The lab of {stage.stack} is gone ({time.monotonic() - began:.2f} s).")
    _place(stage).unlink(missing_ok=True)
    return 0


def _cut(stage: Stage, options: argparse.Namespace) -> int:
    return _ways(stage, options.tunnel, "down")


def _heal(stage: Stage, options: argparse.Namespace) -> int:
    return _ways(stage, options.tunnel, "up")


def _ways(stage: Stage, tunnel: str, state: str) -> int:
    """Cut the ways of tunnels through the internet, or lay them again."""
    held = _held(stage)
    built = _built(held)
    ways = [name.removeprefix(internet.PREFIX) for name in built.pids if name.startswith(internet.PREFIX)]
    if tunnel and tunnel not in ways:
        raise LabError(f"There is no tunnel `{tunnel}`. There are {', '.join(sorted(ways))}.")
    rules = internet.CUT if state == "down" else internet.WHOLE
    for name in [tunnel] if tunnel else ways:
        way = f"{internet.PREFIX}{name}"
        enter = held.command(*built.command(way, "nft", "-f", "-"))
        _answer(enter, f"On {way}, its rules were refused", given=rules)
        print(f"{name}: {'cut' if state == 'down' else 'whole'}")
    return 0


def _shell(stage: Stage, options: argparse.Namespace) -> int:
    held = _held(stage)
    built = _built(held)
    if options.machine not in built.pids:
        raise LabError(f"There is no machine `{options.machine}`. There are {', '.join(sorted(built.pids))}.")
    command = options.words or [os.environ.get("SHELL", "/bin/sh")]
    environment = os.environ | {"PATH": f"{STANDINS / 'gateway'}:{preflight.PATH}", "PS1": f"{options.machine}# "}
    enter = held.command(*built.command(options.machine, *command))
    return subprocess.run(enter, env=environment, check=False).returncode


def _held(stage: Stage) -> Holder:
    found = Holder.read(_place(stage))
    if found is None:
        raise LabError(f"No lab of {stage.stack} is running: `make lab STACK={stage.stack}` starts one.")
    return found


def _built(held: Holder) -> Built:
    """Return the lab's machines, as they are known inside it."""
    known = _answer(held.command("cat", str(MEMORY / "machines.json")), "The lab is still being built")
    return Built(json.loads(known))


def _answer(command: Sequence[str], otherwise: str, given: str | None = None) -> str:
    """Return what a command in the lab says.

    Raises LabError with what it means where it fails.
    """
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"{otherwise}: no answer within {_ANSWER_SECONDS:g} s.") from None
    if done.returncode:
        raise LabError(f"{otherwise} ({done.stderr.strip() or done.returncode}).")
    return done.stdout


def _inside(held: Holder, command: str, stage: Stage, *rest: str, program: Path | None = None) -> int:
    environment = os.environ | {"PATH": preflight.PATH}
    if program:
        environment["WG_QUICK_USERSPACE_IMPLEMENTATION"] = str(program)
    words = [sys.executable, "-m", "lab.inside", command, str(stage.root), stage.stack, *rest]
    # A terminal's interrupt is for this process, which then tells the other one, once that can hear it.
    deaf = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"]
    process = subprocess.Popen([*deaf, *held.command(*words)], env=environment, start_new_session=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        if command == "prove":
            _stop(process)
        raise


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Let proofs put back what they have changed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _rehearse(stage: Stage) -> None:
    """Rehearse the stack where it was not, or was otherwise."""
    if stage.report.exists() and not (stage.root / "Pulumi.yaml").is_file():
        return  # a rehearsal that was brought here from somewhere else
    folder = stage.root / stacks_directory(stage.root)
    own = [
        *folder.glob(f"*.{stage.stack}.*"),
        *(path for name in ("components", "rehearsal") for path in (stage.root / name).glob("**/*.*")),
    ]
    own += [stage.root / "__main__.py", stage.root / "Pulumi.yaml"]
    told = stage.report.stat().st_mtime if stage.report.exists() else 0.0
    if told and all(path.stat().st_mtime <= told for path in own if path.is_file() and path.suffix != ".pyc"):
        return
    _tell(f"{stage.stack} is rehearsed first." if not told else f"{stage.stack} has changed and is rehearsed again.")
    done = subprocess.run(
        [sys.executable, "-m", "rehearsal", "up", stage.stack, "--root", str(stage.root)], check=False
    )
    if done.returncode:
        raise LabError("Without a rehearsal there is nothing to build a lab from.")


def _tell(sentence: str) -> None:
    """Tell it now: what is started next writes to the same place."""
    print(sentence, flush=True)


def _place(stage: Stage) -> Path:
    return stage.directory / "lab" / "holder.json"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, purpose in _PURPOSES.items():
        command = commands.add_parser(name, help=purpose, description=purpose)
        command.add_argument("stack", metavar="STACK", help="the part of the stack file's name after `Pulumi.`")
        command.add_argument(
            "--root", type=Path, metavar="DIR", default=_ROOT, help="where `.rehearsal` is (default: this project)"
        )
        if name in {"up", "prove"}:
            command.add_argument(
                "--only", action="append", default=[], choices=proving.PROOFS, help="a proof; again for another one"
            )
            command.add_argument(
                "--patience",
                type=_seconds,
                default=proving.PATIENCE_SECONDS,
                metavar="SECONDS",
                help="how long tunnels and sessions may take to come up (default: %(default)g)",
            )
        if name in {"cut", "heal"}:
            command.add_argument("tunnel", nargs="?", default="", metavar="TUNNEL", help="a tunnel; without one all")
        if name == "shell":
            command.add_argument("machine", metavar="MACHINE", help="a site, a gateway, or another machine")
            command.add_argument(
                "words", nargs=argparse.REMAINDER, metavar="WORD", help="a command to run there instead of a shell"
            )
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(text)
    return seconds


_COMMANDS = {"up": _up, "prove": _prove, "down": _down, "cut": _cut, "heal": _heal, "shell": _shell}
_PURPOSES: Final = {
    "up": "build the lab of a rehearsed stack, and prove it",
    "prove": "prove a lab that is running",
    "down": "end a lab",
    "cut": "cut a tunnel's way through the internet",
    "heal": "lay a tunnel's way through the internet again",
    "shell": "a shell on a machine of the lab, or one command there",
}


if __name__ == "__main__":
    sys.exit(main())
