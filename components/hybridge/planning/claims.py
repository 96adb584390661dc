"""One registry of every range of the estate: who has it, and where others meet it.

Every overlap is an error, but for two (docs/adr/0012-overlaps.md): clusters' ranges below one Globalnet, and pods
inside their own site's ranges. What tells them apart are rooms, where ranges are met: a claim is *seen* in some and
*sees* others, and two claims clash where one is seen in a room that the other sees.

- The estate is the room of what links carry: sites' ranges, the networks inside WireGuard tunnels, pods that a cluster
  advertises, Globalnet's pools. Every cluster sees it, as its pods talk to other sites, and routes its own pods' and
  services' ranges to itself; so no cluster range overlaps a site's.
- A cluster is a room for its own two ranges. A cluster set is one for the ranges of all its clusters, unless it has
  Globalnet: then they meet each other's global ranges alone. Clusters that share no Globalnet clash wherever they are
  (ranges.py): nobody ever has to renumber one because it joins a set.
- Pods may have addresses of their own site's ranges. With the AWS VPC CNI they are the VPC's, which gives each out
  once; with another they are advertised, and the site has set that part of its ranges aside for them.

The /30s of WireGuard tunnels lie in their link's network, which is here. The VPC's own resolver is not: AWS keeps the
third address of every subnet and 169.254.169.253 to itself, and the address book gives nothing out around the latter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Final, TypeAlias

from hybridge.topology import Cluster, Cni, OnpremSite, Topology, Wireguard, path_of

from .addresses import AddressBook
from .pools import global_pool

Room: TypeAlias = tuple[str, str]
"""Where ranges are met: what kind of place, and its name."""
ESTATE: Final[Room] = ("estate", "")
_LINK_LOCAL: Final[Room] = ("link-local", "")
ADDED: Final = "ranges added to"
"""The rooms of what clusters add to the ranges of their VPC."""


class Use(IntEnum):
    """What a range is for, in the order of how much work it is to renumber."""

    GLOBAL = 1
    """Global addresses, which Globalnet alone knows."""
    TUNNEL = 2
    """Inside tunnels: configured at their two ends."""
    CLUSTER = 3
    """Pods or services: fixed when the cluster was made."""
    SITE = 4
    """Hosts of a site."""
    ADDRESS = 5
    """One host, found where it is."""


@dataclass(frozen=True)
class Claim:
    """A range that somebody uses."""

    network: IPv4Network
    owner: str
    """Who uses it, for a sentence: `site dc1`."""
    path: str
    """Where it is written."""
    use: Use
    seen: tuple[Room, ...]
    """Where others meet it."""
    sees: tuple[Room, ...]
    """Where it meets others."""
    site: str = ""
    """The site that it is part of."""
    home: tuple[Room, ...] | None = None
    """Where it is seen and sees instead while it lies in its own site's ranges; None: it may not lie there."""
    cluster: str = ""
    """The cluster whose range it is."""
    sets: frozenset[str] = frozenset()
    """The cluster sets of that cluster."""
    globalnets: frozenset[str] = frozenset()
    """Those of them that have Globalnet."""


def claims(topology: Topology, book: AddressBook) -> Iterator[Claim]:
    """Return every range of the estate, those that the book has given out among them."""
    for name, site in topology.sites.items():
        for index, network in enumerate(site.ranges):
            place = path_of("sites", name, "ranges", index)
            yield Claim(network, f"site {name}", place, Use.SITE, (ESTATE,), (ESTATE,), name)
        if isinstance(site, OnpremSite):
            yield from _addresses_of(name, site)
    yield from _links(topology)
    yield from _clusters(topology)
    for name, cluster_set in topology.cluster_sets.items():
        if cluster_set.globalnet:
            place = path_of("cluster_sets", name, "global_range")
            owner = f"cluster set {name}'s Globalnet"
            yield Claim(global_pool(cluster_set), owner, place, Use.GLOBAL, (ESTATE,), ())
    file = f"stacks/{book.name}"
    for key, network in book.global_ranges.items():
        room: Room = ("globalnet", key.partition("/")[0])
        yield Claim(network, f"{key}'s Globalnet", f"{file} global_ranges.{key}", Use.GLOBAL, (room,), (room,))
    for key, network in book.tunnels.items():
        yield Claim(network, f"tunnel {key}", f"{file} tunnels.{key}", Use.TUNNEL, (_LINK_LOCAL,), (_LINK_LOCAL,))


