"""Stack files, read the way a rehearsal needs them: every mistake told with its line, and no secret taken along.

A rehearsal never decrypts a secret of the real stack. It replaces each one by a stand-in and lets the engine
encrypt that under the rehearsal's own passphrase, so that what is secret in reality is secret in the rehearsal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias, cast

from hybridge.topology import Problem, meant
from hybridge.yamlfile import Document, kind, line_of, members, read_mapping
from rehearsal.errors import RehearsalError

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value lies inside `config:`: the key, then map keys and list positions."""

TOP_LEVEL_KEYS = ("config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider")


@dataclass(frozen=True)
class StackFile:
    """A stack file that can be rehearsed, unless it has problems.

    Attributes:
        path: the real file, which is only ever read.
        document: its content without encryption settings and environments; secrets are plain stand-ins.
        secrets: where a stand-in replaced a secret, and the stand-in.
        notices: what a person should know about the difference to the real file, one sentence each.
        problems: what is wrong outside of the settings; then the settings are only good for finding more.
    """

    path: Path
    document: Document
    secrets: dict[KeyPath, str]
    notices: tuple[str, ...]
    problems: tuple[Problem, ...]

    def put(self, place: KeyPath, value: object) -> None:
        """Put `value` at `place` inside `config:`."""
        *way, last = place
        inner: Any = self.document["config"]
        for step in way:
            inner = inner[step]
        inner[last] = value


def read_stack_file(path: Path) -> StackFile:
    """Read a stack file for rehearsal.

    Args:
        path: the stack file.

    Raises:
        RehearsalError: if it is empty.
        UnreadableFileError: if it cannot be read; with file, line and remedy.
    """
    document = read_mapping(path)
    if document is None:
        raise RehearsalError(f"{path} is empty. A stack file begins with `config:`, its settings indented below it.")
    problems = _top_level_problems(document)
    if problems:
        document["config"] = _with_misplaced(document)
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
    file = StackFile(path, document, secrets, tuple(notices), tuple(problems))
    for place, value in secrets.items():
        file.put(place, value)
    return file


def stand_in(place: KeyPath) -> str:
    """The value that stands for the secret at `place`, always the same.

    Letters, digits and `_` only, no leading zero, 41 characters: a pre-shared key that AWS, Azure and Google Cloud
    would all take, so that checks of a secret's form hold in a rehearsal too.
    """
    return "stand_in_" + hashlib.sha256(repr(place).encode()).hexdigest()[:32]


def _top_level_problems(document: Document) -> list[Problem]:
    problems: list[Problem] = []
    for key in _unknown_keys(document):
        remedy = meant(key, TOP_LEVEL_KEYS, "Settings belong below `config:`, indented.")
        problems.append(Problem(f"line {line_of(document, key)}", f"`{key}` is no key of a stack file.", remedy))
    config: object = document.get("config")
    if config is not None and not isinstance(config, dict):
        problems.append(
            Problem(
                f"line {line_of(document, 'config')}",
                f"`config` is a mapping of settings, and this is {kind(config)}.",
                "Write one `namespace:key: value` a line below it, indented.",
            )
        )
    return problems


def _with_misplaced(document: Document) -> Document:
    """The settings, wherever a person put them: for telling what is wrong inside, and for nothing else."""
    settings = Document()
    for key in _unknown_keys(document):
        value: object = document[key]
        if isinstance(value, dict) and get_close_matches(key, TOP_LEVEL_KEYS, n=1) == ["config"]:
            settings |= cast("Document", value)
        else:
            settings[key] = value
    return {**settings, **members(document, "config")}


def _unknown_keys(document: Document) -> list[str]:
    return [str(key) for key in document if key not in TOP_LEVEL_KEYS]


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
