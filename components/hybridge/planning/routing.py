"""Who announces what to whom, derived from the sites and links: nobody types a route.

An on-premises gateway prefers a link by local preference. A VPC has no such thing: its route table takes the longest
prefix, and a route to the hub stays in it while the hub's tunnels are down. Where a WireGuard link and a hub join the
same two sites, WireGuard therefore announces each range in two halves, so that it is preferred while it is up and the
hub's route carries the traffic while it is not.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Final

from hybridge.topology import Topology, Wireguard

PREFERRED: Final = 200
"""Local preference of a link that carries traffic whenever it is up."""
STANDBY: Final = 100
"""Local preference of a link that waits for the others to be down; 100 is BGP's default."""
_HOST: Final = 32


def owned(topology: Topology, site: str) -> list[IPv4Network]:
    """Return what a site has: its own ranges, and the pods of its clusters that are advertised."""
    pods = [cluster.pods for cluster in topology.clusters.values() if cluster.site == site and cluster.advertised]
    ranges = topology.sites[site].ranges
    return [*ranges, *(network for network in pods if not any(network.subnet_of(wider) for wider in ranges))]


def announced(topology: Topology, link: str, site: str) -> list[IPv4Network]:
    """Return what `site` announces over `link`."""
    networks = owned(topology, site)
    if isinstance(topology.links[link], Wireguard) and _parallel(topology, link):
        return [half for network in networks for half in _halves(network)]
    return networks


def preference(topology: Topology, link: str) -> int:
    """Return the local preference of what is learned over `link`."""
    return STANDBY if topology.links[link].standby else PREFERRED


def _parallel(topology: Topology, link: str) -> bool:
    """Tell whether another kind of link joins the same two sites."""
    ends = set(topology.links[link].between)
    return any(set(other.between) == ends and not isinstance(other, Wireguard) for other in topology.links.values())


def _halves(network: IPv4Network) -> list[IPv4Network]:
    return [network] if network.prefixlen == _HOST else list(network.subnets(prefixlen_diff=1))
