"""What is wrong with a topology, in words a person can act on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem weighs."""

    ERROR = "error"
    """Nothing is created while it stands."""
    WARNING = "warning"
    """The estate is declared, and the report repeats the warning."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where it stands in the stack file, and what to do about it."""

    path: str
    """Place in the stack file, such as `sites.aws-east.ranges[0]`."""
    sentence: str
    """What is the matter, as a sentence."""
    remedy: str
    """What to do now, as a sentence."""
    severity: Severity = Severity.ERROR
    hides: str = ""
    """The entry of the stack file that cannot be judged further while this stands; empty: everything is judged."""

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence} {self.remedy}"


class ProblemsFound(Exception):  # noqa: N818 - it is what was found, not an error of the program
    """Planning cannot go on; `problems` holds every reason at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep `problems` in the order in which they were found."""
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return self.told("The stack file")

    def told(self, file: str) -> str:
        """Tell every problem of `file`, a line each, the errors first."""
        warnings = [problem for problem in self.problems if problem.severity is Severity.WARNING]
        errors = [problem for problem in self.problems if problem.severity is Severity.ERROR]
        count = len(errors)
        heading = f"{file} has {'a problem' if count == 1 else f'{count} problems'}; nothing was created."
        told = [*(f"  {problem}" for problem in errors), *(f"  Warning: {problem}" for problem in warnings)]
        return "\n".join([heading, *told, *self._unjudged()])

    def _unjudged(self) -> list[str]:
        """Name the entries that may have further problems, which nobody could look for."""
        hidden = [f"`{entry}`" for entry in dict.fromkeys(problem.hides for problem in self.problems) if entry]
        if not hidden:
            return []
        named = f"{', '.join(hidden[:-1])} and {hidden[-1]} were" if len(hidden) > 1 else f"{hidden[0]} was"
        return [f"{named} not judged further: mend this first."]


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that somebody most likely meant: the same letters in another order before anything else.

    :param name: what somebody wrote
    :param known: the names there are
    """
    names = list(known)
    transposed = (each for each in names if sorted(each) == sorted(name))
    return next(transposed, None) or next(iter(get_close_matches(name, names, n=1)), None)


def meant(name: str, known: Iterable[str], otherwise: str = "", *, prefix: str = "") -> str:
    """Return the remedy for a name that nothing has.

    :param name: what somebody wrote
    :param known: the names there are; the closest one is asked for
    :param otherwise: the remedy where none is close; by default to name one of them
    :param prefix: what stands before each of these names where it is written
    """
    names = list(known)
    close = closest(name, names)
    if close:
        return f"Did you mean `{prefix}{close}`?"
    return otherwise or f"Name one of {', '.join(f'`{each}`' for each in names)}."


def path_of(*steps: str | int) -> str:
    """Write a place in the stack file the way people do: `sites.dc1.gateways[0].public_ip`."""
    written = ""
    for step in steps:
        if isinstance(step, int):
            written += f"[{step}]"
        else:
            written += f".{step}" if written else step
    return written
