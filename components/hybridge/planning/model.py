"""What follows from a topology, as plain values: the plan that components, device configurations and report share.

These are the components' arguments as well, so they are what Pulumi's component analyzer accepts: dataclasses of
text, numbers, lists and text enums, whose annotations are real types (no postponed evaluation in this module).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from .suites import IpsecSuite
from .wireguard_model import WireguardPlan


class TunnelSize(StrEnum):
    """The size of a managed tunnel, in AWS's words."""

    STANDARD = "standard"
    LARGE = "large"


@dataclass(frozen=True)
class Tunnel:
    """One encrypted path of a link, and the /30 inside it."""

    name: str
    """Unique in the estate: link, gateway and number."""
    number: int
    """1 or 2: which of its connection's two tunnels it is."""
    inside: str
    """The /30 inside it."""
    cloud_address: str
    """The cloud's address inside: the first usable one, as AWS assigns it."""
    device_address: str
    """The device's address inside: the second usable one."""
    interface_id: int
    """XFRM interface ID on the device, unique there because the inside range is."""
    key_generation: int = 1
    """Which of its keys in time this one is; a higher one is another key."""
    preshared_key_secret: str = ""
    """Name of the secret that holds its key; empty: the key is made here."""

    @property
    def interface(self) -> str:
        """The device's network interface; Linux allows 15 characters."""
        return f"xfrm{self.interface_id}"


@dataclass(frozen=True)
class VpnConnection:
    """One gateway's connection to the cloud's VPN service: two tunnels that end at two places of the cloud."""

    name: str
    gateway: str
    public_ip: str
    tunnels: list[Tunnel]


@dataclass(frozen=True)
class SiteToSiteVpnPlan:
    """A site-to-site VPN link: everything that both of its ends must agree on."""

    name: str
    onprem: str
    """The on-premises site."""
    cloud: str
    """The cloud site."""
    device_asn: int
    cloud_asn: int
    connections: list[VpnConnection]
    suite: IpsecSuite
    dead_peer_seconds: int
    ike_seconds: int
    child_seconds: int
    bgp_keepalive_seconds: int
    bgp_hold_seconds: int
    tunnel_size: TunnelSize
    cloud_ranges: list[str]
    """What the gateways accept, and nothing else."""
    prefix_limit: int
    """How many prefixes a gateway takes before it closes the session."""
    mtu: int
    """Largest IPv4 packet inside a tunnel, in bytes."""
    mss: int
    """Largest TCP segment inside a tunnel, in bytes."""
    nat_traversal: bool = False
    """Whether ESP travels in UDP."""
    log_retention_days: int = 0
    """How long AWS keeps the tunnels' logs; 0: it keeps none."""
    standby: bool = False
    """Whether it carries traffic only while the sites' other links are down."""
    single_gateway: str = ""
    """Why one on-premises gateway is enough; empty: there are two or more."""
    announced: list[str] = field(default_factory=list[str])
    """What the gateways announce over this link."""
    preference: int = 100
    """BGP local preference that the gateways give to what they learn over this link; the highest wins."""

    @property
    def tunnels(self) -> list[Tunnel]:
        """Every tunnel of the link."""
        return [tunnel for connection in self.connections for tunnel in connection.tunnels]


class HubKind(StrEnum):
    """What the links of an AWS site attach to."""

    TRANSIT_GATEWAY = "transit-gateway"
    VIRTUAL_PRIVATE_GATEWAY = "virtual-private-gateway"


@dataclass(frozen=True)
class ExistingVpcPlan:
    """A VPC that is not hybridge's own, and the parts of it that links may use."""

    id: str
    route_tables: list[str]
    attachment_subnets: list[str]
    gateway_subnets: list[str]
    resolver_subnets: list[str]


@dataclass(frozen=True)
class AwsSitePlan:
    """A VPC and the hub that its links attach to."""

    name: str
    region: str
    asn: int
    ranges: list[str]
    zones: list[str]
    """Availability zones by name; empty: the Region's first ones, as many as there are attachment subnets."""
    attachment_subnets: list[str]
    """One /28 a zone at the end of the primary range, for the transit gateway attachment alone; empty without one."""
    remote_ranges: list[str]
    """What is reached over the hub; the VPC routes it there."""
    hub: HubKind = HubKind.TRANSIT_GATEWAY
    hub_wanted: bool = True
    """Whether any link attaches to the hub."""
    existing: ExistingVpcPlan | None = None
    """The VPC to use; None: a new one is made."""
    gateway_subnets: list[str] = field(default_factory=list[str])
    """One public /28 a gateway instance; empty without WireGuard links."""
    resolver_subnets: list[str] = field(default_factory=list[str])
    """Two /28s in two zones for the resolver endpoints; empty without DNS forwarding."""
    account: str = ""
    """The only account whose credentials are accepted; empty: any."""
    role: str = ""
    """The role to assume; empty: none."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags of everything."""
    alarm_emails: list[str] = field(default_factory=list[str])
    """Who is told of a tunnel that is down, by an SNS topic of the site's own."""
    alarm_topic: str = ""
    """ARN of the SNS topic to use instead."""


@dataclass(frozen=True)
class OnpremGateway:
    """An on-premises edge device."""

    name: str
    public_ip: str
    lan_address: str = ""
    """Its address in the site's own network; empty: not told."""


@dataclass(frozen=True)
class HandoverPlan:
    """The BGP sessions of a site's gateways with each other, over the site's own network."""

    far_ranges: list[str]
    """What they tell each other of, and take, and nothing else: what the links lead to."""
    preference: int
    """BGP local preference of what another gateway tells; the highest wins."""
    prefix_limit: int
    """How many prefixes a gateway takes before it closes a session."""
    bgp_keepalive_seconds: int
    bgp_hold_seconds: int
    bfd_milliseconds: int
    """How often each gateway tells the others that it is alive."""
    bfd_multiplier: int
    """How many of these may be missed."""


@dataclass(frozen=True)
class OnpremSitePlan:
    """A datacentre with its gateways and the links that end there."""

    name: str
    asn: int
    ranges: list[str]
    gateways: list[OnpremGateway]
    vpns: list[SiteToSiteVpnPlan]
    wireguards: list[WireguardPlan] = field(default_factory=list[WireguardPlan])
    handover: HandoverPlan | None = None
    """How a gateway whose tunnels are down sends to the others; None: it does not."""
