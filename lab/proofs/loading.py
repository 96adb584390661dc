"""Every text of a gateway was taken by its own program as it is, without a word of complaint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lab import cloudinit, daemons, onprem
from lab.sketch import Machine

from .verdict import Lab, Verdict

PROOF: Final = "loading"
_NONE: Final = "no complaint"
_ANYTHING: Final = r"^.+$"
_WORDS: Final = r"(?:error|warning|unable|fail|refus|deprecat|unrecognized|unknown|invalid|ignor)"
_NO_KERNEL: Final = r"Error: Unknown device type|\[!\] Missing WireGuard kernel module"


@dataclass(frozen=True)
class _Program:
    """A program that reads texts."""

    reads: str
    """What the paths of its texts begin with; a machine that has none does not run it."""
    says: str
    """Where it said what it had to say when it read them, as a shell matches it."""
    complaint: str
    """How a line looks that is a complaint."""


_PROGRAMS: Final = {
    "FRR": _Program(daemons.START_FRR, daemons.FRR_BOOT_LOG, _ANYTHING),
    "the shell": _Program(f"{onprem.PLACE}/interfaces.sh", onprem.INTERFACES_LOG, _ANYTHING),
    "nftables": _Program(f"{onprem.PLACE}/firewall.nft", onprem.FIREWALL_LOG, _ANYTHING),
    # A plugin that is not to be had here belongs to no text.
    "strongSwan": _Program(
        daemons.CHARON_FILE,
        f"{daemons.CHARON_OUT} {daemons.CHARON_LOG} {daemons.SWANCTL_OUT}",
        rf"^(?!opening directory |\d+\[LIB\] loaded plugins|\d+\[LIB\] plugin |(?!00)\d+\[).*{_WORDS}.*$",
    ),
    "WireGuard": _Program("/etc/wireguard/", "/run/wg*.out", rf"^(?!{_NO_KERNEL}).*{_WORDS}.*$"),
    "cloud-init": _Program(cloudinit.INSTANCE, cloudinit.LOG, rf"^(?!{_NO_KERNEL}).*{_WORDS}.*$"),
    "Unbound": _Program(daemons.UNBOUND_FILE, daemons.UNBOUND_LOG, rf"^.*{_WORDS}.*$"),
}


def loadings(lab: Lab) -> list[Verdict]:
    """Return what the programs of every machine said of the texts that they were given."""
    return [verdict for machine in lab.sketch.machines.values() for verdict in _of(lab, machine)]


def _of(lab: Lab, machine: Machine) -> Iterator[Verdict]:
    for name, program in _PROGRAMS.items():
        if any(path.startswith(program.reads) for path in machine.files):
            said = lab.built.run(machine.name, "sh", "-c", f"cat {program.says}")
            told = complaints(name, said.stdout) if said.returncode == 0 else ["nobody knows what it said"]
            yield Verdict(PROOF, f"{name} of {machine.name}", _NONE, "; ".join(told) or _NONE, not told)


def complaints(program: str, said: str) -> list[str]:
    """Return what is a complaint of all that a program said."""
    return re.findall(_PROGRAMS[program].complaint, said, re.MULTILINE | re.IGNORECASE)
