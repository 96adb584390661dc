"""Each site finds the names of those that links join it with, and no others, also while one address of two is deaf."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from lab import names
from lab.names import Record
from lab.sketch import Resolver

from .reach import hosts
from .verdict import Lab, Verdict, until

PROOF: Final = "dns"
_SECONDS: Final = 5.0
"""How long hosts wait before they ask again (RES_TIMEOUT of resolv.conf(5))."""
_SILENCE_SECONDS: Final = 1.5
"""After so long nobody answers any more who is next door."""
_NO_ANSWER: Final = "no answer"
_DEAF: Final = """table inet deaf
delete table inet deaf
table inet deaf {{
  chain heard {{
    type filter hook prerouting priority -400;
    ip daddr {address} meta l4proto {{ tcp, udp }} th dport 53 drop
    ip daddr {address} meta l4proto {{ tcp, udp }} th sport 53 drop
  }}
}}
"""
"""To names alone: a resolver may be a gateway as well."""
_HEARING: Final = "table inet deaf\ndelete table inet deaf\n"


@dataclass(frozen=True)
class _Question:
    """What a site's hosts ask a resolver of their own for."""

    here: str
    resolver: str
    there: str
    """The site that knows the name."""
    record: Record

    def __str__(self) -> str:
        return f"{self.here} asks {self.resolver} for {self.record.name}"


def forwarding(lab: Lab) -> list[Verdict]:
    """Return what comes of asking, in both directions; nothing where no site forwards anything."""
    questions = list(_questions(lab))
    return [
        *until(lab.patience, lambda: [_answered(lab, each) for each in questions]),
        *(_denied(lab, each) for each in questions),
        *(_kept(lab, here, there) for here, there in sorted({(each.here, each.there) for each in questions})),
        *_strangers(lab),
        *_while_deaf(lab, questions),
    ]


def _questions(lab: Lab) -> Iterator[_Question]:
    """Return each forwarded domain at each resolver that the hosts of a site ask."""
    for plan in names.plans(lab.rehearsed):
        for forward in plan["forwards"]:
            there = forward["site"]
            record = names.record(there, forward["domain"], hosts(lab, there)[0])
            for resolver in _local(lab, plan["site"]):
                yield _Question(plan["site"], resolver, there, record)


def _local(lab: Lab, site: str) -> list[str]:
    return [each.address for each in lab.sketch.resolvers if each.site == site and each.kind in {"site", "vpc"}]


def _answered(lab: Lab, asked: _Question) -> Verdict:
    """Ask for a name by UDP and by TCP."""
    value = asked.record.value
    found = {_ask(lab, asked, tcp=tcp) for tcp in (False, True)}
    return Verdict(PROOF, str(asked), value, " or ".join(sorted(found)), found == {value})


def _denied(lab: Lab, asked: _Question) -> Verdict:
    """Ask for a name that is not there: the site that would know it says so."""
    nobody = replace(asked, record=replace(asked.record, name=f"nobody.{asked.record.name}"))
    found = _ask(lab, nobody)
    return Verdict(PROOF, str(nobody), "NXDOMAIN", found, found == "NXDOMAIN")


def _kept(lab: Lab, here: str, there: str) -> Verdict:
    """Ask for what a site knows and nobody forwards: it is found there, and not here."""
    record = names.record(there, names.unforwarded(there), hosts(lab, there)[0])
    at_home = {_ask(lab, _Question(there, resolver, there, record)) for resolver in _local(lab, there)}
    found = {_ask(lab, _Question(here, resolver, there, record)) for resolver in _local(lab, here)}
    told = " or ".join(sorted(found))
    if at_home != {record.value}:
        told += f", and {' or '.join(sorted(at_home))} in {there} itself"
    holds = at_home == {record.value} and found.isdisjoint({record.value, _NO_ANSWER})
    return Verdict(PROOF, f"{here} asks for {record.name}, which is not forwarded", "not found", told, holds)


def _strangers(lab: Lab) -> Iterator[Verdict]:
    """Let hosts of clouds ask the resolvers and the inbound endpoints that others are to ask."""
    told = lab.rehearsed.report["dns"]
    clients = {plan["site"]: plan["clients"] for plan in told["onprem_sites"]}
    clients |= {plan["site"]: plan["sources"] for plan in told["aws_sites"]}
    clouds = [plan["site"] for plan in told["aws_sites"]]
    for resolver in lab.sketch.resolvers:
        for here in clouds:
            host = hosts(lab, here)[0]
            if any(IPv4Address(host) in IPv4Network(each) for each in clients[resolver.site]):
                continue
            # A resolver says no. A security group says nothing, and other sites' routes may say nothing either.
            if resolver.kind == "site":
                yield _stranger(lab, here, resolver, "REFUSED", _SECONDS)
            elif resolver.kind == "inbound" and here == resolver.site:
                yield _stranger(lab, here, resolver, _NO_ANSWER, _SILENCE_SECONDS)


def _stranger(lab: Lab, here: str, resolver: Resolver, expected: str, seconds: float) -> Verdict:
    record = names.record(resolver.site, names.unforwarded(resolver.site), "")
    found = _ask(lab, _Question(here, resolver.address, resolver.site, record), seconds=seconds)
    subject = f"{hosts(lab, here)[0]}, a stranger, asks {resolver.address} of {resolver.site}"
    return Verdict(PROOF, subject, expected, found, found == expected)


def _while_deaf(lab: Lab, questions: list[_Question]) -> Iterator[Verdict]:
    """Let each address that has another one beside it hear nothing, while those ask that depend on it."""
    for resolver in lab.sketch.resolvers:
        alike = [each for each in lab.sketch.resolvers if (each.site, each.kind) == (resolver.site, resolver.kind)]
        concerned = [
            each for each in questions if resolver.site == (each.here if resolver.kind == "outbound" else each.there)
        ]
        if len(alike) > 1 and concerned:
            asked = concerned[0]
            with _deaf(lab, resolver):
                found = _ask(lab, asked)
            subject = f"{asked} while {resolver.address} of {resolver.site} is deaf"
            yield Verdict(PROOF, subject, asked.record.value, found, found == asked.record.value)


@contextmanager
def _deaf(lab: Lab, resolver: Resolver) -> Generator[None]:
    lab.built.load_rules(resolver.machine, _DEAF.format(address=resolver.address))
    try:
        yield
    finally:
        lab.built.load_rules(resolver.machine, _HEARING)


def _ask(lab: Lab, asked: _Question, *, tcp: bool = False, seconds: float = _SECONDS) -> str:
    """Return what a name server answers a site's host: what is asked for, or why not in a word."""
    source, record = hosts(lab, asked.here)[0], asked.record
    words = ["drill", *(["-t"] if tcp else []), "-I", source, f"@{asked.resolver}", f"{record.name}.", record.type]
    done = lab.built.run(asked.here, *words, seconds=seconds)
    code = re.search(r"rcode: (\w+)", done.stdout)
    if done.returncode or code is None:
        return _NO_ANSWER
    line = rf"^{re.escape(record.name)}\.\t\d+\tIN\t{record.type}\t(\S+)$"
    return ", ".join(re.findall(line, done.stdout, re.MULTILINE)) or code.group(1)
