"""The address book gives everything out once, and never moves it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridge.planning import AddressBook, AddressNeeds, address_needs, limits
from hybridge.planning.recording import book_problems, recording_problems
from hybridge.topology import Problem, ProblemsFound, Topology, read_topology
from tests.conftest import planned

EMPTY = AddressBook("addresses.x.yaml")
POOLS = [IPv4Network("10.200.0.0/24"), IPv4Network("10.200.0.128/25"), IPv4Network("10.201.0.0/24")]
TUNNELS = [f"{link}/{gateway}/{number}" for link in "abcd" for gateway in "xyz" for number in "12"]
MEMBERS = [f"{name}/{cluster}" for name in "rs" for cluster in "abcdefgh"]
NEEDS = st.builds(
    lambda tunnels, wireguard, members: AddressNeeds(
        tunnels=tuple(tunnels),
        wireguard=wireguard,
        global_ranges={key: IPv4Network("242.0.0.0/8") for key in members},
        cluster_ids=tuple(members),
    ),
    st.sets(st.sampled_from(TUNNELS)),
    st.dictionaries(st.sampled_from(TUNNELS), st.sampled_from(POOLS)),
    st.sets(st.sampled_from(MEMBERS)),
)
SECTIONS = ("tunnels", "wireguard", "global_ranges", "cluster_ids", "key_generations")


def section(book: AddressBook, name: str) -> Mapping[str, Any]:
    return getattr(book, name)


def by_set(given_out: Mapping[str, Any]) -> Iterable[list[Any]]:
    return [[value for key, value in given_out.items() if key.startswith(f"{name}/")] for name in "rs"]


@given(st.lists(NEEDS, min_size=2, max_size=4))
def test_an_addition_never_moves_another(steps: list[AddressNeeds]) -> None:
    book = EMPTY
    for needs in steps:
        before, book = book, book.completed(needs)
        for name in SECTIONS:
            assert section(before, name).items() <= section(book, name).items()
    for name in SECTIONS:
        assert set(section(book, name)) == {key for needs in steps for key in getattr(needs, name)}


@given(st.lists(NEEDS, min_size=1, max_size=3))
def test_everything_is_given_out_once_where_its_neighbours_meet_it(steps: list[AddressNeeds]) -> None:
    book = EMPTY
    for needs in steps:
        book = book.completed(needs)
    kept = [
        IPv4Network(text) for name in ("aws.vpn.reserved-inside", "azure.vpn.bgp-inside") for text in limits.words(name)
    ]
    assert len(set(book.tunnels.values())) == len(book.tunnels)
    assert not any(tunnel.overlaps(network) for tunnel in book.tunnels.values() for network in kept)
    assert not any(one.overlaps(other) for one, other in combinations(book.wireguard.values(), 2))
    for needs in steps[:1]:
        assert all(book.wireguard[key].subnet_of(pool) for key, pool in needs.wireguard.items())
        assert all(book.global_ranges[key].subnet_of(pool) for key, pool in needs.global_ranges.items())
    for ranges in by_set(book.global_ranges):
        assert not any(one.overlaps(other) for one, other in combinations(ranges, 2))
    for ids in by_set(book.cluster_ids):
        assert len(set(ids)) == len(ids)
        assert set(ids) <= set(range(1, 256))


@given(NEEDS, NEEDS)
def test_what_is_gone_is_kept_until_it_is_released(first: AddressNeeds, second: AddressNeeds) -> None:
    """It may still exist in the cloud, and nobody else may have its address meanwhile."""
    both = EMPTY.completed(first).completed(second)
    released = both.released(second)
    for name in SECTIONS:
        assert set(section(released, name)) == set(getattr(second, name))
        assert section(released, name).items() <= section(both, name).items()


@given(NEEDS)
@settings(max_examples=30)
def test_the_book_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, needs: AddressNeeds) -> None:
    path = tmp_path_factory.mktemp("stacks") / "addresses.x.yaml"
    book = EMPTY.completed(needs)
    path.write_text(book.text())
    assert AddressBook.read(path) == book


def test_a_missing_book_is_an_empty_one(tmp_path: Path) -> None:
    assert AddressBook.read(tmp_path / "addresses.x.yaml") == EMPTY


def test_a_section_with_nothing_in_it_is_not_written() -> None:
    text = EMPTY.completed(AddressNeeds(cluster_ids=("retail/shop",))).text()
    assert text.endswith("\ncluster_ids:\n  retail/shop: 1\n")


def test_a_generation_only_rises() -> None:
    raised = EMPTY.completed(AddressNeeds(tunnels=("a/b/1",), key_generations={"a/b/1": 3}))
    assert raised.key_generations == {"a/b/1": 3}
    assert raised.completed(AddressNeeds(key_generations={"a/b/1": 2})) == raised
    assert raised.completed(AddressNeeds(key_generations={"a/b/1": 4})).key_generations == {"a/b/1": 4}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tunnels: {a: 169.254.6.0/29}", "no /30"),
        ("tunnels: {a: 10.0.0.0/30}", "no /30"),
        ("tunnels: {a: 169.254.5.0/30}", "AWS accepts"),
        ("tunnels: {a: x}", "no network"),
        ("tunnels: {a: 169.254.6.0/30, b: 169.254.6.0/30}", "given to `a` as well"),
        ("tunnels: []", "mapping"),
        ("tunnels:", "mapping"),
        ("wireguard: {a: 10.200.0.0/29}", "no /30"),
        ("wireguard: {a: 10.200.0.0/30, b: 10.200.0.0/30}", "given to `a` as well"),
        ("global_ranges: {r/a: 242.0.0.0/17}", "no /16"),
        ("global_ranges: {r/a: 242.0.0.0/16, r/b: 242.0.0.0/16}", "given to `r/a` as well"),
        ("cluster_ids: {r/a: 0}", "no cluster id of 1 to 255"),
        ("cluster_ids: {r/a: 256}", "no cluster id of 1 to 255"),
        ("cluster_ids: {r/a: true}", "no whole number"),
        ("cluster_ids: {r/a: 1, r/b: 1}", "given to `r/a` as well"),
        ("key_generations: {a/b/1: 1}", "no generation of 2 or more"),
        ("key_generations: {a/b/1: '2'}", "no whole number"),
        ("", "It is empty"),
        ("- a", "stacks/addresses.x.yaml, line 1: the file is a list, where a mapping"),
        ("ranges: {}", "nothing else"),
        ("~: {}", "the key is empty"),
        ("{", "no valid YAML"),
        ("tunnels: {a: 169.254.6.0/30, a: 169.254.6.4/30}", "given twice"),
    ],
)
def test_a_damaged_book_is_told_with_a_remedy(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "addresses.x.yaml").write_text(text)
    with pytest.raises(ProblemsFound, match=sentence) as caught:
        AddressBook.read(tmp_path / "addresses.x.yaml")
    assert all("version control" in problem.remedy for problem in caught.value.problems)


@pytest.mark.parametrize(
    "text",
    [
        "wireguard: {a: 10.200.0.4/30}\ntunnels: {a: 169.254.6.0/30}",
        "global_ranges: {r/a: 242.0.0.0/16, s/a: 242.0.0.0/16}",
        "cluster_ids: {r/a: 255, s/a: 255}",
        "key_generations: {a/b/1: 2, a/b/2: 2}",
        "{}",
    ],
)
def test_what_does_not_meet_may_be_alike(tmp_path: Path, text: str) -> None:
    (tmp_path / "addresses.x.yaml").write_text(text)
    assert AddressBook.read(tmp_path / "addresses.x.yaml").name == "addresses.x.yaml"


def test_every_damaged_entry_is_told_at_once(tmp_path: Path) -> None:
    text = "tunnels: {a: x, b: 10.0.0.0/30}\nwireguard: []\ncluster_ids: {r/a: x}\nranges: {}"
    (tmp_path / "addresses.x.yaml").write_text(text)
    with pytest.raises(ProblemsFound) as caught:
        AddressBook.read(tmp_path / "addresses.x.yaml")
    places = {problem.path.removeprefix("stacks/addresses.x.yaml ") for problem in caught.value.problems}
    assert places == {"tunnels.a", "tunnels.b", "wireguard", "cluster_ids.r/a", "ranges"}


def topology_of(declared: dict[str, Any]) -> Topology:
    return read_topology(json.dumps(declared))


def told(topology: Topology, book: AddressBook) -> list[Problem]:
    return list(book_problems(topology, book, "x"))


@pytest.fixture
def joined(declared: dict[str, Any]) -> dict[str, Any]:
    """Stack `minimal`, with a WireGuard link and a Globalnet set."""
    declared["links"]["dc1-wg"] = {
        "between": ["dc1", "aws-east"],
        "via": "wireguard",
        "tunnel_network": "10.200.0.0/28",
    }
    declared["clusters"] = {
        name: {"site": "dc1", "kind": "existing", "pods": "10.10.0.0/16", "services": "10.11.0.0/16", "cni": "kindnet"}
        for name in ("shop", "warehouse")
    }
    declared["cluster_sets"] = {"retail": {"clusters": ["warehouse", "shop"], "globalnet": True}}
    return declared


def test_what_a_topology_needs(joined: dict[str, Any]) -> None:
    joined["links"]["dc1-aws"]["key_generations"] = {"edge-a/1": 2, "edge-b/1": 1}
    needs = address_needs(topology_of(joined))
    ends = ["edge-a/1", "edge-a/2", "edge-b/1", "edge-b/2"]
    assert needs == AddressNeeds(
        tunnels=tuple(f"dc1-aws/{end}" for end in ends),
        wireguard={f"dc1-wg/{end}": IPv4Network("10.200.0.0/28") for end in ends},
        global_ranges={f"retail/{name}": IPv4Network("242.0.0.0/8") for name in ("warehouse", "shop")},
        cluster_ids=("retail/warehouse", "retail/shop"),
        key_generations={"dc1-aws/edge-a/1": 2},
    )


@pytest.mark.parametrize(
    ("elastic_ips", "gateways", "exception", "instances"),
    [
        ([], 2, None, 2),
        ([], 2, "a laboratory that may be offline", 2),
        (["198.51.100.5"], 2, "a laboratory that may be offline", 1),
        (["198.51.100.5"], 2, None, 2),
        ([], 1, "a laboratory that may be offline", 1),
        ([], 1, None, 2),
    ],
)
def test_an_end_has_one_gateway_where_that_is_said_and_shown(
    joined: dict[str, Any], elastic_ips: list[str], gateways: int, exception: str | None, instances: int
) -> None:
    joined["links"]["dc1-wg"] |= {"elastic_ips": elastic_ips, "accept_single_gateway": exception}
    joined["sites"]["dc1"]["gateways"] = joined["sites"]["dc1"]["gateways"][:gateways]
    assert len(address_needs(topology_of(joined)).wireguard) == gateways * instances


def test_what_names_nothing_needs_nothing(joined: dict[str, Any]) -> None:
    for link in joined["links"].values():
        link["between"] = ["dc1", "nowhere"]
    joined["cluster_sets"]["retail"]["clusters"] = ["nobody", "none"]
    assert address_needs(topology_of(joined)) == AddressNeeds()


def test_what_is_not_recorded_is_a_problem_with_the_command_that_records_it(joined: dict[str, Any]) -> None:
    topology = topology_of(joined)
    problems = told(topology, EMPTY)
    assert [problem.path for problem in problems] == [
        "links.dc1-aws",
        "links.dc1-wg",
        "cluster_sets.retail",
        "cluster_sets.retail",
    ]
    assert "dc1-aws/edge-a/1" in problems[0].sentence
    assert all("`make plan STACK=x`" in problem.remedy for problem in problems)
    assert told(topology, EMPTY.completed(address_needs(topology))) == []


def test_a_range_that_changed_leaves_its_tunnels_outside(joined: dict[str, Any]) -> None:
    book = EMPTY.completed(address_needs(topology_of(joined)))
    joined["links"]["dc1-wg"]["tunnel_network"] = "10.201.0.0/24"
    joined["cluster_sets"]["retail"]["global_range"] = "10.224.0.0/12"
    problems = told(topology_of(joined), book)
    assert [problem.path for problem in problems] == [
        "links.dc1-wg.tunnel_network",
        "cluster_sets.retail.global_range",
    ]
    assert "10.200.0.0/30" in problems[0].sentence
    assert "remove the entry" in problems[0].remedy
    joined["links"]["dc1-wg"]["tunnel_network"] = "10.200.0.0/24"
    joined["cluster_sets"]["retail"]["global_range"] = "242.0.0.0/9"
    assert told(topology_of(joined), book) == []


@pytest.mark.parametrize(("gateways", "short"), [(7872, 0), (7873, 2)])
def test_the_pool_of_tunnels_ends_with_a_sentence(declared: dict[str, Any], gateways: int, short: int) -> None:
    """Of 16,384 /30s vendors keep ten /24s, or stand in them: 15,744 are left, and a gateway has two."""
    declared["sites"]["dc1"]["gateways"] = [
        {"name": f"edge-{number}", "public_ip": str(IPv4Network("203.0.0.0/16")[number])} for number in range(gateways)
    ]
    topology = topology_of(declared)
    problems = told(topology, EMPTY.completed(address_needs(topology)))
    assert [problem.sentence for problem in problems] == (
        [f"The pool 169.254.0.0/16 has no /30 left for {short} tunnels."] if short else []
    )


@pytest.mark.parametrize(("network", "short"), [("10.200.0.0/28", 0), ("10.200.0.0/29", 2), ("10.200.0.0/31", 4)])
def test_a_tunnel_network_holds_every_tunnel(joined: dict[str, Any], network: str, short: int) -> None:
    joined["links"]["dc1-wg"]["tunnel_network"] = network
    topology = topology_of(joined)
    problems = told(topology, EMPTY.completed(address_needs(topology)))
    assert [problem.sentence for problem in problems] == (
        [f"`{network}` has no /30 left for {short} tunnels."] if short else []
    )
    joined["sites"]["aws-east"]["asn"] = 1
    with pytest.raises(ProblemsFound, match="cannot have AS 1"):  # what else is wrong is told as well
        planned(joined)


@pytest.mark.parametrize(("network", "fits"), [("10.200.0.0/27", True), ("10.200.0.0/28", False)])
def test_a_tunnel_network_may_be_full_of_what_is_gone(joined: dict[str, Any], network: str, fits: bool) -> None:
    book = EMPTY.completed(AddressNeeds(wireguard={"old/edge-a/1": IPv4Network("10.200.0.0/28")}))
    joined["links"]["dc1-wg"]["tunnel_network"] = network
    needs = address_needs(topology_of(joined))
    problems = told(topology_of(joined), book.completed(needs))
    if fits:
        assert problems == []
    else:
        assert [problem.path for problem in problems] == ["links.dc1-wg.tunnel_network"]
        assert problems[0].sentence == "`10.200.0.0/28` has no /30 left for one tunnel."
        assert "--release" in problems[0].remedy
        assert told(topology_of(joined), book.released(needs).completed(needs)) == []


@pytest.mark.parametrize(("network", "left"), [("10.224.0.0/15", 0), ("10.224.0.0/16", 1), ("10.224.0.0/17", 2)])
def test_a_global_range_holds_a_range_for_each_cluster(joined: dict[str, Any], network: str, left: int) -> None:
    joined["cluster_sets"]["retail"]["global_range"] = network
    topology = topology_of(joined)
    problems = told(topology, EMPTY.completed(address_needs(topology)))
    assert [problem.path for problem in problems] == ["cluster_sets.retail.global_range"][: 1 if left else 0]


@pytest.mark.parametrize(("clusters", "fits"), [(255, True), (256, False)])
def test_a_set_has_255_clusters_at_the_most(joined: dict[str, Any], clusters: int, fits: bool) -> None:
    joined["clusters"] = {f"cluster-{number}": joined["clusters"]["shop"] for number in range(clusters)}
    joined["cluster_sets"]["retail"]["clusters"] = list(joined["clusters"])
    topology = topology_of(joined)
    problems = told(topology, EMPTY.completed(address_needs(topology)))
    assert [problem.path for problem in problems] == ([] if fits else ["cluster_sets.retail.clusters"])


def rotated(declared: dict[str, Any], generations: dict[str, int]) -> Topology:
    declared["links"]["dc1-aws"]["key_generations"] = generations
    return topology_of(declared)


def test_a_raised_generation_is_recorded_one_tunnel_at_a_time(declared: dict[str, Any]) -> None:
    book = EMPTY.completed(address_needs(topology_of(declared)))
    one = rotated(declared, {"edge-a/1": 2})
    assert [problem.remedy for problem in told(one, book)] == ["Run `make plan STACK=x` and commit the file."]
    assert list(recording_problems(one, book)) == []
    recorded = book.completed(address_needs(one))
    assert told(one, recorded) == []
    assert list(recording_problems(rotated(declared, {"edge-a/1": 2, "edge-b/2": 2}), recorded)) == []
    both = rotated(declared, {"edge-a/1": 3, "edge-b/2": 2})
    (problem,) = recording_problems(both, recorded)
    assert problem.path == "links.dc1-aws.key_generations"
    assert "`edge-a/1`, `edge-b/2` would change together" in problem.sentence
    assert told(both, recorded) == [problem]


@pytest.mark.parametrize("generations", [{}, {"edge-a/1": 1}, {"edge-a/1": 2}])
def test_a_generation_never_falls(declared: dict[str, Any], generations: dict[str, int]) -> None:
    first = rotated(declared, {"edge-a/1": 3})
    book = EMPTY.completed(address_needs(first))
    lower = rotated(declared, generations)
    for recorded in (book, book.completed(address_needs(lower))):
        (problem,) = told(lower, recorded)
        assert problem.path == "links.dc1-aws.key_generations"
        assert "no key comes back" in problem.sentence


def test_new_tunnels_start_at_any_generation(declared: dict[str, Any]) -> None:
    new = rotated(declared, {"edge-a/1": 2, "edge-a/2": 5})
    assert list(recording_problems(new, EMPTY)) == []
    assert told(new, EMPTY.completed(address_needs(new))) == []


def test_a_key_that_the_other_end_dictates_has_no_generations(declared: dict[str, Any]) -> None:
    book = EMPTY.completed(address_needs(rotated(declared, {"edge-a/1": 2})))
    declared["links"]["dc1-aws"] |= {"key_generations": {}, "preshared_keys": {"edge-a/1": "edge-a-key"}}
    assert told(topology_of(declared), book) == []
