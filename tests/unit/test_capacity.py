"""Flows against links: bandwidth and bursts, round trips and commits, now and after any one failure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from hybridge.planning.capacity import Demand, capacity_problems, demands
from hybridge.planning.flows import flow_problems
from hybridge.planning.paths import LinkPath
from hybridge.topology import Problem, Severity
from tests.unit.ways import GIGABIT, MEGABIT, VPN_LINK, WIREGUARD_LINK, estate, vpn_path, wireguard_path

LINKS = {"dc1-aws": VPN_LINK | {"standby": True}, "dc1-wg": WIREGUARD_LINK}
ORDERS = {"from": "dc1", "to": "aws-east"}
ERROR, WARNING = Severity.ERROR, Severity.WARNING


def sums(flows: dict[str, Any], paths: Sequence[LinkPath]) -> list[Problem]:
    return list(capacity_problems(estate(LINKS, flows=flows), paths))


def alone(flow: dict[str, Any], *paths: LinkPath) -> list[Problem]:
    """What is wrong with one flow, but for the warning that each synchronous one over the internet gets."""
    found = flow_problems(estate(LINKS, flows={"orders": {"bandwidth": "1Mbps", **ORDERS, **flow}}), paths)
    return [problem for problem in found if problem.path != "flows.orders.synchronous"]


def told(problems: Sequence[Problem]) -> list[tuple[str, Severity]]:
    return [(problem.path, problem.severity) for problem in problems]


@pytest.mark.parametrize(
    ("bandwidth", "found"),
    [
        ("2Gbps", []),
        ("2000001Kbps", [("flows.orders.bandwidth", WARNING)]),
        ("4Gbps", [("flows.orders.bandwidth", WARNING)]),
        ("4000001Kbps", [("flows.orders.bandwidth", ERROR)]),
    ],
)
def test_a_sum_just_inside_and_just_outside_now_and_after_a_failure(
    bandwidth: str, found: list[tuple[str, Severity]]
) -> None:
    """Two gateways with two tunnels of 1 Gbps each: any one gateway or zone takes half of it."""
    assert told(sums({"orders": ORDERS | {"bandwidth": bandwidth}}, [vpn_path()])) == found


def test_the_sentence_shows_the_sum_and_what_carries_it() -> None:
    flows = {"orders": ORDERS | {"bandwidth": "3Gbps"}, "backup": ORDERS | {"bandwidth": "1500Mbps"}}
    (problem,) = sums(flows, [vpn_path()])
    assert problem.sentence == (
        "From `dc1` to `aws-east` `orders` 3Gbps + `backup` 1.5Gbps = 4.5Gbps are needed, and `dc1-aws` carries "
        "4 × 1Gbps = 4Gbps."
    )


def test_many_flows_are_summed_up_in_a_few_words() -> None:
    flows = {f"flow-{number}": ORDERS | {"bandwidth": "1Gbps"} for number in range(6)}
    (problem,) = sums(flows, [vpn_path()])
    assert "`flow-2` 1Gbps + 3 others 3Gbps = 6Gbps" in problem.sentence


def test_a_hub_that_does_not_spread_carries_one_tunnel() -> None:
    (problem,) = sums({"orders": ORDERS | {"bandwidth": "1000001Kbps"}}, [vpn_path(spread=False)])
    assert (problem.severity, "carries 1Gbps, one tunnel at a time" in problem.sentence) == (ERROR, True)


def test_the_two_directions_do_not_share_a_link() -> None:
    back = {"from": "aws-east", "to": "dc1", "bandwidth": "2Gbps"}
    assert sums({"there": ORDERS | {"bandwidth": "2Gbps"}, "back": back}, [vpn_path()]) == []


@pytest.mark.parametrize(("burst", "found"), [("1Gbps", []), ("1000001Kbps", [("flows.wal.burst", ERROR)])])
def test_bursts_count_as_well(burst: str, found: list[tuple[str, Severity]]) -> None:
    assert told(sums({"wal": ORDERS | {"bandwidth": "100Mbps", "burst": burst}}, [vpn_path(spread=False)])) == found


@pytest.mark.parametrize(("bandwidth", "found"), [("100Mbps", []), ("101Mbps", [("flows.orders.bandwidth", WARNING)])])
def test_a_smaller_standby_is_what_a_failure_may_leave(bandwidth: str, found: list[tuple[str, Severity]]) -> None:
    paths = [wireguard_path(), vpn_path(bandwidth=100 * MEGABIT, spread=False, standby=True)]
    problems = sums({"orders": ORDERS | {"bandwidth": bandwidth}}, paths)
    assert told(problems) == found
    assert all("the loss of link dc1-wg leaves 100Mbps" in problem.sentence for problem in problems)


def test_the_loss_of_the_only_link_is_redundancys_to_tell() -> None:
    paths = [vpn_path(gateways=("edge-a",), spread=False, single_gateway="a branch that may be offline")]
    assert sums({"orders": ORDERS | {"bandwidth": "1Gbps"}}, paths) == []


def test_the_report_shows_each_direction() -> None:
    flows = {
        "orders": ORDERS | {"bandwidth": "400Mbps", "burst": "800Mbps"},
        "backup": ORDERS | {"bandwidth": "100Mbps"},
        "stock": {"from": "aws-east", "to": "dc1", "bandwidth": "200Mbps"},
    }
    paths = [wireguard_path(), vpn_path(bandwidth=500 * MEGABIT, spread=False, standby=True)]
    there, back = demands(estate(LINKS, flows=flows), paths)
    assert there == Demand(
        origin="dc1",
        to="aws-east",
        flows=["orders", "backup"],
        bandwidth=500 * MEGABIT,
        burst=900 * MEGABIT,
        links=["dc1-wg"],
        capacity=GIGABIT,
        after_failure=500 * MEGABIT,
        worst_failure="link dc1-wg",
        shared=False,
    )
    assert (back.origin, back.flows, back.burst) == ("aws-east", ["stock"], 200 * MEGABIT)


@pytest.mark.parametrize(
    ("flow", "found"),
    [
        ({"from": "dc2"}, ["flows.orders.from"]),
        ({"to": "dc2"}, ["flows.orders.to"]),
        ({"from": "dc3", "to": "dc2"}, ["flows.orders.from", "flows.orders.to"]),
        ({"to": "dc1"}, ["flows.orders.to"]),
        ({"burst": "999Kbps"}, ["flows.orders.burst"]),
        ({"burst": "1Mbps"}, []),
        ({"commits": "1/s"}, ["flows.orders.commits"]),
        ({"sessions": 1}, ["flows.orders.sessions"]),
    ],
)
def test_flows_that_cannot_be(flow: dict[str, Any], found: list[str]) -> None:
    assert told(alone(flow, vpn_path())) == [(path, ERROR) for path in found]


def test_no_site_is_a_transit_for_others() -> None:
    more = {"aws-west": {"kind": "aws", "region": "us-west-2", "asn": 64513, "ranges": ["172.21.0.0/16"]}}
    links = LINKS | {"dc1-west": VPN_LINK | {"between": ["dc1", "aws-west"]}}
    flows = {"copy": {"from": "aws-east", "to": "aws-west", "bandwidth": "1Mbps"}}
    (problem,) = flow_problems(estate(links, sites=more, flows=flows), [vpn_path()])
    assert (problem.path, problem.severity) == ("flows.copy", ERROR)
    assert "no other site passes their traffic on" in problem.sentence


@pytest.mark.parametrize(
    ("standby", "bandwidth", "found"),
    [
        (False, "1Gbps", []),
        (False, "1000001Kbps", [("flows.orders.bandwidth", ERROR)]),
        (True, "1000001Kbps", [("flows.orders.bandwidth", WARNING)]),
    ],
)
def test_one_flow_takes_one_tunnel(standby: bool, bandwidth: str, found: list[tuple[str, Severity]]) -> None:
    paths = [vpn_path(standby=standby), *([wireguard_path(bandwidth=5 * GIGABIT)] if standby else [])]
    assert told(alone({"bandwidth": bandwidth}, *paths)) == found


@pytest.mark.parametrize(
    ("measured", "standby", "found"),
    [
        (5, 5, []),
        (6, 5, [("flows.orders.round_trip", ERROR)]),
        (5, 6, [("flows.orders.round_trip", WARNING)]),
        (None, 5, [("links.dc1-wg", WARNING)]),
    ],
)
def test_a_flow_bears_the_round_trips_of_its_links(
    measured: int | None, standby: int, found: list[tuple[str, Severity]]
) -> None:
    paths = [wireguard_path(round_trip=measured), vpn_path(standby=True, round_trip=standby)]
    assert told(alone({"round_trip": "5ms"}, *paths)) == found


def test_a_link_is_asked_once_to_be_measured() -> None:
    flows = {name: ORDERS | {"bandwidth": "1Mbps", "round_trip": "5ms"} for name in ("orders", "stock", "mail")}
    (problem,) = flow_problems(estate(LINKS, flows=flows), [vpn_path(round_trip=None)])
    assert "`orders` and 2 more" in problem.sentence


def committing(sessions: int, commits: str = "1000/s") -> dict[str, Any]:
    return {"synchronous": True, "commits": commits, "sessions": sessions}


@pytest.mark.parametrize(("sessions", "found"), [(50, []), (49, [("flows.orders.sessions", ERROR)])])
def test_a_thousand_commits_at_fifty_milliseconds_need_fifty_sessions(
    sessions: int, found: list[tuple[str, Severity]]
) -> None:
    problems = alone(committing(sessions), vpn_path(round_trip=50))
    assert told(problems) == found
    for problem in problems:
        assert "49 sessions commit 49 × 1000 / 50 = 980 times a second" in problem.sentence
        assert "50 sessions or more" in problem.remedy
        assert "49ms or less" in problem.remedy


def test_commits_that_only_the_standby_delays_are_a_warning() -> None:
    paths = [wireguard_path(round_trip=1), vpn_path(standby=True, round_trip=50)]
    assert told(alone(committing(49), *paths)) == [("flows.orders.sessions", WARNING)]


def test_no_link_is_short_enough_for_a_single_session_with_too_many_commits() -> None:
    (problem,) = alone(committing(1, "2000/s"), vpn_path(round_trip=50))
    assert problem.remedy == "Commit from 100 sessions or more, or replicate asynchronously."


@pytest.mark.parametrize("missing", ["commits", "sessions"])
def test_a_synchronous_flow_says_how_it_commits(missing: str) -> None:
    flow = {key: value for key, value in committing(50).items() if key != missing}
    (problem,) = alone(flow, vpn_path())
    assert (problem.path, problem.severity, f"`{missing}`" in problem.remedy) == ("flows.orders", WARNING, True)


def test_synchronous_commits_over_the_internet_are_warned_of() -> None:
    flows = {"orders": ORDERS | {"bandwidth": "1Mbps"} | committing(50)}
    (problem,) = flow_problems(estate(LINKS, flows=flows), [vpn_path()])
    assert (problem.path, problem.severity) == ("flows.orders.synchronous", WARNING)


def test_a_flow_whose_link_cannot_be_planned_is_not_told_twice() -> None:
    assert alone(committing(1)) == []
    assert sums({"orders": ORDERS | {"bandwidth": "9Tbps"}}, []) == []
