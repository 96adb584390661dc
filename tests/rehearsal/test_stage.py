"""The stage: nothing of the real stack's secrets, backends or credentials reaches what the engine sees."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hybridge.yamlfile import UnreadableFileError, read_mapping
from rehearsal.environment import Surroundings, engine_environment
from rehearsal.errors import RehearsalError
from rehearsal.occupancy import Marker, occupied
from rehearsal.stackfile import read_stack_file
from rehearsal.stage import (
    PROGRAM,
    Stage,
    stacks_directory,
    stage_companions,
    stage_policy,
    stage_project,
    write_private,
)
from rehearsal.writing import write_devices, write_diagram

PROJECT = """\
name: shop
runtime: {name: python, options: {toolchain: uv, virtualenv: .venv}}
stackConfigDir: stacks
backend: {url: s3://real-state}
packages: {own: ./components, random: ./real-random, far: github.com/somebody/else@v1, listed: {source: /opt/x}}
plugins:
  providers: [{name: aws, path: ./real-aws}]
  languages: [{name: python, path: ./real-python}]
  analyzers: [{name: judge, path: ./real-judge}]
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    stage = Stage(tmp_path, "dev")
    stage.prepare()
    return stage


def surroundings(stage: Stage, *, faults: Path | None = None, checkpoints: bool = False) -> Surroundings:
    return stage.surroundings(
        programs=(Path("/engine/bin"), Path("/opa/bin")),
        python=Path("/venv/bin/python"),
        faults=faults,
        run="r1",
        checkpoints=checkpoints,
    )


def test_the_staged_project_keeps_its_name_and_runs_the_rehearsals_program(stage: Stage) -> None:
    stage_project(stage, environment=Path("/venv"))
    staged = read_mapping(stage.project / "Pulumi.yaml")
    assert staged is not None
    assert staged["name"] == "shop"
    assert staged["stackConfigDir"] == "stacks"
    assert staged["main"] == str(PROGRAM)
    assert staged["runtime"]["options"] == {"toolchain": "uv", "virtualenv": "/venv"}
    assert "backend" not in staged


def test_no_executable_that_the_project_names_is_staged_and_that_is_told(stage: Stage) -> None:
    notices = stage_project(stage, environment=Path("/venv"))
    staged = read_mapping(stage.project / "Pulumi.yaml")
    assert staged is not None
    assert not {"plugins", "packages"} & set(staged)
    assert [notice.split()[0] for notice in notices] == ["`plugins`", "`packages`"]


def test_a_project_that_names_no_executables_is_staged_without_a_word(stage: Stage) -> None:
    (stage.root / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    assert stage_project(stage, environment=Path("/venv")) == ()


@pytest.mark.parametrize("configured", ["", "stacks", "deep/stacks", "../elsewhere", "{root}/stacks"])
def test_companions_of_the_stack_are_staged_and_the_real_ones_stay(stage: Stage, configured: str) -> None:
    configured = configured.format(root=stage.root)
    (stage.root / "Pulumi.yaml").write_text(f"name: shop\nruntime: python\nstackConfigDir: '{configured}'\n")
    stage_project(stage, environment=Path("/venv"))
    real = stacks_directory(stage.root)
    real.mkdir(parents=True, exist_ok=True)
    for name in ("Pulumi.dev.yaml", "addresses.dev.yaml", "addresses.other.yaml", "old.dev.yaml"):
        (real / name).write_text("config: {}\n")
    source = read_stack_file(real / "Pulumi.dev.yaml")
    stage_companions(stage, source)
    (real / "old.dev.yaml").unlink()
    staged = stage_companions(stage, source)
    assert staged.is_relative_to(stage.project)
    assert {path.name for path in staged.iterdir()} - {"Pulumi.yaml"} == {"addresses.dev.yaml"}
    assert stacks_directory(stage.project).resolve() == staged.resolve(), "where the engine looks"
    assert (stage.project / "Pulumi.yaml").is_file()
    assert len(list(real.glob("*.dev.yaml"))) == 2


@pytest.mark.parametrize("salt", [None, "", "encryptionsalt: [", "config: {}\n", "- a list\n"])
def test_half_a_salt_is_none(stage: Stage, salt: str | None) -> None:
    if salt is not None:
        stage.salt.write_text(salt)
    assert not stage.has_salt()


def test_what_a_write_was_killed_in_is_left_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "passphrase"
    write_private(path, "whole")

    def killed(_self: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_private(path, "half")
    assert path.read_text() == "whole"


def test_a_project_in_another_language_is_refused(stage: Stage) -> None:
    (stage.root / "Pulumi.yaml").write_text("name: shop\nruntime: nodejs\n")
    with pytest.raises((RehearsalError, UnreadableFileError), match="only Python programs"):
        stage_project(stage, environment=Path("/venv"))


def test_the_policy_pack_runs_in_the_rehearsals_environment(stage: Stage) -> None:
    (stage.root / "policy" / "rules").mkdir(parents=True)
    (stage.root / "policy" / "__main__.py").write_text("")
    (stage.root / "policy" / "PulumiPolicy.yaml").write_text(
        "runtime: {name: python, options: {virtualenv: ../.venv}}\n"
    )
    staged = stage_policy(stage, environment=Path("/venv"))
    assert staged is not None
    manifest = read_mapping(staged / "PulumiPolicy.yaml")
    assert manifest is not None
    assert manifest["runtime"]["options"]["virtualenv"] == "/venv"
    assert (staged / "rules").is_dir()


def test_a_project_without_policies_has_none_staged(stage: Stage) -> None:
    assert stage_policy(stage, environment=Path("/venv")) is None


CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AZURE_CLIENT_SECRET",
    "ARM_CLIENT_SECRET",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "CLOUDSDK_CONFIG",
    "KUBECONFIG",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_STACK",
    "VAULT_TOKEN",
    "A_CREDENTIAL_NOBODY_HAS_INVENTED_YET",
)


def test_no_credential_reaches_the_engine(stage: Stage) -> None:
    ambient = dict.fromkeys(CREDENTIALS, "leaked") | {"PATH": "/usr/bin", "HOME": "/home/person"}
    environment = engine_environment(surroundings(stage), ambient)
    assert "leaked" not in environment.values()
    assert not set(CREDENTIALS) & set(environment)


def test_the_home_of_the_person_is_hidden_but_the_cache_is_found(stage: Stage) -> None:
    environment = engine_environment(surroundings(stage), {"PATH": "/usr/bin", "HOME": "/home/person"})
    assert environment["HOME"] == str(stage.home)
    assert list(stage.home.iterdir()) == []
    assert environment["HYBRIDGE_CACHE"] == "/home/person/.cache/hybridge"


def test_the_engines_own_executables_come_first(stage: Stage) -> None:
    environment = engine_environment(surroundings(stage), {"PATH": "/usr/bin"})
    assert environment["PATH"].split(os.pathsep) == ["/engine/bin", "/opa/bin", "/venv/bin", "/usr/bin"]


def test_state_and_passphrase_are_the_rehearsals_own(stage: Stage) -> None:
    ambient = {"PULUMI_BACKEND_URL": "s3://real", "PYTHONDONTWRITEBYTECODE": "1"}
    environment = engine_environment(surroundings(stage), ambient)
    assert environment["PULUMI_BACKEND_URL"] == f"{stage.backend.as_uri()}?metadata=skip"
    assert environment["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(stage.passphrase)
    assert environment["PULUMI_IGNORE_AMBIENT_PLUGINS"] == "true"
    assert "PYTHONDONTWRITEBYTECODE" not in environment


def test_checkpoints_are_skipped_unless_they_are_asked_for(stage: Stage) -> None:
    assert engine_environment(surroundings(stage), {})["PULUMI_SKIP_CHECKPOINTS"] == "true"
    assert "PULUMI_SKIP_CHECKPOINTS" not in engine_environment(surroundings(stage, checkpoints=True), {})


def test_only_the_owner_can_read_the_stage(stage: Stage) -> None:
    assert stat.S_IMODE(stage.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(stage.passphrase.stat().st_mode) == 0o600
    assert len(stage.passphrase.read_text()) >= 32


def test_a_second_rehearsal_of_a_stack_is_refused(stage: Stage) -> None:
    with (
        occupied("dev", stage.directory),
        pytest.raises((RehearsalError, UnreadableFileError), match=rf"is running \(process {os.getpid()}\)"),
        occupied("dev", stage.directory),
    ):
        pass


def test_a_killed_run_is_remembered_until_it_is_cleared_up(stage: Stage) -> None:
    with occupied("dev", stage.directory) as occupancy:
        occupancy.begin(Marker(command="up", checkpoints=True))
    with occupied("dev", stage.directory) as occupancy:
        assert occupancy.killed_run() == Marker(command="up", checkpoints=True)
        occupancy.end()
        assert occupancy.killed_run() is None


def test_clouds_and_state_are_discarded_together(stage: Stage) -> None:
    stage.ledger.write_text("")
    (stage.directory / "ledger.sqlite-wal").write_text("")
    (stage.backend / "state").write_text("")
    stage.discard_clouds()
    assert not list(stage.directory.glob("ledger*"))
    assert list(stage.backend.iterdir()) == []


def test_device_configurations_are_private_and_those_of_gone_gateways_are_removed(tmp_path: Path) -> None:
    directory = tmp_path / "devices"
    write_devices({"edge-a": {"frr.conf": "a"}, "edge-b": {"frr.conf": "b"}}, directory, "dev")
    [written] = write_devices({"edge-a": {"frr.conf": "new"}}, directory, "dev")
    assert written.read_text().endswith("\nnew")
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(written.parent.stat().st_mode) == 0o700
    assert [path.name for path in directory.iterdir()] == ["edge-a"]


@pytest.mark.parametrize(
    "devices",
    [
        {"..": {"x": "t"}},
        {"a/b": {"x": "t"}},
        {"edge": {"../x": "t"}},
        {"edge": {".hidden": "t"}},
        {"edge": {"": "t"}},
        {"edge": "text"},
        {"edge": {"x": 1}},
        ["edge"],
    ],
)
def test_no_device_configuration_escapes_its_directory(tmp_path: Path, devices: object) -> None:
    directory = tmp_path / "in" / "devices"
    directory.parent.mkdir()
    with pytest.raises((RehearsalError, UnreadableFileError), match="`devices`"):
        write_devices(devices, directory, "dev")
    assert list(tmp_path.rglob("*")) == [directory.parent]


def test_the_picture_goes_when_the_program_draws_none(tmp_path: Path) -> None:
    [path] = write_diagram("graph LR", tmp_path / "diagram.mmd")
    assert path.read_text() == "graph LR\n"
    assert write_diagram(None, path) == []
    assert not path.exists()
