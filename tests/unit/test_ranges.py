"""Ranges that nobody can route, and ranges that are in each other's way."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Network, ip_network
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybridge.planning import AddressBook, address_needs
from hybridge.planning.claims import Claim, Use, claims
from hybridge.planning.ranges import overlaps, range_problems
from hybridge.topology import Problem, Severity, Topology, read_soundly, read_topology

SITE = {"kind": "onprem", "asn": 65010, "gateways": [{"name": "edge-a", "public_ip": "203.0.113.10"}]}


def estate(**sections: Any) -> Topology:
    return read_topology(json.dumps({"sites": {"dc1": site(), "dc2": site("10.101.0.0/16")}, **sections}))


def site(*ranges: str, **more: Any) -> dict[str, Any]:
    return {**SITE, "ranges": list(ranges or ("10.100.0.0/16",)), **more}


def cluster(pods: str, services: str, at: str = "dc1", cni: str = "calico-vxlan", **more: Any) -> dict[str, Any]:
    return {"site": at, "kind": "existing", "pods": pods, "services": services, "cni": cni, **more}


def wireguard(network: str, **more: Any) -> dict[str, Any]:
    return {"between": ["dc1", "dc2"], "via": "wireguard", "tunnel_network": network, **more}


def told(topology: Topology) -> list[Problem]:
    book = AddressBook("addresses.x.yaml").completed(address_needs(topology))
    return list(range_problems(topology, book))


def one(topology: Topology) -> Problem:
    (problem,) = told(topology)
    return problem


def pair(first: dict[str, Any], second: dict[str, Any], **sets: Any) -> Topology:
    return estate(clusters={"old": first, "new": second}, cluster_sets=sets)


def test_sites_that_overlap_are_told_with_both_places() -> None:
    problem = one(estate(sites={"dc1": site(), "dc2": site("10.100.16.0/20")}))
    assert problem.path == "sites.dc2.ranges[0]"
    assert "sites.dc1.ranges[0]" in problem.sentence
    assert problem.remedy == "Renumber one of the two; address translation at a gateway is the last resort."


def test_neighbouring_ranges_do_not_overlap() -> None:
    assert told(estate(sites={"dc1": site("10.100.0.0/17"), "dc2": site("10.100.128.0/17")})) == []


def test_a_site_that_names_a_range_twice() -> None:
    problem = one(estate(sites={"dc1": site("10.100.0.0/16", "10.100.0.0/24")}))
    assert (problem.path, problem.remedy) == ("sites.dc1.ranges[1]", "Remove one of the two.")


@pytest.mark.parametrize("written", ["0.0.0.0/0", "127.0.0.0/8", "224.0.0.0/8", "169.254.6.0/24"])
def test_ranges_that_no_link_carries(written: str) -> None:
    assert one(estate(sites={"dc1": site(written)})).path == "sites.dc1.ranges[0]"
    assert one(estate(links={"wg": wireguard(written)})).path == "links.wg.tunnel_network"
    assert one(estate(clusters={"a": cluster(written, "10.11.0.0/16")})).path == "clusters.a.pods"
    assert one(estate(clusters={"a": cluster("10.10.0.0/16", written)})).path == "clusters.a.services"
    sets = {"all": {"clusters": ["a", "b"], "globalnet": True, "global_range": written}}
    assert one(estate(cluster_sets=sets)).path == "cluster_sets.all.global_range"


@pytest.mark.parametrize(
    ("sections", "path", "remedy"),
    [
        ({"links": {"wg": wireguard("10.100.9.0/24")}}, "links.wg.tunnel_network", "Renumber link wg's tunnels"),
        ({"clusters": {"a": cluster("10.101.0.0/20", "10.11.0.0/16")}}, "clusters.a.pods", "Renumber cluster a's pods"),
        (
            {"clusters": {"a": cluster("10.0.0.0/8", "172.30.0.0/16")}},
            "sites.dc1.ranges[0]",
            "Renumber cluster a's pods",
        ),
        (
            {"cluster_sets": {"all": {"clusters": ["a", "b"], "globalnet": True, "global_range": "10.96.0.0/12"}}},
            "sites.dc1.ranges[0]",
            "Renumber cluster set all's Globalnet",
        ),
    ],
)
def test_what_is_less_work_to_renumber_is_named(sections: dict[str, Any], path: str, remedy: str) -> None:
    problem = told(estate(**sections))[0]
    assert problem.path == path
    assert problem.remedy.startswith(f"{remedy}, which is less work")


@pytest.mark.parametrize(
    ("cni", "advertised", "fits"),
    [("aws-vpc", False, True), ("aws-vpc", True, True), ("calico-vxlan", True, True), ("calico-vxlan", False, False)],
)
def test_pods_in_their_own_sites_range(cni: str, advertised: bool, fits: bool) -> None:
    pods = cluster("10.100.0.0/16", "10.11.0.0/16", cni=cni, advertised=advertised)
    problems = told(estate(clusters={"a": pods}))
    assert [problem.path for problem in problems] == ([] if fits else ["clusters.a.pods"])
    assert all("`advertised: true`" in problem.remedy for problem in problems)


def test_services_in_their_own_sites_range() -> None:
    problem = one(estate(clusters={"a": cluster("10.10.0.0/16", "10.100.4.0/22", cni="aws-vpc")}))
    assert problem.path == "clusters.a.services"
    assert "advertised" not in problem.remedy


def test_a_clusters_own_two_ranges() -> None:
    problem = one(estate(clusters={"a": cluster("10.10.0.0/16", "10.10.0.0/20")}))
    assert (problem.path, problem.remedy) == ("clusters.a.services", "Renumber one of the two.")


DEFAULTS = ("10.244.0.0/16", "172.30.0.0/16")
"""What a distribution gives every cluster unless it is told."""


def test_clusters_of_one_set_with_the_same_ranges() -> None:
    problems = told(pair(cluster(*DEFAULTS), cluster(*DEFAULTS, at="dc2"), retail={"clusters": ["old", "new"]}))
    assert [problem.path for problem in problems] == ["clusters.new.pods", "clusters.new.services"]
    assert "clusters.old.pods" in problems[0].sentence
    assert problems[0].remedy == (
        "Renumber one of the two; else set `globalnet: true` in cluster set retail; address translation at a gateway "
        "is the last resort."
    )


def test_globalnet_lets_a_sets_clusters_have_the_same_ranges() -> None:
    retail = {"clusters": ["old", "new"], "globalnet": True}
    assert told(pair(cluster(*DEFAULTS), cluster(*DEFAULTS, at="dc2"), retail=retail)) == []


@pytest.mark.parametrize("advertised", ["old", "new"])
def test_globalnet_does_not_help_what_a_link_advertises(advertised: str) -> None:
    old = cluster(*DEFAULTS, advertised=advertised == "old")
    new = cluster(*DEFAULTS, at="dc2", advertised=advertised == "new")
    problem = one(pair(old, new, retail={"clusters": ["old", "new"], "globalnet": True}))
    assert problem.path == "clusters.new.pods"
    assert problem.severity is Severity.ERROR
    assert "else advertise neither" in problem.remedy


def test_globalnet_does_not_help_between_a_cluster_and_a_site() -> None:
    retail = {"clusters": ["old", "new"], "globalnet": True}
    problem = one(pair(cluster(*DEFAULTS), cluster("10.100.0.0/17", "10.11.0.0/16", at="dc2"), retail=retail))
    assert (problem.path, problem.severity) == ("clusters.new.pods", Severity.ERROR)


def test_a_set_without_globalnet_counts_beside_one_with_it() -> None:
    members = ["old", "new"]
    sets = {"retail": {"clusters": members, "globalnet": True}, "mesh": {"clusters": members}}
    problems = told(pair(cluster(*DEFAULTS), cluster(*DEFAULTS, at="dc2"), **sets))
    assert [problem.severity for problem in problems] == [Severity.ERROR] * 2
    assert "in cluster set mesh;" in problems[0].remedy


THIRD = {"third": cluster("10.10.0.0/16", "10.11.0.0/16"), "fourth": cluster("10.12.0.0/16", "10.13.0.0/16")}


@pytest.mark.parametrize(
    ("sets", "second"),
    [
        ({}, "put the two into one cluster set with `globalnet: true`"),
        ({"r": ["old", "third"]}, "put the two into one cluster set with `globalnet: true`"),
        ({"g": ["old", "third"]}, "add cluster new to cluster set g, which has Globalnet"),
        ({"g": ["third", "new"]}, "add cluster old to cluster set g, which has Globalnet"),
        ({"g": ["new", "third"], "h": ["old", "fourth"]}, "make g and h one cluster set"),
        ({"g": ["old", "third"], "r": ["old", "new"]}, "set `globalnet: true` in cluster set r"),
    ],
)
def test_clusters_without_a_common_globalnet_have_ranges_of_their_own(sets: dict[str, list[str]], second: str) -> None:
    """Whether or not they meet today: a cluster that joins a set later would have to be made anew."""
    clusters = {"old": cluster(*DEFAULTS), "new": cluster(*DEFAULTS, at="dc2"), **THIRD}
    declared = {name: {"clusters": members, "globalnet": name in "gh"} for name, members in sets.items()}
    problems = told(estate(clusters=clusters, cluster_sets=declared))
    assert [(problem.path, problem.severity) for problem in problems] == [
        ("clusters.new.pods", Severity.ERROR),
        ("clusters.new.services", Severity.ERROR),
    ]
    assert problems[0].remedy == (
        f"Renumber one of the two; else {second}; address translation at a gateway is the last resort."
    )


def test_services_alone_are_an_overlap_too() -> None:
    problem = one(pair(cluster("10.10.0.0/16", "10.32.0.0/12"), cluster("10.11.0.0/16", "10.32.0.0/12", at="dc2")))
    assert (problem.path, problem.severity) == ("clusters.new.services", Severity.ERROR)
    assert problem.sentence.endswith("and neither could join the other.")
    assert told(pair(cluster("10.10.0.0/16", "10.32.0.0/13"), cluster("10.11.0.0/16", "10.40.0.0/13"))) == []


def test_pods_of_one_cluster_and_services_of_another() -> None:
    problem = one(pair(cluster("10.10.0.0/16", "10.11.0.0/16"), cluster("10.12.0.0/16", "10.10.4.0/22", at="dc2")))
    assert (problem.path, problem.severity) == ("clusters.new.services", Severity.ERROR)


def test_two_globalnets_are_not_one() -> None:
    """Third comes between two clusters that share its Globalnet, and is a stranger to both."""
    clusters = {name: cluster(*DEFAULTS) for name in ("old", "third", "new")}
    sets = {"g": {"clusters": ["old", "new"], "globalnet": True}}
    problems = told(estate(clusters=clusters, cluster_sets=sets))
    assert {problem.path for problem in problems} >= {"clusters.third.pods", "clusters.third.services"}


def test_pods_that_are_advertised_meet_every_cluster() -> None:
    problem = one(
        pair(cluster("10.10.0.0/16", "10.11.0.0/16", advertised=True), cluster("10.10.0.0/20", "10.12.0.0/16"))
    )
    assert (problem.path, problem.severity) == ("clusters.new.pods", Severity.ERROR)
    assert problem.sentence.endswith("so packets for one would stay at the other.")


def test_clusters_of_one_vpc_share_its_ranges_and_bring_none_twice() -> None:
    """The VPC gives each address of its own ranges out once; a further range can be added to it once."""
    inside = [cluster("10.100.0.0/16", services, cni="aws-vpc") for services in ("10.11.0.0/16", "10.12.0.0/16")]
    assert told(pair(*inside)) == []
    brought = [cluster("100.64.0.0/16", services, cni="aws-vpc") for services in ("10.11.0.0/16", "10.12.0.0/16")]
    assert one(pair(*brought)).severity is Severity.ERROR
    assert "globalnet" not in one(pair(*brought)).remedy, "the VPC takes the range once all the same"
    assert [problem.path for problem in told(pair(*inside, all={"clusters": ["old", "new"]}))] == ["clusters.new.pods"]


def test_two_sets_may_take_global_ranges_from_one_pool() -> None:
    clusters = {name: cluster(f"10.{number}.0.0/17", f"10.{number}.128.0/17") for number, name in enumerate("abcd")}
    sets = {name: {"clusters": list(members), "globalnet": True} for name, members in (("one", "ab"), ("two", "cd"))}
    assert told(estate(clusters=clusters, cluster_sets=sets)) == []


def test_no_cluster_has_what_globalnet_gives_out() -> None:
    sets = {"all": {"clusters": ["old", "new"], "globalnet": True}}
    problem = one(pair(cluster("242.1.0.0/16", "10.11.0.0/16"), cluster("10.10.0.0/16", "10.12.0.0/16"), **sets))
    assert problem.path == "clusters.old.pods"
    assert "cluster set all's Globalnet" in problem.sentence


def test_links_do_not_share_a_tunnel_network() -> None:
    problem = one(estate(links={"wg": wireguard("10.200.0.0/24"), "wg2": wireguard("10.200.0.128/25")}))
    assert problem.path == "links.wg2.tunnel_network"


@pytest.mark.parametrize(
    ("sections", "path"),
    [
        ({"sites": {"dc1": site("203.0.113.0/24")}}, "sites.dc1.gateways[0].public_ip"),
        (
            {"links": {"wg": wireguard("10.200.0.0/24", elastic_ips=["198.51.100.5", "10.101.0.5"])}},
            "links.wg.elastic_ips[1]",
        ),
    ],
)
def test_a_public_address_is_in_nobodys_range(sections: dict[str, Any], path: str) -> None:
    """A tunnel's own packets would go into the tunnel."""
    assert one(estate(**sections)).path == path


