"""What one failure leaves between two sites, and which links may stand by for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridge.planning.failures import Failure, FailureKind, carried, failures
from hybridge.planning.paths import LinkPath
from hybridge.planning.redundancy import (
    link_redundancy,
    pair_redundancy,
    redundancy_problems,
    redundancy_sentence,
    site_redundancy,
    sla,
)
from hybridge.topology import Problem, Severity
from tests.unit.ways import GIGABIT, VPN_LINK, WIREGUARD_LINK, estate, vpn_path, wireguard_path

WHY = "a branch that may be offline for a day"


def after(paths: Sequence[LinkPath], kind: FailureKind, name: str) -> Failure:
    (failure,) = (failure for failure in failures(paths) if (failure.kind, failure.name) == (kind, name))
    return failure


def problems(links: dict[str, Any], paths: Sequence[LinkPath] = ()) -> list[Problem]:
    return list(redundancy_problems(estate(links), paths))


def test_a_lost_gateway_takes_its_tunnels_with_it() -> None:
    lost = after([vpn_path()], FailureKind.GATEWAY, "edge-a")
    assert (lost.site, lost.tunnels, lost.bandwidth, lost.links) == ("dc1", 2, 2 * GIGABIT, ["dc1-aws"])


def test_a_lost_tunnel_costs_nothing_where_one_carries_everything() -> None:
    lost = after([wireguard_path()], FailureKind.TUNNEL, "dc1-wg-edge-a-1")
    assert (lost.tunnels, lost.bandwidth) == (3, GIGABIT)


def test_a_lost_zone_takes_one_tunnel_of_each_vpn_connection() -> None:
    """AWS ends the two tunnels of a connection in two zones, and does not say in which."""
    zones = [failure for failure in failures([vpn_path()]) if failure.kind is FailureKind.ZONE]
    assert [(zone.site, zone.tunnels, zone.bandwidth) for zone in zones] == [("aws-east", 2, 2 * GIGABIT)] * 2


def test_a_lost_zone_takes_the_gateway_instance_in_it() -> None:
    paths = [wireguard_path()]
    zone, instance = after(paths, FailureKind.ZONE, "zone-1"), after(paths, FailureKind.GATEWAY, "dc1-wg-1")
    assert (zone.tunnels, zone.bandwidth) == (instance.tunnels, instance.bandwidth) == (2, GIGABIT)


def test_the_standby_takes_over_when_the_link_is_lost() -> None:
    paths = [wireguard_path(), vpn_path(standby=True)]
    assert [path.name for path in carried(paths).links] == ["dc1-wg"]
    lost = after(paths, FailureKind.LINK, "dc1-wg")
    assert (lost.links, lost.tunnels, lost.bandwidth) == (["dc1-aws"], 4, 4 * GIGABIT)


def test_a_gateway_is_lost_to_the_standby_too() -> None:
    paths = [wireguard_path(gateways=("edge-a",)), vpn_path(standby=True)]
    lost = after(paths, FailureKind.GATEWAY, "edge-a")
    assert (lost.links, lost.tunnels, lost.bandwidth) == (["dc1-aws"], 2, 2 * GIGABIT)


def test_nothing_carries_traffic_when_the_only_link_is_lost() -> None:
    lost = after([vpn_path()], FailureKind.LINK, "dc1-aws")
    assert (lost.links, lost.tunnels, lost.bandwidth) == ([], 0, 0)


def test_links_that_spread_add_up_and_others_do_not() -> None:
    assert carried([vpn_path("one"), vpn_path("two")]).bandwidth == 8 * GIGABIT
    assert carried([vpn_path("one", spread=False), vpn_path("two", bandwidth=2 * GIGABIT)]).bandwidth == 8 * GIGABIT
    assert carried([wireguard_path("one"), wireguard_path("two", bandwidth=2 * GIGABIT)]).bandwidth == 2 * GIGABIT


SIZES = st.integers(min_value=1, max_value=10 * GIGABIT)
LINKS = st.builds(
    vpn_path,
    st.sampled_from(["one", "two", "three"]),
    gateways=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True).map(tuple),
    bandwidth=SIZES,
    spread=st.booleans(),
    standby=st.booleans(),
)


@given(st.lists(LINKS, min_size=1, max_size=3, unique_by=lambda path: path.name))
def test_each_failure_leaves_what_the_other_tunnels_carry(paths: list[LinkPath]) -> None:
    """Counted again from the tunnels themselves, one failure at a time."""
    for failure in failures(paths):
        gone = {
            FailureKind.TUNNEL: lambda path, tunnel: tunnel.name,
            FailureKind.GATEWAY: lambda path, tunnel: tunnel.gateway,
            FailureKind.ZONE: lambda path, tunnel: f"of the tunnels {tunnel.name[-1]}",
            FailureKind.LINK: lambda path, tunnel: path.name,
        }[failure.kind]
        left = {
            path.name: [tunnel.bandwidth for tunnel in path.tunnels if gone(path, tunnel) != failure.name]
            for path in paths
        }
        up = [path for path in paths if left[path.name]]
        used = [path for path in up if not path.standby] or up
        amounts = [sum(left[path.name]) if path.spread else max(left[path.name]) for path in used]
        together = sum(amounts) if all(path.spread for path in used) else max(amounts, default=0)
        assert failure.links == [path.name for path in used]
        assert failure.tunnels == sum(len(left[path.name]) for path in used)
        assert failure.bandwidth == together


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (
            vpn_path(),
            "Any one gateway may fail: 2 of 4 tunnels stay up, and together carry up to 2Gbps.",
        ),
        (
            vpn_path(spread=False),
            "Any one gateway may fail: 2 of 4 tunnels stay up, and one at a time carries up to 1Gbps.",
        ),
        (
            wireguard_path(gateways=("a", "b", "c")),
            "Any one gateway may fail: 3 of 6 tunnels stay up, and one at a time carries up to 1Gbps.",
        ),
        (
            vpn_path(gateways=("edge-a",), single_gateway=WHY),
            f"The link is lost with edge-a, the only gateway of dc1 ({WHY}).",
        ),
        (
            wireguard_path(instances=1, single_gateway=WHY),
            f"The link is lost with dc1-wg-1, the only gateway of aws-east ({WHY}).",
        ),
    ],
)
def test_a_sentence_says_what_one_gateway_leaves(path: LinkPath, sentence: str) -> None:
    handed = " One of dc1 that loses its tunnels hands over to another."
    assert redundancy_sentence(path).removesuffix(handed) == sentence


@pytest.mark.parametrize(
    ("handover", "told"),
    [
        (True, "One of dc1 that loses its tunnels hands over to another."),
        (False, "One of dc1 that loses its tunnels drops what it is sent until the site's own network notices."),
    ],
)
def test_a_sentence_says_what_becomes_of_packets_at_a_gateway_without_tunnels(handover: bool, told: str) -> None:
    assert redundancy_sentence(vpn_path(handover=handover)).endswith(f"2Gbps. {told}")
    assert redundancy_sentence(wireguard_path(handover=handover)).endswith(f"1Gbps. {told}")


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        ([vpn_path(gateways=("edge-a",), single_gateway=WHY)], []),
        ([wireguard_path()], [False]),
        ([wireguard_path(), vpn_path(standby=True)], [True]),
    ],
)
def test_what_no_gateway_can_do_is_left_to_the_sites_network(paths: Sequence[LinkPath], told: list[bool]) -> None:
    """To find another gateway when one dies, and to share flows where links add their tunnels up."""
    found = site_redundancy(paths)
    assert [each.site for each in found] == ["dc1"] * len(told)
    assert all("next hop that survives a gateway's death" in each.sentence for each in found)
    assert ["spreads flows over all gateways" in each.sentence for each in found] == told


def test_the_sla_is_the_vendors_with_its_source() -> None:
    assert "99.95 %" in sla(vpn_path())
    assert "99.99 %" in sla(wireguard_path())
    assert "99.5 %" in sla(wireguard_path(instances=1))
    assert "two zones (" in sla(wireguard_path())
    foreign = replace(wireguard_path(), own_subnets=False)
    assert "in two zones, if the VPC's gateway subnets lie in two zones (" in sla(foreign)
    assert all("https://" in link.sla for link in link_redundancy([vpn_path(), wireguard_path()]))


def test_links_of_the_same_sites_are_told_together() -> None:
    (pair,) = pair_redundancy([vpn_path(standby=True), wireguard_path()])
    assert pair.sites == ["aws-east", "dc1"]
    assert {failure.kind for failure in pair.failures} == set(FailureKind)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (vpn_path(), []),
        (wireguard_path(), []),
        (vpn_path(gateways=("edge-a",)), [("links.dc1-aws", Severity.ERROR)]),
        (wireguard_path(instances=1), [("links.dc1-wg", Severity.ERROR)]),
        (
            vpn_path(gateways=("edge-a",), single_gateway=WHY),
            [("links.dc1-aws.accept_single_gateway", Severity.WARNING)],
        ),
        (wireguard_path(instances=1, single_gateway=WHY), [("links.dc1-wg.accept_single_gateway", Severity.WARNING)]),
        (vpn_path(single_gateway=WHY), [("links.dc1-aws.accept_single_gateway", Severity.ERROR)]),
        (wireguard_path(single_gateway=WHY), [("links.dc1-wg.accept_single_gateway", Severity.ERROR)]),
    ],
)
def test_a_single_gateway_needs_its_exception_and_nothing_else_may_have_it(
    path: LinkPath, found: list[tuple[str, Severity]]
) -> None:
    link = VPN_LINK if path.name == "dc1-aws" else WIREGUARD_LINK
    assert [(problem.path, problem.severity) for problem in problems({path.name: link}, [path])] == found


STANDBY = {"standby": True}


@pytest.mark.parametrize(
    ("links", "found"),
    [
        ({"wg": WIREGUARD_LINK}, []),
        ({"wg": WIREGUARD_LINK, "vpn": VPN_LINK | STANDBY}, []),
        ({"wg": WIREGUARD_LINK, "vpn": VPN_LINK}, ["links.vpn"]),
        ({"wg": WIREGUARD_LINK | STANDBY, "vpn": VPN_LINK}, ["links.wg.standby"]),
        ({"wg": WIREGUARD_LINK | STANDBY, "vpn": VPN_LINK | STANDBY}, ["links.wg.standby", "links.vpn.standby"]),
        ({"vpn": VPN_LINK | STANDBY}, ["links.vpn.standby"]),
        ({"one": VPN_LINK, "two": VPN_LINK}, []),
        ({"one": VPN_LINK, "two": VPN_LINK | STANDBY}, ["links.two.standby"]),
        ({"one": VPN_LINK | STANDBY, "two": VPN_LINK | STANDBY, "wg": WIREGUARD_LINK}, []),
    ],
)
def test_which_link_may_stand_by_for_which(links: dict[str, Any], found: list[str]) -> None:
    assert [problem.path for problem in problems(links)] == found


def test_wireguard_is_no_standby_because_the_vpcs_route_stays() -> None:
    (problem,) = problems({"wg": WIREGUARD_LINK | STANDBY, "vpn": VPN_LINK})
    assert "route to the hub stays" in problem.sentence
    assert "`standby: true` at `vpn`" in problem.remedy


def test_links_to_nowhere_stand_by_for_nobody_in_particular() -> None:
    nowhere = {"between": ["dc1", "aws-west"]}
    assert problems({"vpn": VPN_LINK | nowhere | STANDBY, "self": VPN_LINK | {"between": ["dc1", "dc1"]}}) == []
