"""Route 53 Resolver of a VPC: one Unbound at the VPC's own resolver's address and at those of all endpoints.

It is set up from the endpoints, the rules and the rules' associations that were declared. As Route 53 does it answers
the VPC's hosts at the second address after the VPC's first one, and other sites at the inbound endpoint; it looks names
up in the VPC's private hosted zones, of which the lab has one for each domain that the site answers for, and else by
the rule with the longest domain; and it asks from the outbound endpoint's addresses. A zone loses to a rule for the
same domain (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html,
2026-11-28). Of the internet it knows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any, Final, cast

from rehearsal.clouds.ledger import LedgerObject

from . import daemons, names
from .errors import LabError
from .estate import Rehearsed, name_of
from .security_groups import Rule, Rules, guard, rules_of
from .sketch import Machine, Resolver, ResolverKind, Sketch, lines
from .vpc import Vpc

_OWN_INDEX: Final = 2
"""Which address of its primary range is the VPC's own resolver
(https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html, 2026-11-28)."""
_TABLES: Final = 101


def draw(sketch: Sketch, rehearsed: Rehearsed, vpc: Vpc) -> None:
    """Add a VPC's resolver; none where nothing was declared of it.

    Raises LabError where a rule asks through an endpoint of another VPC.
    """
    endpoints = [each for each in rehearsed.of("aws:route53/resolverEndpoint:ResolverEndpoint") if _is_in(vpc, each)]
    rules = list(_rules(rehearsed, vpc))
    if not (endpoints or rules):
        return
    machine = sketch.machine(f"{vpc.site}.resolver", vpc.site)
    # Several of its interfaces are in one subnet, and each speaks for its own address alone.
    machine.sysctl("net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
    plugs = _Plugs(sketch, vpc, machine)
    own = vpc.ranges[0][_OWN_INDEX]
    # Nobody asks it from outside the VPC, whatever routes there are.
    hosts = [Rule(str(each), protocol, 53, 53) for each in vpc.ranges for protocol in ("udp", "tcp")]
    plugs.add("vpc", _subnet_of(vpc, own), str(own), Rules(hosts, []))
    asked, asking = [str(own)], dict[str, list[str]]()
    for endpoint in endpoints:
        kind: ResolverKind = "outbound" if endpoint.inputs["direction"] == "OUTBOUND" else "inbound"
        for subnet, address in _addresses(endpoint):
            plugs.add(kind, subnet, address, rules_of(rehearsed, endpoint.inputs["securityGroupIds"]))
            if kind == "outbound":
                asking.setdefault(endpoint.id, []).append(address)
            else:
                asked.append(address)
    daemons.unbound(machine, _settings(rehearsed, vpc, rules, asked, asking))


class _Plugs:
    """A resolver's interfaces: what is sent from an interface's address leaves through this interface."""

    def __init__(self, sketch: Sketch, vpc: Vpc, machine: Machine) -> None:
        self._sketch, self._vpc, self._machine = sketch, vpc, machine
        self._count = 0

    def add(self, kind: ResolverKind, subnet: str, address: str, rules: Rules) -> None:
        """Add an interface in a subnet, behind what the rules let through."""
        interface, table = f"{kind}{self._count}", _TABLES + self._count
        self._count += 1
        machine = self._machine
        guard(self._vpc.router, self._vpc.port(self._sketch, machine, interface, subnet, address), address, rules)
        machine.ip(f"rule add from {address} lookup {table}")
        machine.ip(f"route add {self._vpc.subnets[subnet][1]} dev {interface} table {table}")
        machine.ip(f"route add default via {self._vpc.next_hop(subnet)} dev {interface} table {table}")
        self._sketch.resolvers.append(Resolver(machine.name, self._vpc.site, kind, address))


def _settings(
    rehearsed: Rehearsed, vpc: Vpc, rules: list[LedgerObject], asked: list[str], asking: dict[str, list[str]]
) -> str:
    forwards = {_domain(rule): rule for rule in rules if rule.inputs["ruleType"] == "FORWARD"}
    zones = [domain for domain in names.domains(rehearsed, vpc.site) if domain not in forwards]
    system = [_domain(rule) for rule in rules if rule.inputs["ruleType"] == "SYSTEM"]
    sources = list(dict.fromkeys(each for rule in forwards.values() for each in _asking(rule, vpc, asking)))
    return lines(
        "server:",
        # Who may ask is the security groups' affair.
        "  access-control: 0.0.0.0/0 allow",
        [f"  interface: {address}" for address in asked],
        [f"  outgoing-interface: {address}" for address in sources],
        [f"  {line}" for line in names.zones(vpc.site, zones, vpc.host)],
        [f'  local-zone: "{domain}." static' for domain in system if domain not in zones],
        # Without this Unbound says by itself that no private address has a name, and a zone above would win.
        [f'  local-zone: "{domain}." transparent' for domain in forwards],
        *(_forward(domain, rule) for domain, rule in forwards.items()),
    )


def _forward(domain: str, rule: LedgerObject) -> list[str]:
    targets = cast("list[dict[str, Any]]", rule.inputs["targetIps"])
    addresses = [f"  forward-addr: {each['ip']}@{int(each.get('port', 53))}" for each in targets]
    return ["forward-zone:", f'  name: "{domain}."', *addresses, "  forward-first: no"]


def _asking(rule: LedgerObject, vpc: Vpc, asking: dict[str, list[str]]) -> list[str]:
    try:
        return asking[str(rule.inputs["resolverEndpointId"])]
    except KeyError:
        raise LabError(
            f"The rule {name_of(rule)} asks through an endpoint outside the VPC of {vpc.site}, or in subnets that the "
            "simulated clouds do not hold: the lab cannot lay that way."
        ) from None


def _domain(rule: LedgerObject) -> str:
    return str(rule.inputs["domainName"]).removesuffix(".")


def _rules(rehearsed: Rehearsed, vpc: Vpc) -> Iterator[LedgerObject]:
    """Return the rules that are associated with a VPC."""
    for association in rehearsed.of("aws:route53/resolverRuleAssociation:ResolverRuleAssociation"):
        if association.inputs["vpcId"] == vpc.identifier:
            yield rehearsed.by_id(association.inputs["resolverRuleId"])


def _is_in(vpc: Vpc, endpoint: LedgerObject) -> bool:
    return all(subnet in vpc.subnets for subnet, _ in _addresses(endpoint))


def _addresses(endpoint: LedgerObject) -> list[tuple[str, str]]:
    """Return an endpoint's addresses, whoever chose them, each after its subnet."""
    given = cast("list[dict[str, Any]]", endpoint.outputs["ipAddresses"])
    return [(str(each["subnetId"]), str(each["ip"])) for each in given]


def _subnet_of(vpc: Vpc, address: IPv4Address) -> str:
    return next(name for name, (_, network) in vpc.subnets.items() if address in network)
