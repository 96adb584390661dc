"""The network of an AWS site: a VPC of hybridge's own with its subnets and routes, or the parts of one that exists."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from hybridge.planning import AwsSitePlan, ExistingVpcPlan

_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class RouteTable:
    """A route table that leads to other sites."""

    prefix: str
    """What the names of the resources in it begin with."""
    id: pulumi.Input[str]


@dataclass(frozen=True)
class Network:
    """What links, gateways and resolvers are made in."""

    vpc_id: pulumi.Input[str]
    route_tables: list[RouteTable]
    attachment_subnets: Sequence[pulumi.Input[str]]
    gateway_subnets: Sequence[pulumi.Input[str]]
    resolver_subnets: Sequence[pulumi.Input[str]]
    gateway_route_table: pulumi.Output[str] | None = field(default=None)
    """The route table of the gateway subnets; None where there are none, or where they exist already."""


def existing_network(name: str, vpc: ExistingVpcPlan) -> Network:
    """Return the parts of a VPC that exists; nothing is declared."""
    return Network(
        vpc_id=vpc.id,
        route_tables=[RouteTable(f"{name}-{table}", table) for table in vpc.route_tables],
        attachment_subnets=vpc.attachment_subnets,
        gateway_subnets=vpc.gateway_subnets,
        resolver_subnets=vpc.resolver_subnets,
    )


def new_network(plan: AwsSitePlan, parent: pulumi.Resource) -> Network:
    """Declare the VPC with all its ranges, its main route table, and the subnets that links and resolvers need.

    Gateway instances have subnets of their own, which alone lead to the internet. Everything else stays in the main
    route table.
    """
    name = plan.name
    vpc = _vpc(plan, parent)
    table = aws.ec2.RouteTable(name, vpc_id=vpc.id, tags={"Name": name}, opts=pulumi.ResourceOptions(parent=parent))
    aws.ec2.MainRouteTableAssociation(
        name,
        vpc_id=vpc.id,
        route_table_id=table.id,
        # The provider would update it in place for another VPC, with the old one's association: AWS refuses that.
        opts=pulumi.ResourceOptions(parent=parent, replace_on_changes=["vpcId"]),
    )
    zones = _zones(plan, parent)
    # Which zones a Region offers may change, and no subnet moves for that: only for zones that somebody names.
    settled = pulumi.ResourceOptions(parent=parent, ignore_changes=None if plan.zones else ["availabilityZone"])

    def subnets(purpose: str, networks: list[str]) -> list[pulumi.Output[str]]:
        return [
            aws.ec2.Subnet(
                f"{name}-{purpose}-{index}",
                vpc_id=vpc.id,
                cidr_block=network,
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags={"Name": f"{name}-{purpose}-{index}"},
                opts=settled,
            ).id
            for index, (zone, network) in enumerate(zip(zones, networks, strict=False), start=1)
        ]

    gateways = subnets("gateway", plan.gateway_subnets)
    gateway_table, gateways = _way_out(name, vpc.id, gateways, parent) if gateways else (None, gateways)
    return Network(
        vpc_id=vpc.id,
        route_tables=[RouteTable(name, table.id)],
        attachment_subnets=subnets("attachment", plan.attachment_subnets),
        gateway_subnets=gateways,
        resolver_subnets=subnets("resolver", plan.resolver_subnets),
        gateway_route_table=gateway_table,
    )


def _vpc(plan: AwsSitePlan, parent: pulumi.Resource) -> aws.ec2.Vpc:
    primary, *secondary = plan.ranges
    vpc = aws.ec2.Vpc(
        plan.name,
        cidr_block=primary,
        enable_dns_support=True,
        enable_dns_hostnames=True,
        tags={"Name": plan.name},
        opts=pulumi.ResourceOptions(parent=parent),
    )
    for network in secondary:
        aws.ec2.VpcIpv4CidrBlockAssociation(
            f"{plan.name}-{network}",
            vpc_id=vpc.id,
            cidr_block=network,
            opts=pulumi.ResourceOptions(parent=parent),
        )
    return vpc


def _zones(plan: AwsSitePlan, parent: pulumi.Resource) -> list[pulumi.Input[str]]:
    """Return the zones that are named, or as many of the Region's first ones as the most widely spread part needs."""
    wanted = max(len(plan.attachment_subnets), len(plan.gateway_subnets), len(plan.resolver_subnets))
    if plan.zones or not wanted:
        return list(plan.zones)
    names = aws.get_availability_zones_output(
        state="available",
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=pulumi.InvokeOutputOptions(parent=parent),
    ).names
    return [names[index] for index in range(wanted)]


def _way_out(
    name: str, vpc: pulumi.Input[str], subnets: list[pulumi.Output[str]], parent: pulumi.Resource
) -> tuple[pulumi.Output[str], list[pulumi.Output[str]]]:
    """Lead the gateway subnets to the internet; they reach the VPC's ranges by the route that every table has.

    Return their route table, and the subnets as they are known once they lead there: AWS lets nothing in a subnet have
    a public address before, and takes no internet gateway away while something has one.
    """
    opts = pulumi.ResourceOptions(parent=parent)
    internet = aws.ec2.InternetGateway(name, vpc_id=vpc, tags={"Name": name}, opts=opts)
    table = aws.ec2.RouteTable(f"{name}-gateway", vpc_id=vpc, tags={"Name": f"{name}-gateway"}, opts=opts)
    route = aws.ec2.Route(
        f"{name}-gateway-{_ANYWHERE}",
        route_table_id=table.id,
        destination_cidr_block=_ANYWHERE,
        gateway_id=internet.id,
        opts=opts,
    )
    after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[route]))
    associations = [
        aws.ec2.RouteTableAssociation(f"{name}-gateway-{index}", subnet_id=subnet, route_table_id=table.id, opts=after)
        for index, subnet in enumerate(subnets, start=1)
    ]
    return table.id, [
        pulumi.Output.all(subnet, association.id).apply(lambda known: known[0])
        for subnet, association in zip(subnets, associations, strict=True)
    ]
