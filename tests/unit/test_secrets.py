"""A topology names secrets: each must be configured, encrypted and of the form that its vendor takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from hybridge.configured import configured_settings
from hybridge.planning import plan_stack
from hybridge.planning.secrets import ConfiguredSecret, secret_problems, setting_problems, settings_of_file
from hybridge.topology import Problem, ProblemsFound, Severity, read_soundly, read_topology
from tests.conftest import ROOT

VALUE = "kOfTheRouterAtHeadquarters"


def found(declared: dict[str, Any], secret: ConfiguredSecret | None) -> list[Problem]:
    declared["links"]["dc1-aws"]["preshared_keys"] = {"edge-a/1": "router-key"}
    topology = read_topology(json.dumps(declared))
    return list(secret_problems(topology, {"router-key": secret} if secret else {}, "minimal"))


def test_a_configured_secret_is_sound(declared: dict[str, Any]) -> None:
    assert found(declared, ConfiguredSecret(VALUE, encrypted=True)) == []


def test_a_missing_secret_is_a_sentence_with_the_command(declared: dict[str, Any]) -> None:
    (problem,) = found(declared, None)
    assert problem.path == "links.dc1-aws.preshared_keys.edge-a/1"
    assert "pulumi config set --secret -s minimal hybridge:router-key" in problem.remedy


def test_a_secret_in_clear_is_refused_without_being_repeated(declared: dict[str, Any]) -> None:
    (problem,) = found(declared, ConfiguredSecret(VALUE, encrypted=False))
    assert "in clear" in problem.sentence
    assert VALUE not in str(problem)


@pytest.mark.parametrize(
    ("value", "sound"),
    [
        ("a" * 7, False),
        ("a" * 8, True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("0abcdefgh", False),
        ("a0abcdefgh", True),
        ("a.b_c.d_e", True),
        ("abc-defgh", False),
        ("abcdéfgh1", False),
        ("abcdefgh\n", False),
    ],
)
def test_the_form_of_a_key_is_what_aws_takes(declared: dict[str, Any], value: str, *, sound: bool) -> None:
    problems = found(declared, ConfiguredSecret(value, encrypted=True))
    assert (problems == []) is sound
    assert all(value not in str(problem) for problem in problems)
    assert value not in repr(ConfiguredSecret(value, encrypted=True))


def test_a_stack_file_is_looked_into_without_being_decrypted(declared: dict[str, Any]) -> None:
    config = {"hybridge:a": {"secure": "v1:abc"}, "hybridge:b": VALUE, "hybridge:c": None, "aws:region": "us-east-1"}
    settings = settings_of_file(config | {"hybridge:topology": declared})
    assert settings.keys() == {"a", "b"}
    assert found(declared, settings["a"]) == []
    assert [problem.sentence for problem in found(declared, settings["b"])] == [
        "`hybridge:router-key` stands in the stack file in clear."
    ]


SECRET = {"secure": "v1:abc"}


def beside(declared: dict[str, Any], **settings: Any) -> list[tuple[str, Severity, str]]:
    """What is told of settings beside a topology."""
    config = {f"hybridge:{name.replace('_', '-')}": value for name, value in settings.items()}
    problems = setting_problems(read_soundly(json.dumps(declared)), settings_of_file(config), "minimal")
    return [(problem.path, problem.severity, problem.remedy) for problem in problems]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("topolgy", "Did you mean `hybridge:topology`?"),
        ("flows", "Write it below `hybridge:topology`, indented, as `flows:`."),
        ("other", "Remove it: everything but secrets is said below `hybridge:topology`."),
    ],
)
def test_a_setting_that_nobody_reads_is_refused(declared: dict[str, Any], name: str, remedy: str) -> None:
    assert beside(declared, **{name: {"a": 1}}) == [(f"hybridge:{name}", Severity.ERROR, remedy)]


def test_a_secret_that_nothing_names_is_told(declared: dict[str, Any]) -> None:
    (problem,) = beside(declared, router_key=SECRET)
    assert problem[:2] == ("hybridge:router-key", Severity.WARNING)
    assert "pulumi config rm -s minimal hybridge:router-key" in problem[2]
    declared["links"]["dc1-aws"]["preshared_keys"] = {"edge-a/1": "router-key"}
    assert beside(declared, router_key=SECRET) == []
    assert beside(declared, router_key=SECRET, ruoter_key=SECRET) == [
        ("hybridge:ruoter-key", Severity.WARNING, "Did you mean `hybridge:router-key`?")
    ]


def test_what_an_unreadable_link_may_name_is_left_out(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"] |= {"preshared_keys": {"edge-a/1": "router-key"}, "bandwidth": 5}
    assert beside(declared, router_key=SECRET, other_key=VALUE) == []
    assert [place for place, *_ in beside(declared, flows={})] == ["hybridge:flows"]


def test_a_misspelt_topology_is_asked_for(tmp_path: Path) -> None:
    settings = settings_of_file({"hybridge:topolgy": {"sites": {}}})
    with pytest.raises(ProblemsFound, match="Did you mean `hybridge:topology`"):
        plan_stack("null", tmp_path / "addresses.yaml", "minimal", settings)


def test_a_secret_that_nothing_names_stops_nothing() -> None:
    content = yaml.safe_load((ROOT / "stacks" / "Pulumi.minimal.yaml").read_text(encoding="utf-8"))
    text = json.dumps(content["config"]["hybridge:topology"])
    book = ROOT / "stacks" / "addresses.minimal.yaml"
    plan = plan_stack(text, book, "minimal", settings_of_file({"hybridge:old-key": SECRET}))
    assert [problem.path for problem in plan.warnings] == ["hybridge:old-key"]


def test_the_running_stacks_settings_are_those_beside_its_topology() -> None:
    before = pulumi.runtime.config.CONFIG.get()
    config = {"hybridge:topology": "{}", "hybridge:a": VALUE, "hybridge:b": "plain", "aws:region": "us-east-1"}
    pulumi.runtime.set_all_config(config, ["hybridge:a"])
    try:
        found = configured_settings()
    finally:
        pulumi.runtime.set_all_config(before, [])
    assert found == {"a": ConfiguredSecret(VALUE, encrypted=True), "b": ConfiguredSecret("plain", encrypted=False)}