def test_a_dns_server_is_not_among_pods() -> None:
    servers = {"domains": ["corp.example.com"], "servers": ["10.100.0.53", "10.100.200.53"]}
    pods = cluster("10.100.128.0/17", "10.11.0.0/16", advertised=True)
    problem = one(estate(sites={"dc1": site(dns=servers)}, clusters={"a": pods}))
    assert problem.path == "sites.dc1.dns.servers[1]"
    assert "`10.100.200.53`" in problem.sentence


def test_names_that_dangle_are_somebody_elses_problem() -> None:
    lost = {"lost": cluster("10.100.0.0/17", "10.11.0.0/16", at="nowhere", cni="aws-vpc")}
    sets = {"all": {"clusters": ["lost", "nobody"], "globalnet": True}}
    assert [problem.path for problem in told(estate(clusters=lost, cluster_sets=sets))] == ["clusters.lost.pods"]


def test_what_the_book_gave_out_is_in_the_registry() -> None:
    network = IPv4Network("169.254.6.0/30")
    book = AddressBook("addresses.x.yaml", {"a/b/1": network}, global_ranges={"r/c": IPv4Network("242.0.0.0/16")})
    found = {claim.owner: claim.path for claim in claims(estate(), book)}
    assert found["tunnel a/b/1"] == "stacks/addresses.x.yaml tunnels.a/b/1"
    assert found["r/c's Globalnet"] == "stacks/addresses.x.yaml global_ranges.r/c"


