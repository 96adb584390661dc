"""Makes the plan of a stack from its topology and its address book, or says everything that is in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from hybridge.topology import (
    AwsSite,
    OnpremSite,
    Problem,
    ProblemsFound,
    Reading,
    Severity,
    Topology,
    path_of,
    read_soundly,
)

from .addresses import AddressBook
from .aws import aws_problems, aws_site_plan
from .model import Plan
from .onprem import onprem_problems, onprem_site_plan
from .ranges import Claim, range_problems
from .vpn import VpnEnds, end_problems, link_problems, vpn_ends, vpn_plan


def address_keys(topology: Topology) -> list[str]:
    """Return every key that the topology needs an address for."""
    return [key for ends in vpn_ends(topology) for key in ends.address_keys()]


def plan_stack(text: str, addresses: Path, stack: str) -> Plan:
    """Plan a stack from what its configuration and its address book say.

    :param text: the topology as JSON
    :param addresses: the stack's address book
    :param stack: the stack's name, for the remedies
    :raises ProblemsFound: with every problem of the topology, the plan and the book at once
    """
    reading = read_soundly(text)
    try:
        book = AddressBook.read(addresses)
    except ProblemsFound as found:
        damaged = Reading(reading.topology, (*reading.problems, *found.problems))
        keys = address_keys(reading.topology) if reading.topology else []
        return plan_reading(damaged, AddressBook(addresses.name).completed(keys), stack)
    return plan_reading(reading, book, stack)


def stack_problems(topology: object, addresses: Path, stack: str) -> tuple[Problem, ...]:
    """Find everything that is wrong with a stack, without planning it any further.

    :param topology: the topology as plain values
    :param addresses: the stack's address book
    :param stack: the stack's name, for the remedies
    """
    try:
        plan_stack(json.dumps(topology, default=str), addresses, stack)
    except ProblemsFound as found:
        return found.problems
    return ()


def plan_reading(reading: Reading, book: AddressBook, stack: str) -> Plan:
    """Plan what was read of a topology.

    :param reading: what was read, and what could not be
    :param book: the addresses given out to this stack
    :param stack: the stack's name, for the remedies
    :raises ProblemsFound: with every problem of the reading and the plan at once
    """
    if reading.topology is None:
        raise ProblemsFound(reading.problems)
    try:
        plan = make_plan(reading.topology, book, stack)
    except ProblemsFound as found:
        raise ProblemsFound((*reading.problems, *found.problems)) from None
    if reading.problems:
        raise ProblemsFound((*reading.problems, *plan.warnings))
    return plan


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
