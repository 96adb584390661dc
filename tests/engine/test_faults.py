"""What a cloud does on a bad day, and what is left of it: never an orphan that nobody names."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.clouds.ledger import Ledger
from tests.conftest import ROOT
from tests.engine.estates import Project

VPN = "aws:ec2/vpnConnection:VpnConnection"


def faults(project: Project, *entries: dict[str, Any]) -> str:
    path = project.root / "faults.yaml"
    path.write_text(yaml.safe_dump(list(entries)), encoding="utf-8")
    return str(path)


def living(project: Project, token: str) -> int:
    return sum(found.type == token for found in project.objects())


def test_a_refused_creation_is_told_and_mended_by_the_next_up(project: Project) -> None:
    fault = {"type": VPN, "operation": "create", "nth": 2, "effect": "fail", "message": "VpnConnectionLimitExceeded"}
    failed = project.run("up", "--faults", faults(project, fault))
    assert failed.code != 0
    assert "VpnConnectionLimitExceeded" in failed.text
    assert "Traceback" not in failed.text
    assert living(project, VPN) == 1
    mended = project.run("up")
    assert mended.code == 0, mended.text
    assert living(project, VPN) == 2


def test_a_throttled_creation_is_asked_again(project: Project) -> None:
    fault = {"type": VPN, "operation": "create", "nth": 1, "effect": "throttle", "times": 2}
    done = project.run("up", "--faults", faults(project, fault))
    assert done.code == 0, done.text
    assert living(project, VPN) == 2


def test_a_slow_answer_is_waited_for(project: Project) -> None:
    fault = {"type": VPN, "operation": "create", "nth": 1, "effect": "slow", "seconds": 2}
    assert project.run("up", "--faults", faults(project, fault)).code == 0


def test_a_creation_whose_answer_is_lost_is_no_silent_orphan(project: Project) -> None:
    """The connection exists, the state does not know it: it is named with what settles it."""
    fault = {"type": VPN, "operation": "create", "nth": 1, "effect": "lose-answer"}
    lost = project.run("up", "--checkpoints", "--faults", faults(project, fault))
    assert lost.code != 0
    with closing(Ledger(project.ledger)) as ledger:
        orphans = {
            found.id: found.urn
            for found in ledger.objects()
            if found.id not in {resource.get("id") for resource in project.exported()["deployment"]["resources"]}
        }
    assert len(orphans) == 1
    for id_, urn in orphans.items():
        assert id_ in lost.text
        assert urn in lost.text


def test_ctrl_c_ends_an_operation_that_hangs(project: Project) -> None:
    fault = {"type": VPN, "operation": "create", "nth": 1, "effect": "hang"}
    command = project.command("up", "--checkpoints", "--faults", faults(project, fault))
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=project.environment()
    )
    try:
        wait_for_operation(project, VPN)
        process.send_signal(signal.SIGINT)
        text, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, text
    assert "Interrupted" in text
    assert "Traceback" not in text
    assert not left_running(project), "no engine, program or plugin is left"


def wait_for_operation(project: Project, token: str) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if project.ledger.exists():
            with closing(Ledger(project.ledger)) as ledger:
                if any(
                    operation.type == token and operation.operation == "create" for operation in ledger.operations()
                ):
                    return
        time.sleep(0.1)
    pytest.fail("the operation never began")


def left_running(project: Project) -> list[str]:
    """Return the command lines of processes that still work on the project."""
    deadline = time.monotonic() + 10
    while True:
        found: list[str] = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    text = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                    if str(project.state).encode() in text:
                        found.append((entry / "cmdline").read_text().replace("\0", " "))
                except OSError:
                    continue
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- {type: x, operation: create, effect: explode}", "effect"),
        ("- {type: x, operation: create, effect: slow}", "seconds"),
        ("{", "faults.yaml"),
    ],
)
def test_a_wrong_fault_is_a_sentence(project: Project, text: str, told: str) -> None:
    (project.root / "faults.yaml").write_text(text, encoding="utf-8")
    done = project.run("up", "--faults", str(project.root / "faults.yaml"))
    assert done.code != 0
    assert told in done.text
    assert "Traceback" not in done.text
    assert project.objects() == []
