"""Finds what only all routes of a cloud site together show: more than AWS takes, and networks that share a number.

What is wrong with the numbers and routes of one link by itself is found where that kind of link is planned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from hybridge.topology import AwsHub, AwsSite, OnpremSite, Problem, Severity, Topology, Wireguard, path_of

from . import limits
from .routing import announced, owned
from .wireguard_shape import instance_count

_FROM_CUSTOMER = {
    AwsHub.TRANSIT_GATEWAY: "aws.vpn.routes-from-customer",
    AwsHub.VIRTUAL_PRIVATE_GATEWAY: "aws.vpn.virtual-gateway.routes-from-customer",
}
_TO_CUSTOMER = {
    AwsHub.TRANSIT_GATEWAY: "aws.vpn.routes-to-customer",
    AwsHub.VIRTUAL_PRIVATE_GATEWAY: "aws.vpn.virtual-gateway.routes-to-customer",
}


@dataclass
class _Joined:
    """The on-premises sites that links join to one AWS site, each with the number of routes that it brings."""

    over_hub: dict[str, int] = field(default_factory=dict[str, int])
    by_instances: dict[str, int] = field(default_factory=dict[str, int])
    """By WireGuard with a Route Server, which propagates them."""
    by_instance: dict[str, int] = field(default_factory=dict[str, int])
    """By WireGuard with a single instance, to which fixed routes lead."""

    @property
    def sites(self) -> list[str]:
        return [*{**self.over_hub, **self.by_instances, **self.by_instance}]


def routing_problems(topology: Topology) -> Iterator[Problem]:
    """Find cloud sites whose routes AWS would not take or hand out, and sites that would never learn of each other."""
    for name, joined in _joined(topology).items():
        site = topology.sites[name]
        if isinstance(site, AwsSite):
            yield from _hub_problems(topology, name, site, joined)
            yield from _table_problems(name, site, joined)
            yield from _asn_problems(topology, name, joined)
    yield from _clash_problems(topology)


def _joined(topology: Topology) -> dict[str, _Joined]:
    """Return what is joined to each AWS site, by its name."""
    found: dict[str, _Joined] = {}
    for name, link in topology.links.items():
        sites = {end: topology.sites[end] for end in link.between if end in topology.sites}
        onprem = next(((end, site) for end, site in sites.items() if isinstance(site, OnpremSite)), None)
        cloud = next((end for end, site in sites.items() if isinstance(site, AwsSite)), None)
        if onprem is None or cloud is None:
            continue
        joined, routes = found.setdefault(cloud, _Joined()), len(announced(topology, name, onprem[0]))
        if not isinstance(link, Wireguard):
            joined.over_hub[onprem[0]] = routes
        elif instance_count(link, onprem[1]) > 1:
            joined.by_instances[onprem[0]] = routes
        else:
            joined.by_instance[onprem[0]] = routes
    return found


def _hub_problems(topology: Topology, name: str, site: AwsSite, joined: _Joined) -> Iterator[Problem]:
    """Hold each site's announcements, and what the hub would announce to it, against the hub's quotas."""
    hub = site.hub.value.replace("-", " ")
    taken, given = limits.limits()[_FROM_CUSTOMER[site.hub]], limits.limits()[_TO_CUSTOMER[site.hub]]
    together = len(owned(topology, name)) + sum(joined.over_hub.values())
    for other, routes in joined.over_hub.items():
        if routes > limits.number(_FROM_CUSTOMER[site.hub]):
            yield Problem(
                path_of("sites", other, "ranges"),
                f"Site `{other}` announces {routes} routes, and the {hub} of `{name}` takes {taken.value} from it.",
                f"Announce fewer, wider ranges ({taken.reference}).",
            )
        if together - routes > limits.number(_TO_CUSTOMER[site.hub]):
            yield Problem(
                path_of("sites", name),
                f"The {hub} of `{name}` would announce {together - routes} routes to `{other}`, and it announces "
                f"{given.value} at the most.",
                f"Give the sites that are joined to it fewer, wider ranges ({given.reference}).",
            )


def _table_problems(name: str, site: AwsSite, joined: _Joined) -> Iterator[Problem]:
    """Hold the VPC's route table against its quotas: what is propagated into it, and what is fixed."""
    over_hub, fixed = sum(joined.over_hub.values()), sum(joined.by_instance.values())
    if site.hub is AwsHub.VIRTUAL_PRIVATE_GATEWAY and over_hub:
        propagated = over_hub + sum(joined.by_instances.values())
        yield from _table_problem(name, "propagated", propagated, "aws.vpc.propagated-routes")
    elif site.hub is AwsHub.TRANSIT_GATEWAY:
        fixed += over_hub
    yield from _table_problem(name, "fixed", fixed, "aws.vpc.routes")


