"""Names that sites know in the lab: one in each domain that others ask them for, and one that nobody else asks for.

Which domains and servers there are is the plan's; what is in a domain stands for the site's own name service or, in a
VPC, for private hosted zones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from .estate import Rehearsed

_REVERSE: Final = ".in-addr.arpa"
_OCTETS: Final = 4


@dataclass(frozen=True)
class Record:
    """What a name server knows of a name."""

    name: str
    type: str
    value: str

    def zone_file_line(self) -> str:
        """Return it as in a zone file, to be asked for anew each time: who remembers an answer shows no way."""
        return f"{self.name}. 0 IN {self.type} {self.value}"


def record(site: str, domain: str, address: str) -> Record:
    """Return what a site knows in a domain: its host's address, or what the host is called.

    :param site: the site
    :param domain: one that it answers for
    :param address: its host's
    """
    if domain.endswith(_REVERSE):
        # Of a part of an octet there is but one name here.
        missing = max(0, _OCTETS - len(domain.removesuffix(_REVERSE).split(".")))
        return Record("1." * missing + domain, "PTR", f"host.{site}.")
    return Record(f"host.{domain}", "A", address)


def unforwarded(site: str) -> str:
    """Return a domain that a site knows and no plan forwards."""
    return f"{site}.unforwarded"


def domains(rehearsed: Rehearsed, site: str) -> list[str]:
    """Return the domains that others ask a site for."""
    own = {each["domain"] for each in _told_of(rehearsed, site)}
    kept = {domain for plan in plans(rehearsed) if plan["site"] == site for domain in plan.get("kept", ())}
    return sorted(own | kept)


def servers(rehearsed: Rehearsed, site: str) -> list[str]:
    """Return the addresses at which a site is asked."""
    return list(dict.fromkeys(server for each in _told_of(rehearsed, site) for server in each["servers"]))


def plans(rehearsed: Rehearsed) -> list[dict[str, Any]]:
    """Return what the plan says of each site whose resolvers ask or are asked."""
    told = rehearsed.report["dns"]
    return [*told["onprem_sites"], *told["aws_sites"]]


def _told_of(rehearsed: Rehearsed, site: str) -> Iterator[dict[str, Any]]:
    return (each for plan in plans(rehearsed) for each in plan["forwards"] if each["site"] == site)


def zones(site: str, own: Iterable[str], address: str) -> list[str]:
    """Return domains as Unbound's settings: it knows what is in them, and that there is nothing else.

    :param site: the site that answers for them
    :param own: the domains
    :param address: the site's host
    """
    return [
        line
        for domain in (*own, unforwarded(site))
        for line in (
            f'local-zone: "{domain}." static',
            f"local-data: '{record(site, domain, address).zone_file_line()}'",
        )
    ]
