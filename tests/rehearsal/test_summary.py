"""The summary: everything a person wants to know after `up`, in a hundred columns, with and without colour."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rehearsal.summary import Facts, parse_report, show_summary


def tunnel(name: str, mtu: int = 1446) -> dict[str, Any]:
    return {
        "name": name,
        "from": "edge-a 169.254.6.2",
        "to": "aws-east 169.254.6.1",
        "inside": "169.254.6.0/30",
        "suite": "IKEv2 AES-256-GCM SHA-384 DH 20",
        "mtu": mtu,
        "mss": mtu - 40,
    }


REPORT: dict[str, Any] = {
    "stack": "dev",
    "sites": [
        {"name": "dc1", "kind": "onprem", "ranges": ["10.100.0.0/16"], "asn": 65010, "edge": "edge-a, edge-b"}
        | {"next_hop": "Its hosts need a next hop."},
        {"name": "aws-east", "kind": "aws", "ranges": ["172.20.0.0/16"], "asn": 64512, "edge": "transit gateway"},
    ],
    "links": [
        {
            "name": "dc1-aws",
            "between": ["dc1", "aws-east"],
            "via": "site-to-site-vpn",
            "redundancy": "any gateway may fail",
            "tunnels": [tunnel("dc1-aws-edge-a-1"), tunnel("dc1-aws-edge-a-2")],
        }
    ],
    "problems": [
        {"severity": "warning", "path": "links.dc1-aws", "sentence": "One carrier.", "remedy": "Order another."}
    ],
}


def shown(report: object, *, findings: tuple[str, ...] = (), width: int = 100, colour: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=colour, highlight=False)
    facts = Facts(
        headline="12 created",
        seconds=75.2,
        findings=findings,
        objects=9,
        written=[Path("/project/.rehearsal/dev/devices/edge-a/frr.conf")],
        logs=Path("/project/.rehearsal/dev/logs"),
        root=Path("/project"),
    )
    show_summary(console, "dev", parse_report(report), facts)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_what_is_left_to_a_sites_own_network_stands_below_the_sites() -> None:
    assert "dc1: Its hosts need a next hop." in shown(REPORT).splitlines()
    assert "aws-east: " not in shown(REPORT)


def test_it_tells_sites_links_tunnels_sizes_problems_files_and_time() -> None:
    text = shown(REPORT)
    for told in (
        "10.100.0.0/16",
        "64512",
        "dc1 ↔ aws-east",
        "any gateway may fail",
        "dc1-aws-edge-a-2",
        "169.254.6.0/30",
        "packets of 1446 bytes (MTU), TCP segments of 1406 bytes",
        "pinned to IKEv2 AES-256-GCM SHA-384 DH 20",
        "warning at links.dc1-aws: One carrier.",
        "Order another.",
        "  .rehearsal/dev/devices/edge-a/frr.conf",
        "12 created in 1 min 15 s",
    ):
        assert told in text


def test_it_fits_a_hundred_columns_and_needs_no_colour() -> None:
    text = shown(REPORT)
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "\x1b" not in text
    assert "\x1b[" in shown(REPORT, colour=True)


def test_tunnels_that_differ_show_each_its_size() -> None:
    report = {**REPORT, "links": [{**REPORT["links"][0], "tunnels": [tunnel("one"), tunnel("two", mtu=1400)]}]}
    text = shown(report)
    assert "MTU" in text
    assert "1400" in text
    assert "Every tunnel carries" not in text


def test_names_that_look_like_markup_are_shown_as_they_are() -> None:
    report = {**REPORT, "sites": [{"name": "[red]dc[/red]", "kind": "onprem", "ranges": ["[bold]"], "edge": "[i]e"}]}
    text = shown(report)
    assert "[red]dc[/red]" in text
    assert "[bold]" in text
    assert "[i]e" in text


def test_no_problem_is_told_too() -> None:
    assert "Problems: none" in shown({**REPORT, "problems": []})


@pytest.mark.parametrize(
    ("monthly", "unknown", "told"),
    [
        (197.7, (), "197.70 USD a month by list price, without traffic"),
        (
            2498.8,
            ("aws.a in eu-central-1",),
            "at least 2,498.80 USD a month by list price, without traffic; not known in eu-central-1: aws.a",
        ),
        (
            0,
            ("aws.b in us-west-2", "aws.a in eu-central-1", "aws.c in us-west-2"),
            "not known in us-west-2: aws.b, aws.c; in eu-central-1: aws.a",
        ),
    ],
)
@pytest.mark.parametrize("uncounted", [(), ("aws.logs in us-east-1",)])
def test_a_cost_is_a_figure_only_as_far_as_it_is_known(
    monthly: float, unknown: tuple[str, ...], told: str, uncounted: tuple[str, ...]
) -> None:
    traffic = "; not counted, as it depends on traffic: aws.logs in us-east-1" if uncounted else ""
    cost = {"monthly": monthly, "unknown": unknown, "uncounted": uncounted}
    assert f"Cost: {told}{traffic}" in shown({**REPORT, "cost": cost}).splitlines()


def test_what_costs_nothing_has_no_cost() -> None:
    assert "Cost" not in shown(REPORT)


@pytest.mark.parametrize("report", [None, 7, "no report", {"sites": "none"}, ["x"]])
def test_an_estate_without_a_report_shows_what_there_is(report: object) -> None:
    text = shown(report)
    assert "12 created" in text
    assert "Problems" not in text


def test_a_report_may_arrive_as_text() -> None:
    assert parse_report('{"sites": [{"name": "dc1", "kind": "onprem"}]}') is not None


def test_a_difference_between_clouds_and_state_takes_the_place_of_the_praise() -> None:
    text = shown(REPORT, findings=("Orphan: a", "Ghost: b"))
    assert "Orphan: a\n" in text
    assert "Ghost: b\n" in text
    assert "the state says the same" not in text