def test_ten_thousand_equal_ranges_are_as_many_problems_and_no_more() -> None:
    sets = {"all": {"clusters": [f"c{number}" for number in range(5_000)]}}
    clusters = {f"c{number}": cluster(*DEFAULTS) for number in range(5_000)}
    assert len(told(estate(clusters=clusters, cluster_sets=sets))) == 2 * 4_999
    assert len(told(estate(clusters=clusters))) == 2 * 4_999


NETWORKS = st.builds(
    lambda length, number: str(IPv4Network((int(IPv4Address("10.0.0.0")) + (number << (32 - length)) % 64, length))),
    st.integers(26, 30),
    st.integers(0, 15),
)
CLUSTERS = st.builds(
    cluster,
    NETWORKS,
    NETWORKS,
    st.sampled_from(["dc1", "dc2", "nowhere"]),
    st.sampled_from(["aws-vpc", "kindnet"]),
    advertised=st.booleans(),
)
SETS = st.fixed_dictionaries(
    {"clusters": st.lists(st.sampled_from("abcd"), min_size=2, max_size=3), "globalnet": st.booleans()},
    optional={"global_range": NETWORKS},
)


def one_globalnet_each(declared: dict[str, Any]) -> bool:
    members = [set(group["clusters"]) for group in declared["cluster_sets"].values() if group["globalnet"]]
    return all(one.isdisjoint(other) for one, other in combinations(members, 2))


