"""Who announces what to whom, derived from the sites and links: nobody types a route.

An on-premises gateway prefers a link by local preference. A VPC has no such thing: its route table takes the longest
prefix, and a route to the hub stays in it while the hub's tunnels are down. Where a WireGuard link and a hub join the
same two sites, WireGuard therefore announces each range in two halves, so that it is preferred while it is up and the
hub's route carries the traffic while it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from ipaddress import IPv4Network
from typing import Final

from hybridge.topology import AwsHub, AwsSite, Topology, Wireguard

from . import limits
from .paths import WIREGUARD, LinkPath, pair
from .within import within

PREFERRED: Final = 200
"""Local preference of a link that carries traffic whenever it is up."""
STANDBY: Final = 100
"""Local preference of a link that waits for the others to be down; 100 is BGP's default."""
ANOTHERS: Final = 50
"""Local preference of what another gateway of the site tells: a gateway's own tunnels win, whatever a cloud's MED."""
OWN_TIMERS: Final = (10, 30)
"""BGP keepalive and hold in seconds, where both ends are FRR and only what BFD does not notice waits for them."""
OWN_BFD: Final = (300, 3)
"""Milliseconds and misses, there: FRR's own defaults, so a dead path is left after about a second."""
_HEADROOM: Final = 2
"""How many times the expected prefixes a gateway takes before it closes the session: room for a site that grows."""
_LEAST_PREFIXES: Final = 100
"""A limit below which a site that adds ranges would be cut off; the filters keep everything else out anyway."""


@dataclass(frozen=True)
class Neighbour:
    """One BGP session of a gateway that somebody here configures, and its filters."""

    site: str
    gateway: str
    peer_site: str
    peer: str
    """The gateway at the other end; a hub's end has the hub's kind."""
    link: str
    """Empty: the two are gateways of one site, and the session runs in the site's own network."""
    tunnel: str
    asn: int
    peer_asn: int
    announces: list[str]
    """What it announces, and nothing else."""
    accepts: list[str]
    """What it is told, and takes."""
    preference: int
    """Local preference of what it learns; the highest wins."""
    prefix_limit: int
    """How many accepted prefixes close the session."""
    dead_after_milliseconds: int
    """Silence after which the peer is taken for dead: by BFD where it watches, by BGP's hold time elsewhere."""


def dead_after(*, bfd: bool) -> int:
    """Return after how much silence a peer is taken for dead, in milliseconds."""
    if bfd:
        return OWN_BFD[0] * OWN_BFD[1]
    return limits.bounds("aws.vpn.bgp-timers")[1] * 1000


class _Networks:
    """What one end has or announces, each way it is asked for made once: links and flows ask again and again."""

    def __init__(self, networks: list[IPv4Network]) -> None:
        self.networks = networks

    @cached_property
    def texts(self) -> list[str]:
        return [str(network) for network in self.networks]

    @cached_property
    def halves(self) -> _Networks:
        return _Networks([half for network in self.networks for half in _halves(network)])


@dataclass(frozen=True)
class _Edges:
    """What many questions about one topology need, looked up once."""

    owned: dict[str, _Networks]
    """What each site has."""
    kinds: dict[tuple[str, str], set[str]]
    """Kinds of the links that join two sites."""


