"""Gateways stand in for each other where each has an address in the site's network, and else planning says so."""

from __future__ import annotations

from typing import Any

import pytest

from hybridge.planning import HandoverPlan
from hybridge.topology import Severity
from tests.conftest import planned
from tests.unit.test_plan import only_problem, problems_of

NOTICE = "sites.dc1.gateways"


def given(declared: dict[str, Any], *addresses: str | None) -> dict[str, Any]:
    """Give the gateways these addresses, or none; where there are more of them, add gateways."""
    gateways = declared["sites"]["dc1"]["gateways"]
    for number in range(len(gateways), len(addresses)):
        gateways.append({"name": f"edge-{number}", "public_ip": f"203.0.113.{100 + number}"})
    for gateway, address in zip(gateways, addresses, strict=True):
        gateway.pop("lan_address", None)
        if address:
            gateway["lan_address"] = address
    return declared


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("10.99.255.255", False),
        ("10.100.0.0", False),
        ("10.100.0.1", True),
        ("10.100.255.254", True),
        ("10.100.255.255", False),
        ("10.101.0.0", False),
    ],
)
def test_a_lan_address_is_a_hosts_in_the_sites_ranges(declared: dict[str, Any], address: str, fits: bool) -> None:
    given(declared, "10.100.0.2", address)
    if fits:
        assert planned(declared).onprem_sites[0].gateways[1].lan_address == address
    else:
        assert only_problem(declared).path == "sites.dc1.gateways[1].lan_address"


def test_a_lan_address_may_lie_in_any_of_the_ranges(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["ranges"].append("10.102.0.0/31")
    assert planned(given(declared, "10.102.0.0", "10.102.0.1")).onprem_sites[0].handover


@pytest.mark.parametrize(
    ("further", "address", "fits"),
    [
        ("192.168.5.0/24", "192.168.5.3", False),
        ("10.101.0.0/16", "10.101.0.3", True),  # with 10.100.0.0/16 a /15, which may be one subnet
        ("10.102.0.0/16", "10.102.0.3", False),
    ],
)
def test_gateways_that_hand_over_can_share_a_subnet(
    declared: dict[str, Any], further: str, address: str, *, fits: bool
) -> None:
    declared["sites"]["dc1"]["ranges"].append(further)
    given(declared, "10.100.0.2", address)
    if fits:
        assert planned(declared).onprem_sites[0].handover
    else:
        problem = only_problem(declared)
        assert (problem.path, problem.severity) == (NOTICE, Severity.ERROR)
        assert f"has all of `10.100.0.2`, `{address}`" in problem.sentence


def test_gateways_do_not_share_a_lan_address(declared: dict[str, Any]) -> None:
    problem = only_problem(given(declared, "10.100.0.2", "10.100.0.2"))
    assert problem.path == "sites.dc1.gateways[1].lan_address"
    assert "`edge-a`" in problem.sentence


@pytest.mark.parametrize("pods", ["10.100.0.0/24", "10.100.1.0/24"])
def test_no_gateway_is_among_pods(declared: dict[str, Any], pods: str) -> None:
    declared["clusters"] = {
        "warehouse": {"site": "dc1", "kind": "existing", "pods": pods, "services": "10.110.0.0/16"}
        | {"cni": "calico-vxlan", "advertised": True}
    }
    if pods == "10.100.1.0/24":
        assert planned(declared).onprem_sites[0].handover
    else:
        found = [problem.path for problem in problems_of(declared)]
        assert found == ["sites.dc1.gateways[0].lan_address", "sites.dc1.gateways[1].lan_address"]


def test_a_tunnels_own_address_is_nobodys_in_the_site(declared: dict[str, Any]) -> None:
    """Neither a public one nor one inside a tunnel, as both would lie in the site's ranges too."""
    declared["sites"]["dc1"]["ranges"].append("203.0.113.0/24")
    found = {problem.path for problem in problems_of(given(declared, "203.0.113.10", "203.0.113.12"))}
    assert found == {"sites.dc1.gateways[0].public_ip", "sites.dc1.gateways[1].public_ip"}


@pytest.mark.parametrize(
    ("addresses", "without"),
    [
        (("10.100.0.2", None), [1]),
        ((None, "10.100.0.2", None), [0, 2]),
        (("10.100.0.2", "10.100.0.3", "10.100.0.4"), []),
    ],
)
def test_either_each_gateway_has_one_or_none_has(
    declared: dict[str, Any], addresses: tuple[str | None, ...], without: list[int]
) -> None:
    given(declared, *addresses)
    if without:
        assert [problem.path for problem in problems_of(declared)] == [f"{NOTICE}[{index}]" for index in without]
    else:
        assert planned(declared).onprem_sites[0].handover


def test_a_single_gateway_may_have_one_before_it_has_a_twin(declared: dict[str, Any]) -> None:
    del declared["sites"]["dc1"]["gateways"][1]
    declared["links"]["dc1-aws"]["accept_single_gateway"] = "a lab that may stop"
    plan = planned(declared)
    assert plan.onprem_sites[0].handover is None
    assert [warning.path for warning in plan.warnings] == ["links.dc1-aws.accept_single_gateway"]


def test_gateways_that_do_not_stand_in_for_each_other_are_told_once_a_site(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"]["standby"] = True
    declared["links"]["dc1-wg"] = {
        "between": ["dc1", "aws-east"],
        "via": "wireguard",
        "tunnel_network": "10.200.0.0/24",
    }
    assert NOTICE not in [warning.path for warning in planned(declared).warnings]
    plan = planned(given(declared, None, None))
    (warning,) = [warning for warning in plan.warnings if warning.path == NOTICE]
    assert warning.severity is Severity.WARNING
    assert "`lan_address`" in warning.remedy
    assert all("drops what it is sent" in link.sentence for link in plan.consequences.links)


def test_a_site_without_links_has_nothing_to_hand_over(declared: dict[str, Any]) -> None:
    declared["sites"]["dc2"] = {
        "kind": "onprem",
        "asn": 65020,
        "ranges": ["10.110.0.0/16"],
        "gateways": [
            {"name": "edge-c", "public_ip": "203.0.113.20"},
            {"name": "edge-d", "public_ip": "203.0.113.21"},
        ],
    }
    plan = planned(declared)
    assert plan.warnings == []
    assert plan.onprem_sites[1].handover is None


def test_gateways_tell_each_other_what_all_their_links_lead_to(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-west"] = declared["sites"]["aws-east"] | {"asn": 64513, "ranges": ["172.21.0.0/16"]}
    declared["links"]["dc1-west"] = declared["links"]["dc1-aws"] | {"between": ["dc1", "aws-west"]}
    (site,) = planned(declared).onprem_sites
    assert site.handover == HandoverPlan(["172.20.0.0/16", "172.21.0.0/16"], 50, 200, 10, 30, 300, 3)
    assert all(site.handover.preference < vpn.preference for vpn in site.vpns)
