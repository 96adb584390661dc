"""An estimate adds up list prices whose source it can name, and names what it does not know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridge.planning.prices import Billed, monthly_estimate, prices
from tests.conftest import planned

QUANTITIES = st.integers(min_value=1, max_value=10_000)


def test_every_price_names_its_source_and_date() -> None:
    for name, price in prices().items():
        assert price.source.startswith("https://"), name
        assert price.date, name
        assert price.price > 0, name
        assert price.regions, name


def test_hours_are_those_of_a_month() -> None:
    estimate = monthly_estimate([Billed("aws.vpn.connection", "us-east-1", 2)])
    (line,) = estimate.lines
    assert (line.arithmetic, line.monthly, estimate.monthly) == ("2 × 730 h × 0.05", 73.0, 73.0)
    assert line.source.startswith("https://aws.amazon.com/vpn/pricing/, 2025")


def test_data_and_monthly_prices_are_counted_as_they_are() -> None:
    estimate = monthly_estimate(
        [Billed("aws.transit-gateway.data", "us-east-1", 1000), Billed("aws.secrets-manager.secret", "us-east-1", 3)]
    )
    assert [line.arithmetic for line in estimate.lines] == ["1000 × 0.02", "3 × 0.40"]
    assert estimate.monthly == 21.2


def test_the_same_item_is_one_line() -> None:
    estimate = monthly_estimate([Billed("aws.public-ipv4", "us-east-1", 1), Billed("aws.public-ipv4", "us-east-1", 3)])
    assert [(line.quantity, line.monthly) for line in estimate.lines] == [(4, 14.6)]


@pytest.mark.parametrize(
    ("item", "region"), [("aws.ec2.c7gn.medium", "us-east-1"), ("aws.vpn.connection", "eu-central-1")]
)
def test_what_nobody_has_looked_up_is_named_and_not_guessed(item: str, region: str) -> None:
    estimate = monthly_estimate([Billed(item, region, 2), Billed("aws.public-ipv4", "us-east-1", 1)])
    assert estimate.unknown == [f"{item} in {region}"]
    assert (len(estimate.lines), estimate.monthly) == (1, 3.65)


def test_what_depends_on_traffic_is_named_and_not_counted() -> None:
    logs = Billed("aws.cloudwatch.logs", "us-east-1", None)
    estimate = monthly_estimate([logs, logs, Billed("aws.public-ipv4", "us-east-1", 1)])
    assert (estimate.uncounted, estimate.unknown) == (["aws.cloudwatch.logs in us-east-1"], [])
    assert (len(estimate.lines), estimate.monthly) == (1, 3.65)


@pytest.mark.parametrize(("gateways", "metrics"), [(1, 2), (2, 6), (3, 9)])
def test_every_metric_of_every_alarm_of_a_vpn_is_counted(declared: dict[str, Any], gateways: int, metrics: int) -> None:
    """Two alarms a connection; and where there are several one of the link, which reads a metric of each."""
    declared["sites"]["dc1"]["gateways"] = [
        {"name": f"edge-{number}", "public_ip": f"203.0.113.{number + 10}"} for number in range(gateways)
    ]
    if gateways == 1:
        declared["links"]["dc1-aws"]["accept_single_gateway"] = "a lab that may stop"
    lines = planned(declared).consequences.estimate.lines
    assert [line.quantity for line in lines if line.item == "aws.cloudwatch.alarm-metric"] == [metrics]


@pytest.mark.parametrize(("days", "uncounted"), [(None, []), (30, ["aws.cloudwatch.logs in us-east-1"])])
def test_logs_are_named_where_they_are_kept(declared: dict[str, Any], days: int | None, uncounted: list[str]) -> None:
    declared["links"]["dc1-aws"]["log_retention_days"] = days
    assert planned(declared).consequences.estimate.uncounted == uncounted


@given(st.dictionaries(st.sampled_from(sorted(prices())), QUANTITIES))
def test_the_total_is_the_sum_of_the_lines(quantities: dict[str, int]) -> None:
    estimate = monthly_estimate(Billed(item, "us-east-1", quantity) for item, quantity in quantities.items())
    assert estimate.unknown == []
    assert estimate.monthly == pytest.approx(sum(line.monthly for line in estimate.lines), abs=0.01 * len(quantities))
