"""OPA on PATH, and policies asked the way the framework asks them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from pulumi_policy import (
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY, deserialize_properties
from pulumi_policy.policy import PolicyCustomTimeouts
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy
from settings import SCHEMAS

from engine import opa

UNKNOWN = UNKNOWN_STRING_VALUE
"""What the engine sends in place of a value that only creation will tell."""

_OPTIONS = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])


def secret(value: object) -> dict[str, object]:
    """What the engine sends in place of a secret."""
    return {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": value}


def told(properties: Mapping[str, Any]) -> Any:
    """Properties as a policy is told them."""
    return unknown_checking_proxy(deserialize_properties(dict(properties)))


def defaults(policy: str) -> dict[str, Any]:
    """What the engine fills in where a stack sets nothing."""
    return {name: setting["default"] for name, setting in SCHEMAS[policy].items()}


def judge(
    policy: ResourceValidationPolicy, resource_type: str, properties: Mapping[str, Any], **settings: object
) -> list[str]:
    """What a policy has against a resource, line by line."""
    found: list[str] = []
    config = {**defaults(policy.name), **settings}
    args = ResourceValidationArgs(resource_type, told(properties), "urn:a", "a", _OPTIONS, None, config)
    policy.validate(args, lambda message, urn=None: found.extend(message.splitlines()))
    return found


@dataclass
class Stack:
    """Resources as a policy on a whole stack is told them."""

    resources: list[PolicyResource] = field(default_factory=list)

    def add(
        self, resource_type: str, name: str, properties: Mapping[str, Any], **needed: list[PolicyResource]
    ) -> PolicyResource:
        """Add a resource, and by property what it depends on."""
        urn = f"urn:pulumi:test::hybridge::{resource_type}::{name}"
        added = PolicyResource(resource_type, told(properties), urn, name, _OPTIONS, None, None, [], needed)
        self.resources.append(added)
        return added

    def judge(self, policy: StackValidationPolicy, **settings: object) -> dict[str, list[str]]:
        """What a policy has against the stack, by the name of the resource."""
        found: dict[str, list[str]] = {}
        args = StackValidationArgs(self.resources, {**defaults(policy.name), **settings})

        def report(message: str, urn: str | None = None) -> None:
            found.setdefault((urn or "").rpartition("::")[2], []).append(message)

        policy.validate(args, report)
        return found


@pytest.fixture
def stack() -> Stack:
    return Stack()


@pytest.fixture(scope="session")
def opa_program() -> opa.Opa:
    return opa.ensure()


@pytest.fixture
def opa_on_path(opa_program: opa.Opa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{opa_program.bin}{os.pathsep}{os.environ['PATH']}")


Judge = Callable[..., list[str]]
