"""Check: what is unknown, missing or mistyped in a resource's inputs, everything at once, each with its path.

The types are the SDK's own (see `sdk.Property`) and are taken at their word: where it says string, a number
fails, although some real providers would convert it. Values only a later operation will know pass anywhere.
A reason names types and allowed values and never quotes what it found, which may be a secret.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from functools import cache
from typing import Final, TypeAlias, Union, cast

from pulumi import Archive, Asset

from rehearsal.clouds.checking_aws import REFUSALS
from rehearsal.clouds.sdk import Function, Property, Resource, is_enum, is_object, members
from rehearsal.clouds.values import UNKNOWN, Properties, Value


@dataclass(frozen=True)
class Failure:
    """One thing wrong with the inputs: the property's path (`a.b[0].c`) and a sentence."""

    path: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """Everything a check found; the inputs are accepted when there is no failure."""

    failures: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass
class Findings:
    """What a check has found so far."""

    failures: list[Failure] = field(default_factory=list["Failure"])
    warnings: list[str] = field(default_factory=list[str])

    def fail(self, path: str, reason: str) -> None:
        """Note a failure."""
        self.failures.append(Failure(path, reason))

    def verdict(self) -> Verdict:
        """The findings, finished."""
        return Verdict(tuple(self.failures), tuple(self.warnings))


_Check: TypeAlias = Callable[[Value, str, Findings], None]

_FOUND: Final[Sequence[tuple[type, str]]] = (
    (type(None), "Nothing (null)"),
    (bool, "A boolean"),  # before int, of which it is one
    (int, "A whole number"),
    (float, "A whole number"),
    (str, "A string"),
    (list, "A list"),
    (dict, "A map"),
)

_OF_THE_ENGINE: Final = frozenset({"version", "pluginDownloadURL"})
"""What the engine adds to an explicit provider's own arguments, beside names that begin with `__`."""


def check(resource: Resource, inputs: Properties) -> Verdict:
    """Every problem of `inputs`, given by wire name, for `resource` at once.

    Kubernetes objects with an offline schema are judged by that, which knows more than the SDK's types (whole
    numbers or strings, quantities) and forbids the same.
    """
    is_provider = resource.token.startswith("pulumi:providers:")
    if resource.package == "kubernetes" and not is_provider:
        from rehearsal.clouds import kubernetes

        if kubernetes.judges(resource.token):
            return kubernetes.check_object(resource.token, inputs)
    findings = Findings()
    if {"apiVersion", "kind"} <= resource.constants.keys():
        kind = f"{resource.constants['apiVersion']} {resource.constants['kind']}"
        findings.warnings.append(f"No published schema knows {kind}: judged by the SDK's types alone.")
    if is_provider:
        inputs = _decoded(resource, inputs, findings)
    _check_members(resource.inputs, inputs, "", findings)
    refusals = REFUSALS.get(resource.token)
    for path, reason in refusals(inputs) if refusals is not None else ():
        findings.fail(path, reason)
    return findings.verdict()


def check_function(function: Function, args: Properties) -> Verdict:
    """Every problem of the arguments `args`, given by wire name, of an invoke of `function` at once."""
    findings = Findings()
    _check_members(function.arguments, args, "", findings)
    return findings.verdict()


def check_value(annotation: object, value: Value) -> Verdict:
    """Every problem of `value` for the type `annotation` of a `Property`."""
    findings = Findings()
    _checker(annotation)(value, "", findings)
    return findings.verdict()


