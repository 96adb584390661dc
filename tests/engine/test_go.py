"""The language host's own tests, and Go's opinion of its text."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import engine
from engine import go
from engine.versions import MODULE, pinned_go


@pytest.fixture(scope="module")
def compiler() -> Path:
    """The Go that built the engine."""
    if not engine.ensure().built:
        pytest.skip("go is missing where it is not needed: this machine has a pulumi of its own")
    return go.find(pinned_go(), lambda _: None)


def run(compiler: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [compiler, *arguments], cwd=MODULE, env=go.environment(compiler), capture_output=True, text=True
    )


def test_the_language_hosts_own_tests_pass(compiler: Path) -> None:
    done = run(compiler, "test", "-tags", "osusergo,grpcnotrace", "./...")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok" in done.stdout


def test_go_vet_has_nothing_to_say(compiler: Path) -> None:
    done = run(compiler, "vet", "-tags", "osusergo,grpcnotrace", "./...")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_language_host_is_formatted(compiler: Path) -> None:
    gofmt = compiler.with_name("gofmt")
    done = subprocess.run([gofmt, "-l", MODULE / "language-python"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
