"""Each rendered file is read by the program that it is for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from hybridge.devices import TunnelSecrets, gateway_files
from hybridge.planning import Plan

NEEDED = {
    "vtysh": "frr",
    "nft": "nftables",
    "swanctl": "strongswan-swanctl",
    "charon-systemd": "charon-systemd",
    "ip": "iproute2",
}

UNSHARED = ("timeout", "-s", "KILL", "60", "unshare", "-Urnm")


def program(name: str) -> str:
    """Return the path of a program, or say which package is missing."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is missing: install the Debian package {NEEDED[name]}")
    return found


@cache
def refused() -> str:
    """Return why there are no namespaces to be had, as in some containers; nothing where there are."""
    if shutil.which("unshare") is None:
        return "unshare is missing: install the Debian package util-linux"
    done = subprocess.run([*UNSHARED, "mount", "-t", "tmpfs", "tmpfs", "/var/run"], capture_output=True, text=True)
    why = (done.stderr.strip().splitlines() or ["it says no more"])[-1]
    return f"user, network and mount namespaces are not allowed here ({why})" if done.returncode else ""


def unshared(*command: str) -> list[str]:
    """Run a command in user, network and mount namespaces of its own; skip the test where there are none."""
    if reason := refused():
        pytest.skip(reason)
    return [*UNSHARED, *command]


@pytest.fixture
def files(plan: Plan, tmp_path: Path) -> dict[str, Path]:
    """The files of the first gateway, with secrets as they are after creation."""
    site = plan.onprem_sites[0]
    secrets = {
        tunnel.name: TunnelSecrets(f"198.51.100.{index}", f"kTestKeyOfTunnel{index}")
        for index, tunnel in enumerate(plan.vpns[0].tunnels, start=1)
    }
    written: dict[str, Path] = {}
    for name, text in gateway_files(site, site.gateways[0], secrets).items():
        written[name] = tmp_path / name
        written[name].write_text(text, encoding="utf-8")
    return written


