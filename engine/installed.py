"""The Pulumi CLI and the OPA that a person has installed, and whether they will do."""

import os
import shutil
import subprocess
from pathlib import Path

from engine.versions import Version, parse

HOST = "pulumi-language-python"
SECONDS = 60
"""How long a program may take to say its version; a cold file system takes several seconds over the CLI's 115 MB."""


def find(name: str, minimum: Version) -> tuple[Path, Version] | str:
    """Return the program on PATH and its version, or a sentence that says why it will not do.

    It will do when it has the same major version as `minimum` and is no older.
    """
    place = shutil.which(name)
    if place is None:
        return f"There is no {name} on PATH."
    version = parse(_output([place, "version"]))
    if version is None:
        return f"{place} does not say which version it is."
    if version.major != minimum.major or version < minimum:
        return f"{place} is version {version}; {minimum} or newer of the same major version is needed."
    return Path(place), version


def find_pulumi(minimum: Version) -> tuple[Path, Version] | str:
    """Return the `pulumi` on PATH and its version, or a sentence that says why it will not do.

    It must have the Python language host beside it: a rehearsal tells the engine to ignore the plugins on PATH, and
    beside itself is where it still looks.
    """
    found = find("pulumi", minimum)
    if isinstance(found, str):
        return found
    path, version = found
    if not any(os.access(directory / HOST, os.X_OK) for directory in (path.parent, path.resolve().parent)):
        return f"{path} has no {HOST} beside it."
    return path, version


def _output(command: list[str]) -> str:
    """Return what the command prints, or nothing where it fails."""
    environment = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=SECONDS, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout if result.returncode == 0 else ""
