"""Counts what of an estate is paid for by the hour or the month, in the words of prices.yaml; traffic is not known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hybridge.topology import AwsSite, Topology

from . import limits
from .dns_model import ENDPOINT_ADDRESSES, DnsPlan
from .model import AwsSitePlan, HubKind, SiteToSiteVpnPlan, TunnelSize
from .prices import Billed
from .wireguard_model import WireguardPlan


def billed(
    topology: Topology,
    vpns: Sequence[SiteToSiteVpnPlan],
    wireguards: Sequence[WireguardPlan],
    aws_sites: Sequence[AwsSitePlan],
    dns: DnsPlan,
) -> Iterator[Billed]:
    """Count what is paid for.

    :param topology: what a person declared
    :param vpns: its site-to-site VPN links
    :param wireguards: its WireGuard links
    :param aws_sites: its AWS sites
    :param dns: its forwarding
    """
    hubs = {site.name: site for site in aws_sites if site.hub_wanted and site.hub is HubKind.TRANSIT_GATEWAY}
    for site in hubs.values():
        yield Billed("aws.transit-gateway.attachment", site.region, 1)
    for vpn in vpns:
        region, count = _region(topology, vpn.cloud), len(vpn.connections)
        large = vpn.tunnel_size is TunnelSize.LARGE
        yield Billed("aws.vpn.large-connection" if large else "aws.vpn.connection", region, count)
        yield Billed("aws.public-ipv4", region, len(vpn.tunnels))
        if vpn.cloud in hubs:
            yield Billed("aws.transit-gateway.attachment", region, count)
        # An alarm on one tunnel, one on both; and one of the link, whose expression reads each connection's metric.
        yield Billed("aws.cloudwatch.alarm-metric", region, 2 * count + (count if count > 1 else 0))
        if vpn.log_retention_days:
            yield Billed("aws.cloudwatch.logs", region, None)
    for link in wireguards:
        count = len(link.instances)
        yield Billed(f"aws.ec2.{link.instance_type}", link.region, count)
        yield Billed("aws.public-ipv4", link.region, count)
        yield Billed("aws.ebs.gp3-volume", link.region, count)
        yield Billed("aws.secrets-manager.secret", link.region, count)
        # Alarms on two status checks and on the sessions, whose number is a metric of the instance's own.
        yield Billed("aws.cloudwatch.alarm-metric", link.region, 3 * count)
        yield Billed("aws.cloudwatch.custom-metric", link.region, count)
    for name in {link.cloud: None for link in wireguards if len(link.instances) > 1}:
        endpoints = limits.number("aws.route-server.endpoints-a-subnet")
        subnets = max(len(link.instances) for link in wireguards if link.cloud == name)
        yield Billed("aws.route-server.endpoint", _region(topology, name), endpoints * subnets)
    for resolver in dns.aws_sites:
        addresses = ENDPOINT_ADDRESSES * len(resolver.directions)
        yield Billed("aws.resolver.address", _region(topology, resolver.site), addresses)


def _region(topology: Topology, name: str) -> str:
    site = topology.sites[name]
    return site.region if isinstance(site, AwsSite) else ""
