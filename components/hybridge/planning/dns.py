"""Plans conditional forwarding: for each two sites that a link joins, either one asks the other for its domains.

Where domains lie within each other the longest one counts, at Route 53 Resolver
(https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-overview-forward-vpc-to-network-domain-name-matches.html)
as in Unbound. Only a link makes sites ask each other: nobody asks a site that it reaches through a third.

A query that two resolvers forward to each other never ends, and AWS warns of it where a VPC has an inbound endpoint and
a rule (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/best-practices-resolver-endpoints.html). Here each
domain has one site, everybody forwards other sites' domains alone, and what lies within them is kept or told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hybridge.topology import AwsSite, OnpremSite, Site, Topology

from . import limits
from .aws_slots import RESOLVER_SLOTS, slot
from .dns_model import AwsDnsPlan, DnsForward, DnsPlan, OnpremDnsPlan


def dns_plan(topology: Topology) -> DnsPlan:
    """Decide who forwards what to whom, for a topology without problems."""
    partners = dns_partners(topology)
    sites = {name: topology.sites[name] for name in partners}
    return DnsPlan(
        aws_sites=[
            _aws(name, site, {other: sites[other] for other in partners[name]})
            for name, site in sites.items()
            if isinstance(site, AwsSite)
        ],
        onprem_sites=[
            OnpremDnsPlan(
                site=name,
                device=resolver_device(name),
                forwards=list(_forwards({other: sites[other] for other in partners[name]})),
                clients=[network for other in partners[name] for network in _asks_from(sites[other])],
            )
            for name, site in sites.items()
            if isinstance(site, OnpremSite)
        ],
    )


def dns_partners(topology: Topology) -> dict[str, list[str]]:
    """Return for each site that answers for domains those that links join to it and that do so too, by name.

    A site without any is not there: nothing is made for it.
    """
    named = [name for name, site in topology.sites.items() if site.dns is not None]
    joined: dict[str, set[str]] = {name: set() for name in named}
    for link in topology.links.values():
        one, other = link.between
        if one != other and one in joined and other in joined:
            joined[one].add(other)
            joined[other].add(one)
    return {name: sorted(others) for name, others in joined.items() if others}


def resolver_device(site: str) -> str:
    """Return the name that the configuration of an on-premises site's resolvers goes by."""
    return f"{site}-resolver"


def dns_domains(site: Site) -> list[str]:
    """Return the domains that a site answers for."""
    return site.dns.domains if site.dns is not None else []


def dns_servers(site: Site) -> list[str]:
    """Return the addresses that a site answers at: its servers, or a VPC's inbound endpoint."""
    if isinstance(site, OnpremSite):
        return list(dict.fromkeys(str(server) for server in site.dns.servers)) if site.dns is not None else []
    if site.vpc is not None:
        return [str(address) for address in site.vpc.resolver_addresses]
    return _endpoint_addresses(site, 0)


def domains_above(domain: str) -> Iterator[str]:
    """Return the domains that a domain lies below, the longest first."""
    while "." in domain:
        domain = domain.partition(".")[2]
        yield domain


def _endpoint_addresses(site: AwsSite, index: int) -> list[str]:
    """Return an endpoint's address in each resolver subnet: the first hosts that AWS does not keep, one an endpoint."""
    first = limits.number("aws.subnet.kept-at-its-start")
    return [str(slot(site, number)[first + index]) for number in RESOLVER_SLOTS]


def _asks_from(site: Site) -> list[str]:
    """Return the networks that a site's resolvers ask from: exactly, where their addresses are planned."""
    if isinstance(site, OnpremSite):
        return dns_servers(site)
    return [str(network) for network in site.ranges] if site.vpc is not None else _endpoint_addresses(site, 1)


def _forwards(partners: Mapping[str, Site]) -> Iterator[DnsForward]:
    for name, site in partners.items():
        for domain in dns_domains(site):
            yield DnsForward(domain=domain, site=name, servers=dns_servers(site))


def _aws(name: str, site: AwsSite, partners: Mapping[str, Site]) -> AwsDnsPlan:
    forwards = list(_forwards(partners))
    elsewhere = {forward.domain for forward in forwards}
    inbound = dns_servers(site)
    return AwsDnsPlan(
        site=name,
        inbound_addresses=inbound,
        outbound_addresses=[] if site.vpc is not None else _endpoint_addresses(site, 1),
        forwards=forwards,
        kept=[domain for domain in dns_domains(site) if not elsewhere.isdisjoint(domains_above(domain))],
        sources=[str(network) for partner in partners.values() for network in partner.ranges],
        queries_per_second=len(inbound) * limits.number("aws.resolver.tracked-queries"),
    )
