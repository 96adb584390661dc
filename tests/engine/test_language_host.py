"""The Python language host that engine/ builds, driven by the real CLI with programs that need no cloud."""

import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import textwrap
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import engine

GO_NOISE = ("goroutine ", "panic:", "rpc error", "exit status", ".go:")
PATIENCE = 60.0
"""Seconds after which a test that waits for a process gives up on it."""

RESOURCE = """
    import pulumi

    class Part(pulumi.ComponentResource):
        def __init__(self, name):
            super().__init__("tiny:index:Part", name)
            self.register_outputs({})
"""


@dataclass(frozen=True)
class Result:
    """How a command ended, and everything it said."""

    code: int
    text: str

    def diagnostics(self) -> list[str]:
        """Return the lines of the closing summary that report an error."""
        _, _, summary = self.text.partition("Diagnostics:")
        return [line.strip() for line in summary.splitlines() if "error:" in line]


@dataclass(frozen=True)
class Project:
    """A Pulumi project with a stack `dev` of its own."""

    directory: Path
    environment: dict[str, str]
    options: dict[str, str] = field(default_factory=dict)

    def write(self, program: str, **options: str) -> None:
        """Write the program, and runtime options in place of the usual virtualenv."""
        lines = [f"    {key}: {value}" for key, value in (options or self.options).items()]
        settings = ["name: tiny", "runtime:", "  name: python", "  options:", *lines]
        (self.directory / "Pulumi.yaml").write_text("\n".join(settings) + "\n")
        (self.directory / "__main__.py").write_text(textwrap.dedent(program))

    def run(self, *arguments: str) -> Result:
        """Run a command of the CLI to its end."""
        done = subprocess.run(
            self._command(*arguments), cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=PATIENCE * 2,
        )  # fmt: skip
        return Result(done.returncode, done.stdout)

    def preview(self, *arguments: str) -> Result:
        """Preview the stack."""
        return self.run("preview", "--stack", "dev", *arguments)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command; kill it at the end, whatever happens."""
        process = subprocess.Popen(
            self._command(*arguments), cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def saw(self, name: str) -> str:
        """Return what the program left in a file."""
        return (self.directory / name).read_text()

    def _command(self, *arguments: str) -> list[str]:
        return [self.environment["PULUMI"], *arguments, "--non-interactive", "--color=never"]


@pytest.fixture(scope="module")
def built() -> engine.Engine:
    found = engine.ensure()
    if not found.built:
        pytest.skip("the pulumi on PATH brings the vendor's own language host")
    return found


@pytest.fixture(scope="module")
def virtualenv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has the Pulumi SDK and no provider's: the engine would want the provider's plugin."""
    place = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(place, symlinks=True, with_pip=False)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(place), "platbase": str(place)}))
    wanted, entries = ["pulumi", "pulumi-policy"], {}
    seen: set[str] = set()
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in seen:
            continue
        seen.add(name)
        distribution = importlib.metadata.distribution(name)
        for path in distribution.files or []:
            if path.parts[0] not in {"..", "__pycache__"}:
                entries[path.parts[0]] = Path(str(distribution.locate_file(path.parts[0])))
        requirements = map(Requirement, distribution.requires or [])
        wanted += [one.name for one in requirements if not one.marker or one.marker.evaluate({"extra": ""})]
    for name, source in entries.items():
        (site / name).symlink_to(source)
    return place


