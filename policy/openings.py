"""What AWS security groups let in, whether a rule stands in the group or is a resource of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gateways import LINK, PEER_RULE
from known import UNKNOWN, at, items, mapping
from pulumi_policy import PolicyResource

GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
_OLD_RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"

_EVERY_PROTOCOL: Final = "-1"
_UDP: Final = ("udp", "17")
_ESP: Final = ("esp", "50")
"""What tunnels run over, by name and by number (https://www.iana.org/assignments/protocol-numbers)."""


@dataclass(frozen=True)
class Opening:
    """Something that a security group lets in.

    Attributes:
        protocol: by name or number; `-1` is every one.
        first: the first port, where the protocol has ports and they are known.
        last: the last one.
        ranges: where it may come from, as far as that is known.
        lists: prefix lists it may come from.
    """

    protocol: str
    first: int | None
    last: int | None
    ranges: tuple[str, ...]
    lists: tuple[str, ...]

    def __str__(self) -> str:
        if self.protocol == _EVERY_PROTOCOL:
            return "everything"
        if self.first is None or self.last is None:
            return self.protocol
        return f"{self.protocol} {self.first}" + (f"-{self.last}" if self.last != self.first else "")

    def is_for_tunnels(self, ports: Iterable[range]) -> bool:
        """Say whether it is there for tunnels that end at these UDP ports, rather than for what is forwarded."""
        if self.protocol in _UDP and self.first is not None and self.last is not None:
            return any(self.first < some.stop and some.start <= self.last for some in ports)
        return self.protocol in _ESP

    def is_for_nothing_else(self, ports: Iterable[range]) -> bool:
        """Say whether nothing but tunnels to these UDP ports gets in; ports that are not known may be those."""
        if self.protocol in _UDP:
            return any(
                (self.first is None or self.first in some) and (self.last is None or self.last in some)
                for some in ports
            )
        return self.protocol in _ESP


def tunnel_ports(resources: Iterable[PolicyResource]) -> Iterator[range]:
    """Yield the UDP ports of rules that say by a link's tag that they let in the link's tunnels."""
    for resource in resources:
        if resource.resource_type == PEER_RULE and LINK in mapping(at(resource.props, "tags")):
            opening = _with_one(at(resource.props))
            if opening.protocol in _UDP and opening.first is not None and opening.last is not None:
                yield range(opening.first, opening.last + 1)


def openings(resource: PolicyResource, groups: set[str]) -> Iterator[Opening]:
    """Yield what a resource has some of these security groups let in; the groups are known by their URNs."""
    if resource.resource_type == GROUP:
        if resource.urn in groups:
            yield from map(_with_many, items(at(resource.props, "ingress")))
    elif resource.resource_type in {PEER_RULE, _OLD_RULE}:
        opened = {group.urn for group in resource.property_dependencies.get("securityGroupId", ())}
        if opened.isdisjoint(groups):
            return
        if resource.resource_type == PEER_RULE:
            yield _with_one(at(resource.props))
        elif at(resource.props, "type") == "ingress":
            yield _with_many(at(resource.props))


def _with_many(rule: object) -> Opening:
    found = mapping(rule)
    ranges = [*items(found.get("cidrBlocks")), *items(found.get("ipv6CidrBlocks"))]
    return _opening(found, found.get("protocol"), ranges, items(found.get("prefixListIds")))


def _with_one(rule: object) -> Opening:
    found = mapping(rule)
    ranges = [found.get("cidrIpv4"), found.get("cidrIpv6")]
    return _opening(found, found.get("ipProtocol"), ranges, [found.get("prefixListId")])


def _opening(
    rule: Mapping[str, object], protocol: object, ranges: Iterable[object], lists: Iterable[object]
) -> Opening:
    first, last = rule.get("fromPort"), rule.get("toPort")
    return Opening(
        str(protocol).lower(),
        first if isinstance(first, int) else None,
        last if isinstance(last, int) else None,
        tuple(str(one) for one in ranges if one and one is not UNKNOWN),
        tuple(str(one) for one in lists if one),
    )
