"""A topology names secrets: each must be configured, encrypted and of the form that its vendor takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hybridge.planning.secrets import ConfiguredSecret, secret_problems, secrets_of_file
from hybridge.topology import Problem, read_topology

VALUE = "kOfTheRouterAtHeadquarters"


def found(declared: dict[str, Any], secret: ConfiguredSecret | None) -> list[Problem]:
    declared["links"]["dc1-aws"]["preshared_keys"] = {"edge-a/1": "router-key"}
    topology = read_topology(json.dumps(declared))
    return list(secret_problems(topology, {"router-key": secret}.get, "minimal"))


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
    lookup = secrets_of_file({"hybridge:a": {"secure": "v1:abc"}, "hybridge:b": VALUE, "hybridge:c": None})
    assert found(declared, lookup("a")) == []
    assert [problem.sentence for problem in found(declared, lookup("b"))] == [
        "`hybridge:router-key` stands in the stack file in clear."
    ]
    assert lookup("c") is None
    assert lookup("d") is None
