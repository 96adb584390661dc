"""Conditional forwarding as plain values: who answers for which domain, and who asks from where.

These are components' arguments as well, so they are what Pulumi's component analyzer accepts: dataclasses of text,
numbers and lists, whose annotations are real types (no postponed evaluation in this module).
"""

from dataclasses import dataclass
from typing import Final

ENDPOINT_ADDRESSES: Final = 2
"""Addresses of an endpoint, each in a subnet of another zone, so that one may fail."""


@dataclass(frozen=True)
class DnsForward:
    """A domain, with everything below it, that another site answers for."""

    domain: str
    site: str
    """The site that answers."""
    servers: list[str]
    """The addresses that its names are asked for at."""


@dataclass(frozen=True)
class AwsDnsPlan:
    """A VPC's resolver, and its endpoints: one where other sites ask it, and one where it asks them."""

    site: str
    inbound_addresses: list[str]
    """The inbound endpoint's address in each of the two subnets; other sites have them configured. Empty: nobody asks
    it, and there is none."""
    outbound_addresses: list[str]
    """The outbound endpoint's address in each of them; empty: AWS chooses."""
    forwards: list[DnsForward]
    """What it asks other sites for; empty: it asks nobody, and there is no outbound endpoint."""
    kept: list[str]
    """Own domains that lie below a forwarded one: the VPC's resolver answers them itself, whether or not a private
    zone has the name, as the other site would only ask back."""
    sources: list[str]
    """The ranges that may ask the inbound endpoint."""
    queries_per_second: int
    """What the inbound endpoint answers at the least while its connections are tracked, as its security group has
    them be."""

    @property
    def servers(self) -> list[str]:
        """Every address that the outbound endpoint asks."""
        return sorted({server for forward in self.forwards for server in forward.servers})

    @property
    def directions(self) -> list[str]:
        """The endpoints that there are, in Route 53's words: `inbound`, `outbound`."""
        return ["inbound"] * bool(self.inbound_addresses) + ["outbound"] * bool(self.forwards)


@dataclass(frozen=True)
class OnpremDnsPlan:
    """What a datacentre's resolvers need to know of other sites' domains."""

    site: str
    device: str
    """The name that their configuration goes by."""
    forwards: list[DnsForward]
    clients: list[str]
    """The networks that other sites' resolvers ask from."""


@dataclass(frozen=True)
class DnsPlan:
    """Conditional forwarding between all sites that links join."""

    aws_sites: list[AwsDnsPlan]
    onprem_sites: list[OnpremDnsPlan]
