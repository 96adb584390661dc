"""How a gateway instance is connected: its network interface, who may reach it, and its public address.

All of it outlives the instance, so that a new one has the addresses that peers have configured.
"""

import pulumi
import pulumi_aws as aws

from hybridge.planning.tags import gateway_tags

from .wireguard_gateway import CloudGateway

_ANYWHERE = "0.0.0.0/0"
_WEB_PORTS = {"http": 80, "https": 443}
"""Debian's packages and AWS's own services."""


def network_interface(
    gateway: CloudGateway, vpc_id: pulumi.Input[str], subnet_id: pulumi.Input[str]
) -> aws.ec2.NetworkInterface:
    """Declare the interface of an instance; AWS chooses its private address, which stays for good."""
    return aws.ec2.NetworkInterface(
        gateway.name,
        subnet_id=subnet_id,
        description=f"gateway instance {gateway.name}",
        security_groups=[_security_group(gateway, vpc_id).id],
        # It passes on what is not its own.
        source_dest_check=False,
        tags={"Name": gateway.name},
        opts=gateway.opts(lasting=True),
    )


def _security_group(gateway: CloudGateway, vpc_id: pulumi.Input[str]) -> aws.ec2.SecurityGroup:
    """Let in the on-premises gateways' tunnels and the VPC, and nothing from the world."""
    group = aws.ec2.SecurityGroup(
        gateway.name,
        vpc_id=vpc_id,
        description=f"WireGuard link {gateway.plan.name}: its peers and the VPC",
        tags={"Name": gateway.name},
        opts=gateway.opts(),
    )
    public_ips = {peer.gateway: peer.public_ip for peer in gateway.plan.gateways}
    for tunnel in gateway.plan.tunnels:
        if tunnel.instance == gateway.name:
            for rule in (aws.vpc.SecurityGroupIngressRule, aws.vpc.SecurityGroupEgressRule):
                rule(
                    tunnel.name,
                    security_group_id=group.id,
                    ip_protocol="udp",
                    from_port=tunnel.port,
                    to_port=tunnel.port,
                    cidr_ipv4=f"{public_ips[tunnel.gateway]}/32",
                    description=f"WireGuard of {tunnel.gateway}",
                    tags=gateway_tags(
                        tunnel.name,
                        link=gateway.plan.name,
                        gateway=tunnel.gateway,
                        single_gateway=gateway.plan.single_gateway,
                    ),
                    opts=gateway.opts(),
                )
    for network in gateway.plan.cloud_ranges:
        for rule in (aws.vpc.SecurityGroupIngressRule, aws.vpc.SecurityGroupEgressRule):
            rule(
                f"{gateway.name}-{network}",
                security_group_id=group.id,
                ip_protocol="-1",
                cidr_ipv4=network,
                description="the VPC",
                opts=gateway.opts(),
            )
    for protocol, port in _WEB_PORTS.items():
        aws.vpc.SecurityGroupEgressRule(
            f"{gateway.name}-{protocol}",
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=_ANYWHERE,
            description="packages, Secrets Manager",
            opts=gateway.opts(),
        )
    return group


def public_address(
    gateway: CloudGateway, interface: aws.ec2.NetworkInterface
) -> tuple[pulumi.Output[str], aws.ec2.EipAssociation]:
    """Give the interface its public address, the given one or a new one; return it, and what the instance waits for."""
    given = gateway.instance.elastic_ip
    if given:
        allocation = aws.ec2.get_elastic_ip_output(public_ip=given, opts=gateway.asking).id
        address = pulumi.Output.from_input(given)
    else:
        elastic = aws.ec2.Eip(gateway.name, domain="vpc", tags={"Name": gateway.name}, opts=gateway.opts(lasting=True))
        allocation, address = elastic.allocation_id, elastic.public_ip
    once = pulumi.ResourceOptions(delete_before_replace=True)
    association = aws.ec2.EipAssociation(
        gateway.name,
        allocation_id=allocation,
        network_interface_id=interface.id,
        # Another interface that has the address is not robbed of it.
        allow_reassociation=False,
        opts=pulumi.ResourceOptions.merge(gateway.opts(), once),
    )
    return address, association
