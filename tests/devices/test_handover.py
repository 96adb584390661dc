"""Two gateways of a datacentre with real FRR daemons: what one does while its tunnels are down and the other's are up.

Wires stand where the tunnels and the datacentre's network would be. `interfaces.sh` is run as it is on a gateway, and a
host that sends everything to edge-a talks to one in the cloud.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from hybridge.devices import (
    GatewaySecrets,
    InstanceSurroundings,
    TunnelSecrets,
    WireguardPeer,
    configure,
    gateway_files,
    instance_files,
)
from hybridge.links.wireguard_keys import private_key, public_key
from tests.conftest import ROOT
from tests.devices.programs import program, unshared
from tests.wireguards import Joined, with_wireguard

HALVES: Final = ("172.20.0.0/17", "172.20.128.0/17")
WHOLE: Final = "172.20.0.0/16"
LAN: Final = {"edge-a": "10.100.0.2", "edge-b": "10.100.0.3"}
CLOUD_HOST: Final = "172.20.0.10"

TALK: Final = f"""import socket
way = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
way.settimeout(0.5)
for _ in range(6):
    way.sendto(b"anybody", ("{CLOUD_HOST}", 7))
    try:
        print(way.recv(100).decode())
        break
    except OSError:
        pass
else:
    print("nobody")
"""
ANSWER: Final = f"""import socket
way = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
way.bind(("{CLOUD_HOST}", 7))
while True:
    way.sendto(b"heard", way.recvfrom(100)[1])
"""
"""The instance is the cloud's host as well: its own network is behind it, and answers take what BGP told it."""

SCRIPT: Final = """set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /etc/frr
mkdir -p /run/netns /run/frr
printf 'root:x:0:\\nfrrvty:x:0:root\\nfrr:x:0:\\n' > group; mount --bind group /etc/group
speakers='edge-a edge-b instance hub'
for n in $speakers host; do
  ip netns add $n; ip -n $n link set lo up
  mkdir -p /run/frr/$n /etc/frr/$n; touch /etc/frr/$n/vtysh.conf
done
wire() {{ # a namespace, an interface and an address, twice
  ip link add $2 netns $1 type veth peer name $5 netns $4
  ip -n $1 address add $3 dev $2; ip -n $1 link set $2 up
  ip -n $4 address add $6 dev $5; ip -n $4 link set $5 up
}}
{wires}
ip link add lan type bridge; ip link set lan up
for end in edge-a=10.100.0.2 edge-b=10.100.0.3 host=10.100.0.50; do
  n=${{end%=*}}
  ip link add eth1 netns $n type veth peer name lan-$n
  ip link set lan-$n master lan up
  ip -n $n address add ${{end#*=}}/24 dev eth1; ip -n $n link set eth1 up
done
ip -n host route add default via 10.100.0.2
ip -n instance address add {cloud_host}/32 dev lo
for n in edge-a edge-b; do ip netns exec $n sh $n/interfaces.sh; ip netns exec $n nft -f $n/firewall.nft; done
for n in $speakers; do
  for d in zebra bgpd bfdd staticd; do
    ip netns exec $n /usr/lib/frr/$d -d -N $n -u root -g root -f /dev/null -i {folder}/$n-$d.pid >/dev/null 2>&1
  done
  ip netns exec $n vtysh -N $n -f $n/frr.conf >/dev/null
done
ip netns exec instance {python} answer.py &

best() {{ # a gateway and a network: where its kernel sends it
  ip -n $1 route show exact $2 | sed -n 's/^blackhole.*/blackhole/p; s/.* \\(via [0-9.]*\\).*/\\1/p' | head -n 1
}}
settled() {{ # a gateway, and where each network leads, until that is so
  for i in $(seq 60); do
    [ "$(best $1 {whole})" = "$2" ] && [ "$(best $1 {half})" = "$3" ] && return
    sleep 0.2
  done
  echo "$1 has $(best $1 {whole}) and $(best $1 {half}), not $2 and $3" >&2
}}
cut() {{ # a gateway, and the kind of its tunnels that go down
  for i in $(ip -n $1 -o link show | sed -n "s/^[0-9]*: \\($2[0-9]*\\)@.*/\\1/p"); do ip -n $1 link set $i down; done
}}
look() {{
  mkdir $1
  for n in edge-a edge-b; do ip -n $n -j route show table main > $1/$n.kernel; done
  for n in $speakers; do vtysh -N $n -c 'show bgp ipv4 unicast json' > $1/$n.routes; done
  vtysh -N edge-a -c 'show bgp ipv4 unicast neighbors 10.100.0.3 advertised-routes json' > $1/to-edge-b
  vtysh -N edge-b -c 'show bgp ipv4 unicast neighbors 10.100.0.2 advertised-routes json' > $1/to-edge-a
  ip netns exec host {python} talk.py > $1/host
}}

settled edge-a 'via 169.254.6.1' 'via 10.200.0.2'
settled edge-b 'via 169.254.6.9' 'via 10.200.0.10'
for i in $(seq 60); do
  vtysh -N edge-a -c 'show bgp ipv4 unicast neighbors 10.100.0.3 routes' | grep -q 172.20.128 &&
    vtysh -N edge-b -c 'show bgp ipv4 unicast neighbors 10.100.0.2 routes' | grep -q 172.20.128 &&
    vtysh -N edge-a -c 'show bfd peers brief' | grep -q '10.100.0.3.* up' && break
  sleep 0.2
done
look all-up
for n in edge-a edge-b; do
  vtysh -N $n -c 'show bfd peers json' > $n.bfd
  vtysh -N $n -c 'show running-config' > $n.running
done
cut edge-a wg
settled edge-a 'via 169.254.6.1' 'via 10.100.0.3'
look wireguard-down

cut edge-a xfrm
settled edge-a 'via 10.100.0.3' 'via 10.100.0.3'
look tunnels-down
ip netns exec edge-a cat /proc/net/snmp > snmp

cut edge-b wg; cut edge-b xfrm
for n in edge-a edge-b; do
  settled $n blackhole ''
  # BFD says a moment later that a peer is gone which is not to be reached any more.
  for i in $(seq 60); do vtysh -N $n -c 'show bgp ipv4 unicast' | grep -q '172[.]20[.]' || break; sleep 0.2; done
done
look both-down
"""


