"""A WireGuard link as planning decides it: its two ends' gateways and the tunnels between them.

These are components' arguments as well: dataclasses of text, numbers, lists and text enums, whose annotations are real
types (no postponed evaluation in this module).
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Architecture(StrEnum):
    """What an instance's processor runs, in Debian's words."""

    AMD64 = "amd64"
    ARM64 = "arm64"


@dataclass(frozen=True)
class WireguardTunnel:
    """The tunnel between one on-premises gateway and one gateway instance, and the /30 inside it."""

    name: str
    """Unique in the estate: link, gateway and the instance's number."""
    gateway: str
    """The on-premises gateway."""
    instance: str
    """The gateway instance."""
    inside: str
    """The /30 inside it."""
    device_address: str
    """The on-premises gateway's address inside: the first usable one."""
    cloud_address: str
    """The instance's address inside: the second usable one."""
    port: int
    """UDP port of both ends."""

    @property
    def interface(self) -> str:
        """The network interface at both ends, called after the port: unique there, and no addition renames it."""
        return f"wg{self.port}"


@dataclass(frozen=True)
class WireguardGateway:
    """An on-premises gateway as an end of the link."""

    name: str
    """Link and gateway: the name of its key."""
    gateway: str
    public_ip: str
    public_key: str = ""
    """Its public key, where it keeps the private one to itself; empty: the pair is made here."""


@dataclass(frozen=True)
class WireguardInstance:
    """A gateway instance in the cloud, in a zone of its own."""

    name: str
    """Link and number: the name of its key too."""
    number: int
    """1 or 2: which of the site's gateway subnets it is in, and how it ranks where only one can be taken."""
    elastic_ip: str = ""
    """The Elastic IP address to use; empty: a new one is allocated."""


@dataclass(frozen=True)
class WireguardPlan:
    """A WireGuard link: everything that both of its ends must agree on."""

    name: str
    onprem: str
    """The on-premises site."""
    cloud: str
    """The cloud site."""
    region: str
    """The cloud site's Region."""
    device_asn: int
    gateway_asn: int
    """The instances' autonomous system."""
    cloud_asn: int
    """The autonomous system of the VPC's route server."""
    gateways: list[WireguardGateway]
    instances: list[WireguardInstance]
    tunnels: list[WireguardTunnel]
    keepalive_seconds: int
    bgp_keepalive_seconds: int
    bgp_hold_seconds: int
    bfd_milliseconds: int
    """How often each end tells the other that it is alive."""
    bfd_multiplier: int
    """How many of these may be missed."""
    instance_type: str
    architecture: Architecture
    announced: list[str]
    """What the on-premises gateways announce."""
    cloud_announced: list[str]
    """What the instances announce to them."""
    onprem_ranges: list[str]
    """What the instances accept, and let through."""
    cloud_ranges: list[str]
    """What the on-premises gateways accept, and let through."""
    prefix_limit: int
    """How many prefixes a gateway takes before it closes the session."""
    mtu: int
    """Largest IPv4 packet inside a tunnel, in bytes."""
    mss: int
    """Largest TCP segment inside a tunnel, in bytes."""
    preference: int = 100
    """BGP local preference that the on-premises gateways give to what they learn over this link; the highest wins."""
    standby: bool = False
    """Whether it carries traffic only while the sites' other links are down."""
    single_gateway: str = ""
    """Why one gateway at an end is enough; empty: both have two or more."""
    made_keys: list[str] = field(default_factory=list[str])
    """Names of the gateways and instances whose key pairs are made here."""
