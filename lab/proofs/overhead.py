"""Each packet carries exactly what the plan says its tunnel takes, counted on the tunnel's way through the internet."""

from __future__ import annotations

from typing import Any, Final

from .counting import counting
from .sizes import mtu_here
from .verdict import Lab, Verdict

PROOF: Final = "overhead"
_LARGEST: Final = 1390
"""Size up to which packets are sent, in bytes: a tunnel that is larger than its path is another proof's."""
_BLOCK: Final = 16
_TRAILER: Final = {"wireguard": 0, "site-to-site-vpn": 2}
"""What follows a packet in its last block, in bytes: both pad to 16, ESP with its own trailer."""
_HEADERS: Final = 28
_PACKETS: Final = 20
_UDP_HEADER: Final = 8
_NAT: Final = "UDP header of NAT traversal"
"""The layer of the plan that ESP in user space always has."""
_NOT_TAKEN: Final = ("rest of a block", "held back by `mtu`")
"""Layers of the plan that are left empty."""


def overheads(lab: Lab) -> list[Verdict]:
    """Send packets of one size through every tunnel, and count their bytes outside."""
    layers = {link["name"]: link["layers"] for link in lab.rehearsed.report["sizes"]["links"]}
    return [_overhead(lab, link, tunnel, layers[link["name"]]) for link, tunnel in lab.rehearsed.tunnels]


def _overhead(lab: Lab, link: dict[str, Any], tunnel: dict[str, Any], layers: list[dict[str, Any]]) -> Verdict:
    name, inside = tunnel["name"], _inside(link["via"], tunnel["mtu"])
    (gateway, _), target = tunnel["from"].split(), tunnel["to"].split()[1]
    with counting(lab, [name]) as counted:
        size = str(inside - _HEADERS)
        lab.built.run(gateway, "ping", "-n", "-q", "-c", str(_PACKETS), "-i", "0.01", "-W", "1", "-s", size, target)
        counter = counted(name, "onprem")
    found = counter.bytes / counter.packets - inside if counter.packets else 0
    planned = sum(layer["taken"] for layer in layers if layer["name"] not in _NOT_TAKEN)
    extra = _UDP_HEADER if any(layer["name"] == _NAT and not layer["taken"] for layer in layers) else 0
    told = f"{planned} bytes" + (f", and {extra} of UDP in user space" if extra else "")
    # A busy machine may lose one of them; each that passes is as large as all.
    holds = _PACKETS // 2 <= counter.packets <= _PACKETS and found == planned + extra
    return Verdict(PROOF, name, told, f"{found:g} bytes in {counter.packets} packets", holds)


def _inside(via: str, mtu: int) -> int:
    """Return the size of a packet that passes a tunnel whole and ends with a block of its cipher, in bytes."""
    trailer = _TRAILER[via]
    return (min(mtu_here(via, mtu), _LARGEST) + trailer) // _BLOCK * _BLOCK - trailer
