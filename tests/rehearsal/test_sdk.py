"""What the SDKs' wheels are found to know."""

from __future__ import annotations

import typing
from enum import Enum
from importlib.metadata import version

import pytest
from pulumi import _types

from rehearsal.clouds import sdk
from tests.rehearsal.typed_inputs import sampled, tokens

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_")  # of the SDKs' own modules

CONNECTION = "aws:ec2/vpnConnection:VpnConnection"


def connection() -> sdk.Resource:
    found = sdk.resource(CONNECTION)
    assert found is not None
    return found


@pytest.mark.parametrize("package", sdk.PACKAGES)
def test_the_version_is_the_wheels(package: str) -> None:
    assert sdk.version(package) == version(f"pulumi-{package}")


@pytest.mark.parametrize(
    ("token", "package"),
    [
        ("aws:ec2/vpc:Vpc", "aws"),
        ("azure-native:network:VirtualNetwork", "azure-native"),
        ("kubernetes:core/v1:Service", "kubernetes"),
        ("pulumi:providers:gcp", "gcp"),
    ],
)
def test_a_token_begins_with_its_package(token: str, package: str) -> None:
    assert sdk.package_of(token) == package


@pytest.mark.parametrize("token", ["pulumi:pulumi:Stack", "vpc"])
def test_what_no_provider_makes_has_no_package(token: str) -> None:
    with pytest.raises(LookupError):
        sdk.package_of(token)


def test_a_package_that_is_not_simulated_is_named_in_the_error() -> None:
    with pytest.raises(LookupError, match="no simulated cloud has the package oci"):
        sdk.resource("oci:core/vcn:Vcn")


def test_required_inputs_are_those_the_sdk_cannot_do_without() -> None:
    required = {one.name for one in connection().inputs.values() if one.required}
    assert required == {"customerGatewayId", "type"}


def test_wire_names_types_and_secrets_of_a_vpn_connection() -> None:
    inputs, outputs = connection().inputs, connection().outputs
    assert inputs["tunnel1Phase1DhGroupNumbers"].type == list[int]
    assert inputs["tags"].type == dict[str, str]
    assert outputs["tunnel1BgpHoldtime"].type is int
    assert {one.name for one in inputs.values() if one.secret} == {"tunnel1PresharedKey", "tunnel2PresharedKey"}
    assert {one.name for one in outputs.values() if one.secret} == {
        "customerGatewayConfiguration",
        "tunnel1PresharedKey",
        "tunnel2PresharedKey",
    }


def test_nested_arguments_have_their_own_members() -> None:
    nested = connection().inputs["tunnel1LogOptions"].type
    assert sdk.is_object(nested)
    inner = sdk.members(nested)["cloudwatchLogOptions"].type
    assert sdk.is_object(inner)
    assert sdk.members(inner)["logEnabled"].type is bool


def test_an_open_enum_stays_a_union_of_text_and_enum() -> None:
    found = sdk.resource("azure-native:network:VirtualNetwork")
    assert found is not None
    subnet = typing.get_args(found.inputs["subnets"].type)[0]
    policies = typing.get_args(sdk.members(subnet)["privateEndpointNetworkPolicies"].type)
    assert str in policies
    assert any(issubclass(one, Enum) for one in policies if one is not str)


@pytest.mark.parametrize(
    ("alias", "token"),
    [
        ("azure-native:network/v20240501:VirtualNetwork", "azure-native:network:VirtualNetwork"),
        ("aws:elasticloadbalancingv2/loadBalancer:LoadBalancer", "aws:lb/loadBalancer:LoadBalancer"),
    ],
)
def test_an_alias_is_the_resource_it_now_stands_for(alias: str, token: str) -> None:
    assert sdk.resource(alias) is sdk.resource(token)


@pytest.mark.parametrize(
    "token",
    [
        "aws:ec2/vpc:VPC",
        "azure-native:network:Nope",
        "azure-native:network/v19990101:VirtualNetwork",
        "kubernetes:core/v1:Servise",
        "kubernetes:yaml:ConfigFile",
        "tls:index/privateKey",
    ],
)
def test_what_the_sdk_does_not_have_is_none(token: str) -> None:
    assert sdk.resource(token) is None


def test_an_unknown_kubernetes_group_is_a_custom_resource() -> None:
    found = sdk.resource("kubernetes:cilium.io/v2:CiliumNetworkPolicy")
    assert found is not None
    assert {"apiVersion", "kind", "metadata", "spec"} == set(found.inputs) == set(found.outputs)


def test_a_kubernetes_objects_constants_come_from_the_sdk() -> None:
    secret, patch = sdk.resource("kubernetes:core/v1:Secret"), sdk.resource("kubernetes:core/v1:SecretPatch")
    assert secret is not None
    assert patch is not None
    assert dict(secret.constants) == dict(patch.constants) == {"apiVersion": "v1", "kind": "Secret"}
    assert secret.inputs["stringData"].secret


def test_a_providers_arguments_that_are_no_strings_arrive_as_json() -> None:
    provider = sdk.provider("aws")
    assert provider is sdk.resource("pulumi:providers:aws")
    assert "skipCredentialsValidation" in provider.encoded
    assert "region" not in provider.encoded
    assert provider.inputs["skipCredentialsValidation"].type is bool


def test_a_function_has_arguments_and_results() -> None:
    found = sdk.function("aws:index/getAvailabilityZones:getAvailabilityZones")
    assert found is not None
    assert found.arguments["excludeNames"].type == list[str]
    assert found.results["names"].type == list[str]
    assert not any(one.required for one in found.arguments.values())


def test_a_functions_required_arguments_are_told_apart() -> None:
    found = sdk.function("azure-native:network:getVirtualNetwork")
    assert found is not None
    assert {one.name for one in found.arguments.values() if one.required} == {
        "resourceGroupName",
        "virtualNetworkName",
    }


def test_a_function_the_sdk_does_not_have_is_none() -> None:
    assert sdk.function("aws:ec2/getNothing:getNothing") is None


def test_a_documented_default_is_found() -> None:
    found = sdk.resource("aws:ec2transitgateway/transitGateway:TransitGateway")
    assert found is not None
    assert found.outputs["encryptionSupport"].default == "disable"


@pytest.mark.parametrize("package", sdk.PACKAGES)
def test_names_agree_with_pulumis_own_introspection(package: str) -> None:
    for token in sampled(package, 60):
        found, cls = sdk.resource(token), sdk._registered_class(package, token)
        assert found is not None
        assert cls is not None
        assert set(found.outputs) == set(_types.resource_types(cls)), token
        assert set(found.inputs) == set(_types.input_type_types(sdk.Constructor(cls).arguments_class())), token


@pytest.mark.parametrize(
    ("package", "at_least"), [("aws", 1500), ("azure-native", 2000), ("gcp", 1200), ("kubernetes", 400)]
)
def test_the_clouds_are_whole(package: str, at_least: int) -> None:
    assert len(tokens(package)) > at_least
