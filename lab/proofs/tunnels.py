"""Every tunnel is up, with exactly the declared suite, at both ends: asked of the daemons themselves."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from lab.esp import RENDERED_FILE

from .verdict import Lab, Verdict, until

PROOF: Final = "tunnel"
_HANDSHAKE_SECONDS: Final = 180
"""Age after which WireGuard uses no key any more, in seconds (REJECT_AFTER_TIME, https://www.wireguard.com/protocol/)."""
_REKEY_SECONDS: Final = 4.0
_REKEYINGS: Final = 6
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


def proof(lab: Lab) -> list[Verdict]:
    """Wait for the tunnels, then have IPsec's children made again: only from then on have they a group of their own."""
    found = until(lab.patience, lambda: tunnels(lab))
    renewed = [
        tunnel["name"]
        for link, tunnel in lab.rehearsed.tunnels
        if link["via"] != "wireguard" and _up(found, tunnel["name"])
    ]
    again = found
    for _ in range(_REKEYINGS):
        pending = [name for name in renewed if again is found or not _up(again, name)]
        if not pending:
            break
        _rekey(lab, pending)
        again = until(_REKEY_SECONDS, lambda: tunnels(lab, renewed=renewed))
    # What was down before is told as it was.
    return [new if old.holds else old for old, new in zip(found, again, strict=True)]


def _rekey(lab: Lab, names: Iterable[str]) -> None:
    """Have gateways make children again; one that is at it already, as after both ends began at once, does not."""
    for name in names:
        for machine in _ends(lab, name):
            if RENDERED_FILE in lab.sketch.machines[machine].files:
                lab.built.run(machine, "swanctl", "--rekey", "--child", name)


def _up(found: Iterable[Verdict], name: str) -> bool:
    return all(each.holds for each in found if each.subject.startswith(f"{name} at "))


def _ends(lab: Lab, tunnel: str) -> list[str]:
    return sorted(each for each in lab.sketch.machines if each.startswith(f"{tunnel}@"))


def tunnels(lab: Lab, renewed: Collection[str] = ()) -> list[Verdict]:
    """Return what both ends of each tunnel say of it.

    :param lab: the lab
    :param renewed: IPsec tunnels whose children have been made again, and so have a group of their own
    """
    return [
        verdict
        for link, tunnel in lab.rehearsed.tunnels
        for verdict in _of(lab, link, tunnel, renewed=tunnel["name"] in renewed)
    ]


def _of(lab: Lab, link: dict[str, object], tunnel: dict[str, str], *, renewed: bool) -> Iterator[Verdict]:
    name, suite = tunnel["name"], tunnel["suite"]
    if link["via"] == "wireguard":
        gateway, instance = tunnel["from"].split()[0], tunnel["to"].split()[0]
        for machine, address in ((gateway, tunnel["from"].split()[1]), (instance, tunnel["to"].split()[1])):
            yield Verdict(PROOF, f"{name} at {machine}", suite, *_wireguard(lab, machine, address, suite))
    else:
        for machine in sorted(each for each in lab.sketch.machines if each.startswith(f"{name}@")):
            found = _ipsec(lab.built.answer(machine, "swanctl", "--list-sas"), renewed=renewed)
            yield Verdict(PROOF, f"{name} at {machine.rpartition('@')[2]}", suite, found, found == suite)


def _ipsec(said: str, *, renewed: bool = False) -> str:
    """Tell strongSwan's security associations in the plan's words.

    The first child has the group of IKE, whatever its own is; one that was made again has its own. Where both ends
    began at once, there may be a first one beside it for a while: what was made again counts, whichever of them it is.
    """
    ike = re.search(r"ESTABLISHED, (IKEv\d)", said)
    suite = re.search(r"^  (AES\S+)$", said, re.MULTILINE)
    children = re.findall(r"INSTALLED, TUNNEL\S*, ESP:(\S+)", said)
    if not (ike and suite and children):
        return "down"
    parts = suite.group(1).split("/")
    encryption, prf, group = parts[0], parts[-2], parts[-1]
    again = [each for each in children if "/" in each]
    wrong = [each for each in again if group not in each.split("/")]
    child = [*wrong, *again, *children][0]
    words = [
        ike.group(1),
        _ENCRYPTION.get(encryption, encryption),
        _PRF.get(prf, prf),
        f"DH {_GROUPS.get(group, group)}",
    ]
    inner, *rest = child.split("/")
    if inner != encryption:
        words.append(f"and {inner} inside")
    if renewed and group not in rest:
        words.append(f"and {_told(rest)} inside, as children are made again")
    return " ".join(words)


def _told(parts: list[str]) -> str:
    return next((f"DH {_GROUPS[part]}" for part in parts if part in _GROUPS), "no group")


def _wireguard(lab: Lab, machine: str, address: str, suite: str) -> tuple[str, bool]:
    """Tell whether a tunnel's last handshake succeeded; WireGuard has one suite."""
    interface = lab.built.answer(machine, "ip", "-br", "-4", "address", "show", "to", address).split()
    if not interface:
        return "no interface", False
    times = lab.built.answer(machine, "wg", "show", interface[0], "latest-handshakes").split()
    now = time.time()
    fresh = bool(times[1::2]) and all(now - int(each) < _HANDSHAKE_SECONDS for each in times[1::2])
    return (suite, True) if fresh else ("no handshake", False)
