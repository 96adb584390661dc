"""With the SDK's faults worked around, the real engine is told the same: resources, outputs, errors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from rehearsal.context import Request
from rehearsal.opening import opened
from tests.engine.estates import Outcome, Project

CALL = "sdk_faults.work_around()\n"
HEAD = f'''"""Declares what a test looks at."""

import asyncio
import pulumi
import pulumi_aws as aws
import pulumi_random as random
from hybridge import sdk_faults

{CALL}
provider = aws.Provider("aws", region="us-east-1")
opts = pulumi.ResourceOptions(provider=provider)
key = random.RandomPassword("key", length=32, opts=pulumi.ResourceOptions(provider=random.Provider("random")))
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=opts)
'''
SOUND = (
    HEAD
    + """
subnets = [
    aws.ec2.Subnet(f"subnet-{number}", vpc_id=vpc.id, cidr_block=f"10.0.{number}.0/24", opts=opts)
    for number in range(8)
]
count = pulumi.Output.all(*[subnet.id for subnet in subnets]).apply(len)
after = pulumi.ResourceOptions(provider=provider, depends_on=subnets)
table = aws.ec2.RouteTable("table", vpc_id=vpc.id, tags={"subnets": count.apply(str)}, opts=after)


async def late():
    await asyncio.sleep(1)
    return "late"


vpc.arn.apply(lambda arn: pulumi.Output.from_input(late()).apply(lambda word: pulumi.info(f"{word}, and nobody waits")))
pulumi.log.debug("for debugging alone")
class Part(pulumi.ComponentResource):
    found: pulumi.Output[dict[str, str]]

    def __init__(self, name, before):
        options = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=before)], providers=[provider])
        super().__init__("test:index:Part", name, {}, options)
        inside = pulumi.ResourceOptions(parent=self)
        self.subnet = aws.ec2.Subnet(f"{name}-inner", vpc_id=vpc.id, cidr_block="10.0.100.0/24", opts=inside)
        self.found = pulumi.Output.all(id=self.subnet.id, key=key.result, plain={"none": None, "number": 1})
        self.register_outputs({"found": self.found, "format": pulumi.Output.format("{0}-{1}", key.result, 2)})


pulumi.export("part", Part("part", "apart").found)
pulumi.export("key", key.result)
pulumi.export("table", table.id.apply(lambda name: [name, pulumi.Output.from_input(late())]))
"""
)
IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What the engine identifies a provider by, new in every run."""
VPC = "aws:ec2/vpc:Vpc"
REFUSED = "VpcLimitExceeded, says a fault"
FAILING = {
    "an apply": "vpc.cidr_block.apply(lambda network: {}[network])",
    "an input": 'aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block=vpc.cidr_block.apply(lambda n: {}[n]), opts=opts)',
    "a registration": 'aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block=17, opts=opts)',
}


def project(root: Path, program: str) -> Project:
    root.mkdir()
    made = Project.copied(root)
    (root / "__main__.py").write_text(program, encoding="utf-8")
    return made


def both(root: Path, program: str) -> tuple[Project, Project]:
    """A project with a program, and one with the same program and the SDK as it is."""
    assert CALL in program
    return project(root / "worked-around", program), project(root / "as-it-is", program.replace(CALL, "\n"))


def registered(project: Project) -> dict[str, Any]:
    """The state by URN, without what differs from any run to the next."""
    text = IDENTIFIER.sub("identifier", json.dumps(project.exported()))
    resources = json.loads(text, object_hook=plain)["deployment"]["resources"]
    found = {resource["urn"]: resource for resource in resources}
    assert len(found) == len(resources)
    return found


def plain(part: dict[str, Any]) -> dict[str, Any]:
    dependencies = {name: sorted(part[name]) for name in ("dependencies",) if name in part}
    by_property = {
        name: {of: sorted(urns) for of, urns in part[name].items()}
        for name in ("propertyDependencies",)
        if name in part
    }
    kept = {name: value for name, value in part.items() if name not in {"created", "modified", "ciphertext"}}
    return {**kept, **dependencies, **by_property}


def told(outcome: Outcome) -> list[str]:
    """What a person reads, but for the frames of tracebacks: which of the failed outputs has the word is chance."""
    return [line for line in outcome.text.splitlines() if not line.startswith(" ")]


def test_the_same_is_registered_with_the_same_inputs_outputs_and_dependencies(tmp_path: Path) -> None:
    found: list[dict[str, Any]] = []
    for made in both(tmp_path, SOUND):
        done = made.run("up")
        assert done.code == 0, done.text
        assert "late, and nobody waits" in done.text
        found.append(registered(made))
    assert len(found[0]) == 16
    assert found[0] == found[1]


@pytest.mark.parametrize("fault", FAILING)
def test_an_error_is_told_in_the_same_words(fault: str, tmp_path: Path) -> None:
    words: list[list[str]] = []
    for made in both(tmp_path, HEAD + FAILING[fault]):
        done = made.run("preview")
        assert done.code != 0
        assert ("KeyError: '10.0.0.0/16'" in done.text and "in <lambda>" in done.text) or "cidrBlock" in done.text
        words.append(told(done))
    assert words[0] == words[1]


def test_a_creation_that_a_cloud_refuses_is_told_in_the_same_words(tmp_path: Path) -> None:
    fault = {"type": VPC, "operation": "create", "nth": 1, "effect": "fail", "message": REFUSED}
    faults = tmp_path / "faults.yaml"
    faults.write_text(yaml.safe_dump([fault]), encoding="utf-8")
    told_by: list[set[str]] = []
    for made in both(tmp_path, HEAD):
        done = made.run("up", "--faults", str(faults))
        assert done.code != 0
        told_by.append({line for line in told(done) if REFUSED in line})
        assert not [found for found in made.objects() if found.type == VPC]
    assert told_by[0] == told_by[1] != set()


@pytest.mark.parametrize(("options", "shown"), [([], False), (["--debug"], True)])
def test_what_is_logged_for_debugging_is_there_for_who_asks_for_it(
    options: list[str], shown: bool, tmp_path: Path
) -> None:
    made = project(tmp_path / "project", SOUND + "pulumi.info(pulumi.log.debug.__module__)\n")
    request = Request(made.stack, made.root)
    with opened(request, Console(quiet=True), declaring=True) as (rehearsal, _):
        outcome, _ = rehearsal.operate("preview", *options)
        written = (rehearsal.stage.logs / "preview.log").read_text(encoding="utf-8")
    assert outcome.code == 0, written
    assert ("for debugging alone" in written) == shown
    assert (f"registering resource: ty={VPC}" in written) == shown
    assert ("hybridge.sdk_faults" in written) != shown, "without --debug, nothing is even sent"
