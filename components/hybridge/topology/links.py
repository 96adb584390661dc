"""Links as a person declares them: connections between two sites."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Model
from .quantities import Address, AsNumber, Bandwidth, Milliseconds, Name, Network, Seconds, TunnelKey, WireguardKey

_WHY = 10
"""Characters of the shortest reason that says anything."""


class LinkBase(Model):
    """What all links have."""

    between: list[Name] = Field(
        min_length=2, max_length=2, description="The two sites that it joins.", examples=[["dc1", "aws-east"]]
    )
    standby: bool = Field(
        default=False,
        description="Whether it carries traffic only while the sites' other links are down.",
        examples=[True],
    )
    round_trip: Milliseconds | None = Field(
        default=None,
        description="Round-trip time measured between the two sites over this link; flows are held against it.",
        examples=["8ms"],
    )
    accept_single_gateway: str | None = Field(
        default=None,
        min_length=_WHY,
        max_length=200,
        description="Why one gateway at an end is enough for this link; the report repeats it.",
        examples=["a branch office that may be offline for a day"],
    )


class SiteToSiteVpn(LinkBase):
    """IPsec tunnels between an on-premises site's gateways and a cloud's managed VPN service.

    Each gateway gets a connection of its own, each connection two tunnels, each tunnel its own secret key, and BGP
    runs in all of them.
    """

    via: Literal["site-to-site-vpn"] = Field(examples=["site-to-site-vpn"])
    bandwidth: Bandwidth | None = Field(
        default=None,
        description="What one tunnel is to carry at the most: flows are held against it, and above 1.25Gbps AWS's "
        "large tunnels are taken. By default what a standard tunnel carries.",
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
    nat_traversal: bool = Field(
        default=False,
        description="Whether a gateway stands behind NAT, so that ESP travels in UDP and packets are smaller.",
        examples=[True],
    )
    log_retention_days: Annotated[int, Field(ge=1, le=3653)] | None = Field(
        default=90,
        description="How long the tunnels' logs are kept, in days; null: no logs.",
        examples=[90],
    )
    key_generations: dict[TunnelKey, Annotated[int, Field(ge=1, le=1_000_000)]] = Field(
        default_factory=dict,
        description="The generation of a tunnel's key, by `gateway/number`, 1 where none is written; raise one to "
        "rotate that tunnel's key, one tunnel of the link at a time.",
        json_schema_extra={"additionalProperties": False},
        examples=[{"edge-a/1": 2}],
    )
    preshared_keys: dict[TunnelKey, Name] = Field(
        default_factory=dict,
        description="Names of secrets (`pulumi config set --secret hybridge:NAME`) that hold a tunnel's key, by "
        "`gateway/number`, where the other end dictates it; by default every key is made here.",
        json_schema_extra={"additionalProperties": False},
        examples=[{"edge-a/1": "edge-a-key"}],
    )


class Wireguard(LinkBase):
    """WireGuard tunnels between an on-premises site's gateways and gateway instances in an AWS site.

    Every gateway of one end has a tunnel to every gateway of the other, and BGP runs in all of them; the VPC learns
    the routes through a VPC Route Server, or by a route to the one instance where a single gateway is accepted.
    """

    via: Literal["wireguard"] = Field(examples=["wireguard"])
    tunnel_network: Network = Field(
        description="Range that the addresses inside the tunnels are taken from; nobody else's.",
        examples=["10.200.0.0/24"],
    )
    port: Annotated[int, Field(ge=1024, le=65_535)] = Field(
        default=51_820,
        description="First UDP port of each gateway's tunnels; each further tunnel has the next one.",
        examples=[51_820],
    )
    keepalive: Seconds = Field(
        default=25,
        description="How often a silent tunnel is kept open through NAT.",
        examples=["25s"],
        json_schema_extra={"default": "25s"},
    )
    mtu: Annotated[int, Field(ge=1280, le=8921)] = Field(
        default=1400, description="Largest packet inside the tunnels, in bytes.", examples=[1400]
    )
    instance_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9]+$")] = Field(
        default="c7gn.medium", description="EC2 type of the gateway instances.", examples=["c7gn.medium"]
    )
    gateway_asn: AsNumber = Field(
        default=64_600,
        description="BGP autonomous system number of the gateway instances; neither end's own.",
        examples=[64_600],
    )
    elastic_ips: list[Address] = Field(
        default_factory=list,
        max_length=2,
        description="Elastic IP addresses that exist already in the account, one a gateway instance, where a peer "
        "has them configured; by default new ones are allocated.",
        examples=[["198.51.100.5", "198.51.100.6"]],
    )
    public_keys: dict[Name, WireguardKey] = Field(
        default_factory=dict,
        description="Public keys of on-premises gateways that keep their private key to themselves; by default the "
        "key is made here and rendered into the gateway's configuration.",
        json_schema_extra={"additionalProperties": False},
        examples=[{"edge-a": "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="}],
    )


Link = Annotated[SiteToSiteVpn | Wireguard, Field(discriminator="via")]
