"""Linked sites ask each other for their names, at addresses that stay, and a mistake is told before it is made."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from hybridge.planning import Plan, limits
from hybridge.planning.aws_slots import RESOLVER_SLOTS, slot
from hybridge.planning.dns import dns_plan
from hybridge.planning.dns_model import AwsDnsPlan, DnsForward, DnsPlan, OnpremDnsPlan
from hybridge.topology import AwsSite, Problem, ProblemsFound, Severity, Topology, read_topology
from tests.conftest import planned as wholly_planned

EXISTING = {
    "id": "vpc-0a1b2c3d4e5f67890",
    "route_tables": ["rtb-0a1b2c3d4e5f67890"],
    "attachment_subnets": ["subnet-0a1b2c3d4e5f67890", "subnet-0a1b2c3d4e5f67891"],
    "resolver_subnets": ["subnet-0a1b2c3d4e5f67894", "subnet-0a1b2c3d4e5f67895"],
    "resolver_addresses": ["172.20.3.10", "172.20.4.10"],
}


@pytest.fixture
def declared(declared: dict[str, Any]) -> dict[str, Any]:
    """The stack `minimal`, with names at both sites."""
    declared["sites"]["dc1"]["dns"] = {"domains": ["corp.example.com"], "servers": ["10.100.0.53", "10.100.1.53"]}
    declared["sites"]["aws-east"]["dns"] = {"domains": ["aws.example.com"]}
    return declared


def read(declared: dict[str, Any]) -> Topology:
    return read_topology(json.dumps(declared))


def planned(declared: dict[str, Any]) -> DnsPlan:
    return dns_plan(read(declared))


def found(declared: dict[str, Any]) -> list[Problem]:
    """Return everything that is said of a stack, whichever part of planning says it."""
    try:
        return wholly_planned(declared).warnings
    except ProblemsFound as problems:
        return list(problems.problems)


def told(declared: dict[str, Any]) -> list[tuple[str, Severity]]:
    return [(problem.path, problem.severity) for problem in found(declared)]


def add_aws(declared: dict[str, Any], name: str, number: int, **site: Any) -> None:
    """Add another AWS site with a domain of its own, linked to the datacentre."""
    declared["sites"][name] = {
        "kind": "aws",
        "region": "us-east-1",
        "asn": 64512 + number,
        "ranges": [f"172.{20 + number}.0.0/16"],
        "alarms": {"emails": ["network@example.com"]},
        "dns": {"domains": [f"{name}.example.com"]},
        **site,
    }
    declared["links"][f"dc1-{name}"] = {"between": ["dc1", name], "via": "site-to-site-vpn"}


def add_onprem(declared: dict[str, Any], name: str, number: int, **site: Any) -> None:
    """Add another datacentre, or put one in the place of `dc1`, linked to the VPC."""
    declared["sites"][name] = {
        "kind": "onprem",
        "asn": 65010 + number,
        "ranges": [f"10.{number}.0.0/16"],
        "gateways": [
            {
                "name": f"edge-{number}-{letter}",
                "public_ip": f"203.0.113.{20 + 2 * number + index}",
                "lan_address": f"10.{number}.255.{index + 1}",
            }
            for index, letter in enumerate("ab")
        ],
        **site,
    }
    declared["links"][f"{name}-aws"] = {"between": [name, "aws-east"], "via": "site-to-site-vpn"}


def test_either_site_asks_the_other_for_its_domains(declared: dict[str, Any]) -> None:
    assert planned(declared) == DnsPlan(
        aws_sites=[
            AwsDnsPlan(
                site="aws-east",
                inbound_addresses=["172.20.255.116", "172.20.255.100"],
                outbound_addresses=["172.20.255.117", "172.20.255.101"],
                forwards=[DnsForward("corp.example.com", "dc1", ["10.100.0.53", "10.100.1.53"])],
                kept=[],
                sources=["10.100.0.0/16"],
                queries_per_second=3000,
            )
        ],
        onprem_sites=[
            OnpremDnsPlan(
                site="dc1",
                device="dc1-resolver",
                forwards=[DnsForward("aws.example.com", "aws-east", ["172.20.255.116", "172.20.255.100"])],
                clients=["172.20.255.117", "172.20.255.101"],
            )
        ],
    )
    assert found(declared) == []


def test_endpoints_have_addresses_that_aws_leaves_free_in_their_subnets(declared: dict[str, Any]) -> None:
    site = read(declared).sites["aws-east"]
    assert isinstance(site, AwsSite)
    subnets = [slot(site, number) for number in RESOLVER_SLOTS]
    (plan,) = planned(declared).aws_sites
    assert len({*plan.inbound_addresses, *plan.outbound_addresses}) == 4
    for addresses in (plan.inbound_addresses, plan.outbound_addresses):
        for subnet, text in zip(subnets, addresses, strict=True):
            address = IPv4Address(text)
            assert subnet.subnet_of(IPv4Network("172.20.0.0/16"))
            assert address in subnet
            assert address not in {subnet[0], subnet[1], subnet[2], subnet[3], subnet[-1]}


def test_no_addition_moves_an_endpoint(declared: dict[str, Any]) -> None:
    before = planned(declared).aws_sites[0]
    declared["sites"]["aws-east"]["zones"] = [f"us-east-1{letter}" for letter in "abcdef"]
    declared["sites"]["aws-east"]["dns"]["domains"].insert(0, "new.example.com")
    declared["sites"]["aws-east"]["ranges"].append("172.30.0.0/16")
    add_aws(declared, "a-new-one", 1)
    after = next(plan for plan in planned(declared).aws_sites if plan.site == "aws-east")
    assert after.inbound_addresses == before.inbound_addresses
    assert after.outbound_addresses == before.outbound_addresses


def test_only_sites_that_a_link_joins_ask_each_other(declared: dict[str, Any]) -> None:
    add_aws(declared, "aws-west", 1)
    plan = planned(declared)
    assert {site.site: [forward.domain for forward in site.forwards] for site in plan.aws_sites} == {
        "aws-east": ["corp.example.com"],
        "aws-west": ["corp.example.com"],
    }
    (dc1,) = plan.onprem_sites
    assert [(forward.domain, forward.site) for forward in dc1.forwards] == [
        ("aws.example.com", "aws-east"),
        ("aws-west.example.com", "aws-west"),
    ]


def test_linked_aws_sites_ask_each_others_endpoints(declared: dict[str, Any]) -> None:
    add_aws(declared, "aws-west", 1)
    declared["links"] = {"clouds": {"between": ["aws-west", "aws-east"], "via": "site-to-site-vpn"}}
    east, west = planned(declared).aws_sites
    assert east.forwards == [DnsForward("aws-west.example.com", "aws-west", west.inbound_addresses)]
    assert (east.sources, west.sources) == (["172.21.0.0/16"], ["172.20.0.0/16"])


def test_a_second_link_between_two_sites_forwards_nothing_twice(declared: dict[str, Any]) -> None:
    once = planned(declared)
    declared["links"]["second"] = {"between": ["aws-east", "dc1"], "via": "site-to-site-vpn", "standby": True}
    assert planned(declared) == once


def test_a_vpc_that_exists_has_the_addresses_that_are_given(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["vpc"] = EXISTING
    assert found(declared) == []
    plan = planned(declared)
    assert plan.aws_sites[0].inbound_addresses == ["172.20.3.10", "172.20.4.10"]
    assert plan.aws_sites[0].outbound_addresses == [], "which of its addresses are free is AWS's to know"
    assert plan.onprem_sites[0].clients == ["172.20.0.0/16"]


def test_a_vpc_keeps_its_own_domains_below_a_forwarded_one(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["dns"]["domains"] = ["example.com"]
    declared["sites"]["aws-east"]["dns"]["domains"] = ["aws.example.com", "example.org", "notexample.com"]
    assert planned(declared).aws_sites[0].kept == ["aws.example.com"]
    assert found(declared) == []


def test_a_datacentre_is_warned_of_its_own_domain_below_a_forwarded_one(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["dns"]["domains"] = ["example.com"]
    (problem,) = found(declared)
    assert (problem.path, problem.severity) == ("sites.dc1.dns.domains[0]", Severity.WARNING)
    assert "`example.com` of `aws-east`" in problem.sentence


def test_a_site_that_nobody_asks_is_warned_of_and_has_no_endpoints(declared: dict[str, Any]) -> None:
    del declared["sites"]["dc1"]["dns"]
    assert planned(declared) == DnsPlan([], [])
    assert told(declared) == [("sites.aws-east.dns", Severity.WARNING)]


def test_a_vpc_without_names_of_its_own_asks_a_datacentre_for_its(declared: dict[str, Any]) -> None:
    del declared["sites"]["aws-east"]["dns"]
    assert planned(declared) == DnsPlan(
        aws_sites=[
            AwsDnsPlan(
                site="aws-east",
                inbound_addresses=[],
                outbound_addresses=["172.20.255.117", "172.20.255.101"],
                forwards=[DnsForward("corp.example.com", "dc1", ["10.100.0.53", "10.100.1.53"])],
                kept=[],
                sources=[],
                queries_per_second=0,
            )
        ],
        onprem_sites=[OnpremDnsPlan("dc1", "dc1-resolver", [], clients=["172.20.255.117", "172.20.255.101"])],
    )
    assert found(declared) == []


def test_one_way_needs_one_endpoint_with_its_subnets_addresses_and_openings(declared: dict[str, Any]) -> None:
    both = wholly_planned(declared)
    del declared["sites"]["aws-east"]["dns"]
    plan = wholly_planned(declared)
    assert plan.aws_sites[0].resolver_subnets == both.aws_sites[0].resolver_subnets
    assert (billed_addresses(both), billed_addresses(plan)) == (4, 2)
    names = [each for each in plan.consequences.openings if each.ports == "53"]
    assert {(each.site, each.direction.value) for each in names} == {("aws-east", "out"), ("dc1", "in")}
    assert all(each.local and each.peer for each in names)
    declared["allow_replacement"] = ["aws-east-outbound"]
    assert wholly_planned(declared).allow_replacement == ["aws-east-outbound"]
    declared["allow_replacement"] = ["aws-east-inbound"]
    with pytest.raises(ProblemsFound, match="aws-east-inbound"):
        wholly_planned(declared)


def billed_addresses(plan: Plan) -> int:
    return sum(line.quantity for line in plan.consequences.estimate.lines if line.item == "aws.resolver.address")


def test_a_vpc_without_names_asks_another_vpc_for_its(declared: dict[str, Any]) -> None:
    del declared["sites"]["aws-east"]["dns"]
    add_aws(declared, "aws-west", 1)
    declared["links"] = {"clouds": {"between": ["aws-west", "aws-east"], "via": "site-to-site-vpn"}}
    east, west = planned(declared).aws_sites
    assert (east.directions, west.directions) == (["outbound"], ["inbound"])
    assert east.forwards == [DnsForward("aws-west.example.com", "aws-west", west.inbound_addresses)]
    assert west.sources == ["172.20.0.0/16"]
    assert west.outbound_addresses == []


def test_a_datacentre_that_names_no_resolvers_asks_nobody(declared: dict[str, Any]) -> None:
    """A second one that does keeps the VPC's names from being unasked."""
    add_onprem(declared, "dc2", 2)
    plan = planned(declared)
    assert [site.site for site in plan.onprem_sites] == ["dc1"]
    assert plan.aws_sites[0].sources == ["10.100.0.0/16"]
    assert found(declared) == []


