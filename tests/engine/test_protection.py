"""What peers rely on is replaced by the real engine only where the stack asks for it, in an order that AWS takes."""

from __future__ import annotations

import yaml

from tests.engine.estates import Project


def change(project: Project, asn: int, *allowed: str) -> None:
    """Give the AWS site a virtual private gateway with this number."""
    content = yaml.safe_load(project.stack_file.read_text(encoding="utf-8"))
    topology = content["config"]["hybridge:topology"]
    topology["sites"]["aws-east"] |= {"hub": "virtual-private-gateway", "asn": asn}
    topology["allow_replacement"] = list(allowed)
    project.stack_file.write_text(yaml.safe_dump(content), encoding="utf-8")


def test_a_hub_is_replaced_only_where_the_stack_asks_for_it(project: Project) -> None:
    change(project, 64512)
    up = project.run("up")
    assert up.code == 0, up.text
    before = {found.urn: found.id for found in project.objects()}

    change(project, 64513)
    refused = project.run("up")
    assert refused.code != 0
    assert "The preview failed: nothing was created or changed." in refused.text
    assert "write `allow_replacement: [aws-east]` into the stack file." in refused.text
    assert "`protect` flag" not in refused.text
    assert {found.urn: found.id for found in project.objects()} == before

    change(project, 64513, "aws-east")
    replaced = project.run("up")
    assert replaced.code == 0, replaced.text
    assert "`aws-east` is not protected while this stands here" in replaced.text
    after = {found.urn: found.id for found in project.objects()}
    assert {urn.split("$")[-1].split("::")[0].rpartition(":")[2] for urn in after if after[urn] != before[urn]} == {
        "VpnGateway",
        "VpnGatewayAttachment",
        "VpnGatewayRoutePropagation",
    }
    log = (project.state / "logs" / "up.log").read_text(encoding="utf-8")
    deleted = log.index("VpnGatewayAttachment aws-east deleted original")
    assert deleted < log.index("VpnGatewayAttachment aws-east created replacement"), "a VPC has one gateway at a time"
