"""What a simulated cloud answers: identifiers and computed properties, typed as the SDK says.

Inputs come back under their own names; what a real cloud would compute is invented after the patterns of
`data/identifiers.yaml`, the same for the same URN and generation. What patterns cannot say (addresses inside a
tunnel that follow from its range, keys, configuration texts) is in `making_aws` and `making_kubernetes`, one
function for each kind of resource. Nothing here stands for a real resource.
"""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Union, cast

from rehearsal.clouds import making_aws, making_kubernetes
from rehearsal.clouds.derivation import NOWHERE, Making, Surroundings
from rehearsal.clouds.identifiers import identifier, making_of
from rehearsal.clouds.patterns import absent, defaults, length, property_pattern
from rehearsal.clouds.sdk import Property, Resource, is_enum, is_object, members
from rehearsal.clouds.values import UNKNOWN, Properties, Value, has_unknowns

__all__ = ["NOWHERE", "Surroundings", "identifier", "outputs", "preview_outputs"]

_DEPTH: Final = 6
"""How deep invented objects go; some SDK types contain themselves."""


def outputs(  # noqa: PLR0913, PLR0917  what a creation consists of; both fronts call it by position
    resource: Resource,
    urn: str,
    generation: int,
    identifier: str,
    inputs: Properties,
    surroundings: Surroundings = NOWHERE,
) -> dict[str, Value]:
    """All properties after creation: the inputs, and everything the SDK says the cloud always computes.

    Properties that the SDK calls optional and nobody gave stay absent, as do write-only inputs. What would follow
    from an unknown input is UNKNOWN.
    """
    making = replace(making_of(resource, urn, generation, inputs, surroundings), identifier=identifier)
    computed = _computed(making)
    given = _given(resource, inputs)
    result: dict[str, Value] = {}
    for name, declared in resource.outputs.items():
        if name in computed:
            result[name] = computed[name]
        elif name in given:
            result[name] = _completed(making, declared.type, given[name], name, _make)
        elif declared.required:
            result[name] = _make(making, declared, name)
    for name, value in given.items():
        result.setdefault(name, value)
    return result


def preview_outputs(resource: Resource, inputs: Properties) -> dict[str, Value]:
    """All properties at preview: the inputs, and UNKNOWN for everything that creation would compute.

    An optional property that is an input too and was not given is absent, as it will be after creation; an
    optional one that only the cloud can set may come or not, which is unknown as well.
    """
    making = making_of(resource, "", 0, inputs, NOWHERE)
    given = _given(resource, inputs)
    result: dict[str, Value] = {}
    for name, declared in resource.outputs.items():
        if name in given:
            result[name] = _completed(making, declared.type, given[name], name, _unknown)
        elif declared.required or name not in resource.inputs:
            result[name] = UNKNOWN
    for name, value in given.items():
        result.setdefault(name, value)
    return result


_Maker = Callable[[Making, Property, str], Value]


def _unknown(making: Making, declared: Property, path: str) -> Value:
    del making, declared, path
    return UNKNOWN


def _given(resource: Resource, inputs: Properties) -> dict[str, Value]:
    """The inputs that a cloud gives back: without absent ones, the engine's own and write-only ones."""
    return {
        name: value
        for name, value in inputs.items()
        if value is not None
        and not name.startswith("__")
        and not (name.endswith("Wo") and f"{name}Version" in resource.inputs)
    }


def _computed(making: Making) -> dict[str, Value]:
    """What does not come from an input of the same name, nor from a pattern by the property's name."""
    resource = making.resource
    result: dict[str, Value] = dict(defaults(resource.token))
    for name in making.inputs:
        result.pop(name, None)
    if "id" in resource.outputs and resource.outputs["id"].required:
        result["id"] = making.identifier
    if resource.package == "azure-native":
        result |= _azure_computed(making)
    if resource.package == "aws":
        result |= _aws_computed(making)
    if resource.package == "kubernetes" and making_kubernetes.is_object(resource):
        result |= making_kubernetes.computed(making)
    special = making_aws.SPECIAL.get(resource.token) or making_kubernetes.SPECIAL.get(resource.token)
    return result | special(making) if special is not None else result


def _aws_computed(making: Making) -> dict[str, Value]:
    outputs_ = making.resource.outputs
    result: dict[str, Value] = {}
    if "tagsAll" in outputs_:
        result["tagsAll"] = making.inputs.get("tags") or {}
    if "arn" in outputs_ and making.identifier.startswith("arn:"):
        result["arn"] = making.identifier
    return result


def _azure_computed(making: Making) -> dict[str, Value]:
    outputs_ = making.resource.outputs
    result: dict[str, Value] = {}
    _, _, path = making.identifier.partition("/providers/")
    namespace, *segments = path.split("/")
    if "name" in outputs_ and "name" not in making.inputs:
        result["name"] = making.identifier.rpartition("/")[2]
    if "type" in outputs_ and "type" not in making.inputs and outputs_["type"].type is str:
        result["type"] = "/".join((namespace, *segments[::2]))
    return result


