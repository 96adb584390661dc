"""Pods of a cluster set that talk to each other in clear, wherever no mesh and no Globalnet keeps them from it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hybridge.planning.cluster_encryption import encryption_problems
from hybridge.topology import Problem, Severity, read_topology

SITES: dict[str, Any] = {
    name: {
        "kind": "onprem",
        "asn": 65010,
        "ranges": [f"10.{number}.0.0/16"],
        "gateways": [{"name": f"edge-{number}", "public_ip": f"203.0.113.{number}"}],
    }
    for number, name in enumerate(("dc1", "dc2"), start=1)
} | {"aws-east": {"kind": "aws", "region": "us-east-1", "asn": 64512, "ranges": ["172.20.0.0/16"]}}
LINKS = {"dc1-aws": {"between": ["dc1", "aws-east"], "via": "site-to-site-vpn"}}


def cluster(site: str, number: int = 0, cni: str = "cilium-vxlan", **more: Any) -> dict[str, Any]:
    ranges = {"pods": f"10.{64 + number}.0.0/17", "services": f"10.{64 + number}.128.0/17"}
    return {"site": site, "kind": "existing", "cni": cni, **ranges, **more}


def told(clusters: dict[str, Any], links: dict[str, Any] | None = None, **sets: Any) -> list[Problem]:
    declared = {"sites": SITES, "links": LINKS if links is None else links, "clusters": clusters, "cluster_sets": sets}
    return list(encryption_problems(read_topology(json.dumps(declared))))


def members(*names: str, **more: Any) -> dict[str, Any]:
    return {"clusters": list(names), **more}


@pytest.mark.parametrize(("what", "expected"), [({}, 1), ({"mesh": "istio"}, 0), ({"globalnet": True}, 0)])
def test_two_clusters_at_one_site(what: dict[str, Any], expected: int) -> None:
    problems = told({"a": cluster("dc1"), "b": cluster("dc1", 1)}, retail=members("a", "b", **what))
    assert [(problem.path, problem.severity) for problem in problems] == [
        ("cluster_sets.retail", Severity.WARNING)
    ] * expected
    assert all("`a` and `b` talk in clear" in problem.sentence for problem in problems)
    assert all("`mesh:`" in problem.remedy for problem in problems)


@pytest.mark.parametrize(
    ("near", "far", "expected"),
    [(True, True, 1), (True, False, 0), (False, True, 0), (False, False, 0)],
)
def test_two_clusters_across_a_link_whose_pods_it_carries(near: bool, far: bool, expected: int) -> None:
    clusters = {"a": cluster("dc1", advertised=near), "b": cluster("aws-east", 1, advertised=far)}
    assert len(told(clusters, retail=members("a", "b"))) == expected
    assert told(clusters, retail=members("a", "b", mesh="istio")) == []
    assert told(clusters, {}, retail=members("a", "b")) == [], "without a link they do not reach each other"


@pytest.mark.parametrize(("pods", "expected"), [("172.20.0.0/17", 1), ("100.64.0.0/16", 0)])
def test_pods_with_addresses_of_a_vpc_are_reached_like_its_hosts(pods: str, expected: int) -> None:
    clusters = {"a": cluster("dc1", advertised=True), "b": cluster("aws-east", 1, cni="aws-vpc", pods=pods)}
    assert len(told(clusters, retail=members("a", "b"))) == expected


def test_another_set_may_encrypt_what_this_one_does_not() -> None:
    clusters = {name: cluster("dc1", number) for number, name in enumerate("abc")}
    assert told(clusters, retail=members("a", "b"), mesh=members("a", "b", "c", mesh="istio")) == []
    (problem,) = told(clusters, retail=members("a", "b", "c"), mesh=members("a", "b", mesh="istio"))
    assert "`a` and `c`" in problem.sentence


def test_a_mesh_and_a_globalnet_that_meet_in_one_cluster_leave_the_other_two_in_clear() -> None:
    clusters = {name: cluster("dc1", number) for number, name in enumerate("abc")}
    encrypted = {"m": members("a", "b", mesh="istio"), "g": members("a", "c", globalnet=True)}
    (problem,) = told(clusters, retail=members("a", "b", "c"), **encrypted)
    assert "`b` and `c`" in problem.sentence


def test_names_that_dangle_are_somebody_elses_problem() -> None:
    assert told({"a": cluster("dc1"), "b": cluster("nowhere", 1)}, retail=members("a", "b", "nobody")) == []


def test_thousands_of_clusters_of_one_mesh_take_no_time() -> None:
    """Each two of them in a Globalnet of their own, so that they are of as many kinds."""
    names = [f"c{number}" for number in range(3_000)]
    clusters = {name: cluster("dc1", number % 64) for number, name in enumerate(names)}
    pairs = {f"g{index}": members(*names[index : index + 2], globalnet=True) for index in range(0, 3_000, 2)}
    assert told(clusters, retail=members(*names), all=members(*names, mesh="istio"), **pairs) == []
