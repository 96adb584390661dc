"""What passes a network interface is what its own security groups name, and nothing more."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.estate import Rehearsed
from lab.security_groups import Rule, Rules, guard, rules_of
from lab.sketch import Machine
from rehearsal.clouds.ledger import LedgerObject
from tests.devices.programs import unshared

ADDRESS = "172.20.1.4"
WIREGUARD = {"cidrIpv4": "203.0.113.10/32", "ipProtocol": "udp", "fromPort": 51820.0, "toPort": 51820.0}
WEB = {"cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 443.0, "toPort": 444.0}


_RULE = re.compile(r"^ip [sd]addr .* drop$| jump let-(in|out)$")


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
    """Every chain but what remembers connections and lets their answers through."""
    found = [line.strip() for line in text.partition("chain let-in")[0].splitlines()]
    return [line.removesuffix(" jump let-in").removesuffix(" jump let-out") for line in found if _RULE.search(line)]


def test_nothing_passes_an_interface_whose_groups_have_no_rules() -> None:
    assert chains(sourceDestCheck=False) == ([], [])


def test_a_rule_lets_its_own_peer_in_on_its_own_port_and_nothing_else() -> None:
    inward, outward = chains(rule("Ingress", WIREGUARD), sourceDestCheck=False)
    assert (inward, outward) == (["ip saddr 203.0.113.10/32 udp dport 51820-51820"], [])


def test_a_rule_lets_its_own_instance_out_and_nothing_else() -> None:
    inward, outward = chains(rule("Egress", WEB), sourceDestCheck=False)
    assert (inward, outward) == ([], ["ip daddr 0.0.0.0/0 tcp dport 443-444"])


@pytest.mark.parametrize(
    ("protocol", "match"),
    [("-1", "ip saddr 172.20.0.0/16"), ("icmp", "ip saddr 172.20.0.0/16 ip protocol icmp")],
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
    assert len(inward) == 2


PEER = "10.0.0.1"
TALK = """set -e
instance() {{ nsenter -t $instance -n "$@"; }}
unshare -n sleep 60 >/dev/null 2>&1 & instance=$!
trap 'kill $instance' EXIT
until [ "$(readlink /proc/$instance/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.01; done
ip link set lo up
ip link add port0 type veth peer name eth0 netns $instance
ip link set port0 up
ip address add {peer}/24 dev port0
instance ip link set lo up
instance ip link set eth0 up
instance ip address add {address}/24 dev eth0
nft -f {rules}
{said}
"""


def talk(folder: Path, rules: Rules, *steps: tuple[str, int, int]) -> list[bool]:
    """Let datagrams be sent between an instance and its peer, and return which of them arrived.

    :param folder: a place for files
    :param rules: what stands between them
    :param steps: who sends each, `instance` or `router`, and from which port to which
    """
    router = Machine("vpc", "aws")
    guard(router, "port0", "10.0.0.2", rules, checked=True)
    (folder / "rules.nft").write_text(next(iter(router.files.values())))
    (folder / "talk.py").write_text(SPEAKER)
    words = [f"{who}:{near}:{far}" for who, near, far in steps]
    script = TALK.format(
        peer=PEER,
        address="10.0.0.2",
        rules=folder / "rules.nft",
        said=f"{sys.executable} -I {folder / 'talk.py'} $$ $instance {' '.join(words)}",
    )
    done = subprocess.run(unshared("sh", "-c", script), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [word == "arrived" for word in done.stdout.split()]


SPEAKER = """
import ctypes, os, socket, sys
CLONE_NEWNET = 0x40000000
def enter(place):
    if ctypes.CDLL(None, use_errno=True).setns(place, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
def socket_of(process, address, port):
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    enter(os.open(f"/proc/{process}/ns/net", os.O_RDONLY))
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, port)); made.settimeout(0.3)
    enter(own)
    return made
router, instance, *steps = sys.argv[1:]
ends, places = {}, {"router": (router, "10.0.0.1"), "instance": (instance, "10.0.0.2")}
def end(who, port):
    if (who, port) not in ends:
        ends[who, port] = socket_of(*places[who], port)
    return ends[who, port]
for number, step in enumerate(steps):
    who, near, far = step.split(":")
    other = "instance" if who == "router" else "router"
    receiver = end(other, int(far))
    end(who, int(near)).sendto(b"%d" % number, (places[other][1], int(far)))
    try:
        print("arrived" if receiver.recv(9) == b"%d" % number else "lost")
    except TimeoutError:
        print("lost")
"""


def test_answers_come_back_and_nothing_else_does_from_the_same_port(tmp_path: Path) -> None:
    asks = Rules([], [Rule("10.0.0.1/32", "udp", 53, 53)])
    assert talk(tmp_path, asks, ("router", 53, 4000), ("instance", 4000, 53), ("router", 53, 4000)) == [
        False,
        True,
        True,
    ]
    assert talk(tmp_path, asks, ("instance", 4000, 53), ("router", 53, 4001), ("router", 54, 4000)) == [
        True,
        False,
        False,
    ]


def test_who_is_let_in_is_answered_and_not_called(tmp_path: Path) -> None:
    asked = Rules([Rule("10.0.0.1/32", "udp", 51820, 51820)], [])
    assert talk(tmp_path, asked, ("instance", 51820, 5000), ("router", 5000, 51820), ("instance", 51820, 5000)) == [
        False,
        True,
        True,
    ]
    assert talk(tmp_path, asked, ("router", 5000, 51821)) == [False]
