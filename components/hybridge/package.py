"""Every component, as what the Pulumi package `hybridge` offers to programs in any language."""

from __future__ import annotations

from typing import Final

import pulumi

from hybridge.dns.aws import AwsDnsForwarding
from hybridge.dns.onprem import OnpremDnsForwarding
from hybridge.links.site_to_site_vpn import OnpremSiteToSiteVpn
from hybridge.links.site_to_site_vpn_aws import AwsSiteToSiteVpn
from hybridge.links.vpc_route_server import VpcRouteServer
from hybridge.links.wireguard import OnpremWireguard
from hybridge.links.wireguard_aws import AwsWireguard
from hybridge.sites.aws import AwsSite
from hybridge.sites.onprem import OnpremSite
from hybridge.trust.cluster import ClusterAuthority
from hybridge.trust.root import RootAuthority

COMPONENTS: Final[list[type[pulumi.ComponentResource]]] = [
    AwsDnsForwarding,
    AwsSite,
    AwsSiteToSiteVpn,
    AwsWireguard,
    ClusterAuthority,
    OnpremDnsForwarding,
    OnpremSite,
    OnpremSiteToSiteVpn,
    OnpremWireguard,
    RootAuthority,
    VpcRouteServer,
]
