"""Finds what is wrong with the domains that sites answer for, and with where they answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from hybridge.topology import AwsSite, ExistingVpc, OnpremSite, Problem, Severity, Site, Topology, path_of

from . import limits
from .aws_parts import links_by_site, named_partners
from .aws_slots import RESOLVER_SLOTS, has_slot
from .dns import can_ask, dns_asked, dns_domains, dns_plan, domains_above, resolver_device
from .dns_model import ENDPOINT_ADDRESSES, AwsDnsPlan
from .quotas import account_of, account_problem, quota_problem
from .telling import others_told

_SERVERS: Final = 2
"""Servers of a site, so that one may fail."""
_TRANSPORTS: Final = 2
"""DNS comes over UDP and over TCP, so each opening is two rules."""


def dns_problems(topology: Topology) -> Iterator[Problem]:
    """Find what is wrong with conditional forwarding."""
    asked, asking = dns_asked(topology)
    silent = _silent(topology)
    unheard = {partner for partners in silent.values() for partner in partners}
    yield from _domain_problems(topology, asked)
    for name, site in topology.sites.items():
        if isinstance(site, OnpremSite):
            yield from _server_problems(name, site)
        elif name in asked or name in asking:
            yield from _existing_problems(name, site, site.vpc) if site.vpc else _room_problems(name, site)
        elif name in silent:
            yield _silent_problem(name, site, silent[name])
        if site.dns is not None and name not in asking and name not in unheard:
            yield _nobody(name, site)
    yield from _name_problems(topology, {*asked, *asking})
    yield from _quota_problems(topology)


def _nobody(name: str, site: Site) -> Problem:
    return Problem(
        path_of("sites", name, "dns"),
        f"No link joins `{name}` to a site whose resolvers ask it, so nobody does.",
        "Link it to an AWS site with room for resolver endpoints, or leave this out."
        if isinstance(site, OnpremSite)
        else "Declare the `dns:` of a datacentre that its links reach, or leave this one out.",
        Severity.WARNING,
    )


def _silent(topology: Topology) -> dict[str, list[str]]:
    """Return the VPCs that cannot ask, with the sites that links join them with and whose names they would ask for."""
    found: dict[str, list[str]] = {}
    for name, links in links_by_site(topology).items():
        site = topology.sites.get(name)
        if isinstance(site, AwsSite) and not can_ask(site):
            found[name] = named_partners(topology, name, links.values())
    return {name: partners for name, partners in found.items() if partners}


def _silent_problem(name: str, site: AwsSite, partners: Sequence[str]) -> Problem:
    if site.vpc is not None:
        lack = f"and {'one' if site.vpc.resolver_subnets else 'none'} is given"
    else:
        lack = f"which `{site.ranges[0]}` has no room for"
    return Problem(
        path_of("sites", name, *(("vpc", "resolver_subnets") if site.vpc else ("ranges", 0))),
        f"Nothing in `{name}` finds the names of {others_told(partners[0], len(partners) - 1)}: an endpoint that asks "
        f"for them needs two subnets, {lack}.",
        "Name a subnet in each of two zones."
        if site.vpc
        else "Give the VPC a larger primary range, a /24 at the least.",
        Severity.WARNING,
    )


def _domain_problems(topology: Topology, asked: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, site in topology.sites.items():
        for index, domain in enumerate(dns_domains(site)):
            place = path_of("sites", name, "dns", "domains", index)
            if domain in owners:
                yield Problem(
                    place,
                    f"`{domain}` is a domain of `{owners[domain]}` already, and a query goes to one site alone.",
                    "Leave it at one of them, or give each a domain of its own below it.",
                )
            owners.setdefault(domain, name)
            yield from _reserved_problems(place, domain, onprem=isinstance(site, OnpremSite))
    yield from _nested_problems(topology, asked, owners)


def _reserved_problems(place: str, domain: str, *, onprem: bool) -> Iterator[Problem]:
    special = limits.limits()["dns.special-use"]
    if domain.rpartition(".")[2] in limits.words("dns.special-use"):
        yield Problem(
            place,
            f"`{domain}` is in a domain that no name server answers for.",
            f"Choose a domain that is yours, such as `corp.example.com` ({special.reference}).",
        )
    if domain.rpartition(".")[2] in limits.words("dns.multicast"):
        yield Problem(
            place,
            f"Hosts with multicast DNS do not ask a server for `{domain}`.",
            "Look after each host's resolver, or choose a domain that is yours "
            f"({limits.limits()['dns.multicast'].reference}).",
            Severity.WARNING,
        )
    own = limits.limits()["aws.resolver.own-domains"]
    if onprem and not {domain, *domains_above(domain)}.isdisjoint(limits.words("aws.resolver.own-domains")):
        yield Problem(
            place,
            f"A VPC's resolver answers for `{domain}` itself, and AWS's services stop working where it does not.",
            f"Leave it out ({own.reference}).",
        )


def _nested_problems(
    topology: Topology, asked: Mapping[str, Collection[str]], owners: dict[str, str]
) -> Iterator[Problem]:
    """Find datacentres' domains below a domain that they forward to another site: what they lack comes back.

    The other way round a VPC's resolver is told to answer by itself, which is `AwsDnsPlan.kept`.
    """
    for name, others in asked.items():
        site = topology.sites[name]
        if isinstance(site, AwsSite):
            continue
        for index, domain in enumerate(dns_domains(site)):
            above = next((found for found in domains_above(domain) if owners.get(found) in others), None)
            if above is not None:
                yield Problem(
                    path_of("sites", name, "dns", "domains", index),
                    f"`{domain}` lies in `{above}` of `{owners[above]}`: a name in it that a resolver of `{name}` does "
                    "not look up at home goes there, and comes back.",
                    "See that each resolver has the domain as a zone of its own, or choose domains side by side, such "
                    "as `corp.example.com` and `aws.example.com`.",
                    Severity.WARNING,
                )


def _server_problems(name: str, site: OnpremSite) -> Iterator[Problem]:
    if site.dns is None:
        return
    place = path_of("sites", name, "dns", "servers")
    for index, server in enumerate(site.dns.servers):
        if not any(server in network for network in site.ranges):
            yield Problem(
                f"{place}[{index}]",
                f"`{server}` is in none of the ranges of `{name}`, so no link leads to it.",
                "Give the address that it has in the site, or add its network to `ranges:`.",
            )
    if len(set(site.dns.servers)) < _SERVERS:
        yield Problem(
            place,
            f"`{name}` has one DNS server, and its names are lost to other sites with it.",
            "Add a second one.",
            Severity.WARNING,
        )


def _existing_problems(name: str, site: AwsSite, vpc: ExistingVpc) -> Iterator[Problem]:
    addresses = [("resolver_addresses", vpc.resolver_addresses)] if site.dns else []
    for key, given in (("resolver_subnets", vpc.resolver_subnets), *addresses):
        if len(set(given)) < ENDPOINT_ADDRESSES:
            yield Problem(
                path_of("sites", name, "vpc", key),
                f"The resolver endpoints of `{name}` need two different `{key}`.",
                "Name one in each of two zones.",
            )
    for index, address in enumerate(vpc.resolver_addresses):
        if not any(address in network for network in site.ranges):
            yield Problem(
                path_of("sites", name, "vpc", "resolver_addresses", index),
                f"`{address}` is in none of the ranges of `{name}`.",
                "Give a free address of the subnet that stands at the same place in `resolver_subnets:`.",
            )


def _room_problems(name: str, site: AwsSite) -> Iterator[Problem]:
    if not has_slot(site, RESOLVER_SLOTS[-1]):
        yield Problem(
            path_of("sites", name, "ranges", 0),
            f"`{site.ranges[0]}` has no room for the resolver endpoints' subnets, which names between sites need.",
            "Give the VPC a larger primary range, a /24 at the least.",
        )


def _name_problems(topology: Topology, involved: Collection[str]) -> Iterator[Problem]:
    taken = {resolver_device(name): name for name in involved}
    for name, site in topology.sites.items():
        for index, gateway in enumerate(site.gateways if isinstance(site, OnpremSite) else ()):
            if gateway.name in taken:
                yield Problem(
                    path_of("sites", name, "gateways", index, "name"),
                    f"`{gateway.name}` is the name that the resolvers of `{taken[gateway.name]}` go by.",
                    "Give the gateway another name.",
                )


def _quota_problems(topology: Topology) -> Iterator[Problem]:
    """Count endpoints and rules of each account in a Region, and the rules of each endpoint's security group."""
    accounts: defaultdict[tuple[str, str], list[AwsDnsPlan]] = defaultdict(list)
    for plan in dns_plan(topology).aws_sites:
        site = topology.sites[plan.site]
        if isinstance(site, AwsSite):
            accounts[account_of(site)].append(plan)
        place, group = resolver_place(topology, plan.site), "aws.security-group.rules"
        for direction, peers in (("inbound", plan.sources), ("outbound", plan.servers)):
            who = f"The {direction} endpoint of `{plan.site}`"
            yield from quota_problem(place, who, _TRANSPORTS * len(peers), group)
    for (region, _), plans in accounts.items():
        endpoints = {plan.site: len(plan.directions) for plan in plans}
        rules = {plan.site: len(plan.forwards) + len(plan.kept) for plan in plans}
        for needs, limit in ((endpoints, "aws.resolver.endpoints"), (rules, "aws.resolver.rules")):
            yield from account_problem(region, needs, limit, partial(resolver_place, topology))


def resolver_place(topology: Topology, name: str) -> str:
    """Return where a person said what brought a VPC's endpoints about, as far as that is the site's own `dns:`."""
    return path_of("sites", name, *(("dns",) if topology.sites[name].dns else ()))
