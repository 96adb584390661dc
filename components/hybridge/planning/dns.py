"""Plans conditional forwarding: each site asks those that a link joins it with for the domains that they answer for.

A VPC has a resolver, so it asks whether or not it answers for a domain itself. A datacentre asks where it says, with
its domains, which resolvers it has.

Where domains lie within each other the longest one counts, at Route 53 Resolver
(https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-overview-forward-vpc-to-network-domain-name-matches.html)
as in Unbound. Only a link makes sites ask each other: nobody asks a site that it reaches through a third.

A query that two resolvers forward to each other never ends, and AWS warns of it where a VPC has an inbound endpoint and
a rule (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/best-practices-resolver-endpoints.html). Here each
domain has one site, everybody forwards other sites' domains alone, and what lies within them is kept or told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hybridge.topology import AwsSite, OnpremSite, Site, Topology

from . import limits
from .aws_slots import RESOLVER_SLOTS, has_slot, slot
from .dns_model import ENDPOINT_ADDRESSES, AwsDnsPlan, DnsForward, DnsPlan, OnpremDnsPlan


def dns_plan(topology: Topology) -> DnsPlan:
    """Decide who forwards what to whom, for a topology without problems."""
    asked, asking = dns_asked(topology)
    sites = {name: site for name, site in topology.sites.items() if name in asked or name in asking}

    def those(names: Iterable[str]) -> dict[str, Site]:
        return {name: topology.sites[name] for name in names}

    return DnsPlan(
        aws_sites=[
            _aws(name, site, those(asked.get(name, ())), those(asking.get(name, ())))
            for name, site in sites.items()
            if isinstance(site, AwsSite)
        ],
        onprem_sites=[
            OnpremDnsPlan(
                site=name,
                device=resolver_device(name),
                forwards=list(_forwards(those(asked.get(name, ())))),
                clients=[network for other in those(asking.get(name, ())).values() for network in _asks_from(other)],
            )
            for name, site in sites.items()
            if isinstance(site, OnpremSite)
        ],
    )


def dns_asked(topology: Topology) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return whom each site asks, and who asks each site, by name; a site that has nobody is not there.

    A site asks those that a link joins it with and that answer for domains, if it has resolvers that can ask.
    """
    asked: dict[str, set[str]] = {}
    asking: dict[str, set[str]] = {}
    for link in topology.links.values():
        for one, other in (link.between, reversed(link.between)):
            near, far = topology.sites.get(one), topology.sites.get(other)
            if one != other and near is not None and far is not None and far.dns is not None and can_ask(near):
                asked.setdefault(one, set()).add(other)
                asking.setdefault(other, set()).add(one)
    return _sorted(asked), _sorted(asking)


def can_ask(site: Site) -> bool:
    """Tell whether a site has resolvers that ask other sites, or can be given them.

    A datacentre's are those of its `dns:`. A VPC's own resolver needs an endpoint in two subnets, which a VPC that
    exists has to name. Where a VPC has a `dns:` and no such subnets, that is an error and not a reason to ask nobody.
    """
    if site.dns is not None or isinstance(site, OnpremSite):
        return site.dns is not None
    if site.vpc is not None:
        return len(set(site.vpc.resolver_subnets)) == ENDPOINT_ADDRESSES
    return has_slot(site, RESOLVER_SLOTS[-1])


def _sorted(names: Mapping[str, set[str]]) -> dict[str, list[str]]:
    return {name: sorted(others) for name, others in names.items()}


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


def _aws(name: str, site: AwsSite, asked: Mapping[str, Site], asking: Mapping[str, Site]) -> AwsDnsPlan:
    forwards = list(_forwards(asked))
    elsewhere = {forward.domain for forward in forwards}
    inbound = dns_servers(site) if asking else []
    return AwsDnsPlan(
        site=name,
        inbound_addresses=inbound,
        outbound_addresses=_endpoint_addresses(site, 1) if forwards and site.vpc is None else [],
        forwards=forwards,
        kept=[domain for domain in dns_domains(site) if not elsewhere.isdisjoint(domains_above(domain))],
        sources=[str(network) for other in asking.values() for network in other.ranges],
        queries_per_second=len(inbound) * limits.number("aws.resolver.tracked-queries"),
    )
