"""What runs inside a lab's namespaces: building it, and proving it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType

from rehearsal.stage import Stage

from . import building, proving
from .drawing import draw
from .errors import LabError
from .estate import Rehearsed


def main(command: str, root: str, stack: str, *rest: str) -> int:
    """Run one command; what goes wrong is told on the standard error stream."""
    try:
        signal.signal(signal.SIGINT, _interrupt)
        return _COMMANDS[command](Rehearsed.read(Stage(Path(root), stack)), *rest)
    except LabError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Stop what is under way, once: what is then put back is not stopped again."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _build(rehearsed: Rehearsed, directory: str) -> int:
    building.build(draw(rehearsed), Path(directory), lambda step: print(f"  {step}", flush=True))  # noqa: T201
    return 0


def _prove(rehearsed: Rehearsed, results: str, patience: str, *only: str) -> int:
    return proving.prove(rehearsed, building.Built.read(), Path(results), only, float(patience))


_COMMANDS = {"build": _build, "prove": _prove}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
