"""Makes the plan of a stack from its topology and its address book, or says everything that is in the way."""

from __future__ import annotations

from collections.abc import Iterator

from hybridge.topology import AwsSite, OnpremSite, Problem, ProblemsFound, Severity, Topology, path_of

from .addresses import AddressBook
from .aws import aws_problems, aws_site_plan
from .model import Plan
from .onprem import onprem_problems, onprem_site_plan
from .ranges import Claim, range_problems
from .vpn import VpnEnds, end_problems, link_problems, vpn_ends, vpn_plan


def address_keys(topology: Topology) -> list[str]:
    """Return every key that the topology needs an address for."""
    return [key for ends in vpn_ends(topology) for key in ends.address_keys()]


def make_plan(topology: Topology, book: AddressBook, stack: str) -> Plan:
    """Decide the whole estate.

    :param topology: what a person declared
    :param book: the addresses given out to this stack
    :param stack: the stack's name, for the remedies
    :raises ProblemsFound: with every problem, when one of them is an error
    """
    links = list(vpn_ends(topology))
    problems = list(_problems(topology, links, book, stack))
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise ProblemsFound(problems)
    vpns = [vpn_plan(ends, book) for ends in links]
    sites = topology.sites.items()
    return Plan(
        stack=stack,
        onprem_sites=[onprem_site_plan(name, site, vpns) for name, site in sites if isinstance(site, OnpremSite)],
        aws_sites=[aws_site_plan(name, site, vpns) for name, site in sites if isinstance(site, AwsSite)],
        vpns=vpns,
        warnings=problems,
    )


def _problems(topology: Topology, links: list[VpnEnds], book: AddressBook, stack: str) -> Iterator[Problem]:
    yield from range_problems(
        Claim(network, f"site {name}", path_of("sites", name, "ranges", index))
        for name, site in topology.sites.items()
        for index, network in enumerate(site.ranges)
    )
    yield from onprem_problems(topology)
    for name, site in topology.sites.items():
        if isinstance(site, AwsSite):
            yield from aws_problems(name, site)
    yield from end_problems(topology)
    for ends in links:
        yield from link_problems(ends, book, stack)
