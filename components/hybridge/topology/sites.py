"""Sites as a person declares them: places with address ranges and an edge."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from .base import Model
from .quantities import Address, AsNumber, Bandwidth, Domain, Name, Network, TagKey


def _identifier(prefix: str) -> str:
    return rf"^{prefix}-[0-9a-f]{{8}}(?:[0-9a-f]{{9}})?$"


VpcId = Annotated[str, Field(pattern=_identifier("vpc"))]
SubnetId = Annotated[str, Field(pattern=_identifier("subnet"))]
RouteTableId = Annotated[str, Field(pattern=_identifier("rtb"))]


class OnpremDns(Model):
    """Names that a datacentre answers for."""

    domains: list[Domain] = Field(
        min_length=1, description="Domains that its servers answer for.", examples=[["corp.example.com"]]
    )
    servers: list[Address] = Field(
        min_length=1,
        max_length=6,
        description="Addresses of its DNS servers, within its ranges; two or more, so that one may fail.",
        examples=[["10.100.0.53", "10.100.1.53"]],
    )


class Gateway(Model):
    """An on-premises edge device that ends tunnels."""

    name: Name = Field(description="The device's name; its configuration is rendered under it.", examples=["edge-a"])
    public_ip: Address = Field(description="Its fixed public IPv4 address.", examples=["203.0.113.10"])
    uplink: Bandwidth | None = Field(
        default=None,
        description="What its line to the outside carries each way, all its tunnels together; flows are held against "
        "it. What tunnels add to packets on the wire is not counted. Without it the line limits nothing.",
        examples=["500Mbps"],
    )
    path_mtu: Annotated[int, Field(ge=1280, le=1500)] = Field(
        default=1500,
        description="Largest packet on its path to the outside, in bytes: 1492 behind PPPoE, less behind another "
        "tunnel. The internet and AWS carry no more than 1500, and no network has to offer less than 1280, IPv6's "
        "least.",
        examples=[1492],
    )
    lan_address: Address | None = Field(
        default=None,
        description="Its address in the subnet that it shares with the site's other gateways, which then stand in for "
        "it when its tunnels are down.",
        examples=["10.100.0.2"],
    )


class OnpremSite(Model):
    """A datacentre, branch or colocation cage: address ranges behind gateways that a person configures."""

    kind: Literal["onprem"]
    asn: AsNumber = Field(description="BGP autonomous system number of its gateways.", examples=[65010])
    ranges: list[Network] = Field(
        min_length=1, description="The networks it announces over its links.", examples=[["10.100.0.0/16"]]
    )
    gateways: list[Gateway] = Field(
        min_length=1,
        description="Its edge devices; two or more, so that one may fail.",
        examples=[[{"name": "edge-a", "public_ip": "203.0.113.10"}]],
    )
    dns: OnpremDns | None = Field(
        default=None,
        description="Names it answers for; AWS sites, and those with a `dns:`, that its links reach ask it for them.",
        examples=[{"domains": ["corp.example.com"], "servers": ["10.100.0.53", "10.100.1.53"]}],
    )


class AwsHub(StrEnum):
    """The AWS service that a site's links attach to."""

    TRANSIT_GATEWAY = "transit-gateway"
    VIRTUAL_PRIVATE_GATEWAY = "virtual-private-gateway"


class AwsIdentity(Model):
    """Whose resources an AWS site's are, and as whom they are declared."""

    account: Annotated[str, Field(pattern=r"^\d{12}$")] = Field(
        description="The account, in quotes; anything else's credentials are refused.", examples=["123456789012"]
    )
    role: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$", max_length=600)] | None = (
        Field(
            default=None,
            description="The role to assume; by default the caller's own identity.",
            examples=["arn:aws:iam::123456789012:role/network"],
        )
    )


