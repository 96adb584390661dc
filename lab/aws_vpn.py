"""AWS's end of site-to-site VPN connections: an endpoint for each tunnel, and the hub that speaks BGP through them.

An endpoint is strongSwan, set up from the options that were declared for the tunnel, in AWS's words. What AWS fills in
where nothing was declared is its documented default
(https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html, 2026-11-28).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from itertools import product
from typing import Any, Final

from rehearsal.clouds.ledger import LedgerObject

from . import daemons, esp
from .sketch import NEAR, Machine, Sketch, lines, over

_ENCRYPTION: Final = {
    "AES128": "aes128",
    "AES256": "aes256",
    "AES128-GCM-16": "aes128gcm16",
    "AES256-GCM-16": "aes256gcm16",
}
_INTEGRITY: Final = {"SHA1": "sha1", "SHA2-256": "sha256", "SHA2-384": "sha384", "SHA2-512": "sha512"}
_GROUPS: Final = {
    2: "modp1024",
    5: "modp1536",
    14: "modp2048",
    15: "modp3072",
    16: "modp4096",
    17: "modp6144",
    18: "modp8192",
    19: "ecp256",
    20: "ecp384",
    21: "ecp521",
    22: "modp1024s160",
    23: "modp2048s224",
    24: "modp2048s256",
}
_DEFAULTS: Final[Mapping[int, Mapping[str, list[Any]]]] = {
    phase: {
        "EncryptionAlgorithms": list(_ENCRYPTION),
        "IntegrityAlgorithms": list(_INTEGRITY),
        "DhGroupNumbers": [number for number in _GROUPS if number not in missing],
    }
    for phase, missing in ((1, {5}), (2, set[int]()))
}
_PREFIX_LIMIT: Final = 100
"""Prefixes that AWS takes of a customer gateway (https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html)."""
_PROBE_SECONDS: Final = 10
"""AWS probes a silent peer this often (interval and retries in the configuration that AWS offers for download)."""


@dataclass(frozen=True)
class Tunnel:
    """A tunnel as it was declared to AWS."""

    number: int
    options: Mapping[str, Any]
    """The connection's inputs for this tunnel, without `tunnel1` before their names."""
    outside: str
    """AWS's public address."""
    customer: str
    """The customer gateway's."""
    customer_asn: int
    inside: IPv4Network
    key: str

    @property
    def aws_inside(self) -> str:
        """AWS's address inside: the first."""
        return str(self.inside[1])

    @property
    def customer_inside(self) -> str:
        """The customer gateway's address inside: the second."""
        return str(self.inside[2])

    def several(self, phase: int, name: str) -> list[Any]:
        """Return what the tunnel permits."""
        given = self.options.get(f"Phase{phase}{name}")
        return list(given) if given else list(_DEFAULTS[phase][name])

    def seconds(self, name: str, default: int) -> int:
        """Return a time that was declared, or AWS's."""
        return int(self.options.get(name) or default)


@dataclass
class Hub:
    """A transit gateway or a virtual private gateway."""

    asn: int
    networks: list[IPv4Network]
    """What it announces: the ranges of its VPCs."""
    tunnels: list[Tunnel] = field(default_factory=list[Tunnel])

    def frr_conf(self, *, spread: bool) -> str:
        """Write what the hub says in BGP: a hub tells each tunnel what it learned through the others as well."""
        sessions: list[str] = []
        for tunnel in self.tunnels:
            neighbour = f" neighbor {tunnel.customer_inside}"
            sessions += [
                f"{neighbour} remote-as {tunnel.customer_asn}",
                f"{neighbour} timers 10 30",
                f"{neighbour} timers connect 5",
                f"{neighbour} update-source {tunnel.aws_inside}",
            ]
        return lines(
            "frr defaults traditional",
            f"router bgp {self.asn}",
            " bgp router-id 198.18.0.1",
            " no bgp ebgp-requires-policy",
            " no bgp network import-check",
            " bgp bestpath as-path multipath-relax" if spread else [],
            sessions,
            " address-family ipv4 unicast",
            [f"  network {network}" for network in self.networks],
            [f"  neighbor {tunnel.customer_inside} maximum-prefix {_PREFIX_LIMIT}" for tunnel in self.tunnels],
            f"  maximum-paths {max(len(self.tunnels), 1) if spread else 1}",
            " exit-address-family",
            "exit",
            "end",
        )


def tunnels(connection: LedgerObject, customer: LedgerObject) -> Iterable[Tunnel]:
    """Return the two tunnels of a VPN connection."""
    for number in (1, 2):
        prefix = f"tunnel{number}"
        options = {
            name.removeprefix(prefix): value for name, value in connection.inputs.items() if name.startswith(prefix)
        }
        yield Tunnel(
            number=number,
            options=options,
            outside=str(connection.outputs[f"{prefix}Address"]),
            customer=str(customer.inputs["ipAddress"]),
            # AWS takes numbers of 32 bits by another name.
            customer_asn=int(str(customer.inputs.get("bgpAsn") or customer.inputs["bgpAsnExtended"])),
            inside=IPv4Network(str(connection.outputs[f"{prefix}InsideCidr"])),
            key=str(connection.outputs[f"{prefix}PresharedKey"]),
        )