@pytest.mark.parametrize(
    ("subnets", "directions", "lack"),
    [
        (EXISTING["resolver_subnets"], ["outbound"], None),
        (EXISTING["resolver_subnets"][:1], [], "and one is given."),
        ([EXISTING["resolver_subnets"][0]] * 2, [], "and one is given."),
        ([], [], "and none is given."),
    ],
)
def test_a_vpc_that_exists_asks_from_subnets_that_it_names(
    declared: dict[str, Any], subnets: list[str], directions: list[str], lack: str | None
) -> None:
    """Where it names too few, that is said once: not of the datacentre as well, nor that nothing uses the one."""
    del declared["sites"]["aws-east"]["dns"]
    given = {key: value for key, value in EXISTING.items() if key != "resolver_addresses"}
    declared["sites"]["aws-east"]["vpc"] = {**given, "resolver_subnets": subnets}
    problems = found(declared)
    assert [(problem.path, problem.severity) for problem in problems] == (
        [("sites.aws-east.vpc.resolver_subnets", Severity.WARNING)] if lack else []
    )
    assert all(problem.sentence.endswith(f"needs two subnets, {lack}") for problem in problems)
    plan = planned(declared)
    assert [direction for site in plan.aws_sites for direction in site.directions] == directions
    assert [site.clients for site in plan.onprem_sites] == [["172.20.0.0/16"]] * len(directions)