ESTATES = st.fixed_dictionaries(
    {
        "sites": st.fixed_dictionaries({name: st.builds(site, NETWORKS, NETWORKS) for name in ("dc1", "dc2")}),
        "links": st.dictionaries(st.sampled_from("vw"), st.builds(wireguard, NETWORKS)),
        "clusters": st.dictionaries(st.sampled_from("abcd"), CLUSTERS),
        "cluster_sets": st.dictionaries(st.sampled_from("rs"), SETS),
    }
).filter(one_globalnet_each)


def clash(one: Claim, other: Claim, every: list[Claim]) -> bool:
    """The definition: either is seen where the other looks, at home that is another place, and Globalnet excepts."""

    def at_home(claim: Claim) -> bool:
        return claim.home is not None and any(
            wider.use is Use.SITE and wider.site == claim.site and claim.network.subnet_of(wider.network)
            for wider in every
        )

    def rooms(claim: Claim) -> tuple[set[Any], set[Any]]:
        home = at_home(claim)
        return (set(claim.home or ()), set(claim.home or ())) if home else (set(claim.seen), set(claim.sees))

    (seen, sees), (others_seen, others_sees) = rooms(one), rooms(other)
    strangers = (
        one.use is other.use is Use.CLUSTER
        and one.cluster != other.cluster
        and not one.globalnets & other.globalnets
        and not at_home(one)
        and not at_home(other)
    )
    return one.network.overlaps(other.network) and bool(strangers or seen & others_sees or sees & others_seen)