def test_frr_reads_the_routing_configuration(files: dict[str, Path]) -> None:
    done = subprocess.run([program("vtysh"), "-C", "-f", str(files["frr.conf"])], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_frr_would_notice_a_broken_line(files: dict[str, Path]) -> None:
    files["frr.conf"].write_text(files["frr.conf"].read_text().replace("remote-as", "remote-is"))
    done = subprocess.run([program("vtysh"), "-C", "-f", str(files["frr.conf"])], capture_output=True, text=True)
    assert done.returncode == 2


def test_bgpd_takes_every_neighbour_and_filter(files: dict[str, Path], tmp_path: Path, plan: Plan) -> None:
    """The running daemon tells its configuration back, with both neighbours, their filters and limits."""
    program("vtysh")
    script = tmp_path / "bgp.sh"
    script.write_text(f"""set -e
mount -t tmpfs tmpfs /var/run; mkdir -p /var/run/frr
mount -t tmpfs tmpfs /etc/frr; touch /etc/frr/vtysh.conf
printf 'root:x:0:\\nfrrvty:x:0:root\\nfrr:x:0:\\n' > {tmp_path}/group; mount --bind {tmp_path}/group /etc/group
ip link set lo up
for d in zebra bgpd staticd; do
  /usr/lib/frr/$d -d -u root -g root -i {tmp_path}/$d.pid --vty_socket /var/run/frr -z /var/run/frr/zserv.api \
    -f /dev/null --log file:{tmp_path}/$d.log >/dev/null 2>&1
done
trap 'kill $(cat {tmp_path}/*.pid)' EXIT
vtysh --vty_socket /var/run/frr -f {files["frr.conf"]}
vtysh --vty_socket /var/run/frr -c 'show running-config' -c 'show bgp summary json'
""")
    done = subprocess.run(unshared("sh", str(script)), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for tunnel in plan.vpns[0].connections[0].tunnels:
        assert f"neighbor {tunnel.cloud_address} remote-as 64512" in done.stdout
        assert f"neighbor {tunnel.cloud_address} route-map from-aws-east in" in done.stdout
        assert f"neighbor {tunnel.cloud_address} route-map own-networks out" in done.stdout
        assert f"neighbor {tunnel.cloud_address} maximum-prefix 5000 restart 5" in done.stdout
    assert "ip prefix-list from-aws-east seq 5 permit 172.20.0.0/16 le 28" in done.stdout
    assert "Unknown command" not in done.stdout + done.stderr


def test_nftables_reads_the_packet_filter(files: dict[str, Path]) -> None:
    done = subprocess.run(
        unshared(program("nft"), "-c", "-f", str(files["nftables.conf"])), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_interface_script_is_posix_shell(files: dict[str, Path]) -> None:
    done = subprocess.run(["sh", "-n", str(files["interfaces.sh"])], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def charon(files: dict[str, Path], tmp_path: Path) -> Path:
    """A strongSwan daemon in namespaces of its own; returns the script that talks to it."""
    daemon, client = program("charon-systemd"), program("swanctl")
    settings = tmp_path / "daemon.conf"
    plugins = "random nonce aes gcm sha1 sha2 hmac kdf openssl pem pkcs1 x509 kernel-netlink socket-default vici"
    settings.write_text(f"""include {files["strongswan.conf"]}
charon-systemd {{
  load = {plugins}
  plugins {{ vici {{ socket = unix://{tmp_path}/charon.vici }} }}
  filelog {{ log {{ path = {tmp_path}/charon.log }} }}
}}
""")
    script = tmp_path / "load.sh"
    script.write_text(f"""set -e
mount -t tmpfs tmpfs /var/run
ip link set lo up
STRONGSWAN_CONF={settings} {daemon} >/dev/null 2>&1 &
trap 'kill $!' EXIT
for i in $(seq 100); do [ -S {tmp_path}/charon.vici ] && break; sleep 0.1; done
{client} --load-all --uri unix://{tmp_path}/charon.vici --file "$1"
{client} --list-conns --raw --uri unix://{tmp_path}/charon.vici
""")
    return script


def test_strongswan_loads_both_tunnels(files: dict[str, Path], charon: Path, plan: Plan) -> None:
    done = subprocess.run(unshared("sh", str(charon), str(files["swanctl.conf"])), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "successfully loaded 2 connections, 0 unloaded" in done.stdout
    assert len(re.findall(r"loaded ike secret", done.stdout)) == 2
    for tunnel in plan.vpns[0].connections[0].tunnels:
        assert f"{tunnel.name} {{" in done.stdout
    assert "198.51.100.1" in done.stdout
    assert "198.51.100.2" in done.stdout


def test_a_dead_peer_is_known_as_soon_as_the_plan_says(files: dict[str, Path], plan: Plan) -> None:
    """strongSwan gives up after the probe's delay and every interval between its retransmissions."""
    settings = dict(re.findall(r"^  (retransmit_\w+) = ([\d.]+)$", files["strongswan.conf"].read_text(), re.MULTILINE))
    (delay,) = set(re.findall(r"dpd_delay = (\d+)s", files["swanctl.conf"].read_text()))
    timeout, base, tries = (float(settings[f"retransmit_{name}"]) for name in ("timeout", "base", "tries"))
    intervals = [timeout * base**number for number in range(int(tries) + 1)]
    assert int(delay) + sum(intervals) == plan.vpns[0].dead_peer_seconds


def test_strongswan_refuses_to_start_with_broken_settings(files: dict[str, Path], charon: Path) -> None:
    files["strongswan.conf"].write_text(files["strongswan.conf"].read_text().replace("charon {", "charon { {"))
    done = subprocess.run(unshared("sh", str(charon), str(files["swanctl.conf"])), capture_output=True, text=True)
    assert done.returncode != 0


def test_strongswan_would_notice_an_unknown_suite(files: dict[str, Path], charon: Path) -> None:
    broken = files["swanctl.conf"].read_text().replace("aes256gcm16-ecp384", "aes257gcm16-ecp384")
    files["swanctl.conf"].write_text(broken)
    done = subprocess.run(unshared("sh", str(charon), str(files["swanctl.conf"])), capture_output=True, text=True)
    assert done.returncode == 22