def joined(path: str, name: str) -> str:
    """The path of the property `name` of what is at `path`, in Pulumi's property-path syntax."""
    if not name.replace("_", "a").replace("-", "a").isalnum():
        return f"{path}[{json.dumps(name)}]"
    return f"{path}.{name}" if path else name


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown property: the names that look most like it, if any."""
    close = get_close_matches(name, list(known), n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else "."


def found(value: Value) -> str:
    """What kind of value was found, never the value itself."""
    if isinstance(value, float) and not value.is_integer():
        return "A number with a fraction"
    return next((name for kind, name in _FOUND if isinstance(value, kind)), "An asset or archive")


def _decoded(resource: Resource, inputs: Properties, findings: Findings) -> Properties:
    """A provider's own arguments, those that came as JSON text decoded and the engine's own left out."""
    result: dict[str, Value] = {}
    for name, value in inputs.items():
        if name in _OF_THE_ENGINE and name not in resource.inputs:
            continue
        result[name] = value
        if name in resource.encoded and isinstance(value, str):
            try:
                result[name] = json.loads(value)
            except ValueError:
                result[name] = None
                findings.fail(name, f"The text is no JSON of {_expected(resource.inputs[name].type)}.")
    return result


def _check_members(known: Mapping[str, Property], given: Properties, path: str, findings: Findings) -> None:
    for name, value in given.items():
        declared = known.get(name)
        if declared is not None:
            if value is not None and value is not UNKNOWN:
                _checker(declared.type)(value, joined(path, name), findings)
        elif not name.startswith("__") and value is not None:
            findings.fail(joined(path, name), f"There is no property of this name{did_you_mean(name, known)}")
    for declared in known.values():
        if declared.required and given.get(declared.name) is None:
            reason = f"The property is required and missing; it takes {_expected(declared.type)}."
            findings.fail(joined(path, declared.name), reason)


@cache
def _checker(annotation: object) -> _Check:
    """The check for one type of the SDK, composed once per type."""
    origin = typing.get_origin(annotation)
    arguments = cast("tuple[object, ...]", typing.get_args(annotation))
    if is_object(annotation):
        return _object(annotation)
    if origin in _COMPOSED:
        return _COMPOSED[origin](annotation, arguments)
    if is_enum(annotation):
        return _one_of(annotation, _values(annotation))
    accepts = _ACCEPTS.get(annotation)
    return _simple(annotation, accepts) if accepts is not None else _anything


def _anything(value: Value, path: str, findings: Findings) -> None:
    """Accept every value: the SDK does not say more."""


def _is_whole(value: Value) -> bool:
    return (type(value) is int) or (isinstance(value, float) and value.is_integer())


_ACCEPTS: Final[Mapping[object, Callable[[Value], bool]]] = {
    str: lambda value: isinstance(value, str),
    bool: lambda value: isinstance(value, bool),
    int: _is_whole,
    float: lambda value: type(value) is int or isinstance(value, float),
    Asset: lambda value: isinstance(value, Asset),
    Archive: lambda value: isinstance(value, Archive),
    dict: lambda value: isinstance(value, dict),
    list: lambda value: isinstance(value, list),
}


def _simple(annotation: object, accepts: Callable[[Value], bool]) -> _Check:
    def run(value: Value, path: str, findings: Findings) -> None:
        if not accepts(value) and value is not UNKNOWN:
            _mistyped(annotation, value, path, findings)

    return run


def _object(cls: type) -> _Check:
    known = members(cls)

    def run(value: Value, path: str, findings: Findings) -> None:
        if isinstance(value, dict):
            _check_members(known, value, path, findings)
        elif value is not UNKNOWN:
            _mistyped(cls, value, path, findings)

    return run


def _list(annotation: object, arguments: tuple[object, ...]) -> _Check:
    element = arguments[0]

    def run(value: Value, path: str, findings: Findings) -> None:
        if isinstance(value, list):
            inner = _checker(element)  # not outside: an SDK's types may contain themselves
            for index, item in enumerate(value):
                inner(item, f"{path}[{index}]", findings)
        elif value is not UNKNOWN:
            _mistyped(annotation, value, path, findings)

    return run


def _map(annotation: object, arguments: tuple[object, ...]) -> _Check:
    element = arguments[1]

    def run(value: Value, path: str, findings: Findings) -> None:
        if isinstance(value, dict):
            inner = _checker(element)
            for name, item in value.items():
                if item is not None and not name.startswith("__"):
                    inner(item, joined(path, name), findings)
        elif value is not UNKNOWN:
            _mistyped(annotation, value, path, findings)

    return run


def _one_of(annotation: object, allowed: Sequence[object]) -> _Check:
    def run(value: Value, path: str, findings: Findings) -> None:
        if value is UNKNOWN:
            return
        if type(value) not in {str, int, float, bool} or isinstance(value, bool) != (True in allowed):
            _mistyped(annotation, value, path, findings)
        elif value not in allowed:
            findings.fail(path, f"The value is none of those allowed: {listed(allowed)}.")

    return run


def _union(annotation: object, arguments: tuple[object, ...]) -> _Check:
    """One of several types; beside a plain type, an enum only lists the values the SDK knows of (an open enum)."""
    plain = [accepts for one in arguments if (accepts := _ACCEPTS.get(one)) is not None]
    known = [value for one in arguments if is_enum(one) for value in _values(one)]

    def run(value: Value, path: str, findings: Findings) -> None:
        if value is UNKNOWN:
            return
        if any(accepts(value) for accepts in plain):
            if known and value not in known:
                findings.warnings.append(f"{path}: the value is none of those the SDK knows: {listed(known)}.")
            return
        attempts: list[Findings] = []
        for one in arguments:
            attempt = Findings()
            _checker(one)(value, path, attempt)
            attempts.append(attempt)
        best = min(attempts, key=lambda attempt: len(attempt.failures))
        if any(failure.path == path for failure in best.failures):
            _mistyped(annotation, value, path, findings)
            return
        findings.failures += best.failures
        findings.warnings += best.warnings

    return run


_COMPOSED: Final[Mapping[object, Callable[[object, tuple[object, ...]], _Check]]] = {
    list: _list,
    dict: _map,
    Union: _union,
    typing.Literal: _one_of,
}


def _values(enum: type[Enum]) -> tuple[object, ...]:
    return tuple(cast("object", member.value) for member in enum)


def listed(values: Sequence[object]) -> str:
    """Allowed values for a sentence; the first twenty of many."""
    shown = ", ".join(json.dumps(value) for value in values[:20])
    return shown if len(values) <= 20 else f"{shown} and {len(values) - 20} more"  # noqa: PLR2004  as said


def _mistyped(annotation: object, value: Value, path: str, findings: Findings) -> None:
    findings.fail(path, f"{found(value)} was found where {_expected(annotation)} is expected.")


_NAMES: Final[Mapping[object, str]] = {
    str: "a string",
    bool: "a boolean",
    int: "a whole number",
    float: "a number",
    Asset: "an asset",
    Archive: "an archive",
    dict: "a map",
    list: "a list",
}


def _expected(annotation: object) -> str:
    """What a type takes, for a sentence."""
    origin = typing.get_origin(annotation)
    arguments = cast("tuple[object, ...]", typing.get_args(annotation))
    if origin in {list, dict}:
        return f"a {'list' if origin is list else 'map'} ({_expected(arguments[-1])} each)"
    if origin is Union:
        return " or ".join(dict.fromkeys(_expected(one) for one in arguments))
    if origin is typing.Literal:
        return f"one of {listed(arguments)}"
    if is_enum(annotation):
        return f"one of {listed(_values(annotation))}"
    if is_object(annotation):
        return f"a map of the shape {annotation.__name__.removesuffix('Args')}"
    return _NAMES.get(annotation, "any value")
