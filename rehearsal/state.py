"""A stack's state as the engine exports it: the parts a rehearsal judges and shows."""

from __future__ import annotations

import json
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field

from rehearsal.clouds.wire import SECRET, SIGNATURE

_PLAINTEXT = "plaintext"  # beside a secret's mark in an exported state: the value itself as JSON


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class StateResource(_Part):
    """One resource of the state."""

    urn: str
    type: str
    id: str = ""
    custom: bool = False
    external: bool = False
    awaits_deletion: bool = Field(default=False, alias="delete")
    protect: bool = False
    parent: str = ""
    provider: str = ""
    # a stack's outputs are whatever its program exported
    outputs: dict[str, Any] = Field(default_factory=dict[str, Any])

    @property
    def in_a_cloud(self) -> bool:
        """Whether a provider holds an object for it, which the engine created and will delete."""
        return self.custom and not self.external and not self.type.startswith("pulumi:")


class PendingOperation(_Part):
    """Something the engine had begun when it was stopped, so that it cannot know how it ended."""

    type: str
    resource: StateResource


class Deployment(_Part):
    """All of a state."""

    resources: list[StateResource] = Field(default_factory=list[StateResource])
    pending: list[PendingOperation] = Field(default_factory=list[PendingOperation], alias="pending_operations")


class _Export(_Part):
    deployment: Deployment | None = None  # a stack that nothing was ever declared in has none


def parse_state(text: str) -> Deployment:
    """The state in the text of `pulumi stack export`."""
    return _Export.model_validate_json(text).deployment or Deployment()


def stack_outputs(deployment: Deployment) -> dict[str, object]:
    """What the program exported, with its secrets in the clear where the state was exported so."""
    for resource in deployment.resources:
        if resource.type == "pulumi:pulumi:Stack":
            return {name: _plain(value) for name, value in resource.outputs.items()}
    return {}


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    inner = cast("dict[str, object]", value)
    if inner.get(SIGNATURE) == SECRET:
        return json.loads(str(inner[_PLAINTEXT])) if _PLAINTEXT in inner else None
    return {key: _plain(item) for key, item in inner.items()}