@pytest.fixture(scope="module")
def template(built: engine.Engine, virtualenv: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose stack exists; each test takes a copy."""
    place = tmp_path_factory.mktemp("template")
    project = place / "project"
    project.mkdir()
    (place / "state").mkdir()
    kept = {key: value for key, value in os.environ.items() if key in {"HOME", "LANG", "TMPDIR"}}
    environment = kept | {
        "PATH": os.pathsep.join([str(built.bin), str(Path(sys.executable).parent), os.defpath]),
        "PULUMI": str(built.pulumi),
        "PULUMI_BACKEND_URL": (place / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "of a test",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(place / "home"),
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    made = Project(project, environment, {"virtualenv": str(virtualenv)})
    made.write("")
    assert made.run("stack", "init", "dev").code == 0
    return made


@pytest.fixture
def project(template: Project, tmp_path: Path) -> Project:
    shutil.copytree(template.directory, tmp_path / "project")
    shutil.copytree(template.directory.parent / "state", tmp_path / "state")
    environment = template.environment | {"PULUMI_BACKEND_URL": (tmp_path / "state").as_uri()}
    return Project(tmp_path / "project", environment, template.options)


def plain(result: Result) -> bool:
    """Say whether nothing in the text is about the host's own innards."""
    return not any(noise in result.text for noise in GO_NOISE)


def alive(pid: int) -> bool:
    """Say whether the process still runs; one that only waits to be reaped does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self/stat").exists()  # without /proc the signal alone must do


def awaited(file: Path) -> list[int]:
    """Return the numbers that a program writes to the file, once it has written them."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if file.exists() and (text := file.read_text()).endswith("\n"):
            return [int(number) for number in text.split()]
        time.sleep(0.05)
    raise AssertionError(f"{file} was never written")


def ended(pids: list[int]) -> bool:
    """Wait for the processes to end, and say whether all did."""
    end = time.monotonic() + PATIENCE
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(map(alive, pids))


class TestConfiguration:
    PROGRAM = """
        import os, pathlib, pulumi

        pathlib.Path("seen").write_text(os.environ["PULUMI_CONFIG"] + "\\n" + os.environ["PULUMI_CONFIG_SECRET_KEYS"])
        config = pulumi.Config()
        pulumi.export("plain", config.get("plain"))
        pulumi.export("secret", config.get_secret("secret"))
    """

    def test_a_stack_without_configuration_has_empty_maps(self, project: Project) -> None:
        project.write(self.PROGRAM)
        result = project.preview()
        assert result.code == 0, result.text
        assert project.saw("seen").splitlines() == ["{}", "[]"]

    def test_plain_and_secret_values_reach_the_program_as_what_they_are(self, project: Project) -> None:
        project.write(self.PROGRAM)
        assert project.run("config", "set", "plain", 'with "quotes"', "--stack", "dev").code == 0
        assert project.run("config", "set", "--secret", "secret", "hush-hush", "--stack", "dev").code == 0
        result = project.run("up", "--yes", "--skip-preview", "--stack", "dev")
        assert result.code == 0, result.text
        values, keys = map(json.loads, project.saw("seen").splitlines())
        assert values == {"tiny:plain": 'with "quotes"', "tiny:secret": "hush-hush"}
        assert keys == ["tiny:secret"]
        assert "hush-hush" not in result.text
        assert "hush-hush" not in project.run("stack", "export", "--stack", "dev").text
        outputs = json.loads(project.run("stack", "output", "--json", "--show-secrets", "--stack", "dev").text)
        assert outputs == {"plain": 'with "quotes"', "secret": "hush-hush"}


class TestRuntimeOptions:
    def test_the_program_runs_in_the_virtualenv_relative_to_the_project(self, project: Project) -> None:
        (project.directory / "environment").symlink_to(project.options["virtualenv"])
        project.write("import pathlib, sys; pathlib.Path('seen').write_text(sys.prefix)", virtualenv="environment")
        result = project.preview()
        assert result.code == 0, result.text
        assert Path(project.saw("seen")) == project.directory / "environment"

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"virtualenv": "sources"}, "doesn't appear to be a virtual environment"),
            ({"virtualenv": "__main__.py"}, "is not a directory"),
            ({"virtualenv": "true"}, 'the runtime option "virtualenv" must be text'),
            ({"toolchain": "conda"}, 'the runtime option "toolchain" is "conda": it must be one of pip, poetry, uv'),
        ],
    )
    def test_a_wrong_option_is_said_in_a_sentence(
        self, project: Project, options: dict[str, str], sentence: str
    ) -> None:
        (project.directory / "sources").mkdir()
        (project.directory / "sources" / "module.py").touch()
        project.write("", **options)
        result = project.preview()
        assert result.code != 0
        assert sentence in result.text
        assert plain(result), result.text

    def test_a_type_checker_that_is_not_installed_is_asked_for(self, project: Project) -> None:
        project.write("", typechecker="mypy", **project.options)
        result = project.preview()
        assert result.code != 0
        assert "mypy is not installed" in result.text
        assert plain(result), result.text


