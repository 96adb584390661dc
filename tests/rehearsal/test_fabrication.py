"""What the simulated clouds answer is plausible, typed and always the same."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi import _types
from pulumi.runtime import rpc

from rehearsal.clouds import checking, fabrication, sdk
from rehearsal.clouds.derivation import DOCUMENTATION
from rehearsal.clouds.fabrication import NOWHERE, Surroundings
from rehearsal.clouds.values import UNKNOWN, Value
from tests.rehearsal.typed_inputs import full, inputs_of, sampled

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_")  # of the SDKs' own modules

CONNECTION = "aws:ec2/vpnConnection:VpnConnection"


def urn(token: str, name: str = "edge-a") -> str:
    return f"urn:pulumi:minimal::hybridge::{token}::{name}"


def made(
    token: str, inputs: dict[str, Any], name: str = "edge-a", generation: int = 0, around: Surroundings = NOWHERE
) -> tuple[str, dict[str, Any]]:
    resource = sdk.resource(token)
    assert resource is not None
    identifier = fabrication.identifier(resource, urn(token, name), generation, inputs, around)
    return identifier, fabrication.outputs(resource, urn(token, name), generation, identifier, inputs, around)


def connection(name: str = "edge-a", around: Surroundings = NOWHERE, **inputs: Any) -> dict[str, Any]:
    given_: dict[str, Any] = {"customerGatewayId": "cgw-1", "transitGatewayId": "tgw-1", "type": "ipsec.1"}
    return made(CONNECTION, given_ | inputs, name, 0, around)[1]


@pytest.mark.parametrize(
    ("token", "inputs", "pattern"),
    [
        ("aws:ec2/vpc:Vpc", {}, r"vpc-0[0-9a-f]{16}"),
        ("aws:ec2/subnet:Subnet", {}, r"subnet-0[0-9a-f]{16}"),
        ("aws:ec2/securityGroup:SecurityGroup", {"name": "web"}, r"sg-0[0-9a-f]{16}"),
        ("aws:ec2/customerGateway:CustomerGateway", {}, r"cgw-0[0-9a-f]{16}"),
        ("aws:ec2transitgateway/transitGateway:TransitGateway", {}, r"tgw-0[0-9a-f]{16}"),
        ("aws:ec2transitgateway/vpcAttachment:VpcAttachment", {}, r"tgw-attach-0[0-9a-f]{16}"),
        (CONNECTION, {}, r"vpn-0[0-9a-f]{16}"),
        ("aws:directconnect/connection:Connection", {}, r"dxcon-[a-z]{8}"),
        ("aws:iam/role:Role", {"name": "eks"}, r"eks"),
        (
            "aws:lb/loadBalancer:LoadBalancer",
            {"name": "web"},
            r"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/[0-9a-f]{16}",
        ),
        (
            "azure-native:network:Subnet",
            {"resourceGroupName": "rg", "virtualNetworkName": "hub", "subnetName": "GatewaySubnet"},
            r"/subscriptions/[0-]+/resourceGroups/rg/providers/Microsoft\.Network/virtualNetworks/hub/subnets/GatewaySubnet",
        ),
        (
            "azure-native:network:VirtualNetworkGatewayConnection",
            {"resourceGroupName": "rg", "virtualNetworkGatewayConnectionName": "c"},
            r"/subscriptions/[0-]+/resourceGroups/rg/providers/Microsoft\.Network/connections/c",
        ),
        ("gcp:compute/network:Network", {"name": "hub"}, r"projects/example-project/global/networks/hub"),
        (
            "gcp:compute/haVpnGateway:HaVpnGateway",
            {"name": "edge", "region": "europe-west1", "project": "p"},
            r"projects/p/regions/europe-west1/vpnGateways/edge",
        ),
        ("kubernetes:core/v1:Service", {"metadata": {"name": "web", "namespace": "shop"}}, r"shop/web"),
        ("kubernetes:core/v1:Namespace", {"metadata": {"name": "shop"}}, r"shop"),
        ("kubernetes:core/v1:ConfigMap", {}, r"default/edge-a-[0-9a-f]{8}"),
    ],
)
def test_identifiers_look_like_the_vendors(token: str, inputs: dict[str, Any], pattern: str) -> None:
    assert re.fullmatch(pattern, made(token, inputs)[0])


def test_the_same_creation_is_answered_the_same() -> None:
    assert connection() == connection()


def test_another_resource_or_generation_is_answered_otherwise() -> None:
    vpc = "aws:ec2/vpc:Vpc"
    assert len({made(vpc, {}, "a")[0], made(vpc, {}, "b")[0], made(vpc, {}, "a", 1)[0]}) == 3


def test_both_ends_of_a_tunnel_lie_in_its_range() -> None:
    outputs = connection(tunnel1InsideCidr="169.254.10.0/30")
    assert outputs["tunnel1VgwInsideAddress"] == "169.254.10.1"
    assert outputs["tunnel1CgwInsideAddress"] == "169.254.10.2"
    invented = IPv4Network(outputs["tunnel2InsideCidr"])
    assert invented.prefixlen == 30
    assert invented.subnet_of(IPv4Network("169.254.0.0/16"))
    assert [outputs["tunnel2VgwInsideAddress"], outputs["tunnel2CgwInsideAddress"]] == [
        str(one) for one in invented.hosts()
    ]


@given(st.text("abcdefgh-", min_size=1, max_size=12))
def test_a_connections_two_tunnels_are_distinct(name: str) -> None:
    outputs = connection(name)
    assert outputs["tunnel1Address"] != outputs["tunnel2Address"]
    assert outputs["tunnel1InsideCidr"] != outputs["tunnel2InsideCidr"]
    for number in (1, 2):
        address = IPv4Address(outputs[f"tunnel{number}Address"])
        assert any(address in network for network in DOCUMENTATION)
        assert address not in IPv4Network("203.0.113.0/24")


def test_tunnels_nothing_tells_apart_are_in_the_order_of_their_addresses() -> None:
    for number in range(20):
        outputs = connection(f"edge-{number}")
        assert outputs["tunnel1Address"] < outputs["tunnel2Address"]


def test_connections_share_no_address_where_the_ledger_can_tell() -> None:
    taken: set[str] = set()
    around = Surroundings(is_taken=taken.__contains__)
    for number in range(100):
        outputs = connection(f"edge-{number}", around)
        taken |= {outputs["tunnel1Address"], outputs["tunnel2Address"]}
    assert len(taken) == 200


def test_keys_are_those_given_and_invented_where_none_is() -> None:
    outputs = connection(tunnel1PresharedKey="given.key.of.mine")
    assert outputs["tunnel1PresharedKey"] == "given.key.of.mine"
    assert re.fullmatch(r"[A-Za-z1-9._][A-Za-z0-9._]{31}", outputs["tunnel2PresharedKey"])
    assert outputs["tunnel2PresharedKey"] != connection("edge-b")["tunnel2PresharedKey"]


def test_awss_side_has_the_asn_of_its_gateway() -> None:
    assert connection()["tunnel1BgpAsn"] == "64512"
    found: dict[str, dict[str, Value]] = {"tgw-1": {"amazonSideAsn": 64600.0}}
    assert connection(around=Surroundings(find=found.get))["tunnel2BgpAsn"] == "64600"


def test_the_configuration_says_what_the_outputs_say() -> None:
    found: dict[str, dict[str, Value]] = {"cgw-1": {"bgpAsn": "65010", "ipAddress": "203.0.113.10"}}
    outputs = connection(
        around=Surroundings(find=found.get),
        tunnel1Phase1EncryptionAlgorithms=["AES256-GCM-16"],
        tunnel1Phase1DhGroupNumbers=[20.0],
    )
    root = ET.fromstring(outputs["customerGatewayConfiguration"])  # noqa: S314  our own text
    assert root.findtext("customer_gateway_id") == "cgw-1"
    tunnels = root.findall("ipsec_tunnel")
    assert len(tunnels) == 2
    for number, tunnel in enumerate(tunnels, start=1):
        assert tunnel.findtext("customer_gateway/tunnel_outside_address/ip_address") == "203.0.113.10"
        assert tunnel.findtext("customer_gateway/bgp/asn") == "65010"
        assert tunnel.findtext("vpn_gateway/tunnel_outside_address/ip_address") == outputs[f"tunnel{number}Address"]
        assert tunnel.findtext("vpn_gateway/bgp/asn") == outputs[f"tunnel{number}BgpAsn"]
        inside = tunnel.findtext("customer_gateway/tunnel_inside_address/ip_address")
        assert inside == outputs[f"tunnel{number}CgwInsideAddress"]
        assert tunnel.findtext("ike/pre_shared_key") == outputs[f"tunnel{number}PresharedKey"]
    assert tunnels[0].findtext("ike/encryption_protocol") == "aes-256-gcm-16"
    assert tunnels[0].findtext("ike/perfect_forward_secrecy") == "group20"


def test_what_follows_from_the_unknown_is_unknown() -> None:
    outputs = connection(tunnel1InsideCidr=UNKNOWN)
    assert outputs["tunnel1CgwInsideAddress"] is outputs["customerGatewayConfiguration"] is UNKNOWN
    assert outputs["tunnel2CgwInsideAddress"] is not UNKNOWN


def test_optional_outputs_nobody_gave_stay_absent() -> None:
    outputs = connection()
    assert "tunnel1DpdTimeoutSeconds" not in outputs
    assert connection(tunnel1DpdTimeoutSeconds=40.0)["tunnel1DpdTimeoutSeconds"] == 40.0


def test_a_preview_is_honest() -> None:
    resource = sdk.resource(CONNECTION)
    assert resource is not None
    inputs: dict[str, Value] = {"customerGatewayId": UNKNOWN, "type": "ipsec.1", "tunnel1InsideCidr": "169.254.10.0/30"}
    preview = fabrication.preview_outputs(resource, inputs)
    assert {name: preview[name] for name in inputs} == inputs
    assert {value for name, value in preview.items() if name not in inputs} == {UNKNOWN}
    assert {"tunnel1Address", "customerGatewayConfiguration", "tunnel1PresharedKey"} <= preview.keys()
    assert "tunnel1DpdTimeoutSeconds" not in preview


def test_a_preview_has_every_property_that_creation_gives() -> None:
    for token, inputs in (("aws:ec2/vpc:Vpc", {"cidrBlock": "172.20.0.0/16"}), (CONNECTION, {"type": "ipsec.1"})):
        resource = sdk.resource(token)
        assert resource is not None
        required = {one.name for one in resource.outputs.values() if one.required}
        assert required <= fabrication.preview_outputs(resource, inputs).keys()


def test_nested_objects_are_completed() -> None:
    _, outputs = made("azure-native:network:VirtualNetwork", {"resourceGroupName": "rg", "subnets": [{"name": "a"}]})
    assert outputs["subnets"][0]["name"] == "a"
    assert outputs["subnets"][0]["provisioningState"] == "Succeeded"
    assert outputs["type"] == "Microsoft.Network/virtualNetworks"


def test_a_high_availability_gateway_has_two_numbered_interfaces() -> None:
    _, outputs = made("gcp:compute/haVpnGateway:HaVpnGateway", {"network": "n", "region": "europe-west1"})
    assert [one["id"] for one in outputs["vpnInterfaces"]] == [0, 1]
    assert len({one["ipAddress"] for one in outputs["vpnInterfaces"]}) == 2


def test_an_eks_cluster_has_an_issuer() -> None:
    _, outputs = made("aws:eks/cluster:Cluster", {"roleArn": "r", "vpcConfig": {"subnetIds": ["a"]}})
    assert outputs["identities"][0]["oidcs"][0]["issuer"].startswith("https://oidc.eks.us-east-1.amazonaws.com/id/")


def test_a_secrets_text_comes_back_encoded() -> None:
    _, outputs = made("kubernetes:core/v1:Secret", {"stringData": {"key": "value"}})
    assert base64.b64decode(outputs["data"]["key"]) == b"value"
    assert outputs["type"] == "Opaque"


def test_a_service_accounts_secret_gets_a_token() -> None:
    _, outputs = made("kubernetes:core/v1:Secret", {"type": "kubernetes.io/service-account-token"})
    assert len(base64.b64decode(outputs["data"]["token"])) > 100


def test_a_load_balancer_gets_an_address() -> None:
    _, outputs = made("kubernetes:core/v1:Service", {"spec": {"type": "LoadBalancer"}})
    assert any(IPv4Address(outputs["status"]["loadBalancer"]["ingress"][0]["ip"]) in one for one in DOCUMENTATION)


def test_a_policy_given_as_an_object_comes_back_as_text() -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny"}]}
    assert json.loads(made("aws:iam/policy:Policy", {"policy": policy})[1]["policy"]) == policy


def test_write_only_inputs_do_not_come_back() -> None:
    given_ = {"name": "n", "valueWo": "hidden", "valueWoVersion": 1.0, "type": "SecureString"}
    assert "valueWo" not in made("aws:ssm/parameter:Parameter", given_)[1]


@pytest.mark.parametrize("package", sdk.PACKAGES)
def test_outputs_are_typed_as_the_sdk_says(package: str) -> None:
    for token in sampled(package, 60):
        resource, cls = sdk.resource(token), sdk._registered_class(package, token)
        assert resource is not None
        assert cls is not None
        types = _types.resource_types(cls)
        attempts = [inputs_of(resource)]
        if package != "kubernetes" and token != CONNECTION:
            attempts.append({**resource.constants, **full(resource.inputs)})
        for inputs in attempts:
            _, outputs = made(token, inputs)
            for name, declared in resource.outputs.items():
                assert name in outputs or not declared.required, (token, name)
                if name in outputs:
                    assert checking.check_value(declared.type, outputs[name]).failures == (), (token, name)
                    rpc.translate_output_properties(outputs[name], str, types[name])  # raises for a wrong type
