"""The address book of a stack: what was given out once stays given out.

`stacks/addresses.STACK.yaml` is to addresses what a lock file is to versions: `make plan STACK=…` writes it, a person
commits it, and the program only reads it. An addition never moves another entry, as peers have them configured.

A tunnel's /30 has to be unique on each customer gateway device and on each virtual private gateway
(https://docs.aws.amazon.com/vpn/latest/s2svpn/tunnel-configure.html). The book gives each out once in the whole estate,
which is both. Global ranges and cluster numbers are unique within their cluster set, as nobody else meets them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final, TypeVar

import yaml

from hybridge.topology import ProblemsFound
from hybridge.yamlfile import UnreadableFileError, read_mapping

from .address_file import checked_sections, damaged
from .pools import TUNNEL_LENGTH, cluster_numbers, global_length, parts, tunnel_networks

_Given = TypeVar("_Given", IPv4Network, int)

_WORDS: Final = {
    "tunnels": "{}",
    "wireguard": "{}",
    "global_ranges": "global range {}",
    "cluster_ids": "cluster id {}",
    "key_generations": "key generation {}",
}
"""The sections, and how a person reads an entry of each."""


@dataclass(frozen=True)
class AddressNeeds:
    """What a topology needs of the book."""

    tunnels: tuple[str, ...] = ()
    """Site-to-site tunnels, by `link/gateway/number`."""
    wireguard: Mapping[str, IPv4Network] = field(default_factory=dict[str, IPv4Network])
    """WireGuard tunnels, by `link/gateway/instance`, each with the range that its /30 is taken from."""
    global_ranges: Mapping[str, IPv4Network] = field(default_factory=dict[str, IPv4Network])
    """Clusters of Globalnet sets, by `set/cluster`, each with the range that its global range is taken from."""
    cluster_ids: tuple[str, ...] = ()
    """Clusters of cluster sets, by `set/cluster`."""
    key_generations: Mapping[str, int] = field(default_factory=dict[str, int])
    """The declared generation of a tunnel's key, by `link/gateway/number`, where it is not the first."""


