"""An AWS site: a VPC and the hub that the site's links attach to."""

from dataclasses import dataclass

import pulumi

from hybridge.planning import AwsSitePlan, HubKind
from hybridge.protection import is_protected

from .aws_alarms import alarm_topic
from .aws_hub import transit_gateway, vpn_gateway
from .aws_network import Network, existing_network, new_network


@dataclass
class AwsSiteArgs:
    """What an AWS site is made of."""

    plan: AwsSitePlan
    """Ranges, zones, hub, autonomous system and the ranges behind the site's links."""
    allow_replacement: list[str] | None = None
    """Names of protected resources whose replacement is wanted now."""


class AwsSite(pulumi.ComponentResource):
    """A VPC whose networks and those behind the site's links reach each other through a hub.

    The VPC is a new one or one that exists. Of a new one it creates all ranges and the main route table; it creates no
    subnet for workloads: they use any other part of the ranges and need only stay in the main route table. Of one that
    exists it uses the subnets and route tables that are given, and changes nothing else.

    The hub is a transit gateway with an attachment in a /28 a zone (AWS's advice) and a route to each remote range, or
    a virtual private gateway whose routes the tables learn; a site with WireGuard links alone has none. Gateway
    instances and resolver endpoints get /28s of their own. The provider given through `opts` decides account and
    Region.

    Costs one transit gateway attachment by the hour, and traffic by the gigabyte. Nothing but the gateway instances'
    subnets leads to the internet.
    """

    vpc_id: pulumi.Output[str]
    """Identifier of the VPC."""
    hub_id: pulumi.Output[str] | None
    """Identifier of what links attach to, of either kind."""
    transit_gateway_id: pulumi.Output[str] | None
    """Identifier of the transit gateway, where that is the hub."""
    vpn_gateway_id: pulumi.Output[str] | None
    """Identifier of the virtual private gateway, where that is the hub."""
    route_table_ids: pulumi.Output[list[str]]
    """The route tables that lead to other sites."""
    gateway_subnet_ids: pulumi.Output[list[str]]
    """A public subnet for each gateway instance."""
    gateway_route_table_id: pulumi.Output[str] | None
    """The route table of the gateway subnets of a new VPC."""
    resolver_subnet_ids: pulumi.Output[list[str]]
    """The two subnets of the resolver endpoints; in two zones, where they are new."""
    alarm_topic_arn: pulumi.Output[str] | None
    """The topic that alarms go to, where anybody is to be told."""

    def __init__(self, name: str, args: AwsSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:AwsSite", name, {}, opts)
        plan = args.plan
        network = existing_network(name, plan.existing) if plan.existing else new_network(plan, self)
        self.vpc_id = pulumi.Output.from_input(network.vpc_id)
        self.transit_gateway_id = self.vpn_gateway_id = None
        self._hub(plan, network, protect=is_protected(plan.name, args.allow_replacement))
        self.hub_id = self.transit_gateway_id or self.vpn_gateway_id
        self.route_table_ids = pulumi.Output.all(*(table.id for table in network.route_tables))
        self.gateway_subnet_ids = pulumi.Output.all(*network.gateway_subnets)
        self.gateway_route_table_id = network.gateway_route_table
        self.resolver_subnet_ids = pulumi.Output.all(*network.resolver_subnets)
        self.alarm_topic_arn = alarm_topic(plan, self)
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "hub_id": self.hub_id,
                "transit_gateway_id": self.transit_gateway_id,
                "vpn_gateway_id": self.vpn_gateway_id,
                "route_table_ids": self.route_table_ids,
                "gateway_subnet_ids": self.gateway_subnet_ids,
                "gateway_route_table_id": self.gateway_route_table_id,
                "resolver_subnet_ids": self.resolver_subnet_ids,
                "alarm_topic_arn": self.alarm_topic_arn,
            }
        )

    def _hub(self, plan: AwsSitePlan, network: Network, *, protect: bool) -> None:
        if not plan.hub_wanted:
            return
        if plan.hub is HubKind.TRANSIT_GATEWAY:
            self.transit_gateway_id = transit_gateway(plan, network, self, protect=protect).id
        else:
            self.vpn_gateway_id = vpn_gateway(plan, network, self, protect=protect).id
