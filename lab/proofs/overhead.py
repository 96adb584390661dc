"""Each packet carries exactly what the plan says its tunnel takes, counted on the tunnel's way through the internet."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from lab import internet

from .verdict import Lab, Verdict

PROOF: Final = "overhead"
_INSIDE: Final = {"wireguard": 1376, "site-to-site-vpn": 1390}
"""Size of packets, in bytes, that ends with a block of each cipher: WireGuard pads to 16, as AES does with ESP's 2."""
_LARGE: Final = 1000
"""Nothing but the proof's own packets is larger, in bytes."""
_HEADERS: Final = 28
_PACKETS: Final = 20
_UDP_HEADER: Final = 8
_NAT: Final = "UDP header of NAT traversal"
"""The layer of the plan that ESP in user space always has."""
_NOT_TAKEN: Final = ("rest of a block", "held back by `mtu`")
"""Layers of the plan that are left empty."""
_COUNT: Final = f"""table inet outside
delete table inet outside
table inet outside {{
  counter large {{ }}
  chain passing {{ type filter hook forward priority -200; iifname "onprem" ip length > {_LARGE} counter name large; }}
}}
"""


def overheads(lab: Lab) -> list[Verdict]:
    """Send packets of one size through every tunnel, and count their bytes outside."""
    layers = {link["name"]: link["layers"] for link in lab.rehearsed.report["sizes"]["links"]}
    return [_overhead(lab, link, tunnel, layers[link["name"]]) for link, tunnel in lab.rehearsed.tunnels]


def _overhead(lab: Lab, link: dict[str, Any], tunnel: dict[str, Any], layers: list[dict[str, Any]]) -> Verdict:
    way, inside = f"{internet.PREFIX}{tunnel['name']}", _INSIDE[link["via"]]
    (gateway, _), target = tunnel["from"].split(), tunnel["to"].split()[1]
    with _counting(lab, way):
        size = str(inside - _HEADERS)
        lab.built.run(gateway, "ping", "-n", "-q", "-c", str(_PACKETS), "-i", "0.01", "-W", "1", "-s", size, target)
        counted = json.loads(lab.built.answer(way, "nft", "-j", "list", "counter", "inet", "outside", "large"))
    counter = counted["nftables"][1]["counter"]
    found = counter["bytes"] / counter["packets"] - inside if counter["packets"] else 0
    planned = sum(layer["taken"] for layer in layers if layer["name"] not in _NOT_TAKEN)
    extra = _UDP_HEADER if any(layer["name"] == _NAT and not layer["taken"] for layer in layers) else 0
    told = f"{planned} bytes" + (f", and {extra} of UDP in user space" if extra else "")
    holds = counter["packets"] == _PACKETS and found == planned + extra
    return Verdict(PROOF, tunnel["name"], told, f"{found:g} bytes in {counter['packets']} packets", holds)


@contextmanager
def _counting(lab: Lab, way: str) -> Generator[None]:
    lab.built.load_rules(way, _COUNT)
    try:
        yield
    finally:
        lab.built.load_rules(way, "delete table inet outside\n")