class TestProgramErrors:
    def test_an_exception_shows_its_traceback_once(self, project: Project) -> None:
        project.write("""
            def deeper():
                raise ValueError("the water is cold")

            deeper()
        """)
        result = project.preview()
        assert result.code != 0
        _, _, summary = result.text.partition("Diagnostics:")
        assert summary.count("Traceback (most recent call last)") == 1
        assert summary.count("ValueError: the water is cold") == 1
        assert "in deeper" in summary
        assert "run_path" not in summary
        assert plain(result), result.text

    def test_a_run_error_shows_its_sentence_and_nothing_else(self, project: Project) -> None:
        project.write('import pulumi; raise pulumi.RunError("The topology has 2 problems.")')
        result = project.preview()
        assert result.code != 0
        assert result.diagnostics() == ["error: The topology has 2 problems."]
        assert "Traceback" not in result.text
        assert "exit code" not in result.text

    def test_a_syntax_error_shows_the_line(self, project: Project) -> None:
        project.write("first = 1\ndef broken(:\n    pass\n")
        result = project.preview()
        assert result.code != 0
        assert f'File "{project.directory}/__main__.py", line 2' in result.text
        assert "SyntaxError" in result.text
        assert plain(result), result.text

    def test_an_exit_code_is_told(self, project: Project) -> None:
        project.write("raise SystemExit(7)")
        result = project.preview()
        assert result.code != 0
        assert "program exited with non-zero exit code: 7" in result.text

    def test_a_program_that_has_said_what_is_wrong_ends_with_32(self, project: Project) -> None:
        project.write('import pulumi; pulumi.log.error("Said already."); raise SystemExit(32)')
        result = project.preview()
        assert result.code != 0
        assert result.diagnostics() == ["error: Said already."]

    def test_leaving_early_is_no_error(self, project: Project) -> None:
        project.write("raise SystemExit(0)")
        assert project.preview().code == 0

    def test_a_missing_main_program_is_named(self, project: Project) -> None:
        project.write("")
        (project.directory / "__main__.py").unlink()
        result = project.preview()
        assert result.code != 0
        assert "unable to find main python program `__main__.py`" in result.text
        assert plain(result), result.text