@pytest.mark.parametrize(
    ("primary", "expected"),
    [
        ("172.20.0.0/24", []),
        ("172.20.0.0/25", ["sites.aws-east.ranges[0]"]),
    ],
)
def test_a_vpc_that_only_asks_has_room_for_an_endpoint_or_does_without(
    declared: dict[str, Any], primary: str, expected: list[str]
) -> None:
    del declared["sites"]["aws-east"]["dns"]
    declared["sites"]["aws-east"]["ranges"] = [primary]
    assert told(declared) == [(path, Severity.WARNING) for path in expected]
    assert len(planned(declared).aws_sites) == (not expected)


def test_a_vpc_that_cannot_ask_is_told_once_of_all_datacentres(declared: dict[str, Any]) -> None:
    """One that another VPC asks is among them; one that no link joins with a VPC that could ask has its own problem."""
    del declared["sites"]["aws-east"]["dns"]
    declared["sites"]["aws-east"]["ranges"] = ["172.20.0.0/25"]
    add_onprem(declared, "dc2", 2, dns={"domains": ["lab.example.com"], "servers": ["10.2.0.53", "10.2.1.53"]})
    add_onprem(declared, "dc3", 3, dns={"domains": ["old.example.com"], "servers": ["10.3.0.53", "10.3.1.53"]})
    add_aws(declared, "aws-west", 1)
    del declared["links"]["dc3-aws"]
    first, second = found(declared)
    assert (first.path, second.path) == ("sites.aws-east.ranges[0]", "sites.dc3.dns")
    assert first.sentence.startswith("Nothing in `aws-east` finds the names of `dc1` and 1 other site:")


