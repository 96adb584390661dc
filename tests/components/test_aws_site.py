"""An AWS site as it is declared: its network, its hub, and who hears of alarms, for every kind of VPC and hub."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from hybridge.planning import limits
from hybridge.sites.aws import AwsSite, AwsSiteArgs
from hybridge.sites.aws_provider import aws_provider_args
from rehearsal.clouds.differences import compare
from rehearsal.clouds.mocks import SimulatedClouds
from rehearsal.clouds.values import UNKNOWN
from tests.unit.test_aws import EXISTING, WIREGUARD, site_plan, with_dns

SUBNET = "aws:ec2/subnet:Subnet"
TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE = "aws:ec2/route:Route"
TRANSIT_GATEWAY = "aws:ec2transitgateway/transitGateway:TransitGateway"
ATTACHMENT = "aws:ec2transitgateway/vpcAttachment:VpcAttachment"
VPN_GATEWAY = "aws:ec2/vpnGateway:VpnGateway"
VPN_GATEWAY_ATTACHMENT = "aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment"
PROPAGATION = "aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation"
VIRTUAL = {"hub": "virtual-private-gateway"}


def declare(clouds: SimulatedClouds, declared: dict[str, Any], *allowed: str) -> AwsSite:
    """Declare the AWS site of a topology."""
    plan = site_plan(declared)

    def program() -> AwsSite:
        provider = aws.Provider(plan.name, aws_provider_args(plan, "test"))
        args = AwsSiteArgs(plan, allow_replacement=list(allowed))
        return AwsSite(plan.name, args, pulumi.ResourceOptions(providers=[provider]))

    return clouds.run(program)


def of_type(clouds: SimulatedClouds, token: str) -> list[dict[str, Any]]:
    """The inputs of what was declared of one type, by name."""
    return [dict(each.inputs) for each in sorted(clouds.of_type(token), key=lambda each: each.name)]


def known(value: pulumi.Output[Any] | None) -> Any:
    """What an output of a component came to be."""
    assert value is not None
    return asyncio.get_event_loop().run_until_complete(value.future())


def awaited_resources(value: pulumi.Output[Any]) -> set[str]:
    """The URNs of the resources that an output comes from."""

    async def look() -> set[str]:
        found = {await each.urn.future() for each in await value.resources()}
        return {urn for urn in found if urn is not None}

    return asyncio.get_event_loop().run_until_complete(look())


def ids(clouds: SimulatedClouds, token: str) -> list[str]:
    return [each.id for each in sorted(clouds.of_type(token), key=lambda each: each.name)]


def test_the_hub_spreads_traffic_over_its_tunnels(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, declared)
    (hub,) = of_type(clouds, TRANSIT_GATEWAY)
    assert (hub["vpnEcmpSupport"], hub["amazonSideAsn"]) == ("enable", 64512)


def test_the_vpc_is_attached_in_two_zones(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, declared)
    assert [subnet["availabilityZone"] for subnet in of_type(clouds, SUBNET)] == ["us-east-1a", "us-east-1b"]
    (attachment,) = of_type(clouds, ATTACHMENT)
    assert attachment["subnetIds"] == ids(clouds, SUBNET)


def test_zones_that_are_named_are_used(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    zones = ["us-east-1c", "us-east-1d", "us-east-1f"]
    declared["sites"]["aws-east"]["zones"] = zones
    declare(clouds, declared)
    assert [subnet["availabilityZone"] for subnet in of_type(clouds, SUBNET)] == zones
    assert all(not each.ignored for each in clouds.of_type(SUBNET))


def test_no_subnet_moves_because_a_region_comes_to_offer_other_zones(
    clouds: SimulatedClouds, declared: dict[str, Any]
) -> None:
    declare(clouds, declared)
    assert all(each.ignored == {"availabilityZone"} for each in clouds.of_type(SUBNET))


@pytest.mark.parametrize("region", limits.words("aws.regions"))
def test_every_region_can_be_rehearsed(clouds: SimulatedClouds, declared: dict[str, Any], region: str) -> None:
    declared["sites"]["aws-east"]["region"] = region
    declare(clouds, declared)
    zones = {str(subnet["availabilityZone"]) for subnet in of_type(clouds, SUBNET)}
    assert len(zones) == 2
    assert all(zone.startswith(region) for zone in zones)


def test_a_site_without_links_has_no_routes(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declared["links"].clear()
    declare(clouds, declared)
    assert of_type(clouds, ROUTE) == []


def test_a_virtual_private_gateway_teaches_the_main_route_table(
    clouds: SimulatedClouds, declared: dict[str, Any]
) -> None:
    declared["sites"]["aws-east"] |= VIRTUAL
    site = declare(clouds, declared)
    (hub,) = clouds.of_type(VPN_GATEWAY)
    assert hub.inputs["amazonSideAsn"] == "64512"
    assert of_type(clouds, VPN_GATEWAY_ATTACHMENT) == [{"vpcId": known(site.vpc_id), "vpnGatewayId": hub.id}]
    assert of_type(clouds, PROPAGATION) == [{"routeTableId": ids(clouds, TABLE)[0], "vpnGatewayId": hub.id}]
    assert of_type(clouds, SUBNET) == of_type(clouds, ROUTE) == of_type(clouds, TRANSIT_GATEWAY) == []
    assert site.transit_gateway_id is None
    assert known(site.hub_id) == known(site.vpn_gateway_id) == hub.id


def test_of_an_existing_vpc_only_the_route_tables_change(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["vpc"] = EXISTING
    site = declare(clouds, declared)
    for token in ("aws:ec2/vpc:Vpc", SUBNET, TABLE, "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"):
        assert of_type(clouds, token) == [], token
    (attachment,) = of_type(clouds, ATTACHMENT)
    assert (attachment["vpcId"], attachment["subnetIds"]) == (EXISTING["id"], EXISTING["attachment_subnets"])
    routes = of_type(clouds, ROUTE)
    assert [route["routeTableId"] for route in routes] == EXISTING["route_tables"]
    assert {route["destinationCidrBlock"] for route in routes} == {"10.100.0.0/16"}
    assert known(site.vpc_id) == EXISTING["id"]
    assert known(site.route_table_ids) == EXISTING["route_tables"]
    assert known(site.gateway_subnet_ids) == EXISTING["gateway_subnets"]
    assert known(site.resolver_subnet_ids) == EXISTING["resolver_subnets"]
    assert site.gateway_route_table_id is None


def test_an_existing_vpc_learns_from_a_virtual_private_gateway(
    clouds: SimulatedClouds, declared: dict[str, Any]
) -> None:
    declared["sites"]["aws-east"] |= VIRTUAL | {"vpc": EXISTING}
    declare(clouds, declared)
    assert [each["routeTableId"] for each in of_type(clouds, PROPAGATION)] == EXISTING["route_tables"]
    assert [each["vpcId"] for each in of_type(clouds, VPN_GATEWAY_ATTACHMENT)] == [EXISTING["id"]]


def test_gateway_instances_alone_reach_the_internet(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declared["links"] = {"dc1-wg": WIREGUARD}
    site = declare(clouds, declared)
    (internet,) = clouds.of_type("aws:ec2/internetGateway:InternetGateway")
    public = known(site.gateway_route_table_id)
    (route,) = of_type(clouds, ROUTE)
    assert route == {"routeTableId": public, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": internet.id}
    assert [subnet["availabilityZone"] for subnet in of_type(clouds, SUBNET)] == ["us-east-1a", "us-east-1b"]
    subnets = ids(clouds, SUBNET)
    associations = of_type(clouds, "aws:ec2/routeTableAssociation:RouteTableAssociation")
    assert associations == [{"routeTableId": public, "subnetId": subnet} for subnet in subnets]
    assert known(site.gateway_subnet_ids) == subnets
    (main,) = of_type(clouds, "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation")
    assert known(site.route_table_ids) == [main["routeTableId"]] != [public]
    assert site.hub_id is None
    assert of_type(clouds, TRANSIT_GATEWAY) == of_type(clouds, VPN_GATEWAY) == []


def test_a_gateway_subnet_is_used_when_it_leads_to_the_internet(
    clouds: SimulatedClouds, declared: dict[str, Any]
) -> None:
    """A public address is refused in a VPC without an internet gateway, and keeps that from being taken away."""
    declared["links"] = {"dc1-wg": WIREGUARD}
    site = declare(clouds, declared)
    assert site.gateway_subnet_ids is not None
    registered = {each.urn: each for each in clouds.registrations}
    waits_for = awaited_resources(site.gateway_subnet_ids)
    for _ in range(3):
        waits_for |= {needed for urn in waits_for for needed in registered[urn].dependencies}
    names = {(registered[urn].type, registered[urn].name) for urn in waits_for}
    assert {("aws:ec2/internetGateway:InternetGateway", "aws-east"), (ROUTE, "aws-east-gateway-0.0.0.0/0")} <= names


def test_resolvers_stay_in_the_main_route_table(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    with_dns(declared)
    site = declare(clouds, declared)
    resolvers = {each.id: each for each in clouds.of_type(SUBNET) if "-resolver-" in each.name}
    used = known(site.resolver_subnet_ids)
    assert [resolvers[each].name for each in used] == ["aws-east-resolver-1", "aws-east-resolver-2"]
    assert [resolvers[each].inputs["availabilityZone"] for each in used] == ["us-east-1a", "us-east-1b"]
    assert of_type(clouds, "aws:ec2/routeTableAssociation:RouteTableAssociation") == []


def test_only_alarms_of_the_account_reach_the_topic(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    site = declare(clouds, declared)
    (topic,) = clouds.of_type("aws:sns/topic:Topic")
    assert known(site.alarm_topic_arn) == topic.outputs["arn"]
    assert "kmsMasterKeyId" not in topic.inputs
    (policy,) = of_type(clouds, "aws:sns/topicPolicy:TopicPolicy")
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Allow", "sns:Publish", topic.id)
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    (subscription,) = of_type(clouds, "aws:sns/topicSubscription:TopicSubscription")
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "network@example.com")


@pytest.mark.parametrize("topic", [None, "arn:aws:sns:us-east-1:123456789012:network"])
def test_a_topic_is_made_only_for_addresses(
    clouds: SimulatedClouds, declared: dict[str, Any], topic: str | None
) -> None:
    declared["sites"]["aws-east"]["alarms"] = {"topic": topic}
    site = declare(clouds, declared)
    assert [each for each in clouds.registrations if each.type.startswith("aws:sns/")] == []
    assert (site.alarm_topic_arn is None) == (topic is None)
    assert topic is None or known(site.alarm_topic_arn) == topic


@pytest.mark.parametrize(("hub", "token"), [({}, TRANSIT_GATEWAY), (VIRTUAL, VPN_GATEWAY)])
@pytest.mark.parametrize("allowed", [[], ["aws-east"]])
def test_the_hub_is_protected_until_its_replacement_is_wanted(
    clouds: SimulatedClouds, declared: dict[str, Any], hub: dict[str, str], token: str, allowed: list[str]
) -> None:
    declared["sites"]["aws-east"] |= hub
    declare(clouds, declared, *allowed)
    assert [each.type for each in clouds.registrations if each.protect] == ([] if allowed else [token])


def test_the_provider_refuses_other_accounts_and_tags_everything(
    clouds: SimulatedClouds, declared: dict[str, Any]
) -> None:
    role = "arn:aws:iam::123456789012:role/network"
    declared["sites"]["aws-east"] |= {
        "identity": {"account": "123456789012", "role": role},
        "tags": {"team": "network"},
    }
    declare(clouds, declared)
    (provider,) = of_type(clouds, "pulumi:providers:aws")
    assert provider["region"] == "us-east-1"
    assert json.loads(provider["allowedAccountIds"]) == ["123456789012"]
    assert json.loads(provider["assumeRoles"]) == [{"roleArn": role, "sessionName": "hybridge-test"}]
    tags = {"team": "network", "hybridge:stack": "test", "hybridge:site": "aws-east"}
    assert json.loads(provider["defaultTags"]) == {"tags": tags}


@pytest.mark.parametrize("hub", ["transit-gateway", "virtual-private-gateway"])
@pytest.mark.parametrize("existing", [False, True])
def test_the_rehearsal_knows_what_a_change_of_every_property_means(
    clouds: SimulatedClouds, declared: dict[str, Any], hub: str, *, existing: bool
) -> None:
    """Every property that a site sets has a rule, so that no change of a stack ends in a gap of the simulation."""
    declared["sites"]["aws-east"] |= {"hub": hub} | ({"vpc": EXISTING} if existing else {})
    declared["sites"]["aws-east"]["ranges"].append("100.64.0.0/20")
    declared["links"]["dc1-wg"] = WIREGUARD
    with_dns(declared)
    declare(clouds, declared)
    asked = 0
    for each in clouds.registrations:
        if not each.type.startswith("hybridge:"):
            for name in each.inputs:
                compare(each.type, each.inputs, {**each.inputs, name: UNKNOWN})
                asked += 1
    assert asked > 10
