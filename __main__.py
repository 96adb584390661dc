"""One stack's estate: read its topology, plan it, declare it, and tell about it."""

from pathlib import Path

import pulumi

from hybridge.diagram import diagram
from hybridge.estate import Estate
from hybridge.planning import plan_stack
from hybridge.report import report
from hybridge.topology import ProblemsFound

stack = pulumi.get_stack()
stacks = Path(pulumi.runtime.get_root_directory()) / "stacks"
try:
    plan = plan_stack(pulumi.Config("hybridge").get("topology") or "null", stacks / f"addresses.{stack}.yaml", stack)
except ProblemsFound as found:
    raise pulumi.RunError(found.told(f"stacks/Pulumi.{stack}.yaml")) from None

pulumi.export("devices", Estate(plan).devices)
pulumi.export("diagram", diagram(plan))
pulumi.export("report", report(plan))
