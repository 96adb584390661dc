"""What stack files say of uplinks, tunnels and instances is what flows are held against, by everybody who shares it."""

from __future__ import annotations

from typing import Any

import pytest

from hybridge.planning import AddressBook, Plan, address_needs, limits
from hybridge.planning.capacity import capacity_problems, demands
from hybridge.planning.decisions import Decisions, decide
from hybridge.planning.flows import flow_problems
from hybridge.planning.redundancy import redundancy_sentence
from hybridge.planning.telling import packets_told
from hybridge.planning.wireguard import gateway_instance, instance_bandwidths, instance_cores
from hybridge.report import report
from hybridge.topology import Problem, Severity, Topology
from tests.conftest import planned
from tests.unit.ways import AWS, DC1, MEGABIT, VPN_LINK, WIREGUARD_LINK, estate

THERE = {"from": "dc1", "to": "aws-east"}
BACK = {"from": "aws-east", "to": "dc1"}
ERROR, WARNING = Severity.ERROR, Severity.WARNING
WAL = {"wal": THERE | {"bandwidth": "400Mbps", "burst": "800Mbps"}}


def datacentre(*uplinks: str | None) -> dict[str, Any]:
    """`dc1`, whose gateways have these uplinks."""
    gateways = [
        {"name": f"edge-{letter}", "public_ip": f"203.0.113.{10 + place}", **({"uplink": uplink} if uplink else {})}
        for place, (letter, uplink) in enumerate(zip("abcdef", uplinks, strict=False))
    ]
    return DC1 | {"gateways": gateways}


def decided(
    links: dict[str, Any], flows: dict[str, Any], *uplinks: str | None, **more: Any
) -> tuple[Topology, Decisions]:
    topology = estate(links, flows=flows, sites={"dc1": datacentre(*uplinks), **more})
    return topology, decide(topology, AddressBook("addresses.test.yaml").completed(address_needs(topology)))


def sums(links: dict[str, Any], flows: dict[str, Any], *uplinks: str | None, **more: Any) -> list[Problem]:
    """What is wrong with the sum of all flows, from what a stack file may say."""
    topology, decisions = decided(links, flows, *uplinks, **more)
    return list(capacity_problems(topology, decisions.paths))


def told(problems: list[Problem]) -> list[tuple[str, Severity]]:
    return [(problem.path, problem.severity) for problem in problems]


def test_a_database_writes_more_wal_than_its_uplinks_carry() -> None:
    """400 to 800 Mbps of WAL over lines of 150 Mbps: the replica would fall behind for ever."""
    (problem,) = sums({"dc1-aws": VPN_LINK}, WAL, "150Mbps", "150Mbps")
    assert told([problem]) == [("flows.wal.bandwidth", ERROR)]
    assert problem.sentence == (
        "From `dc1` to `aws-east` `wal` 400Mbps are needed, and `dc1-aws` carries 4 × 1.25Gbps = 5Gbps, yet `edge-a` "
        "has an uplink of 150Mbps and `edge-b` has an uplink of 150Mbps: 150Mbps + 150Mbps = 300Mbps."
    )
    assert problem.remedy == "Take faster uplinks, or ask for less."


def test_a_database_writes_more_wal_than_its_tunnel_is_to_carry() -> None:
    links = {"dc1-aws": VPN_LINK | {"bandwidth": "200Mbps"}}
    topology, decisions = decided(links, WAL, None, None)
    (problem,) = flow_problems(topology, decisions.paths)
    assert told([problem]) == [("flows.wal.burst", ERROR)]
    assert problem.sentence == (
        "A flow takes one tunnel, and one of `dc1-aws` carries 200Mbps by its `bandwidth`, not 800Mbps."
    )
    assert problem.remedy == "Split it into several flows, or take a higher `bandwidth`."


