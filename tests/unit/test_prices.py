"""An estimate adds up list prices whose source it can name, and names what it does not know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridge.planning.prices import Billed, monthly_estimate, prices

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


@given(st.dictionaries(st.sampled_from(sorted(prices())), QUANTITIES))
def test_the_total_is_the_sum_of_the_lines(quantities: dict[str, int]) -> None:
    estimate = monthly_estimate(Billed(item, "us-east-1", quantity) for item, quantity in quantities.items())
    assert estimate.unknown == []
    assert estimate.monthly == pytest.approx(sum(line.monthly for line in estimate.lines), abs=0.01 * len(quantities))
