"""Declares what flat.json lists, one after another and without components."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi

from hybridge import sdk_faults

sdk_faults.work_around()
made: list[Any] = []


def value(written: Any) -> Any:
    """Return what was written, with the outputs of other resources in their places."""
    if isinstance(written, list):
        return [value(item) for item in written]
    if not isinstance(written, dict):
        return written
    if "$output" in written:
        return getattr(made[written["$output"]], written["name"])
    if "$joined" in written:
        return pulumi.Output.concat(*[value(part) for part in written["$joined"]])
    if "$after" in written:
        return pulumi.Output.all(*[made[number].id for number in written["$after"]]).apply(lambda _: written["value"])
    return {key: value(item) for key, item in written.items()}


content = json.loads((Path(__file__).parent / "flat.json").read_text(encoding="utf-8"))
for item in content["resources"]:
    options = pulumi.ResourceOptions(
        provider=None if item["provider"] is None else made[item["provider"]],
        protect=item["protect"] or None,
        depends_on=[made[number] for number in item["depends_on"]],
    )
    arguments = {name: value(written) for name, written in item["arguments"].items()}
    made.append(getattr(import_module(item["module"]), item["class"])(item["name"], opts=options, **arguments))
for name, output in content["told"].items():
    pulumi.export(name, output)
