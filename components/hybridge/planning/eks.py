"""What EKS, and the VPC that its clusters are in, take as ranges of pods and services.

EKS gives a cluster 10.100.0.0/16 or 172.20.0.0/16 for its services unless it is told; here it always is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import IPv4Network

from hybridge.topology import AwsSite, Cluster, ClusterKind, Cni, Problem, Topology, path_of

from . import limits
from .vpc_ranges import VpcRanges
from .within import within


def eks_problems(topology: Topology) -> Iterator[Problem]:
    """Find ranges of EKS clusters that EKS or their VPC refuses."""
    added: defaultdict[str, dict[str, IPv4Network]] = defaultdict(dict)
    ranges = {name: set(site.ranges) for name, site in topology.sites.items() if isinstance(site, AwsSite)}
    for name, cluster in topology.clusters.items():
        if cluster.kind is not ClusterKind.EKS:
            continue
        yield from _service_problems(name, cluster)
        site = topology.sites.get(cluster.site)
        if isinstance(site, AwsSite) and cluster.cni is Cni.AWS_VPC and not within(cluster.pods, ranges[cluster.site]):
            added[cluster.site][name] = cluster.pods
    for name, clusters in added.items():
        yield from _pod_problems(topology.sites[name].ranges, clusters)


def _service_problems(name: str, cluster: Cluster) -> Iterator[Problem]:
    widest, narrowest = limits.bounds("aws.eks.services.prefix-lengths")
    blocks = limits.words("aws.eks.services.ranges")
    fits = any(cluster.services.subnet_of(IPv4Network(block)) for block in blocks)
    if not fits or not widest <= cluster.services.prefixlen <= narrowest:
        yield Problem(
            path_of("clusters", name, "services"),
            f"EKS does not take `{cluster.services}` for services.",
            f"Take a /{widest} to /{narrowest} within {', '.join(blocks)} "
            f"({limits.limits()['aws.eks.services.ranges'].reference}).",
        )


def _pod_problems(ranges: list[IPv4Network], clusters: dict[str, IPv4Network]) -> Iterator[Problem]:
    """Find pods' ranges that the VPC with `ranges` cannot be given as well."""
    vpc = VpcRanges(ranges[0], (*ranges[1:], *clusters.values()))
    rule, most = limits.limits()["aws.vpc.families"], limits.limits()["aws.vpc.ranges"]
    for name, pods in clusters.items():
        refusal = vpc.refusal(pods)
        if refusal is not None:
            yield Problem(
                path_of("clusters", name, "pods"),
                f"Pods have addresses of the VPC, and AWS does not add `{pods}` to {refusal}.",
                f"Take a part of 100.64.0.0/10, or of the site's own ranges ({rule.reference}).",
            )
    count = 1 + len(vpc.further)
    if count > limits.number("aws.vpc.ranges"):
        yield Problem(
            path_of("clusters", list(clusters)[-1], "pods"),
            f"With its clusters' pods the VPC would have {count} ranges, and it has {most.value} at the most.",
            f"Give pods parts of fewer, larger ranges ({most.reference}).",
        )
