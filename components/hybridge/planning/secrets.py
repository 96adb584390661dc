"""What a stack's configuration holds beside its topology: secrets that the topology names and never contains.

Whether each of them is configured, and could be what it is for; and whether anything stands there that nobody reads.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from hybridge.topology import Problem, Reading, Severity, SiteToSiteVpn, Topology, meant, path_of

from . import limits

NAMESPACE: Final = "hybridge"
"""Of every setting of the project."""
_TOPOLOGY: Final = "topology"
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


Settings: TypeAlias = Mapping[str, ConfiguredSecret]
"""A stack's settings beside its topology, by their names, without the namespace."""
NO_SETTINGS: Final[Settings] = MappingProxyType({})
"""Those of a stack that has a topology and nothing else."""


def settings_of_file(config: Mapping[str, object]) -> Settings:
    """Return the settings of a stack file, as they stand there: nothing is decrypted.

    :param config: the file's `config:`
    """
    return {
        name: ConfiguredSecret(None, encrypted="secure" in cast("Mapping[str, object]", value))
        if isinstance(value, dict)
        else ConfiguredSecret(str(value), encrypted=False)
        for key, value in config.items()
        if (name := setting_name(key)) and value is not None
    }


def setting_name(key: str) -> str:
    """Return the name of a setting beside the topology without its namespace; empty: the key is another project's."""
    namespace, _, name = key.partition(":")
    return name if namespace == NAMESPACE and name != _TOPOLOGY else ""


def setting_problems(reading: Reading, settings: Settings, stack: str) -> Iterator[Problem]:
    """Find secrets that the topology names and that are none, and settings that nobody reads.

    :param reading: what was read of the topology
    :param settings: what is configured beside it
    :param stack: the stack's name, for the remedies
    """
    if reading.topology is not None:
        yield from secret_problems(reading.topology, settings, stack)
    links = reading.topology.links.values() if reading.topology is not None else ()
    named = {name for link in links if isinstance(link, SiteToSiteVpn) for name in link.preshared_keys.values()}
    for name, setting in settings.items():
        if name not in named:
            yield from _unread(name, named, setting, stack, whole=not reading.problems)


def _unread(
    name: str, named: Collection[str], found: ConfiguredSecret, stack: str, *, whole: bool
) -> Iterator[Problem]:
    """Tell of a setting that nobody reads; what a part of the topology may name that could not be read is left out."""
    key = f"{NAMESPACE}:{name}"
    if found.encrypted:
        if whole:
            otherwise = f"Name it in a link's `preshared_keys`, or run `pulumi config rm -s {stack} {key}`."
            yield Problem(
                key,
                f"Nothing names the secret `{key}`.",
                meant(name, named, otherwise, prefix=f"{NAMESPACE}:"),
                Severity.WARNING,
            )
        return
    otherwise = f"Remove it: everything but secrets is said below `{NAMESPACE}:{_TOPOLOGY}`."
    if name in Topology.model_fields:
        remedy = f"Write it below `{NAMESPACE}:{_TOPOLOGY}`, indented, as `{name}:`."
    else:
        remedy = meant(name, [_TOPOLOGY, *named], otherwise, prefix=f"{NAMESPACE}:")
    if whole or remedy != otherwise:
        yield Problem(key, f"`{key}` is no setting that is known here.", remedy)


def secret_problems(topology: Topology, settings: Settings, stack: str) -> Iterator[Problem]:
    """Find secrets that are named and not configured, in clear, or not of the form that AWS takes.

    A pre-shared key has 8 to 64 letters, digits, `.` and `_`, the first not `0` (limits `aws.vpn.preshared-key`). No
    sentence ever contains a value.

    :param topology: what a person declared
    :param settings: what is configured beside it
    :param stack: the stack's name, for the remedies
    """
    for name, link in topology.links.items():
        if isinstance(link, SiteToSiteVpn):
            for tunnel, secret in link.preshared_keys.items():
                yield from _problems(
                    path_of("links", name, "preshared_keys", tunnel), secret, settings.get(secret), stack
                )


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
