"""Clusters and cluster sets as a person declares them: names and ranges, and how they join."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .base import Model
from .quantities import Name, Network


class ClusterKind(StrEnum):
    """How a cluster comes into being."""

    EKS = "eks"
    KIND = "kind"
    EXISTING = "existing"


class Cni(StrEnum):
    """How a cluster's pods are networked, which decides how much of a packet is left to them."""

    AWS_VPC = "aws-vpc"
    """Pods have VPC addresses; nothing is encapsulated."""
    CALICO_VXLAN = "calico-vxlan"
    CALICO_IPIP = "calico-ipip"
    CALICO_WIREGUARD = "calico-wireguard"
    CILIUM_VXLAN = "cilium-vxlan"
    CILIUM_NATIVE = "cilium-native"
    FLANNEL_VXLAN = "flannel-vxlan"
    OVN_KUBERNETES = "ovn-kubernetes"
    KINDNET = "kindnet"
    """Plain routes between nodes; nothing is encapsulated."""


class Cluster(Model):
    """A Kubernetes cluster at a site."""

    site: Name = Field(description="Where it runs.", examples=["dc1"])
    kind: ClusterKind = Field(description="How it comes into being.", examples=["existing"])
    pods: Network = Field(description="Its pods' range.", examples=["10.10.0.0/16"])
    services: Network = Field(description="Its services' range.", examples=["10.110.0.0/16"])
    cni: Cni = Field(description="How its pods are networked.", examples=["calico-vxlan"])
    advertised: bool = Field(
        default=False,
        description="Whether the site's links announce its pods' range, so that other sites reach pods directly; in "
        "AWS they need addresses of the VPC, elsewhere a route in the site's own network.",
        examples=[True],
    )


class MeshKind(StrEnum):
    """The service mesh that a cluster set shares."""

    ISTIO = "istio"
    LINKERD = "linkerd"


class ClusterSet(Model):
    """Clusters that share a multi-cluster network, and perhaps a mesh with one root of trust."""

    clusters: list[Name] = Field(
        min_length=2, description="Its clusters; at least two.", examples=[["warehouse", "shop"]]
    )
    globalnet: bool = Field(
        default=False,
        description="Whether Submariner's Globalnet gives services global addresses, so that ranges may overlap.",
        examples=[True],
    )
    global_range: Network | None = Field(
        default=None,
        description="Where Globalnet takes each cluster's global range from; by default 242.0.0.0/8.",
        examples=["242.0.0.0/8"],
    )
    mesh: MeshKind | None = Field(default=None, description="The mesh that its clusters share.", examples=["istio"])


class Trust(Model):
    """One root authority for every cluster of a mesh, and an intermediate authority for each cluster."""

    organization: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")] = Field(
        description="Organization in the certificates' subject.", examples=["Example"]
    )
    root_years: Annotated[int, Field(ge=1, le=50)] = Field(
        default=20, description="Life of the root certificate, in years.", examples=[20]
    )
    intermediate_years: Annotated[int, Field(ge=1, le=50)] = Field(
        default=10, description="Life of each cluster's intermediate certificate, in years.", examples=[10]
    )
