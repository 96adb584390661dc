"""Whole rehearsals of a small project of components and one random name, with the real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT

PROGRAM = """\
import os
import time
from pathlib import Path

import pulumi
import pulumi_random as random

config = pulumi.Config("app")


class Part(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("app:index:Part", name)
        self.register_outputs({"colour": config.require("colour")})


for number in range(config.require_int("parts")):
    Part(f"part-{number}")
if config.get_bool("broken"):
    raise ValueError("broken on purpose")


async def main():
    if config.get_bool("named"):
        await random.RandomPet("name").id.future()
    if config.get_bool("slow") and not pulumi.runtime.is_dry_run():
        Path("begun").touch()
        time.sleep(60)
    return {
        "cwd": os.getcwd(),
        "home": os.environ["HOME"],
        "leaks": [name for name in ("AWS_SECRET_ACCESS_KEY", "KUBECONFIG") if name in os.environ],
        "password": config.require_secret("password"),
        "devices": pulumi.Output.secret({"edge-a": {"swanctl.conf": "psk = n0t-for-logs"}}),
        "diagram": "graph LR",
    }


pulumi.run(main)
"""
STACK = """\
encryptionsalt: v1:of-the-real-stack
config:
  app:parts: 3
  app:colour: blue
  app:password: {secure: ciphertext-of-the-real-stack}
"""


class Project:
    """A project on disk and rehearsals of its one stack."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "stacks").mkdir(parents=True)
        (root / "Pulumi.yaml").write_text(
            "name: parts\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
            "stackConfigDir: stacks\n"
        )
        (root / "__main__.py").write_text(PROGRAM)
        self.configure(STACK)

    def configure(self, text: str) -> None:
        (self.root / "stacks" / "Pulumi.dev.yaml").write_text(text)

    def start(self, command: str, *options: str, orchestrator: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {
            "AWS_SECRET_ACCESS_KEY": "leak",
            "KUBECONFIG": "/leak",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'components'}",
        }
        return subprocess.Popen(
            [
                sys.executable,
                *(orchestrator or ("-m", "rehearsal")),
                command,
                "dev",
                "--root",
                str(self.root),
                *options,
            ],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def update_until_begun(self, *options: str) -> tuple[subprocess.Popen[str], int]:
        """An `up` whose program has made its name and sleeps, and its engine."""
        self.configure(STACK + "  app:named: true\n  app:slow: true\n")
        process = self.start("up", *options)
        wait_for(self.root / "begun", process)
        self.configure(STACK + "  app:named: true\n")
        ps = ["ps", "-o", "pid=", "--ppid", str(process.pid)]
        [engine] = subprocess.run(ps, capture_output=True, text=True, check=True).stdout.split()
        return process, int(engine)

    def rehearse(self, command: str, *options: str) -> tuple[int, str]:
        process = self.start(command, *options)
        output, _ = process.communicate()
        return process.returncode, output

    def outputs(self) -> dict[str, object]:
        code, text = self.rehearse("export")
        assert code == 0, text
        state = json.loads(text[text.index("{") :])
        [stack] = [item for item in state["deployment"]["resources"] if item["type"] == "pulumi:pulumi:Stack"]
        return stack["outputs"]

    @property
    def stage(self) -> Path:
        return self.root / ".rehearsal" / "dev"


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    return Project(tmp_path / "parts")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    # a space and an umlaut in the path: people have them in theirs
    return Project(tmp_path_factory.mktemp("a project für tests") / "parts")


def test_a_first_up_says_what_it_is_and_names_what_it_created(project: Project) -> None:
    code, output = project.rehearse("up")
    assert code == 0, output
    assert output.splitlines()[0] == (
        "Rehearsal of dev: simulated clouds, no credentials used, nothing real is touched."
    )
    assert "There is no policy/PulumiPolicy.yaml: rehearsing without policies.\n" in output
    assert "created: 3\n" in output
    assert "app:index:Part  part-0, part-1, part-2" in output


def test_the_program_finds_itself_where_it_would_really_run(project: Project) -> None:
    outputs = project.outputs()
    assert outputs["cwd"] == str(project.root)
    assert outputs["rehearsed"] is True
    assert outputs["home"] == str(project.stage / "home")
    assert outputs["leaks"] == []


def test_a_secret_is_a_stand_in_and_still_secret(project: Project) -> None:
    password = project.outputs()["password"]
    assert isinstance(password, dict)
    assert "ciphertext" in password
    staged = (project.stage / "project" / "stacks" / "Pulumi.dev.yaml").read_text()
    assert "of-the-real-stack" not in staged


def test_device_configurations_are_written_and_stand_nowhere_else(project: Project) -> None:
    text = project.stage / "devices" / "edge-a" / "swanctl.conf"
    assert text.read_text().splitlines() == [
        "# MADE BY A REHEARSAL of dev: its keys and the cloud's addresses are invented.",
        "psk = n0t-for-logs",
    ]
    holders = [path for path in project.stage.rglob("*") if path.is_file() and b"n0t-for-logs" in path.read_bytes()]
    assert holders == [text]


def test_a_second_up_changes_nothing_and_says_so(project: Project) -> None:
    code, output = project.rehearse("up")
    assert code == 0, output
    assert "Nothing changed.\n" in output


def test_a_broken_program_changes_nothing_and_its_error_is_plain(project: Project) -> None:
    project.configure(STACK + "  app:broken: true\n")
    code, output = project.rehearse("up")
    project.configure(STACK)
    assert code == 1
    assert "ValueError: broken on purpose" in output
    assert "nothing was created or changed" in output
    assert "<frozen runpy>" not in output


def test_status_tells_the_last_run_again(project: Project) -> None:
    code, output = project.rehearse("status")
    assert code == 0, output
    assert ".rehearsal/dev/devices/edge-a/swanctl.conf" in output


def test_a_malformed_stack_file_is_a_sentence(project: Project) -> None:
    project.configure("config:\n\tapp:parts: 3\n")
    code, output = project.rehearse("up")
    project.configure(STACK)
    assert code == 1
    assert "line 2" in output
    assert "Traceback" not in output


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, "the rehearsal ended early"
        time.sleep(0.05)
    path.unlink()


def test_an_interrupt_is_passed_on_and_told_in_a_sentence(project: Project) -> None:
    project.configure(STACK + "  app:slow: true\n")
    process = project.start("up")
    wait_for(project.root / "begun", process)
    code_meanwhile, meanwhile = project.rehearse("status")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    project.configure(STACK)
    assert code_meanwhile == 1
    assert "Another rehearsal of 'dev' is running" in meanwhile
    assert process.returncode == 130
    assert "Interrupted during `up`, and the engine has ended." in output
    assert "Traceback" not in output


def test_destroy_leaves_nothing_and_no_device_configuration(project: Project) -> None:
    code, output = project.rehearse("destroy")
    assert code == 0, output
    assert "deleted: 3\n" in output
    assert not (project.stage / "devices").exists()


# Runs the command and kills it, as it begins to make the stack or once that is made: the engine outlives it.
KILLED = """
import os, signal, subprocess, sys
from rehearsal import pulumi_cli
from rehearsal.__main__ import main

class Popen(subprocess.Popen):
    def __init__(self, command, **options):
        super().__init__(command, **options)
        if command[1:3] == ["stack", "init"]:
            {moment}os.kill(os.getpid(), signal.SIGKILL)

pulumi_cli.subprocess.Popen = Popen
sys.exit(main())
"""


@pytest.mark.parametrize("moment", ["", "self.wait(); "], ids=["as it begins", "once it is made"])
def test_a_first_rehearsal_that_was_killed_while_it_made_its_stack_starts_clean(fresh: Project, moment: str) -> None:
    killed = fresh.start("up", orchestrator=("-c", KILLED.format(moment=moment)))
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    code, output = fresh.rehearse("up")
    assert code == 0, output
    assert "is discarded, and this one starts clean" in output
    assert "created: 3\n" in output
    code, output = fresh.rehearse("up")
    assert "discarded" not in output


def test_a_command_on_what_is_there_finds_nothing_where_the_first_rehearsal_was_killed(fresh: Project) -> None:
    fresh.start("up", orchestrator=("-c", KILLED.format(moment="self.wait(); "))).communicate()
    code, output = fresh.rehearse("destroy")
    assert code == 1
    assert "There is nothing of 'dev'" in output
    assert "Traceback" not in output


def test_no_executable_that_the_project_names_ever_runs(fresh: Project) -> None:
    real = fresh.root / "real"
    real.mkdir()
    for name in ("pulumi-resource-random", "pulumi-language-python", "pulumi-analyzer-judge"):
        (real / name).write_text(f"#!/bin/sh\ntouch '{fresh.root}/ran'\nexit 1\n")
        (real / name).chmod(0o755)
    declared = (fresh.root / "Pulumi.yaml").read_text()
    (fresh.root / "Pulumi.yaml").write_text(
        declared
        + "plugins:\n  providers: [{name: random, path: real}]\n  languages: [{name: python, path: real}]\n"
        + "  analyzers: [{name: judge, path: real}]\npackages: {random: ./real}\n"
    )
    fresh.configure(STACK + "  app:named: true\n")
    code, output = fresh.rehearse("up")
    assert code == 0, output
    assert "created: 5\n" in output
    assert "`plugins` of Pulumi.yaml is left out" in output
    assert "`packages` of Pulumi.yaml is left out" in output
    assert not (fresh.root / "ran").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT], ids=["killed", "panic"])
