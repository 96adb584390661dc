"""Every text of a gateway was taken by its own program as it is, without a word of complaint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from .verdict import Lab, Verdict

PROOF: Final = "loading"
_NONE: Final = "no complaint"
_WORDS: Final = r"(?:error|warning|unable|fail|refus|deprecat|unrecognized|unknown|invalid|ignor)"
_NO_KERNEL: Final = r"Error: Unknown device type|\[!\] Missing WireGuard kernel module"
_SAID: Final = {
    "FRR": ("/run/frr/boot.log", r"^.+$"),
    "strongSwan": ("/run/swanctl.out", rf"^(?!opening directory ).*{_WORDS}.*$"),
    "WireGuard": ("/run/wg*.out", rf"^(?!{_NO_KERNEL}).*{_WORDS}.*$"),
    "cloud-init": ("/run/cloud-init.out", rf"^(?!{_NO_KERNEL}).*{_WORDS}.*$"),
    "Unbound": ("/run/unbound.log", rf"^.*{_WORDS}.*$"),
}
"""Where the programs said what they had to say when they read their texts, and how a complaint looks."""


def loadings(lab: Lab) -> list[Verdict]:
    """Return what the programs of every machine said of the texts that they were given."""
    return [verdict for machine in lab.sketch.machines for verdict in _of(lab, machine)]


def _of(lab: Lab, machine: str) -> Iterator[Verdict]:
    for program, (places, _) in _SAID.items():
        said = lab.built.run(machine, "sh", "-c", f"cat {places} 2>/dev/null")
        if said.returncode == 0:
            told = complaints(program, said.stdout)
            yield Verdict(PROOF, f"{program} of {machine}", _NONE, "; ".join(told) or _NONE, not told)


def complaints(program: str, said: str) -> list[str]:
    """Return what is a complaint of all that a program said."""
    return re.findall(_SAID[program][1], said, re.MULTILINE | re.IGNORECASE)
