"""What a gateway subnet holds, and what an account may have: told with the count before AWS refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from hybridge.planning.aws_parts import links_by_site
from hybridge.planning.aws_quotas import aws_quota_problems
from hybridge.topology import Problem, Severity
from tests.unit.ways import AWS, DC1, VPN_LINK, WIREGUARD_LINK, estate

SINGLE = {"accept_single_gateway": "a branch that may be offline for a day"}
EXISTING = {"vpc": {"id": "vpc-0a1b2c3d", "route_tables": ["rtb-0a1b2c3d"]}}


def branch(number: int, gateways: int = 2) -> dict[str, Any]:
    return DC1 | {"ranges": [f"10.{number}.0.0/16"], "gateways": DC1["gateways"][:gateways]}


def joined(redundant: int, single: int = 0, *, site: dict[str, Any] | None = None, **link: Any) -> list[Problem]:
    """Join so many branches to one AWS site by WireGuard."""
    sites = {f"branch-{number}": branch(number, 2 if number < redundant else 1) for number in range(redundant + single)}
    links = {
        f"wg-{number}": WIREGUARD_LINK
        | {"between": [name, "aws-east"]}
        | (SINGLE if number >= redundant else {})
        | link
        for number, name in enumerate(sites)
    }
    return found(links, sites | {"aws-east": AWS | (site or {})})


def found(links: dict[str, Any], sites: dict[str, Any]) -> list[Problem]:
    topology = estate(links, sites=sites)
    return list(aws_quota_problems(topology, links_by_site(topology)))


def errors(problems: list[Problem]) -> list[str]:
    return [problem.sentence for problem in problems if problem.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("redundant", "single", "fits"),
    [(9, 0, True), (10, 0, False), (1, 8, True), (1, 9, False), (0, 11, True), (0, 12, False)],
)
def test_a_gateway_subnet_holds_so_many_instances(redundant: int, single: int, fits: bool) -> None:
    """Of 16 addresses AWS keeps five, and the two endpoints of a route server have two."""
    told = errors(joined(redundant, single))
    assert (told == []) is fits
    assert all(f"{redundant + single} WireGuard links end at site `aws-east`" in sentence for sentence in told)
    assert all(f"room for {9 if redundant else 11}: 16 addresses" in sentence for sentence in told)


def test_the_subnets_of_an_existing_vpc_may_be_larger() -> None:
    assert errors(joined(12, site=EXISTING)) == []


@pytest.mark.parametrize(("redundant", "fits"), [(20, True), (21, False)])
def test_an_endpoint_of_a_route_server_has_so_many_sessions(redundant: int, fits: bool) -> None:
    told = [problem for problem in joined(redundant, 3, site=EXISTING) if "peering sessions" in problem.sentence]
    assert (told == []) is fits
    assert all(problem.severity is Severity.WARNING for problem in told)


@pytest.mark.parametrize(("redundant", "single", "needed"), [(2, 1, None), (3, 0, 6), (0, 5, None), (0, 6, 6)])
def test_an_account_has_five_elastic_ips_in_a_region(redundant: int, single: int, needed: int | None) -> None:
    problems = joined(redundant, single)
    if needed is None:
        assert problems == []
        return
    (problem,) = problems
    assert (problem.path, problem.severity) == ("sites.aws-east", Severity.WARNING)
    assert problem.sentence == (
        f"In us-east-1 the account of `aws-east` needs {needed} Elastic IP addresses, and AWS gives 5 unless it was "
        "asked for more."
    )
    assert "https://docs.aws.amazon.com" in problem.remedy


def test_addresses_that_exist_already_are_within_the_quota() -> None:
    assert joined(3, elastic_ips=["198.51.100.5", "198.51.100.6"]) == []


def apart(count: int, **site: Any) -> list[Problem]:
    """As many AWS sites, each with a link of its own."""
    sites = {f"aws-{number}": AWS | {"ranges": [f"10.{number}.0.0/16"]} | site for number in range(count)}
    links = {f"vpn-{name}": VPN_LINK | {"between": ["dc1", name]} for name in sites}
    one = AWS | {"region": "eu-west-1"}
    return found(links, {"aws-east": one, **sites})


@pytest.mark.parametrize(
    ("count", "site", "units"),
    [
        (5, {}, []),
        (6, {}, ["VPCs", "transit gateways"]),
        (6, EXISTING, ["transit gateways"]),
        (5, {"hub": "virtual-private-gateway"}, []),
        (6, {"hub": "virtual-private-gateway"}, ["VPCs", "virtual private gateways"]),
        (6, EXISTING | {"hub": "virtual-private-gateway"}, ["virtual private gateways"]),
    ],
)
def test_an_account_has_five_vpcs_and_hubs_of_a_kind_in_a_region(
    count: int, site: dict[str, Any], units: list[str]
) -> None:
    problems = apart(count, **site)
    assert [(problem.path, problem.severity) for problem in problems] == [("sites.aws-5", Severity.WARNING)] * len(
        units
    )
    assert [problem.sentence for problem in problems] == [
        f"In us-east-1 the account of `aws-5` and 5 other sites needs 6 {unit}, and AWS gives 5 unless it was asked "
        "for more."
        for unit in units
    ]


def new_ones(count: int) -> dict[str, Any]:
    return {f"aws-{number}": AWS | {"ranges": [f"10.{number}.0.0/16"]} for number in range(count)}


def test_a_site_that_needs_nothing_of_a_quota_is_not_told_of_it() -> None:
    """Six new VPCs are too many, and one that exists already has no part in it, wherever it stands."""
    existing = AWS | EXISTING | {"hub": "virtual-private-gateway", "ranges": ["10.9.0.0/16"]}
    problems = found({}, {"aws-east": existing, **new_ones(6), "v6": existing})
    assert [problem.path for problem in problems] == ["sites.aws-5"] * 2
    assert ["`aws-5` and 5 other sites needs 6" in problem.sentence for problem in problems] == [True] * 2


def test_elastic_ips_are_told_of_sites_with_gateway_instances() -> None:
    """Two sites need three instances' addresses each, and a third one has a VPN."""
    sites = {f"branch-{number}": branch(number + 20, 1) for number in range(6)}
    links = {
        f"wg-{number}": WIREGUARD_LINK | SINGLE | {"between": [name, f"aws-{number % 2}"]}
        for number, name in enumerate(sites)
    }
    (problem,) = found(links, {**sites, **new_ones(3)} | {"aws-east": AWS | {"region": "eu-west-1"}})
    assert problem.path == "sites.aws-1"
    assert "`aws-1` and 1 other site needs 6 Elastic IP addresses" in problem.sentence


