"""What a proof is given, and what it finds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.building import Built
from lab.errors import LabError
from lab.estate import Rehearsed
from lab.sketch import Sketch


@dataclass(frozen=True)
class Verdict:
    """What one proof found of one thing."""

    proof: str
    subject: str
    """The tunnel, session or way."""
    expected: str
    found: str
    holds: bool


@dataclass(frozen=True)
class Lab:
    """A lab that is up, and the estate that it is of."""

    rehearsed: Rehearsed
    sketch: Sketch
    built: Built
    patience: float
    """How long tunnels and sessions may take to come up, in seconds."""

    def vtysh(self, machine: str, question: str) -> Any:
        """Return what FRR answers on a machine, as JSON."""
        return json.loads(self.built.answer(machine, "vtysh", "-c", f"{question} json"))

    def configure(self, machine: str, *commands: str) -> None:
        """Change FRR's configuration on a machine, until somebody changes it back."""
        words = [word for command in ("configure terminal", *commands, "end") for word in ("-c", command)]
        self.built.answer(machine, "vtysh", *words)


def until(seconds: float, look: Callable[[], list[Verdict]], pause: float = 0.2) -> list[Verdict]:
    """Look again and again until everything holds, or the time is over; return the last look."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = look()
        except LabError as error:
            found = [Verdict("", "", "an answer", str(error), holds=False)]
        if all(each.holds for each in found) or time.monotonic() > deadline:
            return found
        time.sleep(pause)