def _completed(making: Making, annotation: object, value: Value, path: str, make: _Maker) -> Value:
    """An input as a cloud gives it back: with what it computes inside nested objects."""
    arguments = cast("tuple[object, ...]", typing.get_args(annotation))
    origin = typing.get_origin(annotation)
    if origin is Union and isinstance(value, dict):
        annotation = _closest(arguments, value)
    if isinstance(value, dict):
        if is_object(annotation):
            return _completed_object(making, annotation, value, path, make)
        if origin is dict:
            return {
                name: _completed(making, arguments[1], item, f"{path}.{name}", make)
                for name, item in value.items()
                if item is not None
            }
    if isinstance(value, list) and origin is dict and is_object(arguments[1]):
        # Azure takes the identifiers of identities as a list and gives a map by identifier back.
        shape = arguments[1]
        return {item: _completed_object(making, shape, {}, path, make) for item in value if isinstance(item, str)}
    if isinstance(value, list) and origin is list:
        return [_completed(making, arguments[0], item, f"{path}[{index}]", make) for index, item in enumerate(value)]
    return _as_text(value) if annotation is str else value


def _as_text(value: Value) -> Value:
    """What a cloud gives back as text although it takes it as something else: numbers, and policies as JSON."""
    if isinstance(value, dict | list):
        return UNKNOWN if has_unknowns(value) else json.dumps(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(int(value)) if value == int(value) else str(value)
    return value


def _completed_object(
    making: Making, cls: type, value: Mapping[str, Value], path: str, make: _Maker
) -> dict[str, Value]:
    known = members(cls)
    result: dict[str, Value] = {}
    for name, item in value.items():
        if item is not None and name in known:  # what the output type lacks is write-only
            result[name] = _completed(making, known[name].type, item, f"{path}.{name}", make)
    for name, declared in known.items():
        if declared.required and name not in result:
            result[name] = make(making, declared, f"{path}.{name}")
    return result


def _closest(candidates: tuple[object, ...], value: Mapping[str, Value]) -> object:
    """The object type of a union that shares the most properties with a value."""
    objects = [one for one in candidates if is_object(one)]
    return max(objects, key=lambda one: len(members(one).keys() & value.keys()), default=typing.Any)


def _make(making: Making, declared: Property, path: str) -> Value:
    """An invented value of the property at `path`: what the SDK documents as its default, else by its name."""
    documented = declared.default
    if documented is not None:
        if declared.type is bool and documented in {"true", "false"}:
            return documented == "true"
        if declared.type is int and documented.isdecimal():
            return int(documented)
        if declared.type is str and property_pattern(making.resource.token, declared.name, "str") is None:
            return documented
    return _make_typed(making, declared.type, path)


def _make_typed(making: Making, annotation: object, path: str) -> Value:
    arguments = cast("tuple[object, ...]", typing.get_args(annotation))
    origin = typing.get_origin(annotation)
    if origin is Union:
        return _make_typed(making, arguments[0], path)
    if origin is list:
        count = 0 if path.count(".") >= _DEPTH else length(making.resource.token, _leaf(path))
        return [_make_typed(making, arguments[0], f"{path}[{index}]") for index in range(count)]
    if origin is typing.Literal:
        return cast("Value", arguments[0])
    if is_enum(annotation):
        return cast("Value", next(iter(annotation)).value)
    if is_object(annotation):
        return _make_object(making, annotation, path)
    return _make_primitive(making, annotation, path)


def _make_object(making: Making, cls: type, path: str) -> dict[str, Value]:
    """An invented object: what its type requires, or everything where its type requires nothing.

    The SDKs of bridged providers call every property inside a computed object optional.
    """
    known = members(cls)
    wanted = [one for one in known.values() if one.required]
    if not wanted and path.count(".") < _DEPTH // 2:
        left_out = absent(making.resource.token)
        wanted = [one for one in known.values() if one.name not in left_out]
    if path.count(".") >= _DEPTH:
        wanted = [one for one in wanted if not is_object(one.type)]
    return {one.name: _make(making, one, f"{path}.{one.name}") for one in wanted}


def _make_primitive(making: Making, annotation: object, path: str) -> Value:
    if annotation is str:
        pattern = property_pattern(making.resource.token, _leaf(path), "str")
        return making.expand(pattern or f"{_leaf(path)}-{{hex:8}}", path)
    if annotation is int or annotation is float:
        if index := re.search(r"\[(\d+)\]\.id$", path):
            return int(index.group(1))
        pattern = property_pattern(making.resource.token, _leaf(path), "int")
        return float(pattern or 1) if annotation is float else int(pattern or 1)
    if annotation is bool:
        return False
    return {}


def _leaf(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path).rpartition(".")[2]