@dataclass(frozen=True)
class AddressBook:
    """What was given out, section by section, by the key that needs it."""

    name: str
    """Name of its file, for messages."""
    tunnels: Mapping[str, IPv4Network] = field(default_factory=dict[str, IPv4Network])
    """The /30 inside a site-to-site tunnel, by `link/gateway/number`."""
    wireguard: Mapping[str, IPv4Network] = field(default_factory=dict[str, IPv4Network])
    """The /30 inside a WireGuard tunnel, by `link/gateway/instance`."""
    global_ranges: Mapping[str, IPv4Network] = field(default_factory=dict[str, IPv4Network])
    """What Globalnet translates a cluster's addresses to, by `set/cluster`."""
    cluster_ids: Mapping[str, int] = field(default_factory=dict[str, int])
    """The number of a cluster in its set, by `set/cluster`."""
    key_generations: Mapping[str, int] = field(default_factory=dict[str, int])
    """The generation of a tunnel's key, by `link/gateway/number`, where it is not the first."""

    @classmethod
    def read(cls, path: Path) -> AddressBook:
        """Read the book; a file that does not exist is an empty one.

        :raises ProblemsFound: with every entry that cannot have been given out
        """
        if not path.exists():
            return cls(path.name)
        try:
            content = read_mapping(path, shown=f"stacks/{path.name}")
        except UnreadableFileError as error:
            raise ProblemsFound([damaged(path.name, "", str(error))]) from None
        networks, numbers = checked_sections(path.name, content)
        return cls(
            path.name,
            tunnels=networks["tunnels"],
            wireguard=networks["wireguard"],
            global_ranges=networks["global_ranges"],
            cluster_ids=numbers["cluster_ids"],
            key_generations=numbers["key_generations"],
        )

    def completed(self, needs: AddressNeeds) -> AddressBook:
        """Return the book with an entry for everything in `needs`; entries that exist stay, wanted or not.

        An entry whose key is gone stays because its tunnel may still exist in the cloud, and both of its ends have the
        address configured; `released` gives it back. A key for which nothing is left stays without an entry. The
        generation of a tunnel's key is the one entry that changes, and only upwards.
        """
        tunnels = dict(self.tunnels)
        _fill(tunnels, needs.tunnels, tunnel_networks(), set(tunnels.values()))
        wireguard = dict(self.wireguard)
        used = set(wireguard.values())
        for pool, keys in _by_pool(needs.wireguard).items():
            _fill(wireguard, keys, parts(pool, TUNNEL_LENGTH), used)
        global_ranges = dict(self.global_ranges)
        taken = _by_set(global_ranges)
        for pool, keys in _by_pool(needs.global_ranges).items():
            for name, members in _sets(keys).items():
                _fill(global_ranges, members, parts(pool, global_length()), taken[name])
        cluster_ids = dict(self.cluster_ids)
        numbers = _by_set(cluster_ids)
        for name, members in _sets(needs.cluster_ids).items():
            _fill(cluster_ids, members, cluster_numbers(), numbers[name])
        generations = dict(self.key_generations)
        for key, generation in needs.key_generations.items():
            generations[key] = max(generation, generations.get(key, generation))
        return AddressBook(self.name, tunnels, wireguard, global_ranges, cluster_ids, generations)

    def released(self, needs: AddressNeeds) -> AddressBook:
        """Return the book without what `needs` does not ask for: it may be given out again."""
        return AddressBook(
            self.name,
            tunnels=_kept(self.tunnels, needs.tunnels),
            wireguard=_kept(self.wireguard, needs.wireguard),
            global_ranges=_kept(self.global_ranges, needs.global_ranges),
            cluster_ids=_kept(self.cluster_ids, needs.cluster_ids),
            key_generations=_kept(self.key_generations, needs.tunnels),
        )

    def entries(self) -> dict[tuple[str, str], str]:
        """Return every entry by its section and key, as a person reads it."""
        return {
            (section, key): words.format(value)
            for section, words in _WORDS.items()
            for key, value in sorted(self._section(section).items())
        }

    def text(self) -> str:
        """Return the book as the text of its file."""
        heading = (
            "# Addresses that hybridge has given out to this stack. `make plan` writes this file, and you commit it.\n"
            "# A peer has each of them configured, so an entry never changes while its tunnel exists.\n"
        )
        sections = {
            section: {key: value if isinstance(value, int) else str(value) for key, value in given.items()}
            for section in _WORDS
            if (given := self._section(section))
        }
        return heading + yaml.safe_dump(sections, sort_keys=True)

    def _section(self, name: str) -> Mapping[str, IPv4Network] | Mapping[str, int]:
        return getattr(self, name)


def _fill(given: dict[str, _Given], keys: Iterable[str], candidates: Iterable[_Given], used: set[_Given]) -> None:
    """Give each of `keys` that has none the first candidate that is not used, while there are any."""
    missing = sorted(set(keys) - given.keys())
    if not missing:
        return
    free = (candidate for candidate in candidates if candidate not in used)
    added = dict(zip(missing, free, strict=False))
    given.update(added)
    used.update(added.values())


def _kept(given: Mapping[str, _Given], wanted: Iterable[str]) -> dict[str, _Given]:
    keys = set(wanted)
    return {key: value for key, value in given.items() if key in keys}


def _by_pool(needs: Mapping[str, IPv4Network]) -> dict[IPv4Network, list[str]]:
    pools: defaultdict[IPv4Network, list[str]] = defaultdict(list)
    for key, pool in needs.items():
        pools[pool].append(key)
    return pools


def _sets(keys: Iterable[str]) -> dict[str, list[str]]:
    """Sort keys `set/cluster` by their set."""
    sets: defaultdict[str, list[str]] = defaultdict(list)
    for key in keys:
        sets[key.partition("/")[0]].append(key)
    return sets


def _by_set(given: Mapping[str, _Given]) -> defaultdict[str, set[_Given]]:
    """Return what each set has been given."""
    sets: defaultdict[str, set[_Given]] = defaultdict(set)
    for key, value in given.items():
        sets[key.partition("/")[0]].add(value)
    return sets
