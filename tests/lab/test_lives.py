"""A lab lives in one process, and nothing of it outlives that one: no process, no namespace, no mount.

HYBRIDGE_LAB_KILLS says how often a lab is killed while it is built (2 by default), HYBRIDGE_LAB_KILLS_SEED from where
the moments are drawn.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import ROOT
from tests.lab.conftest import Bring
from tests.lab.labs import Estate, namespaces, namespaces_kept, processes, wait_for

KILLS: Final = int(os.environ.get("HYBRIDGE_LAB_KILLS", "2"))
SEED: Final = int(os.environ.get("HYBRIDGE_LAB_KILLS_SEED", "20261128"))
BUILD_SECONDS: Final = 3.0
"""What building a lab takes, about."""


@pytest.fixture
def estate(bring: Bring) -> Iterator[Estate]:
    """The smallest estate; whatever a test leaves of its lab ends with the test."""
    brought = bring("minimal")
    yield brought
    brought.run("down")


def mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()


def one_sentence(text: str) -> str:
    """What a command told, which is one line."""
    (line,) = text.splitlines()
    assert line.endswith(".")
    return line


def assert_nothing_is_left(estate: Estate, seen: set[str], before: list[str]) -> None:
    assert wait_for(lambda: not estate.living()), estate.living()
    assert wait_for(lambda: seen.isdisjoint(namespaces(list(processes()))))
    assert mounts() == before


def read_until(process: subprocess.Popen[str], sentence: str) -> str:
    """What a command tells until it tells this, or ends."""
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if sentence in line:
            break
    return told


def words_of(process: int) -> list[str]:
    try:
        return (Path("/proc") / str(process) / "cmdline").read_text(encoding="utf-8").split("\0")
    except OSError:
        return []


def up(estate: Estate, proof: str = "tunnel") -> subprocess.Popen[str]:
    """Begin to bring a lab up, as the first of a group of processes, like a shell does."""
    return subprocess.Popen(
        estate.command("up", f"--only={proof}"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=estate.environment(),
        start_new_session=True,
    )


def machines(estate: Estate) -> set[int]:
    """The process that each machine is, and stays: what looks for routes on gateways comes and goes."""
    return {process for process in estate.living() if command_of(process) == ["sleep", "infinity"]}


def command_of(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8").split("\0")[:-1]
    except OSError:
        return []


def test_a_lab_comes_up_and_ends_without_a_trace(estate: Estate) -> None:
    before = mounts()
    told = estate.run("up", "--only=tunnel")
    assert told.code == 0, told.text
    living = machines(estate)
    assert len(living) > 10, "it has machines"
    assert mounts() == before, "what the lab mounts it mounts for itself"

    again = estate.run("up", "--only=tunnel")
    assert again.code == 1
    assert one_sentence(again.text) == "A lab of minimal is running: `make lab-down STACK=minimal` ends it."
    assert machines(estate) == living, "the one that runs is left alone"

    with namespaces_kept(estate.living()) as seen:
        assert len(seen) > 20, "each machine has namespaces of its own"
        assert estate.run("down").code == 0
        assert_nothing_is_left(estate, seen, before)
    twice = estate.run("down")
    assert (twice.code, one_sentence(twice.text)) == (0, "No lab of minimal is running.")


def test_ways_are_cut_and_healed_and_machines_looked_at_by_name(estate: Estate) -> None:
    assert estate.run("up", "--only=bgp").code == 0
    for command in ("cut", "heal"):
        wrong = estate.run(command, "dc1-aws-edge-c-1")
        assert wrong.code == 1
        assert one_sentence(wrong.text).startswith(
            "There is no tunnel `dc1-aws-edge-c-1`. There are dc1-aws-edge-a-1, "
        )
    wrong = estate.run("shell", "edge-c")
    assert wrong.code == 1
    assert one_sentence(wrong.text).startswith("There is no machine `edge-c`. There are aws-east, ")

    one = estate.run("cut", "dc1-aws-edge-a-1")
    assert (one.code, one.text) == (0, "dc1-aws-edge-a-1: cut\n")
    assert not answers(estate, "edge-a", "169.254.6.1")
    assert answers(estate, "edge-a", "169.254.6.5"), "the other tunnel is left alone"
    assert estate.run("heal", "dc1-aws-edge-a-1").text == "dc1-aws-edge-a-1: whole\n"
    assert answers(estate, "edge-a", "169.254.6.1")

    every = estate.run("cut")
    assert every.code == 0
    assert len(every.text.splitlines()) == 4
    told = estate.run("prove", "--only=reach", "--patience=1")
    assert told.code == 1, told.text
    assert {each["found"] for each in estate.verdicts().values()} == {"0 answers"}
    assert estate.run("heal").code == 0
    told = estate.run("prove", "--only=reach")
    assert told.code == 0, told.text


def answers(estate: Estate, machine: str, address: str) -> bool:
    return estate.run("shell", machine, "ping", "-c", "3", "-i", "0.1", "-W", "1", address).code == 0


def test_a_command_in_the_lab_has_its_own_exit_code_and_its_own_machine(estate: Estate) -> None:
    assert estate.run("up", "--only=tunnel").code == 0
    assert estate.run("shell", "edge-a", "sh", "-c", "exit 7").code == 7
    assert estate.run("shell", "edge-b", "hostname").text == "edge-b\n"
    assert "203.0.113.10/32" in estate.run("shell", "edge-a", "ip", "-4", "address", "show", "dev", "lo").text
    said = estate.run("shell", "edge-a", "swanctl", "--list-sas").text
    assert {line.partition(":")[0] for line in said.splitlines() if "ESTABLISHED" in line} == {
        "dc1-aws-edge-a-1",
        "dc1-aws-edge-a-2",
    }, "a gateway tells of all its tunnels, wherever they end"


def test_nothing_on_a_machine_changes_what_is_not_the_labs(estate: Estate, tmp_path: Path) -> None:
    """Be it root's: no file but below /tmp, which is for who looks around, and no setting of the kernel's own."""
    assert estate.run("up", "--only=tunnel").code == 0
    before = Path("/proc/sys/kernel/panic").read_text(encoding="ascii")
    for step in ("touch /usr/lib/lab-was-here", "touch /opt/lab-was-here", "sysctl -w kernel.panic=77"):
        assert estate.run("shell", "edge-a", "sh", "-c", step).code != 0, step
    for step in (f"touch {tmp_path}/noted", "touch /etc/own /run/own", "sysctl -w net.ipv4.tcp_mtu_probing=1"):
        assert estate.run("shell", "edge-a", "sh", "-c", step).code == 0, step
    assert Path("/proc/sys/kernel/panic").read_text(encoding="ascii") == before
    assert not Path("/etc/own").exists()
    assert estate.run("shell", "edge-b", "sysctl", "-n", "net.ipv4.tcp_mtu_probing").text == "0\n"


def test_two_commands_do_not_prove_at_once(estate: Estate) -> None:
    """Each would cut what the other one measures."""
    assert estate.run("up", "--only=bgp").code == 0
    first = subprocess.Popen(
        estate.command("prove", "--only=rotation"),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=estate.environment(),
    )
    read_until(first, "keys changed")
    second = estate.run("prove", "--only=reach")
    assert (second.code, one_sentence(second.text)) == (
        1,
        "This lab is being proven by another command at this moment.",
    )
    told, _ = first.communicate(timeout=120)
    assert "4 proofs hold" in told, "the first one goes on"


def test_a_lab_whose_holder_is_killed_is_gone_and_can_be_built_again(estate: Estate) -> None:
    before = mounts()
    assert estate.run("up", "--only=tunnel").code == 0
    with namespaces_kept(estate.living()) as seen:
        os.kill(json.loads(estate.holder.read_text(encoding="utf-8"))["pid"], signal.SIGKILL)
        assert_nothing_is_left(estate, seen, before)
    for command in (("cut",), ("heal",), ("prove",), ("shell", "edge-a")):
        told = estate.run(*command)
        assert (told.code, one_sentence(told.text)) == (
            1,
            "No lab of minimal is running: `make lab STACK=minimal` starts one.",
        )
    again = estate.run("up", "--only=tunnel")
    assert again.code == 0, again.text


def test_a_holder_file_of_another_process_ends_nobody(estate: Estate) -> None:
    """As after the machine was started again: the number may be anybody's now."""
    estate.holder.parent.mkdir()
    estate.holder.write_text(json.dumps({"outer": 1, "pid": os.getpid(), "started": 1}), encoding="utf-8")
    told = estate.run("down")
    assert (told.code, told.text) == (0, "No lab of minimal is running.\n")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', "null"])
