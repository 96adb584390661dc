"""Draws an estate as a Mermaid flowchart, from the plan alone."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from hybridge.planning import Plan


def diagram(plan: Plan) -> str:
    """Return the estate as a Mermaid flowchart.

    Sites are boxes with their gateways and clusters, each tunnel is a line with its inside range: thick, or dotted
    where its link is a standby.
    """
    sites = [site.name for site in (*plan.onprem_sites, *plan.aws_sites)]
    gateways = [gateway.name for site in plan.onprem_sites for gateway in site.gateways]
    instances = [instance.name for link in plan.wireguards for instance in link.instances]
    # Numbers for identifiers, since Mermaid takes words such as `end` in them for its own.
    return _template().render(
        plan=plan,
        site_ids={name: f"s{index}" for index, name in enumerate(sites)},
        gateway_ids={name: f"g{index}" for index, name in enumerate(gateways)},
        instance_ids={name: f"i{index}" for index, name in enumerate(instances)},
        cluster_ids={cluster.name: f"c{index}" for index, cluster in enumerate(plan.clusters)},
        lines={True: "-.-", False: "==="},
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("hybridge", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - Mermaid, not HTML; every value was checked in topology/
    )
    return environment.get_template("diagram.mmd.j2")