class TestStopping:
    SLEEPING = """
        import os, pathlib, time

        try:
            pathlib.Path("pids").write_text(f"{os.getpid()} {os.getppid()}\\n")
            time.sleep(600)
        finally:
            time.sleep(0.3)
            pathlib.Path("cleaned").touch()
    """
    AWAITING = """
        import asyncio, os, pathlib, pulumi

        async def main():
            try:
                pathlib.Path("pids").write_text(f"{os.getpid()} {os.getppid()}\\n")
                await asyncio.sleep(600)
            finally:
                pathlib.Path("cleaned").touch()

        pulumi.run(main)
    """
    AWAITING_BESIDE_WORK = """
        import asyncio, os, pathlib, pulumi, time

        async def work():
            pathlib.Path("pids").write_text(f"{os.getpid()} {os.getppid()}\\n")
            time.sleep(600)

        async def main():
            try:
                await asyncio.gather(asyncio.create_task(work()), asyncio.sleep(600))
            finally:
                await asyncio.sleep(0.3)
                pathlib.Path("cleaned").touch()

        pulumi.run(main)
    """
    DEAF = """
        import os, pathlib, signal, time

        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pathlib.Path("pids").write_text(f"{os.getpid()} {os.getppid()}\\n")
        time.sleep(600)
    """

    @pytest.mark.parametrize(
        "program",
        [SLEEPING, AWAITING, AWAITING_BESIDE_WORK],
        ids=["sleeping", "awaiting", "awaiting-beside-work"],
    )
    def test_an_interrupt_lets_the_program_clean_up_and_leaves_no_process(self, project: Project, program: str) -> None:
        project.write(program)
        with project.running("preview", "--stack", "dev") as cli:
            pids = awaited(project.directory / "pids")
            cli.send_signal(signal.SIGINT)
            text = cli.communicate(timeout=PATIENCE)[0]
            assert cli.returncode != 0
        assert ended(pids)
        assert (project.directory / "cleaned").exists()
        assert "canceled" in text
        assert "Traceback" not in text
        assert plain(Result(cli.returncode, text)), text

    def test_a_program_deaf_to_interrupts_is_killed(self, project: Project) -> None:
        project.write(self.DEAF)
        with project.running("preview", "--stack", "dev") as cli:
            pids = awaited(project.directory / "pids")
            cli.send_signal(signal.SIGINT)
            cli.communicate(timeout=PATIENCE)
        assert ended(pids)

    def test_a_killed_engine_leaves_no_process(self, project: Project) -> None:
        project.write(self.SLEEPING)
        with project.running("preview", "--stack", "dev") as cli:
            pids = awaited(project.directory / "pids")
            cli.kill()
            cli.communicate(timeout=PATIENCE)
        assert ended(pids)


class TestPolicyPacks:
    PACK = """
        import pulumi
        from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

        def judge(args, report):
            if args.resource_type == "tiny:index:Part" and args.name in pulumi.Config("tiny").get("banned", ""):
                report(f"{args.name} is banned from {pulumi.get_stack()}")

        PolicyPack("tiny-policy", policies=[
            ResourceValidationPolicy("banned", "Some parts are banned.", judge, EnforcementLevel.MANDATORY),
        ])
    """

    def pack(self, project: Project, program: str) -> str:
        place = project.directory.parent / "pack"
        place.mkdir()
        (place / "PulumiPolicy.yaml").write_text(
            f"runtime:\n  name: python\n  options:\n    virtualenv: {project.options['virtualenv']}\n"
        )
        (place / "__main__.py").write_text(textwrap.dedent(program))
        return str(place)

    def test_a_mandatory_violation_fails_the_preview(self, project: Project) -> None:
        project.write(RESOURCE + '\n    Part("cog")\n')
        pack = self.pack(project, self.PACK)
        allowed = project.preview("--policy-pack", pack)
        assert allowed.code == 0, allowed.text
        project.run("config", "set", "banned", "cog", "--stack", "dev")
        result = project.preview("--policy-pack", pack)
        assert result.code != 0
        assert "[mandatory]" in result.text
        assert "cog is banned from dev" in result.text
        assert plain(result), result.text

    @pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
    def test_a_pack_ends_with_its_engine(self, project: Project, by: signal.Signals) -> None:
        project.write(TestStopping.SLEEPING)
        started = 'import os, pathlib; pathlib.Path("pids").write_text(f"{os.getpid()} {os.getppid()}\\n")\n'
        pack = self.pack(project, started + textwrap.dedent(self.PACK))
        with project.running("preview", "--stack", "dev", "--policy-pack", pack) as cli:
            pids = awaited(Path(pack) / "pids") + awaited(project.directory / "pids")
            cli.send_signal(by)
            cli.communicate(timeout=PATIENCE)
        assert ended(pids)

    def test_a_pack_that_fails_shows_its_error(self, project: Project) -> None:
        project.write(RESOURCE)
        result = project.preview("--policy-pack", self.pack(project, 'raise ValueError("no rules found")'))
        assert result.code != 0
        assert "ValueError: no rules found" in result.text
        assert "goroutine " not in result.text