HUB: Final = """frr defaults traditional
router bgp 64512
 bgp router-id 198.51.100.1
 no bgp ebgp-requires-policy
 no bgp network import-check
{neighbours}
 neighbor 169.254.6.2 route-map dearer out
 neighbor 169.254.6.6 route-map dearer out
 address-family ipv4 unicast
  network 172.20.0.0/16
 exit-address-family
exit
route-map dearer permit 10
 set metric 200
end
"""
"""A stand-in for the transit gateway: it takes whatever it is told, tells of the VPC, and would rather use edge-b."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What gateways, cloud and host know and hear: a folder for each state of the tunnels."""
    for name in ("vtysh", "ip", "nft"):
        program(name)
    folder = tmp_path_factory.mktemp("handover")
    content = yaml.safe_load((ROOT / "stacks" / "Pulumi.minimal.yaml").read_text(encoding="utf-8"))
    declared = with_wireguard(content["config"]["hybridge:topology"])
    declared["links"]["dc1-aws"]["standby"] = True
    joined = Joined.read(declared)
    link, site = joined.plan(), joined.site()
    (vpn,) = site.vpns
    secrets = GatewaySecrets(
        {tunnel.name: TunnelSecrets("198.51.100.1", "kTestKeyOfATunnel") for tunnel in vpn.tunnels},
        {each.name: WireguardPeer(each.elastic_ip, public_key(private_key(each.name))) for each in link.instances},
        {each.name: private_key(each.name) for each in link.gateways},
    )
    for gateway in site.gateways:
        (folder / gateway.name).mkdir()
        for name, text in gateway_files(site, gateway, secrets).items():
            (folder / gateway.name / name).write_text(text, encoding="utf-8")
    keys = {each.name: public_key(private_key(each.name)) for each in link.gateways}
    around = InstanceSurroundings("172.20.255.145", private_key("dc1-wg-1"), keys, ())
    files = configure.unpack(instance_files(link, link.instances[0], around))
    neighbours = "\n".join(f" neighbor {tunnel.device_address} remote-as 65010" for tunnel in vpn.tunnels)
    for name, text in (("instance", files["frr/frr.conf"]), ("hub", HUB.format(neighbours=neighbours))):
        (folder / name).mkdir()
        (folder / name / "frr.conf").write_text(text, encoding="utf-8")
    (folder / "talk.py").write_text(TALK)
    (folder / "answer.py").write_text(ANSWER)
    ends = [
        (each.gateway, each.interface, each.device_address, "instance", each.interface, each.cloud_address)
        for each in link.tunnels
        if each.instance == "dc1-wg-1"
    ]
    ends += [
        (connection.gateway, each.interface, each.device_address, "hub", each.interface, each.cloud_address)
        for connection in vpn.connections
        for each in connection.tunnels
    ]
    script = folder / "speak.sh"
    script.write_text(
        SCRIPT.format(
            folder=folder,
            python=sys.executable,
            wires="\n".join("wire {} {} {}/30 {} {} {}/30".format(*end) for end in ends),
            whole=WHOLE,
            half=HALVES[0],
            cloud_host=CLOUD_HOST,
        )
    )
    # Whatever happens, the daemons end with their namespace.
    done = subprocess.run(
        unshared("unshare", "-pf", "--kill-child", "--mount-proc", "sh", str(script)),
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def ways(told: Path, state: str, gateway: str) -> dict[str, set[str]]:
    """Where a gateway's kernel sends each of the cloud's networks."""
    found: dict[str, set[str]] = {}
    for route in json.loads((told / state / f"{gateway}.kernel").read_text()):
        if route["dst"].startswith("172."):
            hops = [hop["gateway"] for hop in route.get("nexthops", [route]) if "gateway" in hop]
            found[route["dst"]] = set(hops) or {route["type"]}
    return found


def known(told: Path, state: str, speaker: str) -> dict[str, list[dict[str, Any]]]:
    return json.loads((told / state / f"{speaker}.routes").read_text())["routes"]


def learned(told: Path, state: str, speaker: str) -> set[str]:
    """What a speaker has from others, not from itself."""
    return {network for network, found in known(told, state, speaker).items() if any(way["path"] for way in found)}


def over(*hops: str, whole: set[str]) -> dict[str, set[str]]:
    return {WHOLE: whole} | {half: set(hops) for half in HALVES}


def test_a_healthy_gateway_uses_its_own_tunnels(told: Path) -> None:
    """Also where the cloud prefers the other gateway, as the hub does by its MED."""
    assert ways(told, "all-up", "edge-a") == over("10.200.0.2", whole={"169.254.6.1", "169.254.6.5"})
    assert ways(told, "all-up", "edge-b") == over("10.200.0.10", whole={"169.254.6.9", "169.254.6.13"})
    assert {way["metric"] for way in known(told, "all-up", "edge-a")[WHOLE] if way["pathFrom"] == "external"} == {200}
    assert {way["metric"] for way in known(told, "all-up", "edge-a")[WHOLE] if way["pathFrom"] == "internal"} == {0}


def test_the_other_gateways_wireguard_is_taken_before_a_standby_of_its_own(told: Path) -> None:
    assert ways(told, "wireguard-down", "edge-a") == over(LAN["edge-b"], whole={"169.254.6.1", "169.254.6.5"})


def test_a_gateway_without_tunnels_sends_to_the_other_one(told: Path) -> None:
    assert ways(told, "tunnels-down", "edge-a") == over(LAN["edge-b"], whole={LAN["edge-b"]})
    assert ways(told, "tunnels-down", "edge-b") == ways(told, "all-up", "edge-b")


def test_packets_end_where_no_gateway_has_a_tunnel(told: Path) -> None:
    """What one learned from the other it does not tell it back, so neither keeps a way that nobody has."""
    for gateway in LAN:
        assert ways(told, "both-down", gateway) == {WHOLE: {"blackhole"}}
        assert learned(told, "both-down", gateway) == set()


@pytest.mark.parametrize(
    ("state", "heard"), [("all-up", True), ("wireguard-down", True), ("tunnels-down", True), ("both-down", False)]
)
def test_a_host_behind_the_gateway_is_heard_while_either_has_a_tunnel(told: Path, state: str, heard: bool) -> None:
    assert (told / state / "host").read_text() == ("heard\n" if heard else "nobody\n")


def test_no_host_is_led_past_its_gateway(told: Path) -> None:
    """Redirected, it would go on to the other gateway for minutes, dead or alive."""
    names, values = (line.split()[1:] for line in re.findall(r"^Icmp:.*", (told / "snmp").read_text(), re.MULTILINE))
    assert dict(zip(names, values, strict=True))["OutRedirects"] == "0"


@pytest.mark.parametrize("state", ["all-up", "wireguard-down", "tunnels-down"])
def test_no_cloud_is_told_what_the_gateways_tell_each_other(told: Path, state: str) -> None:
    assert learned(told, state, "hub") == {"10.100.0.0/16"}
    assert learned(told, state, "instance") == {"10.100.0.0/17", "10.100.128.0/17"}
    for speaker in ("hub", "instance"):
        assert {way["path"] for found in known(told, state, speaker).values() for way in found} == {"", "65010"}


def test_gateways_tell_each_other_of_the_cloud_and_nothing_else(told: Path) -> None:
    """Not of the site's own networks, and only of what their own tunnels lead to."""
    told_by_a = {
        state: set(json.loads((told / state / "to-edge-b").read_text()).get("advertisedRoutes", {}))
        for state in ("all-up", "wireguard-down", "tunnels-down", "both-down")
    }
    assert told_by_a == {
        "all-up": {WHOLE, *HALVES},
        "wireguard-down": {WHOLE},
        "tunnels-down": set(),
        "both-down": set(),
    }
    assert set(json.loads((told / "tunnels-down" / "to-edge-a").read_text())["advertisedRoutes"]) == {WHOLE, *HALVES}


@pytest.mark.parametrize(("gateway", "other"), [("edge-a", "edge-b"), ("edge-b", "edge-a")])
def test_each_gateway_watches_the_other_by_bfd_over_one_hop(told: Path, gateway: str, other: str) -> None:
    (peer,) = [each for each in json.loads((told / f"{gateway}.bfd").read_text()) if each["peer"] == LAN[other]]
    assert (peer["status"], peer["multihop"], peer["local"]) == ("up", False, LAN[gateway])
    assert (peer["receive-interval"], peer["detect-multiplier"]) == (300, 3)


def test_the_daemons_take_every_line_of_the_session(told: Path) -> None:
    running = (told / "edge-a.running").read_text()
    for line in (
        "remote-as 65010",
        "update-source 10.100.0.2",
        "timers 10 30",
        "bfd profile every-300-ms-3-times",
        "next-hop-self",
        "route-map told-by-gateways in",
        "route-map told-to-gateways out",
        "maximum-prefix 200 restart 5",
    ):
        assert f" neighbor 10.100.0.3 {line}\n" in running
