"""How much memory the processes of a preview take at their peak, as Linux tells it."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

PROGRAM: Final = "program"
PLUGIN: Final = "plugin"
ENGINE: Final = "engine"
POLICY: Final = "policy pack"

_PAUSE: Final = 0.2
"""Seconds between two looks: what is read is a peak already, and only its last growth can be missed."""
_PROC: Final = Path("/proc")


def role(command: list[str]) -> str | None:
    """What a process does in a preview, by its command line; None for shells, language hosts and strangers."""
    if any(argument.endswith("pulumi-language-python-exec") for argument in command):
        return PROGRAM
    if "rehearsal.clouds.plugin" in command:
        return PLUGIN
    if "pulumi.policy" in command:
        return POLICY
    return ENGINE if command and Path(command[0]).name == "pulumi" else None


class Watch:
    """Watches what this process starts, directly or not; a context manager.

    Attributes:
        peaks: each process's peak in MiB, by role.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def peaks(self) -> dict[str, list[float]]:
        """Each process's peak, by what it does."""
        found: dict[str, list[float]] = defaultdict(list)
        for (what, _), peak in self._found.items():
            found[what].append(peak)
        return dict(found)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_PAUSE):
            for process in _descendants(os.getpid()):
                what = role(_text(process, "cmdline").split("\0"))
                peak = next((line for line in _text(process, "status").splitlines() if line.startswith("VmHWM:")), None)
                if what is not None and peak is not None:
                    self._found[what, process] = int(peak.split()[1]) / 1024


def _descendants(process: int) -> Iterator[int]:
    for task in _PROC.glob(f"{process}/task/*"):
        for child in _text(process, f"task/{task.name}/children").split():
            yield int(child)
            yield from _descendants(int(child))


def _text(process: int, name: str) -> str:
    try:
        return (_PROC / str(process) / name).read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended, or this is no Linux
        return ""
