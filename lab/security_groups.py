"""What stands before a network interface in AWS: its security groups, and the check of sources and destinations.

AWS remembers connections; here an answer to what a rule lets out comes in by the same rule with its ends exchanged,
which is looser: whoever a rule names may send from the port that he is named with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from .estate import Rehearsed
from .sketch import Machine, lines

_EVERY_PROTOCOL: Final = "-1"


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
        "  chain to-instance {",
        f'    type filter hook egress device "{port}" priority 0; policy drop;',
        "    ether type arp accept",
        [f"    ip daddr != {address} drop"] if checked else [],
        [f"    {_match(rule, 'saddr', 'dport')} accept" for rule in rules.inward],
        [f"    {_match(rule, 'saddr', 'sport')} accept" for rule in rules.outward],
        "  }",
        "  chain from-instance {",
        f'    type filter hook ingress device "{port}" priority 0; policy drop;',
        "    ether type arp accept",
        [f"    ip saddr != {address} drop"] if checked else [],
        [f"    {_match(rule, 'daddr', 'dport')} accept" for rule in rules.outward],
        [f"    {_match(rule, 'daddr', 'sport')} accept" for rule in rules.inward],
        "  }",
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


def _match(rule: Rule, side: str, port: str) -> str:
    """Return a rule in nftables' words, for the packets of one direction."""
    if rule.protocol == _EVERY_PROTOCOL:
        return f"ip {side} {rule.network}"
    if rule.protocol == "icmp":
        return f"ip {side} {rule.network} ip protocol icmp"
    return f"ip {side} {rule.network} {rule.protocol} {port} {rule.first}-{rule.last}"


def _items(value: object) -> Iterable[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
