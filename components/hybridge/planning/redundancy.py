"""Which links stand in for which, what one failure leaves of each, and what the vendor commits to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hybridge.topology import (
    OnpremSite,
    Problem,
    Severity,
    SiteToSiteVpn,
    Topology,
    Wireguard,
    path_of,
    written_bandwidth,
)

from . import limits
from .failures import Failure, FailureKind, failures
from .paths import VPN, LinkPath, by_pair, pair

_REDUNDANT: Final = 2
"""Gateways at an end, so that one may fail."""


@dataclass(frozen=True)
class LinkRedundancy:
    """What a link is worth when something fails, for the report."""

    link: str
    sentence: str
    sla: str


@dataclass(frozen=True)
class SiteRedundancy:
    """What stays with the own network of a site that has several gateways, for the report."""

    site: str
    sentence: str


@dataclass(frozen=True)
class PairRedundancy:
    """Two sites, and what each single failure leaves of the ways between them."""

    sites: list[str]
    failures: list[Failure]


def pair_redundancy(paths: Iterable[LinkPath]) -> list[PairRedundancy]:
    """Return for each two sites that links join what every single failure leaves."""
    return [PairRedundancy(list(sites), list(failures(links))) for sites, links in by_pair(paths).items()]


def link_redundancy(paths: Iterable[LinkPath]) -> list[LinkRedundancy]:
    """Return what each link is worth when something fails."""
    return [LinkRedundancy(path.name, redundancy_sentence(path), sla(path)) for path in paths]


def site_redundancy(paths: Iterable[LinkPath]) -> list[SiteRedundancy]:
    """Return what no gateway can do for its site's hosts: survive itself, and share their flows with the others."""
    spread: dict[str, bool] = {}
    for path in paths:
        if len(path.gateways) >= _REDUNDANT:
            spread[path.sites[0]] = spread.get(path.sites[0], False) or path.spread
    return [SiteRedundancy(site, _next_hop(all_tunnels=shared)) for site, shared in spread.items()]


def _next_hop(*, all_tunnels: bool) -> str:
    shares = ", and one that spreads flows over all gateways where they are to have the bandwidth of all tunnels"
    return (
        "Its hosts need a next hop that survives a gateway's death (VRRP or a routing protocol)"
        f"{shares if all_tunnels else ''}. Its gateways need a route to each network of it that is on none of their "
        "interfaces: a default route does not lead there."
    )


def redundancy_sentence(path: LinkPath) -> str:
    """Say what any one failure of a gateway leaves of a link."""
    alone = _single_ends(path)
    if alone:
        site, gateway = alone[0]
        return f"The link is lost with {gateway}, the only gateway of {site} ({path.single_gateway})."
    worst = min(failures([path], {FailureKind.GATEWAY}), key=Failure.rank)
    carry = "together carry" if path.spread else "one at a time carries"
    instance = path.instance
    both = ", both directions together" if instance and instance.both_ways <= worst.bandwidth else ""
    return (
        f"Any one gateway may fail: {worst.tunnels} of {len(path.tunnels)} tunnels stay up, and {carry} up to "
        f"{written_bandwidth(worst.bandwidth)}{both}. One of {path.sites[0]} that loses its tunnels "
        f"{_without_tunnels(path)}."
    )


def _without_tunnels(path: LinkPath) -> str:
    """Say what becomes of packets that reach a gateway which lives while its tunnels are down."""
    if path.handover:
        return "hands over to another"
    return "drops what it is sent until the site's own network notices"


def sla(path: LinkPath) -> str:
    """Say what the vendor commits to for a link, with the source."""
    if path.via == VPN:
        limit = limits.limits()["aws.vpn.sla"]
        return f"AWS commits to {limit.value} % of a month for each VPN connection ({limit.reference})."
    spread = len(path.far_gateways) >= _REDUNDANT
    limit = limits.limits()["aws.ec2.two-zones.sla" if spread else "aws.ec2.instance.sla"]
    apart = "" if path.own_subnets else ", if the VPC's gateway subnets lie in two zones"
    what = f"instances in two zones{apart}" if spread else "one instance"
    return f"Nobody commits to the tunnels; AWS commits to {limit.value} % of a month for {what} ({limit.reference})."


def _single_ends(path: LinkPath) -> list[tuple[str, str]]:
    """Return the sites at whose end the link has one gateway only, with that gateway; a vendor's end never has."""
    ends = [(path.sites[0], path.gateways), *([] if path.via == VPN else [(path.sites[1], path.far_gateways)])]
    return [(site, gateways[0]) for site, gateways in ends if len(gateways) < _REDUNDANT]


