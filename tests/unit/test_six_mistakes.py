"""The six common mistakes of hybrid networks: a stack file with one is told so, and one just without it is planned.

Overlapping ranges, a single gateway, tunnels whose size nobody looked after, clusters that talk in clear, a mesh
without a common root, policies that each cluster has for itself; and a seventh, replication that a tunnel cannot carry.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from hybridge.planning import AddressBook, address_needs, plan_reading
from hybridge.topology import Problem, ProblemsFound, Severity, read_soundly

SOUND: dict[str, Any] = {
    "sites": {
        "dc1": {
            "kind": "onprem",
            "asn": 65010,
            "ranges": ["10.100.0.0/16"],
            "gateways": [
                {"name": "edge-a", "public_ip": "203.0.113.10", "lan_address": "10.100.0.2"},
                {"name": "edge-b", "public_ip": "203.0.113.11", "lan_address": "10.100.0.3"},
            ],
        },
        "aws-east": {
            "kind": "aws",
            "region": "us-east-1",
            "asn": 64512,
            "ranges": ["172.20.0.0/16"],
            "alarms": {"emails": ["network@example.com"]},
        },
    },
    "links": {
        "dc1-wg": {
            "between": ["dc1", "aws-east"],
            "via": "wireguard",
            "tunnel_network": "10.200.0.0/24",
            "round_trip": "8ms",
        },
        "dc1-aws": {"between": ["dc1", "aws-east"], "via": "site-to-site-vpn", "standby": True, "round_trip": "9ms"},
    },
    "flows": {"wal": {"from": "dc1", "to": "aws-east", "bandwidth": "400Mbps", "burst": "800Mbps"}},
    "clusters": {
        "warehouse": {
            "site": "dc1",
            "kind": "existing",
            "pods": "10.244.0.0/16",
            "services": "10.110.0.0/16",
            "cni": "calico-vxlan",
            "advertised": True,
        },
        "shop": {
            "site": "aws-east",
            "kind": "eks",
            "pods": "172.20.0.0/17",
            "services": "10.120.0.0/16",
            "cni": "aws-vpc",
        },
    },
    "cluster_sets": {"retail": {"clusters": ["warehouse", "shop"], "mesh": "istio"}},
    "trust": {"organization": "Example"},
}


@pytest.fixture
def stack() -> dict[str, Any]:
    return deepcopy(SOUND)


def told(stack: dict[str, Any]) -> list[Problem]:
    """Return everything that is said of a stack, as `make plan` says it."""
    reading = read_soundly(json.dumps(stack))
    needs = address_needs(reading.topology) if reading.topology else None
    book = AddressBook("addresses.six.yaml").completed(needs) if needs else AddressBook("addresses.six.yaml")
    try:
        return list(plan_reading(reading, book, "six").warnings)
    except ProblemsFound as found:
        return list(found.problems)


def only(stack: dict[str, Any], severity: Severity = Severity.ERROR) -> tuple[str, str]:
    """Return the place of the one problem, and all that is said of it."""
    (problem,) = told(stack)
    assert problem.severity is severity
    return problem.path, f"{problem.sentence} {problem.remedy}"


def test_a_stack_without_any_of_them_is_planned_without_a_word(stack: dict[str, Any]) -> None:
    assert told(stack) == []


@pytest.mark.parametrize(("pods", "overlaps"), [("10.245.0.0/16", False), ("10.244.0.0/16", True)])
def test_1_overlapping_pod_ranges(stack: dict[str, Any], *, pods: str, overlaps: bool) -> None:
    """Distributions give every cluster 10.244.0.0/16: renumber, or Globalnet, or NAT, in this order."""
    stack["clusters"]["shop"] |= {"cni": "cilium-vxlan", "pods": pods}
    stack["clusters"]["warehouse"]["advertised"] = False
    if not overlaps:
        assert told(stack) == []
        return
    place, words = only(stack)
    assert place == "clusters.shop.pods"
    assert "overlaps `10.244.0.0/16` of cluster warehouse's pods" in words
    ranked = [words.index(way) for way in ("Renumber", "`globalnet: true`", "address translation")]
    assert ranked == sorted(ranked)
    stack["cluster_sets"]["retail"]["globalnet"] = True
    stack["cluster_sets"]["retail"]["global_range"] = "10.224.0.0/12"
    assert all(problem.path != "clusters.shop.pods" for problem in told(stack)), "which is the second way"


def test_2_a_single_gateway(stack: dict[str, Any]) -> None:
    del stack["links"]["dc1-wg"]
    del stack["links"]["dc1-aws"]["standby"]
    assert told(stack) == []
    del stack["sites"]["dc1"]["gateways"][1]
    found = {problem.path: problem for problem in told(stack) if problem.severity is Severity.ERROR}
    assert set(found) == {"links.dc1-aws"}
    assert "Add a second gateway" in found["links.dc1-aws"].remedy
    stack["links"]["dc1-aws"]["accept_single_gateway"] = "a lab that may stop"
    assert all(problem.severity is Severity.WARNING for problem in told(stack)), "said with the reason, it may stay"


@pytest.mark.parametrize(("mtu", "fits"), [(1400, True), (1440, True), (1441, False)])
def test_3_a_size_that_the_path_does_not_carry(stack: dict[str, Any], *, mtu: int, fits: bool) -> None:
    """WireGuard over IPv4 takes 60 bytes of 1500; nobody who writes no size has to know that."""
    stack["links"]["dc1-wg"]["mtu"] = mtu
    if fits:
        assert told(stack) == []
        return
    place, words = only(stack)
    assert place == "links.dc1-wg.mtu"
    assert "large packets would vanish while small ones pass" in words
    assert "Write 1400" in words


@pytest.mark.parametrize("at", ["aws-east", "dc1"])
def test_4_clusters_that_talk_in_clear(stack: dict[str, Any], at: str) -> None:
    """Across a link, which ends at the gateways; and at one site, where there is none."""
    if at == "dc1":
        stack["clusters"]["shop"] |= {"site": "dc1", "kind": "existing", "cni": "cilium-vxlan", "pods": "10.245.0.0/16"}
    assert told(stack) == []
    del stack["cluster_sets"]["retail"]["mesh"], stack["trust"]
    place, words = only(stack, Severity.WARNING)
    assert place == "cluster_sets.retail"
    assert "`warehouse` and `shop` talk in clear" in words
    assert "Give it a `mesh:`" in words


def test_5_a_mesh_without_a_common_root(stack: dict[str, Any]) -> None:
    del stack["trust"]
    place, words = only(stack)
    assert place == "cluster_sets.retail.mesh"
    assert "there is no root that they share" in words
    assert "trust: { organization: Example }" in words


def test_6_policies_of_one_cluster_alone(stack: dict[str, Any]) -> None:
    """Every cluster has those of the policy pack: a stack file cannot give one cluster some of its own."""
    stack["clusters"]["shop"]["policies"] = ["allowed-registries"]
    place, words = only(stack)
    assert place == "clusters.shop.policies"
    assert "policies" in words


@pytest.mark.parametrize(
    ("burst", "place"), [("1250Mbps", None), ("1251Mbps", "flows.wal.burst"), ("3Gbps", "flows.wal.burst")]
)
def test_replication_that_a_tunnel_does_not_carry(stack: dict[str, Any], burst: str, place: str | None) -> None:
    """A write-ahead log of 50 to 100 MB a second is 400 to 800 Mbps, and a standard tunnel carries 1.25 Gbps."""
    del stack["links"]["dc1-wg"]
    del stack["links"]["dc1-aws"]["standby"]
    stack["flows"]["wal"]["burst"] = burst
    errors = [problem for problem in told(stack) if problem.severity is Severity.ERROR]
    assert [problem.path for problem in errors] == ([] if place is None else [place])
    assert all("carries 1.25Gbps" in problem.sentence for problem in errors)


@pytest.mark.parametrize(("round_trip", "fits"), [("20ms", True), ("21ms", False)])
def test_synchronous_replication_over_a_long_way(stack: dict[str, Any], round_trip: str, *, fits: bool) -> None:
    """Each commit waits a round trip: 20 sessions commit 20 × 1000 / 20 = 1000 times a second, and not once more."""
    del stack["links"]["dc1-wg"]
    stack["links"]["dc1-aws"] = {**stack["links"]["dc1-aws"], "standby": False, "round_trip": round_trip}
    stack["flows"]["wal"] |= {"synchronous": True, "commits": "1000/s", "sessions": 20}
    errors = [problem.path for problem in told(stack) if problem.severity is Severity.ERROR]
    assert errors == ([] if fits else ["flows.wal.sessions"])
