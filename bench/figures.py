"""What a benchmark makes of its measurements: medians with their spread, ratios, exponents, and goals."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Goal:
    """A figure that the project holds itself to.

    Attributes:
        what: what was measured.
        values: one value a round.
        most: what the median may be at the most; None where the figure is only told.
        unit: of the values; nothing for ratios and exponents.
    """

    what: str
    values: Sequence[float]
    most: float | None
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the median is within the goal, at the precision that it is told with."""
        return self.most is None or round(statistics.median(self.values), 2) <= self.most


def spread(values: Sequence[float], unit: str = "") -> str:
    """The median with the least and the greatest value."""
    if not values:
        return "–"
    told = f"{statistics.median(values):.2f}{unit}"
    return told if len(values) == 1 else f"{told} ({min(values):.2f}–{max(values):.2f})"


def ratios(dividends: Sequence[float], divisors: Sequence[float]) -> list[float]:
    """The ratio of each round: what disturbs a machine disturbs both halves of a round."""
    return [dividend / divisor for dividend, divisor in zip(dividends, divisors, strict=True)]


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The exponent k of `cost ~ size^k`: the slope of the line through the logarithms, by least squares."""
    return statistics.linear_regression([math.log(size) for size in sizes], [math.log(cost) for cost in costs]).slope


def goals_table(goals: Sequence[Goal]) -> Table:
    """Every goal, with what was measured and whether it is met."""
    table = Table("goal", "median (min–max)", "at most", "met", title="Goals", title_justify="left")
    for goal in goals:
        most, met = ("–", "–") if goal.most is None else (f"{goal.most:g}{goal.unit}", "yes" if goal.met else "no")
        table.add_row(goal.what, spread(goal.values, goal.unit), most, met)
    return table
