"""The internet: a machine for the way of each tunnel, so that each can be cut alone."""

from __future__ import annotations

from typing import Final

from .onprem import Side
from .sketch import FAR, Machine, Sketch, over

PREFIX: Final = "net:"
"""What the names of these machines begin with; the tunnel's name follows."""
CUT: Final = """table inet cut
delete table inet cut
table inet cut {
  chain passing { type filter hook forward priority -300; policy drop; }
}
"""
"""Lets nothing pass on a way any more."""
WHOLE: Final = "table inet cut\ndelete table inet cut\n"
"""Lets everything pass again."""


def join(sketch: Sketch, tunnel: str, onprem: Side, cloud: tuple[Machine, str, str]) -> None:
    """Lay a tunnel's way: packets for an end's public address go to that end, and all others nowhere.

    :param sketch: the lab
    :param tunnel: the tunnel's name
    :param onprem: the end of a datacentre's gateway
    :param cloud: the cloud's end: a machine, its interface, and the public address behind it
    """
    way = sketch.machine(f"{PREFIX}{tunnel}")
    way.forwards()
    # What it says of itself, as when a packet is too large, comes from here.
    way.ip("address add 192.0.0.8/32 dev lo")
    ends = (("onprem", (onprem.machine, onprem.interface, onprem.address)), ("cloud", cloud))
    for interface, (machine, far, address) in ends:
        sketch.routed_wire(way, interface, machine, far, onprem.mtu)
        way.ip(f"route add {address}/32 {over(interface, FAR)}")
