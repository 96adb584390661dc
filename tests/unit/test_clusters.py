"""Clusters where they are, and the sets that they share a network and a mesh in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hybridge.planning.cluster_reach import reach_problems
from hybridge.planning.clusters import cluster_problems
from hybridge.planning.eks import eks_problems
from hybridge.topology import Problem, Severity, read_topology

SITES: dict[str, Any] = {
    name: {
        "kind": "onprem",
        "asn": 65010,
        "ranges": [f"10.{number}.0.0/16"],
        "gateways": [{"name": f"edge-{number}", "public_ip": f"203.0.113.{number}"}],
    }
    for number, name in enumerate(("dc1", "dc2", "dc3"), start=1)
} | {"aws-east": {"kind": "aws", "region": "us-east-1", "asn": 64512, "ranges": ["172.20.0.0/16"]}}


def cluster(site: str = "dc1", kind: str = "existing", cni: str = "cilium-vxlan", **more: Any) -> dict[str, Any]:
    return {"site": site, "kind": kind, "pods": "10.64.0.0/16", "services": "10.65.0.0/16", "cni": cni, **more}


def eks(**more: Any) -> dict[str, Any]:
    return {**cluster("aws-east", "eks", "aws-vpc"), "pods": "172.20.0.0/17", **more}


def told(**sections: Any) -> list[Problem]:
    clusters = sections.pop("clusters", {"old": cluster(), "new": cluster()})
    topology = read_topology(json.dumps({"sites": SITES, "clusters": clusters, **sections}))
    return [*cluster_problems(topology), *eks_problems(topology), *reach_problems(topology)]


def one(**sections: Any) -> Problem:
    (problem,) = told(**sections)
    return problem


def link(one: str, other: str) -> dict[str, Any]:
    return {"between": [one, other], "via": "site-to-site-vpn"}


RETAIL = {"clusters": ["old", "new"]}


def test_a_sound_set_has_no_problem() -> None:
    assert told(cluster_sets={"retail": {**RETAIL, "mesh": "istio"}}) == []


def test_a_cluster_at_a_site_that_is_not_there() -> None:
    problem = one(clusters={"old": cluster("dc11")})
    assert (problem.path, problem.remedy) == ("clusters.old.site", "Did you mean `dc1`?")


@pytest.mark.parametrize(
    ("declared", "paths"),
    [
        (cluster("dc1", "eks"), ["clusters.new.kind"]),
        (cluster("dc1", cni="aws-vpc"), ["clusters.new.cni"]),
        (cluster("dc1", "kind", "kindnet"), []),
        (cluster("aws-east", "kind", "kindnet"), []),
        (cluster("aws-east", "existing", "aws-vpc"), []),
        (eks(), []),
        (eks(cni="cilium-vxlan"), []),
    ],
)
def test_where_clusters_run(declared: dict[str, Any], paths: list[str]) -> None:
    assert [problem.path for problem in told(clusters={"new": declared})] == paths


@pytest.mark.parametrize(
    ("members", "place", "remedy"),
    [
        (["old", "neu"], "clusters[1]", "Did you mean `new`?"),
        (["old", "xyz"], "clusters[1]", "Declare it, or name one of `old`, `new`."),
        (["old", "new", "old"], "clusters[2]", "Name each cluster once."),
    ],
)
def test_members_that_are_not_there_or_there_twice(members: list[str], place: str, remedy: str) -> None:
    problem = one(cluster_sets={"retail": {"clusters": members}})
    assert (problem.path, problem.remedy) == (f"cluster_sets.retail.{place}", remedy)


@pytest.mark.parametrize("what", [{"mesh": "istio"}, {"globalnet": True}])
def test_a_cluster_has_one_mesh_and_one_globalnet(what: dict[str, Any]) -> None:
    clusters = {"old": cluster(), "new": cluster(), "third": cluster()}
    both = {"retail": {**RETAIL, **what}, "store": {"clusters": ["third", "new"], **what}}
    problem = one(clusters=clusters, cluster_sets=both)
    assert problem.path == "cluster_sets.store.clusters[1]"
    assert "of cluster set `retail`" in problem.sentence
    apart = {"retail": {**RETAIL, **what}, "store": {"clusters": ["third", "new"]}}
    assert told(clusters=clusters, cluster_sets=apart) == []


def test_a_global_range_is_globalnets() -> None:
    ranged = {**RETAIL, "global_range": "10.224.0.0/12"}
    assert one(cluster_sets={"retail": ranged}).path == "cluster_sets.retail.global_range"
    assert told(cluster_sets={"retail": {**ranged, "globalnet": True}}) == []


@pytest.mark.parametrize(
    ("cni", "global_range", "paths"),
    [
        ("calico-vxlan", "242.0.0.0/8", ["cluster_sets.retail.global_range"]),
        ("calico-vxlan", "10.224.0.0/12", []),
        ("flannel-vxlan", "242.0.0.0/8", []),
    ],
)
def test_calico_uses_globalnets_default_range(cni: str, global_range: str, paths: list[str]) -> None:
    retail = {**RETAIL, "globalnet": True, "global_range": global_range}
    problems = told(clusters={"old": cluster(cni=cni), "new": cluster()}, cluster_sets={"retail": retail})
    assert [(problem.path, problem.severity) for problem in problems] == [(path, Severity.WARNING) for path in paths]


def test_submariner_and_the_vpcs_cni_are_no_pair() -> None:
    clusters = {"old": eks(), "new": eks(cni="cilium-vxlan", pods="10.64.0.0/16")}
    problem = one(clusters=clusters, cluster_sets={"retail": {**RETAIL, "globalnet": True}})
    assert (problem.path, problem.severity) == ("clusters.old.cni", Severity.WARNING)
    assert told(clusters=clusters, cluster_sets={"retail": RETAIL}) == []


def test_a_cni_that_globalnet_hardly_reaches_is_told_once_however_many_sets_have_the_cluster() -> None:
    clusters = {"old": cluster(), "new": cluster("aws-east", cni="aws-vpc")}
    sets = {name: {**RETAIL, "globalnet": True} for name in ("retail", "research")}
    assert [each.path for each in told(clusters=clusters, cluster_sets=sets)].count("clusters.new.cni") == 1


def joined(*links: tuple[str, str]) -> list[Problem]:
    return told(
        clusters={"old": cluster("dc1"), "new": cluster("dc2"), "third": cluster("dc1")},
        cluster_sets={"retail": {"clusters": ["old", "new", "third"]}},
        links={f"link-{number}": link(*ends) for number, ends in enumerate(links)},
    )


def test_clusters_of_one_set_are_joined() -> None:
    assert joined(("dc1", "dc2")) == []
    (apart,) = joined(("dc1", "dc3"), ("dc2", "dc2"), ("dc2", "nowhere"))
    assert (apart.path, apart.severity) == ("cluster_sets.retail.clusters", Severity.ERROR)
    assert "site `dc1` of cluster `old` to site `dc2` of `new`" in apart.sentence


def test_a_site_between_carries_nothing_for_others() -> None:
    (indirect,) = joined(("dc1", "dc3"), ("dc3", "dc2"))
    assert (indirect.path, indirect.severity) == ("cluster_sets.retail.clusters", Severity.WARNING)
    assert indirect.remedy == "Declare a link between `dc1` and `dc2`, if these clusters call each other."


@pytest.mark.parametrize(
    ("services", "fits"),
    [
        ("10.120.0.0/16", True),
        ("172.16.0.0/12", True),
        ("10.96.0.0/11", False),
        ("192.168.7.0/24", True),
        ("192.168.7.0/25", False),
        ("100.64.0.0/16", False),
    ],
)
def test_services_that_eks_takes(services: str, fits: bool) -> None:
    paths = [problem.path for problem in told(clusters={"shop": eks(services=services)})]
    assert paths == ([] if fits else ["clusters.shop.services"])


@pytest.mark.parametrize(
    ("primary", "pods", "fits"),
    [
        ("172.20.0.0/16", "172.20.128.0/17", True),
        ("172.20.0.0/16", "100.64.0.0/16", True),
        ("172.20.0.0/16", "172.21.0.0/16", True),
        ("172.20.0.0/16", "10.64.0.0/16", False),
        ("172.20.0.0/16", "172.31.0.0/20", False),
        ("172.20.0.0/16", "100.64.0.0/15", False),
        ("172.20.0.0/16", "100.64.0.0/29", False),
        ("10.2.0.0/16", "10.0.0.0/20", True),
        ("10.1.0.0/16", "10.0.0.0/20", False),
        ("10.1.0.0/16", "10.2.0.0/20", True),
        ("10.0.0.0/20", "10.1.0.0/20", True),
    ],
)
def test_pods_that_a_vpc_takes(primary: str, pods: str, fits: bool) -> None:
    sites = {"aws-east": {**SITES["aws-east"], "ranges": [primary]}}
    paths = [problem.path for problem in told(sites=sites, clusters={"shop": eks(pods=pods)})]
    assert paths == ([] if fits else ["clusters.shop.pods"])
    assert told(sites=sites, clusters={"shop": eks(pods=pods, cni="cilium-vxlan")}) == []


@pytest.mark.parametrize(
    ("cni", "pods", "found"),
    [
        ("aws-vpc", "172.20.128.0/17", None),
        ("aws-vpc", "100.64.0.0/16", "is in none of the ranges of `aws-east`"),
        ("cilium-native", "172.20.128.0/17", None),
        ("cilium-native", "100.64.0.0/16", "is in none of the ranges of `aws-east`"),
        ("calico-vxlan", "172.20.128.0/17", "`calico-vxlan` gives pods addresses that the VPC knows nothing of"),
        ("calico-vxlan", "10.50.0.0/16", "`calico-vxlan` gives pods addresses that the VPC knows nothing of"),
        ("kindnet", "10.50.0.0/16", "`kindnet` gives pods addresses that the VPC knows nothing of"),
    ],
)
def test_a_vpc_leads_to_pods_that_have_its_addresses(cni: str, pods: str, found: str | None) -> None:
    problems = told(clusters={"shop": cluster("aws-east", cni=cni, advertised=True) | {"pods": pods}})
    assert [problem.path for problem in problems] == ([] if found is None else ["clusters.shop.advertised"])
    assert all(found in problem.sentence for problem in problems if found)
    assert told(clusters={"shop": cluster("aws-east", cni=cni) | {"pods": pods}}) == []


def test_a_site_of_ones_own_may_lead_to_any_pods() -> None:
    assert told(clusters={"old": cluster(cni="calico-vxlan", advertised=True)}) == []


@pytest.mark.parametrize(("count", "fits"), [(4, True), (5, False)])
def test_pods_ranges_count_among_the_vpcs(count: int, fits: bool) -> None:
    clusters = {f"shop-{number}": eks(pods=f"100.{64 + number}.0.0/16") for number in range(count)}
    problems = told(clusters=clusters)
    assert [problem.path for problem in problems] == ([] if fits else [f"clusters.shop-{count - 1}.pods"])
