"""Ctrl-C while an engine runs: counted and passed on to it, and raised nowhere."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from types import FrameType, TracebackType
from typing import Final, Self

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interruptions:
    """Counts what would raise KeyboardInterrupt; a context manager, from before an engine's start to after its end.

    An exception may be raised between any two steps, also right after a start and before anybody holds on to what was
    started. A count that is looked at leaves no such moment.

    Attributes:
        count: how often a person interrupted.
        passed_on: how many of these a running engine was told.
    """

    def __init__(self) -> None:
        self.count = 0
        self.passed_on = 0
        self._handlers = contextlib.ExitStack()

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._handlers.callback(signal.signal, number, signal.signal(number, self._note))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._handlers.close()

    def pass_on(self, process: subprocess.Popen[bytes]) -> None:
        """Tell the engine of every interruption that it was not told yet, if it still runs."""
        while self.passed_on < self.count and process.poll() is None:
            process.send_signal(signal.SIGINT)
            self.passed_on += 1

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
