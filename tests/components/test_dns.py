"""A VPC's resolver is asked and asks, through endpoints that let through what the plan says and nothing else."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.runtime.proto import resource_pb2

from hybridge.dns.aws import AwsDnsForwarding, AwsDnsForwardingArgs
from hybridge.dns.onprem import OnpremDnsForwarding, OnpremDnsForwardingArgs, resolver_files
from hybridge.planning.dns_model import AwsDnsPlan, DnsForward, OnpremDnsPlan
from rehearsal.clouds.differences import compare
from rehearsal.clouds.mocks import Registration, SimulatedClouds
from rehearsal.clouds.values import UNKNOWN

ENDPOINT = "aws:route53/resolverEndpoint:ResolverEndpoint"
RULE = "aws:route53/resolverRule:ResolverRule"
ASSOCIATION = "aws:route53/resolverRuleAssociation:ResolverRuleAssociation"
GROUP = "aws:ec2/securityGroup:SecurityGroup"

PLAN = AwsDnsPlan(
    site="aws-east",
    inbound_addresses=["172.20.255.116", "172.20.255.100"],
    outbound_addresses=["172.20.255.117", "172.20.255.101"],
    forwards=[
        DnsForward("example.com", "dc1", ["10.100.0.53", "10.100.1.53"]),
        DnsForward("branch.example.org", "dc2", ["10.101.0.53"]),
    ],
    kept=["aws.example.com"],
    sources=["10.100.0.0/16", "10.101.0.0/16"],
    queries_per_second=3000,
)


def declare(plan: AwsDnsPlan, name: str = "aws-east", allow_replacement: list[str] | None = None) -> AwsDnsForwarding:
    provider = aws.Provider(name, region="us-east-1")
    opts = pulumi.ResourceOptions(provider=provider)
    vpc = aws.ec2.Vpc(name, cidr_block="172.20.0.0/16", opts=opts)
    subnets = [
        aws.ec2.Subnet(f"{name}-{zone}", vpc_id=vpc.id, cidr_block=cidr, availability_zone=zone, opts=opts)
        for zone, cidr in {"us-east-1a": "172.20.255.112/28", "us-east-1b": "172.20.255.96/28"}.items()
    ]
    args = AwsDnsForwardingArgs(plan, vpc.id, [subnet.id for subnet in subnets], allow_replacement or [])
    return AwsDnsForwarding(name, args, pulumi.ResourceOptions(providers=[provider]))


def by_name(clouds: SimulatedClouds, token: str) -> dict[str, Registration]:
    return {each.name: each for each in clouds.of_type(token)}


def addresses(endpoint: Registration) -> list[Any]:
    found = endpoint.inputs["ipAddresses"]
    assert isinstance(found, list)
    return found


def openings(group: Registration, direction: str) -> list[tuple[Any, ...]]:
    rules = group.inputs[direction]
    assert isinstance(rules, list)
    found = [rule for rule in rules if isinstance(rule, dict)]
    return sorted((rule["protocol"], rule["fromPort"], rule["toPort"], rule["cidrBlocks"]) for rule in found)


def test_endpoints_stand_in_two_zones_at_the_planned_addresses(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    subnets = [subnet.id for _, subnet in sorted(by_name(clouds, "aws:ec2/subnet:Subnet").items())]
    (vpc,) = clouds.of_type("aws:ec2/vpc:Vpc")
    planned = {"inbound": PLAN.inbound_addresses, "outbound": PLAN.outbound_addresses}
    endpoints = by_name(clouds, ENDPOINT)
    assert len(endpoints) == 2
    for direction, wanted in planned.items():
        endpoint = endpoints[f"aws-east-{direction}"]
        assert endpoint.inputs["direction"] == direction.upper()
        assert addresses(endpoint) == [
            {"subnetId": subnet, "ip": address} for subnet, address in zip(subnets, wanted, strict=True)
        ]
        assert endpoint.outputs["hostVpcId"] == vpc.id


def test_endpoints_are_protected_until_their_replacement_is_wanted(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN, allow_replacement=["aws-east-outbound"]))
    assert {each.name for each in clouds.registrations if each.protect} == {"aws-east-inbound"}


def test_each_endpoint_lets_through_dns_and_nothing_else(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    groups = by_name(clouds, GROUP)
    asking = ["10.100.0.0/16", "10.101.0.0/16"]
    asked = ["10.100.0.53/32", "10.100.1.53/32", "10.101.0.53/32"]
    inbound, outbound = groups["aws-east-inbound"], groups["aws-east-outbound"]
    assert openings(inbound, "ingress") == [("tcp", 53, 53, asking), ("udp", 53, 53, asking)]
    assert openings(inbound, "egress") == []
    assert openings(outbound, "ingress") == []
    assert openings(outbound, "egress") == [("tcp", 53, 53, asked), ("udp", 53, 53, asked)]
    for name, endpoint in by_name(clouds, ENDPOINT).items():
        assert endpoint.inputs["securityGroupIds"] == [groups[name].id]


def test_each_domain_of_another_site_is_forwarded_to_its_servers(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    outbound = by_name(clouds, ENDPOINT)["aws-east-outbound"]
    forwarding = {
        rule.inputs["domainName"]: rule.inputs["targetIps"]
        for rule in clouds.of_type(RULE)
        if rule.inputs["ruleType"] == "FORWARD" and rule.inputs["resolverEndpointId"] == outbound.id
    }
    assert forwarding == {
        "example.com": [{"ip": "10.100.0.53", "port": 53}, {"ip": "10.100.1.53", "port": 53}],
        "branch.example.org": [{"ip": "10.101.0.53", "port": 53}],
    }


def test_an_own_domain_below_a_forwarded_one_is_kept(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    (kept,) = [rule for rule in clouds.of_type(RULE) if rule.inputs["ruleType"] == "SYSTEM"]
    assert kept.inputs["domainName"] == "aws.example.com"
    assert not {"resolverEndpointId", "targetIps"} & kept.inputs.keys(), "AWS takes neither with such a rule"


def test_every_rule_is_the_vpcs(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    (vpc,) = clouds.of_type("aws:ec2/vpc:Vpc")
    associated = {(each.inputs["resolverRuleId"], each.inputs["vpcId"]) for each in clouds.of_type(ASSOCIATION)}
    assert associated == {(rule.id, vpc.id) for rule in clouds.of_type(RULE)}
    assert len(associated) == 3


def test_in_a_vpc_that_exists_aws_chooses_where_the_endpoint_asks_from(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(replace(PLAN, outbound_addresses=[])))
    outbound = by_name(clouds, ENDPOINT)["aws-east-outbound"]
    assert [set(address) for address in addresses(outbound)] == [{"subnetId"}, {"subnetId"}]


@pytest.mark.parametrize(
    ("plan", "direction"),
    [
        (replace(PLAN, inbound_addresses=[], sources=[], kept=[], queries_per_second=0), "outbound"),
        (replace(PLAN, outbound_addresses=[], forwards=[], kept=[]), "inbound"),
    ],
)
def test_one_way_is_one_endpoint_and_its_group(clouds: SimulatedClouds, plan: AwsDnsPlan, direction: str) -> None:
    declared = clouds.run(lambda: declare(plan))
    assert list(by_name(clouds, ENDPOINT)) == list(by_name(clouds, GROUP)) == [f"aws-east-{direction}"]
    assert len(clouds.of_type(RULE)) == len(clouds.of_type(ASSOCIATION)) == len(plan.forwards)
    ends = {"inbound": declared.inbound_endpoint_id, "outbound": declared.outbound_endpoint_id}
    assert [end for end, identifier in ends.items() if identifier is not None] == [direction]


def test_names_are_what_aws_takes(clouds: SimulatedClouds) -> None:
    """At most 64 letters, digits, hyphens, underscores and spaces: CreateResolverEndpoint, CreateResolverRule."""
    longest = "a" * 40
    plan = replace(PLAN, site=longest, forwards=[DnsForward("d" * 60 + ".example.com", longest, ["10.100.0.53"])])
    clouds.run(lambda: declare(plan, name=longest))
    for token in (ENDPOINT, RULE, ASSOCIATION):
        for each in clouds.of_type(token):
            assert re.fullmatch(r"[\w '-]{1,64}", str(each.inputs["name"]), re.ASCII), each.inputs["name"]


def test_names_in_the_state_are_stable(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    urns = [each.urn.removeprefix("urn:pulumi:test::hybridge::") for each in clouds.registrations]
    found = [urn.removeprefix("pulumi:pulumi:Stack$") for urn in urns if "AwsDnsForwarding" in urn]
    own = "hybridge:index:AwsDnsForwarding"
    domains = ("aws.example.com", "branch.example.org", "example.com")
    assert sorted(found) == sorted(
        [
            f"{own}::aws-east",
            *(f"{own}${GROUP}::aws-east-{direction}" for direction in ("inbound", "outbound")),
            *(f"{own}${ENDPOINT}::aws-east-{direction}" for direction in ("inbound", "outbound")),
            *(f"{own}${RULE}::aws-east-{domain}" for domain in domains),
            *(f"{own}${ASSOCIATION}::aws-east-{domain}" for domain in domains),
        ]
    )


def test_every_resource_has_the_explicit_provider_and_the_component_as_parent(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    (provider,) = clouds.of_type("pulumi:providers:aws")
    (component,) = clouds.of_type("hybridge:index:AwsDnsForwarding")
    for token in (ENDPOINT, RULE, ASSOCIATION, GROUP):
        for each in clouds.of_type(token):
            assert (each.provider.rpartition("::")[0], each.parent) == (provider.urn, component.urn)


def test_identifiers_say_which_way_an_endpoint_goes(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    for name, endpoint in by_name(clouds, ENDPOINT).items():
        direction = "in" if name.endswith("inbound") else "out"
        assert re.fullmatch(f"rslvr-{direction}-0[0-9a-f]{{16}}", endpoint.id)
        arn = f"arn:aws:route53resolver:us-east-1:123456789012:resolver-endpoint/{endpoint.id}"
        assert endpoint.outputs["arn"] == arn


def test_the_rehearsal_knows_what_a_change_of_every_property_means(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    for token in (ENDPOINT, RULE, ASSOCIATION, GROUP):
        for each in clouds.of_type(token):
            for name in each.inputs:
                compare(token, each.inputs, {**each.inputs, name: UNKNOWN})


def test_no_order_of_addresses_changes_anything(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    for endpoint in clouds.of_type(ENDPOINT):
        turned = {**endpoint.inputs, "ipAddresses": addresses(endpoint)[::-1]}
        assert compare(ENDPOINT, endpoint.inputs, turned).changes == ()


def test_the_datacentres_half_is_its_resolvers_file(clouds: SimulatedClouds) -> None:
    plan = OnpremDnsPlan(
        site="dc1",
        device="dc1-resolver",
        forwards=[DnsForward("aws.example.com", "aws-east", PLAN.inbound_addresses)],
        clients=PLAN.outbound_addresses,
    )
    half = clouds.run(lambda: OnpremDnsForwarding("dc1", OnpremDnsForwardingArgs(plan)))
    seen: list[dict[str, dict[str, str]] | None] = []

    async def look() -> None:
        seen.append(await half.devices.future())

    asyncio.get_event_loop().run_until_complete(look())
    assert seen == [{"dc1-resolver": resolver_files(plan)}]
    text = resolver_files(plan)["unbound.conf"]
    assert text.startswith("# dc1-resolver: what the resolvers of dc1 ask other sites, and who asks them, for Unbound.")
    assert all(f"forward-addr: {address}\n" in text for address in PLAN.inbound_addresses)


def test_both_halves_are_components_of_the_package() -> None:
    analyzed: Any = Analyzer("hybridge").analyze([AwsDnsForwarding, OnpremDnsForwarding])
    components = analyzed["component_definitions"]
    assert {name: set(found.outputs) for name, found in components.items()} == {
        "AwsDnsForwarding": {"inboundEndpointId", "outboundEndpointId"},
        "OnpremDnsForwarding": {"devices"},
    }
    assert components["AwsDnsForwarding"].inputs["plan"].plain is True
    assert components["AwsDnsForwarding"].inputs["vpcId"].plain is None


def test_an_endpoint_goes_before_its_successor_comes(clouds: SimulatedClouds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two endpoints cannot have one address."""
    first: set[str] = set()
    register = clouds.register

    def noted(urn: str, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        if request.deleteBeforeReplace:
            first.add(f"{request.type}::{request.name}")
        return register(urn, request)

    monkeypatch.setattr(clouds, "register", noted)
    clouds.run(lambda: declare(PLAN))
    assert first == {f"{ENDPOINT}::aws-east-inbound", f"{ENDPOINT}::aws-east-outbound"}
