"""The stage of a rehearsal: a copy of the project that shares nothing with the real one but the program.

Everything of a stack's rehearsal lies in `.rehearsal/STACK`, readable for its owner alone: the staged project and
stack file, a state and a passphrase of its own, the simulated clouds, logs, and what the rehearsal writes for people.
"""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from hybridge.yamlfile import Document, UnreadableFileError, mapping_text, members, read_mapping
from rehearsal.environment import Surroundings
from rehearsal.errors import RehearsalError
from rehearsal.pulumi_cli import PulumiCli
from rehearsal.stackfile import StackFile

PROGRAM = Path(__file__).parent / "program"


@dataclass(frozen=True)
class Stage:
    """Where the parts of a stack's rehearsal lie.

    Attributes:
        root: the real project's root directory, which is never written to outside `.rehearsal`.
        stack: the stack's name.
    """

    root: Path
    stack: str

    @property
    def directory(self) -> Path:
        """All of it."""
        return self.root / ".rehearsal" / self.stack

    @property
    def project(self) -> Path:
        """The staged project."""
        return self.directory / "project"

    @property
    def home(self) -> Path:
        """An empty HOME for everything the engine starts."""
        return self.directory / "home"

    @property
    def pulumi_home(self) -> Path:
        """The engine's own directory."""
        return self.directory / "pulumi"

    @property
    def backend(self) -> Path:
        """The state."""
        return self.directory / "backend"

    @property
    def passphrase(self) -> Path:
        """The passphrase of the state's secrets."""
        return self.directory / "passphrase"

    @property
    def salt(self) -> Path:
        """What the engine encrypts with, beside the passphrase, and the encrypted stand-ins."""
        return self.directory / "salt.yaml"

    @property
    def ledger(self) -> Path:
        """The simulated clouds."""
        return self.directory / "ledger.sqlite"

    @property
    def logs(self) -> Path:
        """What the engine printed, one file an operation."""
        return self.directory / "logs"

    @property
    def devices(self) -> Path:
        """The device configurations."""
        return self.directory / "devices"

    @property
    def diagram(self) -> Path:
        """The picture of the estate."""
        return self.directory / "diagram.mmd"

    @property
    def report(self) -> Path:
        """All that the estate says about itself."""
        return self.directory / "report.json"

    @property
    def last_run(self) -> Path:
        """What the last run was and did."""
        return self.directory / "last-run.json"

    def prepare(self) -> None:
        """Make the directories that are not there yet, for their owner alone."""
        for directory in (
            self.directory.parent,
            self.directory,
            self.project,
            self.home,
            self.pulumi_home,
            self.backend,
            self.logs,
        ):
            directory.mkdir(mode=0o700, exist_ok=True)
            directory.chmod(0o700)
        if not self.passphrase.exists():
            write_private(self.passphrase, secrets.token_urlsafe(32))
        # The engine keeps logs of its own here, those of plain commands unencrypted; a file in their place and it
        # keeps none. What it prints is in `logs`.
        engine_logs = self.pulumi_home / "logs"
        if not engine_logs.exists():
            engine_logs.touch(0o600)

    def discard_clouds(self) -> None:
        """Forget the simulated clouds and the state, together: each alone would be a lie about the other."""
        for path in self.directory.glob(f"{self.ledger.name}*"):
            path.unlink()
        shutil.rmtree(self.backend)
        self.backend.mkdir(mode=0o700)

    def has_state(self) -> bool:
        """Whether the engine knows the stack."""
        return any((self.backend / ".pulumi" / "stacks").glob(f"**/{self.stack}.json*"))

    def has_salt(self) -> bool:
        """Whether what the engine encrypts with is there; an engine that was killed may have left half of it."""
        try:
            return "encryptionsalt" in (read_mapping(self.salt) or {})
        except UnreadableFileError:
            return False

    def finished_updates(self) -> int:
        """How many changes the engine has finished: it adds to its history once the state is written."""
        return sum(1 for _ in (self.backend / ".pulumi" / "history").glob(f"**/{self.stack}-*.history.json"))

    def may_be_pending(self) -> bool:
        """Whether the state file speaks of interrupted operations at all, which spares the engine a question."""
        states = (self.backend / ".pulumi" / "stacks").glob(f"**/{self.stack}.json")
        return any("pending_operations" in state.read_text(encoding="utf-8") for state in states)

    def surroundings(
        self, *, programs: tuple[Path, ...], python: Path, faults: Path | None, run: str, checkpoints: bool
    ) -> Surroundings:
        """What the engine's environment is made from.

        Args:
            programs: where the engine's executables lie, and OPA for the policies.
            python: the interpreter of the rehearsal.
            faults: a file of faults to simulate, if any.
            run: the identifier of this run.
            checkpoints: whether the state is written at every step.
        """
        return Surroundings(
            root=self.root,
            program=real_program(self.root),
            programs=programs,
            python=python,
            home=self.home,
            pulumi_home=self.pulumi_home,
            backend=self.backend,
            passphrase=self.passphrase,
            ledger=self.ledger,
            faults=faults,
            run=run,
            checkpoints=checkpoints,
        )


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on; all of it, or what was there stays."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def real_program(root: Path) -> Path:
    """The directory or file that the real Pulumi.yaml names as the program.

    Raises:
        RehearsalError: if the project file cannot be used.
    """
    return (root / str(project_file(root).get("main") or ".")).resolve()


