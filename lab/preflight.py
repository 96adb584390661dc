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

STANDS_IN: Final = (
    "ESP runs in user space (strongSwan's libipsec) and travels in UDP: smaller packets fit, both sizes are told.",
    "WireGuard runs in user space (wireguard-go).",
    "strongSwan and FRR stand in for AWS, as declared to it; how fast AWS itself notices and acts is not shown.",
    "Unbound stands in for Route 53 Resolver and its private zones, as declared, and for each site's own name service.",
    "VRRP between a site's gateways is the lab's own, as it is the site's.",
    "Delay, loss and MACsec are not shown: this machine's kernel may have none of them.",
)


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
    own = [] if os.geteuid() == 0 else ["-Ur"]
    if shutil.which("unshare"):
        done = subprocess.run(["unshare", *own, "-nm", "sh", "-c", _PROBE], capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it says no more"])[-1]
            yield (
                f"Namespaces of users, networks and mounts are not to be had ({said}): allow them to users "
                "(`sysctl user.max_user_namespaces`), or run the lab as root."
            )


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
