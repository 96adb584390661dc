"""What a stack sets about the policies is read before the engine reads it, and every mistake is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehearsal.policies import settings_problems
from tests.conftest import ROOT

PACK = ROOT / "policy"


def told(directory: Path, text: str) -> list[str]:
    settings = directory / "policy.dev.json"
    settings.write_text(text, encoding="utf-8")
    return [str(problem) for problem in settings_problems(PACK, settings)]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"all": "advisory"},
        {"all": {"enforcementLevel": "mandatory"}},
        {"redundant-gateways": "disabled"},
        {
            "allowed-registries": {
                "enforcementLevel": "advisory",
                "registries": ["ghcr.io"],
                "exemptNamespaces": ["a-*"],
            }
        },
        {"gateways-closed": {"tunnelPorts": [51821, "51900-51999"]}},
    ],
)
def test_what_can_be_set_has_no_problems(tmp_path: Path, settings: dict[str, object]) -> None:
    assert told(tmp_path, json.dumps(settings)) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"allowed-registries"', "policy.dev.json: It is no JSON: Expecting ':' delimiter"),
        ("", "policy.dev.json: It is no JSON"),
        ("[" * 100_000, "policy.dev.json: It is no JSON"),
        ("9" * 5_000, "policy.dev.json: It is no JSON"),
        ("[]", "policy.dev.json: It is no JSON object."),
        ('{"allowed-registry": "advisory"}', "There is no such policy. Did you mean `allowed-registries`?"),
        ('{"all": {"registries": []}}', "policy.dev.json: all: Additional properties are not allowed"),
        ('{"required-limits": "optional"}', "policy.dev.json: required-limits.enforcementLevel: 'optional' is not one"),
        ('{"required-limits": 5}', "policy.dev.json: required-limits: 5 is not of type 'object'"),
        (
            '{"required-limits": {"limit": ["cpu"]}}',
            "('limit' was unexpected). The policy takes enforcementLevel, limits",
        ),
        ('{"required-limits": {"limits": []}}', "policy.dev.json: required-limits.limits: []"),
        (
            '{"gateways-closed": {"tunnelPorts": [0]}}',
            "policy.dev.json: gateways-closed.tunnelPorts[0]: 0 is less than",
        ),
        (
            '{"gateways-closed": {"tunnelPorts": ["ipsec"]}}',
            "policy.dev.json: gateways-closed.tunnelPorts[0]: 'ipsec' does not match",
        ),
        (
            '{"allowed-registries": {"registries": ["nginx"]}}',
            "policy.dev.json: allowed-registries.registries[0]: 'nginx'",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    (problem,) = told(tmp_path, text)
    assert sentence in problem


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = '{"allowed-registry": "advisory", "required-limits": {"limits": [], "limit": 1}}'
    assert len(told(tmp_path, text)) == 3


def test_a_stack_need_not_set_anything(tmp_path: Path) -> None:
    assert settings_problems(PACK, tmp_path / "policy.dev.json") == []


def test_another_pack_may_have_no_settings_to_check(tmp_path: Path) -> None:
    settings = tmp_path / "policy.dev.json"
    settings.write_text("{}", encoding="utf-8")
    assert settings_problems(tmp_path, settings) == []
