"""Routes follow from sites and links: who announces and accepts what, and how much of it AWS takes."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest

from hybridge.planning.routing import (
    announced,
    announced_texts,
    link_asns,
    neighbours,
    owned,
    owned_texts,
    preference,
    prefix_limit,
)
from hybridge.planning.routing_problems import routing_problems
from hybridge.planning.within import within
from hybridge.topology import Problem, Severity, Topology
from tests.unit.ways import AWS, DC1, VPN_LINK, WIREGUARD_LINK, estate, vpn_path, wireguard_path

LINKS = {"wg": WIREGUARD_LINK, "vpn": VPN_LINK | {"standby": True}}
EXISTING = {"kind": "existing", "services": "10.110.0.0/16", "cni": "calico-vxlan"}


def written(networks: list[Any]) -> list[str]:
    return [str(network) for network in networks]


def test_a_site_owns_its_ranges_and_the_pods_that_it_advertises() -> None:
    clusters = {
        "told": EXISTING | {"site": "dc1", "pods": "10.10.0.0/16", "advertised": True},
        "within": EXISTING | {"site": "dc1", "pods": "10.100.64.0/18", "advertised": True},
        "kept": EXISTING | {"site": "dc1", "pods": "10.20.0.0/16"},
        "elsewhere": EXISTING | {"site": "aws-east", "pods": "10.30.0.0/16", "advertised": True},
    }
    assert written(owned(estate(LINKS, clusters=clusters), "dc1")) == ["10.100.0.0/16", "10.10.0.0/16"]


def test_each_question_about_what_a_site_has_is_worked_out_once() -> None:
    """Links, ends and flows ask again and again, and a site may have thousands of ranges and clusters."""
    topology = estate(LINKS)
    assert owned(topology, "dc1") is owned(topology, "dc1")
    assert announced_texts(topology, "wg", "dc1") is announced_texts(topology, "wg", "dc1")
    assert announced_texts(topology, "vpn", "dc1") is owned_texts(topology, "dc1")


@pytest.mark.parametrize(
    ("network", "inside"),
    [
        ("10.0.0.0/8", True),
        ("10.1.2.3/32", True),
        ("11.0.0.0/8", False),
        ("0.0.0.0/0", False),
        ("10.0.0.0/7", False),
    ],
)
def test_a_range_lies_in_another_that_is_as_wide_or_wider(network: str, inside: bool) -> None:
    assert within(IPv4Network(network), {IPv4Network("10.0.0.0/8"), IPv4Network("192.0.2.0/24")}) is inside
    assert within(IPv4Network(network), {IPv4Network("0.0.0.0/0")})


def test_wireguard_beside_a_hub_announces_halves_so_that_it_is_preferred() -> None:
    topology = estate(LINKS)
    assert written(announced(topology, "wg", "dc1")) == ["10.100.0.0/17", "10.100.128.0/17"]
    assert written(announced(topology, "vpn", "dc1")) == ["10.100.0.0/16"]
    assert written(announced(estate({"wg": WIREGUARD_LINK}), "wg", "dc1")) == ["10.100.0.0/16"]


def test_one_topology_does_not_answer_for_another() -> None:
    beside, single = estate(LINKS), estate({"wg": WIREGUARD_LINK})
    counts = [len(announced(topology, "wg", "dc1")) for topology in (beside, single, beside, single)]
    assert counts == [2, 1, 2, 1]


def test_a_host_has_no_halves() -> None:
    topology = estate(LINKS, sites={"dc1": DC1 | {"ranges": ["10.100.0.1/32"]}})
    assert written(announced(topology, "wg", "dc1")) == ["10.100.0.1/32"]


def test_the_standby_is_preferred_less() -> None:
    topology = estate(LINKS)
    assert preference(topology, "wg") > preference(topology, "vpn")


def test_wireguards_instances_have_a_number_between_the_two() -> None:
    assert link_asns(estate(LINKS), "wg") == {"dc1": 65010, "aws-east": 64600}
    assert link_asns(estate(LINKS), "vpn") == {"dc1": 65010, "aws-east": 64512}


def test_each_gateway_accepts_what_its_peer_announces_and_nothing_else() -> None:
    near, far = neighbours(estate(LINKS), [wireguard_path("wg", gateways=("edge-a",), instances=1)])
    assert (near.gateway, near.peer, far.gateway, far.peer) == ("edge-a", "wg-1", "wg-1", "edge-a")
    assert (near.asn, near.peer_asn) == (far.peer_asn, far.asn) == (65010, 64600)
    assert near.announces == far.accepts == ["10.100.0.0/17", "10.100.128.0/17"]
    assert near.accepts == far.announces == ["172.20.0.0/17", "172.20.128.0/17"]


def test_the_end_of_a_managed_vpn_is_not_ours_to_configure() -> None:
    sessions = neighbours(estate(LINKS), [vpn_path("vpn")])
    assert [(session.site, session.gateway) for session in sessions] == [
        ("dc1", gateway) for gateway in ("edge-a", "edge-a", "edge-b", "edge-b")
    ]
    assert len({session.tunnel for session in sessions}) == 4


@pytest.mark.parametrize(("ranges", "limit"), [(1, 100), (50, 100), (51, 102), (499, 998), (501, 1000)])
def test_a_gateway_takes_twice_what_it_expects_and_never_more_than_the_hub_has(ranges: int, limit: int) -> None:
    hub = AWS | {"ranges": many(ranges), "hub": "virtual-private-gateway"}
    assert prefix_limit(estate({"vpn": VPN_LINK}, sites={"aws-east": hub}), "vpn", "dc1") == limit


def many(count: int) -> list[str]:
    return [f"10.{number // 256}.{number % 256}.0/24" for number in range(count)]


def announcing(ranges: int, hub: str, links: dict[str, Any]) -> Topology:
    return estate(links, sites={"dc1": DC1 | {"ranges": many(ranges)}, "aws-east": AWS | {"hub": hub}})


def told(topology: Topology) -> list[str]:
    return [problem.path for problem in routing_problems(topology)]


@pytest.mark.parametrize(
    ("hub", "ranges", "found"),
    [
        ("virtual-private-gateway", 100, []),
        ("virtual-private-gateway", 101, ["sites.dc1.ranges", "sites.aws-east"]),
        ("transit-gateway", 500, []),
        ("transit-gateway", 501, ["sites.aws-east"]),
        ("transit-gateway", 1000, ["sites.aws-east"]),
        ("transit-gateway", 1001, ["sites.dc1.ranges", "sites.aws-east"]),
    ],
)
def test_a_hub_and_a_route_table_take_so_many_routes(hub: str, ranges: int, found: list[str]) -> None:
    """A virtual private gateway takes 100 and propagates them; a transit gateway takes 1,000, a fixed table 500."""
    assert told(announcing(ranges, hub, {"vpn": VPN_LINK})) == found


@pytest.mark.parametrize(("ranges", "found"), [(33, []), (34, ["sites.aws-east"])])
def test_hub_and_route_server_propagate_into_the_same_table(ranges: int, found: list[str]) -> None:
    """Each range once over the hub and in two halves over WireGuard: 3 × 33 is below 100, 3 × 34 above."""
    assert told(announcing(ranges, "virtual-private-gateway", LINKS)) == found


@pytest.mark.parametrize(("ranges", "found"), [(500, []), (501, ["sites.aws-east"])])
def test_a_single_instance_has_fixed_routes(ranges: int, found: list[str]) -> None:
    branch = DC1 | {"ranges": many(ranges), "gateways": DC1["gateways"][:1]}
    link = WIREGUARD_LINK | {"accept_single_gateway": "a branch that may be offline for a day"}
    assert told(estate({"wg": link}, sites={"dc1": branch})) == found


@pytest.mark.parametrize(("ranges", "found"), [(999, []), (1000, ["sites.aws-east"])])
def test_a_virtual_gateway_tells_each_site_of_the_others(ranges: int, found: list[str]) -> None:
    """Each of the others' routes and the VPC's own: 999 and 1 are what it announces at the most."""
    sites = {f"dc{number}": DC1 | {"asn": 65010 + number} for number in range(2, 12)}
    for number, site in enumerate(sites):
        share = ranges // 10 + (1 if number < ranges % 10 else 0)
        sites[site] |= {"ranges": many(share)}
    links = {f"vpn-{site}": VPN_LINK | {"between": [site, "aws-east"]} for site in [*sites, "dc1"]}
    hub = {"aws-east": AWS | {"hub": "virtual-private-gateway"}, "dc1": DC1 | {"ranges": ["192.168.0.0/24"]}}
    problems = [
        problem for problem in routing_problems(estate(links, sites=sites | hub)) if "`dc1`" in problem.sentence
    ]
    assert [problem.path for problem in problems] == found


def test_two_sites_of_one_number_never_learn_of_each_other() -> None:
    links = {"one": VPN_LINK, "two": WIREGUARD_LINK | {"between": ["dc2", "aws-east"]}}
    (problem,) = routing_problems(estate(links, sites={"dc2": DC1 | {"ranges": ["10.101.0.0/16"]}}))
    assert (problem.path, problem.severity) == ("sites.dc2.asn", Severity.WARNING)
    assert list(routing_problems(estate(links, sites={"dc2": DC1 | {"asn": 65020}}))) == []


@pytest.mark.parametrize(
    ("tables", "hubs", "found"),
    [
        ("00", ("transit-gateway", "transit-gateway"), ["links.west"]),
        ("00", ("transit-gateway", "virtual-private-gateway"), []),
        ("01", ("transit-gateway", "transit-gateway"), []),
    ],
)
def test_one_route_table_leads_to_a_network_once(tables: str, hubs: tuple[str, str], found: list[str]) -> None:
    """Two sites may be parts of one VPC; what a virtual private gateway learns is propagated, and not refused."""
    sites = {
        name: AWS
        | {
            "ranges": [f"172.{20 + index}.0.0/16"],
            "asn": 64512 + index,
            "hub": hubs[index],
            "vpc": {"id": "vpc-0a1b2c3d", "route_tables": [f"rtb-0a1b2c3{tables[index]}"]},
        }
        for index, name in enumerate(("aws-east", "aws-west"))
    }
    links = {"east": VPN_LINK, "more": VPN_LINK, "west": VPN_LINK | {"between": ["dc1", "aws-west"]}}
    problems = list(routing_problems(estate(links, sites=sites)))
    assert [problem.path for problem in problems] == found
    assert all("by way of site `aws-east` already" in problem.sentence for problem in problems)


def test_a_single_instance_has_fixed_routes_too() -> None:
    vpc = {"vpc": {"id": "vpc-0a1b2c3d", "route_tables": ["rtb-0a1b2c3d"]}}
    sites = {"aws-east": AWS | vpc, "aws-west": AWS | vpc | {"ranges": ["172.21.0.0/16"], "asn": 64513}}
    single = {"accept_single_gateway": "a lab that may be down", "elastic_ips": ["198.51.100.5"]}
    west = WIREGUARD_LINK | {"between": ["dc1", "aws-west"]}
    assert told(estate({"vpn": VPN_LINK, "wg": west | single}, sites=sites)) == ["links.wg"]
    assert told(estate({"vpn": VPN_LINK, "wg": west}, sites=sites)) == []


def test_links_to_nowhere_have_no_routes() -> None:
    links = {"vpn": VPN_LINK | {"between": ["dc1", "aws-west"]}, "self": VPN_LINK | {"between": ["dc1", "dc1"]}}
    problems: list[Problem] = list(routing_problems(estate(links)))
    assert problems == []
