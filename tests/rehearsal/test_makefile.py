"""What a person gives `make` reaches the commands whole: they answer it, and not the parser of their options."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def recipe(*arguments: str) -> list[str]:
    """The words of the last command that `make` would run."""
    # As a person calls it: a `make` that these tests run in hands its own options down.
    plain = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    command = ["make", "--dry-run", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, env=plain)
    return shlex.split(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("target", ["plan", "rehearse", "destroy", "unprotect", "status"])
@pytest.mark.parametrize("stack", ["acme", "a b", ""])
def test_a_stack_is_one_word(target: str, stack: str) -> None:
    assert recipe(target, f"STACK={stack}", "NAME=one")[4:5] == [stack]


@pytest.mark.parametrize("target", ["preview", "up"])
def test_a_real_stack_is_one_word_too(target: str) -> None:
    words = recipe(target, "STACK=a b")
    assert words[words.index("-s") + 1] == "a b"


def test_several_names_are_unprotected_at_once() -> None:
    assert recipe("unprotect", "STACK=acme", "NAME=one two")[4:] == ["acme", "one", "two"]


def test_no_name_is_told_as_one() -> None:
    assert recipe("unprotect", "STACK=acme")[4:] == ["acme", ""]


@pytest.mark.parametrize("command", ["hybridge plan", "rehearsal up", "rehearsal destroy"])
@pytest.mark.parametrize("stack", ["a b", ""])
def test_a_name_that_no_stack_can_have_is_a_sentence(command: str, stack: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command.split(), stack], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{stack!r} cannot be the name of a stack: ")
    assert done.stderr.endswith("as in `STACK=minimal`.\n")
