"""Kubernetes objects judged by the API's own published schemas, which the kubernetes-validate wheel carries.

The strict schemas forbid fields that Kubernetes does not have, as `kubectl --validate=strict` and server-side
apply do. They know no custom resources: of those only the envelope (apiVersion, kind, metadata) is judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, Protocol, cast

import referencing
from jsonschema.validators import Draft202012Validator
from kubernetes_validate.utils import (  # pyright: ignore[reportMissingTypeStubs]  the wheel has none
    all_versions,
    major_minor,
    schema_contents,
)

from rehearsal.clouds import sdk
from rehearsal.clouds.checking import Findings, Verdict, did_you_mean, found, joined, listed
from rehearsal.clouds.values import UNKNOWN, Properties, Value, has_unknowns

Schema = Mapping[str, Any]  # JSON of any shape

_PATCH: Final = "Patch"
_METADATA: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_TYPES: Final[Mapping[str, str]] = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "a boolean",
    "array": "a list",
    "object": "a map",
}


class _Problem(Protocol):
    """What is read of jsonschema's ValidationError, which comes without types."""

    validator: str
    validator_value: Any  # the schema's own value of the broken rule: any JSON
    instance: Value
    schema: Schema
    absolute_path: Iterable[str | int]


def judges(token: str) -> bool:
    """Whether `check_object` can judge the resource `token`: a kind with a schema, or a custom resource.

    Helm releases and other resources of the Kubernetes SDK that are no API objects are left to their SDK types.
    """
    resource = sdk.resource(token)
    if resource is None:
        return False
    return _is_custom(resource) or _schema_version(resource) is not None


def check_object(token: str, inputs: Properties) -> Verdict:
    """Every problem of the Kubernetes object `inputs` of type `token` at once, with property paths.

    The schema is that of the newest Kubernetes release that still has the kind; a kind which newer releases have
    dropped gets a warning. A `...Patch` resource may leave out fields that the whole object needs.

    Raises LookupError for a token of which `judges` says no.
    """
    resource = sdk.resource(token)
    if resource is None or not judges(token):
        raise LookupError(f"there is no schema to judge {token} by")
    findings = Findings()
    if _is_custom(resource):
        _check_custom(token, inputs, findings)
        return findings.verdict()
    version = cast("str", _schema_version(resource))
    newest = all_versions()[-1]
    if version != newest:
        kind = f"{resource.constants['apiVersion']} {resource.constants['kind']}"
        findings.warnings.append(
            f"Kubernetes {major_minor(newest)} has no {kind} any more; judged by {major_minor(version)}."
        )
    instance = _plain({**resource.constants, **inputs})
    _judge(_validator(version, _file_stem(resource)), instance, "", findings, partial=_is_patch(token, resource))
    return findings.verdict()


def _is_custom(resource: sdk.Resource) -> bool:
    """Whether the SDK has only its CustomResource class for it: one that does not fix apiVersion and kind."""
    return {"apiVersion", "kind", "metadata"} <= resource.inputs.keys() and "kind" not in resource.constants


def _is_patch(token: str, resource: sdk.Resource) -> bool:
    return token.endswith(_PATCH) and not resource.constants["kind"].endswith(_PATCH)


def _file_stem(resource: sdk.Resource) -> str:
    """The schema's file name: kind and apiVersion in lower case, only the first label of a group's domain."""
    api_version = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", resource.constants["apiVersion"])
    return f"{resource.constants['kind'].lower()}-{api_version}"


@cache
def _schema_version(resource: sdk.Resource) -> str | None:
    """The newest release whose schemas have the kind, or None."""
    if not {"apiVersion", "kind"} <= resource.constants.keys():
        return None
    return next((version for version in reversed(all_versions()) if _has(version, _file_stem(resource))), None)


def _has(version: str, stem: str) -> bool:
    try:
        _contents(version, stem)
    except FileNotFoundError:
        return False
    return True


@cache
def _contents(version: str, stem: str) -> Schema:
    return cast("Schema", schema_contents(f"kubernetes-json-schema/v{version}-local-strict/{stem}.json", version))


