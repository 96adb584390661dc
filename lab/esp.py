"""What stands in for a kernel's ESP: strongSwan's own in user space, on a machine of its own for each tunnel's end.

Where a gateway has an xfrm interface on a kernel that knows them, here a cable leads to such a machine. The interface's
name, address and use are the same, so every file of the gateway is used as it is; of `swanctl.conf` the interface's
number is taken back, and the other tunnels, which are other machines' here, are neither started nor answered.

Sizes are another matter. strongSwan reads no more than 1,400 bytes at once from its own interface, and its ESP always
travels in UDP. So tunnels are smaller here than planned, by whole blocks of every cipher, and so is the way outside
them, less the 8 bytes of UDP where the plan has none: what the plan says ESP takes of each packet is still what decides
whether the largest one passes.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import Final

from .files import IpsecEnd
from .sketch import Machine, Sketch, lines

RENDERED_FILE: Final = "/etc/lab/rendered.conf"
"""Where a gateway's `swanctl.conf` lies, as it was rendered."""
TUNNEL: Final = "inside"
"""The tunnel machine's interface towards its gateway."""
TUNNELS_FILE: Final = "/etc/lab/tunnels"
"""Where a gateway has the names of the machines that end its tunnels, for people who look for them."""
_DEVICE: Final = "ipsec0"
"""What strongSwan calls its own."""
LARGEST: Final = 1400
"""What strongSwan reads at once from its own interface, in bytes (TUN_DEFAULT_MTU of 5.9.8; measured as well)."""
_BLOCK: Final = 16
"""Of AES, in bytes."""
_UDP_HEADER: Final = 8
"""In bytes."""
_TCP_HEADERS: Final = 40
"""Of IPv4 and TCP without options, in bytes."""
_NOBODY: Final = "127.0.0.1"
_AFTER_THE_CLAMP: Final = -149
"""nftables' priority next to `mangle`, at which gateways clamp."""
_HOPS: Final = 3
"""A session's packets are allowed one hop. Two machines of the lab that are none of the estate's are in between."""


def tunnel_router(sketch: Sketch, gateway: Machine, interface: str, address: str, name: str) -> Machine:
    """Add the machine that ends an IPsec tunnel for a gateway.

    :param sketch: the lab
    :param gateway: whose tunnel it is
    :param interface: the gateway's name for the tunnel
    :param address: the gateway's address inside the tunnel
    :param name: the machine's name
    """
    router = sketch.machine(name, gateway.site)
    gateway.files[TUNNELS_FILE] = f"{gateway.files.get(TUNNELS_FILE, '')}{name}\n"
    sketch.wire(gateway, interface, router, TUNNEL)
    router.forwards()
    # It answers for whoever is at the other end of the tunnel.
    router.sysctl(f"net.ipv4.conf.{TUNNEL}.proxy_arp=1", f"net.ipv4.neigh.{TUNNEL}.proxy_delay=0")
    router.ip(f"route add {address}/32 dev {TUNNEL}")
    # It has the gateway's public address as well, so the gateway would not answer when it asks for its place.
    place = ":".join(f"{byte:02x}" for byte in (2, 0, *IPv4Address(address).packed))
    gateway.ip(f"link set {interface} address {place}")
    router.ip(f"neighbor add {address} lladdr {place} dev {TUNNEL} nud permanent")
    router.ip(f"rule add pref 10 iif {TUNNEL} lookup 100")
    router.ip(f"rule add pref 10 iif {_DEVICE} lookup 101")
    router.ip(f"route add default via {address} dev {TUNNEL} onlink table 101")
    router.files["/etc/lab/hops.nft"] = lines(
        "table ip lab {",
        "  chain hops {",
        "    type filter hook prerouting priority raw; policy accept;",
        f'    iifname "{TUNNEL}" ip ttl 1 ip ttl set {_HOPS}',
        "  }",
        "}",
    )
    router.set_up("nft", "-f", "/etc/lab/hops.nft")
    return router


def after_start(mtu: int) -> list[str]:
    """Return what leads packets into the tunnel, once strongSwan has made its interface."""
    return [
        f"for i in $(seq 100); do ip link show {_DEVICE} >/dev/null 2>&1 && break; sleep 0.05; done",
        f"ip link set {_DEVICE} mtu {mtu}",
        f"ip route replace default dev {_DEVICE} table 100",
    ]


def device_connections(rendered: str, end: IpsecEnd) -> str:
    """Return text for `swanctl.conf` that takes a gateway's own as it is and says what is different here.

    :param rendered: the gateway's `swanctl.conf`
    :param end: the tunnel that this machine ends
    """
    names = re.findall(r"^  (\S+) \{$", rendered.partition("\nsecrets {")[0], re.MULTILINE)
    changes = [_own(name) if name == end.connection else _elsewhere(name) for name in names]
    return lines(f"include {RENDERED_FILE}", "connections {", changes, "}")


def _own(name: str) -> str:
    return f"  {name} {{ children {{ {name} {{ if_id_in = 0\nif_id_out = 0 }} }} }}"


def _elsewhere(name: str) -> str:
    """Neither start nor answer a tunnel that is another machine's here: nobody has the address of its peer."""
    child = "start_action = none\nclose_action = none\ndpd_action = clear"
    return f"  {name} {{ remote_addrs = {_NOBODY}\nchildren {{ {name} {{ {child} }} }} }}"


def shift(planned: int) -> int:
    """Return by how many bytes a tunnel is smaller here than planned.

    :param planned: largest packet inside, in bytes
    """
    return -(-max(planned - LARGEST, 0) // _BLOCK) * _BLOCK


def stand_in_mtu(planned: int) -> int:
    """Return the largest packet inside a tunnel here, in bytes."""
    return planned - shift(planned)


def way_mtu(path: int, planned: int, *, encapsulated: bool) -> int:
    """Return the largest packet outside a tunnel here, in bytes: as many are left for ESP as are planned.

    :param path: the largest as planned
    :param planned: largest packet inside as planned, in bytes
    :param encapsulated: whether the plan has ESP travel in UDP anyway
    """
    return path - shift(planned) + (0 if encapsulated else _UDP_HEADER)


def shrink(gateway: Machine, interface: str, planned: int) -> None:
    """Make a gateway's tunnel smaller by as much as it is here, after its own files have made it as large as they say.

    Segments follow, those that the gateway's own clamp has let through for what was planned. What its files leave too
    large stays too large: neither a wrong size nor a missing clamp is made up for.
    """
    less = shift(planned)
    if not less:
        return
    size = f"ip -o link show dev {interface} | sed 's/.* mtu \\([0-9]*\\) .*/\\1/'"
    gateway.ip(f"link set {interface} mtu $(($({size}) - {less}))")
    path = f"/etc/lab/clamp-{interface}.nft"
    largest = planned - _TCP_HEADERS
    gateway.files[path] = lines(
        f"table inet lab-{interface} {{",
        "  chain clamp {",
        f"    type filter hook forward priority {_AFTER_THE_CLAMP}; policy accept;",
        f'    iifname "{interface}" tcp flags syn / syn,rst tcp option maxseg size {largest - less + 1}-{largest} '
        f"tcp option maxseg size set {largest - less}",
        "  }",
        "}",
    )
    gateway.set_up("nft", "-f", path)
