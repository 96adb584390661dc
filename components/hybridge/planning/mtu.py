"""How large a packet may be inside a tunnel, computed layer by layer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EspCipher:
    """What an ESP cipher adds to each packet, in bytes (RFC 4303, RFC 4106)."""

    initialization_vector: int
    block: int
    integrity_check: int


AES_GCM_16 = EspCipher(initialization_vector=8, block=4, integrity_check=16)

_IPV4_HEADER = 20
_TCP_HEADER = 20
_UDP_HEADER = 8
_ESP_HEADER = 8
"""SPI and sequence number."""
_ESP_TRAILER = 2
"""Pad length and next header."""


def esp_mtu(path_mtu: int, cipher: EspCipher, *, nat_traversal: bool) -> int:
    """Return the largest IPv4 packet, in bytes, that ESP in tunnel mode carries unfragmented over an IPv4 path.

    floor((path − 20 − (8 if NAT-T) − 8 − IV − ICV) / block) × block − 2; it reproduces every row of AWS's table
    (https://docs.aws.amazon.com/vpn/latest/s2svpn/cgw-best-practice.html): 1446 for AES-GCM at 1500, 1438 with NAT-T.

    :param path_mtu: MTU of the path outside the tunnel, in bytes
    :param cipher: the cipher of phase 2
    :param nat_traversal: whether ESP travels in UDP because an end is behind NAT
    """
    outside = _IPV4_HEADER + (_UDP_HEADER if nat_traversal else 0)
    room = path_mtu - outside - _ESP_HEADER - cipher.initialization_vector - cipher.integrity_check
    return room // cipher.block * cipher.block - _ESP_TRAILER


def tcp_mss(mtu: int) -> int:
    """Return the largest TCP segment, in bytes, that fits an MTU over IPv4 without options."""
    return mtu - _IPV4_HEADER - _TCP_HEADER
