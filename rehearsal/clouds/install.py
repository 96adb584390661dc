"""Installs the simulated providers where the engine looks for plugins: under a private PULUMI_HOME."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rehearsal.clouds import sdk

_LAUNCHER: Final = """\
#!/bin/sh
# The simulated {package} of a hybridge rehearsal: no real cloud is reached through it.
PYTHONPATH={root}${{PYTHONPATH:+:$PYTHONPATH}}
export PYTHONPATH
exec {python} -m rehearsal.clouds.plugin {package} {version} "$@"
"""


def install(home: Path, python: Path, root: Path, packages: Iterable[str] = sdk.PACKAGES) -> list[Path]:
    """Install the simulated `packages` under the PULUMI_HOME `home`, each at its wheel's version.

    `python` is the interpreter that has the wheels, `root` the directory that holds the package `rehearsal`.
    Installing again changes nothing but what is out of date. Returns the executables.
    """
    return [_install(home, python, root, package) for package in packages]


def _install(home: Path, python: Path, root: Path, package: str) -> Path:
    version = sdk.version(package)
    directory = home / "plugins" / f"resource-{package}-v{version}"
    launcher = directory / f"pulumi-resource-{package}"
    text = _LAUNCHER.format(
        package=package,
        version=version,
        python=shlex.quote(str(python.absolute())),
        root=shlex.quote(str(root.absolute())),
    )
    directory.mkdir(parents=True, exist_ok=True)
    if not launcher.is_file() or launcher.read_text(encoding="utf-8") != text:
        # Written aside and moved into place: an engine that starts it meanwhile sees the old one or the new one.
        fresh = launcher.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(0o755)
        fresh.replace(launcher)
    launcher.chmod(0o755)
    return launcher
