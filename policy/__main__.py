"""The policy pack: what is refused at preview, before anything exists."""

from pulumi_policy import PolicyPack
from vpn_suites import pinned_vpn_suites

PolicyPack(name="hybridge", policies=[pinned_vpn_suites])