class ExistingVpc(Model):
    """A VPC that exists already, with the parts that hybridge may use; it changes nothing else in it."""

    id: VpcId = Field(description="The VPC.", examples=["vpc-0a1b2c3d4e5f67890"])
    route_tables: list[RouteTableId] = Field(
        min_length=1,
        description="Route tables that get the routes to other sites.",
        examples=[["rtb-0a1b2c3d4e5f67890"]],
    )
    attachment_subnets: list[SubnetId] = Field(
        default_factory=list,
        max_length=6,
        description="A subnet a zone for the transit gateway attachment; needed with a transit gateway.",
        examples=[["subnet-0a1b2c3d4e5f67890", "subnet-0a1b2c3d4e5f67891"]],
    )
    gateway_subnets: list[SubnetId] = Field(
        default_factory=list,
        max_length=2,
        description="A public subnet a gateway instance; needed for WireGuard links.",
        examples=[["subnet-0a1b2c3d4e5f67892", "subnet-0a1b2c3d4e5f67893"]],
    )
    resolver_subnets: list[SubnetId] = Field(
        default_factory=list,
        max_length=2,
        description="Two subnets in two zones for the resolver endpoints; needed for `dns:`, and to ask other sites.",
        examples=[["subnet-0a1b2c3d4e5f67894", "subnet-0a1b2c3d4e5f67895"]],
    )
    resolver_addresses: list[Address] = Field(
        default_factory=list,
        max_length=2,
        description="The address of the inbound resolver endpoint in each of these subnets; needed for `dns:`.",
        examples=[["172.20.3.10", "172.20.4.10"]],
    )


class AwsDns(Model):
    """Names that a VPC's resolver answers for, from private hosted zones associated with it."""

    domains: list[Domain] = Field(
        min_length=1,
        description="Domains that other sites forward to the VPC's resolver.",
        examples=[["aws.example.com"]],
    )


class AwsAlarms(Model):
    """Who is told when a tunnel or a gateway is down."""

    emails: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]] = Field(
        default_factory=list,
        description="Addresses that are subscribed; each has to confirm once.",
        examples=[["network@example.com"]],
    )
    topic: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$", max_length=400)] | None = (
        Field(
            default=None,
            description="An SNS topic that exists already, instead of one of the site's own.",
            examples=["arn:aws:sns:us-east-1:123456789012:network"],
        )
    )


class AwsSite(Model):
    """A VPC in one AWS Region, with the hub that its links attach to."""

    kind: Literal["aws"]
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = Field(
        description="The AWS Region.", examples=["us-east-1"]
    )
    asn: AsNumber = Field(description="BGP autonomous system number of the hub's side.", examples=[64512])
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
        description="Availability zones of its subnets; by default the Region's first two.",
        examples=[["us-east-1a", "us-east-1b"]],
    )
    identity: AwsIdentity | None = Field(
        default=None,
        description="The account and role; by default whatever credentials the engine runs with.",
        examples=[{"account": "123456789012", "role": "arn:aws:iam::123456789012:role/network"}],
    )
    vpc: ExistingVpc | None = Field(
        default=None,
        description="A VPC that exists already; by default a new one is made.",
        examples=[{"id": "vpc-0a1b2c3d4e5f67890", "route_tables": ["rtb-0a1b2c3d4e5f67890"]}],
    )
    dns: AwsDns | None = Field(
        default=None,
        description="Names it answers for; AWS sites, and those with a `dns:`, that its links reach ask it for them.",
        examples=[{"domains": ["aws.example.com"]}],
    )
    alarms: AwsAlarms | None = Field(
        default=None,
        description="Who is told when a tunnel or gateway is down.",
        examples=[{"emails": ["network@example.com"]}],
    )
    tags: dict[
        TagKey,
        Annotated[str, Field(max_length=256)],
    ] = Field(
        default_factory=dict,
        max_length=40,
        description="Tags of everything the site is made of.",
        examples=[{"team": "network"}],
    )


Site = Annotated[OnpremSite | AwsSite, Field(discriminator="kind")]
