"""An AWS site: a VPC and the transit gateway that the site's links attach to."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from hybridge.planning import AwsSitePlan


@dataclass
class AwsSiteArgs:
    """What an AWS site is made of."""

    plan: AwsSitePlan
    """Ranges, zones, autonomous system and the ranges behind the site's links."""


class AwsSite(pulumi.ComponentResource):
    """A VPC whose networks and those behind the site's links reach each other through a transit gateway.

    Creates the VPC with all its ranges, one /28 subnet a zone for the attachment alone (AWS's advice), the transit
    gateway with ECMP over its VPN connections, the attachment, and the VPC's main route table with a route to each
    remote range. It creates no subnet for workloads: they use any other part of the ranges and need only stay in the
    main route table. The provider given through `opts` decides account and Region.

    Costs one transit gateway attachment by the hour, and traffic by the gigabyte. It never opens the VPC to the
    internet.
    """

    vpc_id: pulumi.Output[str]
    """Identifier of the VPC."""
    transit_gateway_id: pulumi.Output[str]
    """Identifier of the transit gateway: what links attach to."""

    def __init__(self, name: str, args: AwsSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:AwsSite", name, {}, opts)
        self._name = name
        self._plan = args.plan
        vpc = self._vpc()
        hub = self._transit_gateway()
        attachment = self._attachment(vpc, hub)
        self._routes(vpc, hub, attachment)
        self.vpc_id = vpc.id
        self.transit_gateway_id = hub.id
        self.register_outputs({"vpc_id": self.vpc_id, "transit_gateway_id": self.transit_gateway_id})

    def _vpc(self) -> aws.ec2.Vpc:
        primary, *secondary = self._plan.ranges
        vpc = aws.ec2.Vpc(
            self._name,
            cidr_block=primary,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": self._name},
            opts=pulumi.ResourceOptions(parent=self),
        )
        for network in secondary:
            aws.ec2.VpcIpv4CidrBlockAssociation(
                f"{self._name}-{network}",
                vpc_id=vpc.id,
                cidr_block=network,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return vpc

    def _transit_gateway(self) -> aws.ec2transitgateway.TransitGateway:
        return aws.ec2transitgateway.TransitGateway(
            self._name,
            amazon_side_asn=self._plan.asn,
            description=f"hub of {self._name}",
            vpn_ecmp_support="enable",
            default_route_table_association="enable",
            default_route_table_propagation="enable",
            # Nobody else's VPC joins by itself: whoever shares this gateway accepts each attachment.
            auto_accept_shared_attachments="disable",
            tags={"Name": self._name},
            # Its ASN and its VPNs' addresses are configured on peers; a replacement would take every link down.
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )

    def _attachment(
        self, vpc: aws.ec2.Vpc, hub: aws.ec2transitgateway.TransitGateway
    ) -> aws.ec2transitgateway.VpcAttachment:
        zones: list[pulumi.Input[str]] = [*self._plan.zones]
        if not zones:
            names = aws.get_availability_zones_output(
                state="available",
                filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
                opts=pulumi.InvokeOutputOptions(parent=self),
            ).names
            zones = [names[index] for index in range(len(self._plan.attachment_subnets))]
        subnets = [
            aws.ec2.Subnet(
                f"{self._name}-attachment-{index}",
                vpc_id=vpc.id,
                cidr_block=network,
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags={"Name": f"{self._name}-attachment-{index}"},
                opts=pulumi.ResourceOptions(parent=self),
            )
            for index, (zone, network) in enumerate(zip(zones, self._plan.attachment_subnets, strict=True), start=1)
        ]
        return aws.ec2transitgateway.VpcAttachment(
            self._name,
            transit_gateway_id=hub.id,
            vpc_id=vpc.id,
            subnet_ids=[subnet.id for subnet in subnets],
            tags={"Name": self._name},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _routes(
        self,
        vpc: aws.ec2.Vpc,
        hub: aws.ec2transitgateway.TransitGateway,
        attachment: aws.ec2transitgateway.VpcAttachment,
    ) -> None:
        table = aws.ec2.RouteTable(
            self._name, vpc_id=vpc.id, tags={"Name": self._name}, opts=pulumi.ResourceOptions(parent=self)
        )
        aws.ec2.MainRouteTableAssociation(
            self._name,
            vpc_id=vpc.id,
            route_table_id=table.id,
            # The provider would update it in place for another VPC, with the old one's association: AWS refuses that.
            opts=pulumi.ResourceOptions(parent=self, replace_on_changes=["vpcId"]),
        )
        for network in self._plan.remote_ranges:
            aws.ec2.Route(
                f"{self._name}-{network}",
                route_table_id=table.id,
                destination_cidr_block=network,
                transit_gateway_id=hub.id,
                # A route to a transit gateway is refused until the VPC is attached to it.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment]),
            )
