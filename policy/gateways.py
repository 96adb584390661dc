"""Which resources are gateways of a link, and of which: what hybridge's components write into their tags.

Other programs may write the same tags, and are then judged by the same policies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from known import UNKNOWN, at, mapping
from pulumi_policy import PolicyResource

LINK: Final = "hybridge:link"
"""The name of the link that a gateway belongs to."""
GATEWAY: Final = "hybridge:gateway"
"""The name of the gateway."""
REASON: Final = "hybridge:single-gateway"
"""Why the link may do with one gateway, where it may."""

CUSTOMER_GATEWAY: Final = "aws:ec2/customerGateway:CustomerGateway"
CONNECTION: Final = "aws:ec2/vpnConnection:VpnConnection"
INSTANCE: Final = "aws:ec2/instance:Instance"
PEER_RULE: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
"""With a link's tags it lets in a gateway at the other end, and stands for that."""


@dataclass(frozen=True)
class Gateway:
    """A resource that stands for a gateway of a link.

    Attributes:
        resource: the resource.
        link: the link's name; `UNKNOWN` where it, or whether there is one, is not known yet; None where there is none.
        name: the gateway's name; its URN where it has none.
        reason: why the link may do with one gateway; empty where nothing is stated.
    """

    resource: PolicyResource
    link: str | None
    name: str
    reason: str


def gateways(resources: Iterable[PolicyResource]) -> Iterator[Gateway]:
    """Yield what stands for a gateway, or might."""
    for resource in resources:
        if resource.resource_type in {CUSTOMER_GATEWAY, CONNECTION, INSTANCE, PEER_RULE}:
            found = at(resource.props, "tags")
            tags = mapping(found)
            link = UNKNOWN if found is UNKNOWN else tags.get(LINK)
            name = tags.get(GATEWAY)
            yield Gateway(
                resource,
                link=link if isinstance(link, str) else None,
                name=name if isinstance(name, str) and name is not UNKNOWN else resource.urn,
                reason=str(tags.get(REASON, "")).strip(),
            )