def _addresses_of(name: str, site: OnpremSite) -> Iterator[Claim]:
    for index, gateway in enumerate(site.gateways):
        place = path_of("sites", name, "gateways", index, "public_ip")
        yield _public(gateway.public_ip, f"gateway {gateway.name}", place)
        if gateway.lan_address is not None:
            place = path_of("sites", name, "gateways", index, "lan_address")
            yield _host(gateway.lan_address, f"gateway {gateway.name}", place, name)
    for index, server in enumerate(site.dns.servers if site.dns else ()):
        place = path_of("sites", name, "dns", "servers", index)
        yield _host(server, f"site {name}'s DNS", place, name)


def _host(address: IPv4Address, owner: str, place: str, site: str) -> Claim:
    """Return the claim of a host in the site's ranges, where only the pods that it made room for can be in its way."""
    return Claim(IPv4Network(address), owner, place, Use.ADDRESS, (), (("pods in", site),), site)


def _public(address: IPv4Address, owner: str, place: str) -> Claim:
    """Return the claim of what a tunnel's own packets go to: no link may carry it."""
    return Claim(IPv4Network(address), owner, place, Use.ADDRESS, (), (ESTATE,))


def _links(topology: Topology) -> Iterator[Claim]:
    for name, link in topology.links.items():
        if isinstance(link, Wireguard):
            place = path_of("links", name)
            owner = f"link {name}'s tunnels"
            yield Claim(link.tunnel_network, owner, f"{place}.tunnel_network", Use.TUNNEL, (ESTATE,), (ESTATE,))
            for index, address in enumerate(link.elastic_ips):
                yield _public(address, f"link {name}", f"{place}.elastic_ips[{index}]")


def _clusters(topology: Topology) -> Iterator[Claim]:
    sets: defaultdict[str, list[str]] = defaultdict(list)
    for name, cluster_set in topology.cluster_sets.items():
        for cluster in dict.fromkeys(cluster_set.clusters):
            sets[cluster].append(name)
    for name, cluster in topology.clusters.items():
        rooms: tuple[Room, ...] = (
            ("cluster", name),
            *(("set", found) for found in sets[name] if not topology.cluster_sets[found].globalnet),
        )
        member = frozenset(sets[name])
        globalnets = frozenset(found for found in member if topology.cluster_sets[found].globalnet)
        place = path_of("clusters", name)
        yield replace(_pods(name, cluster, rooms, f"{place}.pods"), sets=member, globalnets=globalnets)
        yield Claim(
            network=cluster.services,
            owner=f"cluster {name}'s services",
            path=f"{place}.services",
            use=Use.CLUSTER,
            seen=rooms,
            sees=(ESTATE, *rooms),
            cluster=name,
            sets=member,
            globalnets=globalnets,
        )


def _pods(name: str, cluster: Cluster, rooms: tuple[Room, ...], place: str) -> Claim:
    of_vpc = cluster.cni is Cni.AWS_VPC
    # A VPC takes each range once, so clusters that bring ranges of their own to it cannot bring the same.
    shared: tuple[Room, ...] = ((ADDED, cluster.site),) if of_vpc else ()
    set_aside = (*rooms, ("pods in", cluster.site)) if cluster.advertised else None
    return Claim(
        network=cluster.pods,
        owner=f"cluster {name}'s pods",
        path=place,
        use=Use.CLUSTER,
        seen=(*((ESTATE,) if cluster.advertised else ()), *rooms, *shared),
        sees=(ESTATE, *rooms, *shared),
        site=cluster.site,
        home=rooms if of_vpc else set_aside,
        cluster=name,
    )
