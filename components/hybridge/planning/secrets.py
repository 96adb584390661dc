"""Secrets that a topology names and never contains: whether each is configured, and could be what it is for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from hybridge.topology import Problem, SiteToSiteVpn, Topology, path_of

from . import limits

NAMESPACE: Final = "hybridge"
"""Of every setting of the project."""
_CHARACTERS: Final = re.compile(r"[A-Za-z1-9._][A-Za-z0-9._]*", re.ASCII)


@dataclass(frozen=True)
class ConfiguredSecret:
    """A value of the stack's configuration that is meant to be secret."""

    value: str | None
    """None: it is encrypted, and not decrypted here."""
    encrypted: bool
    """Whether the stack file holds it encrypted."""

    def __repr__(self) -> str:
        return "ConfiguredSecret(…)"


SecretLookup: TypeAlias = Callable[[str], ConfiguredSecret | None]
"""Finds a secret of the stack's configuration by its name, without the namespace."""


def no_secrets(name: str) -> ConfiguredSecret | None:  # noqa: ARG001 - a lookup has a name
    """Find nothing: the lookup of a stack without secrets."""
    return None


def secrets_of_file(config: Mapping[str, object]) -> SecretLookup:
    """Return a lookup into the settings of a stack file, as they stand there: nothing is decrypted.

    :param config: the file's `config:`
    """

    def lookup(name: str) -> ConfiguredSecret | None:
        value = config.get(f"{NAMESPACE}:{name}")
        if isinstance(value, dict):
            return ConfiguredSecret(None, encrypted="secure" in value)
        return ConfiguredSecret(str(value), encrypted=False) if value is not None else None

    return lookup


def secret_problems(topology: Topology, lookup: SecretLookup, stack: str) -> Iterator[Problem]:
    """Find secrets that are named and not configured, in clear, or not of the form that AWS takes.

    A pre-shared key has 8 to 64 letters, digits, `.` and `_`, the first not `0` (limits `aws.vpn.preshared-key`). No
    sentence ever contains a value.

    :param topology: what a person declared
    :param lookup: finds what is configured
    :param stack: the stack's name, for the remedies
    """
    for name, link in topology.links.items():
        if isinstance(link, SiteToSiteVpn):
            for tunnel, secret in link.preshared_keys.items():
                yield from _problems(path_of("links", name, "preshared_keys", tunnel), secret, lookup(secret), stack)


def _problems(place: str, name: str, found: ConfiguredSecret | None, stack: str) -> Iterator[Problem]:
    remedy = f"Run `pulumi config set --secret -s {stack} hybridge:{name}`, which asks for it."
    if found is None:
        yield Problem(place, f"No secret `hybridge:{name}` is configured.", remedy)
        return
    if not found.encrypted:
        yield Problem(place, f"`hybridge:{name}` stands in the stack file in clear.", f"Change the key, then: {remedy}")
    if found.value is None:
        return
    shortest, longest = limits.bounds("aws.vpn.preshared-key")
    if not shortest <= len(found.value) <= longest or not _CHARACTERS.fullmatch(found.value):
        yield Problem(
            place,
            f"`hybridge:{name}` is no pre-shared key that AWS takes.",
            f"Use {shortest} to {longest} letters, digits, `.` and `_`, the first not `0` "
            f"({limits.limits()['aws.vpn.preshared-key'].reference}).",
        )
