"""The holder: the one process that a lab lives in. With it everything of the lab ends, whatever state it is in.

It is the first process of a process namespace of its own, so the kernel ends all others when it ends; the namespaces of
network and mounts go with the last process in them. What is left is a folder, with one file that says who it was.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from .errors import LabError

_FIRST: Final = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.stdout.write("here"); sys.stdout.flush()
if sys.stdin.readline() != "hold\\n":
    os._exit(1)  # whoever was building the lab is gone
null = os.open("/dev/null", os.O_RDWR)
for number in (0, 1, 2):
    os.dup2(null, number)
while True:
    try:
        os.waitpid(-1, 0)
    except ChildProcessError:
        time.sleep(1)
"""
"""What the holder runs. It takes care of processes whose parents are gone, and does nothing else."""

_START_SECONDS: Final = 30.0
_END_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Holder:
    """A lab's holder, from outside.

    Attributes:
        outer: the process that started it, and ends it when it is ended.
        pid: the holder as the machine sees it.
        started: when it was started, in the kernel's ticks, so that no other process is taken for it.
    """

    outer: int
    pid: int
    started: int

    @property
    def lives(self) -> bool:
        """Whether it is still there."""
        return _started(self.pid) == self.started

    def command(self, *command: str) -> list[str]:
        """Return a command as it is run inside the lab."""
        own = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", str(self.pid), *own, "-n", "-m", "-p", "--wdns=" + str(Path.cwd()), "--", *command]

    def end(self) -> None:
        """End it, and everything in it."""
        if not self.lives:
            return
        os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + _END_SECONDS
        while self.lives:
            if time.monotonic() > deadline:
                raise LabError(f"The lab's process {self.pid} does not end.")
            time.sleep(0.01)

    def write(self, path: Path) -> None:
        """Say who it is, for the commands that come later."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Holder | None:
        """Return who it is, if it lives."""
        try:
            found = cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return found if found.lives else None


@contextmanager
def alone(folder: Path, done: str) -> Generator[None]:
    """Let nobody else do the same to a lab meanwhile.

    :param folder: the lab's
    :param done: what is done to it, in one word: `built`

    Raises LabError where somebody does.
    """
    with (folder / f"{done}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError(f"This lab is being {done} by another command at this moment.") from None
        yield


@contextmanager
def started(place: Path) -> Generator[Holder]:
    """Start a holder, and let it stay once what is done here has succeeded: whatever else happens, it ends.

    :param place: the file that says who it is, for the commands that come later

    Raises LabError where this machine allows no namespaces.
    """
    own = [] if os.geteuid() == 0 else ["-Ur"]
    python = [sys.executable, "-I", "-S", "-c", _FIRST]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        ["unshare", *own, "-nmpiu", "--mount-proc", "--kill-child", "--fork", *python],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
    )
    held = _found(process)
    try:
        held.write(place)
        yield held
        if process.stdin is not None:
            process.stdin.write("hold\n")
            process.stdin.close()
    except BaseException:
        held.end()
        place.unlink(missing_ok=True)
        raise


def _found(process: subprocess.Popen[str]) -> Holder:
    """Return the holder that a process has started."""
    try:
        here = _word(process)
    except TimeoutError:
        process.kill()
        process.communicate()
        raise LabError(f"The lab's own process does not start within {_START_SECONDS:g} s.") from None
    if here != b"here":
        _, said = process.communicate()
        raise LabError(f"This machine allows no namespaces to a lab ({said.strip() or process.returncode}).")
    pid = _child(process.pid)
    return Holder(process.pid, pid, _started(pid) or 0)


def _word(process: subprocess.Popen[str]) -> bytes:
    """Return the first that a process says; nothing once it has ended.

    Raises TimeoutError where it takes too long.
    """
    if process.stdout is None:
        return b""
    place = process.stdout.fileno()
    heard, _, _ = select.select([place], [], [], _START_SECONDS)
    if not heard:
        raise TimeoutError
    return os.read(place, 4)


def _child(pid: int) -> int:
    """Return the one child of a process."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) and int(fields[1]) == pid:
            return int(entry.name)
    raise LabError(f"The lab's process {pid} has gone.")


def _started(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[19]) if fields and fields[0] != "Z" else None


def _stat(pid: int) -> Sequence[str] | None:
    """Return what the kernel says of a process, from its state on; None where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
