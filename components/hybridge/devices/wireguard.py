"""An end of a WireGuard tunnel, for wg-quick: the same text for an on-premises gateway and for one in the cloud.

Each tunnel has an interface of its own, as BGP decides between tunnels by interface, while WireGuard would decide
between peers of one interface by their ranges. The ranges are there all the same: what comes out of a tunnel must be
from the far side's networks.
"""

from __future__ import annotations

from dataclasses import dataclass

from .rendering import render


@dataclass(frozen=True)
class WireguardEnd:
    """One gateway's end of one tunnel."""

    gateway: str
    """The gateway whose end this is."""
    name: str
    """The tunnel's name."""
    interface: str
    port: int
    """UDP port, the same at both ends."""
    address: str
    """This end's address inside."""
    length: int
    """Prefix length of the network inside."""
    mtu: int
    mss: int
    keepalive_seconds: int
    private_key: str
    """This gateway's private key; empty: it lies in `key_file`."""
    key_file: str
    far_address: str
    """The other end's address inside."""
    far_public_key: str
    far_endpoint: str
    """The other end's public address."""
    far_ranges: list[str]
    """The other side's networks."""

    @property
    def file_name(self) -> str:
        """Name of its file under /etc/wireguard."""
        return f"{self.interface}.conf"


def wireguard_conf(end: WireguardEnd) -> str:
    """Render an end's configuration; it holds the private key only where the end was given one."""
    return render("wireguard.conf", end=end)
