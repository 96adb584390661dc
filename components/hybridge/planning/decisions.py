"""Decides what an estate consists of, link by link and site by site, and what follows from that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from hybridge.topology import AwsSite, OnpremSite, Problem, Topology

from .addresses import AddressBook
from .aws import aws_site_plan
from .aws_parts import links_by_site
from .bill import billed
from .capacity import demands
from .clusters import pods_route
from .dns import dns_plan
from .dns_model import DnsPlan
from .handover import handover_neighbours
from .model import AwsSitePlan, OnpremSitePlan, SiteToSiteVpnPlan
from .mtu_plan import mtu_plan, pod_mtu
from .onprem import onprem_site_plan
from .openings import openings
from .paths import LinkPath
from .prices import monthly_estimate
from .recording import missing_problems
from .redundancy import link_redundancy, pair_redundancy, site_redundancy
from .routing import neighbours
from .trust import trust_plan
from .vpn import VpnEnds, vpn_ends, vpn_plan
from .vpn import link_path as vpn_path
from .whole import ClusterPlan, Consequences, Plan
from .wireguard import WireguardEnds, wireguard_ends, wireguard_plan
from .wireguard import link_path as wireguard_path
from .wireguard_model import WireguardPlan


@dataclass(frozen=True)
class Decisions:
    """The links of an estate, decided as far as their ends are known."""

    vpn_ends: list[VpnEnds]
    wireguard_ends: list[WireguardEnds]
    vpns: list[SiteToSiteVpnPlan]
    wireguards: list[WireguardPlan]
    paths: list[LinkPath]
    """Every decided link as a way for traffic, in the stack file's order."""


def decide(topology: Topology, book: AddressBook) -> Decisions:
    """Decide the links.

    :param topology: what a person declared, with problems or without
    :param book: addresses for as many tunnels as there are addresses
    """
    vpns, wireguards = list(vpn_ends(topology)), list(wireguard_ends(topology))
    if any(missing_problems(topology, book, "")):
        return Decisions(vpns, wireguards, [], [], [])
    vpn_plans = [vpn_plan(topology, ends, book) for ends in vpns]
    wireguard_plans = [wireguard_plan(topology, ends, book) for ends in wireguards]
    paths = [
        *(vpn_path(ends, plan) for ends, plan in zip(vpns, vpn_plans, strict=True)),
        *(wireguard_path(ends, plan) for ends, plan in zip(wireguards, wireguard_plans, strict=True)),
    ]
    order = {name: index for index, name in enumerate(topology.links)}
    return Decisions(vpns, wireguards, vpn_plans, wireguard_plans, sorted(paths, key=lambda path: order[path.name]))


def told_plan(topology: Topology, decisions: Decisions, stack: str, warnings: list[Problem]) -> Plan:
    """Make the plan of a topology that has no problem but warnings."""
    at = links_by_site(topology)
    aws_sites = [
        aws_site_plan(topology, name, site, at[name])
        for name, site in topology.sites.items()
        if isinstance(site, AwsSite)
    ]
    onprem_sites = _onprem_sites(topology, decisions)
    dns = dns_plan(topology)
    return Plan(
        stack=stack,
        onprem_sites=onprem_sites,
        aws_sites=aws_sites,
        vpns=decisions.vpns,
        wireguards=decisions.wireguards,
        paths=decisions.paths,
        clusters=_clusters(topology),
        dns=dns,
        trust=trust_plan(topology),
        allow_replacement=list(topology.allow_replacement),
        consequences=_consequences(topology, decisions, onprem_sites, aws_sites, dns),
        warnings=warnings,
    )


def _onprem_sites(topology: Topology, decisions: Decisions) -> list[OnpremSitePlan]:
    vpns: defaultdict[str, list[SiteToSiteVpnPlan]] = defaultdict(list)
    for vpn in decisions.vpns:
        vpns[vpn.onprem].append(vpn)
    wireguards: defaultdict[str, list[WireguardPlan]] = defaultdict(list)
    for link in decisions.wireguards:
        wireguards[link.onprem].append(link)
    return [
        onprem_site_plan(name, site, vpns[name], wireguards[name])
        for name, site in topology.sites.items()
        if isinstance(site, OnpremSite)
    ]


def _clusters(topology: Topology) -> list[ClusterPlan]:
    sets: defaultdict[str, list[str]] = defaultdict(list)
    for group, cluster_set in topology.cluster_sets.items():
        for name in dict.fromkeys(cluster_set.clusters):
            sets[name].append(group)
    return [
        ClusterPlan(
            name=name,
            site=cluster.site,
            kind=cluster.kind.value,
            pods=str(cluster.pods),
            services=str(cluster.services),
            pod_mtu=pod_mtu(topology, cluster),
            sets=sets[name],
            route=pods_route(topology, cluster),
        )
        for name, cluster in topology.clusters.items()
    ]


def _consequences(
    topology: Topology,
    decisions: Decisions,
    onprem_sites: Sequence[OnpremSitePlan],
    aws_sites: Sequence[AwsSitePlan],
    dns: DnsPlan,
) -> Consequences:
    paths = decisions.paths
    return Consequences(
        demands=demands(topology, paths),
        links=link_redundancy(paths),
        sites=site_redundancy(paths),
        pairs=pair_redundancy(paths),
        mtu=mtu_plan(topology, paths),
        neighbours=[*neighbours(topology, paths), *handover_neighbours(onprem_sites)],
        openings=list(openings(topology, onprem_sites, decisions.vpns, decisions.wireguards, dns)),
        estimate=monthly_estimate(billed(topology, decisions.vpns, decisions.wireguards, aws_sites, dns)),
    )
