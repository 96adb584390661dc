"""A name that is joined of two stands for one thing: nothing takes another's place."""

from __future__ import annotations

from typing import Any

import pytest

from hybridge.planning.names import name_problems
from hybridge.planning.vpn import vpn_ends
from hybridge.planning.wireguard import wireguard_ends
from tests.unit.ways import AWS, DC1, VPN_LINK, WIREGUARD_LINK, estate

SINGLE = {"accept_single_gateway": "a lab that may be down", "elastic_ips": ["198.51.100.5"]}


def told(links: dict[str, Any], **sections: Any) -> list[tuple[str, str]]:
    topology = estate(links, **sections)
    problems = name_problems(topology, list(vpn_ends(topology)), list(wireguard_ends(topology)))
    return [(problem.path, problem.sentence) for problem in problems]


def onprem(number: int, *gateways: str) -> dict[str, Any]:
    named = [{"name": name, "public_ip": f"203.0.113.{number * 10 + index}"} for index, name in enumerate(gateways)]
    return DC1 | {"asn": 65010 + number, "ranges": [f"10.{number}.0.0/16"], "gateways": named}


@pytest.mark.parametrize("one", [VPN_LINK, WIREGUARD_LINK])
@pytest.mark.parametrize("other", [VPN_LINK, WIREGUARD_LINK])
@pytest.mark.parametrize(("gateway", "found"), [("a", ["links.dc1-aws-edge"]), ("b", [])])
def test_link_and_gateway_together_are_one_ends_name(
    one: dict[str, Any], other: dict[str, Any], gateway: str, found: list[str]
) -> None:
    sites = {"dc1": onprem(1, "edge-a"), "dc2": onprem(2, gateway)}
    problems = told({"dc1-aws": one, "dc1-aws-edge": other | {"between": ["dc2", "aws-east"]}}, sites=sites)
    assert [path for path, _ in problems] == found
    for _, sentence in problems:
        assert "`dc1-aws-edge-a` would be gateway `edge-a` in link `dc1-aws`" in sentence
        assert "gateway `a` in link `dc1-aws-edge`" in sentence


@pytest.mark.parametrize(("gateway", "found"), [("b-1", ["links.a-b"]), ("b-3", [])])
def test_an_instance_is_not_called_like_an_end(gateway: str, found: list[str]) -> None:
    sites = {"dc1": onprem(1, gateway), "dc2": onprem(2, "x")}
    links = {"a": WIREGUARD_LINK, "a-b": WIREGUARD_LINK | {"between": ["dc2", "aws-east"]}}
    assert [path for path, _ in told(links, sites=sites)] == found


@pytest.mark.parametrize(("link", "found"), [("a-b", ["links.a-b"]), ("a-d", [])])
def test_routes_to_single_instances_have_names_of_their_own(link: str, found: list[str]) -> None:
    sites = {"b-c": AWS, "c": AWS | {"ranges": ["172.21.0.0/16"]}}
    links = {
        "a": WIREGUARD_LINK | SINGLE | {"between": ["dc1", "b-c"]},
        link: WIREGUARD_LINK | SINGLE | {"between": ["dc1", "c"]},
    }
    assert [path for path, _ in told(links, sites=sites)] == found


@pytest.mark.parametrize(
    ("via", "name", "found"),
    [
        (WIREGUARD_LINK, "aws-east-gateway", ["sites.aws-east"]),
        (WIREGUARD_LINK, "aws-east-gate", []),
        (VPN_LINK, "aws-east-gateway", []),
    ],
)
def test_gateway_subnets_have_a_route_table_of_their_own(via: dict[str, Any], name: str, found: list[str]) -> None:
    assert [path for path, _ in told({"link": via}, sites={name: AWS | {"ranges": ["172.21.0.0/16"]}})] == found


@pytest.mark.parametrize(("email", "found"), [("east-net@example.com", ["sites.aws.alarms"]), ("net@example.com", [])])
def test_subscriptions_have_names_of_their_own(email: str, found: list[str]) -> None:
    sites = {
        "aws": AWS | {"ranges": ["172.21.0.0/16"], "alarms": {"emails": [email]}},
        "aws-east": AWS | {"alarms": {"emails": ["net@example.com"]}},
    }
    assert [path for path, _ in told({"link": VPN_LINK}, sites=sites)] == found


@pytest.mark.parametrize(("domain", "found"), [("east-corp.example.com", 1), ("corp-east.example.com", 0)])
def test_resolver_rules_have_names_of_their_own(domain: str, found: int) -> None:
    sites = {
        "dc1": DC1 | {"dns": {"domains": ["corp.example.com", domain], "servers": ["10.100.0.53", "10.100.0.54"]}},
        "aws-east": AWS | {"dns": {"domains": ["east.example.com"]}},
        "aws": AWS | {"ranges": ["172.21.0.0/16"], "dns": {"domains": ["aws.example.com"]}},
    }
    problems = told({"one": VPN_LINK, "two": VPN_LINK | {"between": ["dc1", "aws"]}}, sites=sites)
    assert len(problems) == found
    assert all("the rule for `corp.example.com` at site `aws-east`" in sentence for _, sentence in problems)


@pytest.mark.parametrize(("dns", "path"), [({"domains": ["aws.example.com"]}, "sites.aws.dns"), (None, "sites.aws")])
def test_a_rule_is_told_of_where_the_stack_file_has_it(dns: dict[str, Any] | None, path: str) -> None:
    """A VPC that only asks has rules, and no `dns:`."""
    domains = ["corp.example.com", "east-corp.example.com"]
    sites = {
        "dc1": DC1 | {"dns": {"domains": domains, "servers": ["10.100.0.53", "10.100.0.54"]}},
        "aws": AWS | {"ranges": ["172.21.0.0/16"], "dns": dns},
    }
    links = {"one": VPN_LINK, "two": VPN_LINK | {"between": ["dc1", "aws"]}}
    assert [place for place, _ in told(links, sites=sites)] == [path]


@pytest.mark.parametrize(("name", "found"), [("root", ["clusters.root"]), ("roots", [])])
def test_no_cluster_is_called_like_the_root_of_trust(name: str, found: list[str]) -> None:
    cluster = {"site": "dc1", "kind": "existing", "cni": "cilium-vxlan"}
    clusters = {
        name: cluster | {"pods": "10.10.0.0/16", "services": "10.11.0.0/16"},
        "shop": cluster | {"pods": "10.12.0.0/16", "services": "10.13.0.0/16"},
    }
    sections = {
        "clusters": clusters,
        "cluster_sets": {"retail": {"clusters": list(clusters), "mesh": "istio"}},
        "trust": {"organization": "Example"},
    }
    assert [path for path, _ in told({}, **sections)] == found
    assert told({}, **{key: value for key, value in sections.items() if key != "trust"}) == []
