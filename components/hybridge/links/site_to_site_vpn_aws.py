"""AWS's half of a site-to-site VPN link: customer gateways and VPN connections on a transit gateway."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from hybridge.planning import SiteToSiteVpnPlan, Tunnel, VpnConnection, limits

_TYPE: Final = "ipsec.1"
"""The only type that AWS has."""


@dataclass
class AwsSiteToSiteVpnArgs:
    """What AWS's half of the link is made of."""

    plan: SiteToSiteVpnPlan
    """The link."""
    transit_gateway_id: pulumi.Input[str]
    """What the connections attach to."""
    preshared_keys: dict[str, pulumi.Input[str]]
    """The key of each tunnel, by the tunnel's name."""


class AwsSiteToSiteVpn(pulumi.ComponentResource):
    """A customer gateway and a VPN connection of two tunnels for each gateway of the datacentre.

    Every option of a tunnel that decides about security is pinned, as AWS accepts everything down to AES-128 with
    SHA-1 and group 2 unless narrowed
    (https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html). BGP runs in every tunnel, and both ends may start
    it, so that a tunnel comes back whichever end was away.
    """

    outside_addresses: pulumi.Output[dict[str, str]]
    """AWS's public address of each tunnel, by the tunnel's name."""

    def __init__(self, name: str, args: AwsSiteToSiteVpnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:AwsSiteToSiteVpn", name, {}, opts)
        self._args = args
        addresses: dict[str, pulumi.Output[str]] = {}
        for connection in args.plan.connections:
            vpn = self._connection(connection, self._customer_gateway(connection))
            first, second = connection.tunnels
            addresses |= {first.name: vpn.tunnel1_address, second.name: vpn.tunnel2_address}
        self.outside_addresses = pulumi.Output.all(**addresses)
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
            tags={"Name": connection.name},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _connection(self, connection: VpnConnection, customer: aws.ec2.CustomerGateway) -> aws.ec2.VpnConnection:
        plan, suite = self._args.plan, self._args.plan.suite
        first, second = connection.tunnels
        return aws.ec2.VpnConnection(
            connection.name,
            type=_TYPE,
            customer_gateway_id=customer.id,
            transit_gateway_id=self._args.transit_gateway_id,
            static_routes_only=False,
            tunnel_bandwidth=plan.tunnel_size.value,
            tunnel1_inside_cidr=first.inside,
            tunnel1_preshared_key=self._key(first),
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
            tunnel2_inside_cidr=second.inside,
            tunnel2_preshared_key=self._key(second),
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
            tags={"Name": connection.name},
            # AWS's outside addresses go with a connection, and the datacentre has them configured.
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )

    def _key(self, tunnel: Tunnel) -> pulumi.Output[str]:
        return pulumi.Output.secret(self._args.preshared_keys[tunnel.name])
