"""AWS's half of conditional forwarding: a VPC's resolver endpoints, and a rule for each domain of another site."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from hybridge.planning.dns_model import AwsDnsPlan
from hybridge.protection import is_protected

_PORT: Final = 53
_TRANSPORTS: Final = ("tcp", "udp")
"""A name server takes queries over both (RFC 7766)."""


@dataclass
class AwsDnsForwardingArgs:
    """What a VPC's forwarding is made of."""

    plan: AwsDnsPlan
    """Addresses, domains, and who may ask."""
    vpc_id: pulumi.Input[str]
    """The VPC whose resolver it is."""
    resolver_subnet_ids: list[pulumi.Input[str]]
    """Two subnets in two zones, in the order of the plan's addresses."""
    allow_replacement: list[str] | None = None
    """Names of endpoints that the engine may replace or remove."""


class AwsDnsForwarding(pulumi.ComponentResource):
    """Other sites ask the VPC's resolver, and it asks them, through Route 53 Resolver endpoints in two subnets.

    Creates an inbound endpoint where anybody asks, and an outbound one where the VPC does, each with an address in each
    subnet and with a security group that lets through what the plan says and nothing else; a rule for each domain of
    another site, which forwards it to that site's servers; and a rule for each own domain that lies below one of these,
    which keeps it from being forwarded.
    Endpoints are protected, as other sites have their addresses configured. Which names the VPC's resolver knows is
    left to the private hosted zones that are associated with the VPC: it creates none.

    Costs two addresses an endpoint by the hour, and queries by the million. As the security groups are narrow, AWS
    tracks connections, and an inbound address answers 1,500 queries a second at the least rather than 10,000
    (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html).
    """

    inbound_endpoint_id: pulumi.Output[str] | None
    """Identifier of the endpoint that other sites ask, where any does."""
    outbound_endpoint_id: pulumi.Output[str] | None
    """Identifier of the endpoint that asks other sites, where it asks any."""

    def __init__(self, name: str, args: AwsDnsForwardingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:AwsDnsForwarding", name, {}, opts)
        self._name = name
        self._args = args
        inbound = self._inbound() if args.plan.inbound_addresses else None
        outbound = self._outbound() if args.plan.forwards else None
        if outbound is not None:
            self._rules(outbound)
        self.inbound_endpoint_id = inbound.id if inbound is not None else None
        self.outbound_endpoint_id = outbound.id if outbound is not None else None
        self.register_outputs(
            {"inbound_endpoint_id": self.inbound_endpoint_id, "outbound_endpoint_id": self.outbound_endpoint_id}
        )

    def _inbound(self) -> aws.route53.ResolverEndpoint:
        plan = self._args.plan
        ingress = [
            aws.ec2.SecurityGroupIngressArgs(
                protocol=transport, from_port=_PORT, to_port=_PORT, cidr_blocks=plan.sources
            )
            for transport in _TRANSPORTS
        ]
        return self._endpoint("inbound", plan.inbound_addresses, self._group("inbound", ingress=ingress))

    def _outbound(self) -> aws.route53.ResolverEndpoint:
        plan = self._args.plan
        servers = [f"{server}/32" for server in plan.servers]
        egress = [
            aws.ec2.SecurityGroupEgressArgs(protocol=transport, from_port=_PORT, to_port=_PORT, cidr_blocks=servers)
            for transport in _TRANSPORTS
        ]
        return self._endpoint("outbound", plan.outbound_addresses, self._group("outbound", egress=egress))

    def _group(
        self,
        direction: str,
        ingress: list[aws.ec2.SecurityGroupIngressArgs] | None = None,
        egress: list[aws.ec2.SecurityGroupEgressArgs] | None = None,
    ) -> aws.ec2.SecurityGroup:
        name = f"{self._name}-{direction}"
        return aws.ec2.SecurityGroup(
            name,
            description=f"DNS, {direction}, of {self._args.plan.site}",
            vpc_id=self._args.vpc_id,
            # None is not nothing: an empty list also takes away what somebody opens by hand.
            ingress=ingress or [],
            egress=egress or [],
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _endpoint(
        self, direction: str, addresses: list[str], group: aws.ec2.SecurityGroup
    ) -> aws.route53.ResolverEndpoint:
        name = f"{self._name}-{direction}"
        subnets = self._args.resolver_subnet_ids
        return aws.route53.ResolverEndpoint(
            name,
            name=name,
            direction=direction.upper(),
            resolver_endpoint_type="IPV4",
            protocols=["Do53"],
            security_group_ids=[group.id],
            ip_addresses=[
                aws.route53.ResolverEndpointIpAddressArgs(subnet_id=subnet, ip=address)
                for subnet, address in zip(subnets, addresses or [None] * len(subnets), strict=True)
            ],
            tags={"Name": name},
            opts=pulumi.ResourceOptions(
                parent=self,
                # Other sites have its addresses configured: they ask one endpoint, and let the other one ask.
                protect=is_protected(name, self._args.allow_replacement),
                # An address is free for a new endpoint only once the old one is gone.
                delete_before_replace=True,
            ),
        )

    def _rules(self, outbound: aws.route53.ResolverEndpoint) -> None:
        for forward in self._args.plan.forwards:
            rule = aws.route53.ResolverRule(
                f"{self._name}-{forward.domain}",
                name=forward.site,
                domain_name=forward.domain,
                rule_type="FORWARD",
                resolver_endpoint_id=outbound.id,
                target_ips=[aws.route53.ResolverRuleTargetIpArgs(ip=server, port=_PORT) for server in forward.servers],
                tags={"Name": forward.site},
                opts=pulumi.ResourceOptions(parent=self),
            )
            self._associate(rule, forward.domain, forward.site)
        for domain in self._args.plan.kept:
            rule = aws.route53.ResolverRule(
                f"{self._name}-{domain}",
                name=self._args.plan.site,
                domain_name=domain,
                rule_type="SYSTEM",
                tags={"Name": self._args.plan.site},
                opts=pulumi.ResourceOptions(parent=self),
            )
            self._associate(rule, domain, self._args.plan.site)

    def _associate(self, rule: aws.route53.ResolverRule, domain: str, label: str) -> None:
        # AWS takes no dot in these names (API_route53resolver_AssociateResolverRule), so they say the site.
        aws.route53.ResolverRuleAssociation(
            f"{self._name}-{domain}",
            name=label,
            resolver_rule_id=rule.id,
            vpc_id=self._args.vpc_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
