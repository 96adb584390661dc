"""Checks what stands in the file of an address book: whatever cannot have been given out is told, all of it at once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cache
from ipaddress import IPv4Network
from typing import Final, cast

from hybridge.topology import Problem, ProblemsFound, path_of

from . import limits
from .pools import POOL, TUNNEL_LENGTH, cluster_numbers, global_length

_NETWORKS: Final = ("tunnels", "wireguard", "global_ranges")
_NUMBERS: Final = ("cluster_ids", "key_generations")
_SECOND: Final = 2
"""The first generation that is recorded: a key that was never changed has none."""
_REMEDY: Final = "Restore the file from version control, or remove the entry and run `make plan` to have a new one."


def damaged(name: str, place: str, sentence: str) -> Problem:
    """Return the problem of an entry, or of the whole file where `place` is empty."""
    return Problem(f"stacks/{name}" + (f" {place}" if place else ""), sentence, _REMEDY)


def checked_sections(
    name: str, content: Mapping[str, object] | None
) -> tuple[dict[str, dict[str, IPv4Network]], dict[str, dict[str, int]]]:
    """Return the sections of networks and those of numbers; a section that is not there is empty.

    :param name: the file's name, for messages
    :param content: what stands in it
    :raises ProblemsFound: with everything that cannot have been given out
    """
    if content is None:
        raise ProblemsFound([damaged(name, "", "It is empty, and the tunnels that exist keep their addresses.")])
    checking = _Checking(name)
    for section, entries in content.items():
        if section not in (*_NETWORKS, *_NUMBERS):
            known = ", ".join(f"`{known}`" for known in (*_NETWORKS, *_NUMBERS))
            checking.tell(f"It should hold {known} and nothing else.", str(section))
        elif not isinstance(entries, dict):
            checking.tell("It should be a mapping.", section)
    sections = {
        section: cast("dict[object, object]", content[section])
        for section in (*_NETWORKS, *_NUMBERS)
        if isinstance(content.get(section), dict)
    }
    networks = {section: checking.networks(section, sections.get(section, {})) for section in _NETWORKS}
    numbers = {section: checking.numbers(section, sections.get(section, {})) for section in _NUMBERS}
    if checking.problems:
        raise ProblemsFound(checking.problems)
    return networks, numbers


class _Checking:
    """One pass over a book's sections, with everything that was found."""

    def __init__(self, name: str) -> None:
        self.problems: list[Problem] = []
        self._name = name
        self._owners: dict[Hashable, str] = {}

    def tell(self, sentence: str, *place: str) -> None:
        self.problems.append(damaged(self._name, path_of(*place), sentence))

    def networks(self, section: str, entries: Mapping[object, object]) -> dict[str, IPv4Network]:
        found: dict[str, IPv4Network] = {}
        for key, value in entries.items():
            try:
                network = IPv4Network(str(value))
            except ValueError:
                self.tell(f"`{value}` is no network.", section, str(key))
                continue
            if _fits(section, network):
                self._own(section, str(key), network)
            else:
                self.tell(f"`{network}` is no {_expected(section)}.", section, str(key))
            found[str(key)] = network
        return found

    def numbers(self, section: str, entries: Mapping[object, object]) -> dict[str, int]:
        found: dict[str, int] = {}
        ids = cluster_numbers()
        for key, value in entries.items():
            if not isinstance(value, int) or isinstance(value, bool):
                self.tell(f"`{value}` is no whole number.", section, str(key))
                continue
            if section == "cluster_ids" and value not in ids:
                self.tell(f"`{value}` is no cluster id of {ids[0]} to {ids[-1]}.", section, str(key))
            elif section == "key_generations" and value < _SECOND:
                self.tell(f"`{value}` is no generation of {_SECOND} or more.", section, str(key))
            elif section == "cluster_ids":
                self._own(section, str(key), value)
            found[str(key)] = value
        return found

    def _own(self, section: str, key: str, value: IPv4Network | int) -> None:
        """Note who has `value`; tunnels' networks are unique in the book, what clusters have within their set."""
        within = "" if section in {"tunnels", "wireguard"} else key.partition("/")[0]
        owner = self._owners.setdefault((section, within, value), key)
        if owner != key:
            self.tell(f"`{value}` is given to `{owner}` as well.", section, key)


def _fits(section: str, network: IPv4Network) -> bool:
    if section == "global_ranges":
        return network.prefixlen == global_length()
    if section == "wireguard":
        return network.prefixlen == TUNNEL_LENGTH
    return network.prefixlen == TUNNEL_LENGTH and network.subnet_of(POOL) and network not in _reserved()


@cache
def _reserved() -> frozenset[IPv4Network]:
    """Return the /30s that AWS refuses; a book has thousands of entries to hold against them."""
    return frozenset(IPv4Network(text) for text in limits.words("aws.vpn.reserved-inside"))


def _expected(section: str) -> str:
    if section == "global_ranges":
        return f"/{global_length()}"
    return f"/{TUNNEL_LENGTH} of {POOL} that AWS accepts" if section == "tunnels" else f"/{TUNNEL_LENGTH}"
