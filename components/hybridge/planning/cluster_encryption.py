"""Finds cluster sets whose pods talk to each other in clear.

A link encrypts from gateway to gateway and nothing on either side of them, and no link lies between two clusters at one
site. A mesh encrypts from workload to workload; Submariner, which Globalnet is part of, from cluster to cluster, where
it is not told to leave it (https://github.com/submariner-io/submariner, 2026-11-25).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import TypeAlias

from hybridge.topology import Cluster, Cni, Problem, Severity, Topology, path_of

_Encrypted: TypeAlias = Mapping[str, frozenset[str]]
"""By cluster, the sets with a mesh or Globalnet that it is in."""


def encryption_problems(topology: Topology) -> Iterator[Problem]:
    """Find sets of which two clusters reach each other without a mesh or Globalnet that both are in."""
    encrypted = _encrypted(topology)
    joined = dict.fromkeys((link.between[0], link.between[1]) for link in topology.links.values())
    for name, cluster_set in topology.cluster_sets.items():
        if cluster_set.mesh is not None or cluster_set.globalnet:
            continue
        at: defaultdict[str, list[str]] = defaultdict(list)
        for cluster in dict.fromkeys(cluster_set.clusters):
            if cluster in topology.clusters and topology.clusters[cluster].site in topology.sites:
                at[topology.clusters[cluster].site].append(cluster)
        told = _at_one_site(at, encrypted) or _across(topology, joined, at, encrypted)
        if told is not None:
            yield Problem(
                path_of("cluster_sets", name),
                told,
                "Give it a `mesh:`, in which workloads encrypt what they send each other; a private network does not "
                "keep others from reading.",
                Severity.WARNING,
            )


def _encrypted(topology: Topology) -> _Encrypted:
    sets: defaultdict[str, set[str]] = defaultdict(set)
    for name, cluster_set in topology.cluster_sets.items():
        if cluster_set.mesh is not None or cluster_set.globalnet:
            for cluster in cluster_set.clusters:
                sets[cluster].add(name)
    return {cluster: frozenset(sets[cluster]) for cluster in topology.clusters}


def _at_one_site(at: Mapping[str, list[str]], encrypted: _Encrypted) -> str | None:
    for site, clusters in at.items():
        pair = _in_clear(clusters, encrypted)
        if pair is not None:
            one, other = pair
            return (
                f"Pods of clusters `{one}` and `{other}` talk in clear: both are at site `{site}`, so no link lies "
                "between them, and no mesh encrypts."
            )
    return None


def _across(
    topology: Topology, joined: Iterable[tuple[str, str]], at: Mapping[str, list[str]], encrypted: _Encrypted
) -> str | None:
    """Find two clusters at the ends of a link whose pods other sites reach; those within each site are encrypted."""
    reached = {
        site: [cluster for cluster in clusters if _reached(topology, topology.clusters[cluster])]
        for site, clusters in at.items()
    }
    for near, far in joined:
        if near != far and reached.get(near) and reached.get(far):
            pair = _in_clear([*reached[near], *reached[far]], encrypted)
            if pair is not None:
                one, other = pair
                return (
                    f"Pods of clusters `{one}` and `{other}` talk in clear within their sites: what joins `{near}` and "
                    f"`{far}` encrypts from gateway to gateway alone, and no mesh does the rest."
                )
    return None


def _reached(topology: Topology, cluster: Cluster) -> bool:
    """Tell whether pods can be reached from other sites: a VPC's addresses are announced as any of its hosts' are."""
    of_site = cluster.cni is Cni.AWS_VPC and any(
        cluster.pods.subnet_of(network) for network in topology.sites[cluster.site].ranges
    )
    return cluster.advertised or of_site


def _in_clear(clusters: Iterable[str], encrypted: _Encrypted) -> tuple[str, str] | None:
    """Return two clusters that are in no set together that encrypts.

    A cluster has one mesh and one Globalnet, so clusters of which each two share either all share one of them; where
    that is not so, two are found among the first few.
    """
    kinds: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    for cluster in clusters:
        kinds[encrypted[cluster]].append(cluster)
    alone = kinds.get(frozenset(), [])
    if len(alone) > 1:
        return alone[0], alone[1]
    if not kinds:
        return None
    first, *others = kinds
    if first.intersection(*others):
        return None
    pairs = combinations(kinds, 2)
    return next(((kinds[one][0], kinds[other][0]) for one, other in pairs if one.isdisjoint(other)), None)
