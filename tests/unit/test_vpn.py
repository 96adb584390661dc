"""What follows from a site-to-site VPN link, and what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hybridge.planning import SiteToSiteVpnPlan
from hybridge.planning.vpn import link_path, vpn_ends
from hybridge.planning.vpn_problems import link_problems
from hybridge.topology import Problem, Topology, read_topology
from tests.conftest import planned
from tests.wireguards import with_wireguard


def read(declared: dict[str, Any]) -> Topology:
    return read_topology(json.dumps(declared))


def vpn(declared: dict[str, Any]) -> SiteToSiteVpnPlan:
    return planned(declared).vpns[0]


def problems_of(declared: dict[str, Any]) -> list[Problem]:
    return [problem for ends in vpn_ends(read(declared)) for problem in link_problems(ends)]


def only_problem(declared: dict[str, Any]) -> Problem:
    (problem,) = problems_of(declared)
    return problem


def with_gateways(declared: dict[str, Any], count: int) -> None:
    declared["sites"]["dc1"]["gateways"] = [
        {"name": f"edge-{index}", "public_ip": f"203.0.113.{index}"} for index in range(1, count + 1)
    ]


def test_nat_makes_packets_smaller(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"]["nat_traversal"] = True
    plan = vpn(declared)
    assert (plan.nat_traversal, plan.mtu, plan.mss) == (True, 1438, 1398)


def test_a_link_that_waits_has_the_lower_preference(declared: dict[str, Any]) -> None:
    assert (vpn(declared).standby, vpn(declared).preference) == (False, 200)
    with_wireguard(declared)["links"]["dc1-aws"]["standby"] = True
    assert (vpn(declared).standby, vpn(declared).preference) == (True, 100)


def test_both_ends_announce_what_they_have(declared: dict[str, Any]) -> None:
    pods = {"pods": "10.10.0.0/16", "services": "10.110.0.0/16", "cni": "calico-vxlan", "advertised": True}
    declared["clusters"] = {"warehouse": {"site": "dc1", "kind": "existing", **pods}}
    plan = vpn(declared)
    assert plan.announced == ["10.100.0.0/16", "10.10.0.0/16"]
    assert plan.cloud_ranges == ["172.20.0.0/16"]


def test_keys_have_generations_and_secrets(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"] |= {
        "key_generations": {"edge-a/1": 2},
        "preshared_keys": {"edge-b/2": "edge-b-key"},
    }
    made = {tunnel.name: (tunnel.key_generation, tunnel.preshared_key_secret) for tunnel in vpn(declared).tunnels}
    assert made == {
        "dc1-aws-edge-a-1": (2, ""),
        "dc1-aws-edge-a-2": (1, ""),
        "dc1-aws-edge-b-1": (1, ""),
        "dc1-aws-edge-b-2": (1, "edge-b-key"),
    }


@pytest.mark.parametrize(("field", "value"), [("key_generations", 2), ("preshared_keys", "some-key")])
@pytest.mark.parametrize(
    ("tunnel", "remedy"), [("edge-c/1", "Did you mean `edge-"), ("vpn1/2", "Name one of `edge-a/1`, `edge-a/2`")]
)
def test_a_tunnel_that_the_link_has_not(
    declared: dict[str, Any], field: str, value: object, tunnel: str, remedy: str
) -> None:
    declared["links"]["dc1-aws"][field] = {tunnel: value}
    problem = only_problem(declared)
    assert problem.path == f"links.dc1-aws.{field}.{tunnel}"
    assert problem.remedy.startswith(remedy)


def test_a_given_key_has_no_generations(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"] |= {"key_generations": {"edge-a/1": 2}, "preshared_keys": {"edge-a/1": "some-key"}}
    assert only_problem(declared).path == "links.dc1-aws.key_generations.edge-a/1"


@pytest.mark.parametrize(
    ("bandwidth", "hub", "fits"),
    [
        ("1.25Gbps", "virtual-private-gateway", True),
        ("1250001Kbps", "virtual-private-gateway", False),
        ("1250001Kbps", "transit-gateway", True),
    ],
)
def test_a_virtual_private_gateway_has_no_large_tunnels(
    declared: dict[str, Any], bandwidth: str, hub: str, *, fits: bool
) -> None:
    declared["sites"]["aws-east"]["hub"] = hub
    declared["links"]["dc1-aws"]["bandwidth"] = bandwidth
    assert [problem.path for problem in problems_of(declared)] == ([] if fits else ["links.dc1-aws.bandwidth"])


@pytest.mark.parametrize(
    ("days", "nearest"),
    [(1, None), (2, "`1` or `3`"), (90, None), (91, "`90` or `120`"), (3653, None), (3652, "`3288` or `3653`")],
)
def test_logs_are_kept_for_times_that_aws_has(declared: dict[str, Any], days: int, nearest: str | None) -> None:
    declared["links"]["dc1-aws"]["log_retention_days"] = days
    if nearest is None:
        assert problems_of(declared) == []
        assert vpn(declared).log_retention_days == days
    else:
        assert nearest in only_problem(declared).remedy


def test_no_logs_where_none_are_wanted(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"]["log_retention_days"] = None
    assert vpn(declared).log_retention_days == 0


@pytest.mark.parametrize(("count", "fits"), [(10, True), (11, False)])
def test_one_alarm_watches_ten_connections(declared: dict[str, Any], count: int, *, fits: bool) -> None:
    with_gateways(declared, count)
    assert [problem.path for problem in problems_of(declared)] == ([] if fits else ["sites.dc1.gateways"])


def test_a_link_is_a_way_for_traffic(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"]["round_trip"] = "9ms"
    (ends,) = vpn_ends(read(declared))
    path = link_path(ends, vpn(declared))
    assert (path.name, path.via, path.sites) == ("dc1-aws", "site-to-site-vpn", ("dc1", "aws-east"))
    assert (path.spread, path.standby, path.round_trip, path.mtu) == (True, False, 9, 1446)
    assert [tunnel.gateway for tunnel in path.tunnels] == ["edge-a", "edge-a", "edge-b", "edge-b"]
    assert len({tunnel.far_gateway for tunnel in path.tunnels}) == 4
    assert {tunnel.bandwidth for tunnel in path.tunnels} == {1_250_000_000}


def test_a_virtual_private_gateway_sends_everything_through_one_tunnel(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-east"]["hub"] = "virtual-private-gateway"
    (ends,) = vpn_ends(read(declared))
    assert not link_path(ends, vpn(declared)).spread


@pytest.mark.parametrize(
    ("bandwidth", "carried", "packets"),
    [
        (None, 1_250_000_000, 140_000),
        ("200Mbps", 200_000_000, 140_000),
        ("1.25Gbps", 1_250_000_000, 140_000),
        ("1250001Kbps", 1_250_001_000, 400_000),
        ("5Gbps", 5_000_000_000, 400_000),
    ],
)
def test_a_tunnel_carries_what_the_link_says_and_no_more_than_its_size(
    declared: dict[str, Any], bandwidth: str | None, carried: int, packets: int
) -> None:
    declared["links"]["dc1-aws"] |= {} if bandwidth is None else {"bandwidth": bandwidth}
    (ends,) = vpn_ends(read(declared))
    path = link_path(ends, vpn(declared))
    assert {tunnel.bandwidth for tunnel in path.tunnels} == {carried}
    assert (path.stated, path.packets) == (bandwidth is not None, packets)