class _Identity:
    """A topology as a key: topologies are frozen, so the same one has the same edges for ever."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology

    def __hash__(self) -> int:
        return id(self.topology)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self.topology is other.topology


@lru_cache(maxsize=1)
def _edges_of(key: _Identity) -> _Edges:
    pods: dict[str, list[IPv4Network]] = {}
    for cluster in key.topology.clusters.values():
        if cluster.advertised:
            pods.setdefault(cluster.site, []).append(cluster.pods)
    edges = _Edges({}, {})
    for name, site in key.topology.sites.items():
        ranges = set(site.ranges)
        further = [network for network in pods.get(name, ()) if not within(network, ranges)]
        edges.owned[name] = _Networks([*site.ranges, *further])
    for link in key.topology.links.values():
        edges.kinds.setdefault(pair(*link.between), set()).add(link.via)
    return edges


def _edges(topology: Topology) -> _Edges:
    return _edges_of(_Identity(topology))


def owned(topology: Topology, site: str) -> list[IPv4Network]:
    """Return what a site has: its own ranges, and the pods of its clusters that are advertised."""
    return _edges(topology).owned[site].networks


def owned_texts(topology: Topology, site: str) -> list[str]:
    """Return what a site has, as text."""
    return _edges(topology).owned[site].texts


def announced(topology: Topology, link: str, site: str) -> list[IPv4Network]:
    """Return what `site` announces over `link`."""
    return _announced(topology, link, site).networks


def announced_texts(topology: Topology, link: str, site: str) -> list[str]:
    """Return what `site` announces over `link`, as text."""
    return _announced(topology, link, site).texts


def _announced(topology: Topology, link: str, site: str) -> _Networks:
    networks = _edges(topology).owned[site]
    halved = isinstance(topology.links[link], Wireguard) and in_parallel(topology, link)
    return networks.halves if halved else networks


def in_parallel(topology: Topology, link: str) -> bool:
    """Tell whether another kind of link joins the same two sites."""
    return len(_edges(topology).kinds[pair(*topology.links[link].between)]) > 1


def preference(topology: Topology, link: str) -> int:
    """Return the local preference of what is learned over `link`."""
    return STANDBY if topology.links[link].standby else PREFERRED


def prefix_limit(topology: Topology, link: str, site: str) -> int:
    """Return how many prefixes the gateways of `site` take over `link` before they close the session.

    FRR counts what has passed the filters, so only an error of ours reaches it; what AWS hands out at the most is
    its upper bound.
    """
    (other,) = (end for end in topology.links[link].between if end != site)
    expected = len(announced(topology, link, other))
    return min(max(expected * _HEADROOM, _LEAST_PREFIXES), _most_routes(topology, link))


def _most_routes(topology: Topology, link: str) -> int:
    """Return how many routes AWS hands out over a link at the most."""
    if isinstance(topology.links[link], Wireguard):
        return limits.number("aws.route-server.routes-per-peer")
    hubs = [site.hub for end in topology.links[link].between if isinstance(site := topology.sites[end], AwsSite)]
    virtual = AwsHub.VIRTUAL_PRIVATE_GATEWAY in hubs
    return limits.number("aws.vpn.virtual-gateway.routes-to-customer" if virtual else "aws.vpn.routes-to-customer")


def neighbours(topology: Topology, paths: Iterable[LinkPath]) -> list[Neighbour]:
    """Return every BGP session of gateways that are configured here, for a topology without problems.

    :param topology: what a person declared
    :param paths: its links
    """
    return [neighbour for path in paths for neighbour in _neighbours(topology, path)]


def _neighbours(topology: Topology, path: LinkPath) -> Iterator[Neighbour]:
    near, far = path.sites
    asns = link_asns(topology, path.name)
    prefixes = {site: announced_texts(topology, path.name, site) for site in path.sites}
    ends = [(near, far)] if path.via != WIREGUARD else [(near, far), (far, near)]
    for site, other in ends:
        limit = prefix_limit(topology, path.name, site)
        for tunnel in path.tunnels:
            gateways = {near: tunnel.gateway, far: tunnel.far_gateway}
            yield Neighbour(
                site=site,
                gateway=gateways[site],
                peer_site=other,
                peer=gateways[other],
                link=path.name,
                tunnel=tunnel.name,
                asn=asns[site],
                peer_asn=asns[other],
                announces=prefixes[site],
                accepts=prefixes[other],
                preference=preference(topology, path.name),
                prefix_limit=limit,
                dead_after_milliseconds=dead_after(bfd=path.via == WIREGUARD),
            )


def link_asns(topology: Topology, link: str) -> dict[str, int]:
    """Return the AS numbers that meet in a link's tunnels, by site; WireGuard's gateway instances have their own."""
    this = topology.links[link]
    own = this.gateway_asn if isinstance(this, Wireguard) else None
    sites = {end: topology.sites[end] for end in this.between}
    return {end: own if own and isinstance(site, AwsSite) else site.asn for end, site in sites.items()}


def is_host(network: IPv4Network) -> bool:
    """Tell whether a network is a single address, which has no halves."""
    return network.prefixlen == network.max_prefixlen


def _halves(network: IPv4Network) -> list[IPv4Network]:
    return [network] if is_host(network) else list(network.subnets(prefixlen_diff=1))
