"""What may be replaced now is told by name, whatever else is wrong with the topology."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hybridge.planning import AddressBook, address_needs, plan_reading
from hybridge.topology import Problem, ProblemsFound, Severity, read_soundly
from tests.unit.ways import AWS, BETWEEN, DC1, VPN_LINK, WIREGUARD_LINK

MESH = {"clusters": ["shop", "lost"], "mesh": "istio"}
SHOP = {
    "site": "aws-east",
    "kind": "eks",
    "pods": "100.64.0.0/16",
    "services": "10.120.0.0/16",
    "cni": "aws-vpc",
}


def told(names: list[str], links: dict[str, Any], **sections: Any) -> dict[str, Problem]:
    """What is told of the names in `allow_replacement`, by place."""
    sites = {"dc1": DC1, "aws-east": AWS, **sections.pop("sites", {})}
    declared = {"sites": sites, "links": links, "allow_replacement": names, **sections}
    reading = read_soundly(json.dumps(declared))
    assert reading.topology
    book = AddressBook("addresses.x.yaml").completed(address_needs(reading.topology))
    try:
        problems = plan_reading(reading, book, "x").warnings
    except ProblemsFound as found:
        problems = list(found.problems)
    return {problem.path: problem for problem in problems if problem.path.startswith("allow_replacement")}


def test_a_protected_resource_may_be_replaced_while_it_is_named() -> None:
    names = ["aws-east", "vpn-edge-a", "wg-1", "aws-east-route-server", "keys"]
    links = {"vpn": VPN_LINK | {"standby": True}, "wg": WIREGUARD_LINK}
    found = told(names[:4], links)
    assert [problem.severity for problem in found.values()] == [Severity.WARNING] * 4


@pytest.mark.parametrize("name", ["aws-est", "wg-3", "dc1", "root"])
def test_a_name_of_nothing_that_is_protected_is_told(name: str) -> None:
    (problem,) = told([name], {"wg": WIREGUARD_LINK}).values()
    assert problem.severity is Severity.ERROR
    assert problem.remedy.endswith((".", "?"))


def test_where_nothing_is_protected_no_name_is_proposed() -> None:
    reading = read_soundly(json.dumps({"sites": {"dc1": DC1}, "allow_replacement": ["x"]}))
    with pytest.raises(ProblemsFound, match="Remove it"):
        plan_reading(reading, AddressBook("addresses.x.yaml"), "x")


def test_a_name_that_stands_twice_is_told_once_as_such() -> None:
    found = told(["aws-east", "aws-east"], {"vpn": VPN_LINK})
    assert [problem.severity for problem in found.values()] == [Severity.WARNING, Severity.ERROR]
    assert "stands here already" in str(found["allow_replacement[1]"])


@pytest.mark.parametrize("link", [VPN_LINK, WIREGUARD_LINK])
@pytest.mark.parametrize(
    "between",
    [
        *(["dc9", "aws-east"], ["dc1", "aws-9"], ["dc8", "dc9"]),
        *(["aws-east", "aws-east"], ["dc1", "dc1"], ["dc1", "dc2"], ["aws-east", "aws-west"]),
    ],
)
def test_a_link_that_cannot_be_planned_leaves_the_other_names_to_be_told(
    link: dict[str, Any], between: list[str]
) -> None:
    west = AWS | {"asn": 64513, "ranges": ["172.21.0.0/16"]}
    dc2 = DC1 | {"asn": 65020, "ranges": ["10.101.0.0/16"]}
    dc2["gateways"] = [{"name": "core-a", "public_ip": "203.0.113.20"}, {"name": "core-b", "public_ip": "203.0.113.21"}]
    links = {"link": link | {"between": between}, "vpn": VPN_LINK}
    found = told(["vpn-edge-a", "x", "link-edge-a"], links, sites={"aws-west": west, "dc2": dc2})
    assert [(place, problem.severity) for place, problem in found.items()] == [
        ("allow_replacement[0]", Severity.WARNING),
        ("allow_replacement[1]", Severity.ERROR),
    ], "what the link would be made of is not known"


def test_a_link_without_room_for_its_tunnels_is_no_reason_to_doubt_a_name() -> None:
    assert told(["wg-1", "aws-east-route-server"], {"wg": WIREGUARD_LINK | {"tunnel_network": "10.200.0.0/31"}}) == {}


def test_clusters_that_do_not_exist_are_no_reason_to_doubt_the_root_of_trust() -> None:
    sections = {
        "clusters": {"shop": SHOP},
        "cluster_sets": {"retail": MESH},
        "trust": {"organization": "Example"},
    }
    found = told(["root", "shop"], {"vpn": VPN_LINK}, **sections)
    assert [problem.severity for problem in found.values()] == [Severity.WARNING] * 2


@pytest.mark.parametrize(
    "broken",
    [
        {"links": {"vpn": {"between": BETWEEN}}},
        {"sites": {"aws-east": AWS | {"asn": "none"}}},
        {"clusters": {"shop": SHOP | {"kind": "none"}}},
        {"trust": {"organization": 5}},
    ],
)
def test_what_cannot_be_read_may_be_what_is_named(broken: dict[str, Any]) -> None:
    sections = {"links": {}, **broken}
    assert told(["vpn-edge-a", "shop", "root"], sections.pop("links"), **sections) == {}
