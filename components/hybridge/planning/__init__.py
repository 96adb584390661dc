"""What follows from a topology, as pure functions: addresses, tunnels, sizes, problems. No Pulumi here."""

from .addresses import AddressBook
from .model import (
    AwsSitePlan,
    OnpremGateway,
    OnpremSitePlan,
    Plan,
    SiteToSiteVpnPlan,
    Tunnel,
    TunnelSize,
    VpnConnection,
)
from .plan import address_keys, make_plan, plan_reading, plan_stack, stack_problems
from .suites import IpsecSuite

__all__ = [
    "AddressBook",
    "AwsSitePlan",
    "IpsecSuite",
    "OnpremGateway",
    "OnpremSitePlan",
    "Plan",
    "SiteToSiteVpnPlan",
    "Tunnel",
    "TunnelSize",
    "VpnConnection",
    "address_keys",
    "make_plan",
    "plan_reading",
    "plan_stack",
    "stack_problems",
]
