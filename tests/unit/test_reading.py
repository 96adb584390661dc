"""A topology is read strictly, and everything that is wrong with it is told at once, with place and remedy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hybridge.topology import OnpremSite, Problem, ProblemsFound, Topology, read_soundly, read_topology


def problems_of(declared: object) -> list[Problem]:
    with pytest.raises(ProblemsFound) as caught:
        read_topology(json.dumps(declared))
    return list(caught.value.problems)


def only_problem(declared: object) -> Problem:
    (problem,) = problems_of(declared)
    return problem


def test_the_minimal_stack_is_read(topology: Topology) -> None:
    site = topology.sites["dc1"]
    assert isinstance(site, OnpremSite)
    assert [str(gateway.public_ip) for gateway in site.gateways] == ["203.0.113.10", "203.0.113.11"]
    assert topology.links["dc1-aws"].dead_peer_after == 30


def test_every_problem_is_told_at_once(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["rangess"] = declared["sites"]["dc1"].pop("ranges")
    declared["sites"]["aws-east"]["asn"] = "64512"
    declared["links"]["dc1-aws"]["dead_peer_after"] = 30
    declared["flow_list"] = {}
    assert {problem.path for problem in problems_of(declared)} == {
        "sites.dc1.ranges",
        "sites.dc1.rangess",
        "sites.aws-east.asn",
        "links.dc1-aws.dead_peer_after",
        "flow_list",
    }


def test_an_unknown_key_names_the_one_that_was_meant(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["gateways"][1]["publicip"] = "203.0.113.11"
    problem = only_problem(declared)
    assert problem.path == "sites.dc1.gateways[1].publicip"
    assert problem.remedy == "Did you mean `public_ip`?"


def test_a_key_that_python_calls_otherwise_is_told_as_it_is_written(declared: dict[str, Any]) -> None:
    declared["flows"] = {"orders": {"form": "dc1", "to": "aws-east", "bandwidth": "1Mbps"}}
    missing, unknown = problems_of(declared)
    assert (missing.path, missing.remedy) == ("flows.orders.from", "Write it as in `from: dc1`.")
    assert (unknown.path, unknown.remedy) == ("flows.orders.form", "Did you mean `from`?")


def test_what_names_a_broken_site_or_cluster_is_left_out_of_the_sound_part(declared: dict[str, Any]) -> None:
    cluster = {"site": "dc1", "kind": "existing", "pods": "10.10.0.0/16", "services": "10.110.0.0/16", "cni": "kindnet"}
    declared["clusters"] = {"a": cluster, "b": {**cluster, "site": "aws-east"}, "c": {**cluster, "pods": "no"}}
    declared["cluster_sets"] = {"ab": {"clusters": ["a", "b"]}, "bc": {"clusters": ["b", "c"]}}
    declared["flows"] = {"orders": {"from": "dc1", "to": "aws-east", "bandwidth": "1Mbps"}}
    declared["trust"] = {"organization": "Example"}
    declared["sites"]["dc1"]["asn"] = "many"
    sound = read_soundly(json.dumps(declared)).topology
    assert sound is not None
    assert (set(sound.sites), set(sound.links), set(sound.flows)) == ({"aws-east"}, set(), set())
    assert (set(sound.clusters), set(sound.cluster_sets)) == ({"b"}, set())
    assert sound.trust is not None


def test_a_bare_number_is_no_quantity(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"]["bandwidth"] = 500
    problem = only_problem(declared)
    assert problem.path == "links.dc1-aws.bandwidth"
    assert problem.sentence == "`500` has no unit."
    assert "500Mbps" in problem.remedy


@pytest.mark.parametrize(
    ("written", "sentence", "remedy"),
    [
        ("10.100.0.1/16", "host bits", "Write `10.100.0.0/16`"),
        ("10.100.0.0", "no prefix length", "10.100.0.0/16"),
        ("10.100.0.0/255.255.0.0", "not written as address/length", "Write `10.100.0.0/16`"),
        ("10.100/16", "no network", "10.100.0.0/16"),
        ("10.100.0.0/33", "no network", "10.100.0.0/16"),
        ("2001:db8::/32", "IPv6", "Leave it out"),
        (167772160, "A network range", "10.100.0.0/16"),
    ],
)
def test_a_range_that_is_no_network(declared: dict[str, Any], written: object, sentence: str, remedy: str) -> None:
    declared["sites"]["dc1"]["ranges"] = [written]
    problem = only_problem(declared)
    assert problem.path == "sites.dc1.ranges[0]"
    assert sentence in problem.sentence
    assert remedy in problem.remedy


def test_a_site_of_an_unknown_kind_names_the_known_ones(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["kind"] = "azur"
    problem = only_problem(declared)
    assert (problem.path, problem.remedy) == ("sites.dc1", "Write `kind: aws` or `kind: onprem`.")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"sites"', '{"sites": []}', '{"sites": {}}', '{"sites": {"a": 1}}']
)
def test_a_text_that_is_no_topology_is_a_sentence(text: str) -> None:
    with pytest.raises(ProblemsFound) as caught:
        read_topology(text)
    assert "nothing was created" in str(caught.value)


def test_what_a_broken_link_carries_is_left_out_of_the_sound_part(declared: dict[str, Any]) -> None:
    """Else planning would miss the link, which is there."""
    declared["flows"] = {"orders": {"from": "aws-east", "to": "dc1", "bandwidth": "1Mbps"}}
    declared["links"]["spare"] = {**declared["links"]["dc1-aws"], "standby": True}
    declared["links"]["dc1-aws"]["round_trip"] = 9
    sound = read_soundly(json.dumps(declared)).topology
    assert sound is not None
    assert (set(sound.links), set(sound.flows)) == (set(), set())
    declared["links"]["other"] = {**declared["links"]["dc1-aws"], "between": ["aws-east", "aws-west"]}
    del declared["links"]["dc1-aws"]
    sound = read_soundly(json.dumps(declared)).topology
    assert sound is not None
    assert (set(sound.links), set(sound.flows)) == ({"spare"}, {"orders"})
