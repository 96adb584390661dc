"""One rehearsal of a stack at a time, and the memory of one that was killed.

The lock is a lock of the operating system on a file that the engine inherits, and its plugins from it: it lasts
exactly as long as anything lives that could still write to the simulated clouds, even where the rehearsal itself was
killed. The marker is a file that lies there while the engine changes something; finding it without the lock being
held means that the run it names was killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rehearsal.errors import RehearsalError

# A killed engine's plugins notice within a second or two that nobody is there any more.
_PATIENCE = 10.0
_PAUSE = 0.1


class Marker(BaseModel):
    """Which run is changing the simulated clouds.

    Attributes:
        command: its command, as in `up`.
        checkpoints: whether its engine wrote the state at every step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str
    checkpoints: bool


@dataclass(frozen=True)
class Occupancy:
    """The right to work on a stack's rehearsal, for as long as `descriptor` stays open here or in a child."""

    descriptor: int
    marker_path: Path

    def killed_run(self) -> Marker | None:
        """The run before this one, if it was killed while it changed something."""
        try:
            return Marker.model_validate_json(self.marker_path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise RehearsalError(
                f"{self.marker_path} is not what a rehearsal writes. Remove {self.marker_path.parent} to start anew."
            ) from error

    @property
    def marked(self) -> bool:
        """Whether the simulated clouds may have changed without the state."""
        return self.marker_path.exists()

    def begin(self, marker: Marker) -> None:
        """Note that from now on the simulated clouds may change."""
        unfinished = self.marker_path.with_suffix(".unfinished")
        unfinished.write_text(marker.model_dump_json(), encoding="utf-8")
        unfinished.replace(self.marker_path)

    def end(self) -> None:
        """Note that the state tells what the simulated clouds hold, whatever came of the run."""
        self.marker_path.unlink(missing_ok=True)


@contextlib.contextmanager
def occupied(stack: str, directory: Path) -> Generator[Occupancy]:
    """Hold the lock of a stack's rehearsal.

    Args:
        stack: the stack's name, for the message.
        directory: the rehearsal's directory, which exists.

    Raises:
        RehearsalError: if another rehearsal of the stack holds it.
    """
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(stack, descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield Occupancy(descriptor, directory / "running.json")
    finally:
        os.close(descriptor)


def _lock(stack: str, descriptor: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            if _lives(holder):
                raise RehearsalError(
                    f"Another rehearsal of {stack!r} is running (process {holder}). Wait for it to end."
                ) from None
            if time.monotonic() > deadline:
                raise RehearsalError(
                    f"The rehearsal of {stack!r} that was process {holder} is gone, but the engine or a plugin it "
                    "started still runs. Wait for that to end, or end it."
                ) from None
            time.sleep(_PAUSE)
        else:
            return


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
