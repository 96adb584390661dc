"""Makes the plan of a stack from its topology and its address book, or says everything that is in the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hybridge.topology import Problem, ProblemsFound, Reading, Severity, Topology, read_soundly, topology_text

from .addresses import AddressBook, AddressNeeds
from .decisions import decide, told_plan
from .findings import findings
from .needs import address_needs
from .secrets import NO_SETTINGS, Settings, setting_problems
from .whole import Plan


def plan_stack(text: str, addresses: Path, stack: str, settings: Settings = NO_SETTINGS) -> Plan:
    """Plan a stack from what its configuration and its address book say.

    :param text: the topology as JSON
    :param addresses: the stack's address book
    :param stack: the stack's name, for the remedies
    :param settings: what is configured beside the topology
    :raises ProblemsFound: with every problem of the topology, the plan, the book and the settings at once
    """
    reading = read_soundly(text)
    reading = Reading(reading.topology, (*reading.problems, *setting_problems(reading, settings, stack)))
    try:
        book = AddressBook.read(addresses)
    except ProblemsFound as found:
        damaged = Reading(reading.topology, (*reading.problems, *found.problems))
        needs = address_needs(reading.topology) if reading.topology else AddressNeeds()
        return plan_reading(damaged, AddressBook(addresses.name).completed(needs), stack)
    return plan_reading(reading, book, stack)


def stack_problems(
    topology: object, addresses: Path, stack: str, settings: Settings = NO_SETTINGS
) -> tuple[Problem, ...]:
    """Find everything that is wrong with a stack, without planning it any further.

    :param topology: the topology as plain values
    :param addresses: the stack's address book
    :param stack: the stack's name, for the remedies
    :param settings: what is configured beside the topology
    """
    try:
        plan_stack(topology_text(topology), addresses, stack, settings)
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
    unsound = any(problem.severity is Severity.ERROR for problem in reading.problems)
    try:
        plan = make_plan(reading.topology, book, stack)
    except ProblemsFound as found:
        # A warning may be due to what was left out, and is told as soon as everything can be read.
        told = [each for each in found.problems if not unsound or each.severity is Severity.ERROR]
        raise ProblemsFound((*reading.problems, *told)) from None
    if unsound:
        raise ProblemsFound(reading.problems)
    return replace(plan, warnings=[*plan.warnings, *reading.problems])


def make_plan(topology: Topology, book: AddressBook, stack: str) -> Plan:
    """Decide the whole estate.

    :param topology: what a person declared
    :param book: the addresses given out to this stack
    :param stack: the stack's name, for the remedies
    :raises ProblemsFound: with every problem, when one of them is an error
    """
    # What no address was recorded for is decided with one that could be: its other problems are told as well.
    decisions = decide(topology, book.completed(address_needs(topology)))
    problems = list(findings(topology, decisions, book, stack))
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise ProblemsFound(problems)
    return told_plan(topology, decisions, stack, problems)
