"""What a person declares: sites and the links between them, as frozen, strict models.

Every field is checked by itself here. What only the whole can show (overlaps, unknown names, vendors' limits) is
planning's business.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .quantities import Address, Bandwidth, Name, Network, Seconds


class Model(BaseModel):
    """The shape of everything in a stack file: unknown keys are errors, nothing is coerced, nothing changes later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Gateway(Model):
    """An on-premises edge device that ends tunnels."""

    name: Name = Field(description="The device's name; its configuration is rendered under it.", examples=["edge-a"])
    public_ip: Address = Field(description="Its fixed public IPv4 address.", examples=["203.0.113.10"])


class OnpremSite(Model):
    """A datacentre, branch or colocation cage: address ranges behind gateways that a person configures."""

    kind: Literal["onprem"]
    asn: int = Field(description="BGP autonomous system number of its gateways.", examples=[65010])
    ranges: list[Network] = Field(
        min_length=1, description="The networks it announces over its links.", examples=[["10.100.0.0/16"]]
    )
    gateways: list[Gateway] = Field(
        min_length=1,
        description="Its edge devices; two or more, so that one may fail.",
        examples=[[{"name": "edge-a", "public_ip": "203.0.113.10"}]],
    )


class AwsHub(StrEnum):
    """The AWS service that a site's links attach to."""

    TRANSIT_GATEWAY = "transit-gateway"


class AwsSite(Model):
    """A VPC in one AWS Region, with the hub that its links attach to."""

    kind: Literal["aws"]
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = Field(
        description="The AWS Region.", examples=["us-east-1"]
    )
    asn: int = Field(description="BGP autonomous system number of the hub's side.", examples=[64512])
    ranges: list[Network] = Field(
        min_length=1,
        description="The VPC's address ranges, the primary one first.",
        examples=[["172.20.0.0/16"]],
    )
    hub: AwsHub = Field(
        default=AwsHub.TRANSIT_GATEWAY,
        description="What its links attach to.",
        examples=[AwsHub.TRANSIT_GATEWAY.value],
    )
    zones: list[Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")]] | None = Field(
        default=None,
        min_length=2,
        max_length=6,
        description="Availability zones of the hub's attachment; by default the Region's first two.",
        examples=[["us-east-1a", "us-east-1b"]],
    )


Site = Annotated[OnpremSite | AwsSite, Field(discriminator="kind")]


class SiteToSiteVpn(Model):
    """IPsec tunnels between an on-premises site's gateways and a cloud's managed VPN service.

    Each gateway gets a connection of its own, each connection two tunnels, each tunnel its own secret key, and BGP
    runs in all of them.
    """

    between: list[Name] = Field(
        min_length=2, max_length=2, description="The two sites that it joins.", examples=[["dc1", "aws-east"]]
    )
    via: Literal["site-to-site-vpn"] = Field(examples=["site-to-site-vpn"])
    bandwidth: Bandwidth | None = Field(
        default=None,
        description="What one tunnel has to carry; decides the vendor's tunnel size.",
        examples=["500Mbps"],
    )
    dead_peer_after: Seconds = Field(
        default=30,
        description="How long a silent peer is taken to be alive.",
        examples=["30s"],
        json_schema_extra={"default": "30s"},
    )
    ike_lifetime: Seconds = Field(
        default=28_800,
        description="How long an IKE SA (phase 1) lives at the most.",
        examples=["8h"],
        json_schema_extra={"default": "8h"},
    )
    child_lifetime: Seconds = Field(
        default=3_600,
        description="How long a child SA (phase 2) lives at the most.",
        examples=["1h"],
        json_schema_extra={"default": "1h"},
    )
    accept_single_gateway: str | None = Field(
        default=None,
        min_length=10,
        description="Why one on-premises gateway is enough for this link; the report repeats it.",
        examples=["a branch office that may be offline for a day"],
    )


Link = SiteToSiteVpn


class Topology(Model):
    """One stack's estate: what a person declares, and nothing that follows from it."""

    sites: dict[Name, Site] = Field(
        min_length=1,
        json_schema_extra={"additionalProperties": False},
        description="Places with address ranges and an edge, by name.",
        examples=[{"dc1": {"kind": "onprem", "asn": 65010}}],
    )
    links: dict[Name, Link] = Field(
        default_factory=dict,
        json_schema_extra={"additionalProperties": False},
        description="Connections between two sites, by name.",
        examples=[{"dc1-aws": {"between": ["dc1", "aws-east"], "via": "site-to-site-vpn"}}],
    )
