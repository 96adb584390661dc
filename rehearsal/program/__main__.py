"""Runs the real program inside a rehearsal, and marks what it exports as rehearsed.

The engine's language host runs this directory because the staged Pulumi.yaml says `main:`. The program finds the
working directory, the arguments, the import path and the `__main__` of a real run, and cannot tell the difference.
"""

import os
import runpy
import sys
from pathlib import Path
from types import TracebackType

import pulumi

HERE = Path(__file__).resolve().parent
PROGRAM = Path(os.environ["HYBRIDGE_REHEARSAL_PROGRAM"])


def _from_the_program_on(error: BaseException) -> TracebackType | None:
    """The traceback of `error` without the frames that only running it from here has added."""
    inside = str(PROGRAM if PROGRAM.is_dir() else PROGRAM.parent) + os.sep
    frame = error.__traceback__.tb_next if error.__traceback__ else None
    while frame is not None and not frame.tb_frame.f_code.co_filename.startswith(inside):
        frame = frame.tb_next
    return frame


os.chdir(PROGRAM if PROGRAM.is_dir() else PROGRAM.parent)
sys.argv[0] = str(PROGRAM)
if sys.path and Path(sys.path[0]).resolve() == HERE:
    sys.path.pop(0)
try:
    runpy.run_path(str(PROGRAM), run_name="__main__")
except Exception as error:  # noqa: BLE001 (raised again)
    # a bare `raise` would put the frames back that are taken away here
    raise error.with_traceback(_from_the_program_on(error))  # noqa: B904 (the same error, not another)
pulumi.export("rehearsed", value=True)