@settings(deadline=None)
@given(ESTATES)
def test_one_pass_finds_what_comparing_every_two_finds(declared: dict[str, Any]) -> None:
    every = list(claims(read_topology(json.dumps(declared)), AddressBook("addresses.x.yaml")))
    pairs = [(one, other) for one, other in combinations(every, 2) if clash(one, other, every)]
    errors = list(overlaps(every))
    assert all((one, other) in pairs or (other, one) in pairs for one, other in errors)
    narrower = {
        id(one if one.network.prefixlen > other.network.prefixlen else other)
        for one, other in pairs
        if one.network != other.network
    }
    assert narrower <= {id(claim) for claim, _ in errors}, "each range within one that it clashes with is told"
    clashing = [{id(one), id(other)} for one, other in pairs if one.network == other.network]
    assert all(two & {id(claim) for claim, _ in errors} for two in clashing), "and one of each two equal ones"
    for claim, other in errors:
        assert claim.network.subnet_of(other.network)
        closer = [
            wider
            for wider in every
            if clash(claim, wider, every)
            and claim.network.subnet_of(wider.network)
            and wider is not claim
            and wider.network != claim.network
        ]
        assert all(other.network.prefixlen >= wider.network.prefixlen for wider in closer), "the narrowest is named"


EVERYTHING = {
    "sites": {
        "dc1": site(dns={"domains": ["corp.example.com"], "servers": ["10.100.0.53"]}),
        "aws-east": {
            "kind": "aws",
            "region": "us-east-1",
            "asn": 64512,
            "ranges": ["172.20.0.0/16"],
            "vpc": {
                "id": "vpc-0a1b2c3d",
                "route_tables": ["rtb-0a1b2c3d"],
                "resolver_addresses": ["172.20.3.10", "172.20.4.10"],
            },
        },
    },
    "links": {"wg": wireguard("10.200.0.0/24", elastic_ips=["198.51.100.5"])},
    "clusters": {"a": cluster("10.10.0.0/16", "10.11.0.0/16")},
    "cluster_sets": {"all": {"clusters": ["a", "b"], "globalnet": True, "global_range": "10.224.0.0/12"}},
}


def numbers(value: Any, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List the places of all addresses and ranges."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        return [place for step, item in inner for place in numbers(item, (*way, step))]
    try:
        ip_network(value if isinstance(value, str) else "")
    except ValueError:
        return []
    return [way]


@pytest.mark.parametrize("place", numbers(EVERYTHING), ids=str)
def test_ipv6_is_refused_with_a_reason_wherever_an_address_stands(place: tuple[str | int, ...]) -> None:
    declared = json.loads(json.dumps(EVERYTHING))
    *way, last = place
    inner = declared
    for step in way:
        inner = inner[step]
    inner[last] = "2001:db8::/32" if "/" in inner[last] else "2001:db8::1"
    (problem,) = read_soundly(json.dumps(declared)).problems
    assert "IPv6" in problem.sentence
    assert "IPv4" in problem.sentence
