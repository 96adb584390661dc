"""Every link has two gateways, unless somebody stated why one will do: a gateway that fails takes its link with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from gateways import CONNECTION, CUSTOMER_GATEWAY, INSTANCE, LINK, PEER_RULE, REASON, Gateway, gateways
from known import UNKNOWN
from pulumi_policy import PolicyResource, ReportViolation, StackValidationArgs, StackValidationPolicy
from settings import misspelt, schema

_NAME: Final = "redundant-gateways"
_SIDES: Final = ((CUSTOMER_GATEWAY, CONNECTION), (INSTANCE,), (PEER_RULE,))
"""The types that stand for the same gateways: of a site-to-site VPN the datacentre's, of WireGuard the cloud's, and the
datacentre's by the rules that let them in."""

_REMEDY: Final = f"Give it a second one, or state in a tag `{REASON}` why one will do."


def single_gateways(resources: Iterable[PolicyResource]) -> Iterator[tuple[str, str]]:
    """Find the links that hang on one gateway without a stated exception: a sentence each, and the gateway's URN."""
    found = list(gateways(resources))
    for gateway in found:
        if gateway.link is None and gateway.resource.resource_type == CONNECTION and not gateway.reason:
            yield f"Without a tag `{LINK}` it is a link of its own, with one gateway. {_REMEDY}", gateway.resource.urn
    for types in _SIDES:
        side = [gateway for gateway in found if gateway.resource.resource_type in types]
        if not any(gateway.link is UNKNOWN for gateway in side):  # which may be any link's second one
            yield from _single(side)


def _single(side: Iterable[Gateway]) -> Iterator[tuple[str, str]]:
    links: defaultdict[str, list[Gateway]] = defaultdict(list)
    for gateway in side:
        if gateway.link is not None:
            links[gateway.link].append(gateway)
    for link, members in links.items():
        # A customer gateway without a connection, or the other way round, is no gateway.
        by_type: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for member in members:
            by_type[member.resource.resource_type][member.name] = member.resource.urn
        fewest = min(by_type.values(), key=len)
        if len(fewest) == 1 and not any(member.reason for member in members):
            name, urn = next(iter(fewest.items()))
            shown = name.rpartition("::")[2]
            yield f"Link `{link}` hangs on one gateway, `{shown}`, and is down whenever that is. {_REMEDY}", urn


def _validate(args: StackValidationArgs, report: ReportViolation) -> None:
    for sentence in misspelt(_NAME, args.get_config()):
        report(sentence, None)
    for sentence, urn in single_gateways(args.resources):
        report(sentence, urn)


redundant_gateways = StackValidationPolicy(
    _NAME,
    "Every link has two gateways, or a stated reason why one will do.",
    _validate,
    config_schema=schema(_NAME),
)
