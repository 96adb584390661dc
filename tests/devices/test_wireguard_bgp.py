"""Both ends of a link with real FRR daemons: who learns what from whom, over wires where the tunnels would be."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from hybridge.devices import (
    GatewaySecrets,
    InstanceSurroundings,
    WireguardPeer,
    configure,
    gateway_files,
    instance_files,
)
from hybridge.links.wireguard_keys import private_key, public_key
from tests.conftest import ROOT
from tests.devices.programs import program, unshared
from tests.wireguards import Joined, with_wireguard

INSTANCE: Final = "172.20.255.145"
ENDPOINTS: Final = ("172.20.255.150", "172.20.255.151")
ROUTE_SERVER: Final = f"""frr defaults traditional
router bgp 64512
 no bgp ebgp-requires-policy
 neighbor {INSTANCE} remote-as 64600
 neighbor {INSTANCE} passive
 neighbor {INSTANCE} bfd
 neighbor {INSTANCE} update-source {ENDPOINTS[0]}
end
"""
"""A stand-in for AWS's: it waits for the instance, knows BFD, and tells nothing."""

SPEAKERS: Final = ("edge-a", "edge-b", "instance", "server")
SCRIPT: Final = """set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /etc/frr
mkdir -p /run/netns /run/frr
printf 'root:x:0:\\nfrrvty:x:0:root\\nfrr:x:0:\\n' > {folder}/group; mount --bind {folder}/group /etc/group
for n in {speakers}; do
  ip netns add $n; ip -n $n link set lo up
  mkdir -p /run/frr/$n /etc/frr/$n; touch /etc/frr/$n/vtysh.conf
done
wire() {{ # a namespace, an interface and an address, twice
  ip link add $2 netns $1 type veth peer name $5 netns $4
  ip -n $1 address add $3 dev $2; ip -n $1 link set $2 up
  ip -n $4 address add $6 dev $5; ip -n $4 link set $5 up
}}
wire edge-a wg51820 10.200.0.1/30 instance wg51820 10.200.0.2/30
wire edge-b wg51822 10.200.0.9/30 instance wg51822 10.200.0.10/30
wire instance eth0 {instance}/28 server eth0 {first}/28
ip -n server address add {second}/28 dev eth0
for n in {speakers}; do
  for d in zebra bgpd bfdd staticd; do
    ip netns exec $n /usr/lib/frr/$d -d -N $n -u root -g root -f /dev/null -i {folder}/$n-$d.pid >/dev/null 2>&1
  done
  ip netns exec $n vtysh -N $n -f {folder}/$n.conf >/dev/null
done
for i in $(seq 100); do
  [ "$(vtysh -N server -c 'show bgp ipv4 unicast' | grep -c '10[.]100[.]')" = {expected} ] &&
    vtysh -N edge-a -c 'show bgp ipv4 unicast' | grep -q 172[.]20[.]128 &&
    vtysh -N edge-b -c 'show bgp ipv4 unicast' | grep -q 172[.]20[.]128 &&
    [ "$(vtysh -N instance -c 'show bgp ipv4 unicast' | grep -c '10[.]200[.]0[.]')" = {ways} ] &&
    [ "$(vtysh -N instance -c 'show bfd peers brief' | grep -c ' up')" = 3 ] && break
  sleep 0.3
done
for n in {speakers}; do
  vtysh -N $n -c 'show bgp ipv4 unicast json' > {folder}/$n.routes
  vtysh -N $n -c 'show bfd peers json' > {folder}/$n.bfd
done
vtysh -N instance -c 'show bgp ipv4 unicast summary json' > {folder}/instance.summary
vtysh -N instance -c 'configure' -c 'router bgp 64600' -c 'neighbor 10.200.0.1 shutdown' -c 'end'
vtysh -N instance -c 'show bgp ipv4 unicast summary json' > {folder}/instance.shut
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What each speaker knows once the sessions are up, by its name: routes and BFD peers as JSON."""
    for name in ("vtysh", "ip"):
        program(name)
    tmp_path = tmp_path_factory.mktemp("speakers")
    content = yaml.safe_load((ROOT / "stacks" / "Pulumi.minimal.yaml").read_text(encoding="utf-8"))
    declared = content["config"]["hybridge:topology"]
    joined = Joined.read(with_wireguard(declared))
    plan, site = joined.plan(), joined.site()
    site.vpns.clear()
    secrets = GatewaySecrets(
        {},
        {each.name: WireguardPeer(each.elastic_ip, public_key(private_key(each.name))) for each in plan.instances},
        {each.name: private_key(each.name) for each in plan.gateways},
    )
    around = InstanceSurroundings(
        INSTANCE,
        private_key("dc1-wg-1"),
        {each.name: public_key(private_key(each.name)) for each in plan.gateways},
        ENDPOINTS[:1],
    )
    for gateway in site.gateways:
        (tmp_path / f"{gateway.name}.conf").write_text(gateway_files(site, gateway, secrets)["frr.conf"])
    files = configure.unpack(instance_files(plan, plan.instances[0], around))
    (tmp_path / "instance.conf").write_text(files["frr/frr.conf"])
    (tmp_path / "server.conf").write_text(ROUTE_SERVER)
    script = tmp_path / "speak.sh"
    script.write_text(
        SCRIPT.format(
            folder=tmp_path,
            speakers=" ".join(SPEAKERS),
            instance=INSTANCE,
            first=ENDPOINTS[0],
            second=ENDPOINTS[1],
            expected=len(plan.announced),
            ways=len(plan.announced) * len(plan.gateways),
        )
    )
    # Whatever happens, the daemons end with their namespace.
    done = subprocess.run(
        unshared("unshare", "-pf", "--kill-child", "--mount-proc", "sh", str(script)), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return tmp_path


def routes(told: Path, speaker: str) -> dict[str, list[dict[str, Any]]]:
    return json.loads((told / f"{speaker}.routes").read_text())["routes"]


def learned(told: Path, speaker: str) -> set[str]:
    """What a speaker has from its peers, not from itself."""
    return {network for network, ways in routes(told, speaker).items() if any(way["path"] for way in ways)}


def test_each_end_learns_the_other_sides_networks_and_no_peers(told: Path) -> None:
    halves = {"10.100.0.0/17", "10.100.128.0/17"}
    assert learned(told, "edge-a") == learned(told, "edge-b") == {"172.20.0.0/17", "172.20.128.0/17"}
    assert learned(told, "instance") == halves
    # Both gateways announce them, and flows are spread over both.
    for network in halves:
        used = [way for way in routes(told, "instance")[network] if way.get("bestpath") or way.get("multipath")]
        assert {way["peerId"] for way in used} == {"10.200.0.1", "10.200.0.9"}
    assert all(way["path"] == "64600" for ways in routes(told, "edge-a").values() for way in ways if way["path"])


def test_the_route_server_learns_the_datacentre_from_the_first_instance(told: Path) -> None:
    known = routes(told, "server")
    assert set(known) == {"10.100.0.0/17", "10.100.128.0/17"}
    for ways in known.values():
        (way,) = ways
        assert (way["path"], way["metric"], way["nexthops"][0]["ip"]) == ("64600 65010", 100, INSTANCE)


def test_every_session_is_watched_by_bfd(told: Path) -> None:
    states = {each["peer"]: each["status"] for each in json.loads((told / "instance.bfd").read_text())}
    assert states == {"10.200.0.1": "up", "10.200.0.9": "up", ENDPOINTS[0]: "up"}


def test_an_instance_counts_the_sessions_that_are_down(told: Path) -> None:
    assert configure.sessions_down((told / "instance.summary").read_text()) == 0
    assert configure.sessions_down((told / "instance.shut").read_text()) == 1


def test_of_two_own_ends_of_a_session_one_opens_it(told: Path) -> None:
    """Where both do at once, each may close the connection that the other keeps, and the session goes down again."""
    first, second = ((told / f"edge-{name}.conf").read_text() for name in "ab")
    instance = (told / "instance.conf").read_text()
    for caller, waiting, called, calling in (
        (first, second, "10.100.0.3", "10.100.0.2"),
        (instance, first, "10.200.0.1", "10.200.0.2"),
        (instance, second, "10.200.0.9", "10.200.0.10"),
    ):
        assert f" neighbor {called} timers connect 2\n" in caller, "nobody else tries again"
        assert f" neighbor {called} passive\n" not in caller
        assert f" neighbor {calling} passive\n" in waiting


def test_a_route_server_is_called_and_never_calls(told: Path) -> None:
    text = (told / "instance.conf").read_text()
    assert f" neighbor {ENDPOINTS[0]} timers connect 2\n" in text
    assert f" neighbor {ENDPOINTS[0]} passive\n" not in text


def test_bfd_goes_over_several_hops_inside_tunnels_alone(told: Path) -> None:
    """Where its own address has to be known first, it is not begun twice."""
    found = {each["peer"]: each["multihop"] for each in json.loads((told / "instance.bfd").read_text())}
    assert found == {"10.200.0.1": True, "10.200.0.9": True, ENDPOINTS[0]: False}
