"""The schema beside the stack files is what the models say now, and every stack file names it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from hybridge.schema import stack_file_schema
from tests.conftest import ROOT

STACKS = sorted((ROOT / "stacks").glob("Pulumi.*.yaml"))


def test_the_schema_is_current() -> None:
    written = (ROOT / "stacks" / "topology.schema.json").read_text(encoding="utf-8")
    assert written == stack_file_schema(), "run `make schema`"


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_a_stack_file_names_the_schema_and_fits_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "# yaml-language-server: $schema=topology.schema.json" in text
    jsonschema.validate(yaml.safe_load(text), json.loads(stack_file_schema()))


def test_the_schema_refuses_a_missing_unit() -> None:
    declared = yaml.safe_load(STACKS[0].read_text(encoding="utf-8"))
    declared["config"]["hybridge:topology"]["links"]["dc1-aws"]["dead_peer_after"] = "30"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(declared, json.loads(stack_file_schema()))


def parts(schema: object, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of a schema that has examples."""
    if isinstance(schema, dict):
        if isinstance(schema.get("examples"), list):
            yield place, schema
        for key, inner in schema.items():
            yield from parts(inner, f"{place}/{key}")
    elif isinstance(schema, list):
        for index, inner in enumerate(schema):
            yield from parts(inner, f"{place}/{index}")


def test_every_example_fits_its_own_part() -> None:
    schema = json.loads(stack_file_schema())
    found = dict(parts(schema))
    assert len(found) > 50
    for place, part in found.items():
        for example in part["examples"]:
            wrong = list(jsonschema.Draft202012Validator({**part, "$defs": schema["$defs"]}).iter_errors(example))
            assert not wrong, place


@pytest.mark.parametrize(
    ("via", "section", "key", "value", "fits"),
    [
        ("site-to-site-vpn", "key_generations", "edge-a/1", 9, True),
        ("site-to-site-vpn", "key_generations", "edge-a-1", 9, False),
        ("site-to-site-vpn", "preshared_keys", "edge-a/1", "key", True),
        ("site-to-site-vpn", "preshared_keys", "edge-a/3", "key", False),
        ("wireguard", "public_keys", "edge-a", "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=", True),
        ("wireguard", "public_keys", "edge-a/1", "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=", False),
    ],
)
def test_the_schema_knows_what_a_key_looks_like(via: str, section: str, key: str, value: object, fits: bool) -> None:
    link = {"between": ["dc1", "aws-east"], "via": via, section: {key: value}}
    if via == "wireguard":
        link["tunnel_network"] = "10.200.0.0/24"
    schema = json.loads(stack_file_schema())
    links = {**schema["$defs"]["Topology"]["properties"]["links"], "$defs": schema["$defs"]}
    assert jsonschema.Draft202012Validator(links).is_valid({"x": link}) == fits
