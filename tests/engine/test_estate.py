"""The stack `minimal` through its life: declared, unchanged, changed, drifted, refreshed and destroyed."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from rehearsal.clouds.ledger import Ledger, LedgerObject
from tests.engine.estates import Project

VPN = "aws:ec2/vpnConnection:VpnConnection"
CUSTOMER = "aws:ec2/customerGateway:CustomerGateway"


def of_type(project: Project, token: str) -> list[LedgerObject]:
    return [found for found in project.objects() if found.type == token]


def device(project: Project, gateway: str, name: str) -> str:
    return (project.state / "devices" / gateway / name).read_text(encoding="utf-8")


def test_the_estate_lives_and_dies(project: Project) -> None:
    preview = project.run("preview")
    assert preview.code == 0, preview.text
    assert project.objects() == [], "a preview creates nothing"

    up = project.run("up")
    assert up.code == 0, up.text
    assert up.text.splitlines()[0].startswith("Rehearsal of minimal: simulated clouds")
    assert len(of_type(project, CUSTOMER)) == 2
    assert len(of_type(project, VPN)) == 2
    tunnels_are_pinned_and_private(project)
    devices_end_the_tunnels_that_aws_made(project)
    nothing_but_explicit_providers(project)

    again = project.run("up")
    assert again.code == 0, again.text
    assert "Nothing changed." in again.text

    before = {found.urn: found.id for found in project.objects()}
    project.edit("203.0.113.11", "203.0.113.12")
    changed = project.run("up")
    assert changed.code == 0, changed.text
    after = {found.urn: found.id for found in project.objects()}
    moved = {urn.split("::")[-1] for urn in after if after[urn] != before.get(urn)}
    assert moved == {"dc1-aws-edge-b"}, "only the gateway whose address changed is made anew"
    assert (changed.counted("replaced"), changed.counted("updated")) == (1, 1)
    assert "local_addrs = 203.0.113.12" in device(project, "edge-b", "swanctl.conf")

    refresh = project.run("refresh")
    assert refresh.code == 0, refresh.text
    assert "Nothing changed." in refresh.text

    lost = of_type(project, "aws:ec2/route:Route")[0]
    ledger = Ledger(project.ledger)
    ledger.delete(lost)
    ledger.close()
    drifted = project.run("refresh")
    assert drifted.code == 0, drifted.text
    assert drifted.counted("deleted") == 1, drifted.text
    mended = project.run("up")
    assert mended.code == 0, mended.text
    assert mended.counted("created") == 1, mended.text

    destroyed = project.run("destroy")
    assert destroyed.code == 0, destroyed.text
    assert project.objects() == []
    assert not (project.state / "devices").exists()


def tunnels_are_pinned_and_private(project: Project) -> None:
    keys: set[object] = set()
    insides: set[object] = set()
    for connection in of_type(project, VPN):
        for number in (1, 2):
            options = {
                name.removeprefix(f"tunnel{number}"): value
                for name, value in connection.inputs.items()
                if name.startswith(f"tunnel{number}")
            }
            keys.add(options.pop("PresharedKey"))
            insides.add(options.pop("InsideCidr"))
            logs: Any = options.pop("LogOptions")
            assert all(logs["cloudwatchLogOptions"][name] is True for name in ("logEnabled", "bgpLogEnabled"))
            assert options == {
                "IkeVersions": ["ikev2"],
                "Phase1EncryptionAlgorithms": ["AES256-GCM-16"],
                "Phase1IntegrityAlgorithms": ["SHA2-384"],
                "Phase1DhGroupNumbers": [20],
                "Phase1LifetimeSeconds": 28800,
                "Phase2EncryptionAlgorithms": ["AES256-GCM-16"],
                "Phase2IntegrityAlgorithms": ["SHA2-384"],
                "Phase2DhGroupNumbers": [20],
                "Phase2LifetimeSeconds": 3600,
                "DpdTimeoutSeconds": 30,
                "DpdTimeoutAction": "restart",
                "StartupAction": "start",
            }
    assert len(keys) == 4, "each tunnel has its own key"
    assert insides == {f"169.254.6.{third}/30" for third in (0, 4, 8, 12)}


def devices_end_the_tunnels_that_aws_made(project: Project) -> None:
    for connection in of_type(project, VPN):
        gateway = connection.urn.rsplit("-", 2)
        name = f"edge-{gateway[-1]}"
        swanctl, frr = device(project, name, "swanctl.conf"), device(project, name, "frr.conf")
        for number in (1, 2):
            assert f"remote_addrs = {connection.outputs[f'tunnel{number}Address']}" in swanctl
            assert f'secret = "{connection.inputs[f"tunnel{number}PresharedKey"]}"' in swanctl
            assert f"neighbor {connection.outputs[f'tunnel{number}VgwInsideAddress']} remote-as 64512" in frr
    for path in (project.state / "devices").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def nothing_but_explicit_providers(project: Project) -> None:
    resources = project.exported()["deployment"]["resources"]
    providers = {resource["urn"] for resource in resources if resource["type"].startswith("pulumi:providers:")}
    assert not {urn for urn in providers if "default" in urn.split("::")[-1]}
    outputs = next(found["outputs"] for found in resources if found["type"] == "pulumi:pulumi:Stack")
    assert outputs["rehearsed"] is True


def test_no_generated_key_leaves_the_ledger_and_the_devices(project: Project) -> None:
    """The exported state and every log are searched for each key by its value."""
    up = project.run("up", "--verbose")
    assert up.code == 0, up.text
    keys = [
        str(connection.inputs[f"tunnel{number}PresharedKey"])
        for connection in of_type(project, VPN)
        for number in (1, 2)
    ]
    keys += [str(found.outputs["result"]) for found in of_type(project, "random:index/randomPassword:RandomPassword")]
    assert len(set(keys)) == 8, "four passwords, and four keys made of them"
    places = {"the exported state": json.dumps(project.exported()), "what was shown": up.text}
    allowed = (project.state / "devices", project.ledger)
    for path in project.state.rglob("*"):
        if path.is_file() and not any(path.is_relative_to(place) for place in allowed):
            places[str(path)] = path.read_bytes().decode(errors="replace")
    assert any(Path(name).suffix == ".log" for name in places)
    for name, text in places.items():
        for key in keys:
            assert key not in text, name
    shown = "".join(path.read_text() for path in (project.state / "devices").rglob("swanctl.conf"))
    assert sum(key in shown for key in keys) == 8, "the search finds keys where they are"
    assert stat.S_IMODE(project.state.stat().st_mode) == 0o700
    assert stat.S_IMODE(project.ledger.stat().st_mode) == 0o600


def test_identifiers_are_the_same_for_the_same_estate(project: Project) -> None:
    assert project.run("up").code == 0
    first = {found.urn: found.id for found in project.objects() if found.package == "aws"}
    project.forget()
    assert project.run("up").code == 0
    assert {found.urn: found.id for found in project.objects() if found.package == "aws"} == first


def test_a_removal_is_refused_until_it_is_unprotected_in_the_rehearsal(project: Project) -> None:
    """The advice must not be a command that would unprotect the real stack of the same name."""
    assert project.run("up").code == 0
    text = project.stack_file.read_text(encoding="utf-8")
    project.stack_file.write_text(text[: text.index("    links:")], encoding="utf-8")
    refused = project.run("up")
    assert refused.code != 0
    assert "pulumi state unprotect" not in refused.text
    assert refused.text.count("It is protected, so that it is not removed.") == 2
    assert "`make unprotect STACK=minimal NAME='dc1-aws-edge-a dc1-aws-edge-b'`" in refused.text
    unnamed = project.run("unprotect", "")
    assert unnamed.code == 1
    assert "`make unprotect STACK=minimal NAME=…`. Protected are: aws-east, dc1-aws-edge-a, " in unnamed.text
    unknown = project.run("unprotect", "dc1-aws-edge-c")
    assert unknown.code != 0
    assert "Protected are: aws-east, dc1-aws-edge-a, dc1-aws-edge-b." in unknown.text
    lifted = project.run("unprotect", "dc1-aws-edge-a", "dc1-aws-edge-b")
    assert lifted.code == 0, lifted.text
    removed = project.run("up")
    assert removed.code == 0, removed.text
    assert of_type(project, VPN) == []
