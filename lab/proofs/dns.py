"""Each site finds the names of those that links join it with, and no others, also while one address of two is deaf."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from lab import names
from lab.daemons import UNBOUND_SOCKET
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
  }}
}}
"""
"""To questions alone: a resolver may be a gateway as well."""
_HEARING: Final = "table inet deaf\ndelete table inet deaf\n"


@dataclass(frozen=True)
class _Forward:
    """A domain that a site's resolvers ask another site for."""

    here: str
    there: str
    servers: list[str]
    record: Record
    """What the other site knows in it."""


@dataclass(frozen=True)
class _Question:
    """What somebody asks a name server for."""

    machine: str
    source: str
    """The machine's address that it asks from."""
    server: str
    record: Record

    def __str__(self) -> str:
        return f"{self.source} asks {self.server} for {self.record.name}"


def forwarding(lab: Lab) -> list[Verdict]:
    """Return what comes of asking, in both directions; nothing where no site forwards anything."""
    forwards = list(_forwards(lab))
    asked = [question for forward in forwards for question in _from_host(lab, forward.here, forward.record)]
    return [
        *until(lab.patience, lambda: [_answered(lab, each) for each in asked]),
        *(_denied(lab, each) for each in asked),
        *(_kept(lab, here, there) for here, there in sorted({(each.here, each.there) for each in forwards})),
        *_strangers(lab),
        *(verdict for forward in forwards for verdict in _directly(lab, forward)),
        *_while_deaf(lab, forwards),
    ]


def _forwards(lab: Lab) -> Iterator[_Forward]:
    for plan in names.plans(lab.rehearsed):
        for each in plan["forwards"]:
            record = names.record(each["site"], each["domain"], hosts(lab, each["site"])[0])
            yield _Forward(plan["site"], each["site"], each["servers"], record)


def _from_host(lab: Lab, site: str, record: Record) -> list[_Question]:
    """Let a site's host ask each of the site's resolvers."""
    resolvers = [each for each in lab.sketch.resolvers if each.site == site and each.kind in {"site", "vpc"}]
    return [_Question(site, hosts(lab, site)[0], each.address, record) for each in resolvers]


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
    at_home = {_ask(lab, each) for each in _from_host(lab, there, record)}
    found = {_ask(lab, each) for each in _from_host(lab, here, record)}
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
            host = IPv4Address(hosts(lab, here)[0])
            if any(host in IPv4Network(each) for each in clients[resolver.site]):
                continue
            # A resolver says no. A security group says nothing, and other sites' routes may say nothing either.
            if resolver.kind == "site":
                yield _stranger(lab, here, resolver, "REFUSED", _SECONDS)
            elif resolver.kind == "inbound" and here == resolver.site:
                yield _stranger(lab, here, resolver, _NO_ANSWER, _SILENCE_SECONDS)


def _stranger(lab: Lab, here: str, resolver: Resolver, expected: str, seconds: float) -> Verdict:
    record = names.record(resolver.site, names.unforwarded(resolver.site), "")
    asked = _Question(here, hosts(lab, here)[0], resolver.address, record)
    found = _ask(lab, asked, seconds=seconds)
    return Verdict(PROOF, f"{asked}, a stranger", expected, found, found == expected)


def _directly(lab: Lab, forward: _Forward) -> Iterator[Verdict]:
    """Let each address that asks ask each that it may: a resolver leaves it to chance which of them meet."""
    for resolver in lab.sketch.resolvers:
        if resolver.site == forward.here and resolver.kind in {"site", "outbound"}:
            for server in forward.servers:
                asked = _Question(resolver.machine, resolver.address, server, forward.record)
                found = _ask(lab, asked)
                yield Verdict(PROOF, str(asked), forward.record.value, found, found == forward.record.value)


def _while_deaf(lab: Lab, forwards: list[_Forward]) -> Iterator[Verdict]:
    """Let each address that is asked and has another one beside it hear nothing, and ask as hosts do: once again.

    Unbound may try the deaf one twice before the other, and says nothing to whom that took too long (its
    discard-timeout, two seconds).
    """
    asked = {each.there: _from_host(lab, each.here, each.record) for each in reversed(forwards)}
    resolvers = [each for each in lab.sketch.resolvers if each.kind in {"site", "inbound"} and asked.get(each.site)]
    for resolver in resolvers:
        if sum(each.site == resolver.site for each in resolvers) > 1:
            question = asked[resolver.site][0]
            with _deaf(lab, resolver):
                first = _ask(lab, question)
                found = _ask(lab, question) if first == _NO_ANSWER else first
            subject = f"{question} while {resolver.address} is deaf"
            told = f"{found}, asked twice" if first == _NO_ANSWER else found
            yield Verdict(PROOF, subject, question.record.value, told, found == question.record.value)


@contextmanager
def _deaf(lab: Lab, resolver: Resolver) -> Generator[None]:
    lab.built.load_rules(resolver.machine, _DEAF.format(address=resolver.address))
    try:
        yield
    finally:
        lab.built.load_rules(resolver.machine, _HEARING)
        # Whoever found it deaf would keep away from it for a quarter of an hour (Unbound's infra-host-ttl).
        for machine in {each.machine for each in lab.sketch.resolvers}:
            lab.built.answer(machine, "unbound-control", "-s", UNBOUND_SOCKET, "flush_infra", "all")


def _ask(lab: Lab, asked: _Question, *, tcp: bool = False, seconds: float = _SECONDS) -> str:
    """Return what a name server answers: what is asked for, or why not in a word."""
    record = asked.record
    words = ["drill", *(["-t"] if tcp else []), "-I", asked.source, f"@{asked.server}", f"{record.name}.", record.type]
    done = lab.built.run(asked.machine, *words, seconds=seconds)
    code = re.search(r"rcode: (\w+)", done.stdout)
    if done.returncode or code is None:
        return _NO_ANSWER
    line = rf"^{re.escape(record.name)}\.\t\d+\tIN\t{record.type}\t(\S+)$"
    return ", ".join(re.findall(line, done.stdout, re.MULTILINE)) or code.group(1)
