"""Inputs composed from the SDKs' types, for tests over many resources."""

from __future__ import annotations

import random
import typing
from enum import Enum
from typing import Any

import pulumi

from rehearsal.clouds import sdk
from rehearsal.clouds.sdk import Property, Resource

SEED = 20261122


def tokens(package: str) -> list[str]:
    """Every resource token that an SDK registers."""
    from pulumi.runtime import rpc

    sdk.provider(package)
    modules = [one for key, found in rpc._RESOURCE_MODULES.items() if key.split(":")[0] == package for one in found]
    return sorted(token for module in modules for token in module.mod_info["classes"])


def sampled(package: str, count: int, modules: int = 4) -> list[str]:
    """A seeded sample of an SDK's resources, from few modules, because each takes long to import."""
    chance = random.Random(f"{SEED}{package}")  # noqa: S311  a sample, no secret
    by_module: dict[str, list[str]] = {}
    for token in tokens(package):
        by_module.setdefault(token.split(":")[1].split("/")[0], []).append(token)
    chosen = chance.sample(sorted(by_module), min(modules, len(by_module)))
    found = [token for name in chosen for token in by_module[name]]
    while len(found) < count and len(chosen) < len(by_module):
        name = chance.choice(sorted(set(by_module) - set(chosen)))
        chosen.append(name)
        found += by_module[name]
    return sorted(chance.sample(found, min(count, len(found))))


def minimal(known: typing.Mapping[str, Property]) -> dict[str, Any]:
    """Every required property, and no other."""
    return {one.name: value(one.type, 0) for one in known.values() if one.required}


def full(known: typing.Mapping[str, Property], depth: int = 3) -> dict[str, Any]:
    """Every property; below `depth` only the required ones."""
    return {one.name: value(one.type, depth) for one in known.values()}


def inputs_of(resource: Resource) -> dict[str, Any]:
    """What the SDK would send for a resource with its required properties only."""
    return {**resource.constants, **minimal(resource.inputs)}


def value(annotation: object, depth: int) -> Any:  # noqa: PLR0911  one line for each shape of type
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Union:
        return value(arguments[-1], depth)
    if origin is typing.Literal:
        return arguments[0]
    if origin is list:
        return [value(arguments[0], depth)]
    if origin is dict:
        return {"a key": value(arguments[1], depth)}
    if sdk.is_object(annotation):
        known = sdk.members(annotation)
        return full(known, depth - 1) if depth > 0 else minimal(known)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return list(annotation)[-1].value
    simple = {
        str: "text",
        int: 7.0,  # as the engine sends it
        float: 2.5,
        bool: True,
        pulumi.Asset: pulumi.StringAsset("text"),
        pulumi.Archive: pulumi.AssetArchive({}),
    }
    return simple.get(annotation, "anything")
