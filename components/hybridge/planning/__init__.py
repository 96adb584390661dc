"""What follows from a topology, as pure functions: addresses, tunnels, sizes, problems. No Pulumi here."""

from .addresses import AddressBook, AddressNeeds
from .model import (
    AwsSitePlan,
    ExistingVpcPlan,
    HandoverPlan,
    HubKind,
    OnpremGateway,
    OnpremSitePlan,
    SiteToSiteVpnPlan,
    Tunnel,
    TunnelSize,
    VpnConnection,
)
from .needs import address_needs
from .plan import make_plan, plan_reading, plan_stack, stack_problems
from .recording import recording_problems
from .secrets import ConfiguredSecret, Settings, settings_of_file
from .suites import IpsecSuite
from .whole import Plan
from .wireguard_model import WireguardPlan

__all__ = [
    "AddressBook",
    "AddressNeeds",
    "AwsSitePlan",
    "ConfiguredSecret",
    "ExistingVpcPlan",
    "HandoverPlan",
    "HubKind",
    "IpsecSuite",
    "OnpremGateway",
    "OnpremSitePlan",
    "Plan",
    "Settings",
    "SiteToSiteVpnPlan",
    "Tunnel",
    "TunnelSize",
    "VpnConnection",
    "WireguardPlan",
    "address_needs",
    "make_plan",
    "plan_reading",
    "plan_stack",
    "recording_problems",
    "settings_of_file",
    "stack_problems",
]
