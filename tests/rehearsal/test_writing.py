"""What a rehearsal writes for people says of itself that it is none of the real thing."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rehearsal.writing import write_devices

ORIGIN = "MADE BY A REHEARSAL of dev: its keys and the cloud's addresses are invented."


@pytest.mark.parametrize(
    ("name", "text", "written"),
    [
        ("swanctl.conf", "# For strongSwan.\nconnections {}\n", f"# {ORIGIN}\n# For strongSwan.\nconnections {{}}\n"),
        ("frr.conf", "! For FRR.\nhostname a\n", f"! {ORIGIN}\n! For FRR.\nhostname a\n"),
        ("interfaces.sh", "#!/bin/sh\nset -eu\n", f"#!/bin/sh\n# {ORIGIN}\nset -eu\n"),
        ("firewall.nft", "#!/usr/sbin/nft -f\ntable a {}\n", f"#!/usr/sbin/nft -f\n# {ORIGIN}\ntable a {{}}\n"),
        ("empty.conf", "", f"# {ORIGIN}\n"),
    ],
)
def test_a_device_configuration_says_first_that_a_rehearsal_made_it(
    tmp_path: Path, name: str, text: str, written: str
) -> None:
    devices = {"edge-a": {name: text}}
    (path,) = write_devices(devices, tmp_path / "devices", "dev")
    assert path.read_text(encoding="utf-8") == written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert devices == {"edge-a": {name: text}}


def test_what_is_no_longer_there_is_removed(tmp_path: Path) -> None:
    directory = tmp_path / "devices"
    write_devices({"edge-a": {"frr.conf": ""}}, directory, "dev")
    assert write_devices(None, directory, "dev") == []
    assert not directory.exists()
