"""YAML as people write it: read with the place of every mistake, written back with its own quoting."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError


class UnreadableFileError(Exception):
    """A file that a person wrote cannot be read; the text is the whole message, with line and remedy."""


Document = dict[str, Any]
"""A mapping that a person wrote; what its values are is for its reader to check."""


def read_mapping(path: Path, *, shown: str | None = None) -> Document | None:
    """The mapping in a YAML file, or None where the file holds nothing.

    :param path: the file
    :param shown: what messages call it, where a person knows it by another name
    :raises UnreadableFileError: if the file cannot be read, is not UTF-8, is malformed, or holds something else than
        a mapping; with file, line and remedy
    """
    name = shown or str(path)
    text = _text(path, name)
    try:
        document: object = _yaml().load(text)
    except DuplicateKeyError as error:
        raise UnreadableFileError(_duplicate(name, error)) from error
    except MarkedYAMLError as error:
        raise UnreadableFileError(_malformed(name, text, error)) from error
    except YAMLError as error:
        raise UnreadableFileError(f"{name} is no YAML: {' '.join(str(error).split())}. Correct it.") from error
    except RecursionError:
        raise UnreadableFileError(f"{name} is nested too deeply to be read. Write it flat.") from None
    if document is None:
        return None
    if not isinstance(document, dict):
        raise UnreadableFileError(
            f"{name}, line 1: the file is {kind(document)}, where a mapping of `key: value` belongs."
        )
    return cast("Document", document)


def mapping_text(document: Document) -> str:
    """A mapping as YAML, with the quoting and the order it was read with."""
    text = io.StringIO()
    _yaml().dump(document, text)
    return text.getvalue()


def members(document: Document, key: str) -> Document:
    """The mapping below `key`; an empty one where there is none."""
    inner: object = document.get(key)
    return cast("Document", inner) if isinstance(inner, dict) else {}


def line_of(document: Document, key: str) -> int:
    """The line, counted from 1, on which `key` of a mapping that was read stands."""
    places: Any = getattr(document, "lc", None)  # what ruamel keeps with its mappings
    return int(places.key(key)[0]) + 1 if places is not None else 1


def kind(value: object) -> str:
    """What a person would call a value of a YAML file."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the single value {str(value)[:40]!r}"


def _yaml() -> Any:
    yaml: Any = YAML(typ="rt")  # ruamel's own types say nothing
    yaml.preserve_quotes = True
    yaml.width = 1_000_000  # a folded scalar must come out as it went in
    return yaml


def _text(path: Path, name: str) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"{name} cannot be read: {error.strerror}. Mend that, and try again.") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableFileError(f"{name}, line {line}: this is not UTF-8 text. Save the file as UTF-8.") from error


def _duplicate(name: str, error: Any) -> str:
    found = re.search(r'found duplicate key "?(.*?)"? with value', str(error.problem))
    key = f"`{found.group(1)}`" if found else "a key"
    return f"{name}, line {_line(error)}: {key} is given twice in the same mapping. Keep one of the two."


def _malformed(name: str, text: str, error: Any) -> str:
    line = _line(error)
    source = (["", *text.splitlines(), ""])[line]
    if re.match(r" *\t", source):
        return f"{name}, line {line}: the line is indented with a tab, which YAML forbids. Indent with spaces."
    what = " ".join(str(part).strip() for part in (error.context, error.problem) if part)
    if "single document" in what:
        return f"{name}, line {line}: a second document begins here (`---`). One file holds one; remove the rest."
    return (
        f"{name}, line {line}: this is no valid YAML ({what}). Check that line's indentation, colons and quotes, "
        "and those of the line before."
    )


def _line(error: Any) -> int:
    unclosed = "end of stream" in str(error.problem)  # then the end is where the parser stood, not where it began
    mark = (error.context_mark if unclosed else None) or error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1
