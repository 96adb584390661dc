"""What a stack may set about each policy: settings.yaml, declared to the engine, which checks and completes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, cast

import yaml
from pulumi_policy import PolicyConfigSchema

SCHEMAS: Final = cast(
    "dict[str, dict[str, dict[str, Any]]]",
    yaml.safe_load((Path(__file__).parent / "settings.yaml").read_text(encoding="utf-8")),
)
"""The JSON Schema of each setting, by policy."""


def schema(policy: str) -> PolicyConfigSchema | None:
    """Return a policy's settings as the engine wants them, or None where it has none."""
    properties = SCHEMAS[policy]
    return PolicyConfigSchema(properties) if properties else None


def misspelt(policy: str, config: Mapping[str, object]) -> Iterator[str]:
    """Tell every setting that the policy does not have: the engine lets them pass, and they would do nothing."""
    known = SCHEMAS[policy]
    for name in config:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            remedy = f"Did you mean `{close[0]}`?" if close else f"It has {', '.join(known) or 'none'}."
            yield f"`{name}` is no setting of {policy}. {remedy}"
