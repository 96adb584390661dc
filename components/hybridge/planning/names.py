"""Finds names that two things of the estate would share, where names are joined of parts that may hold hyphens.

Link `dc1-aws` with gateway `edge-a` and link `dc1-aws-edge` with gateway `a` are both `dc1-aws-edge-a`: the engine
would refuse the second resource, and one tunnel's key would take the other's place. Nothing is renamed for that, as a
name in the state is forever; whoever declares the second one is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hybridge.topology import AwsSite, Problem, Topology, Wireguard, path_of

from .dns import dns_plan
from .dns_problems import resolver_place
from .protected import ROOT
from .routing import announced
from .trust import mesh_clusters
from .vpn import VpnEnds
from .wireguard import WireguardEnds


@dataclass(frozen=True)
class _Origin:
    """What a name stands for."""

    told: str
    path: str
    """Where it is declared."""


_Named: TypeAlias = Iterator[tuple[str, _Origin]]


def name_problems(
    topology: Topology, vpns: Sequence[VpnEnds], wireguards: Sequence[WireguardEnds]
) -> Iterator[Problem]:
    """Find names that stand for two things of one kind.

    :param topology: what a person declared
    :param vpns: its site-to-site VPN links whose ends exist
    :param wireguards: its WireGuard links whose ends exist
    """
    for kind in (
        _ends(topology, vpns, wireguards),
        _fixed_routes(topology, wireguards),
        _route_tables(topology),
        _subscriptions(topology),
        _resolver_rules(topology),
        _authorities(topology),
    ):
        yield from _shared(kind)


def _shared(kind: _Named) -> Iterator[Problem]:
    owners: dict[str, _Origin] = {}
    for name, origin in kind:
        owner = owners.setdefault(name, origin)
        if owner != origin:
            yield Problem(
                origin.path,
                f"`{name}` would be {owner.told} and {origin.told}, and each name stands for one thing.",
                "Give the one that does not exist yet another name.",
            )


def _ends(topology: Topology, vpns: Sequence[VpnEnds], wireguards: Sequence[WireguardEnds]) -> _Named:
    """Return the names that connections, tunnels, keys, rules and gateway instances are called after."""
    by_name = {ends.name: ends for ends in (*vpns, *wireguards)}
    for name in topology.links:
        ends, place = by_name.get(name), path_of("links", name)
        for gateway in ends.onprem.gateways if ends else ():
            yield f"{name}-{gateway.name}", _Origin(f"gateway `{gateway.name}` in link `{name}`", place)
        if isinstance(ends, WireguardEnds):
            for number in range(1, ends.instances + 1):
                yield ends.instance_name(number), _Origin(f"gateway instance {number} of link `{name}`", place)


def _fixed_routes(topology: Topology, wireguards: Sequence[WireguardEnds]) -> _Named:
    """Return the names of routes to a single instance."""
    for ends in wireguards:
        if ends.instances == 1:
            origin = _Origin(f"a route of link `{ends.name}`", path_of("links", ends.name))
            for table in ends.cloud.vpc.route_tables if ends.cloud.vpc else [ends.cloud_name]:
                for network in announced(topology, ends.name, ends.onprem_name):
                    yield f"{ends.name}-{table}-{network}", origin


def _route_tables(topology: Topology) -> _Named:
    """Return the names of new VPCs' route tables."""
    sites = [name for name, site in topology.sites.items() if isinstance(site, AwsSite) and site.vpc is None]
    joined = {end for link in topology.links.values() if isinstance(link, Wireguard) for end in link.between}
    for name in sites:
        yield name, _Origin(f"the route table of site `{name}`", path_of("sites", name))
    for name in sites:
        if name in joined:
            told = f"the route table of the gateway subnets of site `{name}`"
            yield f"{name}-gateway", _Origin(told, path_of("sites", name))


def _subscriptions(topology: Topology) -> _Named:
    for name, site in topology.sites.items():
        if isinstance(site, AwsSite) and site.alarms:
            for email in dict.fromkeys(site.alarms.emails):
                told = f"the subscription of `{email}` at site `{name}`"
                yield f"{name}-{email}", _Origin(told, path_of("sites", name, "alarms"))


def _resolver_rules(topology: Topology) -> _Named:
    for plan in dns_plan(topology).aws_sites:
        for domain in dict.fromkeys([*(forward.domain for forward in plan.forwards), *plan.kept]):
            told = f"the rule for `{domain}` at site `{plan.site}`"
            yield f"{plan.site}-{domain}", _Origin(told, resolver_place(topology, plan.site))


def _authorities(topology: Topology) -> _Named:
    """Return the names of authorities: `allow_replacement` of one is that of everything that is called so."""
    if topology.trust is not None:
        yield ROOT, _Origin("the root of trust", "trust")
        for name in mesh_clusters(topology):
            yield name, _Origin(f"the authority of cluster `{name}`", path_of("clusters", name))
