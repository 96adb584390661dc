"""What passes a network interface is what its own security groups name, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lab.estate import Rehearsed
from lab.security_groups import guard, rules_of
from lab.sketch import Machine
from rehearsal.clouds.ledger import LedgerObject

ADDRESS = "172.20.1.4"
WIREGUARD = {"cidrIpv4": "203.0.113.10/32", "ipProtocol": "udp", "fromPort": 51820.0, "toPort": 51820.0}
WEB = {"cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 443.0, "toPort": 444.0}


def rule(direction: str, inputs: Mapping[str, Any], group: str = "sg-1") -> LedgerObject:
    kind = f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule"
    return LedgerObject("sgr", "urn::rule", kind, "aws", "aws", 0, {"securityGroupId": group, **inputs}, {})


def chains(*rules: LedgerObject, **interface: Any) -> tuple[list[str], list[str]]:
    """What passes to the instance and from it, a line each."""
    router = Machine("vpc", "aws")
    inputs = {"securityGroups": ["sg-1"], **interface}
    eni = LedgerObject("eni-1", "urn::eni", "aws:ec2/networkInterface:NetworkInterface", "aws", "aws", 0, inputs, {})
    passing = rules_of(Rehearsed("test", list(rules), {}, {}), eni.inputs["securityGroups"])
    guard(router, "port0", ADDRESS, passing, checked=bool(eni.inputs.get("sourceDestCheck", True)))
    (text,) = router.files.values()
    assert router.start == [f"nft -f {next(iter(router.files))}"], "the filter stands before anything is started"
    inward, outward = text.partition("chain from-instance")[::2]
    assert 'egress device "port0" priority 0; policy drop' in inward
    assert 'ingress device "port0" priority 0; policy drop' in outward
    return _rules(inward), _rules(outward)


def _rules(text: str) -> list[str]:
    found = [line.strip() for line in text.splitlines() if line.strip().endswith((" accept", " drop"))]
    return [line for line in found if line != "ether type arp accept"]


def test_nothing_passes_an_interface_whose_groups_have_no_rules() -> None:
    assert chains(sourceDestCheck=False) == ([], [])


def test_a_rule_lets_its_own_peer_in_on_its_own_port_and_the_answer_out() -> None:
    inward, outward = chains(rule("Ingress", WIREGUARD), sourceDestCheck=False)
    assert inward == ["ip saddr 203.0.113.10/32 udp dport 51820-51820 accept"]
    assert outward == ["ip daddr 203.0.113.10/32 udp sport 51820-51820 accept"]


def test_a_rule_lets_its_own_instance_out_and_the_answer_in() -> None:
    inward, outward = chains(rule("Egress", WEB), sourceDestCheck=False)
    assert inward == ["ip saddr 0.0.0.0/0 tcp sport 443-444 accept"]
    assert outward == ["ip daddr 0.0.0.0/0 tcp dport 443-444 accept"]


@pytest.mark.parametrize(
    ("protocol", "match"),
    [("-1", "ip saddr 172.20.0.0/16 accept"), ("icmp", "ip saddr 172.20.0.0/16 ip protocol icmp accept")],
)
def test_protocols_without_ports_have_none(protocol: str, match: str) -> None:
    inward, _ = chains(rule("Ingress", {"cidrIpv4": "172.20.0.0/16", "ipProtocol": protocol}), sourceDestCheck=False)
    assert inward == [match]


def test_another_groups_rules_are_not_this_interfaces() -> None:
    assert chains(rule("Ingress", WIREGUARD, group="sg-2"), sourceDestCheck=False) == ([], [])


def test_an_interface_carries_packets_of_others_only_where_nobody_checks() -> None:
    """Which AWS does unless it is told not to."""
    assert chains() == ([f"ip daddr != {ADDRESS} drop"], [f"ip saddr != {ADDRESS} drop"])
    assert chains(sourceDestCheck=True) == chains()
    assert chains(sourceDestCheck=False) == ([], [])


def test_the_check_comes_before_every_rule() -> None:
    inward, outward = chains(rule("Ingress", WIREGUARD))
    assert [lines[0].split()[2:] for lines in (inward, outward)] == [["!=", ADDRESS, "drop"]] * 2
    assert len(inward) == len(outward) == 2
