"""The values that pass through the simulated clouds: what a provider protocol message holds, as plain Python.

Both fronts translate their own encodings into these, so that the core never sees a protocol buffer, a mock
argument or a secret wrapper.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias

from pulumi import Archive, Asset


class Unknown(Enum):
    """The one value of a property that only a later operation will compute."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN

Value: TypeAlias = "bool | int | float | str | Asset | Archive | Unknown | list[Value] | dict[str, Value] | None"
"""A property's value under its wire name; numbers arrive as floats from the engine, also where the SDK says int."""

Properties: TypeAlias = Mapping[str, Value]


def has_unknowns(value: Value) -> bool:
    """Whether anything inside `value` is still unknown."""
    if isinstance(value, dict):
        return any(has_unknowns(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknowns(item) for item in value)
    return value is UNKNOWN
