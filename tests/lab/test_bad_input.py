"""What a person can get wrong, and what a machine can lack, ends in sentences with a remedy: no traceback, no lab."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.devices.programs import program, unshared
from tests.engine.estates import Outcome, Project
from tests.lab.conftest import Bring
from tests.lab.labs import Estate, needs_a_lab

Rehearsals = Callable[[str], Path]


@pytest.fixture
def estate(rehearsals: Rehearsals, tmp_path: Path) -> Iterator[Estate]:
    """The smallest estate; a lab that should never have come up ends with the test."""
    brought = Estate.brought(rehearsals("minimal"), tmp_path)
    yield brought
    if brought.holder.exists():
        brought.run("down")


def refused(told: Outcome) -> str:
    assert told.code == 1, told.text
    assert "Traceback" not in told.text
    return told.text


@pytest.mark.parametrize("command", [("cut",), ("heal", "dc1-aws-edge-a-1"), ("prove",), ("shell", "edge-a", "true")])
def test_without_a_lab_there_is_nothing_to_look_at(estate: Estate, command: tuple[str, ...]) -> None:
    assert refused(estate.run(*command)) == "No lab of minimal is running: `make lab STACK=minimal` starts one.\n"


@pytest.mark.parametrize(
    "words", [("--only=tunel",), ("--patience=soon",), ("--patience",), ("--patience=-1",), ("--patience=nan",)]
)
def test_a_wrong_word_is_told_with_what_is_right(estate: Estate, words: tuple[str, ...]) -> None:
    told = estate.run("up", *words)
    assert told.code == 2
    assert "Traceback" not in told.text
    assert "usage: python -m lab up" in told.text
    assert not estate.holder.exists()


def test_a_stack_that_was_never_rehearsed_is_rehearsed_first(tmp_path: Path) -> None:
    needs_a_lab()
    root = Project.copied(tmp_path).root
    estate = Estate(root, "minimal")
    told = estate.run("up", "--only=tunnel")
    estate.run("down")
    assert told.code == 0, told.text
    assert told.text.startswith("minimal is rehearsed first.\n")
    assert (estate.state / "lab" / "proofs.json").exists()

    again = estate.run("up", "--only=tunnel")
    estate.run("down")
    assert again.code == 0, again.text
    assert not re.search("rehearsed (first|again)", again.text), "once is enough while nobody changes the stack"

    stack_file = root / "stacks" / "Pulumi.minimal.yaml"
    stack_file.write_text(stack_file.read_text(encoding="utf-8").replace("asn: 65010", "asn: 70000000000"))
    changed = refused(estate.run("up", "--only=tunnel"))
    assert changed.startswith("minimal has changed and is rehearsed again.\n")
    assert "sites.dc1.asn" in changed
    assert changed.endswith("Without a rehearsal there is nothing to build a lab from.\n")
    assert estate.living() == []


def test_a_stack_that_does_not_exist_names_those_that_do(tmp_path: Path) -> None:
    needs_a_lab()
    told = refused(Estate(Project.copied(tmp_path).root, "minimel").run("up"))
    assert "Did you mean 'minimal'?" in told


@pytest.mark.parametrize("stack", ["", "..", "../minimal", "a/b", "-x"])
def test_what_is_no_stacks_name_is_a_sentence(tmp_path: Path, stack: str) -> None:
    needs_a_lab()
    estate = Estate(Project.copied(tmp_path).root, stack)
    told = estate.run("up")
    assert told.code in {1, 2}
    assert "Traceback" not in told.text
    assert estate.living() == []


def test_a_root_without_any_project_is_a_sentence(tmp_path: Path) -> None:
    needs_a_lab()
    refused(Estate(tmp_path, "minimal").run("up"))
    refused(Estate(tmp_path / "nowhere", "minimal").run("up"))


DAMAGES: Mapping[str, tuple[str, str | None]] = {
    "a report that is cut off": ("report.json", '{"sites": ['),
    "a report of another age": ("report.json", "{}"),
    "a report that is a list": ("report.json", "[]"),
    "clouds that are no database": ("ledger.sqlite", "not a database" * 100),
    "no clouds": ("ledger.sqlite", None),
    "clouds that hold nothing": ("ledger.sqlite", ""),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_rehearsal_is_told_with_its_remedy(bring: Bring, damage: str) -> None:
    estate = bring("minimal")
    name, text = DAMAGES[damage]
    (estate.state / name).unlink()
    if text is not None:
        (estate.state / name).write_text(text, encoding="utf-8")
    told = refused(estate.run("up"))
    assert "`make rehearse STACK=minimal` does it." in told or "rehearse the stack again." in told
    assert told.endswith("The lab was not built; nothing of it is left.\n")
    assert estate.living() == []


def test_a_gateway_whose_files_are_gone_is_told(bring: Bring) -> None:
    estate = bring("minimal")
    shutil.rmtree(estate.state / "devices")
    assert "is known to the clouds alone: rehearse the stack again." in refused(estate.run("up"))


def lacking(estate: Estate, *steps: str) -> str:
    """What the lab says on a machine that some steps of a shell have made poorer, in namespaces of its own."""
    script = "\n".join(("set -e", *steps, 'exec "$@"'))
    done = subprocess.run(
        unshared("sh", "-c", script, "sh", *estate.command("up")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=estate.environment(),
    )
    assert not estate.holder.exists()
    return refused(Outcome(done.returncode, done.stdout))


def test_a_machine_without_tunnels_in_user_space_is_told_how_to_have_them(estate: Estate) -> None:
    needs_a_lab()
    told = lacking(estate, "mount -t tmpfs tmpfs /dev/net")
    assert told == (
        "/dev/net/tun cannot be opened (No such file or directory), and tunnels in user space need it: `modprobe tun`, "
        "or let the container have it.\n"
    )


def test_a_machine_without_namespaces_is_told_who_could_allow_them(estate: Estate) -> None:
    needs_a_lab()
    told = lacking(estate, "echo 0 > /proc/sys/user/max_net_namespaces")
    assert told.startswith("Namespaces of users, networks and mounts are not to be had (")
    assert told.endswith("allow them to users (`sysctl user.max_user_namespaces`), or run the lab as root.\n")


def test_an_unshare_that_may_not_is_quoted(estate: Estate, tmp_path: Path) -> None:
    needs_a_lab()
    fake = tmp_path / "bin" / "unshare"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    fake.chmod(0o755)
    told = refused(estate.run("up", PATH=f"{fake.parent}:{program('ip').rpartition('/')[0]}:/usr/bin:/bin"))
    assert "(unshare: unshare failed: Operation not permitted)" in told


def test_every_missing_program_is_told_at_once_by_its_package(estate: Estate) -> None:
    needs_a_lab()
    hidden = [program(name) for name in ("vtysh", "swanctl")]
    told = lacking(
        estate,
        *(f"mount --bind /dev/null {path}" for path in hidden),
        "mount -t tmpfs tmpfs /usr/lib/ipsec/plugins",
        "mount -t tmpfs tmpfs /dev/net",
    )
    first, second = told.splitlines()
    assert first == (
        "Programs are missing: install the Debian packages frr, libcharon-extra-plugins, "
        "libstrongswan-standard-plugins, strongswan-swanctl."
    )
    assert second.startswith("/dev/net/tun cannot be opened")
