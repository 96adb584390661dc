"""The patterns of `data/identifiers.yaml`: what the simulated clouds invent, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NotRequired, TypedDict, cast

import yaml

from rehearsal.clouds.values import Value


class _Pattern(TypedDict):
    tokens: list[str]
    pattern: str


class _PropertyPattern(_Pattern):
    name: str
    type: NotRequired[str]


class _Defaults(TypedDict):
    tokens: list[str]
    values: dict[str, Value]


class _Length(TypedDict):
    tokens: list[str]
    properties: str
    count: int


class _Absent(TypedDict):
    tokens: list[str]
    properties: list[str]


class _Names(TypedDict):
    names: dict[str, str]


class _Patterns(TypedDict):
    patterns: dict[str, str]


class _Kinds(TypedDict):
    kinds: list[str]


class Data(TypedDict):
    """The shape of `data/identifiers.yaml`."""

    names: _Patterns
    places: dict[str, dict[str, str]]
    aws_identifier: dict[str, int]
    identifiers: list[_Pattern]
    aws_services: _Names
    azure_namespaces: _Names
    azure_types: _Names
    defaults: list[_Defaults]
    absent: list[_Absent]
    lists: list[_Length]
    properties: list[_PropertyPattern]
    kubernetes_cluster_scoped: _Kinds


@cache
def data() -> Data:
    """The patterns, read once."""
    text = (Path(__file__).parent / "data" / "identifiers.yaml").read_text(encoding="utf-8")
    return cast("Data", yaml.safe_load(text))


def fits(token: str, shell_patterns: list[str]) -> bool:
    """Whether a token matches one of the shell patterns of an entry."""
    return any(fnmatchcase(token, one) for one in shell_patterns)


@cache
def identifier_pattern(token: str) -> str | None:
    """The pattern of a resource's identifier, if one is listed."""
    return next((one["pattern"] for one in data()["identifiers"] if fits(token, one["tokens"])), None)


@cache
def defaults(token: str) -> Mapping[str, Value]:
    """What a cloud reports for inputs that were not given, by name."""
    for entry in data()["defaults"]:
        if fits(token, entry["tokens"]):
            return entry["values"]
    return {}


@cache
def default_place(package: str, kind: str) -> str:
    """The `region` or `location` of a cloud where nobody says it, or nothing."""
    return data()["places"].get(package, {}).get(kind, "")


@cache
def absent(token: str) -> frozenset[str]:
    """The parts of invented objects that stay absent."""
    return frozenset(name for entry in data()["absent"] if fits(token, entry["tokens"]) for name in entry["properties"])


@cache
def property_pattern(token: str, name: str, kind: str) -> str | None:
    """The pattern of a computed property of the type `kind` (`str` or `int`), if one fits its name."""
    for entry in data()["properties"]:
        applies = entry.get("type", "str") == kind and fits(token, entry["tokens"])
        if applies and re.fullmatch(entry["name"], name):
            return entry["pattern"]
    return None


@cache
def length(token: str, name: str) -> int:
    """How many elements an invented list has."""
    for entry in data()["lists"]:
        if fits(token, entry["tokens"]) and re.fullmatch(entry["properties"], name):
            return entry["count"]
    return 1
