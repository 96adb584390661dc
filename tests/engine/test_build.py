"""Which engine is used and how it is built: decided here with fake programs on a PATH of their own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import engine
from engine import build, go, versions

REPOSITORY = Path(engine.__file__).parent.parent
PIN = str(versions.pinned_cli())
GO_PIN = str(versions.pinned_go())
PATIENCE = 60.0
"""Seconds after which a test that waits for another process gives up on it."""

START = f"""#!/bin/sh
"exec" "{sys.executable}" "$0" "$@"
"""
"""The first lines of a program: Python to a shell too, as the name of an interpreter may have spaces."""

FAKE_GO = """
import json, os, pathlib, sys, time
here = pathlib.Path({here!r})
def told(name):
    return (here / name).read_text() if (here / name).exists() else ""
words = sys.argv[1:]
with (here / "calls").open("a") as calls:
    asked = dict((name, os.environ.get(name)) for name in ("CGO_ENABLED", "GOFLAGS", "GOPROXY", "GOTOOLCHAIN"))
    calls.write(json.dumps(dict(words=words, **asked)) + "\\n")
if words == ["version"]:
    print("go version go" + (told("version") or "99.0.0") + " linux/amd64")
elif words == ["env", "GOPROXY"]:
    print("https://proxy.invalid,direct")
elif words[:2] == ["mod", "download"]:
    print(json.dumps(dict(Dir=str(here / "sdk"))))
elif words[0] == "build":
    target = pathlib.Path(words[words.index("-o") + 1])
    target.write_text("half")
    while told("hold") and not told("let go"):
        time.sleep(0.02)
    if told("fault"):
        sys.exit(told("fault"))
    target.write_text("#!/bin/sh\\n")
    target.chmod(0o755)
"""


@dataclass(frozen=True)
class Machine:
    """A machine with nothing but the programs that a test puts on its PATH."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> "Machine":
        """Make one, with the modules that a fake Go will find."""
        made = cls(root)
        made.bin.mkdir()
        for script in build.SCRIPTS:
            (root / "sdk" / script).parent.mkdir(parents=True, exist_ok=True)
            (root / "sdk" / script).write_text("#!/bin/sh\n")
        return made

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    def program(self, name: str, text: str) -> Path:
        """Put a Python program on the PATH."""
        path = self.bin / name
        path.write_text(START + text)
        path.chmod(0o755)
        return path

    def pulumi(self, says: str, *, code: int = 0, host: bool = True) -> Path:
        if host:
            self.program("pulumi-language-python", "")
        return self.program("pulumi", f"print({says!r})\nraise SystemExit({code})\n")

    def go(self, version: str = "") -> None:
        """Put a Go on the PATH that pretends to build."""
        self.program("go", FAKE_GO.format(here=str(self.root)))
        self.tell("version", version)

    def tell(self, what: str, text: str) -> None:
        """Tell the fake Go how to behave."""
        (self.root / what).write_text(text)

    def calls(self, word: str) -> list[dict[str, object]]:
        """Return the fake Go's calls of a kind."""
        file = self.root / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [call for call in map(json.loads, lines) if call["words"][0] == word]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `python -m engine` in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "engine", *arguments], cwd=REPOSITORY, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def engines(self) -> list[str]:
        """Return the names of what looks like an engine in the cache."""
        return sorted(path.name for path in (self.cache / "engine").glob("[!.]*") if path.is_dir())


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    made = Machine.at(tmp_path)
    monkeypatch.setenv("PATH", str(made.bin))
    monkeypatch.setenv("HYBRIDGE_CACHE", str(made.cache))
    yield made
    made.tell("let go", "yes")  # a fake Go whose builder was killed ends too


