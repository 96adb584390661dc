"""Writes what a rehearsed estate says for people: its device configurations, its picture and its report.

The configurations hold keys, simulated ones here and real ones in reality, so that they lie outside every tracked
directory, readable for their owner alone.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import cast

from rehearsal.errors import RehearsalError
from rehearsal.stage import write_private

# Names come from a program: none of these leads out of the directory it is written to, or hides.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")


# Whose comments begin with something else than `#`.
_COMMENTS = {"frr.conf": "!"}


def write_devices(devices: object, directory: Path, stack: str) -> list[Path]:
    """Write the device configurations and remove those of gateways that are gone.

    Each says first where it comes from: nothing else tells it from a real one, which somebody could take it for.

    Args:
        devices: the stack output, a mapping of gateway to a mapping of file name to text; None where there is none.
        directory: where to write; nothing else lies there.
        stack: the rehearsed stack.

    Returns:
        The files, in the order of their gateways.

    Raises:
        RehearsalError: if the output has another form or a name that is no plain file name; nothing is written then.
    """
    configurations = _configurations(devices)
    if directory.exists():
        shutil.rmtree(directory)
    written: list[Path] = []
    for gateway, files in sorted(configurations.items()):
        directory.mkdir(mode=0o700, exist_ok=True)
        (directory / gateway).mkdir(mode=0o700)
        for name, text in sorted(files.items()):
            write_private(directory / gateway / name, _marked(name, text, stack))
            written.append(directory / gateway / name)
    return written


def write_diagram(diagram: object, path: Path) -> list[Path]:
    """Write the picture, or remove an old one where the program draws none.

    Args:
        diagram: the stack output: Mermaid text, or None.
        path: where to write it.
    """
    if not isinstance(diagram, str):
        path.unlink(missing_ok=True)
        return []
    write_private(path, diagram if diagram.endswith("\n") else diagram + "\n")
    return [path]


def write_report(report: object, path: Path) -> list[Path]:
    """Write all that the estate says about itself, or remove an old report where the program makes none.

    Args:
        report: the stack output, any value; None where there is none.
        path: where to write it, as JSON.
    """
    if report is None:
        path.unlink(missing_ok=True)
        return []
    write_private(path, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return [path]


def _marked(name: str, text: str, stack: str) -> str:
    """The text with a comment on its origin at its top, below a line that names an interpreter."""
    origin = f"MADE BY A REHEARSAL of {stack}: its keys and the cloud's addresses are invented."
    interpreter, end, rest = text.partition("\n") if text.startswith("#!") else ("", "", text)
    return f"{interpreter}{end}{_COMMENTS.get(name, '#')} {origin}\n{rest}"


def _configurations(devices: object) -> dict[str, dict[str, str]]:
    if devices is None:
        return {}
    configurations: dict[str, dict[str, str]] = {}
    for gateway, files in _members(devices, "`devices`").items():
        configurations[_checked(gateway, "a gateway")] = {}
        for name, text in _members(files, f"`devices` of {gateway!r}").items():
            if not isinstance(text, str):
                raise RehearsalError(f"The stack output `devices` of {gateway!r} holds no text as {name!r}.")
            configurations[gateway][_checked(name, f"a file of {gateway!r}")] = text
    return configurations


def _members(value: object, what: str) -> dict[str, object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    raise RehearsalError(f"The stack output {what} is no mapping, so that there is nothing to write from it.")


def _checked(name: str, what: str) -> str:
    if _NAME.fullmatch(name):
        return name
    raise RehearsalError(
        f"The stack output `devices` names {what} {name!r}, which is no plain file name. Use letters, digits, "
        "`-`, `_` and `.`."
    )
