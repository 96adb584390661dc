"""What this machine has for a lab, what it lacks, and what stands in for that."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from engine import wireguard
from engine.errors import EngineError

from .errors import LabError

PATH: Final = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_PROGRAMS: Final = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "ip": "iproute2",
    "nft": "nftables",
    "sysctl": "procps",
    "ping": "iputils-ping",
    "vtysh": "frr",
    "swanctl": "strongswan-swanctl",
    "charon-systemd": "charon-systemd",
    "wg-quick": "wireguard-tools",
    "keepalived": "keepalived",
    "unbound": "unbound",
    "drill": "ldnsutils",
}
_FILES: Final = {
    "/usr/lib/frr/bgpd": "frr",
    "/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so": "libcharon-extra-plugins",
    "/usr/lib/ipsec/plugins/libstrongswan-openssl.so": "libstrongswan-standard-plugins",
}
_TUN: Final = Path("/dev/net/tun")

_KINDS: Final = {
    "xfrm": "XFRM interfaces",
    "wireguard": "WireGuard",
    "netem": "netem",
    "macsec": "MACsec",
}
"""What a kernel may have by itself, and no lab uses."""


def stands_in() -> Iterator[str]:
    """Return what stands in for what, a sentence each."""
    lacking = _lacking()
    yield (
        "ESP runs in user space (strongSwan's libipsec) and travels in UDP: smaller packets fit, both sizes are told"
        f"{_why('xfrm', lacking)}."
    )
    yield f"WireGuard runs in user space (wireguard-go){_why('wireguard', lacking)}."
    yield "strongSwan and FRR stand in for AWS, as declared to it; how fast AWS itself notices and acts is not shown."
    yield (
        "Unbound stands in for Route 53 Resolver and its private zones, as declared, and for each site's own name "
        "service."
    )
    yield "VRRP between a site's gateways is the lab's own, as it is the site's."
    absent = [_KINDS[name] for name in ("netem", "macsec") if name in lacking]
    told = f"; this kernel lacks {' and '.join(absent)}" if absent else ""
    yield f"Delay, loss and MACsec are not rehearsed{told}."


def _why(name: str, lacking: set[str]) -> str:
    return f"; this kernel lacks {_KINDS[name]}" if name in lacking else f", though this kernel has {_KINDS[name]}"


def _lacking() -> set[str]:
    """Return what this kernel has not, of what labs do without."""
    had = _unshared(_KERNEL).stdout.split()
    return _KINDS.keys() - set(had)


def missing() -> Iterator[str]:
    """Return what is missing, a sentence each; nothing where a lab can be had."""
    packages = {package for name, package in _PROGRAMS.items() if shutil.which(name, path=PATH) is None}
    packages |= {package for file, package in _FILES.items() if not Path(file).exists()}
    if packages:
        yield f"Programs are missing: install the Debian packages {', '.join(sorted(packages))}."
    try:
        os.close(os.open(_TUN, os.O_RDWR))
    except OSError as error:
        yield (f"{_TUN} cannot be opened ({error.strerror}), and tunnels in user space need it: {_remedy(error)}")
    if shutil.which("unshare"):
        done = _unshared(_PROBE)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it says no more"])[-1]
            yield (
                f"Namespaces of users, networks and mounts are not to be had ({said}): allow them to users "
                "(`sysctl user.max_user_namespaces`), or run the lab as root."
            )


def _unshared(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in namespaces of its own, as a lab's are."""
    own = [] if os.geteuid() == 0 else ["-Ur"]
    try:
        return subprocess.run(
            ["unshare", *own, "-nm", "sh", "-c", script],
            env=os.environ | {"PATH": PATH},
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(script, 1, "", f"no answer within {_PROBE_SECONDS:g} s")


_PROBE_SECONDS: Final = 20.0
_KERNEL: Final = """exec 2>/dev/null
ip link add veth-one type veth peer name veth-two
ip link add one type xfrm if_id 1 && echo xfrm
ip link add two type wireguard && echo wireguard
ip link add link veth-one three type macsec && echo macsec
tc qdisc add dev veth-one root netem delay 1ms && echo netem
"""
_PROBE: Final = """set -e
mount -t tmpfs tmpfs /run
mkdir /run/new /run/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/new,workdir=/run/work /etc
ip link add veth-one type veth peer name veth-two
ip link add lan type bridge
"""


def _remedy(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "`modprobe tun`, or let the container have it."
    return "`chmod 0666` it, as Debian's udev does, or run the lab as root."


def check() -> Path:
    """Return WireGuard's program, once everything is there.

    Raises LabError with everything that is missing.
    """
    found = list(missing())
    try:
        program = wireguard.ensure(lambda sentence: print(sentence, flush=True))  # noqa: T201
    except EngineError as error:
        raise LabError("\n".join([*found, str(error)])) from error
    if found:
        raise LabError("\n".join(found))
    return program
