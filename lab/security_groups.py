"""What stands before a network interface in AWS: its security groups, and the check of sources and destinations.

AWS remembers connections; here an answer to what a rule lets out comes in by the same rule with its ends exchanged,
which lets no more in than the peers that a rule names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from rehearsal.clouds.ledger import LedgerObject

from .estate import Rehearsed
from .sketch import Machine, lines

_EVERY_PROTOCOL = "-1"


def guard(router: Machine, port: str, interface: LedgerObject, address: str, rehearsed: Rehearsed) -> None:
    """Stand before a machine's port at its VPC's router.

    :param router: the VPC's router
    :param port: its port
    :param interface: the network interface
    :param address: the interface's private address
    :param rehearsed: where the groups' rules are
    """
    groups = {str(each) for each in _items(interface.inputs.get("securityGroups"))}
    inward = list(_rules(rehearsed, groups, "Ingress"))
    outward = list(_rules(rehearsed, groups, "Egress"))
    checked = interface.inputs.get("sourceDestCheck", True)
    path = f"/etc/lab/{port}.nft"
    router.files[path] = lines(
        f"table netdev {port} {{",
        "  chain to-instance {",
        f'    type filter hook egress device "{port}" priority 0; policy drop;',
        "    ether type arp accept",
        [f"    ip daddr != {address} drop"] if checked else [],
        [f"    {_match(rule, 'saddr', 'dport')} accept" for rule in inward],
        [f"    {_match(rule, 'saddr', 'sport')} accept" for rule in outward],
        "  }",
        "  chain from-instance {",
        f'    type filter hook ingress device "{port}" priority 0; policy drop;',
        "    ether type arp accept",
        [f"    ip saddr != {address} drop"] if checked else [],
        [f"    {_match(rule, 'daddr', 'dport')} accept" for rule in outward],
        [f"    {_match(rule, 'daddr', 'sport')} accept" for rule in inward],
        "  }",
        "}",
    )
    router.start.insert(0, f"nft -f {path}")


def _rules(rehearsed: Rehearsed, groups: set[str], direction: str) -> Iterator[dict[str, Any]]:
    type_ = f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule"
    for rule in rehearsed.of(type_):
        if rule.inputs["securityGroupId"] in groups and "cidrIpv4" in rule.inputs:
            yield rule.inputs


def _match(rule: dict[str, Any], side: str, port: str) -> str:
    """Return a rule in nftables' words, for the packets of one direction."""
    protocol, network = str(rule["ipProtocol"]), rule["cidrIpv4"]
    if protocol == _EVERY_PROTOCOL:
        return f"ip {side} {network}"
    if protocol == "icmp":
        return f"ip {side} {network} ip protocol icmp"
    first, last = int(rule["fromPort"]), int(rule["toPort"])
    return f"ip {side} {network} {protocol} {port} {first}-{last}"


def _items(value: object) -> Iterable[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
