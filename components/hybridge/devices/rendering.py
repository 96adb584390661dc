"""Renders the templates of this package; a name that a template does not know is an error."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, cast

from jinja2 import Environment, PackageLoader, StrictUndefined

_LONGEST_ACCEPTED: Final = 28
"""No network of a VPC is longer (limits.yaml, aws.vpc.prefix-lengths), and a datacentre's hosts are nobody's route."""
_HOST: Final = 32


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hybridge.devices"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - device syntax, not HTML; every value was checked in topology/
    )
    cast("dict[str, Any]", environment.filters)["or_longer"] = or_longer
    return environment


def or_longer(network: str) -> str:
    """Write a network and its parts for an FRR prefix list: `10.100.0.0/16 le 28`."""
    length = int(network.rpartition("/")[2])
    longest = _LONGEST_ACCEPTED if length < _LONGEST_ACCEPTED else _HOST
    return f"{network} le {longest}" if length < longest else network


def render(template: str, **values: object) -> str:
    """Render the template of this name."""
    return _environment().get_template(f"{template}.j2").render(values)
