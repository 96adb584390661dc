"""How large a packet may be inside a tunnel, computed layer by layer from the path outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hybridge.topology import Link, OnpremSite, Topology, Wireguard

from . import limits
from .suites import IpsecSuite

_IPV4_HEADER: Final = 20
_IPV6_HEADER: Final = 40
_TCP_HEADER: Final = 20
_UDP_HEADER: Final = 8
_ESP_HEADER: Final = 8
"""SPI and sequence number."""
_ESP_TRAILER: Final = 2
"""Pad length and next header."""
_WIREGUARD: Final = 32
"""Type and reserved 4, receiver 4, counter 8, authentication tag 16."""


@dataclass(frozen=True)
class EspCipher:
    """What an ESP cipher adds to each packet, in bytes (RFC 4303, RFC 4106)."""

    initialization_vector: int
    block: int
    integrity_check: int


AES_GCM_16: Final = EspCipher(initialization_vector=8, block=4, integrity_check=16)
_AES_CBC: Final = {
    "SHA1": EspCipher(initialization_vector=16, block=16, integrity_check=12),
    "SHA2-256": EspCipher(initialization_vector=16, block=16, integrity_check=16),
    "SHA2-384": EspCipher(initialization_vector=16, block=16, integrity_check=24),
    "SHA2-512": EspCipher(initialization_vector=16, block=16, integrity_check=32),
}


@dataclass(frozen=True)
class MtuLayer:
    """One layer of a tunnel."""

    name: str
    taken: int
    """What it takes of each packet, in bytes."""
    left: int
    """Largest packet inside it, in bytes."""


@dataclass(frozen=True)
class MtuStack:
    """A link's tunnels, from the path outside to the packet inside."""

    name: str
    layers: list[MtuLayer]
    mtu: int
    """Largest packet inside, in bytes."""
    mss: int
    """Largest TCP segment inside, in bytes."""

    @property
    def arithmetic(self) -> str:
        """The sum as people write it: `1500 − 20 − 8 − 8 − 16 − 2 = 1446`."""
        outside, *rest = self.layers
        terms = [str(outside.left), *(str(layer.taken) for layer in rest if layer.taken)]
        return f"{' − '.join(terms)} = {self.mtu}"

    @property
    def mss_arithmetic(self) -> str:
        """The sum of the TCP segment: `1446 − 20 − 20 = 1406`."""
        return f"{self.mtu} − {_IPV4_HEADER} − {_TCP_HEADER} = {self.mss}"


def esp_cipher(encryption: str, integrity: str) -> EspCipher:
    """Return what a phase 2 suite adds, named in AWS's words; AES-GCM has its own integrity.

    :param encryption: such as `AES256-GCM-16` or `AES256`
    :param integrity: such as `SHA2-256`
    """
    return AES_GCM_16 if encryption.endswith("-GCM-16") else _AES_CBC[integrity]


def esp_mtu(path_mtu: int, cipher: EspCipher, *, nat_traversal: bool) -> int:
    """Return the largest IPv4 packet, in bytes, that ESP in tunnel mode carries unfragmented over an IPv4 path.

    floor((path − 20 − (8 if NAT-T) − 8 − IV − ICV) / block) × block − 2; it reproduces every row of AWS's table
    (https://docs.aws.amazon.com/vpn/latest/s2svpn/cgw-best-practice.html): 1446 for AES-GCM at 1500, 1438 with NAT-T.

    :param path_mtu: MTU of the path outside the tunnel, in bytes
    :param cipher: the cipher of phase 2
    :param nat_traversal: whether ESP travels in UDP because an end is behind NAT
    """
    return path_mtu - sum(taken for _, taken in _esp(path_mtu, cipher, nat_traversal=nat_traversal))


def _esp(path_mtu: int, cipher: EspCipher, *, nat_traversal: bool) -> list[tuple[str, int]]:
    steps = [
        ("IPv4 header", _IPV4_HEADER),
        ("UDP header of NAT traversal", _UDP_HEADER if nat_traversal else 0),
        ("ESP header", _ESP_HEADER),
        ("initialization vector", cipher.initialization_vector),
        ("integrity check", cipher.integrity_check),
    ]
    room = path_mtu - sum(taken for _, taken in steps)
    return [*steps, ("rest of a block", room % cipher.block), ("ESP trailer", _ESP_TRAILER)]


def wireguard_mtu(path_mtu: int, *, ipv6: bool = False) -> int:
    """Return the largest packet, in bytes, that WireGuard carries over a path.

    It is the path less 60 bytes over IPv4 and 80 over IPv6 (https://www.wireguard.com/protocol/; 1440 and 1420 at
    1500). WireGuard pads what it encrypts to 16 bytes, yet never beyond the interface's MTU.

    :param path_mtu: MTU of the path outside the tunnel, in bytes
    :param ipv6: whether the path outside is IPv6
    """
    return path_mtu - sum(taken for _, taken in _wireguard(ipv6=ipv6))


def _wireguard(*, ipv6: bool) -> list[tuple[str, int]]:
    outside = ("IPv6 header", _IPV6_HEADER) if ipv6 else ("IPv4 header", _IPV4_HEADER)
    return [outside, ("UDP header", _UDP_HEADER), ("WireGuard", _WIREGUARD)]


def tcp_mss(mtu: int) -> int:
    """Return the largest TCP segment, in bytes, that fits an MTU over IPv4 without options."""
    return mtu - _IPV4_HEADER - _TCP_HEADER


@dataclass(frozen=True)
class OutsidePath:
    """The path outside a link's tunnels."""

    name: str
    """What is its narrowest part: the internet, or a gateway's own path to it."""
    mtu: int
    """Largest packet on it, in bytes."""


def outside_path(topology: Topology, link: Link) -> OutsidePath:
    """Return the path outside a link's tunnels: all of them have the size that the narrowest of its gateways leaves."""
    cloud = limits.number("aws.internet-gateway.mtu" if isinstance(link, Wireguard) else "aws.vpn.outside-mtu")
    ends = [topology.sites.get(end) for end in link.between]
    gateways = [gateway for site in ends if isinstance(site, OnpremSite) for gateway in site.gateways]
    paths = [OutsidePath(f"path of {gateway.name}", gateway.path_mtu) for gateway in gateways]
    return min([OutsidePath("internet", cloud), *paths], key=lambda path: path.mtu)


def link_stack(topology: Topology, name: str) -> MtuStack:
    """Return the layers of a link's tunnels."""
    link = topology.links[name]
    outside = outside_path(topology, link)
    layers = [MtuLayer(outside.name, 0, outside.mtu)]
    for step, taken in _steps(link, outside.mtu):
        layers.append(MtuLayer(step, taken, layers[-1].left - taken))
    mtu = layers[-1].left
    return MtuStack(name, layers, mtu, tcp_mss(mtu))


def _steps(link: Link, outside: int) -> list[tuple[str, int]]:
    if isinstance(link, Wireguard):
        return [*_wireguard(ipv6=False), ("held back by `mtu`", wireguard_mtu(outside) - link.mtu)]
    suite = IpsecSuite()
    return _esp(outside, esp_cipher(suite.encryption, suite.integrity), nat_traversal=link.nat_traversal)
