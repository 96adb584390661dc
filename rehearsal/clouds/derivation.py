"""What is invented is derived: the same resource, created for the same time, gets the same inventions.

Everything the simulated clouds make up comes from a hash of the URN, the generation and the property's name,
never from chance or the clock, so that a second rehearsal can be compared with the first.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Final

from rehearsal.clouds.sdk import Resource
from rehearsal.clouds.values import UNKNOWN, Properties, Value

DOCUMENTATION: Final = (ip_network("198.51.100.0/24"), ip_network("192.0.2.0/24"))
"""Where invented public addresses come from: RFC 5737 without 203.0.113.0/24, which the stacks' datacentres use."""

_HOSTS: Final = tuple(str(host) for network in DOCUMENTATION for host in network.hosts())
_PLACEHOLDER: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
_ALPHABETS: Final = {
    "digits": string.digits,
    "letters": string.ascii_lowercase,
    "alphanumeric": string.ascii_letters + string.digits,
}


def _nothing(identifier: str) -> Properties | None:
    del identifier
    return None


def _free(address: str) -> bool:
    del address
    return False


@dataclass(frozen=True)
class Surroundings:
    """What a resource is made in, where its own inputs do not say.

    `region` (AWS and Google), `project` (Google) and `location` (Azure) come from the provider's configuration;
    where empty, the place of `data/identifiers.yaml` stands in. `find` gives the outputs of another simulated
    resource by its identifier, or None where the ledger has none. `is_taken` says whether an address already
    belongs to another resource. There are 508 invented public addresses: without it, two of twenty resources
    have the same one in about a third of all estates.
    """

    region: str = ""
    account: str = "123456789012"
    subscription: str = "00000000-0000-0000-0000-000000000000"
    project: str = "example-project"
    location: str = ""
    find: Callable[[str], Properties | None] = _nothing
    is_taken: Callable[[str], bool] = _free


NOWHERE: Final = Surroundings()


@dataclass(frozen=True)
class Making:
    """One creation of one resource, and everything its inventions are derived from.

    `own_name` is the name its inputs give it, if any; `words` are further placeholders of its patterns.
    """

    resource: Resource
    urn: str
    generation: int
    inputs: Properties
    surroundings: Surroundings = NOWHERE
    identifier: str = ""
    own_name: Value = None
    words: Mapping[str, str] = field(default_factory=dict[str, str])

    def digest(self, what: str, length: int) -> bytes:
        """`length` bytes that depend on the resource, its generation and `what`."""
        blocks: list[bytes] = []
        while len(blocks) * 32 < length:
            text = f"{self.urn}\0{self.generation}\0{what}\0{len(blocks)}"
            blocks.append(hashlib.sha256(text.encode()).digest())
        return b"".join(blocks)[:length]

    def hexadecimal(self, what: str, length: int) -> str:
        """`length` hexadecimal digits."""
        return self.digest(what, (length + 1) // 2).hex()[:length]

    def characters(self, what: str, length: int, alphabet: str) -> str:
        """`length` characters of `alphabet`."""
        return "".join(alphabet[byte % len(alphabet)] for byte in self.digest(what, length))

    def number(self, what: str, below: int) -> int:
        """A number from 0 to `below` - 1."""
        return int.from_bytes(self.digest(what, 8), "big") % below

    def uuid(self, what: str) -> str:
        """A UUID of version 4's form."""
        digits = self.hexadecimal(what, 32)
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"

    def address(self, what: str) -> str:
        """A public address of the documentation ranges, the next free one where it is taken."""
        start = self.number(what, len(_HOSTS))
        is_taken = self.surroundings.is_taken
        return next((one for one in (*_HOSTS[start:], *_HOSTS[:start]) if not is_taken(one)), _HOSTS[start])

    def name(self) -> str:
        """The resource's own name: what its inputs say, else an invented one as the provider would make."""
        return self.own_name if isinstance(self.own_name, str) else self.urn.rpartition("::")[2]

    def expand(self, pattern: str, what: str) -> Value:
        """A pattern of `data/identifiers.yaml` with its placeholders filled in.

        `{hex:17}`, `{digits:12}`, `{letters:8}`, `{alphanumeric:32}` and `{uuid}` are derived; `{address}` is a
        free public address; `{id}`, `{name}`, `{region}`, `{account}`, `{subscription}`, `{project}` and
        `{location}` stand for themselves; `{input:NAME}` is an input, `{last:NAME}` the last segment of one.
        The result is UNKNOWN where an input is.
        """
        unknown = False

        def replace(match: re.Match[str]) -> str:
            nonlocal unknown
            value = self._placeholder(match.group(1), match.group(2), f"{what}@{match.start()}")
            unknown = unknown or value is UNKNOWN
            return value if isinstance(value, str) else ""

        expanded = _PLACEHOLDER.sub(replace, pattern)
        return UNKNOWN if unknown else expanded

    def _placeholder(self, kind: str, argument: str | None, what: str) -> Value:
        if kind in {"input", "last"}:
            return self._input(argument or "", last=kind == "last")
        if kind == "hex":
            return self.hexadecimal(what, int(argument or 8))
        if kind in _ALPHABETS:
            return self.characters(what, int(argument or 8), _ALPHABETS[kind])
        return self._named(kind, what)

    def _input(self, name: str, *, last: bool) -> Value:
        value = self.inputs.get(name)
        if value is UNKNOWN:
            return UNKNOWN
        text = value if isinstance(value, str) and value else self._instead_of(name)
        return text.rstrip("/").rpartition("/")[2] if last else text

    def _instead_of(self, name: str) -> str:
        """What stands for an input that was not given."""
        around = self.surroundings
        places = {"region": around.region, "zone": f"{around.region}-a", "location": around.location or around.region}
        return {**places, "namespace": "default", "projectId": around.project}.get(name) or self.name()

    def _named(self, kind: str, what: str) -> Value:
        around = self.surroundings
        named: dict[str, Callable[[], Value]] = {
            "uuid": lambda: self.uuid(what),
            "address": lambda: self.address(what),
            "id": lambda: self.identifier,
            "name": lambda: UNKNOWN if self.own_name is UNKNOWN else self.name(),
            "region": lambda: self.inputs.get("region") or around.region,
            "account": lambda: around.account,
            "subscription": lambda: around.subscription,
            "project": lambda: self.inputs.get("project") or around.project,
            "location": lambda: self.inputs.get("location") or around.location or around.region,
        }
        if kind in self.words:
            return self.words[kind]
        if kind not in named:
            raise LookupError(f"data/identifiers.yaml uses the placeholder {kind}, which does not exist")
        return named[kind]()
