"""Draws an estate as a Mermaid flowchart, from the plan alone."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from hybridge.planning import Plan


def diagram(plan: Plan) -> str:
    """Return the estate as a Mermaid flowchart: sites as boxes, each tunnel a line with its inside range."""
    sites = [site.name for site in (*plan.onprem_sites, *plan.aws_sites)]
    gateways = [gateway.name for site in plan.onprem_sites for gateway in site.gateways]
    environment = Environment(
        loader=PackageLoader("hybridge", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - Mermaid, not HTML; every value was checked in topology/
    )
    # Numbers for identifiers, since Mermaid takes words such as `end` in them for its own.
    return environment.get_template("diagram.mmd.j2").render(
        plan=plan,
        site_ids={name: f"s{index}" for index, name in enumerate(sites)},
        gateway_ids={name: f"g{index}" for index, name in enumerate(gateways)},
    )