@cache
def _definitions(version: str) -> referencing.Registry[Any]:
    """The types that all schemas of a release refer to: parsed once, as they are two megabytes of JSON."""
    definitions = referencing.Resource[Any].from_contents(_contents(version, "_definitions"))
    registry: referencing.Registry[Any] = referencing.Registry()
    return definitions @ registry


@cache
def _validator(version: str, stem: str) -> Callable[[Value], Iterator[_Problem]]:
    return _validator_of(version, _contents(version, stem))


@cache
def _metadata_validator(version: str) -> Callable[[Value], Iterator[_Problem]]:
    definitions = _contents(version, "_definitions")
    return _validator_of(version, {**definitions, "$ref": f"#/$defs/{_METADATA}"})


def _validator_of(version: str, schema: Schema) -> Callable[[Value], Iterator[_Problem]]:
    validator = Draft202012Validator(dict(schema), registry=_definitions(version))
    return cast("Callable[[Value], Iterator[_Problem]]", validator.iter_errors)


def _check_custom(token: str, inputs: Properties, findings: Findings) -> None:
    _, _, registered = token.partition(":")
    api_version, _, kind = registered.rpartition(":")
    for name, expected in (("apiVersion", api_version), ("kind", kind)):
        value = inputs.get(name)
        if value is None:
            findings.fail(name, "The property is required and missing; it takes a string.")
        elif not isinstance(value, str) and value is not UNKNOWN:
            findings.fail(name, f"{found(value)} was found where a string is expected.")
        elif isinstance(value, str) and value != expected.removesuffix(_PATCH) and value != expected:
            findings.fail(name, f"The object is registered as {registered}, and this says otherwise.")
    metadata = inputs.get("metadata")
    if metadata is not None:
        _judge(_metadata_validator(all_versions()[-1]), _plain(metadata), "metadata", findings, partial=True)
    findings.warnings.append(
        f"{registered} is a custom resource without an offline schema: only its metadata was judged."
    )


def _plain(value: Value) -> Value:
    """The object as the API would get it: without absent properties and the engine's own."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not None and not name.startswith("__")}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _judge(
    problems: Callable[[Value], Iterator[_Problem]], instance: Value, path: str, findings: Findings, *, partial: bool
) -> None:
    for problem in problems(instance):
        if has_unknowns(problem.instance) and problem.validator not in {"additionalProperties", "required"}:
            continue  # what is unknown cannot be wrong yet
        if not (partial and problem.validator == "required"):
            _report(problem, _path(path, problem.absolute_path), findings)


def _path(path: str, steps: Iterable[str | int]) -> str:
    for step in steps:
        path = f"{path}[{step}]" if isinstance(step, int) else joined(path, step)
    return path


def _report(problem: _Problem, path: str, findings: Findings) -> None:
    """One problem as a sentence; the library's own messages quote the value, which may be a secret."""
    instance, rule = problem.instance, problem.validator_value
    match problem.validator:
        case "required" if isinstance(instance, dict):
            for name in cast("list[str]", rule):
                failure = "The property is required and missing."
                if name not in instance and not any(f.path == joined(path, name) for f in findings.failures):
                    findings.fail(joined(path, name), failure)
        case "additionalProperties" if isinstance(instance, dict):
            known = cast("Mapping[str, object]", problem.schema.get("properties", {}))
            for name in instance.keys() - known.keys():
                reason = f"Kubernetes has no field of this name here{did_you_mean(name, known)}"
                findings.fail(joined(path, name), reason)
        case "type":
            findings.fail(path, f"{found(instance)} was found where {_expected(problem.schema)} is expected.")
        case "oneOf" | "anyOf":
            forms = " or ".join(dict.fromkeys(_expected(form) for form in cast("list[Schema]", rule)))
            findings.fail(path, f"{found(instance)} was found where {forms} is expected.")
        case "enum":
            findings.fail(path, f"The value is none of those allowed: {listed(cast('list[object]', rule))}.")
        case name:
            findings.fail(path, f"The value breaks the rule {name} of the Kubernetes schema ({rule}).")


def _expected(schema: Schema) -> str:
    declared = cast("str | list[str]", schema.get("type", []))
    names = [declared] if isinstance(declared, str) else declared
    return " or ".join(_TYPES[name] for name in names if name in _TYPES) or "something else"
