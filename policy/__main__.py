"""The policy pack: what is refused at preview, before anything exists."""

from gateways_closed import gateways_closed
from pulumi_policy import EnforcementLevel, PolicyPack
from redundant_gateways import redundant_gateways
from rego import rego_policies
from vpn_suites import pinned_vpn_suites

PolicyPack(
    name="hybridge",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[*rego_policies(), pinned_vpn_suites, gateways_closed, redundant_gateways],
)
