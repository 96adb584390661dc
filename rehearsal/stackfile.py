"""Stack files, read the way a rehearsal needs them: every mistake told with its line, and no secret taken along.

A rehearsal never decrypts a secret of the real stack. It replaces each one by a stand-in and lets the engine
encrypt that under the rehearsal's own passphrase, so that what is secret in reality is secret in the rehearsal.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias, cast

from hybridge.yamlfile import Document, kind, line_of, read_mapping
from rehearsal.errors import RehearsalError

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value lies inside `config:`: the key, then map keys and list positions."""

TOP_LEVEL_KEYS = ("config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider")
# The engine's own limit for stack names; none of these characters leads out of a directory.
_STACK_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_PREFIX, _SUFFIX = "Pulumi.", ".yaml"


@dataclass(frozen=True)
class StackFile:
    """A stack file that can be rehearsed.

    Attributes:
        path: the real file, which is only ever read.
        document: its content without encryption settings and environments; secrets are plain stand-ins.
        secrets: where a stand-in replaced a secret, and the stand-in.
        notices: what a person should know about the difference to the real file, one sentence each.
    """

    path: Path
    document: Document
    secrets: dict[KeyPath, str]
    notices: tuple[str, ...]

    def put(self, place: KeyPath, value: object) -> None:
        """Put `value` at `place` inside `config:`."""
        *way, last = place
        inner: Any = self.document["config"]
        for step in way:
            inner = inner[step]
        inner[last] = value


def stack_names(directory: Path) -> list[str]:
    """The names of the stacks that have a file in `directory`."""
    files = directory.glob(f"{_PREFIX}*{_SUFFIX}")
    return sorted(file.name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for file in files)


def checked_stack_name(name: str) -> str:
    """`name` itself.

    Raises:
        RehearsalError: if it cannot be the name of a stack, or could lead out of the rehearsal's directory.
    """
    if _STACK_NAME.fullmatch(name):
        return name
    raise RehearsalError(
        f"{name!r} cannot be the name of a stack: up to 100 letters, digits, `-`, `_` and `.`, beginning "
        "with a letter, a digit or `_`. Give the part of the stack file's name between `Pulumi.` and `.yaml`."
    )


def stack_file_path(directory: Path, stack: str) -> Path:
    """Where the file of `stack` lies.

    Raises:
        RehearsalError: if there is none; the sentence names the stacks that exist.
    """
    path = directory / f"{_PREFIX}{stack}{_SUFFIX}"
    if path.is_file():
        return path
    known = stack_names(directory)
    if not known:
        raise RehearsalError(f"There is no stack {stack!r}: {directory} holds no stack file. Write {path}.")
    close = get_close_matches(stack, known, n=1)
    guess = f" Did you mean {close[0]!r}?" if close else ""
    raise RehearsalError(f"There is no stack {stack!r}: {path} does not exist.{guess} Stacks: {', '.join(known)}.")


def read_stack_file(path: Path) -> StackFile:
    """Read a stack file for rehearsal.

    Args:
        path: the stack file.

    Raises:
        RehearsalError: if it cannot be read; with file, line and remedy.
    """
    document = read_mapping(path)
    if document is None:
        raise RehearsalError(f"{path} is empty. A stack file begins with `config:`, its settings indented below it.")
    _check_top_level(path, document)
    notices: list[str] = []
    if document.pop("environment", None) is not None:
        notices.append(
            f"{path.name} imports environments, which live in a service a rehearsal never talks to: "
            "their values are absent."
        )
    for key in ("secretsprovider", "encryptedkey", "encryptionsalt"):
        document.pop(key, None)
    config: object = document.get("config")
    if config is None:
        config = document["config"] = Document()
    secrets = {place: stand_in(place) for place in _secure_places((), config)}
    if secrets:
        count = "One secret is" if len(secrets) == 1 else f"{len(secrets)} secrets are"
        notices.append(f"{count} replaced by stand-ins: a rehearsal never decrypts a stack's secrets.")
    file = StackFile(path, document, secrets, tuple(notices))
    for place, value in secrets.items():
        file.put(place, value)
    return file


def stand_in(place: KeyPath) -> str:
    """The value that stands for the secret at `place`, always the same.

    Letters, digits and `_` only, no leading zero, 41 characters: a pre-shared key that AWS, Azure and Google Cloud
    would all take, so that checks of a secret's form hold in a rehearsal too.
    """
    return "stand_in_" + hashlib.sha256(repr(place).encode()).hexdigest()[:32]


def _check_top_level(path: Path, document: Document) -> None:
    problems: list[str] = []
    for key in document:
        if key in TOP_LEVEL_KEYS:
            continue
        close = get_close_matches(str(key), TOP_LEVEL_KEYS, n=1)
        remedy = f"Did you mean `{close[0]}`?" if close else "Settings belong below `config:`, indented."
        problems.append(f"{path}, line {line_of(document, key)}: `{key}` is no key of a stack file. {remedy}")
    config: object = document.get("config")
    if config is not None and not isinstance(config, dict):
        problems.append(
            f"{path}, line {line_of(document, 'config')}: `config` is a mapping of settings, and this is "
            f"{kind(config)}. Write one `namespace:key: value` a line below it, indented."
        )
    if problems:
        raise RehearsalError("\n".join(problems))


def _secure_places(place: KeyPath, value: object) -> Iterator[KeyPath]:
    # The engine's rule: a mapping whose only key is `secure`, with a text below it, is a secret.
    if isinstance(value, dict):
        mapping = cast("dict[str, object]", value)
        if place and list(mapping) == ["secure"] and isinstance(mapping["secure"], str):
            yield place
            return
        for key, item in mapping.items():
            yield from _secure_places((*place, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _secure_places((*place, index), item)
