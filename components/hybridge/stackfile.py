"""Finds stack files, `Pulumi.STACK.yaml`, by the names of their stacks."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from hybridge.yamlfile import UnreadableFileError

# The engine's own limit for stack names; none of these characters leads out of a directory.
_STACK_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_PREFIX, _SUFFIX = "Pulumi.", ".yaml"


def stack_names(directory: Path) -> list[str]:
    """Return the names of the stacks that have a file in `directory`."""
    files = directory.glob(f"{_PREFIX}*{_SUFFIX}")
    return sorted(file.name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for file in files)


def checked_stack_name(name: str) -> str:
    """Return `name`.

    :raises UnreadableFileError: if it cannot be the name of a stack, or could lead out of a directory
    """
    if _STACK_NAME.fullmatch(name):
        return name
    raise UnreadableFileError(
        f"{name!r} cannot be the name of a stack: up to 100 letters, digits, `-`, `_` and `.`, beginning "
        "with a letter, a digit or `_`. Give the part of the stack file's name between `Pulumi.` and `.yaml`, as in "
        "`STACK=minimal`."
    )


def find_stack_file(directory: Path, stack: str) -> Path:
    """Return the path of a stack's file.

    :param directory: where the stack files are
    :param stack: the stack
    :raises UnreadableFileError: if there is none; the sentence names the stacks that exist
    """
    path = directory / f"{_PREFIX}{checked_stack_name(stack)}{_SUFFIX}"
    try:
        if path.is_file():
            return path
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror}. Mend that, and try again.") from error
    if path.exists():
        raise UnreadableFileError(f"{path} is no file. Put the stack's file in its place.")
    known = stack_names(directory)
    if not known:
        raise UnreadableFileError(f"There is no stack {stack!r}: {directory} holds no stack file. Write {path}.")
    close = get_close_matches(stack, known, n=1)
    guess = f" Did you mean {close[0]!r}?" if close else ""
    raise UnreadableFileError(f"There is no stack {stack!r}: {path} does not exist.{guess} Stacks: {', '.join(known)}.")
