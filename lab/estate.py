"""What a rehearsal left behind for a lab: the simulated clouds, the gateways' files, and what the plan says of them.

The ends of links are built from the first two alone. The report says what no link decides, such as where a
datacentre's hosts are, and what the proofs hold the lab against.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, cast

from rehearsal.clouds.ledger import Ledger, LedgerError, LedgerObject
from rehearsal.stage import Stage

from .errors import LabError


@dataclass(frozen=True)
class Rehearsed:
    """A rehearsed stack."""

    stack: str
    objects: list[LedgerObject]
    """What the simulated clouds hold."""
    devices: Mapping[str, Mapping[str, str]]
    """Text by file name by gateway."""
    report: Mapping[str, Any]
    """The stack's output `report`."""

    @classmethod
    def read(cls, stage: Stage) -> Rehearsed:
        """Read what a rehearsal left.

        Raises LabError where there is none.
        """
        if not stage.report.exists() or not stage.ledger.exists():
            raise LabError(f"Stack {stage.stack} was not rehearsed: {_again(stage)}")
        try:
            report = json.loads(stage.report.read_text(encoding="utf-8"))
            with closing(Ledger(stage.ledger)) as ledger:
                objects = ledger.objects()
        except (ValueError, sqlite3.DatabaseError, LedgerError) as error:
            raise LabError(f"What the rehearsal of {stage.stack} left is damaged ({error}): {_again(stage)}") from error
        if not isinstance(report, dict) or not report.keys() >= _REPORTED:
            raise LabError(f"The rehearsal of {stage.stack} reports too little for a lab: {_again(stage)}")
        folders = sorted(stage.devices.iterdir()) if stage.devices.exists() else []
        devices = {
            folder.name: {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.iterdir())}
            for folder in folders
        }
        return cls(stage.stack, objects, devices, cast("dict[str, Any]", report))

    def of(self, type_: str) -> Iterator[LedgerObject]:
        """Return the clouds' objects of a type, such as `aws:ec2/vpc:Vpc`."""
        return (each for each in self.objects if each.type == type_)

    def by_id(self, identifier: object) -> LedgerObject:
        """Return the object of an identifier.

        Raises LabError where the clouds hold none.
        """
        found = [each for each in self.objects if each.id == identifier]
        if not found:
            raise LabError(f"The simulated clouds name {identifier}, and hold no such thing: rehearse the stack again.")
        return found[-1]

    @property
    def sites(self) -> list[dict[str, Any]]:
        """The report's sites."""
        return self.report["sites"]

    @property
    def tunnels(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """The report's links, each with each of its tunnels."""
        return ((link, tunnel) for link in self.report["links"] for tunnel in link["tunnels"])

    def tunnel_at(self, device_address: str) -> str:
        """Return the name of the tunnel in which an on-premises gateway has an address.

        Raises LabError where the report knows none.
        """
        for _, tunnel in self.tunnels:
            if tunnel["from"].split()[-1] == device_address:
                return tunnel["name"]
        raise LabError(f"The report knows no tunnel in which a gateway has {device_address}: rehearse the stack again.")

    def mtu(self, tunnel: str) -> int:
        """Return the largest packet inside a tunnel, in bytes, as planned."""
        return next(each["mtu"] for _, each in self.tunnels if each["name"] == tunnel)

    def path_mtu(self, tunnel: str) -> int:
        """Return the largest packet outside a tunnel, in bytes, as planned."""
        link = next(link["name"] for link, each in self.tunnels if each["name"] == tunnel)
        return next(each["layers"][0]["left"] for each in self.report["sizes"]["links"] if each["name"] == link)


def _again(stage: Stage) -> str:
    return f"`make rehearse STACK={stage.stack}` does it."


def name_of(found: LedgerObject) -> str:
    """Return an object's name in the program."""
    return found.urn.rpartition("::")[2]


_REPORTED: Final = {"links", "neighbours", "sites", "sizes"}
"""What a lab needs of a report."""
REQUIRED_FILES: Final = ("frr.conf", "interfaces.sh", "nftables.conf", "firewall.nft")
"""What every on-premises gateway with a tunnel has."""
