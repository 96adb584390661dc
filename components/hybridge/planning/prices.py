"""What an estate costs a month by list price, from prices.yaml, each figure with its source and date.

A price that nobody has looked up, or not for that Region, is named as unknown, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from .figures import figures

_HOURS: Final = 365 * 24 // 12
"""Hours in a month: 730."""


class Unit(StrEnum):
    """What is counted."""

    HOUR = "hour"
    MONTH = "month"
    GIGABYTE = "GB"


class Price(BaseModel):
    """One price, and where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    price: Decimal
    currency: Literal["USD"]
    unit: Unit
    regions: list[str]
    """Where it holds."""
    scope: str
    source: str
    date: str


@dataclass(frozen=True)
class Billed:
    """Something that is paid for."""

    item: str
    """Its name in prices.yaml, or a name that stands there one day."""
    region: str
    quantity: int | None
    """How many there are all month; of data, gigabytes a month. None: as much as traffic brings, so it is not counted.
    """


@dataclass(frozen=True)
class EstimateLine:
    """One item of an estimate."""

    item: str
    region: str
    quantity: int
    arithmetic: str
    """`4 × 730 h × 0.05`."""
    monthly: float
    """In US dollars."""
    source: str


@dataclass(frozen=True)
class Estimate:
    """What an estate costs a month by list price, as far as that is known."""

    monthly: float
    """In US dollars."""
    lines: list[EstimateLine]
    unknown: list[str]
    """What is paid for as well, at a price that is not known here: `aws.ec2.c7gn.medium in us-east-1`."""
    uncounted: list[str] = field(default_factory=list[str])
    """What is paid for as well, by a quantity that depends on traffic: `aws.cloudwatch.logs in us-east-1`."""


@cache
def prices() -> dict[str, Price]:
    """Return every price by name."""
    return TypeAdapter(dict[str, Price]).validate_python(figures("prices.yaml"))


def monthly_estimate(billed: Iterable[Billed]) -> Estimate:
    """Add up what things cost a month; the same item of one Region is one line."""
    counts: dict[tuple[str, str], int] = {}
    uncounted: dict[str, None] = {}
    for each in billed:
        if each.quantity is None:
            uncounted[f"{each.item} in {each.region}"] = None
        else:
            counts[each.item, each.region] = counts.get((each.item, each.region), 0) + each.quantity
    lines: list[EstimateLine] = []
    unknown: list[str] = []
    total = Decimal()
    for (item, region), quantity in counts.items():
        price = prices().get(item)
        if price is None or region not in price.regions:
            unknown.append(f"{item} in {region}")
            continue
        hours = _HOURS if price.unit is Unit.HOUR else 1
        amount = price.price * hours * quantity
        total += amount
        times = f" × {_HOURS} h" if price.unit is Unit.HOUR else ""
        arithmetic = f"{quantity}{times} × {price.price}"
        lines.append(EstimateLine(item, region, quantity, arithmetic, _cents(amount), f"{price.source}, {price.date}"))
    return Estimate(_cents(total), lines, unknown, list(uncounted))


def _cents(amount: Decimal) -> float:
    return float(amount.quantize(Decimal("0.01")))