def stacks_directory(root: Path) -> Path:
    """Where the project keeps its stack files.

    Raises:
        RehearsalError: if the project file cannot be used.
    """
    return root / str(project_file(root).get("stackConfigDir") or ".")


def project_file(root: Path) -> Document:
    """The real project's Pulumi.yaml.

    Raises:
        RehearsalError: if it is missing, malformed, or not of a Python project.
    """
    path = root / "Pulumi.yaml"
    if not path.is_file():
        raise RehearsalError(f"There is no {path}. Name the project's root directory with `--root`.")
    return read_mapping(path) or {}


def stage_project(stage: Stage, *, environment: Path) -> tuple[str, ...]:
    """Write the staged Pulumi.yaml: the real one, but it runs the rehearsal's program in the rehearsal's environment.

    Args:
        stage: the stage.
        environment: the Python environment that the program runs in.

    Returns:
        What a person should know about the difference to the real file, one sentence each.
    """
    document = project_file(stage.root)
    document.pop("backend", None)  # a real backend, where a rehearsal has its own
    # Both name executables that would run in place of the simulated providers, or where to download some.
    left_out = [key for key in ("plugins", "packages") if document.pop(key, None)]
    document["main"] = str(PROGRAM)
    document["stackConfigDir"] = _staged_stacks_name(stage.root)
    document["runtime"] = _runtime(stage.root / "Pulumi.yaml", document.get("runtime"), environment)
    write_private(stage.project / "Pulumi.yaml", mapping_text(document))
    return tuple(
        f"`{key}` of Pulumi.yaml is left out: a rehearsal runs and downloads no provider but its simulated ones."
        for key in left_out
    )


def stage_policy(stage: Stage, *, environment: Path) -> Path | None:
    """Stage the policy pack: the real pack's files, run in the rehearsal's environment.

    Args:
        stage: the stage.
        environment: the Python environment that the policies run in.

    Returns:
        The staged pack, or None where the project has no policies.
    """
    pack = stage.root / "policy"
    manifest = pack / "PulumiPolicy.yaml"
    if not manifest.is_file():
        return None
    staged = stage.directory / "policy"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(mode=0o700)
    for entry in pack.iterdir():
        if entry != manifest and not entry.name.startswith("."):
            (staged / entry.name).symlink_to(entry)
    document = read_mapping(manifest) or {}
    document["runtime"] = _runtime(manifest, document.get("runtime"), environment)
    write_private(staged / manifest.name, mapping_text(document))
    return staged


def policy_options(stage: Stage, pack: Path | None) -> tuple[str, ...]:
    """The engine's options for a policy pack, and for what the stack has set about it.

    Args:
        stage: the stage, whose companions are staged already.
        pack: the staged pack, if there is one.
    """
    if pack is None:
        return ()
    settings = _staged_stacks(stage) / f"policy.{stage.stack}.json"
    return ("--policy-pack", str(pack), *(("--policy-pack-config", str(settings)) if settings.exists() else ()))


