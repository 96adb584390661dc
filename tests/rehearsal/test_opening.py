"""What a rehearsal finds before it has an engine at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import engine
from rehearsal.__main__ import main
from rehearsal.run import LastRun
from tests.conftest import ROOT


class EngineWantedError(Exception):
    """A rehearsal came as far as its engine."""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, on a machine that must not need an engine."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")

    def ensure(*_: object) -> None:
        raise EngineWantedError

    monkeypatch.setattr(engine, "ensure", ensure)
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the handlers of the tests' own process stay
    return tmp_path


def edit(root: Path, old: str, new: str) -> None:
    file = root / "stacks" / "Pulumi.minimal.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("written", ["confg:", "secretprovider: x\nconfig:"])
def test_everything_wrong_is_told_at_once_before_an_engine_is_there(
    root: Path, written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(root, "config:", written)
    edit(root, "dead_peer_after: 30s", "dead_peer_after: 30")
    edit(root, "[172.20.0.0/16]", "[10.100.128.0/17]")
    assert main(["up", "minimal", "--root", str(root)]) == 1
    heading, first, *others = capsys.readouterr().err.splitlines()
    assert heading == "stacks/Pulumi.minimal.yaml has 3 problems; nothing was created."
    assert "is no key of a stack file. Did you mean" in first
    assert any("`30` has no unit" in line for line in others)
    assert any("overlaps" in line for line in others)


def test_addresses_that_are_not_recorded_are_no_problem(root: Path) -> None:
    (root / "stacks" / "addresses.minimal.yaml").unlink()
    with pytest.raises(EngineWantedError):
        main(["up", "minimal", "--root", str(root)])


def test_a_tunnel_that_is_down_is_one_that_the_estate_has(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = root / "faults.yaml"
    file.write_text("- down: [dc1-aws-edge-a-1]\n- down: [dc1-aws-edge-b-2]\n", encoding="utf-8")
    command = ["up", "minimal", "--root", str(root), "--faults", str(file)]
    with pytest.raises(EngineWantedError):
        main(command)
    file.write_text("- down: [dc1-aws-edge-a-1, dc1-aws-edge-b-3]\n- down: [x]\n", encoding="utf-8")
    assert main(command) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert "`dc1-aws-edge-b-3` is down, and no VPN tunnel is called that. Did you mean `dc1-aws-edge-b-" in first
    assert "`x`" in second


@pytest.mark.parametrize("text", ["config:\n  other:key: value\n", "config:\n  hybridge:topology: '{}'\n"])
def test_what_only_the_program_can_read_is_left_to_it(root: Path, text: str) -> None:
    (root / "stacks" / "Pulumi.minimal.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(EngineWantedError):
        main(["up", "minimal", "--root", str(root)])


def test_the_record_of_an_older_rehearsal_can_be_read() -> None:
    written = '{"headline": "12 created", "seconds": 3.5, "findings": ["Orphan: one"]}'
    assert LastRun.model_validate_json(written) == LastRun(headline="12 created", seconds=3.5)
