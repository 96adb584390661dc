"""What the links of an AWS site attach to, and the VPC's routes there."""

import pulumi
import pulumi_aws as aws

from hybridge.planning import AwsSitePlan

from .aws_network import Network


def transit_gateway(
    plan: AwsSitePlan, network: Network, parent: pulumi.Resource, *, protect: bool
) -> aws.ec2transitgateway.TransitGateway:
    """Declare a transit gateway with ECMP over its VPN connections, the VPC's attachment, and a route to each range.

    :param plan: the site
    :param network: the VPC that is attached
    :param parent: the component
    :param protect: whether the engine refuses to replace the gateway
    """
    opts = pulumi.ResourceOptions(parent=parent)
    hub = aws.ec2transitgateway.TransitGateway(
        plan.name,
        amazon_side_asn=plan.asn,
        description=f"hub of {plan.name}",
        vpn_ecmp_support="enable",
        default_route_table_association="enable",
        default_route_table_propagation="enable",
        # Nobody else's VPC joins by itself: whoever shares this gateway accepts each attachment.
        auto_accept_shared_attachments="disable",
        tags={"Name": plan.name},
        # Its ASN and its VPNs' addresses are configured on peers; a replacement would take every link down.
        opts=pulumi.ResourceOptions(parent=parent, protect=protect),
    )
    attachment = aws.ec2transitgateway.VpcAttachment(
        plan.name,
        transit_gateway_id=hub.id,
        vpc_id=network.vpc_id,
        subnet_ids=[*network.attachment_subnets],
        tags={"Name": plan.name},
        opts=opts,
    )
    for table in network.route_tables:
        for remote in plan.remote_ranges:
            aws.ec2.Route(
                f"{table.prefix}-{remote}",
                route_table_id=table.id,
                destination_cidr_block=remote,
                transit_gateway_id=hub.id,
                # A route to a transit gateway is refused until the VPC is attached to it.
                opts=pulumi.ResourceOptions(parent=parent, depends_on=[attachment]),
            )
    return hub


def vpn_gateway(plan: AwsSitePlan, network: Network, parent: pulumi.Resource, *, protect: bool) -> aws.ec2.VpnGateway:
    """Declare a virtual private gateway, the VPC's attachment, and the propagation of what it learns by BGP.

    :param plan: the site
    :param network: the VPC that it is attached to; a VPC has one at a time
    :param parent: the component
    :param protect: whether the engine refuses to replace the gateway
    """
    hub = aws.ec2.VpnGateway(
        plan.name,
        amazon_side_asn=str(plan.asn),
        tags={"Name": plan.name},
        # AWS cannot change its ASN, and peers have it and its VPNs' addresses configured.
        opts=pulumi.ResourceOptions(parent=parent, protect=protect),
    )
    attachment = aws.ec2.VpnGatewayAttachment(
        plan.name,
        vpc_id=network.vpc_id,
        vpn_gateway_id=hub.id,
        # A VPC has one such gateway at a time, and the gateway one VPC.
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )
    for table in network.route_tables:
        aws.ec2.VpnGatewayRoutePropagation(
            table.prefix,
            route_table_id=table.id,
            vpn_gateway_id=hub.id,
            # AWS propagates nothing from a gateway that is not attached.
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[attachment]),
        )
    return hub