@pytest.mark.parametrize(
    ("bandwidth", "burst", "found"),
    [("200Mbps", "400Mbps", []), ("200Mbps", "400001Kbps", ["flows.wal.burst"]), ("1Mbps", "400Mbps", [])],
)
def test_the_uplinks_of_a_site_carry_its_flows_just_or_just_not(bandwidth: str, burst: str, found: list[str]) -> None:
    """Two lines of 200 Mbps; the loss of one is a warning of its own."""
    flows = {"wal": THERE | {"bandwidth": bandwidth, "burst": burst}}
    problems = sums({"dc1-aws": VPN_LINK}, flows, "200Mbps", "200Mbps")
    assert [problem.path for problem in problems if problem.severity is ERROR] == found


@pytest.mark.parametrize(("bandwidth", "found"), [("200Mbps", []), ("200001Kbps", [("flows.wal.bandwidth", WARNING)])])
def test_the_loss_of_a_gateway_leaves_the_others_uplink(bandwidth: str, found: list[tuple[str, Severity]]) -> None:
    flows = {"wal": THERE | {"bandwidth": bandwidth}}
    problems = sums({"dc1-aws": VPN_LINK}, flows, "300Mbps", "200Mbps")
    assert told(problems) == found
    for problem in problems:
        assert problem.sentence.endswith(
            "the loss of gateway edge-a leaves 200Mbps (2 tunnels of `dc1-aws`; `edge-b` has an uplink of 200Mbps)."
        )
        assert problem.remedy.startswith("Take faster uplinks")


def test_the_loss_of_a_tunnel_takes_nothing_from_an_uplink() -> None:
    """One of two tunnels still carries 1.25 Gbps, and the line 1 Gbps."""
    links = {"dc1-aws": VPN_LINK | {"accept_single_gateway": "a branch that may be offline"}}
    assert sums(links, {"wal": THERE | {"bandwidth": "1Gbps"}}, "1Gbps") == []


@pytest.mark.parametrize(("bandwidth", "found"), [("1.25Gbps", []), ("1250001Kbps", [WARNING])])
def test_the_loss_of_a_tunnel_matters_below_the_uplink(bandwidth: str, found: list[Severity]) -> None:
    links = {"dc1-aws": VPN_LINK | {"accept_single_gateway": "a branch that may be offline"}}
    problems = sums(links, {"wal": THERE | {"bandwidth": bandwidth}}, "2Gbps")
    assert [problem.severity for problem in problems] == found
    assert all("the loss of tunnel dc1-aws-edge-a-1 leaves 1.25Gbps" in problem.sentence for problem in problems)


def test_a_gateway_that_says_nothing_of_its_line_is_limited_by_its_tunnels() -> None:
    (problem,) = sums({"dc1-aws": VPN_LINK}, {"wal": THERE | {"bandwidth": "2700001Kbps"}}, "200Mbps", None)
    assert "yet `edge-a` has an uplink of 200Mbps: 200Mbps + 2.5Gbps = 2.7Gbps." in problem.sentence


def test_a_faster_line_than_the_tunnels_is_not_told() -> None:
    (problem,) = sums({"dc1-aws": VPN_LINK}, {"wal": THERE | {"bandwidth": "6Gbps"}}, "10Gbps", "2.5Gbps")
    assert problem.sentence.endswith("`dc1-aws` carries 4 × 1.25Gbps = 5Gbps.")


def test_many_uplinks_are_told_in_a_few_words() -> None:
    (problem,) = sums({"dc1-aws": VPN_LINK}, {"wal": THERE | {"bandwidth": "6Gbps"}}, *["100Mbps"] * 6)
    assert (
        "`edge-c` has an uplink of 100Mbps and 3 others have 300Mbps: 600Mbps through 6 gateways." in problem.sentence
    )


@pytest.mark.parametrize(("bandwidth", "found"), [("400Mbps", []), ("400001Kbps", [ERROR])])
def test_two_links_that_carry_at_the_same_time_share_the_uplinks(bandwidth: str, found: list[Severity]) -> None:
    """Both have both gateways, so two more tunnels each do not make a line faster."""
    flows = {"wal": THERE | {"bandwidth": bandwidth}}
    problems = sums({"dc1-aws": VPN_LINK, "dc1-too": VPN_LINK}, flows, "200Mbps", "200Mbps")
    assert [problem.severity for problem in problems if problem.severity is ERROR] == found


