"""Finds where AWS sites need more than AWS gives: addresses of their gateway subnets, and an account's quotas.

Most quotas are one account's in one Region, so sites count together where they have both in common. Those are warnings;
a subnet has as many addresses as it has, and that is an error.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from hybridge.topology import AwsHub, AwsSite, Link, Problem, Topology, Wireguard, path_of

from . import limits
from .aws_parts import aws_parts, gateway_instances
from .aws_slots import GATEWAY_SLOTS, slot
from .quotas import account_of, account_problem, quota_problem
from .vpn import vpn_ends

_KEPT_AT_ITS_END: Final = 1
"""Addresses at the end of a subnet that AWS keeps beside those at its start: the last one."""


def aws_quota_problems(topology: Topology, at: Mapping[str, Mapping[str, Link]]) -> Iterator[Problem]:
    """Find sites whose gateways have no room, and accounts whose quotas are exceeded.

    :param topology: what a person declared
    :param at: the links of each site, by names
    """
    accounts: defaultdict[tuple[str, str], dict[str, AwsSite]] = defaultdict(dict)
    connections: Counter[str] = Counter()
    for ends in vpn_ends(topology):
        connections[ends.cloud_name] += len(ends.onprem.gateways)
    for name, site in topology.sites.items():
        if isinstance(site, AwsSite):
            accounts[account_of(site)][name] = site
            yield from _gateway_problems(topology, name, site, at[name].values())
            yield from _virtual_gateway_problems(name, site, connections[name])
    for (region, _), sites in accounts.items():
        yield from _network_problems(topology, region, sites, at)
        yield from _address_problems(topology, region, sites, at)
        yield from account_problem(
            region, {name: connections[name] for name in sites}, "aws.vpn.connections-per-region"
        )


def _gateway_problems(topology: Topology, name: str, site: AwsSite, links: Collection[Link]) -> Iterator[Problem]:
    """Hold a site's gateway instances against its own first gateway subnet, and against its route server.

    The first instance of every link is in the first subnet, so no other one is fuller. How large the subnets of a VPC
    are that exists already is not known.
    """
    counts = [gateway_instances(topology, link) for link in links]
    redundant = sum(count > 1 for count in counts)
    first = sum(count > 0 for count in counts)
    endpoints = limits.number("aws.route-server.endpoints-a-subnet") if redundant else 0
    subnet, kept = slot(site, GATEWAY_SLOTS[0]), limits.number("aws.subnet.kept-at-its-start") + _KEPT_AT_ITS_END
    room = subnet.num_addresses - kept - endpoints
    if site.vpc is None and first > room:
        less = f", less {endpoints} of the route server's endpoints" if endpoints else ""
        yield Problem(
            path_of("sites", name),
            f"{first} WireGuard links end at site `{name}`, each with a gateway instance in its first gateway subnet, "
            f"and a /{subnet.prefixlen} has room for {room}: {subnet.num_addresses} addresses, less {kept} of AWS's "
            f"own{less}.",
            "Spread the links over several AWS sites, or use a VPC that exists with larger `gateway_subnets` "
            f"({limits.limits()['aws.subnet.kept-at-its-start'].reference}).",
        )
    who = f"For its WireGuard links each endpoint of the route server of `{name}`"
    yield from quota_problem(path_of("sites", name), who, redundant, "aws.route-server.sessions")


def _virtual_gateway_problems(name: str, site: AwsSite, connections: int) -> Iterator[Problem]:
    """Count the VPN connections of a site's virtual private gateway, which has a quota of its own."""
    if site.hub is AwsHub.VIRTUAL_PRIVATE_GATEWAY:
        who = f"The virtual private gateway of site `{name}`"
        yield from quota_problem(path_of("sites", name, "hub"), who, connections, "aws.vpn.virtual-gateway.connections")


def _network_problems(
    topology: Topology, region: str, sites: Mapping[str, AwsSite], at: Mapping[str, Mapping[str, Link]]
) -> Iterator[Problem]:
    """Count the VPCs and hubs that the sites of one account in one Region need together."""
    yield from account_problem(region, {name: site.vpc is None for name, site in sites.items()}, "aws.vpc.per-region")
    hubs = {name: site.hub for name, site in sites.items() if aws_parts(topology, name, site, at[name].values()).hub}
    for kind, limit in (
        (AwsHub.TRANSIT_GATEWAY, "aws.transit-gateway.per-region"),
        (AwsHub.VIRTUAL_PRIVATE_GATEWAY, "aws.vpn.virtual-gateways-per-region"),
    ):
        yield from account_problem(region, {name: hub is kind for name, hub in hubs.items()}, limit)


def _address_problems(
    topology: Topology, region: str, sites: Mapping[str, AwsSite], at: Mapping[str, Mapping[str, Link]]
) -> Iterator[Problem]:
    """Count the Elastic IP addresses of gateway instances, new ones and those that exist already.

    Where all of them exist, the quota was large enough.
    """
    needs: Counter[str] = Counter()
    new = 0
    for name in sites:
        for link in at[name].values():
            count = gateway_instances(topology, link)
            needs[name] += count
            new += max(count - len(link.elastic_ips), 0) if isinstance(link, Wireguard) else 0
    if new:
        yield from account_problem(region, needs, "aws.vpc.elastic-ips")
