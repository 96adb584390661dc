"""The schema beside the stack files is what the models say now, and every stack file names it."""

from __future__ import annotations

import json
from pathlib import Path

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