def until(happened: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def forbid_installing(machine: Machine) -> None:
    """Make uv fail as it does without a network."""
    machine.program("uv", 'import sys; sys.exit("error: Could not connect, are you offline?")')


class TestTheOneOnPath:
    @pytest.mark.parametrize("says", [f"v{PIN}", "v3.9999.0", "3.9999.1\nwarning: a newer version is out"])
    def test_it_is_used_when_new_enough(self, machine: Machine, says: str) -> None:
        machine.go()
        path = machine.pulumi(says)
        found = engine.ensure()
        assert (found.pulumi, found.bin, found.built) == (path, machine.bin, False)
        assert not machine.calls("build")

    @pytest.mark.parametrize(
        ("says", "code", "host", "reason"),
        [
            ("v3.100.0", 0, True, "is version 3.100.0"),
            ("v4.0.0", 0, True, "is version 4.0.0"),
            (f"v{PIN}-alpha.1", 0, True, f"{PIN} or newer"),
            ("what is a version?", 0, True, "does not say which version"),
            (f"v{PIN}", 1, True, "does not say which version"),
            (f"v{PIN}", 0, False, "no pulumi-language-python beside it"),
        ],
    )
    def test_it_is_passed_over_with_a_reason(
        self, machine: Machine, *, says: str, code: int, host: bool, reason: str
    ) -> None:
        machine.go()
        machine.pulumi(says, code=code, host=host)
        said: list[str] = []
        found = engine.ensure(said.append)
        assert found.built
        assert any(reason in sentence for sentence in said), said

    def test_one_that_cannot_be_run_is_passed_over(self, machine: Machine) -> None:
        machine.go()
        machine.pulumi("").write_text("no program at all")
        assert engine.ensure().built


class TestBuilding:
    def test_it_builds_once_and_finds_it_again(self, machine: Machine) -> None:
        machine.go()
        said: list[str] = []
        first = engine.ensure(said.append)
        assert first.version == PIN
        assert first.bin.is_relative_to(machine.cache / "engine")
        assert sorted(path.name for path in first.bin.iterdir()) == [
            "pulumi",
            "pulumi-language-python",
            "pulumi-language-python-exec",
            "pulumi-language-python-launch",
            "pulumi-resource-pulumi-python",
        ]
        assert all(os.access(path, os.X_OK) for path in first.bin.iterdir())
        assert "There is no pulumi on PATH." in said
        built = len(machine.calls("build"))
        assert engine.ensure() == first
        assert len(machine.calls("build")) == built == 2

    def test_it_takes_modules_from_a_proxy_alone_and_changes_no_pin(self, machine: Machine) -> None:
        machine.go()
        engine.ensure()
        for call in machine.calls("build"):
            assert call["GOPROXY"] == "https://proxy.invalid"
            assert call["GOTOOLCHAIN"] == "local"
            assert call["CGO_ENABLED"] == "0"
            assert {"-mod=readonly", "-modcacherw", "-trimpath"} <= set(str(call["GOFLAGS"]).split())

    def test_another_source_is_another_engine(
        self, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        machine.go()
        copy = tmp_path / "module"
        shutil.copytree(versions.MODULE, copy)
        monkeypatch.setattr(build, "MODULE", copy)
        first = engine.ensure()
        (copy / "language-python" / "new_test.go").write_text("package main\n")
        assert engine.ensure() == first
        (copy / "language-python" / "new.go").write_text("package main\n")
        assert engine.ensure().bin != first.bin
        assert first.pulumi.exists()

    @pytest.mark.parametrize(
        ("fault", "sentence"),
        [
            ("./run.go:12:3: undefined: nothing", "could not be built"),
            ("go: github.com/a/b@v1.0.0: reading https://proxy.invalid: 403 Forbidden", "could not be downloaded"),
            ("compile: writing output: no space left on device", "The disk is full"),
        ],
    )
    def test_a_failure_is_a_sentence_and_leaves_no_engine(self, machine: Machine, fault: str, sentence: str) -> None:
        machine.go()
        machine.tell("fault", fault)
        with pytest.raises(engine.EngineError) as caught:
            engine.ensure()
        assert sentence in str(caught.value)
        assert "\n" not in str(caught.value)
        log = Path(str(caught.value).rpartition("The log is ")[2].removesuffix("."))
        assert fault in log.read_text()
        assert machine.engines() == []
        machine.tell("fault", "")
        assert engine.ensure().pulumi.exists()

    def test_an_engine_that_lost_a_part_is_built_again(self, machine: Machine) -> None:
        machine.go()
        (engine.ensure().bin / "pulumi-language-python").unlink()
        assert (engine.ensure().bin / "pulumi-language-python").exists()

    def test_a_cache_that_cannot_be_written_is_named(self, machine: Machine) -> None:
        machine.go()
        machine.cache.write_text("a file where the directory should be")
        with pytest.raises(engine.EngineError, match="HYBRIDGE_CACHE"):
            engine.ensure()


class TestGo:
    FAKE_UV = """
import pathlib, shutil, sys
assert "--require-hashes" in sys.argv and sys.argv[-1].endswith("go-toolchain.txt"), sys.argv
place = pathlib.Path(sys.argv[sys.argv.index("--target") + 1]) / "go" / "bin"
place.mkdir(parents=True)
source = pathlib.Path({source!r})
(place / "go").write_text(source.read_text())
(place / "go").chmod(0o755)
with (source.parent / "installed").open("a") as installed:
    installed.write("once ")
"""

    def offer_go(self, machine: Machine) -> None:
        """Let uv install the fake Go."""
        source = machine.root / "packaged-go"
        source.write_text(START + FAKE_GO.format(here=str(machine.root)))
        machine.program("uv", self.FAKE_UV.format(source=str(source)))

    @pytest.mark.parametrize("on_path", [None, "1.20.0", "what is a version?"])
    def test_it_is_installed_once_where_none_is_new_enough(self, machine: Machine, on_path: str | None) -> None:
        if on_path:
            machine.program("go", f"print('go version go{on_path} linux/amd64')")
        self.offer_go(machine)
        found = engine.ensure()
        assert found.built
        shutil.rmtree(found.bin.parent)
        assert engine.ensure() == found
        assert (machine.root / "installed").read_text().split() == ["once"]

    def test_it_is_taken_from_path_when_just_new_enough(self, machine: Machine) -> None:
        machine.go(GO_PIN)
        forbid_installing(machine)
        assert engine.ensure().built

    @pytest.mark.parametrize("on_path", [None, "1.20.0"])
    def test_where_there_is_none_and_none_can_be_installed_a_sentence_says_so(
        self, machine: Machine, on_path: str | None
    ) -> None:
        if on_path:
            machine.go(on_path)
        forbid_installing(machine)
        with pytest.raises(engine.EngineError, match="are you offline") as caught:
            engine.ensure()
        assert "install Go, or a pulumi, on PATH" in str(caught.value)
        assert machine.engines() == []
        assert not list((machine.cache / "go").glob("*/"))

    def test_the_pinned_one_is_new_enough_for_the_module(self) -> None:
        pinned = versions.parse(go.TOOLCHAIN.read_text().partition("==")[2])
        assert pinned is not None
        assert pinned >= versions.pinned_go()


class TestInterruption:
    def test_two_that_build_at_once_build_once(self, machine: Machine) -> None:
        machine.go()
        machine.tell("hold", "yes")
        first = machine.start()
        until(lambda: machine.calls("build"))
        second = machine.start()
        errors = second.stderr
        assert errors is not None
        until(lambda: "waiting for it" in errors.readline())
        machine.tell("let go", "yes")
        outputs = [process.communicate(timeout=PATIENCE)[0] for process in (first, second)]
        assert [first.returncode, second.returncode] == [0, 0]
        assert outputs[0] == outputs[1] != ""
        assert len(machine.calls("build")) == 2

    @pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
    def test_a_build_that_was_stopped_is_never_taken_for_an_engine(self, machine: Machine, by: signal.Signals) -> None:
        machine.go()
        machine.tell("hold", "yes")
        builder = machine.start()
        until(lambda: list((machine.cache / "engine").glob(".*unfinished*/bin/*")))
        builder.send_signal(by)
        errors = builder.communicate(timeout=PATIENCE)[1] if by == signal.SIGINT else ""
        assert builder.wait(PATIENCE) == (130 if by == signal.SIGINT else -by)
        assert "Traceback" not in errors
        assert machine.engines() == []
        machine.tell("let go", "yes")
        assert engine.ensure().pulumi.read_text() == "#!/bin/sh\n"
        assert list((machine.cache / "engine").glob(".*unfinished*")) == []


class TestCommand:
    def run(self, machine: Machine, *arguments: str) -> tuple[int, str, str]:
        process = machine.start(*arguments)
        output, errors = process.communicate(timeout=PATIENCE)
        return process.returncode, output, errors

    def test_the_last_line_of_its_output_is_the_directory(self, machine: Machine) -> None:
        machine.go()
        code, output, errors = self.run(machine)
        assert code == 0
        assert Path(output.splitlines()[-1]) == engine.ensure().bin
        assert "Building the Pulumi CLI" in errors
        assert self.run(machine, "--pulumi")[1].strip() == str(engine.ensure().pulumi)

    def test_checking_builds_nothing(self, machine: Machine) -> None:
        machine.go()
        code, output, errors = self.run(machine, "--check")
        assert (code, output) == (1, "")
        assert "There is no engine yet" in errors
        assert not machine.calls("build")

    def test_a_failure_is_one_sentence_and_no_traceback(self, machine: Machine) -> None:
        forbid_installing(machine)
        code, output, errors = self.run(machine)
        assert (code, output) == (1, "")
        assert errors.splitlines()[-1].startswith("error: Go is needed")
        assert "Traceback" not in errors

    def test_an_old_python_is_told_so(self) -> None:
        old = "import sys; sys.version_info = (3, 9, 18, 'final', 0); import engine"
        result = subprocess.run(
            [sys.executable, "-c", old], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert result.returncode == 1
        assert result.stderr.strip() == f"hybridge needs Python 3.11 or newer; {sys.executable} is 3.9."
