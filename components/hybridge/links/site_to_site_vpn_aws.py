"""AWS's half of a site-to-site VPN link: customer gateways, and VPN connections with their logs and alarms."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from hybridge.planning import SiteToSiteVpnPlan, VpnConnection, limits
from hybridge.planning.tags import gateway_tags
from hybridge.protection import is_protected

from .key_rotation import KeyRotation
from .site_to_site_vpn_alarms import VpnAlarms

_TYPE: Final = "ipsec.1"
"""The only type that AWS has."""
_LOG_GROUPS: Final = "/aws/vendedlogs/hybridge/"
"""Prefix of log groups that AWS's resource policy admits as a whole, so that it never grows too long: Site-to-Site VPN
writes that policy itself (https://docs.aws.amazon.com/vpn/latest/s2svpn/monitoring-logs.html)."""


@dataclass
class AwsSiteToSiteVpnArgs:
    """What AWS's half of the link is made of."""

    plan: SiteToSiteVpnPlan
    """The link."""
    preshared_keys: dict[str, pulumi.Input[str]]
    """The key of each tunnel, by the tunnel's name; the SDK's class makes a secret of whatever it is given."""
    transit_gateway_id: pulumi.Input[str] | None = None
    """The transit gateway that the connections attach to; this or the next one."""
    vpn_gateway_id: pulumi.Input[str] | None = None
    """The virtual private gateway that the connections attach to."""
    alarm_topic_arn: pulumi.Input[str] | None = None
    """The topic that alarms go to; without one they only show their state."""
    allow_replacement: list[str] | None = None
    """Names of protected resources whose replacement is wanted now."""


class AwsSiteToSiteVpn(pulumi.ComponentResource):
    """A customer gateway and a VPN connection of two tunnels for each gateway of the datacentre.

    Every option of a tunnel that decides about security is pinned, as AWS accepts everything down to AES-128 with
    SHA-1 and group 2 unless narrowed
    (https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html). BGP runs in every tunnel, and both ends may start
    it, so that a tunnel comes back whichever end was away.

    Each connection has a log group for what its tunnels and their BGP say, and alarms for one tunnel and for both; the
    link has one for all. An update changes the key of one tunnel at the most, and only while its twin is up.

    A change of lifetimes, timers or logs reaches all tunnels in one update; AWS interrupts each for some minutes, one
    tunnel of a connection after the other (https://docs.aws.amazon.com/vpn/latest/s2svpn/endpoint-replacements.html).
    """

    outside_addresses: pulumi.Output[dict[str, str]]
    """AWS's public address of each tunnel, by the tunnel's name."""

    def __init__(self, name: str, args: AwsSiteToSiteVpnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:AwsSiteToSiteVpn", name, {}, opts)
        if (args.transit_gateway_id is None) == (args.vpn_gateway_id is None):
            raise ValueError(f"Link {name} attaches to a transit gateway or to a virtual private gateway: give one.")
        self._args = args
        self._rotation = KeyRotation(name, self, args.allow_replacement)
        alarms = VpnAlarms(args.alarm_topic_arn, self)
        connections: list[pulumi.Output[str]] = []
        self.tunnel_addresses: dict[str, pulumi.Output[str]] = {}
        for connection in args.plan.connections:
            vpn = self._connection(connection, self._customer_gateway(connection), self._log_group(connection))
            alarms.of_connection(connection.name, vpn.id, connection.gateway)
            first, second = connection.tunnels
            self.tunnel_addresses |= {first.name: vpn.tunnel1_address, second.name: vpn.tunnel2_address}
            connections.append(vpn.id)
        if len(connections) > 1:
            alarms.of_link(args.plan.name, connections)
        self.outside_addresses = pulumi.Output.all(**self.tunnel_addresses)
        self.register_outputs({"outside_addresses": self.outside_addresses})

    def _customer_gateway(self, connection: VpnConnection) -> aws.ec2.CustomerGateway:
        asn = self._args.plan.device_asn
        plain = asn <= limits.number("aws.customer-gateway.largest-plain-asn")
        return aws.ec2.CustomerGateway(
            connection.name,
            type=_TYPE,
            ip_address=connection.public_ip,
            bgp_asn=str(asn) if plain else None,
            bgp_asn_extended=None if plain else str(asn),
            # AWS answers a request that equals an earlier one with the gateway that exists already, so two links from
            # one device would share it without knowing (EC2 API, CreateCustomerGateway).
            device_name=connection.name,
            tags=self._tags(connection),
            # It is AWS's record of a device: another address makes another record, and nothing of the device's changes.
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _log_group(self, connection: VpnConnection) -> aws.cloudwatch.LogGroup | None:
        if not self._args.plan.log_retention_days:
            return None
        return aws.cloudwatch.LogGroup(
            connection.name,
            # A prefix, as another stack of the account may have a link of this name.
            name_prefix=f"{_LOG_GROUPS}{connection.name}-",
            retention_in_days=self._args.plan.log_retention_days,
            tags=self._tags(connection),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _connection(
        self,
        connection: VpnConnection,
        customer: aws.ec2.CustomerGateway,
        log_group: aws.cloudwatch.LogGroup | None,
    ) -> aws.ec2.VpnConnection:
        args, plan, suite = self._args, self._args.plan, self._args.plan.suite
        first, second = connection.tunnels
        return aws.ec2.VpnConnection(
            connection.name,
            type=_TYPE,
            customer_gateway_id=customer.id,
            transit_gateway_id=args.transit_gateway_id,
            vpn_gateway_id=args.vpn_gateway_id,
            static_routes_only=False,
            # A virtual private gateway has one size, and nothing to say about it.
            tunnel_bandwidth=None if args.transit_gateway_id is None else plan.tunnel_size.value,
            tunnel1_inside_cidr=first.inside,
            tunnel1_preshared_key=args.preshared_keys[first.name],
            tunnel1_ike_versions=[f"ikev{suite.ike_version}"],
            tunnel1_phase1_encryption_algorithms=[suite.encryption],
            tunnel1_phase1_integrity_algorithms=[suite.integrity],
            tunnel1_phase1_dh_group_numbers=[suite.dh_group],
            tunnel1_phase1_lifetime_seconds=plan.ike_seconds,
            tunnel1_phase2_encryption_algorithms=[suite.encryption],
            tunnel1_phase2_integrity_algorithms=[suite.integrity],
            tunnel1_phase2_dh_group_numbers=[suite.dh_group],
            tunnel1_phase2_lifetime_seconds=plan.child_seconds,
            tunnel1_dpd_timeout_seconds=plan.dead_peer_seconds,
            tunnel1_dpd_timeout_action="restart",
            tunnel1_startup_action="start",
            tunnel1_log_options=_log_options(log_group),
            tunnel2_inside_cidr=second.inside,
            tunnel2_preshared_key=args.preshared_keys[second.name],
            tunnel2_ike_versions=[f"ikev{suite.ike_version}"],
            tunnel2_phase1_encryption_algorithms=[suite.encryption],
            tunnel2_phase1_integrity_algorithms=[suite.integrity],
            tunnel2_phase1_dh_group_numbers=[suite.dh_group],
            tunnel2_phase1_lifetime_seconds=plan.ike_seconds,
            tunnel2_phase2_encryption_algorithms=[suite.encryption],
            tunnel2_phase2_integrity_algorithms=[suite.integrity],
            tunnel2_phase2_dh_group_numbers=[suite.dh_group],
            tunnel2_phase2_lifetime_seconds=plan.child_seconds,
            tunnel2_dpd_timeout_seconds=plan.dead_peer_seconds,
            tunnel2_dpd_timeout_action="restart",
            tunnel2_startup_action="start",
            tunnel2_log_options=_log_options(log_group),
            tags=self._tags(connection),
            # AWS's outside addresses go with a connection, and the datacentre has them configured.
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=is_protected(connection.name, args.allow_replacement),
                hooks=self._rotation.hooks,
            ),
        )

    def _tags(self, connection: VpnConnection) -> dict[str, str]:
        """Return what names the resources of a connection, and tells policies what it is part of."""
        plan = self._args.plan
        return gateway_tags(
            connection.name, link=plan.name, gateway=connection.gateway, single_gateway=plan.single_gateway
        )


def _log_options(log_group: aws.cloudwatch.LogGroup | None) -> aws.ec2.VpnConnectionTunnel1LogOptionsArgsDict:
    """Return what either tunnel logs; where it logs nothing it has to be told, or AWS goes on with what it did."""
    if log_group is None:
        return {"cloudwatch_log_options": {"log_enabled": False, "bgp_log_enabled": False}}
    return {
        "cloudwatch_log_options": {
            "log_enabled": True,
            "log_group_arn": log_group.arn,
            "log_output_format": "json",
            "bgp_log_enabled": True,
            "bgp_log_group_arn": log_group.arn,
            "bgp_log_output_format": "json",
        }
    }
