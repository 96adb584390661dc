"""`make plan` records addresses as a lock file is written: it adds, and never moves."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "stacks", tmp_path / "stacks"))


def plan(stacks: Path, stack: str = "minimal", *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hybridge", "plan", stack, "--stacks", str(stacks), *options]
    return subprocess.run(command, capture_output=True, text=True)


def edit(stacks: Path, old: str, new: str) -> None:
    path = stacks / "Pulumi.minimal.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_complete_book_is_left_as_it_is(stacks: Path) -> None:
    before = (stacks / "addresses.minimal.yaml").read_bytes()
    done = plan(stacks)
    assert (done.returncode, done.stderr) == (0, "")
    assert "is complete" in done.stdout
    assert (stacks / "addresses.minimal.yaml").read_bytes() == before


def test_a_new_gateway_only_adds(stacks: Path) -> None:
    before = (stacks / "addresses.minimal.yaml").read_text(encoding="utf-8").splitlines()
    gateway = "- { name: edge-a, public_ip: 203.0.113.10 }"
    edit(stacks, gateway, f"- {{ name: edge-0, public_ip: 203.0.113.9 }}\n          {gateway}")
    done = plan(stacks)
    assert done.returncode == 0, done.stderr
    after = (stacks / "addresses.minimal.yaml").read_text(encoding="utf-8").splitlines()
    assert set(before) <= set(after)
    assert len(after) == len(before) + 2
    assert "+ dc1-aws/edge-0/1 169.254.6.16/30" in done.stdout


def test_the_address_of_a_tunnel_that_is_gone_is_kept_until_it_is_released(stacks: Path) -> None:
    before = (stacks / "addresses.minimal.yaml").read_bytes()
    edit(stacks, "dc1-aws:", "dc1-east:")
    renamed = plan(stacks)
    assert renamed.returncode == 0, renamed.stderr
    assert "= dc1-aws/edge-a/1 169.254.6.0/30" in renamed.stdout
    assert "ARGS=--release" in renamed.stdout
    assert "+ dc1-east/edge-a/1 169.254.6.16/30" in renamed.stdout
    edit(stacks, "dc1-east:", "dc1-aws:")
    released = plan(stacks, "minimal", "--release")
    assert "- dc1-east/edge-a/1 169.254.6.16/30" in released.stdout
    assert (stacks / "addresses.minimal.yaml").read_bytes() == before


def test_a_topology_with_problems_records_nothing(stacks: Path) -> None:
    (stacks / "addresses.minimal.yaml").unlink()
    edit(stacks, "172.20.0.0/16", "10.100.0.0/17")
    done = plan(stacks)
    assert done.returncode == 1
    assert "overlaps" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (stacks / "addresses.minimal.yaml").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "There is no topology that can be read."),
        ("config: {}", "There is no topology that can be read."),
        ("config: [", "no valid YAML"),
        ("config: " + "[" * 2000 + "]" * 2000, "nested too deeply"),
        ("- a", "a list"),
        ("config:\n  hybridge:topology: 2026-11-22\n", "There is no topology that can be read."),
    ],
)
def test_a_stack_file_that_holds_no_topology_is_a_sentence(stacks: Path, text: str, told: str) -> None:
    (stacks / "Pulumi.minimal.yaml").write_text(text, encoding="utf-8")
    done = plan(stacks)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stack_that_does_not_exist_names_the_one_that_was_meant(stacks: Path) -> None:
    done = plan(stacks, "minimall")
    assert done.returncode == 1
    assert "Did you mean 'minimal'?" in done.stderr
