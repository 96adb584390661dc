"""What a policy is told, as plain data: secrets bare, whole numbers whole, and what is not known yet marked.

The framework raises an error where a policy touches a value that only creation will tell, and drops the policy for
that resource. Here such a value becomes `UNKNOWN`, so that all that is known is judged at preview. The rest is judged
right before the resource is created, when everything it is made of is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from pulumi_policy.proxy import UnknownValueError


class _Unknown(str):
    __slots__ = ()


UNKNOWN: Final = _Unknown("(known after it is created)")
"""Stands for every value that is not known yet; a text, as it may end up in JSON and in sentences."""


def plain(value: object) -> object:
    """Return a value that the framework hands over as plain data."""
    if isinstance(value, Mapping):
        return {key: at(cast("Mapping[str, object]", value), key) for key in cast("Mapping[str, object]", value)}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        items = cast("Sequence[object]", value)
        return [at(items, index) for index in range(len(items))]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # protocol buffers know no others
    return value


def at(holder: Mapping[str, object] | Sequence[object], *way: str | int) -> object:
    """Return what lies along a way, as plain data: `UNKNOWN` where it is not known yet, None where there is nothing."""
    value: object = holder
    for step in way:
        if isinstance(value, _Unknown):
            return UNKNOWN
        try:
            value = cast("Mapping[str | int, object]", value)[step]
        except UnknownValueError:
            return UNKNOWN
        except (KeyError, IndexError, TypeError):
            return None
    return plain(value)


def mapping(value: object) -> dict[str, object]:
    """Return a mapping of plain data, or an empty one where it is none or is not known yet."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Return a list of plain data, or an empty one where it is none or is not known yet."""
    return cast("list[object]", value) if isinstance(value, list) else []