def endpoint(sketch: Sketch, machine: Machine, tunnel: Tunnel, name: str, hub: Hub) -> Machine:
    """Add AWS's end of a tunnel.

    :param sketch: the lab
    :param machine: the hub's
    :param tunnel: the tunnel
    :param name: the machine's name
    :param hub: what the tunnel leads to
    """
    inside = f"tunnel{len(hub.tunnels)}"
    router = esp.tunnel_router(sketch, machine, inside, tunnel.aws_inside, name)
    machine.ip(f"address add {tunnel.aws_inside}/30 dev {inside}")
    router.ip(f"address add {tunnel.outside}/32 dev lo")
    router.ip(f"route add default src {tunnel.outside} {over('net0', NEAR)}")
    dead = tunnel.seconds("DpdTimeoutSeconds", 30)
    daemons.charon(router, _settings(dead), _connections(tunnel))
    return router


def _settings(dead_seconds: int) -> str:
    """Let a peer be dead after so many seconds of silence."""
    tries = 4
    pause = max(dead_seconds - _PROBE_SECONDS, 1) / (tries + 1)
    return lines(
        "charon {",
        f"  retransmit_tries = {tries}",
        f"  retransmit_timeout = {pause:.1f}",
        "  retransmit_base = 1",
        "}",
    )


def _connections(tunnel: Tunnel) -> str:
    ike = tunnel.seconds("Phase1LifetimeSeconds", 28_800)
    child = tunnel.seconds("Phase2LifetimeSeconds", 3_600)
    margin = tunnel.seconds("RekeyMarginTimeSeconds", 270)
    spread = margin * tunnel.seconds("RekeyFuzzPercentage", 100) // 100
    versions = tunnel.options.get("IkeVersions") or ["ikev1", "ikev2"]
    after_death = str(tunnel.options.get("DpdTimeoutAction") or "clear")
    starts = tunnel.options.get("StartupAction") == "start"
    return lines(
        "connections {",
        "  aws {",
        f"    version = {2 if versions == ['ikev2'] else 1 if versions == ['ikev1'] else 0}",
        f"    proposals = {', '.join(_ike_proposals(tunnel))}",
        f"    local_addrs = {tunnel.outside}",
        f"    remote_addrs = {tunnel.customer}",
        # `none` is to do nothing about a dead peer.
        f"    dpd_delay = {0 if after_death == 'none' else _PROBE_SECONDS}s",
        f"    rekey_time = {ike - margin}s",
        f"    rand_time = {spread}s",
        f"    over_time = {margin}s",
        "    mobike = no",
        "    unique = replace",
        f"    keyingtries = {0 if starts else 1}",
        "    local {",
        "      auth = psk",
        f"      id = {tunnel.outside}",
        "    }",
        "    remote {",
        "      auth = psk",
        f"      id = {tunnel.customer}",
        "    }",
        "    children {",
        "      aws {",
        f"        esp_proposals = {', '.join(_esp_proposals(tunnel))}",
        "        local_ts = 0.0.0.0/0",
        "        remote_ts = 0.0.0.0/0",
        f"        rekey_time = {child - margin}s",
        f"        rand_time = {spread}s",
        f"        life_time = {child}s",
        f"        start_action = {'start' if starts else 'none'}",
        f"        close_action = {'start' if starts else 'none'}",
        f"        dpd_action = {'restart' if after_death == 'restart' else 'clear'}",
        "      }",
        "    }",
        "  }",
        "}",
        "secrets {",
        "  ike-aws {",
        f"    id-local = {tunnel.outside}",
        f"    id-remote = {tunnel.customer}",
        f'    secret = "{tunnel.key}"',
        "  }",
        "}",
    )


def _ike_proposals(tunnel: Tunnel) -> list[str]:
    found: list[str] = []
    for encryption, integrity, group in product(
        tunnel.several(1, "EncryptionAlgorithms"), tunnel.several(1, "IntegrityAlgorithms"), _groups(tunnel, 1)
    ):
        digest = _INTEGRITY[integrity]
        kind = f"prf{digest}" if "GCM" in encryption else digest
        found.append(f"{_ENCRYPTION[encryption]}-{kind}-{group}")
    return found


def _esp_proposals(tunnel: Tunnel) -> list[str]:
    found: dict[str, None] = {}
    for encryption, integrity, group in product(
        tunnel.several(2, "EncryptionAlgorithms"), tunnel.several(2, "IntegrityAlgorithms"), _groups(tunnel, 2)
    ):
        own = [] if "GCM" in encryption else [_INTEGRITY[integrity]]
        found["-".join([_ENCRYPTION[encryption], *own, group])] = None
    return list(found)


def _groups(tunnel: Tunnel, phase: int) -> list[str]:
    return [_GROUPS[int(number)] for number in tunnel.several(phase, "DhGroupNumbers")]
