"""What stands before a network interface in AWS: its security groups, and the check of sources and destinations.

As AWS does, it remembers connections: what a rule lets through in one direction is answered in the other one, and
nothing else is. The kernel's own tracking of connections does not see a port of a bridge, so sets keep their ends here,
for as long as AWS does at the least
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from .estate import Rehearsed
from .sketch import Machine, lines

_EVERY_PROTOCOL: Final = "-1"
_REMEMBERED: Final = "timeout 180s"
"""AWS's own for streams of UDP, and about half of it for TCP."""
_NO_PING: Final = "icmp type != echo-request"
"""Whoever is pinged answers, and does not ask."""
_WITH_PORTS: Final = "meta l4proto { tcp, udp }"


@dataclass(frozen=True)
class Rule:
    """Whom a security group lets through, in one direction."""

    network: str
    protocol: str
    first: int = 0
    """Lowest port, where the protocol has ports."""
    last: int = 0
    """Highest port."""


@dataclass(frozen=True)
class Rules:
    """What all security groups of an interface let through."""

    inward: list[Rule]
    outward: list[Rule]


def rules_of(rehearsed: Rehearsed, groups: object) -> Rules:
    """Return what security groups let through, as rules of their own say it and as the groups themselves do.

    :param rehearsed: where the groups are
    :param groups: their identifiers, as an interface lists them
    """
    names = {str(each) for each in _items(groups)}
    return Rules(*([*_separate(rehearsed, names, way), *_inline(rehearsed, names, way)] for way in _WAYS))


def guard(router: Machine, port: str, address: str, rules: Rules, *, checked: bool = True) -> None:
    """Stand before a machine's port at its VPC's router.

    :param router: the VPC's router
    :param port: its port
    :param address: the private address of the interface at this port
    :param rules: what the interface's security groups let through
    :param checked: whether packets of and for other addresses are dropped
    """
    path = f"/etc/lab/{port}.nft"
    router.files[path] = lines(
        f"table netdev {port} {{",
        [_memory(f"{name}-{kind}", types) for name in ("asked-in", "asked-out") for kind, types in _TYPES.items()],
        "  chain to-instance {",
        f'    type filter hook egress device "{port}" priority 0; policy drop;',
        "    ether type arp accept",
        [f"    ip daddr != {address} drop"] if checked else [],
        _answers("asked-out"),
        [f"    {_match(rule, 'saddr')} jump let-in" for rule in rules.inward],
        "  }",
        "  chain from-instance {",
        f'    type filter hook ingress device "{port}" priority 0; policy drop;',
        "    ether type arp accept",
        [f"    ip saddr != {address} drop"] if checked else [],
        _answers("asked-in"),
        [f"    {_match(rule, 'daddr')} jump let-out" for rule in rules.outward],
        "  }",
        _remember("let-in", "asked-in"),
        _remember("let-out", "asked-out"),
        "}",
    )
    router.start.insert(0, f"nft -f {path}")


_WAYS: Final = ("ingress", "egress")


def _separate(rehearsed: Rehearsed, groups: set[str], way: str) -> Iterator[Rule]:
    type_ = "aws:vpc/securityGroup{0}Rule:SecurityGroup{0}Rule".format(way.capitalize())
    for each in rehearsed.of(type_):
        if each.inputs["securityGroupId"] in groups and "cidrIpv4" in each.inputs:
            yield _rule(each.inputs, "ipProtocol", each.inputs["cidrIpv4"])


def _inline(rehearsed: Rehearsed, groups: set[str], way: str) -> Iterator[Rule]:
    own = [each for each in rehearsed.of("aws:ec2/securityGroup:SecurityGroup") if each.id in groups]
    for group in own:
        for each in _items(group.inputs.get(way)):
            for network in _items(each.get("cidrBlocks")):
                yield _rule(each, "protocol", network)


def _rule(told: dict[str, Any], protocol: str, network: object) -> Rule:
    return Rule(str(network), str(told[protocol]), int(told.get("fromPort", 0)), int(told.get("toPort", 0)))


def _match(rule: Rule, side: str) -> str:
    """Return a rule in nftables' words, for the packets of its direction."""
    if rule.protocol == _EVERY_PROTOCOL:
        return f"ip {side} {rule.network}"
    if rule.protocol == "icmp":
        return f"ip {side} {rule.network} ip protocol icmp"
    return f"ip {side} {rule.network} {rule.protocol} dport {rule.first}-{rule.last}"


_TYPES: Final = {
    "ports": "ipv4_addr . ipv4_addr . inet_proto . inet_service . inet_service",
    "others": "ipv4_addr . ipv4_addr . inet_proto",
}
"""What a connection is known by: that of a protocol with ports, and of another."""
_ASKING: Final = {
    "ports": "ip saddr . ip daddr . meta l4proto . th sport . th dport",
    "others": "ip saddr . ip daddr . meta l4proto",
}
_ANSWERING: Final = {
    "ports": "ip daddr . ip saddr . meta l4proto . th dport . th sport",
    "others": "ip daddr . ip saddr . meta l4proto",
}


def _memory(name: str, types: str) -> str:
    return f"  set {name} {{ type {types}; flags dynamic,timeout; size 65535; {_REMEMBERED}; }}"


def _remember(chain: str, name: str) -> str:
    """Return a chain that lets a packet through and remembers whose it is."""
    return lines(
        f"  chain {chain} {{",
        f"    {_WITH_PORTS} update @{name}-ports {{ {_ASKING['ports']} }} accept",
        f"    update @{name}-others {{ {_ASKING['others']} }} accept",
        "  }",
    ).rstrip()


def _answers(name: str) -> list[str]:
    """Return rules that let answers through, which keep what they answer from being forgotten."""
    ends = _ANSWERING["ports"]
    return [
        f"    {_WITH_PORTS} {ends} @{name}-ports update @{name}-ports {{ {ends} }} accept",
        f"    {_NO_PING} {_ANSWERING['others']} @{name}-others accept",
        f"    meta l4proto != icmp {_ANSWERING['others']} @{name}-others accept",
    ]


def _items(value: object) -> Iterable[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
