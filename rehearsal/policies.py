"""What a stack has set about the policies, checked before the engine reads it.

The engine checks the form of each setting by the pack's schema. A policy or a setting that is misspelt it lets pass:
it would do nothing, and a stack would be judged by other rules than somebody believes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from hybridge.topology import Problem, meant
from hybridge.topology.problem import path_of

_LEVELS: Final = ["mandatory", "advisory", "disabled"]
_EVERY_POLICY: Final = "all"
_LEVEL: Final = "enforcementLevel"


def settings_problems(pack: Path, settings: Path) -> list[Problem]:
    """Find what is wrong with a stack's settings of the policies.

    Args:
        pack: the policy pack, which says in settings.yaml what can be set about each policy.
        settings: the stack's file, which need not be there.
    """
    schemas = pack / "settings.yaml"
    if not settings.exists() or not schemas.exists():
        return []
    try:
        content: object = json.loads(settings.read_text(encoding="utf-8"))
    except OSError as error:
        return [Problem(settings.name, f"It cannot be read: {error.strerror}.", "Mend that, or remove the file.")]
    except (ValueError, RecursionError) as error:
        return [Problem(settings.name, f"It is no JSON: {error}.", "Mend it, or remove the file.")]
    if not isinstance(content, dict):
        return [Problem(settings.name, "It is no JSON object.", "Write one with the policies' names as keys.")]
    known = cast("dict[str, dict[str, Any]]", yaml.safe_load(schemas.read_text(encoding="utf-8")))
    found = cast("dict[str, object]", content)
    return [problem for policy, setting in found.items() for problem in _about(policy, setting, known, settings.name)]


def _about(policy: str, setting: object, known: dict[str, dict[str, Any]], file: str) -> Iterator[Problem]:
    if policy != _EVERY_POLICY and policy not in known:
        remedy = meant(policy, known, f"There are {', '.join(known)}, and `all` for all of them.")
        yield Problem(f"{file}: {policy}", "There is no such policy.", remedy)
        return
    properties = {_LEVEL: {"enum": _LEVELS}, **known.get(policy, {})}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    # A level may stand alone.
    instance = cast("Any", {_LEVEL: setting} if isinstance(setting, str) else setting)
    validator = Draft202012Validator(schema)
    for error in cast("Iterator[ValidationError]", validator.iter_errors(instance)):  # pyright: ignore[reportUnknownMemberType]
        place = path_of(policy, *error.absolute_path)
        yield Problem(f"{file}: {place}", f"{error.message}.", f"The policy takes {', '.join(properties)}.")
