"""README's "Your first estate" is followed to the letter: its files, its commands, and what they are said to print."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.conftest import ROOT
from tests.engine.estates import Project

SECTION = re.compile(r"^## Your first estate\n(.*?)^## ", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(yaml|diff|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEFT_OUT = "…"
"""A line for lines of the output that the README leaves out."""


@dataclass(frozen=True)
class Step:
    """A block of the section: a file to write, a change to one, or a command with its output."""

    kind: str
    text: str


def steps() -> Iterator[Step]:
    section = SECTION.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert section, "README has the section, and another one behind it"
    for block in BLOCK.finditer(section[1]):
        yield Step(block[1], block[2])


def written(project: Project, text: str) -> None:
    """Write a file whose first line is a comment with its name."""
    name = text.partition("\n")[0].removeprefix("# ")
    (project.root / name).write_text(text, encoding="utf-8")


def patched(project: Project, text: str) -> None:
    """Apply a change; outside of any repository, as the copy of the project is."""
    subprocess.run(["git", "apply", "-p0", "-"], input=text, text=True, cwd=project.root, check=True, timeout=10)


def printed(project: Project, command: str) -> str:
    """Run `make TARGET STACK=NAME` as the Makefile does, in the copy of the project."""
    make, target, stack, *rest = shlex.split(command)
    name = stack.removeprefix("STACK=")
    assert (make, stack, rest) == ("make", f"STACK={name}", []), command
    words = {"plan": ["hybridge", "plan", name], "rehearse": ["rehearsal", "up", name, "--root", str(project.root)]}
    done = subprocess.run(
        [sys.executable, "-m", *words[target]],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=project.root,
        env={**project.environment(), "COLUMNS": "100", "TERM": "dumb", "HOME": os.environ.get("HOME", "/")},
        timeout=300,
    )
    return done.stdout


def assert_told(expected: str, output: str) -> None:
    """Every line stands in the output, and right behind the one before it unless lines are left out."""
    lines, at, following = [line.rstrip() for line in output.splitlines()], 0, False
    for line in expected.splitlines():
        if line == LEFT_OUT:
            following = False
            continue
        assert line in lines[at:], f"README says {line!r}, and the output is\n{output}"
        found = lines.index(line, at)
        assert found == at or not following, f"README leaves out {lines[at:found]} before {line!r}"
        at, following = found + 1, True


def test_the_first_estate_of_the_readme_comes_about_as_it_says(project: Project) -> None:
    commands = 0
    for step in steps():
        if step.kind == "yaml":
            written(project, step.text)
        elif step.kind == "diff":
            patched(project, step.text)
        else:
            command, _, expected = step.text.partition("\n")
            assert_told(expected, printed(project, command.removeprefix("$ ")))
            commands += 1
    assert commands >= 5
    objects = replace(project, stack="first").objects()
    assert {each.type.rpartition(":")[2] for each in objects} >= {"VpnConnection", "TransitGateway"}
