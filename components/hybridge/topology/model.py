"""What a person declares in one stack: sites, links, flows, clusters and trust, as frozen, strict models.

Every field is checked by itself here. What only the whole can show (overlaps, unknown names, vendors' limits) is
planning's business.
"""

from __future__ import annotations

from pydantic import Field

from .base import Model
from .clusters import Cluster, ClusterSet, Trust
from .flows import Flow
from .links import Link
from .quantities import Name, ResourceName
from .sites import Site


class Topology(Model):
    """One stack's estate: what a person declares, and nothing that follows from it."""

    sites: dict[Name, Site] = Field(
        min_length=1,
        json_schema_extra={"additionalProperties": False},
        description="Places with address ranges and an edge, by name.",
        examples=[
            {
                "dc1": {
                    "kind": "onprem",
                    "asn": 65010,
                    "ranges": ["10.100.0.0/16"],
                    "gateways": [{"name": "edge-a", "public_ip": "203.0.113.10"}],
                }
            }
        ],
    )
    links: dict[Name, Link] = Field(
        default_factory=dict,
        json_schema_extra={"additionalProperties": False},
        description="Connections between two sites, by name.",
        examples=[{"dc1-aws": {"between": ["dc1", "aws-east"], "via": "site-to-site-vpn"}}],
    )
    flows: dict[Name, Flow] = Field(
        default_factory=dict,
        json_schema_extra={"additionalProperties": False},
        description="Traffic that somebody needs between two sites, by name.",
        examples=[{"orders-db": {"from": "dc1", "to": "aws-east", "bandwidth": "400Mbps"}}],
    )
    clusters: dict[Name, Cluster] = Field(
        default_factory=dict,
        json_schema_extra={"additionalProperties": False},
        description="Kubernetes clusters, by name.",
        examples=[
            {
                "warehouse": {
                    "site": "dc1",
                    "kind": "existing",
                    "pods": "10.10.0.0/16",
                    "services": "10.110.0.0/16",
                    "cni": "calico-vxlan",
                }
            }
        ],
    )
    cluster_sets: dict[Name, ClusterSet] = Field(
        default_factory=dict,
        json_schema_extra={"additionalProperties": False},
        description="Clusters that share a multi-cluster network, by name.",
        examples=[{"retail": {"clusters": ["warehouse", "shop"]}}],
    )
    trust: Trust | None = Field(
        default=None,
        description="The root of trust of the cluster sets' meshes.",
        examples=[{"organization": "Example"}],
    )
    allow_replacement: list[ResourceName] = Field(
        default_factory=list,
        description="Names of protected resources whose replacement is wanted now; remove them afterwards and update "
        "once before anything else changes.",
        examples=[["dc1-aws-edge-a"]],
    )
