"""Finds where AWS sites need more than AWS gives: addresses of their gateway subnets, and an account's quotas.

A quota is one account's in one Region, so sites count together where they have both in common. AWS raises most of them
on request and may have done so already, so they are warnings; a subnet has as many addresses as it has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from hybridge.topology import AwsHub, AwsSite, Link, Problem, Severity, Topology, Wireguard, path_of

from . import limits
from .aws_parts import aws_parts, gateway_instances
from .aws_slots import GATEWAY_SLOTS, slot

_KEPT_AT_ITS_END: Final = 1
"""Addresses at the end of a subnet that AWS keeps beside those at its start: the last one."""


def account_of(site: AwsSite) -> tuple[str, str]:
    """Return the Region and the account whose quotas a site counts in; without an account it is the caller's."""
    return site.region, site.identity.account if site.identity else ""


def aws_quota_problems(topology: Topology, at: Mapping[str, Mapping[str, Link]]) -> Iterator[Problem]:
    """Find sites whose gateways have no room, and accounts whose quotas are exceeded.

    :param topology: what a person declared
    :param at: the links of each site, by names
    """
    accounts: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for name, site in topology.sites.items():
        if isinstance(site, AwsSite):
            accounts[account_of(site)].append(name)
            yield from _gateway_problems(topology, name, site, at[name].values())
    for (region, _), names in accounts.items():
        yield from _account_problems(topology, region, names, at)


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
    most = limits.limits()["aws.route-server.sessions"]
    if redundant > limits.number("aws.route-server.sessions"):
        yield Problem(
            path_of("sites", name),
            f"Each endpoint of the route server of `{name}` would have {redundant} {most.unit}, one a WireGuard link, "
            f"and AWS gives {most.value} unless it was asked for more.",
            f"Have the quota raised before `pulumi up` ({most.reference}).",
            Severity.WARNING,
        )


def _account_problems(
    topology: Topology, region: str, names: Sequence[str], at: Mapping[str, Mapping[str, Link]]
) -> Iterator[Problem]:
    """Count what the sites of one account in one Region need together."""
    sites = {name: site for name in names if isinstance(site := topology.sites[name], AwsSite)}
    instances = new = hubs = 0
    for name, site in sites.items():
        for link in at[name].values():
            count = gateway_instances(topology, link)
            instances += count
            new += max(count - len(link.elastic_ips), 0) if isinstance(link, Wireguard) else 0
        hub = aws_parts(topology, name, site, at[name].values()).hub
        hubs += hub and site.hub is AwsHub.TRANSIT_GATEWAY
    # Those that exist count as well, and where all of them do, the quota was large enough.
    yield from _quota(names, region, instances if new else 0, "aws.vpc.elastic-ips")
    yield from _quota(names, region, sum(site.vpc is None for site in sites.values()), "aws.vpc.per-region")
    yield from _quota(names, region, hubs, "aws.transit-gateway.per-region")


def _quota(names: Sequence[str], region: str, count: int, name: str) -> Iterator[Problem]:
    most = limits.limits()[name]
    if count > limits.number(name):
        others = f" and {len(names) - 1} other site{'s' * (len(names) > 2)}" if len(names) > 1 else ""  # noqa: PLR2004
        yield Problem(
            path_of("sites", names[-1]),
            f"An account has {most.value} {most.unit} in {region} unless AWS allows more, and `{names[-1]}`{others} "
            f"need{'s' * (len(names) == 1)} {count}.",
            f"Ask AWS for more before `pulumi up` ({most.reference}).",
            Severity.WARNING,
        )
