"""Which OPA is used and how it is built, and what is said where none can be had."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import engine
from engine import cache, go, opa, versions
from tests.conftest import ROOT
from tests.engine.estates import Project
from tests.engine.test_build import PATIENCE, Machine

PIN = str(versions.pinned_opa())


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with nothing but the programs that a test puts on its PATH."""
    made = Machine.at(tmp_path)
    monkeypatch.setenv("PATH", str(made.bin))
    monkeypatch.setenv("HYBRIDGE_CACHE", str(made.cache))
    return made


class TestWhichIsUsed:
    @pytest.mark.parametrize("says", [f"Version: {PIN}\nBuild Commit: ", "Version: 1.9999.0"])
    def test_the_one_on_path_when_new_enough(self, machine: Machine, says: str) -> None:
        path = machine.program("opa", f"print({says!r})")
        found = opa.ensure()
        assert (found.path, found.bin, found.built) == (path, machine.bin, False)

    @pytest.mark.parametrize(
        ("says", "reason"),
        [
            ("Version: 1.0.0", "is version 1.0.0"),
            ("Version: 2.0.0", "of the same major version"),
            ("?", "which version"),
        ],
    )
    def test_another_is_passed_over_with_a_reason(self, machine: Machine, says: str, reason: str) -> None:
        machine.go()
        machine.program("opa", f"print({says!r})")
        said: list[str] = []
        assert opa.ensure(said.append).built
        assert any(reason in sentence for sentence in said), said

    def test_one_is_built_once_from_its_own_module(self, machine: Machine) -> None:
        machine.go()
        first = opa.ensure()
        assert first.version == PIN
        assert first.bin.is_relative_to(machine.cache / "opa")
        assert opa.ensure() == first
        (call,) = machine.calls("build")
        assert str(call["words"][-1]) == "github.com/open-policy-agent/opa"

    def test_the_engine_is_none_of_its_business(self, machine: Machine) -> None:
        machine.go()
        before = engine.ensure().bin
        assert opa.ensure().bin != before
        assert engine.ensure().bin == before


class TestWhereNoneCanBeHad:
    def test_a_sentence_says_what_would_help(self, machine: Machine) -> None:
        machine.program("uv", 'import sys; sys.exit("error: are you offline?")')
        with pytest.raises(engine.EngineError, match="Go is needed to build OPA") as caught:
            opa.ensure()
        assert str(caught.value).endswith("(error: are you offline?): install Go, or an opa, on PATH.")

    def test_a_cache_that_cannot_be_written_is_named(self, machine: Machine) -> None:
        machine.cache.write_text("a file where the directory should be")
        with pytest.raises(engine.EngineError, match=r"OPA cannot be kept under .*HYBRIDGE_CACHE"):
            opa.ensure()

    def test_a_rehearsal_says_so_and_creates_nothing(self, project: Project, tmp_path: Path) -> None:
        engine.ensure()
        without, bin_ = tmp_path / "cache", tmp_path / "bin"
        without.mkdir()
        bin_.mkdir()
        for entry in cache.root().iterdir():
            if entry.name != "opa":
                (without / entry.name).symlink_to(entry)
        (bin_ / "opa").write_text("#!/bin/sh\necho Version: 0.1.0\n")
        (bin_ / "opa").chmod(0o755)
        done = project.run(
            "up", HYBRIDGE_CACHE=str(without), GOPROXY="off", GOMODCACHE=str(tmp_path / "modules"),
            PATH=f"{bin_}{os.pathsep}{os.environ['PATH']}",
        )  # fmt: skip
        assert done.code == 1
        assert "A Go module for OPA" in done.text
        assert "could not be downloaded" in done.text
        assert "Traceback" not in done.text
        assert project.objects() == []


class TestCommand:
    def test_it_prints_what_puts_both_on_path(self, machine: Machine) -> None:
        machine.go()
        done = subprocess.run(
            [sys.executable, "-m", "engine", "--with-opa"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0
        assert done.stdout.strip() == f"{engine.ensure().bin}{os.pathsep}{opa.ensure().bin}"

    def test_the_one_on_path_needs_no_place_of_its_own(self, machine: Machine) -> None:
        machine.go()
        machine.program("opa", f"print('Version: {PIN}')")
        done = subprocess.run(
            [sys.executable, "-m", "engine", "--with-opa"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.stdout.strip() == str(engine.ensure().bin)

    def test_checking_builds_nothing(self, machine: Machine) -> None:
        machine.go()
        engine.ensure()
        built = len(machine.calls("build"))
        done = subprocess.run(
            [sys.executable, "-m", "engine", "--check", "--with-opa"], cwd=ROOT, capture_output=True, text=True
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert "There is no OPA yet" in done.stderr
        assert len(machine.calls("build")) == built


def test_the_real_one_is_the_pinned_one() -> None:
    found = opa.ensure()
    done = subprocess.run([found.path, "version"], capture_output=True, text=True, check=True)
    assert f"Version: {found.version}\n" in done.stdout


def test_the_pinned_go_is_new_enough_for_its_module() -> None:
    pinned = versions.parse(go.TOOLCHAIN.read_text().partition("==")[2])
    assert pinned is not None
    assert pinned >= versions.pinned_go(versions.OPA)
