"""What an estate says about itself, from the plan alone, so that a preview says it too."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypedDict

from hybridge.planning import AwsSitePlan, OnpremGateway, Plan, SiteToSiteVpnPlan, Tunnel, WireguardPlan
from hybridge.planning.paths import LinkPath
from hybridge.planning.redundancy import LinkRedundancy
from hybridge.planning.telling import packets_told
from hybridge.planning.wireguard_model import WireguardTunnel
from hybridge.topology import written_bandwidth

_WIREGUARD_SUITE = "WireGuard (Curve25519, ChaCha20-Poly1305)"
"""WireGuard has one suite, and no way to agree on another (https://www.wireguard.com/protocol/)."""


class GatewayReport(TypedDict):
    """A gateway that a person runs."""

    name: str
    public_ip: str
    lan_address: str
    """Where the site's other gateways reach it; empty: it is not said."""


class SiteReport(TypedDict):
    """A site."""

    name: str
    kind: str
    ranges: list[str]
    asn: int
    edge: str
    gateways: list[GatewayReport]
    """Those that a person runs; a cloud's are its own."""
    next_hop: str
    """What is left to the site's own network; empty: nothing."""


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
    packets: str
    """How large packets are that fill a tunnel; empty: its packets are not counted."""


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
    """Each cluster with its ranges, the size of its pods' packets, its sets, and the route that its pods need."""
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
    tunnels = {vpn.name: _vpn_tunnels(vpn) for vpn in plan.vpns}
    tunnels |= {link.name: _wireguard_tunnels(link) for link in plan.wireguards}
    worth = {link.link: link for link in found.links}
    return Report(
        stack=plan.stack,
        sites=[*_onprem_sites(plan), *_aws_sites(plan)],
        links=[_link(path, tunnels[path.name], worth[path.name]) for path in plan.paths],
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
    uplinks = {gateway: uplink for path in plan.paths for gateway, uplink in path.uplinks.items()}
    left = {each.site: each.sentence for each in plan.consequences.sites}
    return [
        SiteReport(
            name=site.name,
            kind="onprem",
            ranges=site.ranges,
            asn=site.asn,
            edge=", ".join(_gateway(gateway, uplinks.get(gateway.name)) for gateway in site.gateways),
            gateways=[
                GatewayReport(name=each.name, public_ip=each.public_ip, lan_address=each.lan_address)
                for each in site.gateways
            ],
            next_hop=left.get(site.name, ""),
        )
        for site in plan.onprem_sites
    ]


def _gateway(gateway: OnpremGateway, uplink: int | None) -> str:
    told = f"{gateway.name} {gateway.public_ip}"
    return told if uplink is None else f"{told} (uplink {written_bandwidth(uplink)})"


def _aws_sites(plan: Plan) -> list[SiteReport]:
    return [
        SiteReport(
            name=site.name,
            kind="aws",
            ranges=site.ranges,
            asn=site.asn,
            edge=_edge(plan, site),
            gateways=[],
            next_hop="",
        )
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


def _link(path: LinkPath, tunnels: list[TunnelReport], worth: LinkRedundancy) -> LinkReport:
    return LinkReport(
        name=path.name,
        between=list(path.sites),
        via=path.via,
        standby=path.standby,
        tunnels=tunnels,
        redundancy=worth.sentence,
        sla=worth.sla,
        packets=packets_told(path),
    )


def _vpn_tunnels(vpn: SiteToSiteVpnPlan) -> list[TunnelReport]:
    return [
        _tunnel(vpn, tunnel, connection.gateway, vpn.cloud, vpn.suite.summary)
        for connection in vpn.connections
        for tunnel in connection.tunnels
    ]


def _wireguard_tunnels(link: WireguardPlan) -> list[TunnelReport]:
    return [_tunnel(link, tunnel, tunnel.gateway, tunnel.instance, _WIREGUARD_SUITE) for tunnel in link.tunnels]


def _tunnel(
    link: SiteToSiteVpnPlan | WireguardPlan, tunnel: Tunnel | WireguardTunnel, near: str, far: str, suite: str
) -> TunnelReport:
    return {
        "name": tunnel.name,
        "from": f"{near} {tunnel.device_address}",
        "to": f"{far} {tunnel.cloud_address}",
        "inside": tunnel.inside,
        "suite": suite,
        "mtu": link.mtu,
        "mss": link.mss,
    }
