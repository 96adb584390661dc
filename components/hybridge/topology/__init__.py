"""What a person declares, as strict models, and the problems that reading or planning it finds. No Pulumi here."""

from .model import AwsHub, AwsSite, Gateway, Link, OnpremSite, Site, SiteToSiteVpn, Topology
from .problem import Problem, ProblemsFound, Severity, path_of
from .quantities import written_bandwidth, written_seconds
from .reading import Reading, read_soundly, read_topology

__all__ = [
    "AwsHub",
    "AwsSite",
    "Gateway",
    "Link",
    "OnpremSite",
    "Problem",
    "ProblemsFound",
    "Reading",
    "Severity",
    "Site",
    "SiteToSiteVpn",
    "Topology",
    "path_of",
    "read_soundly",
    "read_topology",
    "written_bandwidth",
    "written_seconds",
]
