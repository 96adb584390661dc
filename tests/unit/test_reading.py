"""A topology is read strictly, and everything that is wrong with it is told at once, with place and remedy."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hybridge.planning import AddressBook, Plan, address_keys, make_plan
from hybridge.topology import OnpremSite, Problem, ProblemsFound, Topology, read_soundly, read_topology
from tests.conftest import ROOT


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


MINIMAL = yaml.safe_load((ROOT / "stacks" / "Pulumi.minimal.yaml").read_text())["config"]["hybridge:topology"]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=12),
    st.sampled_from(["", "0", "١٠Gbps", "10.0.0.0/8", "1e9", "edge-a", "aws-east", "\u202edc1", "9" * 400]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


def places(value: object, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List every place in a nested value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([way] if way else []), *(place for step, item in inner for place in places(item, (*way, step)))]


def mutate(data: st.DataObject, declared: Any) -> None:
    """Drop, rename, retype, duplicate or swap something, anywhere."""
    *way, last = data.draw(st.sampled_from(places(declared)))
    for step in way:
        declared = declared[step]
    match data.draw(st.sampled_from(["drop", "rename", "retype", "duplicate", "swap"])), declared:
        case "drop", _:
            del declared[last]
        case "rename", dict():
            declared[data.draw(st.text(max_size=45))] = declared.pop(last)
        case "duplicate", list():
            declared.append(copy.deepcopy(declared[last]))
        case "duplicate", dict():
            declared[data.draw(st.sampled_from(["dc2", "x", "edge-a"]))] = copy.deepcopy(declared[last])
        case "swap", _:
            other = data.draw(st.sampled_from(list(declared) if isinstance(declared, dict) else range(len(declared))))
            declared[last], declared[other] = declared[other], declared[last]
        case _:
            declared[last] = data.draw(ODD)


def outcome(declared: object) -> Plan | ProblemsFound:
    try:
        topology = read_topology(json.dumps(declared))
        return make_plan(topology, AddressBook("addresses.x.yaml").completed(address_keys(topology)), "x")
    except ProblemsFound as found:
        return found


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_mutated_topology_is_a_plan_or_sentences(data: st.DataObject) -> None:
    declared = copy.deepcopy(MINIMAL)
    for _ in range(data.draw(st.integers(1, 3))):
        if places(declared):
            mutate(data, declared)
    found = outcome(declared)
    if isinstance(found, ProblemsFound):
        assert found.problems
        for problem in found.problems:
            assert problem.path
            assert problem.sentence.endswith(".")
            assert problem.remedy
    else:
        assert found.stack == "x"
