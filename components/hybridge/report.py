"""What an estate says about itself, from the plan alone, so that a preview says it too."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypedDict

from hybridge.planning import AwsSitePlan, Plan, SiteToSiteVpnPlan, WireguardPlan

_WIREGUARD_SUITE = "WireGuard (Curve25519, ChaCha20-Poly1305)"
"""WireGuard has one suite, and no way to agree on another (https://www.wireguard.com/protocol/)."""


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
    standby: bool
    tunnels: list[TunnelReport]
    redundancy: str
    sla: str


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
    clusters: list[dict[str, Any]]
    """Each cluster with its ranges, the size of its pods' packets and its sets."""
    flows: list[dict[str, Any]]
    """By direction: what flows need, and what links carry now and after the worst failure, in bits per second."""
    failures: list[dict[str, Any]]
    """By pair of sites: what every single failure leaves."""
    sizes: dict[str, Any]
    """MTU and MSS, layer by layer and from end to end, and what is set where; in bytes."""
    neighbours: list[dict[str, Any]]
    """Every BGP session with its filters."""
    openings: list[dict[str, Any]]
    """What firewalls have to let through."""
    dns: dict[str, Any]
    """Which domains are forwarded where."""
    trust: dict[str, Any] | None
    """The root of trust, and who has an intermediate of it."""
    cost: dict[str, Any]
    """What the estate costs a month by list price, without traffic, and what is not known."""
    problems: list[ProblemReport]


def report(plan: Plan) -> Report:
    """Tell what the estate consists of and what is worth knowing about it."""
    found = plan.consequences
    told = [*(_vpn(plan, vpn) for vpn in plan.vpns), *(_wireguard(plan, link) for link in plan.wireguards)]
    links = {link["name"]: link for link in told}
    return Report(
        stack=plan.stack,
        sites=[*_onprem_sites(plan), *_aws_sites(plan)],
        links=[links[path.name] for path in plan.paths],
        clusters=[asdict(cluster) for cluster in plan.clusters],
        flows=[asdict(demand) for demand in found.demands],
        failures=[asdict(pair) for pair in found.pairs],
        sizes=asdict(found.mtu),
        neighbours=[asdict(neighbour) for neighbour in found.neighbours],
        openings=[asdict(opening) for opening in found.openings],
        dns=asdict(plan.dns),
        trust=asdict(plan.trust) if plan.trust else None,
        cost=asdict(found.estimate),
        problems=[
            ProblemReport(
                severity=problem.severity.value, path=problem.path, sentence=problem.sentence, remedy=problem.remedy
            )
            for problem in plan.warnings
        ],
    )


def _onprem_sites(plan: Plan) -> list[SiteReport]:
    return [
        SiteReport(
            name=site.name,
            kind="onprem",
            ranges=site.ranges,
            asn=site.asn,
            edge=", ".join(f"{gateway.name} {gateway.public_ip}" for gateway in site.gateways),
        )
        for site in plan.onprem_sites
    ]


def _aws_sites(plan: Plan) -> list[SiteReport]:
    return [
        SiteReport(name=site.name, kind="aws", ranges=site.ranges, asn=site.asn, edge=_edge(plan, site))
        for site in plan.aws_sites
    ]


def _edge(plan: Plan, site: AwsSitePlan) -> str:
    """Say what links attach to at an AWS site."""
    instances = [
        f"{instance.name} {instance.elastic_ip}".rstrip()
        for link in plan.wireguards
        if link.cloud == site.name
        for instance in link.instances
    ]
    hub = [site.hub.value.replace("-", " ")] if site.hub_wanted else []
    return f"{', '.join([*hub, *instances]) or 'nothing'} in {site.region}"


def _worth(plan: Plan, name: str) -> tuple[bool, str, str]:
    """Say whether a link is a standby, what one failure leaves of it, and what its vendor promises."""
    path = next(path for path in plan.paths if path.name == name)
    worth = next(link for link in plan.consequences.links if link.link == name)
    return path.standby, worth.sentence, worth.sla


def _vpn(plan: Plan, vpn: SiteToSiteVpnPlan) -> LinkReport:
    standby, redundancy, sla = _worth(plan, vpn.name)
    return LinkReport(
        name=vpn.name,
        between=[vpn.onprem, vpn.cloud],
        via="site-to-site-vpn",
        standby=standby,
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
        redundancy=redundancy,
        sla=sla,
    )


def _wireguard(plan: Plan, link: WireguardPlan) -> LinkReport:
    standby, redundancy, sla = _worth(plan, link.name)
    return LinkReport(
        name=link.name,
        between=[link.onprem, link.cloud],
        via="wireguard",
        standby=standby,
        tunnels=[
            {
                "name": tunnel.name,
                "from": f"{tunnel.gateway} {tunnel.device_address}",
                "to": f"{tunnel.instance} {tunnel.cloud_address}",
                "inside": tunnel.inside,
                "suite": _WIREGUARD_SUITE,
                "mtu": link.mtu,
                "mss": link.mss,
            }
            for tunnel in link.tunnels
        ],
        redundancy=redundancy,
        sla=sla,
    )
