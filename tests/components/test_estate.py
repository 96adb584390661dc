"""An estate is declared whole: who owns what, what is protected, what is secret, what belongs to which provider."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from hybridge.estate import Estate
from hybridge.planning import AddressBook, Plan, address_needs, limits, make_plan
from hybridge.planning.decisions import decide
from hybridge.planning.protected import protected_names
from hybridge.topology import Topology, read_topology
from rehearsal.clouds.differences import compare
from rehearsal.clouds.mocks import Registration, SimulatedClouds, install
from rehearsal.clouds.values import UNKNOWN
from tests.conftest import ROOT, planned

VPN = "aws:ec2/vpnConnection:VpnConnection"

GOLDEN = Path(__file__).parent / "urns"


def stack_topology(name: str) -> Topology:
    content = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{name}.yaml").read_text(encoding="utf-8"))
    return read_topology(json.dumps(content["config"]["hybridge:topology"]))


def planned_stack(name: str) -> Plan:
    """Plan a stack of the project as it is declared."""
    return make_plan(stack_topology(name), AddressBook.read(ROOT / "stacks" / f"addresses.{name}.yaml"), name)


@pytest.mark.parametrize("stack", ["minimal", "reference"])
def test_names_in_the_state_are_stable(clouds: SimulatedClouds, stack: str) -> None:
    """Names in the state are forever: one that changes needs an alias, and a test that shows no replacement."""
    clouds.run(lambda: Estate(planned_stack(stack)))
    prefix = "urn:pulumi:test::hybridge::"
    found = [each.urn.removeprefix(prefix).removeprefix("pulumi:pulumi:Stack$") for each in clouds.registrations]
    assert sorted(found) == (GOLDEN / f"{stack}.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("stack", ["minimal", "reference"])
def test_every_resource_has_an_explicit_provider_and_a_component_as_parent(clouds: SimulatedClouds, stack: str) -> None:
    clouds.run(lambda: Estate(planned_stack(stack)))
    providers = {each.urn for each in clouds.registrations if each.type.startswith("pulumi:providers:")}
    components = {each.urn for each in clouds.registrations if each.type.startswith("hybridge:")}
    for each in clouds.registrations:
        if each.urn not in providers | components:
            assert each.provider.rpartition("::")[0] in providers, each.urn
            assert each.parent in components, each.urn


@pytest.mark.parametrize("stack", ["minimal", "reference"])
def test_the_estimate_counts_what_is_declared(clouds: SimulatedClouds, stack: str) -> None:
    plan = planned_stack(stack)
    clouds.run(lambda: Estate(plan))

    def metrics(alarm: Registration) -> int:
        queries = alarm.inputs.get("metricQueries")
        return (
            sum("metric" in query for query in queries if isinstance(query, dict)) if isinstance(queries, list) else 1
        )

    alarms = clouds.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    instances = len(clouds.of_type("aws:ec2/instance:Instance"))
    estimate = plan.consequences.estimate
    counted = {line.item: line.quantity for line in estimate.lines}
    assert counted["aws.cloudwatch.alarm-metric"] == sum(map(metrics, alarms))
    assert counted.get("aws.cloudwatch.custom-metric", 0) == instances
    assert ("aws.ebs.gp3-volume in us-east-1" in estimate.unknown) == bool(instances)
    assert bool(estimate.uncounted) == bool(clouds.of_type("aws:cloudwatch/logGroup:LogGroup"))


def test_what_peers_rely_on_is_protected(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: Estate(planned_stack("reference")))
    protected = {each.type.rpartition(":")[2] for each in clouds.registrations if each.protect}
    assert protected == {
        "Instance",
        "NetworkInterface",
        "PrivateKey",
        "RandomPassword",
        "ResolverEndpoint",
        "RouteServer",
        "SelfSignedCert",
        "TransitGateway",
        "VpnConnection",
    }


def test_planning_knows_the_name_of_everything_that_is_protected(clouds: SimulatedClouds) -> None:
    topology = stack_topology("reference")
    clouds.run(lambda: Estate(planned_stack("reference")))
    decisions = decide(topology, AddressBook("addresses.x.yaml").completed(address_needs(topology)))
    protected = {each.name for each in clouds.registrations if each.protect}
    assert protected == set(protected_names(topology, decisions))


def test_an_exception_lifts_the_protection_of_its_name_alone(clouds: SimulatedClouds) -> None:
    plan = planned_stack("reference")
    lifted = ["dc1-aws-edge-a", "dc1-wg-1", "root", "aws-east-inbound"]
    clouds.run(lambda: Estate(replace(plan, allow_replacement=lifted)))
    unprotected = {each.name for each in clouds.registrations if not each.protect}
    protected = {each.name for each in clouds.registrations if each.protect}
    assert set(lifted) <= unprotected
    assert {"dc1-aws-edge-b", "dc1-wg-2", "aws-east", "aws-east-outbound"} <= protected
    assert not protected & set(lifted)


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


def test_the_rehearsal_knows_what_a_change_of_every_property_means(clouds: SimulatedClouds) -> None:
    """Every property that a component sets has a rule, so that no change of a stack ends in a gap of the simulation."""
    clouds.run(lambda: Estate(planned_stack("reference")))
    types = set[str]()
    for each in clouds.registrations:
        if not each.type.startswith(("hybridge:", "pulumi:")):
            types.add(each.type)
            for name in each.inputs:
                compare(each.type, each.inputs, {**each.inputs, name: UNKNOWN})
    assert len(types) == 40


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
