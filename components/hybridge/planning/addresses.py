"""The address book of a stack: what was given out once stays given out.

`stacks/addresses.STACK.yaml` is to addresses what a lock file is to versions: `make plan STACK=…` writes it, a person
commits it, and the program only reads it. An addition never moves another entry, as peers have them configured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final, cast

import yaml

from hybridge.topology import Problem, ProblemsFound, path_of
from hybridge.yamlfile import UnreadableFileError, read_mapping

from . import limits

POOL: Final = IPv4Network("169.254.0.0/16")
"""Addresses inside tunnels: link-local, so that they collide with nobody's network (RFC 3927)."""
_LENGTH: Final = 30
_REMEDY: Final = "Restore the file from version control, or remove the entry and run `make plan` to have a new one."


@dataclass(frozen=True)
class AddressBook:
    """The inside range of each tunnel, by `link/gateway/number`."""

    name: str
    """Name of its file, for messages."""
    tunnels: Mapping[str, IPv4Network] = field(default_factory=dict[str, IPv4Network])

    @classmethod
    def read(cls, path: Path) -> AddressBook:
        """Read the book; a file that does not exist is an empty one.

        :raises ProblemsFound: with every entry that is no free /30 of the pool
        """
        if not path.exists():
            return cls(path.name)
        shown = f"stacks/{path.name}"
        try:
            content = read_mapping(path, shown=shown)
        except UnreadableFileError as error:
            raise ProblemsFound([Problem(shown, str(error), _REMEDY)]) from None
        return cls(path.name, _checked(path.name, _entries(path.name, content)))

    def completed(self, keys: Iterable[str]) -> AddressBook:
        """Return the book with an entry for each of `keys`; entries that exist stay, wanted or not.

        An entry whose key is gone stays because its tunnel may still exist in the cloud, and both of its ends have
        the address configured; `released` gives it back.

        :raises ProblemsFound: when the pool is used up
        """
        missing = sorted(set(keys) - self.tunnels.keys())
        added = dict(zip(missing, _free(self.tunnels.values()), strict=False))
        if len(added) < len(missing):
            sentence = f"The pool {POOL} has no /30 left for {len(missing) - len(added)} tunnels."
            raise ProblemsFound([Problem("links", sentence, "Split the estate into several stacks.")])
        return AddressBook(self.name, dict(sorted({**self.tunnels, **added}.items())))

    def released(self, keys: Iterable[str]) -> AddressBook:
        """Return the book without the entries that are not of `keys`: their addresses may be given out again."""
        wanted = set(keys)
        return AddressBook(self.name, {key: network for key, network in self.tunnels.items() if key in wanted})

    def text(self) -> str:
        """Return the book as the text of its file."""
        heading = (
            "# Addresses that hybridge has given out to this stack. `make plan` writes this file, and you commit it.\n"
            "# A peer has each of them configured, so an entry never changes while its tunnel exists.\n"
        )
        body = yaml.safe_dump({"tunnels": {key: str(value) for key, value in self.tunnels.items()}}, sort_keys=True)
        return heading + body


def _free(taken: Iterable[IPv4Network]) -> Iterator[IPv4Network]:
    """Return the /30s of the pool that no vendor reserves and nobody has, in order."""
    used = set(taken)
    reserved = (*limits.words("link-local.reserved"), *limits.words("aws.vpn.reserved-inside"))
    networks = [IPv4Network(text) for text in (*reserved, *limits.words("azure.vpn.bgp-inside"))]
    # The whole /24 around each, as vendors keep adding services there (AWS has 169.254.169.252/30 and more).
    closed = [network.supernet(new_prefix=24) for network in networks]
    for candidate in POOL.subnets(new_prefix=_LENGTH):
        if candidate not in used and not any(candidate.overlaps(network) for network in closed):
            yield candidate


def _entries(name: str, book: Mapping[str, object] | None) -> Mapping[object, object]:
    if book is None:
        raise ProblemsFound([_damaged(name, "", "It is empty, and the tunnels that exist keep their addresses.")])
    if set(book) != {"tunnels"}:
        raise ProblemsFound([_damaged(name, "", "It should hold `tunnels` and nothing else.")])
    entries = book["tunnels"]
    if not isinstance(entries, dict):
        raise ProblemsFound([_damaged(name, "tunnels", "It should be a mapping.")])
    return cast("dict[object, object]", entries)


def _checked(name: str, entries: Mapping[object, object]) -> dict[str, IPv4Network]:
    problems: list[Problem] = []
    ranges: dict[str, IPv4Network] = {}
    owners: dict[IPv4Network, str] = {}
    reserved = {IPv4Network(text) for text in limits.words("aws.vpn.reserved-inside")}
    for key, value in entries.items():
        try:
            network = IPv4Network(str(value))
        except ValueError:
            problems.append(_damaged(name, path_of("tunnels", str(key)), f"`{value}` is no network."))
            continue
        if network.prefixlen != _LENGTH or not network.subnet_of(POOL) or network in reserved:
            problems.append(
                _damaged(name, path_of("tunnels", str(key)), f"`{network}` is no /30 of {POOL} that AWS accepts.")
            )
        elif network in owners:
            sentence = f"`{network}` is given to `{owners[network]}` as well."
            problems.append(_damaged(name, path_of("tunnels", str(key)), sentence))
        owners[network] = str(key)
        ranges[str(key)] = network
    if problems:
        raise ProblemsFound(problems)
    return ranges


def _damaged(name: str, place: str, sentence: str) -> Problem:
    return Problem(f"stacks/{name}" + (f" {place}" if place else ""), sentence, _REMEDY)