def stage_companions(stage: Stage, source: StackFile) -> Path:
    """Copy what lies beside the stack file and goes by the stack's name, as its address book does.

    Args:
        stage: the stage.
        source: the real stack file.

    Returns:
        The staged directory of the stack files.
    """
    directory = _staged_stacks(stage)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    companions = {path.name: path for path in _companions(source.path.parent, stage.stack)}
    for staged in _companions(directory, stage.stack):
        if staged.name not in companions:
            staged.unlink()
    for name, companion in companions.items():
        shutil.copyfile(companion, directory / name)
    return directory


def stage_stack(stage: Stage, source: StackFile, cli: PulumiCli) -> None:
    """Write the staged stack file, with the stand-ins encrypted by the engine itself.

    Args:
        stage: the stage, whose project is staged already.
        source: the real stack file as read for rehearsal.
        cli: the stack's command line.

    Raises:
        RehearsalError: if the engine refuses to make the stack or to encrypt.
    """
    staged = _staged_stacks(stage) / source.path.name
    if not stage.has_state():
        staged.unlink(missing_ok=True)
        cli.ask("stack", "init", "--non-interactive", "--secrets-provider", "passphrase")
        staged.rename(stage.salt)  # the engine wrote the salt of its encryption there, and nothing else
    if source.secrets:
        _encrypt(source, stage.salt, cli)
    source.document["encryptionsalt"] = (read_mapping(stage.salt) or {})["encryptionsalt"]
    write_private(staged, mapping_text(source.document))


def _staged_stacks(stage: Stage) -> Path:
    return stage.project / _staged_stacks_name(stage.root)


def _staged_stacks_name(root: Path) -> str:
    # A path that leads out of the project would lead out of the stage as well, to the real files.
    configured = Path(str(project_file(root).get("stackConfigDir") or "."))
    return "stacks" if configured.is_absolute() or ".." in configured.parts else str(configured)


def _companions(directory: Path, stack: str) -> list[Path]:
    named = (path for path in directory.iterdir() if path.stem.endswith(f".{stack}"))
    return [path for path in named if path.is_file() and not path.name.startswith("Pulumi.")]


def _encrypt(source: StackFile, salt: Path, cli: PulumiCli) -> None:
    # Each stand-in goes by a name without special characters, so that no key of a topology can be mistaken for a
    # path, and is kept with the salt: the next run finds it there.
    names = {place: f"rehearsal:{value}" for place, value in source.secrets.items()}
    encrypted = members(read_mapping(salt) or {}, "config")
    missing = {source.secrets[place]: name for place, name in names.items() if name not in encrypted}
    if missing:
        options = [text for value, name in missing.items() for text in ("--secret", f"{name}={value}")]
        fresh = Path(shutil.copy(salt, salt.with_name("salt.new.yaml")))  # an engine that is killed leaves half a file
        cli.ask("config", "set-all", "--non-interactive", "--config-file", str(fresh), *options)
        fresh.replace(salt)
        encrypted = members(read_mapping(salt) or {}, "config")
    for place, name in names.items():
        source.put(place, encrypted[name])


def virtual_environment(python: Path) -> Path:
    """The Python environment that `python` belongs to.

    Raises:
        RehearsalError: if it is none: the engine runs programs in environments only.
    """
    environment = python.parent.parent
    if (environment / "pyvenv.cfg").is_file():
        return environment
    raise RehearsalError(
        f"{python} belongs to no virtual environment, and the engine runs Python programs in one. "
        "`make setup` makes it; then run the rehearsal with `make rehearse` or `.venv/bin/python`."
    )


def _runtime(path: Path, declared: object, environment: Path) -> Document:
    runtime = cast("Document", declared) if isinstance(declared, dict) else {"name": declared}
    if runtime.get("name") != "python":
        raise RehearsalError(f"{path}: `runtime` is not `python`, and only Python programs can be rehearsed.")
    options = {**members(runtime, "options"), "virtualenv": str(environment)}
    options.pop("typechecker", None)  # a matter of `make check`; it would cost seconds in every run
    return {"name": "python", "options": options}
