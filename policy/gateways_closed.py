"""Gateways let in their peers and what they forward, and nobody else.

A gateway's tunnels end on the Internet, so its security group names each peer as a single host. What the gateway
forwards comes from the estate's own addresses. The policy is on the whole stack: which group a rule opens, and which
gateway has the group, shows only in what depends on what.

A single host from outside is a peer, and reaches tunnels alone. Their ports are those of the settings, and those of
rules with a link's tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, TypeAlias

from gateways import GATEWAY, INSTANCE, LINK, gateways
from known import at, items, mapping
from openings import GROUP, Opening, openings, tunnel_ports
from pulumi_policy import PolicyResource, ReportViolation, StackValidationArgs, StackValidationPolicy
from settings import misspelt, schema

_NAME: Final = "gateways-closed"
_INTERFACE: Final = "aws:ec2/networkInterface:NetworkInterface"
_ATTACHMENT: Final = "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment"
_REMEDY: Final = "Let in each peer as a single host, as in 203.0.113.10/32."

_Network: TypeAlias = IPv4Network | IPv6Network


def too_open(resources: Iterable[PolicyResource], config: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Find what gateways let in from others than their peers: a sentence each, and the URN of what lets it in."""
    inside = [ip_network(str(one), strict=False) for one in items(config.get("insideRanges"))]
    everything = list(resources)
    ports = [*map(_ports, items(config.get("tunnelPorts"))), *tunnel_ports(everything)]
    groups = _groups(everything)
    for resource in everything:
        for opening in openings(resource, groups):
            for sentence in _about(opening, inside, ports):
                yield sentence, resource.urn


def _about(opening: Opening, inside: list[_Network], ports: list[range]) -> Iterator[str]:
    for one in opening.lists:
        yield f"It lets in {opening} from the prefix list {one}, whose ranges cannot be seen. {_REMEDY}"
    for source in opening.ranges:
        network = _network(source)
        if network is None:
            continue
        is_inside = any(_within(network, one) for one in inside)
        if network.num_addresses == 1:
            if not is_inside and not opening.is_for_nothing_else(ports):
                yield (
                    f"It lets in {opening} from {source}, and peers outside reach nothing but tunnels: ESP, and UDP at "
                    f"their ports. If a tunnel ends there, give the rule the tag `{LINK}`, or add the port to "
                    "`tunnelPorts`."
                )
        elif not is_inside:
            yield (
                f"It lets in {opening} from {source}, and so others than the gateway's peers. {_REMEDY} "
                f"Whole ranges may come from inside alone: {', '.join(map(str, inside))}."
            )
        elif opening.is_for_tunnels(ports):
            yield f"It lets in {opening}, where tunnels end, from the whole of {source}. {_REMEDY}"


def _ports(setting: object) -> range:
    """Return the ports of a setting: one, or the first and the last as in `51820-51883`."""
    first, _, last = str(setting).partition("-")
    low, high = sorted((int(first), int(last or first)))
    return range(low, high + 1)


def _network(source: str) -> _Network | None:
    try:
        return ip_network(source, strict=False)
    except ValueError:
        return None  # AWS refuses it


def _within(network: _Network, other: _Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)


def _groups(resources: list[PolicyResource]) -> set[str]:
    """Return the URNs of the security groups of gateways: those with a gateway's tags, and those its instances have."""
    found = {
        resource.urn
        for resource in resources
        if resource.resource_type == GROUP and not {LINK, GATEWAY}.isdisjoint(mapping(at(resource.props, "tags")))
    }
    holders = {
        holder.urn: holder
        for gateway in gateways(resources)
        if gateway.resource.resource_type == INSTANCE and gateway.link is not None
        for holder in (gateway.resource, *(one for one in _needed(gateway.resource) if one.resource_type == _INTERFACE))
    }
    found |= {one.urn for holder in holders.values() for one in _needed(holder) if one.resource_type == GROUP}
    for resource in resources:
        if resource.resource_type == _ATTACHMENT and holders.keys() & _urns(resource, "networkInterfaceId"):
            found |= _urns(resource, "securityGroupId")
    return found


def _urns(resource: PolicyResource, name: str) -> set[str]:
    """Return the URNs of what a property comes from."""
    return {one.urn for one in resource.property_dependencies.get(name, ())}


def _needed(resource: PolicyResource) -> list[PolicyResource]:
    return [one for needed in resource.property_dependencies.values() for one in needed]


def _validate(args: StackValidationArgs, report: ReportViolation) -> None:
    config = mapping(at(args.get_config()))
    for sentence in misspelt(_NAME, config):
        report(sentence, None)
    for sentence, urn in too_open(args.resources, config):
        report(sentence, urn)


gateways_closed = StackValidationPolicy(
    _NAME,
    "Gateways let in their peers, and what they forward, and nobody else.",
    _validate,
    config_schema=schema(_NAME),
)
