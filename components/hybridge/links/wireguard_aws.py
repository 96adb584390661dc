"""AWS's half of a WireGuard link: gateway instances, and the routes to what is behind them."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from hybridge.devices import InstanceSurroundings, instance_files, user_data
from hybridge.planning import limits
from hybridge.planning.wireguard_model import WireguardInstance, WireguardPlan
from hybridge.protection import is_protected

from .wireguard_gateway import CloudGateway
from .wireguard_instance import alarms, gateway_instance
from .wireguard_network import network_interface, public_address
from .wireguard_secret import gateway_identity, gateway_secret


@dataclass
class AwsWireguardArgs:
    """What AWS's half of the link is made of."""

    plan: WireguardPlan
    """The link."""
    vpc_id: pulumi.Input[str]
    subnet_ids: list[pulumi.Input[str]]
    """A public subnet for each instance, in order."""
    private_keys: dict[str, pulumi.Input[str]]
    """The private key of each instance, by its name."""
    public_keys: dict[str, pulumi.Input[str]]
    """The public key of each on-premises gateway, by its name in the link."""
    endpoint_ids: list[pulumi.Input[str]] | None = None
    """The endpoints of the VPC's route server, those of the first subnet first; None with a single instance."""
    endpoint_addresses: list[pulumi.Input[str]] | None = None
    """Their addresses, in the same order."""
    route_table_ids: dict[str, pulumi.Input[str]] | None = None
    """The route tables that lead to a single instance, by a name for each; None where a route server does that."""
    alarm_topic_arn: pulumi.Input[str] | None = None
    """Who is told when an instance or one of its sessions fails; None: nobody."""
    allow_replacement: list[str] | None = None
    """Names of protected resources whose replacement is wanted now."""


class AwsWireguard(pulumi.ComponentResource):
    """Two gateway instances, in two zones if their subnets are, or a single one where the link's exception says so.

    Each keeps an address of its own, reads its files from its own secret, and runs BGP with the datacentre and with
    the endpoints of the VPC's route server in its subnet. The route server sends the VPC's traffic to the first of
    them that is alive. AWS says that it knows an instance is alive by BFD (RFC 5880), and neither at which port nor how
    often; FRR speaks it over one hop and at its own pace, and where no BFD comes about, BGP's own timers decide. A
    single instance has no route server: the route tables lead to it, dead or alive.

    A change of the link changes the secrets, which the instances look at every minute; no instance is restarted or
    replaced for it. Nobody logs in to one: EC2 recovers what it can, and the rest is a matter of `allow_replacement`.
    """

    addresses: pulumi.Output[dict[str, str]]
    """The public address of each instance, by its name."""

    def __init__(self, name: str, args: AwsWireguardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:AwsWireguard", name, {}, opts)
        self._args = args
        self.addresses = pulumi.Output.all(
            **{
                instance.name: self._gateway(instance, subnet)
                for instance, subnet in zip(args.plan.instances, args.subnet_ids, strict=False)
            }
        )
        self.register_outputs({"addresses": self.addresses})

    def _gateway(self, instance: WireguardInstance, subnet_id: pulumi.Input[str]) -> pulumi.Output[str]:
        args, plan = self._args, self._args.plan
        gateway = CloudGateway(plan, instance, self, is_protected(instance.name, args.allow_replacement))
        interface = network_interface(gateway, args.vpc_id, subnet_id)
        address, association = public_address(gateway, interface)
        secret = gateway_secret(gateway)
        machine = gateway_instance(
            gateway,
            interface.id,
            gateway_identity(gateway, secret).name,
            secret.arn.apply(lambda arn: user_data(plan, instance, arn)),
            # Without its address it reaches neither packages nor its secret.
            after=association,
        )
        alarms(gateway, machine, args.alarm_topic_arn)
        self._tell(gateway, secret, interface.private_ip)
        self._peers(gateway, interface.private_ip)
        self._routes(interface)
        return address

    def _tell(self, gateway: CloudGateway, secret: aws.secretsmanager.Secret, address: pulumi.Output[str]) -> None:
        """Put the instance's files into its secret."""
        known = pulumi.Output.all(
            address=address,
            private_key=pulumi.Output.secret(self._args.private_keys[gateway.name]),
            public_keys=self._args.public_keys,
            route_server=_in_subnet(gateway, self._args.endpoint_addresses),
        )
        text = known.apply(
            lambda values: instance_files(gateway.plan, gateway.instance, InstanceSurroundings(**values))
        )
        aws.secretsmanager.SecretVersion(
            gateway.name, secret_id=secret.id, secret_string=pulumi.Output.secret(text), opts=gateway.opts()
        )

    def _peers(self, gateway: CloudGateway, address: pulumi.Output[str]) -> None:
        """Have the endpoints of the instance's subnet expect its sessions; the others are hops away."""
        for number, endpoint in enumerate(_in_subnet(gateway, self._args.endpoint_ids), start=1):
            aws.vpc.RouteServerPeer(
                f"{gateway.name}-{number}",
                route_server_endpoint_id=endpoint,
                peer_address=address,
                bgp_options={"peer_asn": gateway.plan.gateway_asn, "peer_liveness_detection": "bfd"},
                tags={"Name": f"{gateway.name}-{number}"},
                opts=gateway.opts(),
            )

    def _routes(self, interface: aws.ec2.NetworkInterface) -> None:
        """Lead the route tables to a single instance."""
        for table, table_id in (self._args.route_table_ids or {}).items():
            for network in self._args.plan.announced:
                aws.ec2.Route(
                    f"{self._args.plan.name}-{table}-{network}",
                    route_table_id=table_id,
                    destination_cidr_block=network,
                    network_interface_id=interface.id,
                    opts=pulumi.ResourceOptions(parent=self),
                )


def _in_subnet(gateway: CloudGateway, endpoints: list[pulumi.Input[str]] | None) -> list[pulumi.Input[str]]:
    count = limits.number("aws.route-server.endpoints-a-subnet")
    return (endpoints or [])[(gateway.instance.number - 1) * count : gateway.instance.number * count]
