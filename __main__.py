"""One stack's estate: read its topology, plan it, declare it, and tell about it."""

from pathlib import Path

import pulumi

from hybridge.diagram import diagram
from hybridge.estate import Estate
from hybridge.planning import AddressBook, make_plan
from hybridge.report import report
from hybridge.topology import ProblemsFound, read_topology

stack = pulumi.get_stack()
stacks = Path(pulumi.runtime.get_root_directory()) / "stacks"
try:
    topology = read_topology(pulumi.Config("hybridge").require("topology"))
    plan = make_plan(topology, AddressBook.read(stacks / f"addresses.{stack}.yaml"), stack)
except ProblemsFound as found:
    raise pulumi.RunError(found.told(f"stacks/Pulumi.{stack}.yaml")) from None

pulumi.export("devices", Estate(plan).devices)
pulumi.export("diagram", diagram(plan))
pulumi.export("report", report(plan))