def test_what_has_no_names_needs_none(declared: dict[str, Any]) -> None:
    del declared["sites"]["dc1"]["dns"], declared["sites"]["aws-east"]["dns"]
    assert planned(declared) == DnsPlan([], [])
    assert found(declared) == []


@pytest.mark.parametrize(
    ("domain", "severity"),
    [
        ("corp.example.com", Severity.ERROR),
        ("printers.onion", Severity.ERROR),
        ("printers.localhost", Severity.ERROR),
        ("amazonaws.com", Severity.ERROR),
        ("s3.us-east-1.amazonaws.com", Severity.ERROR),
        ("ec2.internal", Severity.ERROR),
        ("corp.local", Severity.WARNING),
    ],
)
def test_a_domain_that_cannot_be_forwarded_is_told(declared: dict[str, Any], domain: str, severity: Severity) -> None:
    declared["sites"]["dc1"]["dns"]["domains"].append(domain)
    assert told(declared) == [("sites.dc1.dns.domains[1]", severity)]


@pytest.mark.parametrize("domain", ["notamazonaws.com", "corp.internal", "local.example.com", "100.10.in-addr.arpa"])
def test_a_domain_that_only_looks_like_those_is_forwarded(declared: dict[str, Any], domain: str) -> None:
    declared["sites"]["dc1"]["dns"]["domains"].append(domain)
    assert found(declared) == []


def test_a_vpc_may_be_asked_for_names_of_aws(declared: dict[str, Any]) -> None:
    """That is how a datacentre reaches interface endpoints and instances by name."""
    declared["sites"]["aws-east"]["dns"]["domains"] += ["vpce.us-east-1.amazonaws.com", "ec2.internal"]
    assert found(declared) == []


def test_two_sites_cannot_answer_for_one_domain(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["dns"]["domains"].append("corp.example.com")
    (problem,) = found(declared)
    assert (problem.path, problem.severity) == ("sites.aws-east.dns.domains[1]", Severity.ERROR)
    assert "`dc1`" in problem.sentence


@pytest.mark.parametrize(("last", "expected"), [("10.100.255.255", 0), ("10.101.0.0", 1)])
def test_servers_are_where_a_link_leads(declared: dict[str, Any], last: str, expected: int) -> None:
    declared["sites"]["dc1"]["dns"]["servers"].append(last)
    assert told(declared) == [("sites.dc1.dns.servers[2]", Severity.ERROR)] * expected


@pytest.mark.parametrize("servers", [["10.100.0.53"], ["10.100.0.53", "10.100.0.53"]])
def test_one_server_is_warned_of(declared: dict[str, Any], servers: list[str]) -> None:
    declared["sites"]["dc1"]["dns"]["servers"] = servers
    assert told(declared) == [("sites.dc1.dns.servers", Severity.WARNING)]
    assert planned(declared).aws_sites[0].forwards[0].servers == ["10.100.0.53"]


@pytest.mark.parametrize(("primary", "expected"), [("172.20.0.0/24", 0), ("172.20.0.0/25", 1)])
def test_the_primary_range_has_room_for_the_endpoints(declared: dict[str, Any], primary: str, expected: int) -> None:
    declared["sites"]["aws-east"]["ranges"] = [primary]
    assert told(declared) == [("sites.aws-east.ranges[0]", Severity.ERROR)] * expected
    assert all("subnets, which names between sites need" in problem.sentence for problem in found(declared))


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("resolver_subnets", EXISTING["resolver_subnets"][:1], "resolver_subnets"),
        ("resolver_subnets", [EXISTING["resolver_subnets"][0]] * 2, "resolver_subnets"),
        ("resolver_addresses", [], "resolver_addresses"),
        ("resolver_addresses", ["172.20.3.10", "172.20.3.10"], "resolver_addresses"),
        ("resolver_addresses", ["172.20.3.10", "172.21.4.10"], "resolver_addresses[1]"),
    ],
)
def test_a_vpc_that_exists_names_two_places_for_its_endpoints(
    declared: dict[str, Any], key: str, value: list[str], path: str
) -> None:
    declared["sites"]["aws-east"]["vpc"] = {**EXISTING, key: value}
    assert told(declared) == [(f"sites.aws-east.vpc.{path}", Severity.ERROR)]


