"""What can be set about the policies, and what holds where nothing is."""

from __future__ import annotations

import re

import pytest
from gateways_closed import gateways_closed
from jsonschema import Draft202012Validator
from redundant_gateways import redundant_gateways
from rego import rego_policies
from settings import SCHEMAS, misspelt, schema
from vpn_suites import pinned_vpn_suites

from tests.policy.conftest import defaults

POLICIES = [*rego_policies(), pinned_vpn_suites, gateways_closed, redundant_gateways]
PLACE = SCHEMAS["allowed-registries"]["registries"]["items"]["pattern"]


def test_every_policy_says_what_can_be_set_about_it() -> None:
    assert {policy.name for policy in POLICIES} == set(SCHEMAS)
    for policy in POLICIES:
        declared = {} if policy.config_schema is None else policy.config_schema.properties
        assert declared == SCHEMAS[policy.name]


@pytest.mark.parametrize("policy", SCHEMAS)
def test_what_holds_where_nothing_is_said_is_allowed(policy: str) -> None:
    Draft202012Validator.check_schema({"properties": SCHEMAS[policy]})
    Draft202012Validator({"properties": SCHEMAS[policy]}).validate(defaults(policy))


@pytest.mark.parametrize(
    "place", ["ghcr.io", "docker.io/library/nginx", "registry.example.com:5000/team/", "localhost", "localhost:5000/a"]
)
def test_a_place_of_images_is_written_in_full(place: str) -> None:
    assert re.search(PLACE, place)


@pytest.mark.parametrize(
    "place",
    ["", "nginx", "library/nginx", "ghcr.io/a:1.2", "ghcr.io/a@sha256:00", "https://ghcr.io", "*.io", "ghcr.io/*"],
)
def test_anything_else_would_leave_open_what_is_meant(place: str) -> None:
    assert not re.search(PLACE, place)


def test_a_misspelt_setting_is_told_with_what_there_is() -> None:
    assert list(misspelt("required-limits", {"limit": [], "limits": [], "zzz": 1})) == [
        "`limit` is no setting of required-limits. Did you mean `limits`?",
        "`zzz` is no setting of required-limits. It has limits, exemptImages, exemptNamespaces.",
    ]
    assert schema("redundant-gateways") is None