@pytest.mark.parametrize(
    ("hub", "gateways", "links", "expected"),
    [
        ("transit-gateway", 10, 5, {}),
        ("transit-gateway", 10, 6, {"sites.aws-east": "In us-east-1 the account of `aws-east` needs 60 connections"}),
        ("virtual-private-gateway", 10, 1, {}),
        (
            "virtual-private-gateway",
            6,
            2,
            {"sites.aws-east.hub": "The virtual private gateway of site `aws-east` needs 12 connections"},
        ),
    ],
)
def test_more_connections_than_an_account_has_are_worth_a_warning(
    hub: str, gateways: int, links: int, expected: dict[str, str]
) -> None:
    many = [{"name": f"edge-{number}", "public_ip": f"203.0.113.{number}"} for number in range(1, gateways + 1)]
    sites = {"dc1": DC1 | {"gateways": many}, "aws-east": AWS | {"hub": hub}}
    problems = found({f"dc1-{number}": VPN_LINK for number in range(links)}, sites)
    assert {problem.path: problem.sentence.partition(", and")[0] for problem in problems} == expected
    assert all(problem.severity is Severity.WARNING for problem in problems)


def test_connections_are_told_of_sites_that_have_some() -> None:
    many = [{"name": f"edge-{number}", "public_ip": f"203.0.113.{number}"} for number in range(1, 11)]
    links = {f"dc1-{number}": VPN_LINK | {"between": ["dc1", f"aws-{number % 2}"]} for number in range(6)}
    sites = {"dc1": DC1 | {"gateways": many}, "aws-east": AWS | {"region": "eu-west-1"}, **new_ones(3)}
    (problem,) = found(links, sites)
    assert problem.path == "sites.aws-1"
    assert "`aws-1` and 1 other site needs 60 connections" in problem.sentence


def test_every_account_has_a_quota_of_its_own() -> None:
    sites = {
        f"aws-{number}": AWS | {"ranges": [f"10.{number}.0.0/16"], "identity": {"account": f"12345678901{number % 2}"}}
        for number in range(10)
    }
    assert found({}, sites) == []
