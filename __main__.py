"""One stack's estate: read its topology, plan it, declare it, and tell about it."""

from pathlib import Path

import pulumi

from hybridge import sdk_faults
from hybridge.configured import configured_settings
from hybridge.diagram import diagram
from hybridge.estate import Estate
from hybridge.planning import plan_stack
from hybridge.report import report
from hybridge.topology import ProblemsFound

sdk_faults.work_around()
config, stack = pulumi.Config("hybridge"), pulumi.get_stack()
stacks = Path(pulumi.runtime.get_root_directory()) / "stacks"
try:
    text = config.get("topology") or "null"
    plan = plan_stack(text, stacks / f"addresses.{stack}.yaml", stack, configured_settings())
except ProblemsFound as found:
    raise pulumi.RunError(found.told(f"stacks/Pulumi.{stack}.yaml")) from None

estate = Estate(plan, config.require_secret)
pulumi.export("devices", estate.devices)
pulumi.export("cacerts", estate.cacerts)
pulumi.export("diagram", diagram(plan))
pulumi.export("report", report(plan))