def test_an_engine_that_ends_before_it_has_written_its_state_is_never_trusted(
    fresh: Project, number: signal.Signals
) -> None:
    process, engine = fresh.update_until_begun()
    os.kill(engine, number)  # SIGQUIT ends a Go program as a panic does: exit code 2, and nothing written
    output, _ = process.communicate()
    assert process.returncode == 1
    end = "was killed (signal 9)" if number is signal.SIGKILL else "failed (exit code 2)"
    assert f"The engine {end} during `up`." in output
    assert "the next rehearsal of 'dev' starts clean" in output
    code, output = fresh.rehearse("up")
    assert code == 0, output
    assert "The last rehearsal was killed during `up`" in output
    assert "created: 5\n" in output


def test_a_killed_rehearsal_starts_clean_and_says_so(fresh: Project) -> None:
    process, engine = fresh.update_until_begun()
    process.kill()
    process.communicate()
    os.kill(engine, signal.SIGKILL)
    code, output = fresh.rehearse("up")
    assert code == 0, output
    assert "The last rehearsal was killed during `up`" in output
    assert "created: 5\n" in output


@pytest.mark.parametrize("options", [(), ("--checkpoints",)], ids=["plain", "checkpoints"])
def test_the_run_after_an_interrupted_one_goes_on(fresh: Project, options: tuple[str, ...]) -> None:
    process, _ = fresh.update_until_begun(*options)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    # A signal that comes while Python itself is ending ends it; a shell calls both 130.
    assert process.returncode in (130, -signal.SIGINT), output
    assert "Nothing that it did is lost: run it again to go on." in output
    assert "Orphan" not in output
    code, output = fresh.rehearse("up", *options)
    assert code == 0, output
    assert "discarded" not in output
    assert "random:index:RandomPet" not in output, "it exists, and the state says so"
    assert "the simulated clouds hold 1 object, and the state says the same" in output


def test_the_run_after_one_that_was_made_to_drop_everything_starts_clean(fresh: Project) -> None:
    process, _ = fresh.update_until_begun()
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    output, _ = process.communicate()
    # A signal that comes while Python itself is ending ends it; a shell calls both 130.
    assert process.returncode in (130, -signal.SIGINT), output
    code, again = fresh.rehearse("up")
    assert code == 0, again
    assert ("starts clean" in output) == ("starts clean" in again), "what is said is what is done"
    assert "the simulated clouds hold 1 object, and the state says the same" in again
