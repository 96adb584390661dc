"""Gathers everything that is wrong with a stack, whichever part of planning finds it."""

from __future__ import annotations

from collections.abc import Iterator

from hybridge.topology import AwsSite, Problem, Topology

from .addresses import AddressBook
from .aws import aws_problems
from .aws_parts import links_by_site
from .aws_quotas import aws_quota_problems
from .capacity import capacity_problems
from .cluster_encryption import encryption_problems
from .cluster_reach import reach_problems
from .clusters import cluster_problems
from .decisions import Decisions
from .dns_problems import dns_problems
from .eks import eks_problems
from .flows import flow_problems
from .mtu_plan import mtu_problems
from .names import name_problems
from .onprem import onprem_problems
from .protected import replacement_problems
from .ranges import range_problems
from .recording import book_problems
from .redundancy import redundancy_problems
from .routing_problems import routing_problems
from .trust import trust_problems
from .vpn_problems import end_problems, link_problems
from .wireguard_problems import shared_problems, wireguard_problems


def findings(topology: Topology, decisions: Decisions, book: AddressBook, stack: str) -> Iterator[Problem]:
    """Find every problem, in the order in which a person would mend them: ranges, sites, links, what uses the links.

    :param topology: what a person declared
    :param decisions: its links, as far as they can be decided
    :param book: the addresses that are recorded
    :param stack: the stack's name, for the remedies
    """
    yield from range_problems(topology, book)
    yield from _site_problems(topology)
    yield from _link_problems(topology, decisions)
    yield from name_problems(topology, decisions.vpn_ends, decisions.wireguard_ends)
    yield from flow_problems(topology, decisions.paths)
    yield from capacity_problems(topology, decisions.paths)
    yield from cluster_problems(topology)
    yield from eks_problems(topology)
    yield from reach_problems(topology)
    yield from encryption_problems(topology)
    yield from dns_problems(topology)
    yield from trust_problems(topology)
    yield from replacement_problems(topology, decisions)
    yield from book_problems(topology, book, stack)


def _site_problems(topology: Topology) -> Iterator[Problem]:
    yield from onprem_problems(topology)
    at = links_by_site(topology)
    for name, site in topology.sites.items():
        if isinstance(site, AwsSite):
            yield from aws_problems(topology, name, site, at[name])
    yield from aws_quota_problems(topology, at)


def _link_problems(topology: Topology, decisions: Decisions) -> Iterator[Problem]:
    yield from end_problems(topology)
    for vpn in decisions.vpn_ends:
        yield from link_problems(vpn)
    for wireguard in decisions.wireguard_ends:
        yield from wireguard_problems(topology, wireguard)
    yield from shared_problems(topology, decisions.wireguard_ends)
    yield from redundancy_problems(topology, decisions.paths)
    yield from routing_problems(topology)
    yield from mtu_problems(topology, decisions.paths)
