"""A VPC's route server: what the gateway instances of its WireGuard links tell their routes to."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from hybridge.planning import limits
from hybridge.protection import is_protected


@dataclass
class VpcRouteServerArgs:
    """What a VPC's route server is made of."""

    asn: int
    """Its autonomous system."""
    vpc_id: pulumi.Input[str]
    subnet_ids: list[pulumi.Input[str]]
    """The subnets of the gateway instances, in order."""
    route_table_ids: dict[str, pulumi.Input[str]]
    """The route tables that learn what the instances tell, by a name for each."""
    allow_replacement: list[str] | None = None
    """Names of protected resources whose replacement is wanted now."""


class VpcRouteServer(pulumi.ComponentResource):
    """A route server with endpoints in every gateway subnet, and what it learns in the VPC's route tables.

    One serves all WireGuard links of a VPC. It installs the best of the routes that it is told, those of one instance
    for each network, and takes them back with the session: routes are not persisted, as a route to an instance that is
    gone helps nobody. It tells nothing itself.

    Each endpoint costs 0.75 USD an hour, and AWS advises two a subnet, so that one may be serviced
    (https://docs.aws.amazon.com/vpc/latest/userguide/route-server-tutorial-create-endpoints.html, 2026).
    """

    endpoint_ids: pulumi.Output[list[str]]
    """The endpoints, those of the first subnet first."""
    endpoint_addresses: pulumi.Output[list[str]]
    """Their addresses, in the same order."""

    def __init__(self, name: str, args: VpcRouteServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:VpcRouteServer", name, {}, opts)
        server = aws.vpc.RouteServer(
            name,
            amazon_side_asn=args.asn,
            persist_routes="disable",
            tags={"Name": name},
            # A replacement would take every route to the datacentre out of the VPC at once.
            opts=pulumi.ResourceOptions(parent=self, protect=is_protected(name, args.allow_replacement)),
        )
        association = aws.vpc.RouteServerVpcAssociation(
            name, route_server_id=server.route_server_id, vpc_id=args.vpc_id, opts=pulumi.ResourceOptions(parent=self)
        )
        joined = pulumi.ResourceOptions(parent=self, depends_on=[association])
        endpoints = [
            aws.vpc.RouteServerEndpoint(
                f"{name}-{zone}-{number}",
                route_server_id=server.route_server_id,
                subnet_id=subnet,
                tags={"Name": f"{name}-{zone}-{number}"},
                opts=joined,
            )
            for zone, subnet in enumerate(args.subnet_ids, start=1)
            for number in range(1, limits.number("aws.route-server.endpoints-a-subnet") + 1)
        ]
        for table, table_id in args.route_table_ids.items():
            aws.vpc.RouteServerPropagation(
                f"{name}-{table}", route_server_id=server.route_server_id, route_table_id=table_id, opts=joined
            )
        self.endpoint_ids = pulumi.Output.all(*(endpoint.route_server_endpoint_id for endpoint in endpoints))
        self.endpoint_addresses = pulumi.Output.all(*(endpoint.eni_address for endpoint in endpoints))
        self.register_outputs({"endpoint_ids": self.endpoint_ids, "endpoint_addresses": self.endpoint_addresses})
