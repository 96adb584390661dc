"""The key of every IPsec tunnel is changed, one tunnel after the other, and no packet between the sites' hosts is lost.

As the README says: the tunnel's session is shut down first, so that traffic is elsewhere; AWS takes the new key, which
ends the tunnel; the gateway loads its new file and starts the tunnel; and then the session comes back.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from typing import Any, Final

from lab.daemons import CONNECTIONS_FILE
from lab.errors import LabError
from lab.esp import RENDERED_FILE

from . import sessions, tunnels
from .failover import flapping, listening, resets
from .verdict import Lab, Verdict, until

PROOF: Final = "rotation"
_LONGEST: Final = 0.2
"""Seconds between two answers, of packets that are sent every 10 ms: longer is told, as when the machine is busy."""
_MOVE_SECONDS: Final = 1.0


def rotations(lab: Lab) -> Iterator[Verdict]:
    """Change the key of each IPsec tunnel."""
    for link, tunnel in lab.rehearsed.tunnels:
        if link["via"] == "site-to-site-vpn":
            yield _rotation(lab, link, tunnel)


def _rotation(lab: Lab, link: dict[str, Any], tunnel: dict[str, Any]) -> Verdict:
    here, there = sorted(link["between"])
    name, gateway = tunnel["name"], tunnel["from"].split()[0]
    before, downs = _spis(lab, name), resets(lab)
    told: list[str] = []
    with listening(lab, here, there) as silence:
        _session(lab, gateway, name, "shutdown")
        time.sleep(_MOVE_SECONDS)
        _change_key(lab, name)
        up = until(lab.patience, lambda: [each for each in tunnels.tunnels(lab) if each.subject.startswith(f"{name} ")])
        _session(lab, gateway, name, "no shutdown")
        back = until(lab.patience, lambda: sessions.sessions(lab))
        time.sleep(_MOVE_SECONDS)
    longest, lost = max(silence.pauses, default=0.0), silence.lost()
    if not all(each.holds for each in up) or _spis(lab, name) & before:
        told.append("the tunnel does not come up with its new key")
    if not all(each.holds for each in back):
        told.append("sessions stay down")
    told += flapping(downs, resets(lab), lambda session: session[-1] == name)
    told.append(f"{lost} packets lost" if lost else "no packet lost")
    holds = len(told) == 1 and not lost
    if longest > _LONGEST:
        told.append(f"one answered only {longest:.2f} s after another")
    return Verdict(PROOF, name, "no packet lost", ", ".join(told), holds)


def _session(lab: Lab, gateway: str, tunnel: str, state: str) -> None:
    session = next(
        each for each in lab.rehearsed.report["neighbours"] if each["tunnel"] == tunnel and each["gateway"] == gateway
    )
    address = sessions.peer_address(lab, session)
    words = state.rpartition("shutdown")[0]
    lab.configure(gateway, f"router bgp {session['asn']}", f"{words}neighbor {address} shutdown")


def _change_key(lab: Lab, tunnel: str) -> None:
    """Give both ends of a tunnel a new key, the cloud's first: it ends what it had, as AWS does."""
    key = secrets.token_urlsafe(32)
    cloud, device = sorted(
        (each for each in lab.sketch.machines if each.startswith(f"{tunnel}@")),
        key=lambda machine: RENDERED_FILE in lab.sketch.machines[machine].files,
    )
    _write(lab, cloud, CONNECTIONS_FILE, r"(\bsecret = )\"[^\"]*\"", key)
    _load(lab, cloud)
    lab.built.run(cloud, "swanctl", "--terminate", "--ike", "aws", "--force")
    _write(lab, device, RENDERED_FILE, rf"(ike-{re.escape(tunnel)} {{[^}}]*\bsecret = )\"[^\"]*\"", key)
    _load(lab, device)
    # The gateway has tried with its old key and given up; a key that is loaded starts nothing.
    lab.built.run(device, "swanctl", "--initiate", "--child", tunnel, "--timeout", "10")


def _write(lab: Lab, machine: str, path: str, pattern: str, key: str) -> None:
    text = lab.built.answer(machine, "cat", path)
    changed, count = re.subn(pattern, rf'\1"{key}"', text)
    if count != 1:
        raise LabError(f"{path} of {machine} has {count} keys to change.")
    done = lab.built.run(machine, "tee", path, given=changed)
    if done.returncode:
        raise LabError(f"{path} of {machine} cannot be written: {done.stderr.strip()}")


def _load(lab: Lab, machine: str) -> None:
    lab.built.answer(machine, "swanctl", "--load-all", "--clear", "--noprompt", "--file", CONNECTIONS_FILE)


def _spis(lab: Lab, tunnel: str) -> set[str]:
    """Return the identities of a tunnel's present IKE security associations."""
    machines = [each for each in lab.sketch.machines if each.startswith(f"{tunnel}@")]
    said = lab.built.answer(machines[0], "swanctl", "--list-sas")
    return set(re.findall(r"IKEv\d, (\w+)_i", said))
