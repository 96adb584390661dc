"""How large a packet may be from end to end, and what is set where.

Nobody on the way may be counted on to tell a sender that its packet was too large: a Site-to-Site VPN does no path MTU
discovery (https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html), WireGuard forbids fragmenting, and firewalls
drop what would tell. So each tunnel interface gets the size that fits, and TCP is clamped to it at the gateways.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from hybridge.topology import (
    AwsHub,
    AwsSite,
    Cluster,
    ClusterSet,
    Problem,
    Severity,
    SiteToSiteVpn,
    Topology,
    Wireguard,
    path_of,
)

from . import limits
from .mtu import MtuStack, link_stack, outside_path, tcp_mss, wireguard_mtu
from .paths import WIREGUARD, LinkPath, by_pair


@dataclass(frozen=True)
class MtuCeiling:
    """One thing on a way that lets no larger packet through."""

    name: str
    mtu: int


@dataclass(frozen=True)
class MtuWay:
    """What a packet has to fit from end to end: the least of the ceilings on its way."""

    name: str
    ceilings: list[MtuCeiling]
    mtu: int
    mss: int


@dataclass(frozen=True)
class MtuSetting:
    """A size that is set somewhere, and why it is that one."""

    where: str
    what: str
    bytes: int
    why: str


@dataclass(frozen=True)
class MtuPlan:
    """Every size of the estate: through each link, from end to end, and what is set where."""

    links: list[MtuStack]
    ways: list[MtuWay]
    settings: list[MtuSetting]


def pod_mtu(topology: Topology, cluster: Cluster) -> int:
    """Return the MTU of a cluster's pods, in bytes: the site's, less what the CNI encapsulates them with."""
    return _site_mtu(topology, cluster.site) - _overhead(cluster)


def _overhead(cluster: Cluster) -> int:
    return limits.number(f"cni.{cluster.cni.value}.overhead")


def _site_mtu(topology: Topology, site: str) -> int:
    return limits.number("aws.vpc.mtu" if isinstance(topology.sites[site], AwsSite) else "ethernet.mtu")


def mtu_plan(topology: Topology, paths: Sequence[LinkPath]) -> MtuPlan:
    """Decide every size of an estate without problems.

    :param topology: what a person declared
    :param paths: its links
    """
    stacks = {path.name: link_stack(topology, path.name) for path in paths}
    return MtuPlan(
        links=list(stacks.values()),
        ways=[*_site_ways(topology, paths), *(way for _, way in _set_ways(topology, paths))],
        settings=[*_tunnel_settings(paths, stacks), *_pod_settings(topology)],
    )


def mtu_problems(topology: Topology, paths: Sequence[LinkPath]) -> Iterator[Problem]:
    """Find links whose tunnels are larger than their path, and cluster sets that are left too little.

    :param topology: what a person declared
    :param paths: those of its links that can be planned
    """
    for name, link in topology.links.items():
        if isinstance(link, Wireguard):
            yield from _wireguard_problems(topology, name, link)
        else:
            yield from _vpn_problems(topology, name, link)
    least = limits.number("ipv6.least-mtu")
    for group, way in _set_ways(topology, paths):
        if way.mtu < least:
            narrowest = min(way.ceilings, key=lambda ceiling: ceiling.mtu)
            yield Problem(
                path_of("cluster_sets", group),
                f"Its pods reach each other with packets of {way.mtu} bytes at the most ({narrowest.name}), and "
                f"software counts on {least}.",
                f"Give the link an MTU of {least + limits.number('submariner.tunnel-overhead')} or more "
                f"({limits.limits()['ipv6.least-mtu'].reference}).",
                Severity.WARNING,
            )


def _wireguard_problems(topology: Topology, name: str, link: Wireguard) -> Iterator[Problem]:
    path = outside_path(topology, link)
    fitting = wireguard_mtu(path.mtu)
    if link.mtu <= fitting:
        return
    around, least = path.mtu - fitting, limits.number("ipv6.least-mtu")
    usual = Wireguard.model_fields["mtu"].default
    if usual <= fitting:
        remedy = f"Write {usual}, or {fitting} at the most."
    elif least <= fitting:
        remedy = f"Write `mtu: {fitting}`."
    else:
        remedy = f"Give the gateway a path of {least + around} bytes or more, as software counts on {least} inside."
    yield Problem(
        path_of("links", name, "mtu"),
        f"A packet of {link.mtu} bytes leaves as one of {link.mtu + around}, and the {path.name} carries {path.mtu}: "
        "large packets would vanish while small ones pass.",
        remedy,
    )


def _vpn_problems(topology: Topology, name: str, link: SiteToSiteVpn) -> Iterator[Problem]:
    """Find paths that are narrower than AWS's end believes: nothing there can be told of it."""
    path, usual = outside_path(topology, link), limits.number("aws.vpn.outside-mtu")
    if path.mtu < usual:
        yield Problem(
            path_of("links", name),
            f"The {path.name} carries {path.mtu} bytes, and AWS's end of the tunnels goes on sending what "
            f"leaves it with {usual}: TCP is held to less, and larger packets of anything else are lost on their way.",
            "Have everything but TCP send less, or take a link by WireGuard, whose two ends have one size.",
            Severity.WARNING,
        )


