"""What a person declares, as strict models, and the problems that reading or planning it finds. No Pulumi here."""

from .clusters import Cluster, ClusterKind, ClusterSet, Cni, MeshKind, Trust
from .flows import Flow
from .links import Link, SiteToSiteVpn, Wireguard
from .model import Topology
from .problem import Problem, ProblemsFound, Severity, meant, path_of
from .quantities import written_bandwidth, written_milliseconds, written_seconds
from .reading import Reading, read_soundly, read_topology, topology_text
from .sites import (
    AwsAlarms,
    AwsDns,
    AwsHub,
    AwsIdentity,
    AwsSite,
    ExistingVpc,
    Gateway,
    OnpremDns,
    OnpremSite,
    Site,
)

__all__ = [
    "AwsAlarms",
    "AwsDns",
    "AwsHub",
    "AwsIdentity",
    "AwsSite",
    "Cluster",
    "ClusterKind",
    "ClusterSet",
    "Cni",
    "ExistingVpc",
    "Flow",
    "Gateway",
    "Link",
    "MeshKind",
    "OnpremDns",
    "OnpremSite",
    "Problem",
    "ProblemsFound",
    "Reading",
    "Severity",
    "Site",
    "SiteToSiteVpn",
    "Topology",
    "Trust",
    "Wireguard",
    "meant",
    "path_of",
    "read_soundly",
    "read_topology",
    "topology_text",
    "written_bandwidth",
    "written_milliseconds",
    "written_seconds",
]
