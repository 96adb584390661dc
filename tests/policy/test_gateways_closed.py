"""A gateway's security group lets in its peers as single hosts, what is forwarded from inside, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from gateways_closed import gateways_closed
from pulumi_policy import PolicyResource

from tests.policy.conftest import UNKNOWN, Stack, secret

GROUP = "aws:ec2/securityGroup:SecurityGroup"
INSTANCE = "aws:ec2/instance:Instance"
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ATTACHMENT = "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"

TAGS = {"tags": {"hybridge:link": "dc1-aws", "hybridge:gateway": "wg-a"}}


def udp(port: int | str, *ranges: Any, last: int | None = None, **more: Any) -> dict[str, Any]:
    """A rule as it stands in a group: numbers are floats, as the engine sends them."""
    ports = {"fromPort": float(port), "toPort": float(last or port)} if isinstance(port, int) else {}
    return {"protocol": "udp", **ports, "cidrBlocks": list(ranges), **more}


def everything(*ranges: Any, **more: Any) -> dict[str, Any]:
    return {"protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "cidrBlocks": list(ranges), **more}


def gateway(stack: Stack, *ingress: Any, **more: Any) -> PolicyResource:
    """Add a gateway instance with a security group."""
    group = stack.add(GROUP, "group", {"ingress": list(ingress), **more})
    stack.add(INSTANCE, "wg-a", TAGS, vpcSecurityGroupIds=[group])
    return group


@pytest.mark.parametrize(
    "rule",
    [
        udp(51820, "203.0.113.10/32", "203.0.113.11/32"),
        udp(4500, ipv6CidrBlocks=["2001:db8::1/128"]),
        {"protocol": "50", "cidrBlocks": ["203.0.113.10/32"]},
        everything("172.20.0.0/16", "10.100.0.0/16"),
        everything(ipv6CidrBlocks=["fd00:1::/64"]),
        everything(securityGroups=["sg-1"], self=True),
        udp(53, "172.20.0.0/16"),
        {"protocol": "tcp", "fromPort": 51820.0, "toPort": 51820.0, "cidrBlocks": ["10.0.0.0/8"]},
        udp(51820, "203.0.113.10/32", last=52843),
        udp(UNKNOWN, "203.0.113.10/32"),
        everything("10.100.0.7/32"),
    ],
)
def test_peers_and_what_is_forwarded_are_let_in(stack: Stack, rule: dict[str, Any]) -> None:
    gateway(stack, rule)
    assert stack.judge(gateways_closed) == {}


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        (udp(51820, "0.0.0.0/0"), "udp 51820 from 0.0.0.0/0"),
        (udp(4500, ipv6CidrBlocks=["::/0"]), "udp 4500 from ::/0"),
        (everything("0.0.0.0/0"), "everything from 0.0.0.0/0"),
        ({"protocol": "tcp", "fromPort": 22.0, "toPort": 22.0, "cidrBlocks": ["0.0.0.0/0"]}, "tcp 22 from 0.0.0.0/0"),
        (udp(51820, "203.0.113.10/31"), "udp 51820 from 203.0.113.10/31"),
        (everything("0.0.0.0/1", "172.20.0.0/16"), "everything from 0.0.0.0/1"),
        (everything("10.0.0.0/7"), "everything from 10.0.0.0/7"),
        (udp(51820, secret("0.0.0.0/0")), "udp 51820 from 0.0.0.0/0"),
        (udp(1024, "198.51.100.0/24", last=65535), "udp 1024-65535 from 198.51.100.0/24"),
    ],
)
def test_strangers_are_not_let_in(stack: Stack, rule: dict[str, Any], what: str) -> None:
    gateway(stack, rule)
    (sentence,) = stack.judge(gateways_closed)["group"]
    assert sentence.startswith(f"It lets in {what}, and so others than the gateway's peers.")


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        (everything("203.0.113.10/32"), "everything"),
        ({"protocol": "tcp", "fromPort": 22.0, "toPort": 22.0, "cidrBlocks": ["203.0.113.10/32"]}, "tcp 22"),
        (udp(53, ipv6CidrBlocks=["2001:db8::1/128"]), "udp 53"),
        (udp(51820, "203.0.113.10/32", last=52844), "udp 51820-52844"),
        (udp(51819, "203.0.113.10/32"), "udp 51819"),
    ],
)
def test_a_peer_outside_reaches_tunnels_and_nothing_else(stack: Stack, rule: dict[str, Any], what: str) -> None:
    gateway(stack, rule)
    (sentence,) = stack.judge(gateways_closed)["group"]
    assert sentence.startswith(f"It lets in {what} from 2")
    assert "peers outside reach nothing but tunnels" in sentence


def test_a_rule_with_a_links_tag_names_the_port_of_its_tunnel(stack: Stack) -> None:
    group = gateway(stack, udp(3000, "10.0.0.0/8"), udp(3001, "10.0.0.0/8"))
    peer = {"ipProtocol": "udp", "fromPort": 3000.0, "toPort": 3000.0, "cidrIpv4": "203.0.113.10/32", **TAGS}
    stack.add(RULE, "peer", peer, securityGroupId=[group])
    (sentence,) = stack.judge(gateways_closed)["group"]
    assert sentence.startswith("It lets in udp 3000, where tunnels end, from the whole of 10.0.0.0/8.")


@pytest.mark.parametrize(
    "rule",
    [
        udp(51820, "10.0.0.0/8"),
        udp(51823, "10.0.0.0/8"),
        udp(500, "172.20.0.0/31"),
        udp(1, "172.20.0.0/16", last=65535),
        {"protocol": "50", "cidrBlocks": ["10.0.0.0/8"]},
        {"protocol": "17", "fromPort": 4500.0, "toPort": 4500.0, "cidrBlocks": ["10.0.0.0/8"]},
    ],
)
def test_a_tunnel_is_for_single_hosts_even_inside(stack: Stack, rule: dict[str, Any]) -> None:
    gateway(stack, rule)
    (sentence,) = stack.judge(gateways_closed)["group"]
    assert "where tunnels end, from the whole of" in sentence


def test_a_prefix_list_cannot_be_seen_through(stack: Stack) -> None:
    gateway(stack, udp(51820, prefixListIds=["pl-1"]))
    (sentence,) = stack.judge(gateways_closed)["group"]
    assert sentence.startswith("It lets in udp 51820 from the prefix list pl-1, whose ranges cannot be seen.")


def test_rules_of_their_own_count_for_the_group_they_open(stack: Stack) -> None:
    group = gateway(stack)
    other = stack.add(GROUP, "other", {})
    world = {"ipProtocol": "udp", "fromPort": 51820.0, "toPort": 51820.0, "cidrIpv4": "0.0.0.0/0"}
    old = udp(51820, "0.0.0.0/0")
    stack.add(RULE, "open", world, securityGroupId=[group])
    stack.add(RULE, "open-6", {"ipProtocol": "-1", "cidrIpv6": "::/0"}, securityGroupId=[group])
    stack.add(RULE, "peer", {**world, "cidrIpv4": "203.0.113.10/32"}, securityGroupId=[group])
    stack.add(RULE, "elsewhere", world, securityGroupId=[other])
    stack.add(OLD_RULE, "old", {"type": "ingress", **old}, securityGroupId=[group])
    stack.add(OLD_RULE, "out", {"type": "egress", **everything("0.0.0.0/0")}, securityGroupId=[group])
    assert set(stack.judge(gateways_closed)) == {"open", "open-6", "old"}


def test_egress_may_go_anywhere(stack: Stack) -> None:
    gateway(stack, egress=[everything("0.0.0.0/0")])
    assert stack.judge(gateways_closed) == {}


def test_the_group_of_a_gateways_network_interface_is_a_gateways(stack: Stack) -> None:
    group = stack.add(GROUP, "group", {"ingress": [udp(51820, "0.0.0.0/0")]})
    interface = stack.add(INTERFACE, "interface", {}, securityGroups=[group])
    stack.add(INSTANCE, "wg-a", TAGS, networkInterfaces=[interface])
    assert set(stack.judge(gateways_closed)) == {"group"}


def test_a_group_that_is_attached_to_a_gateways_interface_is_a_gateways(stack: Stack) -> None:
    group = stack.add(GROUP, "later", {"ingress": [udp(51820, "0.0.0.0/0")]})
    other = stack.add(GROUP, "shop", {"ingress": [udp(51820, "0.0.0.0/0")]})
    interface, another = stack.add(INTERFACE, "interface", {}), stack.add(INTERFACE, "shop", {})
    stack.add(INSTANCE, "wg-a", TAGS, primaryNetworkInterface=[interface])
    stack.add(ATTACHMENT, "wg-a", {}, networkInterfaceId=[interface], securityGroupId=[group])
    stack.add(ATTACHMENT, "shop", {}, networkInterfaceId=[another], securityGroupId=[other])
    assert set(stack.judge(gateways_closed)) == {"later"}


def test_a_group_with_a_gateways_tags_is_a_gateways(stack: Stack) -> None:
    stack.add(GROUP, "tagged", {"ingress": [udp(51820, "0.0.0.0/0")], **TAGS})
    assert set(stack.judge(gateways_closed)) == {"tagged"}


def test_other_groups_are_none_of_it(stack: Stack) -> None:
    group = stack.add(
        GROUP, "shop", {"ingress": [{"protocol": "tcp", "cidrBlocks": ["0.0.0.0/0"]}], "tags": {"a": "b"}}
    )
    stack.add(INSTANCE, "shop", {"tags": {"Name": "shop"}}, vpcSecurityGroupIds=[group])
    assert stack.judge(gateways_closed) == {}


@pytest.mark.parametrize(
    "rule",
    [
        UNKNOWN,
        udp(51820, UNKNOWN),
        udp(51820, cidrBlocks=UNKNOWN),
        {"protocol": "udp", "fromPort": UNKNOWN, "toPort": UNKNOWN, "cidrBlocks": ["10.0.0.0/8"]},
        {"protocol": UNKNOWN, "fromPort": 51820.0, "toPort": 51820.0, "cidrBlocks": ["10.0.0.0/8"]},
    ],
)
def test_what_is_not_known_yet_is_not_refused(stack: Stack, rule: Any) -> None:
    gateway(stack, rule)
    stack.add(GROUP, "later", {"ingress": UNKNOWN, **TAGS})
    stack.add(GROUP, "unknown", {"ingress": [udp(51820, "0.0.0.0/0")], "tags": UNKNOWN})
    assert stack.judge(gateways_closed) == {}


def test_settings_move_the_lines(stack: Stack) -> None:
    gateway(stack, everything("20.0.0.0/16"), udp(60000, "10.0.0.0/8"))
    assert len(stack.judge(gateways_closed)["group"]) == 1
    assert stack.judge(gateways_closed, insideRanges=["10.0.0.0/8", "20.0.0.0/15"]) == {}
    found = stack.judge(gateways_closed, insideRanges=["20.0.0.0/15", "10.0.0.0/8"], tunnelPorts=[60000.0])
    assert len(found["group"]) == 1
    found = stack.judge(gateways_closed, insideRanges=["20.0.0.0/15", "10.0.0.0/8"], tunnelPorts=["60100-59900"])
    assert len(found["group"]) == 1


def test_a_misspelt_setting_is_told(stack: Stack) -> None:
    assert stack.judge(gateways_closed, insideRange=[]) == {
        "": ["`insideRange` is no setting of gateways-closed. Did you mean `insideRanges`?"]
    }
