"""Names and identifiers as the clouds give them.

An identifier has the form listed in `data/identifiers.yaml`, else the one that the SDK's documentation shows for
`pulumi import`, else (Azure) the path that follows from the resource's type and what it is part of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from rehearsal.clouds import making_aws, making_kubernetes
from rehearsal.clouds.derivation import NOWHERE, Making, Surroundings
from rehearsal.clouds.patterns import data, default_place, identifier_pattern
from rehearsal.clouds.sdk import Resource
from rehearsal.clouds.values import Properties, Value


def identifier(
    resource: Resource,
    urn: str,
    generation: int,
    inputs: Properties | None = None,
    surroundings: Surroundings = NOWHERE,
) -> str:
    """The identifier the simulated cloud gives to the `generation`-th creation (from 0) under `urn`.

    `inputs` make the paths of Azure and Google and the names of Kubernetes true; without them, or where one is
    unknown, the URN's own name stands in.
    """
    making = making_of(resource, urn, generation, inputs or {}, surroundings)
    made = _identifier(making)
    return made if isinstance(made, str) else f"{_urn_name(urn)}-{making.hexadecimal('id', 8)}"


def _urn_name(urn: str) -> str:
    return urn.rpartition("::")[2]


def making_of(resource: Resource, urn: str, generation: int, inputs: Properties, surroundings: Surroundings) -> Making:
    """One creation, with the name and the place that the resource has."""
    around = replace(
        surroundings,
        region=surroundings.region or default_place(resource.package, "region"),
        location=surroundings.location or default_place(resource.package, "location"),
    )
    making = Making(resource, urn, generation, inputs, around, words=_words(resource))
    return replace(making, own_name=_own_name(making))


@cache
def _words(resource: Resource) -> Mapping[str, str]:
    """`{service}` and `{kind}` of an ARN: `ec2` and `vpn-connection` for `aws:ec2/vpnConnection:VpnConnection`."""
    module, kind = _module_and_class(resource)
    return {
        "service": data()["aws_services"]["names"].get(module, module),
        "kind": re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", kind).lower(),
    }


def _module_and_class(resource: Resource) -> tuple[str, str]:
    parts = resource.token.split(":")
    return parts[1].partition("/")[0], parts[-1]


def _own_name(making: Making) -> Value:
    """The name in the inputs, else one as the provider invents it from the resource's name in the program."""
    for candidate in _name_inputs(making.resource):
        value = making.inputs.get(candidate)
        if value is not None:
            return value
    pattern = data()["names"]["patterns"].get(making.resource.package, "{name}")
    return making.expand(pattern, "name")


@cache
def _name_inputs(resource: Resource) -> tuple[str, ...]:
    """The inputs that may hold a resource's own name, the likeliest first.

    Azure's resources call it after themselves (`virtualNetworkName`), or, where the class's name differs, with
    the only optional input that ends in Name; required ones name the resources it is part of.
    """
    if resource.package != "azure-native":
        return ("name",)
    _, kind = _module_and_class(resource)
    optional = [p.name for p in resource.inputs.values() if p.name.endswith("Name") and not p.required]
    own = [name for name in optional if name.lower() == f"{kind}Name".lower()]
    return tuple(dict.fromkeys([*own, *(optional if len(optional) == 1 else ()), "resourceName", "name"]))


def _identifier(making: Making) -> Value:
    resource = making.resource
    by_inputs = making_aws.IDENTIFIERS.get(resource.token)
    listed = by_inputs(making.inputs) if by_inputs else identifier_pattern(resource.token)
    if listed is not None:
        return making.expand(listed, "id")
    if resource.package == "kubernetes" and making_kubernetes.is_object(resource):
        return making_kubernetes.identifier(making)
    if resource.package == "azure-native":
        return making.expand(_azure_pattern(resource), "id")
    if resource.package == "gcp" and resource.imports:
        return making.expand(_google_pattern(resource), "id")
    if resource.package == "aws" and resource.imports:
        return making.expand(_aws_pattern(resource), "id")
    return making.expand("{name}", "id")


@cache
def _aws_pattern(resource: Resource) -> str:
    """A pattern of the form that the SDK's documentation shows for an AWS resource's import."""
    example = resource.imports[0]
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", example):
        return "{uuid}"
    prefixed = re.fullmatch(r"([a-z]+(?:-[a-z]+)*)-(?=[0-9a-f]*\d)[0-9a-f]{6,17}", example)
    if prefixed:
        return f"{prefixed.group(1)}-0{{hex:{data()['aws_identifier']['digits'] - 1}}}"
    arn = re.fullmatch(r"arn:aws[^:]*:([^:]*):([^:]*):([^:]*):(.*)", example)
    if arn:
        service, region, account, path = arn.groups()
        place = f"{'{region}' if region else ''}:{'{account}' if account else ''}"
        return f"arn:aws:{service}:{place}:{_arn_path(path)}"
    return "{name}"


def _arn_path(example: str) -> str:
    """The end of an ARN, its words kept, its last name and its random parts replaced."""
    pieces = re.split(r"([/:])", example)
    for index, piece in enumerate(pieces):
        if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", piece):
            pieces[index] = "{uuid}"
        elif re.fullmatch(r"(?=[0-9a-f]*\d)[0-9a-f]{8,}", piece):
            pieces[index] = f"{{hex:{len(piece)}}}"
    words = [index for index, piece in enumerate(pieces) if piece not in {"/", ":"} and "{" not in piece]
    if words and (len(words) > 1 or len(pieces) == 1):
        pieces[words[-1]] = "{name}"
    return "".join(pieces)


@cache
def _google_pattern(resource: Resource) -> str:
    """Google's identifiers are paths: the documentation's first form, its words being names of inputs."""

    def word(match: re.Match[str]) -> str:
        first, *rest = match.group(1).strip("%").split("_")
        name = first + "".join(part.capitalize() for part in rest)
        return f"{{{name}}}" if name in {"project", "name"} else f"{{last:{name}}}"

    form = resource.imports[0]
    return re.sub(r"\{\{(%?\w+)\}\}", word, form) if "{{" in form else "projects/{project}/{kind}/{name}"


@cache
def _azure_pattern(resource: Resource) -> str:
    """Azure's identifiers are paths of the resource's type and the names of what it is part of."""
    module, kind = _module_and_class(resource)
    listed = data()
    namespace = listed["azure_namespaces"]["names"].get(module, f"Microsoft.{module.capitalize()}")
    collection = listed["azure_types"]["names"].get(resource.token)
    if collection is None:
        required = [p.name for p in resource.inputs.values() if p.required and p.name.endswith("Name")]
        parents = [name for name in required if name not in {"resourceGroupName", *_name_inputs(resource)}]
        inside = "".join(f"{_plural(name.removesuffix('Name'))}/{{input:{name}}}/" for name in parents)
        collection = inside + _plural(kind[0].lower() + kind[1:])
    group = "/resourceGroups/{input:resourceGroupName}" if "resourceGroupName" in resource.inputs else ""
    return f"/subscriptions/{{subscription}}{group}/providers/{namespace}/{collection}/{{name}}"


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch")) else f"{noun}s"
