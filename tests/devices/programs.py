"""The real programs that read what is rendered, each where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

NEEDED = {
    "vtysh": "frr",
    "nft": "nftables",
    "swanctl": "strongswan-swanctl",
    "charon-systemd": "charon-systemd",
    "ip": "iproute2",
    "shellcheck": "shellcheck",
    "systemd-analyze": "systemd",
    "wg": "wireguard-tools",
    "wg-quick": "wireguard-tools",
    "unbound": "unbound",
    "unbound-checkconf": "unbound",
    "drill": "ldnsutils",
    "openssl": "openssl",
    "setpriv": "util-linux",
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


def read_by(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program and keep what it says."""
    return subprocess.run(command, capture_output=True, text=True)


def frr_complaint(file: Path) -> str:
    """Return what FRR's shell finds wrong with a routing configuration; nothing where it is sound."""
    done = read_by(program("vtysh"), "-C", "-f", str(file))
    return done.stdout + done.stderr if done.returncode or done.stdout or done.stderr else ""


def nft_complaint(file: Path) -> str:
    """Return what nftables finds wrong with a packet filter."""
    done = subprocess.run(unshared(program("nft"), "-c", "-f", str(file)), capture_output=True, text=True)
    return done.stderr


def wireguard_complaint(file: Path) -> str:
    """Return what WireGuard's tools find wrong with an interface's configuration.

    There is no such interface here, which `wg` says when all else is well.
    """
    stripped = subprocess.run(unshared(program("wg-quick"), "strip", str(file)), capture_output=True, text=True)
    if stripped.returncode:
        return stripped.stderr
    bare = file.with_suffix(".bare")
    bare.write_text(stripped.stdout)
    done = subprocess.run(unshared(program("wg"), "setconf", "nosuchif", str(bare)), capture_output=True, text=True)
    return "" if done.stderr.startswith("Unable to modify interface:") else done.stderr


def frr_session(folder: Path, file: Path, *questions: str) -> str:
    """Load a configuration into running daemons, and return what they answer."""
    program("vtysh")
    asked = " ".join(f"-c '{question}'" for question in questions)
    script = folder / "frr.sh"
    script.write_text(f"""set -e
mount -t tmpfs tmpfs /var/run; mkdir -p /var/run/frr
mount -t tmpfs tmpfs /etc/frr; touch /etc/frr/vtysh.conf
printf 'root:x:0:\\nfrrvty:x:0:root\\nfrr:x:0:\\n' > {folder}/group; mount --bind {folder}/group /etc/group
ip link set lo up
for d in zebra bgpd bfdd staticd; do
  zebra=''; [ $d = bfdd ] || zebra='-z /var/run/frr/zserv.api'
  /usr/lib/frr/$d -d -u root -g root -i {folder}/$d.pid --vty_socket /var/run/frr $zebra \\
    -f /dev/null --log file:{folder}/$d.log >/dev/null 2>&1
done
trap 'kill $(cat {folder}/*.pid)' EXIT
vtysh --vty_socket /var/run/frr -f {file}
vtysh --vty_socket /var/run/frr {asked}
""")
    done = subprocess.run(unshared("sh", str(script)), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Unknown command" not in done.stdout + done.stderr
    return done.stdout