def test_a_standby_counts_when_the_others_are_down() -> None:
    links = {"dc1-wg": WIREGUARD_LINK, "dc1-aws": VPN_LINK | {"standby": True}}
    topology, decisions = decided(links, {"wal": THERE | {"bandwidth": "100Mbps"}}, "300Mbps", "200Mbps")
    (demand,) = demands(topology, decisions.paths)
    # WireGuard sends everything through one gateway, at the most the faster one; without that the other is left.
    assert (demand.links, demand.capacity) == (["dc1-wg"], 300 * MEGABIT)
    assert (demand.after_failure, demand.worst_failure) == (200 * MEGABIT, "gateway edge-a")


def elsewhere(flow: dict[str, Any]) -> dict[str, Any]:
    return {key: "aws-west" if site == "aws-east" else site for key, site in flow.items()}


@pytest.mark.parametrize("flow", [THERE, BACK])
@pytest.mark.parametrize(
    ("bandwidth", "found"),
    [("100Mbps", []), ("100001Kbps", [WARNING]), ("200Mbps", [WARNING]), ("200001Kbps", [ERROR])],
)
def test_links_to_two_sites_share_a_gateways_line(flow: dict[str, Any], bandwidth: str, found: list[Severity]) -> None:
    """Two lines of 200 Mbps for both sites; a single gateway's are 200 for both."""
    west = AWS | {"region": "us-west-2", "asn": 64513, "ranges": ["172.21.0.0/16"]}
    links = {"east": VPN_LINK, "west": VPN_LINK | {"between": ["dc1", "aws-west"]}}
    flows = {"one": flow | {"bandwidth": bandwidth}, "other": elsewhere(flow) | {"bandwidth": bandwidth}}
    # What each two sites need by themselves after a failure is told beside it.
    problems = [
        problem
        for problem in sums(links, flows, "200Mbps", "200Mbps", **{"aws-west": west})
        if "From" not in problem.sentence
    ]
    assert [problem.severity for problem in problems] == found
    for problem in problems:
        assert problem.path == "flows.one.bandwidth"
        assert problem.sentence.startswith("Out of `dc1` `one`" if flow is THERE else "Into `dc1` `one`")
        assert ("200Mbps + 200Mbps = 400Mbps" in problem.sentence) is (problem.severity is ERROR)
        assert ("loss of gateway edge-a leaves 200Mbps through the others" in problem.sentence) is (
            problem.severity is WARNING
        )


