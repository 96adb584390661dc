"""Vendors' figures are data: each with its source and date, each read by somebody, none twice."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from hybridge.planning import limits
from hybridge.topology import Cni
from tests.conftest import ROOT

HYBRIDGE = ROOT / "components" / "hybridge"
FAMILIES = {f"cni.{cni.value}.overhead" for cni in Cni} | {
    f"aws.vpn.{size}-tunnel.{figure}" for size in ("standard", "large") for figure in ("bandwidth", "packets")
}
"""Limits whose names are put together, one for each member of an enum."""


def test_every_limit_says_what_it_is_and_where_it_comes_from() -> None:
    for name, limit in limits.limits().items():
        assert limit.source.startswith("https://"), name
        assert any(figure.isdigit() for figure in limit.date) or limit.date.startswith("undated"), name
        assert limit.unit, name
        assert limit.scope, name


@pytest.mark.parametrize("file", ["limits.yaml", "prices.yaml"])
def test_no_figure_is_entered_twice(file: str) -> None:
    """Of two entries of one name YAML's plain reader keeps the last, without a word; this one refuses them."""
    assert YAML(typ="safe").load(HYBRIDGE / "planning" / file)


def test_every_limit_is_read_by_somebody() -> None:
    modules = [*HYBRIDGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    unread = [name for name in limits.limits() if f'"{name}"' not in code and f"'{name}'" not in code]
    assert set(unread) <= FAMILIES


def test_a_limit_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"aws\.vpn\.nothing"):
        limits.number("aws.vpn.nothing")


def test_spans_and_bounds_are_in_order() -> None:
    for name in ("aws.vpc.prefix-lengths", "aws.vpn.ike-lifetime", "aws.vpn.child-lifetime"):
        least, most = limits.bounds(name)
        assert least < most, name
    for least, most in limits.spans("aws.hub.private-asns"):
        assert least < most
