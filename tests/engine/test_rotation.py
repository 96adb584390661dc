"""A tunnel's key is rotated by the real engine: one at a time, while its twin is up, and never by accident."""

from __future__ import annotations

import pytest
import yaml

from rehearsal.clouds.ledger import LedgerObject
from tests.engine.estates import Project

VPN = "aws:ec2/vpnConnection:VpnConnection"


def keys(project: Project) -> dict[str, object]:
    """What the simulated cloud has as each tunnel's key, by the tunnel's name."""
    return {
        f"{name(found)}-{number}": found.inputs[f"tunnel{number}PresharedKey"]
        for found in project.objects()
        if found.type == VPN
        for number in (1, 2)
    }


def name(found: LedgerObject) -> str:
    return found.urn.rpartition("::")[2]


def raise_generations(project: Project, **generations: int) -> None:
    """Give tunnels other keys in the stack file, and record it as `make plan` would have done one by one."""
    wanted = {tunnel.replace("_", "-", 1).replace("_", "/"): number for tunnel, number in generations.items()}
    content = yaml.safe_load(project.stack_file.read_text(encoding="utf-8"))
    content["config"]["hybridge:topology"]["links"]["dc1-aws"]["key_generations"] = wanted
    project.stack_file.write_text(yaml.safe_dump(content), encoding="utf-8")
    book = project.root / "stacks" / "addresses.minimal.yaml"
    recorded = yaml.safe_load(book.read_text(encoding="utf-8"))
    recorded["key_generations"] = {f"dc1-aws/{tunnel}": number for tunnel, number in wanted.items()}
    book.write_text(yaml.safe_dump(recorded), encoding="utf-8")


def down(project: Project, *tunnels: str) -> tuple[str, str]:
    """Have tunnels be down, as options of the command."""
    path = project.root / "faults.yaml"
    path.write_text(yaml.safe_dump([{"down": list(tunnels)}]), encoding="utf-8")
    return "--faults", str(path)


@pytest.fixture
def declared(project: Project) -> Project:
    """The estate as it is before anybody rotates a key."""
    up = project.run("up")
    assert up.code == 0, up.text
    return project


def test_a_key_is_rotated_once_its_twin_is_up(declared: Project) -> None:
    before, ids = keys(declared), {found.urn: found.id for found in declared.objects() if found.type == VPN}
    raise_generations(declared, edge_a_1=2)

    refused = declared.run("up", *down(declared, "dc1-aws-edge-a-2"))
    assert refused.code != 0
    assert "does not change while its twin dc1-aws-edge-a-2 is down" in refused.text
    assert "The preview failed: nothing was created or changed." in refused.text
    assert keys(declared) == before

    rotated = declared.run("up", *down(declared, "dc1-aws-edge-b-1"))
    assert rotated.code == 0, rotated.text
    after = keys(declared)
    assert {tunnel for tunnel in after if after[tunnel] != before[tunnel]} == {"dc1-aws-edge-a-1"}
    assert {found.urn: found.id for found in declared.objects() if found.type == VPN} == ids, "updated in place"
    swanctl = (declared.state / "devices" / "edge-a" / "swanctl.conf").read_text(encoding="utf-8")
    assert str(after["dc1-aws-edge-a-1"]) in swanctl
    assert str(before["dc1-aws-edge-a-1"]) not in swanctl

    again = declared.run("up", *down(declared, "dc1-aws-edge-a-2"))
    assert again.code == 0, again.text
    assert "Nothing changed." in again.text, "what was rotated is not rotated again"


@pytest.mark.parametrize("second", ["edge_a_2", "edge_b_1"])
def test_two_keys_of_a_link_do_not_change_together(declared: Project, second: str) -> None:
    before = keys(declared)
    raise_generations(declared, edge_a_1=2, **{second: 2})
    refused = declared.run("up")
    assert refused.code != 0
    assert "would change in one update of link dc1-aws" in refused.text
    assert keys(declared) == before


def test_a_refusal_tells_no_key(declared: Project) -> None:
    raise_generations(declared, edge_a_1=2, edge_a_2=2)
    refused = declared.run("up", "--verbose")
    assert refused.code != 0
    logs = "".join(path.read_text(encoding="utf-8") for path in (declared.state / "logs").rglob("*.log"))
    assert "would change in one update" in logs
    assert all(str(key) not in refused.text + logs for key in keys(declared).values())