def redundancy_problems(topology: Topology, paths: Sequence[LinkPath]) -> Iterator[Problem]:
    """Find links that one failure takes down, and standbys that stand by for nothing or could not step in.

    :param topology: what a person declared
    :param paths: those of its links that can be planned
    """
    for path in paths:
        yield from _gateway_problems(path)
    yield from _handover_problems(topology, paths)
    yield from _standby_problems(topology)


def _gateway_problems(path: LinkPath) -> Iterator[Problem]:
    place = path_of("links", path.name, "accept_single_gateway")
    alone = _single_ends(path)
    if not alone and path.single_gateway:
        yield Problem(place, "Each end of the link has two gateways or more.", "Remove the exception.")
    for site, gateway in alone:
        if path.single_gateway:
            yield Problem(
                place,
                f"The link is lost with `{gateway}`, the only gateway of site `{site}` ({path.single_gateway}).",
                "Add a second gateway when that is no longer acceptable.",
                Severity.WARNING,
            )
        else:
            yield Problem(
                path_of("links", path.name),
                f"Site `{site}` has one gateway, so the link is lost with it.",
                "Add a second gateway, or say why one is enough in `accept_single_gateway:`.",
            )


def _handover_problems(topology: Topology, paths: Sequence[LinkPath]) -> Iterator[Problem]:
    """Find sites whose gateways do not stand in for each other; where some say how, the others are problems already."""
    for name in dict.fromkeys(path.sites[0] for path in paths if len(path.gateways) >= _REDUNDANT):
        site = topology.sites[name]
        if isinstance(site, OnpremSite) and not any(gateway.lan_address for gateway in site.gateways):
            yield Problem(
                path_of("sites", name, "gateways"),
                f"A gateway of `{name}` whose tunnels are down drops what it is sent, although another's are up, until "
                "the site's own network notices.",
                "Give each gateway its `lan_address`, so that it hands over by itself.",
                Severity.WARNING,
            )


def _standby_problems(topology: Topology) -> Iterator[Problem]:
    parallel: dict[tuple[str, str], list[str]] = {}
    for name, link in topology.links.items():
        one, other = link.between
        if one != other and one in topology.sites and other in topology.sites:
            parallel.setdefault(pair(one, other), []).append(name)
    for (one, other), names in parallel.items():
        if all(topology.links[name].standby for name in names):
            for name in names:
                yield Problem(
                    path_of("links", name, "standby"),
                    f"No other link of `{one}` and `{other}` carries traffic that this one could stand by for.",
                    f"Remove `standby` from {'it' if len(names) == 1 else 'one of their links'}.",
                )
        else:
            yield from _same_kind_problems(topology, names)
            yield from _mixed_problems(topology, names)


def _same_kind_problems(topology: Topology, names: Sequence[str]) -> Iterator[Problem]:
    """Find standbys of links of their own kind, which nothing at the cloud's end tells from those."""
    active = {link.via: name for name in names if not (link := topology.links[name]).standby}
    for name in names:
        link = topology.links[name]
        if link.standby and link.via in active:
            yield Problem(
                path_of("links", name, "standby"),
                f"`{active[link.via]}` is a {link.via} link as well, and the cloud would send traffic over either.",
                "Remove `standby`, so that this end uses both too, or make it a link of the other kind.",
            )


def _mixed_problems(topology: Topology, names: Sequence[str]) -> Iterator[Problem]:
    """Find links of two kinds between the same sites, of which the wrong one or none is the standby."""
    vpns = [name for name in names if isinstance(topology.links[name], SiteToSiteVpn)]
    wireguards = [name for name in names if isinstance(topology.links[name], Wireguard)]
    active = [name for name in vpns if not topology.links[name].standby]
    if not wireguards or not active:
        return
    waiting = [name for name in wireguards if topology.links[name].standby]
    for name in waiting:
        yield Problem(
            path_of("links", name, "standby"),
            f"WireGuard cannot stand by for `{active[0]}`: the VPC's own route to the hub stays in its route table "
            "while the hub's tunnels are down, so traffic would never move to WireGuard.",
            f"Write `standby: true` at `{active[0]}` instead, and remove it here.",
        )
    for name in active if not waiting else ():
        yield Problem(
            path_of("links", name),
            f"`{name}` and `{wireguards[0]}` join the same sites, and neither says that it waits for the other to be "
            "down.",
            f"Write `standby: true` at `{name}`: WireGuard carries the traffic while it is up.",
        )
