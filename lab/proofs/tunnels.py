"""Every tunnel is up, with exactly the declared suite, at both ends: asked of the daemons themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from .verdict import Lab, Verdict

PROOF: Final = "tunnel"
_ENCRYPTION: Final = {"AES_GCM_16-256": "AES-256-GCM", "AES_GCM_16-128": "AES-128-GCM"}
_PRF: Final = {f"PRF_HMAC_SHA2_{bits}": f"SHA-{bits}" for bits in (256, 384, 512)} | {"PRF_HMAC_SHA1": "SHA-1"}
_GROUPS: Final = {
    "MODP_1024": 2,
    "MODP_1536": 5,
    "MODP_2048": 14,
    "MODP_3072": 15,
    "MODP_4096": 16,
    "ECP_256": 19,
    "ECP_384": 20,
    "ECP_521": 21,
}


def tunnels(lab: Lab) -> list[Verdict]:
    """Return what both ends of each tunnel say of it."""
    return [verdict for link, tunnel in lab.rehearsed.tunnels for verdict in _of(lab, link, tunnel)]


def _of(lab: Lab, link: dict[str, object], tunnel: dict[str, str]) -> Iterator[Verdict]:
    name, suite = tunnel["name"], tunnel["suite"]
    if link["via"] == "wireguard":
        gateway, instance = tunnel["from"].split()[0], tunnel["to"].split()[0]
        for machine, address in ((gateway, tunnel["from"].split()[1]), (instance, tunnel["to"].split()[1])):
            yield Verdict(PROOF, f"{name} at {machine}", suite, *_wireguard(lab, machine, address, suite))
    else:
        for machine in sorted(each for each in lab.sketch.machines if each.startswith(f"{name}@")):
            found = _ipsec(lab.built.answer(machine, "swanctl", "--list-sas"))
            yield Verdict(PROOF, f"{name} at {machine.rpartition('@')[2]}", suite, found, found == suite)


def _ipsec(said: str) -> str:
    """Tell strongSwan's security associations in the plan's words."""
    ike = re.search(r"ESTABLISHED, (IKEv\d)", said)
    suite = re.search(r"^  (AES\S+)$", said, re.MULTILINE)
    child = re.search(r"INSTALLED, TUNNEL\S*, ESP:(\S+)", said)
    if not (ike and suite and child):
        return "down"
    parts = suite.group(1).split("/")
    encryption, prf, group = parts[0], parts[-2], parts[-1]
    words = [
        ike.group(1),
        _ENCRYPTION.get(encryption, encryption),
        _PRF.get(prf, prf),
        f"DH {_GROUPS.get(group, group)}",
    ]
    inner = child.group(1).split("/")[0]
    if inner != encryption:
        words.append(f"and {inner} inside")
    return " ".join(words)


def _wireguard(lab: Lab, machine: str, address: str, suite: str) -> tuple[str, bool]:
    """Tell whether a tunnel's last handshake succeeded; WireGuard has one suite."""
    interface = lab.built.answer(machine, "ip", "-br", "-4", "address", "show", "to", address).split()
    if not interface:
        return "no interface", False
    times = lab.built.answer(machine, "wg", "show", interface[0], "latest-handshakes").split()
    return (suite, True) if times[1::2] and all(int(each) for each in times[1::2]) else ("no handshake", False)
