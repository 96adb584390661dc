"""What the address book gives out, and where it takes it from."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Final

from hybridge.topology import ClusterSet

from . import limits

POOL: Final = IPv4Network("169.254.0.0/16")
"""Addresses inside site-to-site tunnels: link-local, so that they collide with nobody's network (RFC 3927)."""
TUNNEL_LENGTH: Final = 30
"""Prefix length of the network inside a tunnel, which has two ends."""


def tunnel_networks() -> Iterator[IPv4Network]:
    """Return the /30s of the pool that no vendor reserves, in order."""
    reserved = (*limits.words("link-local.reserved"), *limits.words("aws.vpn.reserved-inside"))
    networks = [IPv4Network(text) for text in (*reserved, *limits.words("azure.vpn.bgp-inside"))]
    for block in POOL.subnets(new_prefix=24):
        # The whole /24 around each, as vendors keep adding services there (AWS has 169.254.169.252/30 and more).
        if not any(block.overlaps(network) for network in networks):
            yield from block.subnets(new_prefix=TUNNEL_LENGTH)


def parts(pool: IPv4Network, length: int) -> Iterator[IPv4Network]:
    """Return the networks of prefix length `length` in `pool`, in order; none where it is smaller than one."""
    return pool.subnets(new_prefix=length) if pool.prefixlen <= length else iter(())


def part_count(pool: IPv4Network, length: int) -> int:
    """Return how many networks of prefix length `length` there are in `pool`."""
    return 1 << (length - pool.prefixlen) if pool.prefixlen <= length else 0


def global_pool(cluster_set: ClusterSet) -> IPv4Network:
    """Return the range that Globalnet takes the set's global ranges from."""
    return cluster_set.global_range or IPv4Network(limits.words("submariner.globalnet.pool")[0])


def global_length() -> int:
    """Return the prefix length of a cluster's global range."""
    return limits.number("submariner.globalnet.cluster-range")


def cluster_numbers() -> range:
    """Return the numbers that a cluster may have in its set."""
    least, most = limits.bounds("cilium.clustermesh.cluster-ids")
    return range(least, most + 1)