class TestComponentPackages:
    PACKAGE = """
        from typing import Optional, TypedDict

        import pulumi
        from pulumi.provider.experimental import component_provider_host

        class PartArgs(TypedDict):
            teeth: pulumi.Input[int]

        class Part(pulumi.ComponentResource):
            teeth: pulumi.Output[int]

            def __init__(self, name: str, args: PartArgs, opts: Optional[pulumi.ResourceOptions] = None):
                super().__init__("tiny:index:Part", name, {}, opts)
                self.teeth = pulumi.Output.from_input(args["teeth"])
                self.register_outputs({"teeth": self.teeth})

        if __name__ == "__main__":
            component_provider_host(name="tiny", components=[Part])
    """

    def test_its_schema_can_be_had_and_its_environment_is_left_as_it_is(self, project: Project) -> None:
        place = project.directory.parent / "package"
        place.mkdir()
        virtualenv = Path(project.options["virtualenv"])
        (place / "PulumiPlugin.yaml").write_text(
            f"runtime:\n  name: python\n  options:\n    virtualenv: {virtualenv}\n"
        )
        (place / "__main__.py").write_text(textwrap.dedent(self.PACKAGE))
        before = sorted(path.name for path in (virtualenv / "bin").iterdir())
        settings = (virtualenv / "pyvenv.cfg").stat().st_mtime_ns
        result = project.run("package", "get-schema", str(place))
        assert result.code == 0, result.text
        schema = json.loads(result.text[result.text.index("\n{") :])
        assert schema["resources"]["tiny:index:Part"]["inputProperties"]["teeth"]["type"] == "integer"
        assert sorted(path.name for path in (virtualenv / "bin").iterdir()) == before
        assert (virtualenv / "pyvenv.cfg").stat().st_mtime_ns == settings

    def test_a_directory_that_is_none_is_told_what_it_lacks(self, project: Project) -> None:
        place = project.directory.parent / "package"
        place.mkdir()
        (place / "PulumiPlugin.yaml").write_text(
            f"runtime:\n  name: python\n  options:\n    virtualenv: {project.options['virtualenv']}\n"
        )
        result = project.run("package", "get-schema", str(place))
        assert result.code != 0
        assert "neither a __main__.py nor a pyproject.toml" in result.text
        assert "goroutine " not in result.text


class TestInstalling:
    @pytest.mark.parametrize("linked", [False, True])
    def test_an_environment_outside_the_project_is_left_as_it_is(self, project: Project, linked: bool) -> None:
        place = Path(project.options["virtualenv"])
        if linked:
            (project.directory / ".venv").symlink_to(place)
        project.write("", **({"virtualenv": ".venv"} if linked else project.options))
        (project.directory / "requirements.txt").touch()
        before = (place / "pyvenv.cfg").stat().st_mtime_ns
        result = project.run("install")
        assert result.code == 0, result.text
        assert f"Using the environment {place} as it is" in result.text
        assert (place / "pyvenv.cfg").stat().st_mtime_ns == before

    def test_an_environment_inside_the_project_is_made_and_a_failure_is_shown(self, project: Project) -> None:
        project.write("", virtualenv="venv")
        (project.directory / "requirements.txt").write_text("a-package-that-is-nowhere==1\n")
        project.environment.update(PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
        result = project.run("install")
        assert result.code != 0
        assert (project.directory / "venv" / "bin" / "python").exists()
        assert "No matching distribution found" in result.text
        assert "goroutine " not in result.text


def test_about_names_the_python_and_its_packages(project: Project) -> None:
    project.write("")
    about = json.loads(project.run("about", "--json", "--stack", "dev").text)
    assert about["runtime"]["language"] == "python"
    assert about["runtime"]["executable"] == str(Path(project.options["virtualenv"]) / "bin" / "python")
    assert "pulumi-policy" in {one["name"] for one in about["dependencies"]}
    assert "grpcio" not in {one["name"] for one in about["dependencies"]}