def _way(name: str, ceilings: Iterable[MtuCeiling]) -> MtuWay:
    kept = list(ceilings)
    mtu = min(ceiling.mtu for ceiling in kept)
    return MtuWay(name, kept, mtu, tcp_mss(mtu))


def _site_ways(topology: Topology, paths: Sequence[LinkPath]) -> Iterator[MtuWay]:
    """Return what fits between hosts of two sites whichever of their links is up."""
    for (one, other), links in by_pair(paths).items():
        yield _way(
            f"{one} – {other}",
            chain(
                [_host(topology, one)],
                *(_through(topology, path) for path in links),
                [_host(topology, other)],
            ),
        )


def _host(topology: Topology, site: str) -> MtuCeiling:
    return MtuCeiling(f"hosts of {site}", _site_mtu(topology, site))


def _through(topology: Topology, path: LinkPath) -> Iterator[MtuCeiling]:
    yield MtuCeiling(f"tunnels of {path.name}", path.mtu)
    cloud = topology.sites[path.sites[1]]
    if isinstance(cloud, AwsSite) and cloud.hub is AwsHub.TRANSIT_GATEWAY and path.via != WIREGUARD:
        yield MtuCeiling(f"transit gateway of {path.sites[1]}", limits.number("aws.transit-gateway.mtu"))


def _set_ways(topology: Topology, paths: Sequence[LinkPath]) -> Iterator[tuple[str, MtuWay]]:
    """Return what fits between the pods of a cluster set over each link that joins sites of its clusters."""
    sets = {name: _clusters_by_site(topology, group) for name, group in topology.cluster_sets.items()}
    at_site: dict[str, list[str]] = {}
    for name, sites in sets.items():
        for site in sites:
            at_site.setdefault(site, []).append(name)
    for path in paths:
        there = set(at_site.get(path.sites[1], ()))
        for name in at_site.get(path.sites[0], ()):
            if name in there:
                clusters = [cluster for site in path.sites for cluster in sets[name][site]]
                yield name, _way(f"{name} over {path.name}", _pod_ceilings(topology, name, path, clusters))


def _clusters_by_site(topology: Topology, group: ClusterSet) -> dict[str, list[str]]:
    sites: dict[str, list[str]] = {}
    for name in group.clusters:
        cluster = topology.clusters.get(name)
        if cluster is not None and cluster.site in topology.sites:
            sites.setdefault(cluster.site, []).append(name)
    return sites


def _pod_ceilings(topology: Topology, group: str, path: LinkPath, names: Iterable[str]) -> Iterator[MtuCeiling]:
    clusters = {name: topology.clusters[name] for name in names}
    plain = all(cluster.advertised for cluster in clusters.values()) and not topology.cluster_sets[group].globalnet
    overhead = 0 if plain else limits.number("submariner.tunnel-overhead")
    told = f"tunnels of {path.name}" + (f" less {overhead} of the tunnel between clusters" if overhead else "")
    yield MtuCeiling(told, path.mtu - overhead)
    for name, cluster in clusters.items():
        yield MtuCeiling(f"pods of {name}", pod_mtu(topology, cluster))


def _tunnel_settings(paths: Sequence[LinkPath], stacks: dict[str, MtuStack]) -> Iterator[MtuSetting]:
    for path in paths:
        stack = stacks[path.name]
        sizes = [("interface MTU", stack.mtu, stack.arithmetic), ("TCP MSS clamp", stack.mss, stack.mss_arithmetic)]
        for device in [*path.gateways, *(path.far_gateways if path.via == WIREGUARD else ())]:
            for what, size, why in sizes:
                yield MtuSetting(f"{device}, tunnels of {path.name}", what, size, why)


def _pod_settings(topology: Topology) -> Iterator[MtuSetting]:
    for name, cluster in topology.clusters.items():
        site, overhead = _site_mtu(topology, cluster.site), _overhead(cluster)
        why = f"{site} − {overhead} = {site - overhead} ({cluster.cni.value})"
        yield MtuSetting(f"cluster {name}", "pod MTU", site - overhead, why)
