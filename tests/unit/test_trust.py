"""Clusters of a mesh share a root that lives longer than whatever it signs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hybridge.planning.trust import trust_plan, trust_problems
from hybridge.planning.trust_model import KeyAlgorithm, TrustPlan
from hybridge.topology import Severity, Topology, read_topology


@pytest.fixture
def declared(declared: dict[str, Any]) -> dict[str, Any]:
    """The stack `minimal`, with three clusters, two of them in a mesh."""
    kinds = {"warehouse": "dc1", "shop": "aws-east", "lab": "dc1"}
    declared["clusters"] = {
        name: {
            "site": site,
            "kind": "existing",
            "pods": f"10.{number}.0.0/16",
            "services": f"10.{number + 100}.0.0/16",
            "cni": "calico-vxlan",
        }
        for number, (name, site) in enumerate(kinds.items(), start=10)
    }
    declared["cluster_sets"] = {"retail": {"clusters": ["shop", "warehouse"], "mesh": "istio"}}
    declared["trust"] = {"organization": "Example"}
    return declared


def read(declared: dict[str, Any]) -> Topology:
    return read_topology(json.dumps(declared))


def planned(declared: dict[str, Any]) -> TrustPlan:
    plan = trust_plan(read(declared))
    assert plan is not None
    return plan


def told(declared: dict[str, Any]) -> list[tuple[str, Severity]]:
    return [(problem.path, problem.severity) for problem in trust_problems(read(declared))]


def test_each_cluster_of_a_mesh_has_an_authority_below_one_root(declared: dict[str, Any]) -> None:
    assert planned(declared) == TrustPlan(
        organization="Example",
        root_name="Example root",
        algorithm=KeyAlgorithm.RSA_4096,
        root_years=20,
        intermediate_years=10,
        clusters=["warehouse", "shop"],
    )
    assert told(declared) == []


def test_a_cluster_of_two_meshes_has_one_authority(declared: dict[str, Any]) -> None:
    declared["cluster_sets"]["labs"] = {"clusters": ["lab", "shop"], "mesh": "istio"}
    assert planned(declared).clusters == ["warehouse", "shop", "lab"]


def test_years_are_counted_in_hours_that_end_on_the_same_day(declared: dict[str, Any]) -> None:
    plan = planned(declared)
    assert plan.root_hours == 24 * (20 * 365 + 5), "of any twenty years of this century five are leap years"
    assert plan.intermediate_hours * 2 == plan.root_hours
    assert plan.renewal_hours * 10 == plan.intermediate_hours


@pytest.mark.parametrize(
    ("meshes", "algorithm"),
    [
        (["istio", "istio"], KeyAlgorithm.RSA_4096),
        (["linkerd", "istio"], KeyAlgorithm.ECDSA_P256),
        (["istio", "linkerd"], KeyAlgorithm.ECDSA_P256),
    ],
)
def test_linkerd_anywhere_makes_every_key_p256(
    declared: dict[str, Any], meshes: list[str], algorithm: KeyAlgorithm
) -> None:
    declared["cluster_sets"]["labs"] = {"clusters": ["lab", "shop"]}
    for group, mesh in zip(declared["cluster_sets"].values(), meshes, strict=True):
        group["mesh"] = mesh
    assert planned(declared).algorithm is algorithm


@pytest.mark.parametrize(
    ("root", "intermediate", "problem"),
    [
        (20, 10, []),
        (19, 10, [("trust.root_years", Severity.WARNING)]),
        (20, 11, [("trust.root_years", Severity.WARNING)]),
        (20, 19, [("trust.root_years", Severity.WARNING)]),
        (20, 20, [("trust.intermediate_years", Severity.ERROR)]),
        (20, 21, [("trust.intermediate_years", Severity.ERROR)]),
        (2, 1, []),
        (1, 1, [("trust.intermediate_years", Severity.ERROR)]),
    ],
)
def test_no_intermediate_outlives_its_root(
    declared: dict[str, Any], root: int, intermediate: int, problem: list[tuple[str, Severity]]
) -> None:
    declared["trust"] |= {"root_years": root, "intermediate_years": intermediate}
    assert told(declared) == problem


@pytest.mark.parametrize("intermediate", [1, 25])
def test_a_root_that_lives_twice_as_long_is_a_remedy(declared: dict[str, Any], intermediate: int) -> None:
    declared["trust"] |= {"root_years": intermediate, "intermediate_years": intermediate}
    (problem,) = trust_problems(read(declared))
    assert "twice as long" in problem.remedy
    declared["trust"]["root_years"] *= 2
    assert told(declared) == []


def test_a_mesh_needs_a_root_of_trust(declared: dict[str, Any]) -> None:
    declared["cluster_sets"]["labs"] = {"clusters": ["lab", "shop"]}
    del declared["trust"]
    assert trust_plan(read(declared)) is None
    assert told(declared) == [("cluster_sets.retail.mesh", Severity.ERROR)]


def test_a_root_that_nobody_uses_is_warned_of_and_stays(declared: dict[str, Any]) -> None:
    del declared["cluster_sets"]["retail"]["mesh"]
    assert planned(declared).clusters == []
    assert told(declared) == [("trust", Severity.WARNING)]


def test_neither_mesh_nor_root_is_no_problem(declared: dict[str, Any]) -> None:
    del declared["cluster_sets"]["retail"]["mesh"], declared["trust"]
    assert trust_plan(read(declared)) is None
    assert told(declared) == []


@pytest.mark.parametrize(("organization", "expected"), [("a" * 59, 0), ("a" * 60, 1), ("ü" * 29, 0), ("ü" * 30, 1)])
def test_the_roots_name_fits_a_certificate(declared: dict[str, Any], organization: str, expected: int) -> None:
    declared["trust"]["organization"] = organization
    assert told(declared) == [("trust.organization", Severity.ERROR)] * expected


def test_a_cluster_that_is_not_declared_has_no_authority(declared: dict[str, Any]) -> None:
    declared["cluster_sets"]["retail"]["clusters"].append("nowhere")
    assert planned(declared).clusters == ["warehouse", "shop"]
