"""A topology is read strictly, and everything that is wrong with it is told at once, with place and remedy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hybridge.topology import AwsSite, OnpremSite, Problem, ProblemsFound, Topology, read_soundly, read_topology


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
    gateway = declared["sites"]["dc1"]["gateways"][1]
    gateway["lanadress"] = gateway.pop("lan_address")
    problem = only_problem(declared)
    assert problem.path == "sites.dc1.gateways[1].lanadress"
    assert problem.remedy == "Did you mean `lan_address`?"


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


def test_an_entry_whose_keys_are_misspelt_is_judged_as_if_they_were_not(declared: dict[str, Any]) -> None:
    """Else planning would miss what is there, such as which of two links waits."""
    declared["sites"]["aws-east"]["alarm"] = {"emails": ["network@example.com"]}
    declared["sites"]["aws-east"]["owner_of_it"] = "me"
    declared["links"]["spare"] = {**declared["links"]["dc1-aws"], "standbyy": True}
    reading = read_soundly(json.dumps(declared))
    assert {problem.path: problem.hides for problem in reading.problems} == {
        "sites.aws-east.alarm": "",
        "sites.aws-east.owner_of_it": "",
        "links.spare.standbyy": "",
    }
    sound = reading.topology
    assert sound is not None
    assert (set(sound.sites), sound.links["spare"].standby) == ({"dc1", "aws-east"}, True)
    assert isinstance(site := sound.sites["aws-east"], AwsSite)
    assert site.alarms is not None


def test_a_required_key_that_is_misspelt_is_read(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["ans"] = declared["sites"]["dc1"].pop("asn")
    declared["link"] = declared.pop("links")
    reading = read_soundly(json.dumps(declared))
    assert {problem.path: problem.remedy for problem in reading.problems} == {
        "sites.dc1.asn": "Write it as in `asn: 65010`.",
        "sites.dc1.ans": "Did you mean `asn`?",
        "link": "Did you mean `links`?",
    }
    assert reading.topology is not None
    assert (reading.topology.sites["dc1"].asn, set(reading.topology.links)) == (65010, {"dc1-aws"})


def test_what_stands_below_a_misspelt_key_is_told_as_well(declared: dict[str, Any]) -> None:
    gateways = declared["sites"]["dc1"]["gatewais"] = declared["sites"]["dc1"].pop("gateways")
    gateways[1]["public_ip"] = "nowhere"
    declared["link"] = {"spare": {**declared.pop("links")["dc1-aws"], "round_trip": 9}}
    told = {problem.path: problem.hides for problem in read_soundly(json.dumps(declared)).problems}
    assert told == {
        "sites.dc1.gateways": "sites.dc1",
        "sites.dc1.gatewais": "sites.dc1",
        "sites.dc1.gatewais[1].public_ip": "sites.dc1",
        "link": "link",
        "link.spare.round_trip": "link",
    }


def test_no_key_is_proposed_that_is_there_already(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["rangess"] = []
    assert only_problem(declared).remedy == "Remove it, or use one of `dns`."
    declared["sites"]["dc1"]["dns"] = {"domains": ["corp.example.com"], "servers": ["10.100.0.53", "10.100.1.53"]}
    assert only_problem(declared).remedy == "Remove it."


def test_every_malformed_value_of_an_entry_is_told_and_that_it_was_not_judged_further(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["gateways"][0]["path_mtu"] = 1e9
    declared["sites"]["dc1"]["asn"] = 99999999999999999999
    declared["sites"]["aws-east"]["tags"] = {"a": 1}
    declared["links"]["dc1-aws"]["key_generations"] = {"edge-a-1": "x", "edge-z/1": 2}
    with pytest.raises(ProblemsFound) as caught:
        read_topology(json.dumps(declared))
    assert [problem.path for problem in caught.value.problems] == [
        "sites.dc1.asn",
        "sites.dc1.gateways[0].path_mtu",
        "sites.aws-east.tags.a",
        "links.dc1-aws.key_generations.edge-a-1",
        "links.dc1-aws.key_generations.edge-a-1",
    ]
    assert caught.value.told("F").splitlines()[-1] == (
        "`sites.dc1`, `sites.aws-east` and `links.dc1-aws` were not judged further: mend this first."
    )


@pytest.mark.parametrize(("asn", "fits"), [(0, True), (2**32 - 1, True), (2**32, False), (-1, False)])
def test_a_number_of_an_autonomous_system_has_32_bits(declared: dict[str, Any], asn: int, fits: bool) -> None:
    declared["sites"]["dc1"]["asn"] = asn
    assert (not read_soundly(json.dumps(declared)).problems) == fits


def test_an_example_is_written_as_yaml_takes_it(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"]["standby"] = "yes"
    assert only_problem(declared).remedy == "Write it as in `standby: true`."
    del declared["links"]["dc1-aws"]["standby"]
    declared["sites"]["aws-east"]["identity"] = {"account": 123456789012}
    assert only_problem(declared).remedy == 'Write it as in `account: "123456789012"`.'
