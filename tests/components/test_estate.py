"""An estate is declared whole: who owns what, what is protected, what is secret, what belongs to which provider."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pytest

from hybridge.estate import Estate
from hybridge.planning import Plan, limits
from rehearsal.clouds.differences import compare
from rehearsal.clouds.mocks import SimulatedClouds, install
from rehearsal.clouds.values import UNKNOWN
from tests.conftest import planned

VPN = "aws:ec2/vpnConnection:VpnConnection"

URNS = [
    "hybridge:index:AwsSite$aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation::aws-east",
    "hybridge:index:AwsSite$aws:ec2/route:Route::aws-east-10.100.0.0/16",
    "hybridge:index:AwsSite$aws:ec2/routeTable:RouteTable::aws-east",
    "hybridge:index:AwsSite$aws:ec2/subnet:Subnet::aws-east-attachment-1",
    "hybridge:index:AwsSite$aws:ec2/subnet:Subnet::aws-east-attachment-2",
    "hybridge:index:AwsSite$aws:ec2/vpc:Vpc::aws-east",
    "hybridge:index:AwsSite$aws:ec2transitgateway/transitGateway:TransitGateway::aws-east",
    "hybridge:index:AwsSite$aws:ec2transitgateway/vpcAttachment:VpcAttachment::aws-east",
    "hybridge:index:AwsSite::aws-east",
    "hybridge:index:AwsSiteToSiteVpn$aws:ec2/customerGateway:CustomerGateway::dc1-aws-edge-a",
    "hybridge:index:AwsSiteToSiteVpn$aws:ec2/customerGateway:CustomerGateway::dc1-aws-edge-b",
    "hybridge:index:AwsSiteToSiteVpn$aws:ec2/vpnConnection:VpnConnection::dc1-aws-edge-a",
    "hybridge:index:AwsSiteToSiteVpn$aws:ec2/vpnConnection:VpnConnection::dc1-aws-edge-b",
    "hybridge:index:AwsSiteToSiteVpn::dc1-aws",
    "hybridge:index:OnpremSite::dc1",
    "hybridge:index:OnpremSiteToSiteVpn$random:index/randomPassword:RandomPassword::dc1-aws-edge-a-1",
    "hybridge:index:OnpremSiteToSiteVpn$random:index/randomPassword:RandomPassword::dc1-aws-edge-a-2",
    "hybridge:index:OnpremSiteToSiteVpn$random:index/randomPassword:RandomPassword::dc1-aws-edge-b-1",
    "hybridge:index:OnpremSiteToSiteVpn$random:index/randomPassword:RandomPassword::dc1-aws-edge-b-2",
    "hybridge:index:OnpremSiteToSiteVpn::dc1-aws",
    "pulumi:providers:aws::aws-east",
    "pulumi:providers:random::dc1-aws",
]
"""Names in the state are forever: one that changes here needs an alias, and a test that shows no replacement."""


def test_names_in_the_state_are_stable(clouds: SimulatedClouds, plan: Plan) -> None:
    clouds.run(lambda: Estate(plan))
    prefix = "urn:pulumi:test::hybridge::"
    found = [each.urn.removeprefix(prefix).removeprefix("pulumi:pulumi:Stack$") for each in clouds.registrations]
    assert sorted(found) == sorted(URNS)


def test_every_resource_has_an_explicit_provider_and_a_component_as_parent(clouds: SimulatedClouds, plan: Plan) -> None:
    clouds.run(lambda: Estate(plan))
    providers = {each.urn for each in clouds.registrations if each.type.startswith("pulumi:providers:")}
    components = {each.urn for each in clouds.registrations if each.type.startswith("hybridge:")}
    for each in clouds.registrations:
        if each.urn not in providers | components:
            assert each.provider.rpartition("::")[0] in providers, each.urn
            assert each.parent in components, each.urn


def test_what_peers_have_configured_is_protected(clouds: SimulatedClouds, plan: Plan) -> None:
    clouds.run(lambda: Estate(plan))
    protected = {each.type.rpartition(":")[2] for each in clouds.registrations if each.protect}
    assert protected == {"TransitGateway", "VpnConnection"}


def test_each_tunnel_has_its_own_key_and_it_is_secret(clouds: SimulatedClouds, plan: Plan) -> None:
    clouds.run(lambda: Estate(plan))
    keys = [
        str(connection.inputs[f"tunnel{number}PresharedKey"]) for connection in clouds.of_type(VPN) for number in (1, 2)
    ]
    assert len(set(keys)) == 4
    assert all(len(key) == 49 and key[0] == "k" and key.isalnum() for key in keys)
    for connection in clouds.of_type(VPN):
        assert {"tunnel1PresharedKey", "tunnel2PresharedKey"} <= connection.secrets


def test_the_hub_spreads_traffic_over_its_tunnels(clouds: SimulatedClouds, plan: Plan) -> None:
    clouds.run(lambda: Estate(plan))
    (hub,) = clouds.of_type("aws:ec2transitgateway/transitGateway:TransitGateway")
    assert (hub.inputs["vpnEcmpSupport"], hub.inputs["amazonSideAsn"]) == ("enable", 64512)


def test_the_vpc_is_attached_in_two_zones(clouds: SimulatedClouds, plan: Plan) -> None:
    clouds.run(lambda: Estate(plan))
    subnets = sorted(clouds.of_type("aws:ec2/subnet:Subnet"), key=lambda subnet: subnet.name)
    assert [subnet.inputs["availabilityZone"] for subnet in subnets] == ["us-east-1a", "us-east-1b"]
    (attachment,) = clouds.of_type("aws:ec2transitgateway/vpcAttachment:VpcAttachment")
    assert attachment.inputs["subnetIds"] == [subnet.id for subnet in subnets]


def test_the_devices_are_secret_and_end_every_tunnel(clouds: SimulatedClouds, plan: Plan) -> None:
    estate = clouds.run(lambda: Estate(plan))
    seen: list[tuple[dict[str, dict[str, str]], bool]] = []

    async def look() -> None:
        seen.append((await estate.devices.future(), await estate.devices.is_secret()))

    asyncio.get_event_loop().run_until_complete(look())
    ((devices, secret),) = seen
    assert secret
    assert set(devices) == {"edge-a", "edge-b"}
    for connection in clouds.of_type(VPN):
        gateway = connection.name.removeprefix("dc1-aws-")
        for number in (1, 2):
            assert str(connection.outputs[f"tunnel{number}Address"]) in devices[gateway]["swanctl.conf"]


def test_a_preview_declares_the_same_and_knows_no_address(plan: Plan) -> None:
    with install(preview=True) as clouds:
        estate = clouds.run(lambda: Estate(plan))
        assert len(clouds.of_type(VPN)) == 2

        assert asyncio.get_event_loop().run_until_complete(estate.devices.is_known()) is False


@pytest.mark.parametrize(
    ("asn", "plain", "extended"), [(2147483647, "2147483647", None), (2147483648, None, "2147483648")]
)
def test_a_large_asn_is_given_as_extended(
    clouds: SimulatedClouds, declared: dict[str, Any], asn: int, plain: str, extended: str
) -> None:
    declared["sites"]["dc1"]["asn"] = asn
    plan = planned(declared)
    clouds.run(lambda: Estate(plan))
    for gateway in clouds.of_type("aws:ec2/customerGateway:CustomerGateway"):
        assert (gateway.inputs.get("bgpAsn"), gateway.inputs.get("bgpAsnExtended")) == (plain, extended)


def test_zones_that_are_named_are_used(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["zones"] = ["us-east-1c", "us-east-1d", "us-east-1f"]
    plan = planned(declared)
    clouds.run(lambda: Estate(plan))
    subnets = sorted(clouds.of_type("aws:ec2/subnet:Subnet"), key=lambda subnet: subnet.name)
    assert [subnet.inputs["availabilityZone"] for subnet in subnets] == ["us-east-1c", "us-east-1d", "us-east-1f"]


def test_a_site_without_links_has_no_routes(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declared["links"].clear()
    plan = planned(declared)
    estate = clouds.run(lambda: Estate(plan))
    assert isinstance(estate.devices, pulumi.Output)
    assert clouds.of_type("aws:ec2/route:Route") == []
    assert clouds.of_type(VPN) == []


def test_the_rehearsal_knows_what_a_change_of_every_property_means(
    clouds: SimulatedClouds, declared: dict[str, Any]
) -> None:
    """Every property that a component sets has a rule, so that no change of a stack ends in a gap of the simulation."""
    declared["sites"]["aws-east"]["ranges"].append("100.64.0.0/20")
    declared["sites"]["dc1"]["asn"] = 4200000001
    plan = planned(declared)
    clouds.run(lambda: Estate(plan))
    types = set[str]()
    for each in clouds.registrations:
        if not each.type.startswith(("hybridge:", "pulumi:")):
            types.add(each.type)
            for name in each.inputs:
                compare(each.type, each.inputs, {**each.inputs, name: UNKNOWN})
    assert len(types) == 11


def test_two_links_from_one_device_have_customer_gateways_of_their_own(
    clouds: SimulatedClouds, declared: dict[str, Any]
) -> None:
    """AWS would answer two equal requests with one customer gateway."""
    west = {"kind": "aws", "region": "us-east-1", "asn": 64513, "ranges": ["172.21.0.0/16"]}
    declared["sites"]["aws-too"] = west
    declared["links"]["dc1-too"] = {"between": ["dc1", "aws-too"], "via": "site-to-site-vpn"}
    plan = planned(declared)
    clouds.run(lambda: Estate(plan))
    gateways = [
        {name: value for name, value in each.inputs.items() if name != "tags"}
        for each in clouds.of_type("aws:ec2/customerGateway:CustomerGateway")
    ]
    assert len(gateways) == 4
    assert all(gateways.count(gateway) == 1 for gateway in gateways)


@pytest.mark.parametrize("region", limits.words("aws.regions"))
def test_every_region_can_be_rehearsed(clouds: SimulatedClouds, declared: dict[str, Any], region: str) -> None:
    declared["sites"]["aws-east"]["region"] = region
    plan = planned(declared)
    clouds.run(lambda: Estate(plan))
    zones = {subnet.inputs["availabilityZone"] for subnet in clouds.of_type("aws:ec2/subnet:Subnet")}
    assert len(zones) == 2
    assert all(str(zone).startswith(region) for zone in zones)
