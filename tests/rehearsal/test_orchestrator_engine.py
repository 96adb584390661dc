"""Whole rehearsals of a small project of components, with the real engine: nothing here needs a simulated cloud."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """\
import os
import time
from pathlib import Path

import pulumi

config = pulumi.Config("app")


class Part(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("app:index:Part", name)
        self.register_outputs({"colour": config.require("colour")})


for number in range(config.require_int("parts")):
    Part(f"part-{number}")
if config.get_bool("broken"):
    raise ValueError("broken on purpose")
if config.get_bool("slow") and not pulumi.runtime.is_dry_run():
    Path("begun").touch()
    time.sleep(60)


async def main():
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

    def start(self, command: str, *options: str) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"AWS_SECRET_ACCESS_KEY": "leak", "KUBECONFIG": "/leak", "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [sys.executable, "-m", "rehearsal", command, "dev", "--root", str(self.root), *options],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

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


def test_device_texts_are_written_and_stand_nowhere_else(project: Project) -> None:
    text = project.stage / "devices" / "edge-a" / "swanctl.conf"
    assert text.read_text() == "psk = n0t-for-logs"
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
    assert "Interrupted: `up` was told to stop" in output
    assert "Traceback" not in output


def test_a_killed_rehearsal_starts_clean_and_says_so(project: Project) -> None:
    project.configure(STACK + "  app:slow: true\n")
    process = project.start("up")
    wait_for(project.root / "begun", process)
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
    )
    process.kill()
    process.communicate()
    for child in children.stdout.split():
        os.kill(int(child), signal.SIGKILL)
    project.configure(STACK)
    code, output = project.rehearse("up")
    assert code == 0, output
    assert "The last rehearsal was killed during `up`" in output
    assert "created: 3\n" in output


def test_destroy_leaves_nothing_and_no_device_text(project: Project) -> None:
    code, output = project.rehearse("destroy")
    assert code == 0, output
    assert "deleted: 3\n" in output
    assert not (project.stage / "devices").exists()
