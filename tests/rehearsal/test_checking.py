"""Check finds everything that is wrong with a resource's inputs, at once, with its path."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi import AssetArchive, StringAsset

from hybridge.planning import limits
from rehearsal.clouds import checking, checking_aws, sdk
from rehearsal.clouds.checking import Failure, Verdict
from rehearsal.clouds.values import UNKNOWN, Value
from tests.rehearsal.typed_inputs import full, inputs_of, sampled

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_")  # of the SDKs' own modules

CONNECTION = "aws:ec2/vpnConnection:VpnConnection"
NETWORK = "azure-native:network:VirtualNetwork"


def check(token: str, inputs: dict[str, Any]) -> Verdict:
    resource = sdk.resource(token)
    assert resource is not None
    return checking.check(resource, inputs)


def failures(token: str, inputs: dict[str, Any]) -> dict[str, str]:
    return {one.path: one.reason for one in check(token, inputs).failures}


def connection(**inputs: Any) -> dict[str, str]:
    return failures(CONNECTION, {"customerGatewayId": "cgw-1", "type": "ipsec.1", **inputs})


def test_right_inputs_pass() -> None:
    assert connection(tunnel1Phase1DhGroupNumbers=[20.0], tags={"Name": "edge"}) == {}


def test_everything_is_found_at_once() -> None:
    found = failures(CONNECTION, {"type": 1.0, "tunel1InsideCidr": "169.254.10.0/30", "tags": {"a": True}})
    assert set(found) == {"type", "tunel1InsideCidr", "tags.a", "customerGatewayId"}


def test_an_unknown_property_is_met_with_the_name_that_was_meant() -> None:
    assert "did you mean tunnel1InsideCidr" in connection(tunel1InsideCidr="169.254.10.0/30")["tunel1InsideCidr"]


def test_a_missing_property_says_what_it_takes() -> None:
    found = failures(CONNECTION, {"type": "ipsec.1"})
    assert found == {"customerGatewayId": "The property is required and missing; it takes a string."}


def test_null_is_absent() -> None:
    assert "type" in connection(type=None)
    assert connection(tunnel1InsideCidr=None, noSuchProperty=None) == {}


def test_the_clouds_and_the_planning_know_the_same_reserved_ranges() -> None:
    planned = limits.words("aws.vpn.reserved-inside")
    assert sorted(map(str, checking_aws.RESERVED_RANGES)) == sorted(planned)


@pytest.mark.parametrize("inside", ["10.0.0.0/30", "169.254.10.0/29", "169.254.1.0/30", "nonsense"])
def test_an_inside_range_that_aws_refuses_is_refused(inside: str) -> None:
    assert set(connection(tunnel1InsideCidr=inside)) == {"tunnel1InsideCidr"}


@pytest.mark.parametrize("key", ["short", "0starts.with.zero", "has spaces in it", "x" * 65])
def test_a_key_that_aws_refuses_is_refused_and_never_shown(key: str) -> None:
    found = connection(tunnel2PresharedKey=key)
    assert set(found) == {"tunnel2PresharedKey"}
    assert key not in found["tunnel2PresharedKey"]


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("tunnel1Phase1DhGroupNumbers", [20.0, 20.5], "tunnel1Phase1DhGroupNumbers[1]"),
        ("tunnel1Phase1DhGroupNumbers", [20.0, "21"], "tunnel1Phase1DhGroupNumbers[1]"),
        ("tunnel1Phase1DhGroupNumbers", [True], "tunnel1Phase1DhGroupNumbers[0]"),
        ("tunnel1Phase1DhGroupNumbers", [None], "tunnel1Phase1DhGroupNumbers[0]"),
        ("tunnel1Phase1DhGroupNumbers", 20.0, "tunnel1Phase1DhGroupNumbers"),
        ("enableAcceleration", "true", "enableAcceleration"),
        ("enableAcceleration", 1.0, "enableAcceleration"),
        ("tunnel1PresharedKey", 1234567890.0, "tunnel1PresharedKey"),
        ("tags", ["a"], "tags"),
        ("tags", {"kubernetes.io/role": 1.0}, 'tags["kubernetes.io/role"]'),
        (
            "tunnel1LogOptions",
            {"cloudwatchLogOptions": {"logEnabled": "x"}},
            "tunnel1LogOptions.cloudwatchLogOptions.logEnabled",
        ),
        ("tunnel1LogOptions", {"cloudwatch": {}}, "tunnel1LogOptions.cloudwatch"),
        ("tunnel1LogOptions", "json", "tunnel1LogOptions"),
    ],
)
def test_a_mistyped_property_fails_with_its_path(name: str, value: Value, path: str) -> None:
    assert set(connection(**{name: value})) == {path}


@pytest.mark.parametrize(
    "inputs",
    [
        {"customerGatewayId": UNKNOWN},
        {"tunnel1Phase1DhGroupNumbers": UNKNOWN},
        {"tunnel1Phase1DhGroupNumbers": [UNKNOWN, 20.0]},
        {"tags": {"a": UNKNOWN}},
        {"tunnel1LogOptions": {"cloudwatchLogOptions": UNKNOWN}},
        {"tunnel1InsideCidr": UNKNOWN, "tunnel1PresharedKey": UNKNOWN},
    ],
)
def test_what_is_unknown_passes_anywhere(inputs: dict[str, Value]) -> None:
    assert connection(**inputs) == {}


def test_the_engines_own_inputs_are_passed_over() -> None:
    assert connection(__defaults=["type"], __internal={"x": 1.0}) == {}


def test_a_closed_enum_fails_and_lists_what_is_allowed() -> None:
    found = failures("command:local:Command", {"create": "true", "logging": "loud"})
    assert '"stdoutAndStderr"' in found["logging"]


def test_an_open_enum_warns() -> None:
    verdict = check(NETWORK, {"resourceGroupName": "rg", "extendedLocation": {"type": "Elsewhere"}})
    assert verdict.failures == ()
    assert [one.partition(":")[0] for one in verdict.warnings] == ["extendedLocation.type"]
    assert "Elsewhere" not in verdict.warnings[0]


def test_lists_of_nested_objects_are_followed() -> None:
    found = failures(NETWORK, {"resourceGroupName": "rg", "subnets": [{"delegations": [{"name": 3.0}]}]})
    assert set(found) == {"subnets[0].delegations[0].name"}


def test_a_policy_may_be_text_or_an_object() -> None:
    object_ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    for policy in ("{}", object_):
        assert failures("aws:iam/policy:Policy", {"policy": policy}) == {}
    assert set(failures("aws:iam/policy:Policy", {"policy": 1.0})) == {"policy"}


def test_assets_and_archives_are_told_apart() -> None:
    given: dict[str, Any] = {"bucket": "b", "source": StringAsset("x")}
    assert failures("aws:s3/bucketObject:BucketObject", given) == {}
    assert set(failures("aws:s3/bucketObject:BucketObject", {**given, "source": 1.0})) == {"source"}
    function: dict[str, Any] = {"role": "arn:aws:iam::123456789012:role/x", "code": AssetArchive({})}
    assert failures("aws:lambda/function:Function", function) == {}
    assert set(failures("aws:lambda/function:Function", {**function, "code": StringAsset("x")})) == {"code"}


def test_no_reason_quotes_what_was_found() -> None:
    secret = "correct-horse-battery-staple"
    verdict = check(
        CONNECTION,
        {
            "enableAcceleration": secret,
            "tunnel1Phase1DhGroupNumbers": [secret],
            "tunnel1LogOptions": secret,
            "tunnel1PresharedKey": f"0{secret}",
            "type": {"x": secret},
        },
    )
    assert len(verdict.failures) == 6
    assert not any(secret in one.reason for one in verdict.failures)


def test_an_explicit_providers_arguments_are_decoded() -> None:
    provider = sdk.provider("aws")
    right: dict[str, Value] = {
        "region": "us-east-1",
        "skipCredentialsValidation": "true",
        "defaultTags": '{"tags": {"a": "b"}}',
        "version": "7.51.1",
    }
    assert checking.check(provider, right) == Verdict()
    wrong: dict[str, Value] = {"skipCredentialsValidation": '"yes"', "maxRetries": "{", "regoin": "x"}
    assert {one.path for one in checking.check(provider, wrong).failures} == {
        "skipCredentialsValidation",
        "maxRetries",
        "regoin",
    }


def test_a_functions_arguments_are_checked() -> None:
    function = sdk.function("azure-native:network:getVirtualNetwork")
    assert function is not None
    verdict = checking.check_function(function, {"resourceGroupName": 1.0, "virtualNetwork": "x"})
    assert {one.path for one in verdict.failures} == {"resourceGroupName", "virtualNetwork", "virtualNetworkName"}


def test_a_failure_can_be_compared() -> None:
    assert check("aws:ec2/vpc:Vpc", {"tgas": {}}).failures == (
        Failure("tgas", "There is no property of this name; did you mean tags?"),
    )


@pytest.mark.parametrize("package", [one for one in sdk.PACKAGES if one != "kubernetes"])
def test_over_many_resources(package: str) -> None:
    refused_by_rule = {CONNECTION}  # whose ranges and keys need more than the right type
    for token in set(sampled(package, 60)) - refused_by_rule:
        resource = sdk.resource(token)
        assert resource is not None
        inputs = inputs_of(resource)
        assert checking.check(resource, inputs).failures == (), token
        assert checking.check(resource, {**resource.constants, **full(resource.inputs)}).failures == (), token
        unknown = checking.check(resource, {**inputs, "noSuchProperty": 1.0}).failures
        assert [one.path for one in unknown] == ["noSuchProperty"], token
        for name in [one.name for one in resource.inputs.values() if one.required]:
            without = {key: value for key, value in inputs.items() if key != name}
            assert [one.path for one in checking.check(resource, without).failures] == [name], token
