"""YAML as people write it: read with the place of every mistake, written back with its own quoting."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import warnings
from pathlib import Path
from typing import Any, Final, cast

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLWarning
from ruamel.yaml.reader import ReaderError

from .yamlvalues import TOO_DEEP, line_at, quoted, refusal

_LOOKS: Final = {"int": "a whole number", "float": "a number", "bool": "true or false", "timestamp": "a date"}
"""What a person would call what YAML takes a value for."""


class UnreadableFileError(Exception):
    """A file that a person wrote cannot be read; the text is the whole message, with line and remedy."""


class UnwritableFileError(Exception):
    """A file cannot be written, and is as it was; the text is the whole message, with remedy."""


Document = dict[str, Any]
"""A mapping that a person wrote; what its values are is for its reader to check."""


def read_mapping(path: Path, *, shown: str | None = None) -> Document | None:
    """The mapping in a YAML file, or None where the file holds nothing.

    :param path: the file
    :param shown: what messages call it, where a person knows it by another name
    :raises UnreadableFileError: if the file cannot be read, is not UTF-8, is malformed, or holds something else than
        a mapping whose keys are text; with file, line and remedy
    """
    name = shown or str(path)
    document = _loaded(_text(path, name), name)
    if document is None:
        return None
    refused = refusal(document)
    if refused is not None:
        raise UnreadableFileError(f"{name}{refused}")
    if not isinstance(document, dict):
        raise UnreadableFileError(
            f"{name}, line 1: the file is {kind(document)}, where a mapping of `key: value` belongs."
        )
    return cast("Document", document)


def _loaded(text: str, name: str) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", YAMLWarning)  # such as of an anchor that is given anew, which YAML allows
            return _yaml().load(text)
    except DuplicateKeyError as error:
        raise UnreadableFileError(_duplicate(name, error)) from error
    except _UnfitValueError as error:
        raise UnreadableFileError(f"{name}, line {error.line}: {error}") from error
    except MarkedYAMLError as error:
        raise UnreadableFileError(_malformed(name, text, error)) from error
    except ReaderError as error:
        raise UnreadableFileError(_uncommon(name, text, error)) from error
    except YAMLError as error:
        raise UnreadableFileError(f"{name} is no YAML: {' '.join(str(error).split())}. Correct it.") from error
    except RecursionError:
        raise UnreadableFileError(f"{name}{TOO_DEEP}") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # What ruamel lets through of Python's own errors, such as that of a character beyond Unicode's last.
        raise UnreadableFileError(f"{name} is no YAML: {' '.join(str(error).split())}. Correct it.") from error


def mapping_text(document: Document) -> str:
    """A mapping as YAML, with the quoting and the order it was read with."""
    text = io.StringIO()
    _yaml().dump(document, text)
    return text.getvalue()


def write_whole(path: Path, text: str) -> None:
    """Write a file, all of it: until that is done, and if it cannot be, what was there stays.

    :param path: the file
    :param text: what it holds then
    :raises UnwritableFileError: if it cannot be written
    """
    target = path.resolve()  # where it is a link, it stays one
    fresh = target.with_name(f".{target.name}.new")
    try:
        fresh.write_text(text, encoding="utf-8")
        if target.exists():
            shutil.copymode(target, fresh)
        fresh.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise UnwritableFileError(
            f"{path} cannot be written: {error.strerror}. It is as it was; mend that, and try again."
        ) from error


def members(document: Document, key: str) -> Document:
    """The mapping below `key`; an empty one where there is none."""
    inner: object = document.get(key)
    return cast("Document", inner) if isinstance(inner, dict) else {}


def line_of(document: Document, key: str) -> int:
    """The line, counted from 1, on which `key` of a mapping that was read stands; 1 where the reader does not know."""
    return line_at(document, key) or 1


def kind(value: object) -> str:
    """What a person would call a value of a YAML file."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the single value {str(value)[:40]!r}"


class _UnfitValueError(Exception):
    """A value is not what YAML takes it for."""

    def __init__(self, node: Any) -> None:
        """Say what it looks like, and keep its line, counted from 1."""
        tag = str(node.tag).rpartition(":")[2]
        value = quoted(node.value) if isinstance(node.value, str) else "what begins here"
        looks = _LOOKS.get(tag, f"a `{tag}`")
        super().__init__(f"{value} looks like {looks} and is none. Correct it, or quote what is text.")
        self.line: int = node.start_mark.line + 1


class _Constructor(RoundTripConstructor):
    """Tells the place of a value that cannot be made: ruamel lets Python's own errors through, which have none."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - ruamel calls it so
        constructing: Any = super()
        try:
            return constructing.construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise _UnfitValueError(node) from error


def _yaml() -> Any:
    yaml: Any = YAML(typ="rt")  # ruamel's own types say nothing
    yaml.Constructor = _Constructor
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


def _uncommon(name: str, text: str, error: Any) -> str:
    line = text.count("\n", 0, error.position) + 1
    return f"{name}, line {line}: YAML has no character U+{error.character:04X}. Remove it."


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
