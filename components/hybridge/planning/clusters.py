"""Finds what is wrong with clusters where they are, and with the sets that they share a network or a mesh in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from hybridge.topology import (
    AwsSite,
    Cluster,
    ClusterKind,
    ClusterSet,
    Cni,
    Problem,
    Severity,
    Topology,
    meant,
    path_of,
)

from . import limits
from .pools import global_pool

_LISTED: Final = 8
"""Names that a remedy lists at the most."""
_OF_THE_VPC: Final = (Cni.AWS_VPC, Cni.CILIUM_NATIVE)
"""What can give pods addresses of the VPC; Cilium does with its IPAM mode ENI
(https://docs.cilium.io/en/stable/network/concepts/ipam/eni/)."""
_CALICO: Final = (Cni.CALICO_VXLAN, Cni.CALICO_IPIP, Cni.CALICO_WIREGUARD)


def cluster_problems(topology: Topology) -> Iterator[Problem]:
    """Find clusters that cannot be where they are, and sets that cannot be made of their clusters."""
    for name, cluster in topology.clusters.items():
        yield from _place_problems(topology, name, cluster)
        site = topology.sites.get(cluster.site)
        if isinstance(site, AwsSite) and cluster.advertised:
            yield from _advertised_problems(name, cluster, site)
    for name, cluster_set in topology.cluster_sets.items():
        yield from _member_problems(topology, name, cluster_set)
        yield from _globalnet_problems(topology, name, cluster_set)
    yield from _unfit_problems(topology)
    yield from _shared_problems(topology)


def _place_problems(topology: Topology, name: str, cluster: Cluster) -> Iterator[Problem]:
    site = topology.sites.get(cluster.site)
    if site is None:
        yield Problem(
            path_of("clusters", name, "site"),
            f"There is no site `{cluster.site}`.",
            _declared_or(cluster.site, topology.sites),
        )
    elif not isinstance(site, AwsSite):
        if cluster.kind is ClusterKind.EKS:
            yield Problem(
                path_of("clusters", name, "kind"),
                f"EKS runs in a VPC, and site `{cluster.site}` is none.",
                "Name a site of kind `aws`, or write `kind: existing`.",
            )
        if cluster.cni is Cni.AWS_VPC:
            yield Problem(
                path_of("clusters", name, "cni"),
                f"`aws-vpc` gives pods addresses of a VPC, and site `{cluster.site}` is none.",
                "Write what the cluster's pods are networked with.",
            )


def pods_route(topology: Topology, cluster: Cluster) -> str:
    """Say what an on-premises site's own network has to do for a cluster whose pods are advertised; empty: nothing."""
    if not cluster.advertised or isinstance(topology.sites[cluster.site], AwsSite):
        return ""
    return (
        f"The gateways of {cluster.site} announce {cluster.pods} and send what comes for it into the site: its own "
        "network has to lead there, to the cluster's nodes, by BGP with the CNI or by static routes."
    )


def _advertised_problems(name: str, cluster: Cluster, site: AwsSite) -> Iterator[Problem]:
    """Find pods that a link would announce and that the VPC cannot lead to: it knows its own ranges alone."""
    place = path_of("clusters", name, "advertised")
    if cluster.cni not in _OF_THE_VPC:
        yield Problem(
            place,
            f"`{cluster.cni.value}` gives pods addresses that the VPC knows nothing of, so what comes for "
            f"`{cluster.pods}` over a link ends there.",
            "Leave `advertised` out, and reach the cluster's services by load balancers or a multi-cluster network; or "
            f"network pods with `{Cni.AWS_VPC.value}`.",
        )
    elif not any(cluster.pods.subnet_of(network) for network in site.ranges):
        yield Problem(
            place,
            f"Pods' range `{cluster.pods}` is in none of the ranges of `{cluster.site}`, so its VPC does not have it, "
            "and what comes for pods over a link ends there.",
            f"Add it to {'the VPC and to ' if site.vpc else ''}`{path_of('sites', cluster.site, 'ranges')}`, take "
            "pods from a range there, or leave `advertised` out.",
        )


def _member_problems(topology: Topology, name: str, cluster_set: ClusterSet) -> Iterator[Problem]:
    found: set[str] = set()
    for index, cluster in enumerate(cluster_set.clusters):
        place = path_of("cluster_sets", name, "clusters", index)
        if cluster not in topology.clusters:
            yield Problem(place, f"There is no cluster `{cluster}`.", _declared_or(cluster, topology.clusters))
        elif cluster in found:
            yield Problem(place, f"`{cluster}` is in the set already.", "Name each cluster once.")
        found.add(cluster)


def _globalnet_problems(topology: Topology, name: str, cluster_set: ClusterSet) -> Iterator[Problem]:
    if not cluster_set.globalnet:
        if cluster_set.global_range is not None:
            yield Problem(
                path_of("cluster_sets", name, "global_range"),
                "Global ranges are Globalnet's, which the set does not have.",
                "Write `globalnet: true`, or leave the range out.",
            )
        return
    known = [cluster for cluster in cluster_set.clusters if cluster in topology.clusters]
    members = {cluster: topology.clusters[cluster].cni for cluster in known}
    calico = [cluster for cluster, cni in members.items() if cni in _CALICO]
    if calico and str(global_pool(cluster_set)) in limits.words("submariner.globalnet.calico"):
        yield Problem(
            path_of("cluster_sets", name, "global_range"),
            f"Calico, which cluster `{calico[0]}` has, uses `{global_pool(cluster_set)}` itself.",
            "Choose another `global_range`, such as `10.224.0.0/12` "
            f"({limits.limits()['submariner.globalnet.calico'].reference}).",
            Severity.WARNING,
        )


def _unfit_problems(topology: Topology) -> Iterator[Problem]:
    """Find clusters of Globalnet sets that Submariner does not reach, each once."""
    unfit = limits.limits()["submariner.unfit-cni"]
    sets = [cluster_set for cluster_set in topology.cluster_sets.values() if cluster_set.globalnet]
    for name in dict.fromkeys(name for cluster_set in sets for name in cluster_set.clusters):
        cluster = topology.clusters.get(name)
        if cluster is not None and cluster.cni.value in limits.words("submariner.unfit-cni"):
            yield Problem(
                path_of("clusters", name, "cni"),
                f"Submariner, which Globalnet is part of, reaches pods of `{cluster.cni.value}` now and then only: "
                "those on a node's further interfaces have no routes to it.",
                f"Add the routes by hand on every node ({unfit.reference}), or choose another CNI.",
                Severity.WARNING,
            )


def _shared_problems(topology: Topology) -> Iterator[Problem]:
    """Find clusters that have two of what a cluster has one of."""
    for what, names in (
        ("mesh", [name for name, found in topology.cluster_sets.items() if found.mesh is not None]),
        ("Globalnet", [name for name, found in topology.cluster_sets.items() if found.globalnet]),
    ):
        first: dict[str, str] = {}
        for name in names:
            for index, cluster in enumerate(topology.cluster_sets[name].clusters):
                if first.setdefault(cluster, name) != name:
                    yield Problem(
                        path_of("cluster_sets", name, "clusters", index),
                        f"`{cluster}` has the {what} of cluster set `{first[cluster]}`, and a cluster has one.",
                        f"Take it out of one of the two sets, or make them one set with one {what}.",
                    )


def _declared_or(name: str, known: Iterable[str]) -> str:
    names = list(known)
    some = ", ".join(f"`{other}`" for other in names[:_LISTED])
    listed = f"Declare it, or name one of {some}{', …' * (len(names) > _LISTED)}." if names else "Declare it."
    return meant(name, names, listed)
