"""What a topology needs of its address book: derived from its names, so that nothing is numbered by its place."""

from __future__ import annotations

from collections.abc import Iterator

from hybridge.topology import Topology

from .addresses import AddressNeeds
from .pools import global_pool
from .vpn import vpn_ends
from .wireguard import wireguard_ends


def address_needs(topology: Topology) -> AddressNeeds:
    """Return what the topology needs; what names nothing that exists needs nothing."""
    links = list(vpn_ends(topology))
    return AddressNeeds(
        tunnels=tuple(key for ends in links for key in ends.address_keys()),
        wireguard={key: ends.link.tunnel_network for ends in wireguard_ends(topology) for key in ends.address_keys()},
        global_ranges={
            key: global_pool(topology.cluster_sets[name]) for name, key in _members(topology, globalnet_only=True)
        },
        cluster_ids=tuple(key for _, key in _members(topology)),
        key_generations={
            f"{ends.name}/{tunnel}": generation
            for ends in links
            for tunnel in ends.tunnel_keys()
            if (generation := ends.link.key_generations.get(tunnel, 1)) > 1
        },
    )


def _members(topology: Topology, *, globalnet_only: bool = False) -> Iterator[tuple[str, str]]:
    """Return the clusters of each set as the set's name and the cluster's key, each once."""
    for name, cluster_set in topology.cluster_sets.items():
        if cluster_set.globalnet or not globalnet_only:
            for cluster in dict.fromkeys(cluster_set.clusters):
                if cluster in topology.clusters:
                    yield name, f"{name}/{cluster}"
