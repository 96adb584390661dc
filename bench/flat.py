"""Turns the state of an estate into the flat program that declares the very same resources without components.

Types, names and inputs are the estate's own, and so is what it tells from its plan. Where an input was made from
another resource's output, the flat program takes it from there too, as somebody would who writes it by hand.
flat_program.py declares what is found here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast

from pulumi.runtime.rpc import get_resource_module, get_resource_package

from rehearsal.clouds.annotations import getters
from rehearsal.clouds.sdk import PACKAGES, package_of
from rehearsal.clouds.wire import SECRET, SIGNATURE

OUTPUT: Final = "$output"
"""Marks a value that is another resource's output: its number and the output's name."""
AFTER: Final = "$after"
"""Marks a value that is there only when other resources are: their numbers and the value."""
JOINED: Final = "$joined"
"""Marks a text that is put together from others."""
UNMISTAKABLE: Final = 8
"""Characters of the shortest output that is looked for inside a longer text."""
_PROVIDER: Final = "pulumi:providers:"
_STACK: Final = "pulumi:pulumi:Stack"
_TOLD: Final = ("diagram", "report")
_ENGINES_OWN: Final = ("__internal", "version")


def write_flat(root: Path, state: Mapping[str, Any]) -> None:
    """Write what the flat program of a project declares, from a state as `flat` takes one."""
    content = {"resources": flat(state), "told": told(state)}
    (root / "flat.json").write_text(json.dumps(content), encoding="utf-8")


def flat(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a flat program declares, in order, from a state that was exported with its secrets in the clear."""
    resources = [resource for resource in state["deployment"]["resources"] if _declared(resource)]
    numbers = {resource["urn"]: number for number, resource in enumerate(resources)}
    return [_item(resource, resources, numbers) for resource in resources]


def told(state: Mapping[str, Any]) -> dict[str, Any]:
    """What a flat program exports as it stands: the stack's outputs that no resource has a part in."""
    (stack,) = [resource for resource in state["deployment"]["resources"] if resource["type"] == _STACK]
    return {name: value for name, value in stack["outputs"].items() if name in _TOLD}


def _declared(resource: Mapping[str, Any]) -> bool:
    return bool(resource["custom"]) and not resource.get("external", False)


def _item(
    resource: Mapping[str, Any], resources: list[Mapping[str, Any]], numbers: Mapping[str, int]
) -> dict[str, Any]:
    module, name = _class(resource["type"])
    inputs = {key: value for key, value in resource.get("inputs", {}).items() if key not in _ENGINES_OWN}
    if resource["type"].startswith(_PROVIDER):
        inputs = {key: _decoded(value) for key, value in inputs.items()}
    names = _python_names(module, f"{name}Args")
    sources = resource.get("propertyDependencies") or {}
    arguments = {
        names[key]: _from_outputs(_plain(value), [resources[numbers[urn]] for urn in sources.get(key) or ()], numbers)
        for key, value in inputs.items()
    }
    of_inputs = {urn for urns in sources.values() for urn in urns or ()}
    provider = resource.get("provider", "").rpartition("::")[0]
    return {
        "module": module,
        "class": name,
        "name": resource["urn"].rpartition("::")[2],
        "arguments": arguments,
        "provider": numbers.get(provider),
        "protect": bool(resource.get("protect", False)),
        "depends_on": [numbers[urn] for urn in resource.get("dependencies") or () if urn not in of_inputs],
    }


def _from_outputs(value: Any, sources: list[Mapping[str, Any]], numbers: Mapping[str, int]) -> Any:
    """Return `value` with each part that is an output of one of `sources` taken from there."""
    if not sources:
        return value
    found = {text: mark for source in sources for text, mark in _outputs(source, numbers[source["urn"]])}
    taken = _replaced(value, found)
    if taken == value:
        return {AFTER: [numbers[source["urn"]] for source in sources], "value": value}
    return taken


def _outputs(resource: Mapping[str, Any], number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    names = _python_names(*_class(resource["type"]))
    for key, value in (resource.get("outputs") or {}).items():
        plain = _plain(value)
        if isinstance(plain, str) and plain and key in names:
            yield plain, {OUTPUT: number, "name": names[key]}
    yield resource["id"], {OUTPUT: number, "name": "id"}


def _replaced(value: Any, found: Mapping[str, dict[str, Any]]) -> Any:
    if isinstance(value, str):
        return found[value] if value in found else _joined(value, found)
    if isinstance(value, list):
        return [_replaced(item, found) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _replaced(item, found) for key, item in cast("dict[str, Any]", value).items()}
    return value


def _joined(value: str, found: Mapping[str, dict[str, Any]]) -> Any:
    """Return a text as what it was put together from, where an output that cannot be there by chance is part of it."""
    part = max((text for text in found if len(text) >= UNMISTAKABLE and text in value), key=len, default=None)
    if part is None:
        return value
    before, _, after = value.partition(part)
    return {JOINED: [before, found[part], after]}


def _plain(value: Any) -> Any:
    """Return a value of the state without the marks around secrets."""
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        if members.get(SIGNATURE) == SECRET:
            return json.loads(members["plaintext"])
        return {key: _plain(item) for key, item in members.items()}
    return value


def _decoded(value: Any) -> Any:
    """Return a provider's input: what is no text arrives as JSON."""
    try:
        decoded = json.loads(value)
    except (TypeError, ValueError):
        return value
    return value if isinstance(decoded, int | float) and not isinstance(decoded, bool) else decoded


def _class(token: str) -> tuple[str, str]:
    """The module and the name of the SDK's class for a resource's type."""
    package = package_of(token)
    import_module(PACKAGES[package])
    if token.startswith(_PROVIDER):
        information = cast("Any", get_resource_package(package, "")).pkg_info
        return information["fqn"], information["class"]
    information = cast("Any", get_resource_module(package, token.split(":")[1], "")).mod_info
    return information["fqn"], information["classes"][token]


def _python_names(module: str, name: str) -> dict[str, str]:
    return {wire: python for python, wire, _ in getters(getattr(import_module(module), name))}
