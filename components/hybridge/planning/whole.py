"""The plan of a whole stack: what its components are made of, and what the report tells."""

from __future__ import annotations

from dataclasses import dataclass

from hybridge.topology import Problem

from .capacity import Demand
from .dns_model import DnsPlan
from .model import AwsSitePlan, OnpremSitePlan, SiteToSiteVpnPlan
from .mtu_plan import MtuPlan
from .openings import Opening
from .paths import LinkPath
from .prices import Estimate
from .redundancy import LinkRedundancy, PairRedundancy, SiteRedundancy
from .routing import Neighbour
from .trust_model import TrustPlan
from .wireguard_model import WireguardPlan


@dataclass(frozen=True)
class ClusterPlan:
    """A cluster as the estate's networks see it."""

    name: str
    site: str
    kind: str
    pods: str
    services: str
    pod_mtu: int
    """Largest packet of its pods, in bytes."""
    sets: list[str]
    """The cluster sets that it is in."""
    route: str
    """What the site's own network has to do for pods that are advertised; empty: nothing."""


@dataclass(frozen=True)
class Consequences:
    """What follows from the decisions, for whoever reads the report; no component needs it."""

    demands: list[Demand]
    links: list[LinkRedundancy]
    sites: list[SiteRedundancy]
    pairs: list[PairRedundancy]
    mtu: MtuPlan
    neighbours: list[Neighbour]
    openings: list[Opening]
    estimate: Estimate


@dataclass(frozen=True)
class Plan:
    """The whole estate, decided: nothing here waits for a cloud."""

    stack: str
    onprem_sites: list[OnpremSitePlan]
    aws_sites: list[AwsSitePlan]
    vpns: list[SiteToSiteVpnPlan]
    wireguards: list[WireguardPlan]
    paths: list[LinkPath]
    """Every link as a way for traffic, in the stack file's order."""
    clusters: list[ClusterPlan]
    dns: DnsPlan
    trust: TrustPlan | None
    allow_replacement: list[str]
    """Names of protected resources whose replacement is wanted now."""
    consequences: Consequences
    warnings: list[Problem]
