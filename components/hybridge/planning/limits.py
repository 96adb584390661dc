"""Vendors' limits and fixed figures, from limits.yaml, each with its unit, scope, source and date."""

from __future__ import annotations

from functools import cache
from typing import cast

from pydantic import BaseModel, ConfigDict, TypeAdapter

from .figures import figures


class Limit(BaseModel):
    """One figure, and where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: int | float | list[int] | list[str] | list[list[int]]
    unit: str
    scope: str
    source: str
    date: str

    @property
    def reference(self) -> str:
        """The source and its date, for a sentence."""
        return f"{self.source}, {self.date}"


@cache
def limits() -> dict[str, Limit]:
    """Return every limit by name."""
    return TypeAdapter(dict[str, Limit]).validate_python(figures("limits.yaml"))


def number(name: str) -> int:
    """Return the single figure of a limit."""
    return cast("int", limits()[name].value)


def bounds(name: str) -> tuple[int, int]:
    """Return the two figures of a limit: the least and the most."""
    least, most = cast("list[int]", limits()[name].value)
    return least, most


def numbers(name: str) -> list[int]:
    """Return the figures of a limit that is a list of numbers."""
    return cast("list[int]", limits()[name].value)


def words(name: str) -> list[str]:
    """Return the entries of a limit that is a list of words or ranges."""
    return cast("list[str]", limits()[name].value)


def spans(name: str) -> list[tuple[int, int]]:
    """Return the pairs of a limit that is a list of spans."""
    return [(least, most) for least, most in cast("list[list[int]]", limits()[name].value)]