def test_a_damaged_holder_file_is_no_lab(estate: Estate, text: str) -> None:
    estate.holder.parent.mkdir()
    estate.holder.write_text(text, encoding="utf-8")
    told = estate.run("cut")
    assert told.code == 1
    assert "No lab of minimal is running" in one_sentence(told.text)


WAYS: Final = {
    "killed": (signal.SIGKILL, False),
    "killed with all it started": (signal.SIGKILL, True),
    "interrupted": (signal.SIGINT, False),
    "interrupted at a terminal": (signal.SIGINT, True),
    "terminated": (signal.SIGTERM, False),
}
"""How the command ends: by which signal, and whether everything that runs in its terminal hears it."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.timeout(120 + 30 * KILLS)
def test_a_command_that_ends_while_it_builds_leaves_nothing(estate: Estate, way: str) -> None:
    draw = random.Random(f"{SEED} {way}")  # noqa: S311 - moments, not secrets
    number, everything = WAYS[way]
    before = mounts()
    for _ in range(KILLS):
        moment = draw.uniform(0, BUILD_SECONDS)
        process = up(estate)
        began = read_until(process, "Lab of minimal")
        time.sleep(moment)
        with namespaces_kept(estate.living()) as seen:
            (os.killpg if everything else os.kill)(process.pid, number)
            told = began + process.communicate(timeout=30)[0]
            assert "Traceback" not in told, f"after {moment:.2f} s: {told}"
            if "built in" in told:
                # It was proving already: what has been built stays until somebody ends it.
                assert "A lab of minimal is running" in estate.run("up").text
                estate.run("down")
            assert_nothing_is_left(estate, seen, before)
    again = estate.run("up", "--only=tunnel")
    assert again.code == 0, again.text


@pytest.mark.parametrize(("everything", "after"), [(False, 0.0), (True, 1.0)])
def test_an_interrupted_proof_leaves_the_lab_as_it_was(estate: Estate, everything: bool, after: float) -> None:
    """At once, when it has hardly begun, and with ICMP dropped on every machine for a transfer."""
    process = up(estate, "transfer")
    told = read_until(process, "built in")
    time.sleep(after)
    (os.killpg if everything else os.kill)(process.pid, signal.SIGINT)
    told += process.communicate(timeout=30)[0]
    assert process.returncode == 130
    assert "Traceback" not in told
    assert told.splitlines()[-1] == "Interrupted."
    assert wait_for(lambda: not [each for each in estate.living() if "lab.inside" in words_of(each)])
    again = estate.run("prove", "--only=reach")
    assert again.code == 0, again.text


BROKEN: Final = {
    "interfaces.sh": ("nft -f", "nft -x", "The network of edge-a failed: "),
    "nftables.conf": ("chain clamp {", "chain clamp", "The network of edge-a failed: "),
    "frr.conf": ("remote-as 64512", "remote-is 64512", "The start of edge-a failed: "),
    "swanctl.conf": ("version = 2", "version = two", "The start of dc1-aws-edge-a-"),
}
"""Words of a gateway's file, others that its program refuses, and what the lab says then."""


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_its_program_refuses_is_named_and_nothing_is_left(estate: Estate, name: str) -> None:
    old, new, sentence = BROKEN[name]
    estate.edit("edge-a", name, old, new)
    told = estate.run("up", "--only=tunnel")
    assert told.code == 1
    assert "Traceback" not in told.text
    assert sentence in told.text
    assert told.text.endswith("The lab was not built; nothing of it is left.\n")
    assert wait_for(lambda: not estate.living())
    assert not estate.holder.exists()