def test_no_gateway_has_the_resolvers_name(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["gateways"][1]["name"] = "dc1-resolver"
    assert told(declared) == [("sites.dc1.gateways[1].name", Severity.ERROR)]


def test_a_site_has_no_more_servers_than_a_rule_takes(declared: dict[str, Any]) -> None:
    most = limits.number("aws.resolver.rule-targets")
    schema = Topology.model_json_schema()
    assert schema["$defs"]["OnpremDns"]["properties"]["servers"]["maxItems"] == most


@pytest.mark.parametrize(("sites", "expected"), [(2, 0), (3, 1)])
def test_the_endpoints_of_an_account_in_a_region_are_counted(
    declared: dict[str, Any], sites: int, expected: int
) -> None:
    for number in range(1, sites):
        add_aws(declared, f"aws-{number}", number)
    assert told(declared) == [(f"sites.aws-{sites - 1}.dns", Severity.WARNING)] * expected
    if expected:
        del declared["sites"]["aws-2"]["dns"]
        assert told(declared) == [("sites.aws-2", Severity.WARNING)], "five of four, and the fifth has no `dns:`"
    declared["sites"]["aws-1"]["identity"] = {"account": "210987654321"}
    assert told(declared) == [], "another account has its own"


@pytest.mark.parametrize(("domains", "expected"), [(1000, 0), (1001, 1)])
def test_the_rules_of_an_account_in_a_region_are_counted(declared: dict[str, Any], domains: int, expected: int) -> None:
    declared["sites"]["dc1"]["dns"]["domains"] = [f"d{number}.example.com" for number in range(domains)]
    assert told(declared) == [("sites.aws-east.dns", Severity.WARNING)] * expected


@pytest.mark.parametrize(("ranges", "expected"), [(30, 0), (31, 1)])
def test_the_ranges_that_ask_are_counted_against_the_security_group(
    declared: dict[str, Any], ranges: int, expected: int
) -> None:
    declared["sites"]["dc1"]["ranges"] = [f"10.{100 + number}.0.0/16" for number in range(ranges)]
    assert told(declared) == [("sites.aws-east.dns", Severity.WARNING)] * expected


@pytest.mark.parametrize(("sites", "expected"), [(5, 0), (6, 1)])
def test_the_servers_that_are_asked_are_counted_against_the_security_group(
    declared: dict[str, Any], sites: int, expected: int
) -> None:
    for number in range(1, sites + 1):
        servers = [f"10.{number}.0.{server}" for server in range(1, 7)]
        names = {"domains": [f"dc{number}.example.com"], "servers": servers}
        add_onprem(declared, f"dc{number}", number, dns=names)
    assert told(declared) == [("sites.aws-east.dns", Severity.WARNING)] * expected


def test_every_problem_is_told_at_once(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["dns"] = {"domains": ["x.onion", "ec2.internal"], "servers": ["192.168.0.1"]}
    declared["sites"]["aws-east"]["dns"] = {"domains": ["x.onion"]}
    declared["sites"]["aws-east"]["ranges"] = ["172.20.0.0/28"]
    assert {problem.path for problem in found(declared)} == {
        "sites.dc1.dns.domains[0]",
        "sites.dc1.dns.domains[1]",
        "sites.aws-east.dns.domains[0]",
        "sites.dc1.dns.servers[0]",
        "sites.dc1.dns.servers",
        "sites.aws-east.ranges[0]",
    }