def test_the_report_shows_uplinks(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["gateways"][0]["uplink"] = "500Mbps"
    told = report(planned(declared))
    assert told["sites"][0]["edge"] == "edge-a 203.0.113.10 (uplink 500Mbps), edge-b 203.0.113.11"


@pytest.mark.parametrize(
    ("there", "back", "found"),
    [
        ("2Gbps", "1125Mbps", [WARNING]),  # 3.125 Gbps fit the interface, and one core is not known to encrypt it
        ("2Gbps", "1125001Kbps", [ERROR]),
        ("3Gbps", "3Gbps", [ERROR]),
        ("4Gbps", "1Mbps", [ERROR]),  # told of the one direction alone
        ("600Mbps", "400Mbps", []),
        ("600Mbps", "400001Kbps", [WARNING]),
    ],
)
def test_both_directions_share_a_gateway_instance(there: str, back: str, found: list[Severity]) -> None:
    """A c7gn.medium carries 3.125 Gbps in and as much out, and has one core."""
    flows = {"there": THERE | {"bandwidth": there}, "back": BACK | {"bandwidth": back}}
    assert [problem.severity for problem in sums({"dc1-wg": WIREGUARD_LINK}, flows, None, None)] == found


def test_what_the_interface_and_the_cores_carry_is_told() -> None:
    links = {"dc1-wg": WIREGUARD_LINK | {"instance_type": "c6in.xlarge"}}
    flows = {"there": THERE | {"bandwidth": "2Gbps"}, "back": BACK | {"bandwidth": "2Gbps"}}
    (problem,) = sums(links, flows, None, None)
    assert problem.sentence == (
        "Between `aws-east` and `dc1` `back` 2Gbps + `there` 2Gbps = 4Gbps are needed, and WireGuard on the 2 cores of "
        "a c6in.xlarge may not be counted on for more than 2Gbps, both directions together."
    )


@pytest.mark.parametrize(
    ("instance_type", "cores"),
    [
        ("c7gn.medium", 1),
        ("c7gn.large", 2),
        ("c6in.large", 1),
        ("c8a.large", 2),
        ("c8in.4xlarge", 8),
        ("c9.large", None),
    ],
)
def test_cores_of_instances(instance_type: str, cores: int | None) -> None:
    assert instance_cores(instance_type) == cores


def test_a_smaller_instance_is_what_a_failure_may_leave() -> None:
    """A c7gn.large has two cores for 1.5 Gbps of both directions, and a c7gn.medium one."""
    links = {
        "dc1-wg": WIREGUARD_LINK | {"instance_type": "c7gn.large"},
        "dc1-too": WIREGUARD_LINK | {"tunnel_network": "10.201.0.0/24", "port": 51_900},
    }
    flows = {"there": THERE | {"bandwidth": "1Gbps"}, "back": BACK | {"bandwidth": "500Mbps"}}
    (problem,) = sums(links, flows, None, None)
    assert problem.severity is WARNING
    assert problem.sentence.startswith("After the loss of link dc1-wg: between `aws-east` and `dc1` `there` 1Gbps")
    assert "the 1 core of a c7gn.medium" in problem.sentence
    assert sums(links, flows | {"there": THERE | {"bandwidth": "500Mbps"}}, None, None) == []


@pytest.mark.parametrize(("instance_type", "shared"), [("c7gn.medium", True), ("c7gn.2xlarge", False)])
def test_the_report_says_that_both_directions_share_a_capacity(instance_type: str, *, shared: bool) -> None:
    topology, decisions = decided(
        {"dc1-wg": WIREGUARD_LINK | {"instance_type": instance_type}},
        {"there": THERE | {"bandwidth": "1Mbps"}},
        None,
        None,
    )
    (demand,) = demands(topology, decisions.paths)
    assert demand.shared == shared


def test_every_recorded_type_has_cores() -> None:
    core = limits.number("wireguard.core")
    for name in instance_bandwidths():
        instance = gateway_instance(name)
        assert instance is not None
        assert instance.processing == instance.cores * core


@pytest.mark.parametrize(
    ("instance_type", "carried"),
    [
        ("c7gn.medium", "1Gbps, both directions together."),  # one core; the interface carries 3.125 Gbps
        ("c7g.medium", "520Mbps, both directions together."),  # the interface
        ("c7gn.2xlarge", "5Gbps."),  # one flow each way; 8 cores and 25 Gbps for both
    ],
)
def test_a_link_carries_up_to_the_least_of_interface_cores_and_flow(instance_type: str, carried: str) -> None:
    _, decisions = decided({"dc1-wg": WIREGUARD_LINK | {"instance_type": instance_type}}, {}, None, None)
    assert f"one at a time carries up to {carried} One of dc1 " in redundancy_sentence(decisions.paths[0])


@pytest.mark.parametrize(
    ("bandwidth", "told"),
    [
        (None, "140,000 packets a second, so that only packets of 1117 bytes or more on average fill its 1.25Gbps."),
        ("112Mbps", "only packets of 100 bytes or more on average fill its 112Mbps."),
        (
            "5Gbps",
            "packets of 1563 bytes or more on average would fill its 5Gbps: with 1446 it carries 4.6272Gbps.",
        ),
    ],
)
def test_small_packets_do_not_fill_a_tunnel(bandwidth: str | None, told: str) -> None:
    """1.25 Gbps / 140,000 / 8 = 1116.07 bytes; 112 Mbps / 140,000 / 8 = 100; 5 Gbps / 400,000 / 8 = 1562.5."""
    link = VPN_LINK if bandwidth is None else VPN_LINK | {"bandwidth": bandwidth}
    _, decisions = decided({"dc1-aws": link}, {}, None, None)
    assert packets_told(decisions.paths[0]).endswith(told)


def test_the_report_tells_of_packets(plan: Plan) -> None:
    (link,) = report(plan)["links"]
    assert link["packets"].startswith("A tunnel carries up to 140,000 packets a second")
