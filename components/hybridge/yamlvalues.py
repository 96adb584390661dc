"""Values of a YAML file that no reader could make anything of: keys that are no text, numbers beyond all measure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

TOO_DEEP: Final = " is nested too deeply to be read. Write it flat."
_DEEPEST: Final = 100
"""Mappings and lists within each other; whatever reads them afterwards bears more."""
_MOST_VALUES: Final = 200_000
"""In a file, an alias counted as all that it stands for: a few lines of aliases of aliases fit into no memory."""
_MOST_BITS: Final = 1_024
"""Of a whole number: nothing in a network counts further, and Python does not write one of more than 4,300 digits."""
_QUOTED: Final = 40

_Place: TypeAlias = tuple[object, object]
"""The mapping or list that something stands in, and its key or index there."""


@dataclass(frozen=True)
class _Key:
    """A key of a mapping."""

    key: object


def refusal(document: object) -> str | None:
    """Say what is the matter with the first value that cannot be read on, to stand behind the file's name.

    :param document: what was read
    """
    waiting: list[tuple[object, _Place | None, int]] = [(document, None, 0)]
    count = 0
    while waiting:
        value, place, depth = waiting.pop()
        count += 1
        if depth > _DEEPEST:
            return TOO_DEEP
        if count > _MOST_VALUES:
            return f" has more than {_MOST_VALUES:,} values, its aliases written out. Leave out what is not needed."
        odd = _odd(value)
        if odd is not None:
            line = line_at(*place) if place else 1
            return f", line {line}: {odd}" if line else f": {odd}"
        waiting += reversed([(inner, where, depth + 1) for inner, where in _within(value)])
    return None


def quoted(value: object) -> str:
    """Quote a value, short enough to read."""
    text = str(value)
    return f"`{text[:_QUOTED]}…`" if len(text) > _QUOTED else f"`{text}`"


def _within(value: object) -> Iterator[tuple[object, _Place]]:
    """Return what stands in a mapping or a list, each key before its value."""
    if isinstance(value, dict):
        for key, inner in cast("dict[object, object]", value).items():
            yield _Key(key), (cast("object", value), key)
            yield inner, (cast("object", value), key)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(cast("list[object]", value)):
            yield inner, (cast("object", value), index)


def _odd(value: object) -> str | None:
    key = value.key if isinstance(value, _Key) else value
    if isinstance(key, int) and key.bit_length() > _MOST_BITS:
        return "the number has hundreds of digits, and nothing here counts that far. Correct it."
    if isinstance(key, str) and not _whole(key):
        return "the text has half of a character (U+D800 to U+DFFF). Write the whole one."
    if isinstance(value, _Key) and not isinstance(key, str):
        return f"the key {_kind(key)}, and a key is text. Write it in quotes, if it is a name."
    return None


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(key: object) -> str:
    kinds: dict[str, type | tuple[type, ...]] = {
        "is empty": type(None),
        "is a list": tuple,
        "is a mapping": Mapping,
        f"`{str(key).lower()}` is true or false": bool,
        f"`{key}` is a number": (int, float),
        f"`{key}` is a date": dt.date,
    }
    return next((words for words, kind in kinds.items() if isinstance(key, kind)), f"{quoted(key)} has a tag")


def line_at(owner: object, step: object) -> int | None:
    """Return the line, counted from 1, of a key or an index of what was read; None where the reader does not know it.

    :param owner: the mapping or the list
    :param step: the key, or the index
    """
    places: Any = getattr(owner, "lc", None)  # what ruamel keeps with its mappings and lists
    try:
        line, _ = places.key(step) if isinstance(owner, dict) else places.item(step)
    except (AttributeError, LookupError, TypeError):  # it came from elsewhere, by a merge
        return None
    return int(line) + 1
