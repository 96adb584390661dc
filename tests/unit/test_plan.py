"""What follows from a topology, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hybridge.planning import AddressBook, Plan, TunnelSize, limits, make_plan, stack_problems
from hybridge.topology import Problem, ProblemsFound, Severity, Topology
from tests.conftest import ROOT, planned


def problems_of(declared: dict[str, Any]) -> list[Problem]:
    with pytest.raises(ProblemsFound) as caught:
        planned(declared)
    return list(caught.value.problems)


def only_problem(declared: dict[str, Any]) -> Problem:
    (problem,) = problems_of(declared)
    return problem


def test_two_gateways_make_two_connections_and_four_tunnels(plan: Plan) -> None:
    (vpn,) = plan.vpns
    assert [connection.public_ip for connection in vpn.connections] == ["203.0.113.10", "203.0.113.11"]
    assert [tunnel.name for tunnel in vpn.tunnels] == [
        "dc1-aws-edge-a-1",
        "dc1-aws-edge-a-2",
        "dc1-aws-edge-b-1",
        "dc1-aws-edge-b-2",
    ]


def test_aws_takes_the_first_address_inside_and_the_device_the_second(plan: Plan) -> None:
    tunnel = plan.vpns[0].tunnels[0]
    assert (tunnel.inside, tunnel.cloud_address, tunnel.device_address) == (
        "169.254.6.0/30",
        "169.254.6.1",
        "169.254.6.2",
    )


def test_every_tunnel_has_an_interface_of_its_own_that_linux_accepts(plan: Plan) -> None:
    names = [tunnel.interface for tunnel in plan.vpns[0].tunnels]
    assert len(set(names)) == 4
    assert all(len(name) <= 15 for name in names)


def test_packets_fit_the_tunnel(plan: Plan) -> None:
    assert (plan.vpns[0].mtu, plan.vpns[0].mss) == (1446, 1406)


def test_the_vpc_routes_what_the_datacentre_announces(plan: Plan) -> None:
    assert plan.aws_sites[0].remote_ranges == plan.vpns[0].announced == ["10.100.0.0/16"]


def test_the_attachment_takes_the_end_of_the_primary_range(plan: Plan) -> None:
    assert plan.aws_sites[0].attachment_subnets == ["172.20.255.240/28", "172.20.255.224/28"]


def test_adding_a_gateway_moves_no_address(declared: dict[str, Any], plan: Plan) -> None:
    declared["sites"]["dc1"]["gateways"].insert(
        0, {"name": "edge-0", "public_ip": "203.0.113.12", "lan_address": "10.100.0.4"}
    )
    book = {
        f"dc1-aws/{connection.gateway}/{tunnel.number}": tunnel.inside
        for connection in plan.vpns[0].connections
        for tunnel in connection.tunnels
    }
    again = planned(declared)
    kept = {tunnel.name: tunnel.inside for tunnel in plan.vpns[0].tunnels}
    assert len(again.vpns[0].tunnels) == 6
    assert set(book.values()) == set(kept.values())


def test_an_unrecorded_tunnel_is_a_problem_with_the_command_that_records_it(topology: Topology) -> None:
    with pytest.raises(ProblemsFound) as caught:
        make_plan(topology, AddressBook("addresses.minimal.yaml"), "minimal")
    (problem,) = caught.value.problems
    assert "dc1-aws/edge-a/1" in problem.sentence
    assert "make plan STACK=minimal" in problem.remedy


def test_both_ends_need_numbers_of_their_own(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["asn"] = 64512
    assert only_problem(declared).path == "sites.aws-east.asn"


@pytest.mark.parametrize(
    ("asn", "fits"), [(64511, False), (64512, True), (65534, True), (65535, False), (4200000000, True)]
)
def test_a_transit_gateway_has_a_private_number(declared: dict[str, Any], asn: int, fits: bool) -> None:
    declared["sites"]["aws-east"]["asn"] = asn
    if fits:
        assert planned(declared).aws_sites[0].asn == asn
    else:
        assert only_problem(declared).path == "sites.aws-east.asn"


@pytest.mark.parametrize("asn", [0, 23456, 65535, 7224, 4294967295, 2**40])
def test_numbers_that_a_customer_gateway_cannot_have(declared: dict[str, Any], asn: int) -> None:
    declared["sites"]["dc1"]["asn"] = asn
    assert only_problem(declared).path == "sites.dc1.asn"


@pytest.mark.parametrize(
    ("field", "written", "fits"),
    [
        ("dead_peer_after", "29s", False),
        ("dead_peer_after", "30s", True),
        ("ike_lifetime", "899s", False),
        ("ike_lifetime", "28801s", False),
        ("ike_lifetime", "28800s", True),
        ("child_lifetime", "900s", True),
        ("child_lifetime", "899s", False),
        ("child_lifetime", "1h", True),
        ("child_lifetime", "3601s", False),
    ],
)
def test_timers_just_inside_and_just_outside(declared: dict[str, Any], field: str, written: str, fits: bool) -> None:
    declared["links"]["dc1-aws"][field] = written
    if fits:
        assert len(planned(declared).vpns[0].tunnels) == 4
    else:
        assert f"links.dc1-aws.{field}" in {problem.path for problem in problems_of(declared)}


def test_a_child_sa_does_not_outlive_its_parent(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"] |= {"ike_lifetime": "1h", "child_lifetime": "1h"}
    assert only_problem(declared).path == "links.dc1-aws.child_lifetime"


@pytest.mark.parametrize(
    ("bandwidth", "size"),
    [("1.25Gbps", TunnelSize.STANDARD), ("1250001Kbps", TunnelSize.LARGE), ("5Gbps", TunnelSize.LARGE)],
)
def test_the_bandwidth_decides_the_tunnel_size(declared: dict[str, Any], bandwidth: str, size: TunnelSize) -> None:
    declared["links"]["dc1-aws"]["bandwidth"] = bandwidth
    assert planned(declared).vpns[0].tunnel_size is size


def test_no_tunnel_carries_more_than_five_gigabits(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"]["bandwidth"] = "5000001Kbps"
    problem = only_problem(declared)
    assert problem.path == "links.dc1-aws.bandwidth"
    assert "5Gbps" in problem.sentence


def test_a_region_without_large_tunnels(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["region"] = "eu-central-2"
    declared["links"]["dc1-aws"]["bandwidth"] = "2Gbps"
    assert only_problem(declared).path == "links.dc1-aws.bandwidth"


def test_a_single_gateway_needs_its_exception(declared: dict[str, Any]) -> None:
    del declared["sites"]["dc1"]["gateways"][1]
    assert "accept_single_gateway" in only_problem(declared).remedy
    declared["links"]["dc1-aws"]["accept_single_gateway"] = "a branch that may be offline for a day"
    plan = planned(declared)
    assert "offline for a day" in plan.consequences.links[0].sentence
    (warning,) = plan.warnings
    assert (warning.severity, warning.path) == (Severity.WARNING, "links.dc1-aws.accept_single_gateway")


def test_an_exception_that_is_not_needed_is_a_problem(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"]["accept_single_gateway"] = "a branch that may be offline for a day"
    assert only_problem(declared).path == "links.dc1-aws.accept_single_gateway"


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "224.0.0.1", "169.254.6.1"])
def test_a_gateway_has_a_public_address(declared: dict[str, Any], address: str) -> None:
    declared["sites"]["dc1"]["gateways"][0]["public_ip"] = address
    assert only_problem(declared).path == "sites.dc1.gateways[0].public_ip"


def test_gateways_share_neither_name_nor_address(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["gateways"].append(dict(declared["sites"]["dc1"]["gateways"][0]))
    assert {problem.path for problem in problems_of(declared)} == {
        "sites.dc1.gateways[2].lan_address",
        "sites.dc1.gateways[2].name",
        "sites.dc1.gateways[2].public_ip",
    }


def test_a_link_to_nowhere_names_the_sites_there_are(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"]["between"] = ["dc1", "aws-west"]
    problem = only_problem(declared)
    assert problem.path == "links.dc1-aws.between[1]"
    assert "`aws-east`" in problem.remedy


@pytest.mark.parametrize("between", [["dc1", "dc1"], ["aws-east", "aws-east"]])
def test_a_link_joins_two_sites(declared: dict[str, Any], between: list[str]) -> None:
    declared["links"]["dc1-aws"]["between"] = between
    assert only_problem(declared).path == "links.dc1-aws.between"


def test_two_datacentres_are_not_joined_by_a_clouds_vpn(declared: dict[str, Any]) -> None:
    declared["sites"]["dc2"] = {
        "kind": "onprem",
        "asn": 65020,
        "ranges": ["10.200.0.0/16"],
        "gateways": [{"name": "edge-c", "public_ip": "203.0.113.20"}],
    }
    declared["links"]["dc1-dc2"] = {"between": ["dc1", "dc2"], "via": "site-to-site-vpn"}
    assert only_problem(declared).path == "links.dc1-dc2.between"


@pytest.mark.parametrize(
    ("network", "fits"), [("172.16.0.0/15", False), ("172.20.0.0/16", True), ("172.20.0.0/27", False)]
)
def test_a_vpc_has_a_size_that_aws_takes(declared: dict[str, Any], network: str, fits: bool) -> None:
    declared["sites"]["aws-east"]["ranges"] = [network]
    if fits:
        assert planned(declared).aws_sites[0].ranges == [network]
    else:
        assert only_problem(declared).path == "sites.aws-east.ranges[0]"


def test_zones_belong_to_the_region(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["zones"] = ["us-east-1a", "us-west-2b"]
    assert only_problem(declared).path == "sites.aws-east.zones[1]"


def test_every_limit_names_its_source_and_date() -> None:
    for name, limit in limits.limits().items():
        assert limit.source.startswith("https://"), name
        assert limit.date, name


def test_problems_of_reading_and_planning_are_told_together(declared: dict[str, Any]) -> None:
    """A missing unit in a link does not hide that two sites overlap."""
    declared["sites"]["aws-east"]["ranges"] = ["10.100.16.0/20"]
    declared["links"]["dc1-aws"]["dead_peer_after"] = "30"
    found = stack_problems(declared, ROOT / "stacks" / "addresses.minimal.yaml", "minimal")
    assert {problem.path for problem in found} == {"links.dc1-aws.dead_peer_after", "sites.aws-east.ranges[0]"}


def test_a_site_that_cannot_be_read_is_not_missed_by_its_links(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["asn"] = "many"
    (problem,) = stack_problems(declared, ROOT / "stacks" / "addresses.minimal.yaml", "minimal")
    assert problem.path == "sites.dc1.asn"


def test_a_misspelt_key_hides_no_overlap_and_invents_no_problem(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["ranges"] = ["10.100.16.0/20"]
    declared["sites"]["aws-east"]["alarm"] = {"emails": ["network@example.com"]}
    declared["sites"]["dc1"]["gateways"][0]["path_mtuu"] = 1492
    found = stack_problems(declared, ROOT / "stacks" / "addresses.minimal.yaml", "minimal")
    assert {problem.path for problem in found} == {
        "sites.aws-east.alarm",
        "sites.dc1.gateways[0].path_mtuu",
        "sites.aws-east.ranges[0]",
    }


def test_a_misspelt_standby_leaves_it_clear_which_link_waits(declared: dict[str, Any], tmp_path: Path) -> None:
    vpn = declared["links"]["dc1-aws"]
    wireguard = {"between": vpn["between"], "via": "wireguard", "tunnel_network": "10.200.0.0/24"}
    declared["links"]["dc1-wg"] = wireguard
    told = {}
    for key in ("standby", "stanby", "other"):
        declared["links"]["dc1-aws"] = {**vpn, key: True}
        found = stack_problems(declared, tmp_path / "addresses.x.yaml", "x")
        told[key] = {str(problem) for problem in found if problem.path != f"links.dc1-aws.{key}"}
    assert told["stanby"] == told["standby"]
    assert told["other"] > told["standby"], "two links, and none of them waits"


def test_a_damaged_book_does_not_hide_the_topologys_problems(declared: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "addresses.minimal.yaml").write_text("tunnels: {a: 10.0.0.0/30}")
    declared["sites"]["aws-east"]["asn"] = 1
    found = stack_problems(declared, tmp_path / "addresses.minimal.yaml", "minimal")
    assert [problem.path for problem in found] == ["stacks/addresses.minimal.yaml tunnels.a", "sites.aws-east.asn"]


@pytest.mark.parametrize(
    ("primary", "further", "fits"),
    [
        ("172.20.0.0/16", "172.21.0.0/16", True),
        ("172.20.0.0/16", "100.64.0.0/16", True),
        ("172.20.0.0/16", "10.5.0.0/16", False),
        ("172.20.0.0/16", "172.31.0.0/16", False),
        ("172.20.0.0/16", "198.19.0.0/16", False),
        ("100.64.0.0/16", "10.5.0.0/16", False),
        ("100.64.0.0/16", "100.65.0.0/16", True),
        ("10.1.0.0/16", "10.0.128.0/17", False),
        ("10.1.0.0/16", "10.2.0.0/16", True),
        ("10.2.0.0/16", "10.0.128.0/17", True),
    ],
)
def test_ranges_that_a_vpc_takes_together(declared: dict[str, Any], primary: str, further: str, fits: bool) -> None:
    declared["sites"]["aws-east"]["ranges"] = [primary, further]
    if fits:
        assert planned(declared).aws_sites[0].ranges == [primary, further]
    else:
        assert only_problem(declared).path == "sites.aws-east.ranges[1]"


@pytest.mark.parametrize(("network", "advised"), [("172.17.0.0/16", False), ("172.18.0.0/16", True)])
def test_a_range_that_some_of_awss_services_use_inside(declared: dict[str, Any], network: str, advised: bool) -> None:
    declared["sites"]["aws-east"]["ranges"] = [network]
    warned = [problem.path for problem in planned(declared).warnings if "services use" in problem.sentence]
    assert warned == ([] if advised else ["sites.aws-east.ranges[0]"])


@pytest.mark.parametrize(("count", "fits"), [(5, True), (6, False)])
def test_a_vpc_has_five_ranges_at_most(declared: dict[str, Any], count: int, fits: bool) -> None:
    declared["sites"]["aws-east"]["ranges"] = [f"172.20.{number}.0/24" for number in range(count)]
    if fits:
        assert len(planned(declared).aws_sites[0].ranges) == count
    else:
        assert only_problem(declared).path == "sites.aws-east.ranges"


@pytest.mark.parametrize(
    ("region", "remedy"), [("us-eas-1", "Did you mean `us-east-1`?"), ("xx-nowhere-9", "Name one of")]
)
def test_a_region_that_does_not_exist(declared: dict[str, Any], region: str, remedy: str) -> None:
    declared["sites"]["aws-east"]["region"] = region
    problem = only_problem(declared)
    assert problem.path == "sites.aws-east.region"
    assert remedy in problem.remedy
