"""Holds a topology against its address book: what is not recorded, what no longer fits, and which keys may change.

`make plan` records; a preview only compares. So whatever is not recorded yet is a problem whose remedy is `make plan`,
and what cannot be recorded is told wherever it is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Final

from hybridge.topology import Problem, Topology, path_of

from . import limits
from .addresses import AddressBook, AddressNeeds
from .needs import address_needs
from .pools import POOL, TUNNEL_LENGTH, cluster_numbers, global_length
from .vpn import VpnEnds, vpn_ends

_LISTED: Final = 8
"""Keys that a sentence lists before it only counts them."""
_FIRST: Final = 1
"""Generation of a key that was never changed."""


def book_problems(topology: Topology, book: AddressBook, stack: str) -> Iterator[Problem]:
    """Find everything that the book of `stack` does not say as the topology needs it."""
    yield from missing_problems(topology, book, stack)
    yield from misplaced_problems(topology, book)
    yield from generation_problems(topology, book, stack)


def missing_problems(topology: Topology, book: AddressBook, stack: str) -> Iterator[Problem]:
    """Find what the topology needs and the book has not given out, and where there is nothing left to give.

    :param topology: what a person declared
    :param book: what was given out to the stack
    :param stack: the stack's name, for the remedies
    """
    needs = address_needs(topology)
    complete = book.completed(needs)
    for what, section, keys, before, after in (
        ("address", "links", needs.tunnels, book.tunnels, complete.tunnels),
        ("address", "links", needs.wireguard, book.wireguard, complete.wireguard),
        ("global range", "cluster_sets", needs.global_ranges, book.global_ranges, complete.global_ranges),
        ("cluster id", "cluster_sets", needs.cluster_ids, book.cluster_ids, complete.cluster_ids),
    ):
        for name, missing in _grouped((set(keys) - before.keys()) & after.keys()).items():
            yield Problem(
                path_of(section, name),
                f"No {what} is recorded for {_listed(missing)} in stacks/{book.name}.",
                f"Run `make plan STACK={stack}` and commit the file.",
            )
    yield from _shortages(needs, complete, stack)


def _shortages(needs: AddressNeeds, complete: AddressBook, stack: str) -> Iterator[Problem]:
    release = f"or give back what is no longer declared with `make plan STACK={stack} ARGS=--release`"
    if short := set(needs.tunnels) - complete.tunnels.keys():
        yield Problem(
            "links",
            f"The pool {POOL} has no /{TUNNEL_LENGTH} left for {_counted(short, 'tunnel')}.",
            f"Split the estate into several stacks, {release}.",
        )
    for name, keys in _grouped(needs.wireguard.keys() - complete.wireguard.keys()).items():
        yield Problem(
            path_of("links", name, "tunnel_network"),
            f"`{needs.wireguard[keys[0]]}` has no /{TUNNEL_LENGTH} left for {_counted(keys, 'tunnel')}.",
            f"Widen it, {release}.",
        )
    size = limits.limits()["submariner.globalnet.cluster-range"].reference
    for name, keys in _grouped(needs.global_ranges.keys() - complete.global_ranges.keys()).items():
        yield Problem(
            path_of("cluster_sets", name, "global_range"),
            f"`{needs.global_ranges[keys[0]]}` has no /{global_length()} left for {_counted(keys, 'cluster')}.",
            f"Widen it, as each cluster takes one ({size}), {release}.",
        )
    ids, most = cluster_numbers(), limits.limits()["cilium.clustermesh.cluster-ids"].reference
    for name, keys in _grouped(set(needs.cluster_ids) - complete.cluster_ids.keys()).items():
        yield Problem(
            path_of("cluster_sets", name, "clusters"),
            f"Cluster ids go from {ids[0]} to {ids[-1]}, and none is left for {_counted(keys, 'cluster')}.",
            f"Split the set ({most}), {release}.",
        )


def misplaced_problems(topology: Topology, book: AddressBook) -> Iterator[Problem]:
    """Find what was given out of a range that has been changed since."""
    needs = address_needs(topology)
    for section, field, pools, given in (
        ("links", "tunnel_network", needs.wireguard, book.wireguard),
        ("cluster_sets", "global_range", needs.global_ranges, book.global_ranges),
    ):
        outside = (key for key, pool in pools.items() if key in given and not given[key].subnet_of(pool))
        for name, keys in _grouped(outside).items():
            yield Problem(
                path_of(section, name, field),
                f"{_listed(_with_networks(keys, given))} in stacks/{book.name} lies outside `{pools[keys[0]]}`.",
                "Write the range that it was taken from; or remove the entry there and run `make plan`, which gives a "
                "new one to whoever has it configured.",
            )


def generation_problems(topology: Topology, book: AddressBook, stack: str) -> Iterator[Problem]:
    """Find tunnels whose key should change, and has not been recorded to.

    :param topology: what a person declared
    :param book: what was recorded
    :param stack: the stack's name, for the remedies
    """
    yield from recording_problems(topology, book)
    for ends in vpn_ends(topology):
        place = path_of("links", ends.name, "key_generations")
        changes = _changes(ends, book)
        raised = _raised(changes)
        for tunnel in (tunnel for tunnel in changes if tunnel not in raised):
            recorded, declared = changes[tunnel]
            yield Problem(
                place,
                f"The key of `{tunnel}` is generation {recorded}, and {declared} is declared; no key comes back.",
                f"Write `{tunnel}: {recorded}`, or more for a new key.",
            )
        if len(raised) == 1:
            recorded, declared = changes[raised[0]]
            yield Problem(
                place,
                f"The key of `{raised[0]}` is to be generation {declared}, and stacks/{book.name} records {recorded}.",
                f"Run `make plan STACK={stack}` and commit the file.",
            )


def recording_problems(topology: Topology, before: AddressBook) -> Iterator[Problem]:
    """Find keys that `make plan` does not record as new, as those of other tunnels of the link are new as well.

    :param topology: what a person declared
    :param before: the book as it is
    """
    for ends in vpn_ends(topology):
        raised = _raised(_changes(ends, before))
        if len(raised) > 1:
            yield Problem(
                path_of("links", ends.name, "key_generations"),
                f"The keys of {_listed(f'`{tunnel}`' for tunnel in raised)} would change together.",
                "One tunnel changes per update, so that the other carries the traffic: raise one, `pulumi up`, then "
                "the next.",
            )


def _changes(ends: VpnEnds, book: AddressBook) -> dict[str, tuple[int, int]]:
    """Return the recorded and the declared generation where they differ, by tunnel.

    A tunnel that is new has no key yet, and one whose key is a secret of the stack has no generations.
    """
    changes: dict[str, tuple[int, int]] = {}
    for tunnel in ends.tunnel_keys():
        key = f"{ends.name}/{tunnel}"
        recorded = book.key_generations.get(key, _FIRST)
        declared = ends.link.key_generations.get(tunnel, _FIRST)
        if key in book.tunnels and tunnel not in ends.link.preshared_keys and recorded != declared:
            changes[tunnel] = (recorded, declared)
    return changes


def _raised(changes: Mapping[str, tuple[int, int]]) -> list[str]:
    return [tunnel for tunnel, (recorded, declared) in changes.items() if declared > recorded]


def _grouped(keys: Iterable[str]) -> dict[str, list[str]]:
    """Sort keys by the link or set that they begin with."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for key in sorted(keys):
        groups[key.partition("/")[0]].append(key)
    return groups


def _with_networks(keys: Iterable[str], given: Mapping[str, IPv4Network]) -> Iterator[str]:
    return (f"`{given[key]}` of {key}" for key in keys)


def _listed(words: Iterable[str]) -> str:
    every = list(words)
    more = len(every) - _LISTED
    return ", ".join(every[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _counted(keys: Iterable[str], what: str) -> str:
    number = len(list(keys))
    return f"one {what}" if number == 1 else f"{number} {what}s"