def _table_problem(name: str, how: str, routes: int, limit: str) -> Iterator[Problem]:
    if routes > limits.number(limit):
        most = limits.limits()[limit]
        yield Problem(
            path_of("sites", name),
            f"A route table of `{name}` would have {routes} {how} routes to other sites, and it has {most.value} at "
            "the most.",
            f"Give the sites that are joined to it fewer, wider ranges ({most.reference}).",
        )


def _clash_problems(topology: Topology) -> Iterator[Problem]:
    """Find AWS sites that would lead the same route table of a VPC that exists to the same network, each its own way.

    Within one AWS site a hub's routes are made once, and WireGuard's beside it are longer; where that is not so, it is
    a problem of the WireGuard link. On-premises sites with the same networks overlap, which is one of the ranges.
    """
    owners: dict[tuple[str, str, IPv4Network], str] = {}
    for name, onprem, cloud, site in _fixed(topology):
        tables = site.vpc.route_tables if site.vpc else ()
        routes = [(table, onprem, network) for table in tables for network in announced(topology, name, onprem)]
        taken = next((route for route in routes if owners.get(route, cloud) != cloud), None)
        if taken is not None:
            yield Problem(
                path_of("links", name),
                f"Route table `{taken[0]}` has a fixed route to `{taken[2]}` by way of site `{owners[taken]}` already, "
                f"and AWS refuses a second one for link `{name}`.",
                f"Give `{cloud}` and `{owners[taken]}` route tables of their own, or join `{onprem}` to one of them.",
            )
        for route in routes:
            owners.setdefault(route, cloud)


def _fixed(topology: Topology) -> Iterator[tuple[str, str, str, AwsSite]]:
    """Return the links to which fixed routes lead, with their ends: over a transit gateway, or to one instance."""
    for name, link in topology.links.items():
        sites = {end: topology.sites[end] for end in link.between if end in topology.sites}
        onprem = next(((end, site) for end, site in sites.items() if isinstance(site, OnpremSite)), None)
        cloud = next(((end, site) for end, site in sites.items() if isinstance(site, AwsSite)), None)
        if onprem is None or cloud is None:
            continue
        alone = isinstance(link, Wireguard) and instance_count(link, onprem[1]) == 1
        if alone or (not isinstance(link, Wireguard) and cloud[1].hub is AwsHub.TRANSIT_GATEWAY):
            yield name, onprem[0], *cloud


def _asn_problems(topology: Topology, name: str, joined: _Joined) -> Iterator[Problem]:
    owners: dict[int, str] = {}
    for other in joined.sites:
        asn = topology.sites[other].asn
        if asn in owners:
            yield Problem(
                path_of("sites", other, "asn"),
                f"Site `{owners[asn]}` has AS {asn} as well, and both are joined to `{name}`: BGP takes the routes of "
                "one for the other's own, so neither would ever learn them there.",
                "Give one of them another private number, such as 65020.",
                Severity.WARNING,
            )
        owners.setdefault(asn, other)
