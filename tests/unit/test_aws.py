"""What an AWS site consists of, where its subnets lie, and what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hybridge.planning import AwsSitePlan, HubKind
from hybridge.planning.aws import aws_problems, aws_site_plan
from hybridge.planning.aws_parts import links_by_site
from hybridge.planning.tags import tag_value
from hybridge.topology import AwsSite, Problem, Severity, read_topology

WIREGUARD = {"between": ["dc1", "aws-east"], "via": "wireguard", "tunnel_network": "10.200.0.0/24"}
EXISTING = {
    "id": "vpc-0a1b2c3d4e5f67890",
    "route_tables": ["rtb-0a1b2c3d4e5f67890", "rtb-0a1b2c3d4e5f67891"],
    "attachment_subnets": ["subnet-0a1b2c3d4e5f67890", "subnet-0a1b2c3d4e5f67891"],
    "gateway_subnets": ["subnet-0a1b2c3d4e5f67892", "subnet-0a1b2c3d4e5f67893"],
    "resolver_subnets": ["subnet-0a1b2c3d4e5f67894", "subnet-0a1b2c3d4e5f67895"],
    "resolver_addresses": ["172.20.3.10", "172.20.4.10"],
}

HUB_ONLY = {field: EXISTING[field] for field in ("id", "route_tables", "attachment_subnets")}


def site_plan(declared: dict[str, Any], name: str = "aws-east") -> AwsSitePlan:
    """Plan the AWS site of a topology by itself."""
    topology = read_topology(json.dumps(declared))
    site = topology.sites[name]
    assert isinstance(site, AwsSite)
    return aws_site_plan(topology, name, site, links_by_site(topology)[name])


def problems_of(declared: dict[str, Any]) -> list[Problem]:
    topology = read_topology(json.dumps(declared))
    site = topology.sites["aws-east"]
    assert isinstance(site, AwsSite)
    return list(aws_problems(topology, "aws-east", site, links_by_site(topology)["aws-east"]))


def only_problem(declared: dict[str, Any]) -> Problem:
    (problem,) = problems_of(declared)
    return problem


def with_dns(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["dns"] = {"domains": ["corp.example.com"], "servers": ["10.100.0.53"]}
    declared["sites"]["aws-east"]["dns"] = {"domains": ["aws.example.com"]}


def test_a_virtual_private_gateway_needs_no_subnets(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["hub"] = "virtual-private-gateway"
    plan = site_plan(declared)
    assert (plan.hub, plan.hub_wanted, plan.attachment_subnets) == (HubKind.VIRTUAL_PRIVATE_GATEWAY, True, [])
    assert plan.remote_ranges == ["10.100.0.0/16"]
    assert problems_of(declared) == []


def test_wireguard_alone_needs_gateways_and_no_hub(declared: dict[str, Any]) -> None:
    declared["links"] = {"dc1-wg": WIREGUARD}
    plan = site_plan(declared)
    assert (plan.hub_wanted, plan.attachment_subnets, plan.remote_ranges) == (False, [], [])
    assert plan.gateway_subnets == ["172.20.255.144/28", "172.20.255.128/28"]


def test_only_what_comes_over_the_hub_is_routed_there(declared: dict[str, Any]) -> None:
    """A datacentre behind WireGuard alone is reached through the gateway instances."""
    west = {
        "kind": "onprem",
        "asn": 65020,
        "ranges": ["10.101.0.0/16"],
        "gateways": [{"name": "edge-c", "public_ip": "203.0.113.12"}, {"name": "edge-d", "public_ip": "203.0.113.13"}],
    }
    declared["sites"]["dc2"] = west
    declared["links"]["dc2-wg"] = WIREGUARD | {"between": ["dc2", "aws-east"]}
    assert site_plan(declared).remote_ranges == ["10.100.0.0/16"]


def test_two_links_to_one_site_make_one_route(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-too"] = declared["links"]["dc1-aws"]
    assert site_plan(declared).remote_ranges == ["10.100.0.0/16"]


def test_a_site_without_links_has_a_hub_for_the_first_one(declared: dict[str, Any]) -> None:
    declared["links"].clear()
    plan = site_plan(declared)
    assert (plan.hub_wanted, plan.remote_ranges) == (True, [])
    assert problems_of(declared) == []


def test_one_gateway_instance_where_one_is_accepted(declared: dict[str, Any]) -> None:
    del declared["sites"]["dc1"]["gateways"][1]
    declared["links"] = {"dc1-wg": WIREGUARD | {"accept_single_gateway": "a branch that may be offline for a day"}}
    assert len(site_plan(declared).gateway_subnets) == 1


def test_resolvers_need_names_at_both_ends(declared: dict[str, Any]) -> None:
    assert site_plan(declared).resolver_subnets == []
    with_dns(declared)
    assert site_plan(declared).resolver_subnets == ["172.20.255.112/28", "172.20.255.96/28"]
    del declared["sites"]["dc1"]["dns"]
    assert site_plan(declared).resolver_subnets == []


def test_what_is_added_moves_no_subnet(declared: dict[str, Any]) -> None:
    before = site_plan(declared)
    declared["links"]["dc1-wg"] = WIREGUARD
    with_dns(declared)
    declared["sites"]["aws-east"]["zones"] = [f"us-east-1{letter}" for letter in "abcdef"]
    after = site_plan(declared)
    assert after.attachment_subnets[:2] == before.attachment_subnets
    every = [*after.attachment_subnets, *after.gateway_subnets, *after.resolver_subnets]
    assert len(set(every)) == len(every) == 10


@pytest.mark.parametrize(
    ("network", "wireguard", "fits"),
    [
        ("172.20.0.0/26", False, True),
        ("172.20.0.0/27", False, False),
        ("172.20.0.0/24", True, True),
        ("172.20.0.0/25", True, False),
    ],
)
def test_the_subnets_leave_half_of_the_range(
    declared: dict[str, Any], network: str, *, wireguard: bool, fits: bool
) -> None:
    declared["sites"]["aws-east"]["ranges"] = [network]
    if wireguard:
        declared["links"]["dc1-wg"] = WIREGUARD
    assert [problem.path for problem in problems_of(declared)] == ([] if fits else ["sites.aws-east.ranges[0]"])


def test_an_existing_vpc_is_taken_as_it_is(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["vpc"] = EXISTING
    declared["links"]["dc1-wg"] = WIREGUARD
    with_dns(declared)
    assert problems_of(declared) == []
    plan = site_plan(declared)
    assert plan.existing is not None
    assert plan.existing.route_tables == EXISTING["route_tables"]
    assert plan.attachment_subnets == plan.gateway_subnets == plan.resolver_subnets == []


@pytest.mark.parametrize(
    ("field", "given", "severity"),
    [
        ("attachment_subnets", [], Severity.ERROR),
        ("attachment_subnets", ["subnet-0a1b2c3d4e5f67890"], Severity.WARNING),
        ("gateway_subnets", ["subnet-0a1b2c3d4e5f67892"], Severity.ERROR),
    ],
)
def test_what_an_existing_vpc_lacks(declared: dict[str, Any], field: str, given: list[str], severity: Severity) -> None:
    declared["sites"]["aws-east"]["vpc"] = EXISTING | {field: given}
    declared["links"]["dc1-wg"] = WIREGUARD
    with_dns(declared)
    problem = only_problem(declared)
    assert (problem.path, problem.severity) == (f"sites.aws-east.vpc.{field}", severity)


def test_an_existing_vpc_needs_only_what_its_links_do(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"] |= {
        "hub": "virtual-private-gateway",
        "vpc": {"id": EXISTING["id"], "route_tables": EXISTING["route_tables"]},
    }
    assert problems_of(declared) == []


def test_an_existing_vpc_has_its_own_zones(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"] |= {"vpc": HUB_ONLY, "zones": ["us-east-1a", "us-east-1b"]}
    assert only_problem(declared).path == "sites.aws-east.zones"


@pytest.mark.parametrize("field", ["route_tables", "attachment_subnets", "gateway_subnets"])
def test_nothing_stands_twice_in_an_existing_vpc(declared: dict[str, Any], field: str) -> None:
    declared["sites"]["aws-east"]["vpc"] = EXISTING | {field: [EXISTING[field][0]] * 2}
    declared["links"]["dc1-wg"] = WIREGUARD
    with_dns(declared)
    assert only_problem(declared).path == f"sites.aws-east.vpc.{field}[1]"


UNUSED = ["attachment_subnets", "gateway_subnets", "resolver_subnets", "resolver_addresses"]


@pytest.mark.parametrize("hub", ["transit-gateway", "virtual-private-gateway"])
def test_what_nothing_uses_in_an_existing_vpc(declared: dict[str, Any], hub: str) -> None:
    declared["sites"]["aws-east"] |= {"vpc": EXISTING, "hub": hub}
    unused = UNUSED[hub == "transit-gateway" :]
    told = [(problem.path, problem.severity) for problem in problems_of(declared)]
    assert told == [(f"sites.aws-east.vpc.{field}", Severity.WARNING) for field in unused]


@pytest.mark.parametrize("subnets", [EXISTING["resolver_subnets"], EXISTING["resolver_subnets"][:1]])
def test_a_vpc_that_only_asks_uses_its_resolver_subnets(declared: dict[str, Any], subnets: list[str]) -> None:
    """The datacentre answers for names and the VPC for none: an endpoint asks from two subnets, or would."""
    with_dns(declared)
    del declared["sites"]["aws-east"]["dns"]
    declared["sites"]["aws-east"]["vpc"] = EXISTING | {"gateway_subnets": [], "resolver_subnets": subnets}
    problem = only_problem(declared)
    assert problem.path == "sites.aws-east.vpc.resolver_addresses", (
        "nobody asks it, and an inbound endpoint is not made"
    )
    assert "an inbound resolver endpoint" in problem.sentence
    del declared["sites"]["dc1"]["dns"]
    assert [found.path for found in problems_of(declared)] == [
        f"sites.aws-east.vpc.{field}" for field in ("resolver_subnets", "resolver_addresses")
    ]


@pytest.mark.parametrize(("account", "fits"), [("123456789012", True), ("210987654321", False)])
def test_the_role_is_one_of_the_sites_account(declared: dict[str, Any], account: str, *, fits: bool) -> None:
    role = f"arn:aws:iam::{account}:role/network"
    declared["sites"]["aws-east"]["identity"] = {"account": "123456789012", "role": role}
    assert [problem.path for problem in problems_of(declared)] == ([] if fits else ["sites.aws-east.identity.role"])
    assert (site_plan(declared).account, site_plan(declared).role) == ("123456789012", role)


@pytest.mark.parametrize("alarms", [None, {}, {"emails": []}])
def test_somebody_is_told_when_a_tunnel_is_down(declared: dict[str, Any], alarms: dict[str, Any] | None) -> None:
    declared["sites"]["aws-east"]["alarms"] = alarms
    problem = only_problem(declared)
    assert (problem.path, problem.severity) == ("sites.aws-east.alarms", Severity.WARNING)
    declared["links"].clear()
    assert problems_of(declared) == []


@pytest.mark.parametrize(("region", "fits"), [("us-east-1", True), ("eu-west-1", False)])
def test_alarms_go_to_a_topic_of_their_region(declared: dict[str, Any], region: str, *, fits: bool) -> None:
    topic = f"arn:aws:sns:{region}:123456789012:network"
    declared["sites"]["aws-east"]["alarms"] = {"topic": topic}
    assert [problem.path for problem in problems_of(declared)] == ([] if fits else ["sites.aws-east.alarms.topic"])
    assert site_plan(declared).alarm_topic == topic


def test_a_topic_that_exists_gets_no_addresses(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["alarms"]["topic"] = "arn:aws:sns:us-east-1:123456789012:network"
    assert only_problem(declared).path == "sites.aws-east.alarms"


def test_an_address_is_subscribed_once(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["alarms"]["emails"] *= 2
    assert only_problem(declared).path == "sites.aws-east.alarms.emails[1]"


@pytest.mark.parametrize(("value", "fits"), [("the network team: on-call@example.com", True), ("network!", False)])
def test_tags_are_what_every_service_takes(declared: dict[str, Any], value: str, *, fits: bool) -> None:
    declared["sites"]["aws-east"]["tags"] = {"team": value}
    assert [problem.path for problem in problems_of(declared)] == ([] if fits else ["sites.aws-east.tags.team"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a branch (may be offline, for a day)", "a branch may be offline for a day"),
        ("bis Q3 übergangsweise", "bis Q3 übergangsweise"),
        ("!!!!!!!!!!", "stated in the stack file"),
        ("", ""),
    ],
)
def test_a_reason_becomes_a_tag(text: str, said: str) -> None:
    assert tag_value(text) == said


@pytest.mark.parametrize("hub", ["transit-gateway", "virtual-private-gateway"])
def test_a_hub_has_a_private_number(declared: dict[str, Any], hub: str) -> None:
    declared["sites"]["aws-east"] |= {"hub": hub, "asn": 64511}
    problem = only_problem(declared)
    assert problem.path == "sites.aws-east.asn"
    assert hub.replace("-", " ") in problem.sentence
