"""What the texts of a gateway say of its tunnels: just enough to know which cables to lay.

The texts themselves are read by their own programs; nothing here decides what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import dataclass

from .errors import LabError


@dataclass(frozen=True)
class IpsecEnd:
    """A gateway's end of an IPsec tunnel, as its files have it."""

    connection: str
    """Its name in `swanctl.conf`."""
    interface: str
    address: str
    """The gateway's own inside the tunnel."""
    local: str
    """The gateway's identity, which is its public address."""
    encapsulated: bool
    """Whether the file asks for ESP in UDP."""


@dataclass(frozen=True)
class WireguardEnd:
    """A gateway's end of a WireGuard tunnel, as its file has it."""

    interface: str
    address: str
    """The gateway's own inside the tunnel."""
    port: int
    endpoint: str
    """Where it sends to."""


def ipsec_ends(files: Mapping[str, str]) -> list[IpsecEnd]:
    """Return the IPsec tunnels of a gateway: strongSwan's connections by the interfaces that `interfaces.sh` makes."""
    if "swanctl.conf" not in files:
        return []
    interfaces = {
        int(number): name
        for name, number in re.findall(r"ip link add (\S+) type xfrm if_id (\d+)", files["interfaces.sh"])
    }
    addresses = {
        name: address
        for address, name in re.findall(r"ip address replace ([\d.]+)/\d+ dev (\S+)", files["interfaces.sh"])
    }
    found: list[IpsecEnd] = []
    connections = files["swanctl.conf"].partition("\nsecrets {")[0]
    for name, text in re.findall(r"^  (\S+) \{\n(.*?)^  \}", connections, re.MULTILINE | re.DOTALL):
        values = dict(re.findall(r"^\s+(\w+) = (\S+)$", text.partition("remote {")[0], re.MULTILINE))
        number = re.search(r"if_id_out = (\d+)", text)
        interface = interfaces.get(int(number.group(1))) if number else None
        if interface is None or interface not in addresses:
            raise LabError(f"No interface of `interfaces.sh` belongs to the connection {name} of `swanctl.conf`.")
        found.append(IpsecEnd(name, interface, addresses[interface], values["id"], values.get("encap") == "yes"))
    return found


def wireguard_ends(files: Mapping[str, str]) -> list[WireguardEnd]:
    """Return the WireGuard tunnels of a gateway."""
    found: list[WireguardEnd] = []
    for name, text in files.items():
        if re.fullmatch(r"wg\w+\.conf", name):
            # wg-quick has keys of which there may be several, such as PostUp.
            parser = ConfigParser(strict=False, interpolation=None)
            parser.read_string(text)
            interface, peer = parser["Interface"], parser["Peer"]
            found.append(
                WireguardEnd(
                    name.removesuffix(".conf"),
                    interface["Address"].partition("/")[0],
                    int(interface["ListenPort"]),
                    peer["Endpoint"].rpartition(":")[0],
                )
            )
    return found
