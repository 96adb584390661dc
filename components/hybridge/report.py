"""What an estate says about itself, from the plan alone, so that a preview says it too."""

from __future__ import annotations

from typing import TypedDict

from hybridge.planning import Plan, SiteToSiteVpnPlan
from hybridge.topology import Problem


class SiteReport(TypedDict):
    """A site."""

    name: str
    kind: str
    ranges: list[str]
    asn: int
    edge: str


TunnelReport = TypedDict(
    "TunnelReport",
    {"name": str, "from": str, "to": str, "inside": str, "suite": str, "mtu": int, "mss": int},
)
"""A tunnel; `mtu` and `mss` in bytes."""


class LinkReport(TypedDict):
    """A link with its tunnels."""

    name: str
    between: list[str]
    via: str
    tunnels: list[TunnelReport]
    redundancy: str


class ProblemReport(TypedDict):
    """A problem that does not stop the estate."""

    severity: str
    path: str
    sentence: str
    remedy: str


class Report(TypedDict):
    """The stack output `report`."""

    stack: str
    sites: list[SiteReport]
    links: list[LinkReport]
    problems: list[ProblemReport]


def report(plan: Plan) -> Report:
    """Tell what the estate consists of and what is worth knowing about it."""
    onprem = [
        SiteReport(
            name=site.name,
            kind="onprem",
            ranges=site.ranges,
            asn=site.asn,
            edge=", ".join(f"{gateway.name} {gateway.public_ip}" for gateway in site.gateways),
        )
        for site in plan.onprem_sites
    ]
    aws = [
        SiteReport(
            name=site.name,
            kind="aws",
            ranges=site.ranges,
            asn=site.asn,
            edge=f"transit gateway in {site.region}",
        )
        for site in plan.aws_sites
    ]
    return Report(
        stack=plan.stack,
        sites=[*onprem, *aws],
        links=[_link(vpn) for vpn in plan.vpns],
        problems=[_problem(problem) for problem in plan.warnings],
    )


def _link(vpn: SiteToSiteVpnPlan) -> LinkReport:
    return LinkReport(
        name=vpn.name,
        between=[vpn.onprem, vpn.cloud],
        via="site-to-site-vpn",
        tunnels=[
            {
                "name": tunnel.name,
                "from": f"{connection.gateway} {tunnel.device_address}",
                "to": f"{vpn.cloud} {tunnel.cloud_address}",
                "inside": tunnel.inside,
                "suite": vpn.suite.summary,
                "mtu": vpn.mtu,
                "mss": vpn.mss,
            }
            for connection in vpn.connections
            for tunnel in connection.tunnels
        ],
        redundancy=vpn.redundancy,
    )


def _problem(problem: Problem) -> ProblemReport:
    return ProblemReport(
        severity=problem.severity.value, path=problem.path, sentence=problem.sentence, remedy=problem.remedy
    )
