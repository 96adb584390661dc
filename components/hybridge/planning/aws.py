"""Plans AWS sites: whose they are, the VPC's ranges, the hub's number, the subnets, and who hears of alarms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Final

from hybridge.topology import AwsSite, Link, Problem, Severity, Topology, Wireguard, meant, path_of

from . import limits
from .aws_parts import AwsParts, aws_parts, named_partners, subnets
from .aws_vpc import existing_vpc_problems
from .model import AwsSitePlan, ExistingVpcPlan, HubKind
from .routing import owned_texts
from .tags import TAGGABLE
from .vpc_ranges import VpcRanges

_ARN_REGION: Final = 3
_ARN_ACCOUNT: Final = 4


def aws_problems(topology: Topology, name: str, site: AwsSite, links: Mapping[str, Link]) -> Iterator[Problem]:
    """Find what is wrong with an AWS site.

    :param topology: what a person declared
    :param name: the site's name
    :param site: the site
    :param links: its links by name
    """
    parts = aws_parts(topology, name, site, links.values())
    yield from _region_problems(name, site)
    yield from _identity_problems(name, site)
    asns = limits.limits()["aws.hub.private-asns"]
    if not any(least <= site.asn <= most for least, most in limits.spans("aws.hub.private-asns")):
        yield Problem(
            path_of("sites", name, "asn"),
            f"A {site.hub.value.replace('-', ' ')} cannot have AS {site.asn}.",
            f"Use 64512 to 65534 or 4200000000 to 4294967294 ({asns.reference}).",
        )
    yield from _range_problems(name, site)
    if site.vpc is None:
        yield from _room_problems(name, site, parts)
    else:
        partners = named_partners(topology, name, links.values())
        yield from existing_vpc_problems(name, site, site.vpc, parts, partners)
    for index, zone in enumerate(site.zones or ()):
        if zone[:-1] != site.region or zone in (site.zones or ())[:index]:
            yield Problem(
                path_of("sites", name, "zones", index),
                f"`{zone}` is no further zone of {site.region}.",
                f"Name different zones of the Region, such as `{site.region}a` and `{site.region}b`.",
            )
    yield from _alarm_problems(name, site, links)
    yield from _tag_problems(name, site)


def _region_problems(name: str, site: AwsSite) -> Iterator[Problem]:
    known = limits.words("aws.regions")
    if site.region not in known:
        source = limits.limits()["aws.regions"].reference
        yield Problem(
            path_of("sites", name, "region"),
            f"`{site.region}` is no AWS Region that is known here.",
            meant(site.region, known, f"Name one of {source}."),
        )


def _identity_problems(name: str, site: AwsSite) -> Iterator[Problem]:
    identity = site.identity
    if identity and identity.role and identity.role.split(":")[_ARN_ACCOUNT] != identity.account:
        yield Problem(
            path_of("sites", name, "identity", "role"),
            f"The role is one of account {identity.role.split(':')[_ARN_ACCOUNT]}, and the site is in "
            f"{identity.account}.",
            "Name a role of the site's account.",
        )


def _range_problems(name: str, site: AwsSite) -> Iterator[Problem]:
    widest, narrowest = limits.bounds("aws.vpc.prefix-lengths")
    for index, network in enumerate(site.ranges):
        if not widest <= network.prefixlen <= narrowest:
            yield Problem(
                path_of("sites", name, "ranges", index),
                f"A VPC's ranges are /{widest} to /{narrowest}, and `{network}` is a /{network.prefixlen}.",
                f"Choose a range of such a size ({limits.limits()['aws.vpc.prefix-lengths'].reference}).",
            )
    yield from _further_range_problems(name, site)


def _room_problems(name: str, site: AwsSite, parts: AwsParts) -> Iterator[Problem]:
    last = subnets(site, parts.attachments + parts.gateways)[-1:]
    if not last:
        return
    taken = int(site.ranges[0].broadcast_address) - int(last[0].network_address) + 1
    if taken * 2 > site.ranges[0].num_addresses:
        yield Problem(
            path_of("sites", name, "ranges", 0),
            f"The subnets of the hub and of gateway instances lie in the last {taken} addresses of "
            f"`{site.ranges[0]}`, which is more than half of it.",
            "Give the VPC a larger primary range.",
        )


def _further_range_problems(name: str, site: AwsSite) -> Iterator[Problem]:
    most = limits.limits()["aws.vpc.ranges"]
    if len(site.ranges) > limits.number("aws.vpc.ranges"):
        yield Problem(
            path_of("sites", name, "ranges"),
            f"A VPC has at most {most.value} ranges, and these are {len(site.ranges)}.",
            f"Use fewer, larger ranges ({most.reference}).",
        )
    rule = limits.limits()["aws.vpc.families"]
    vpc = VpcRanges(site.ranges[0], site.ranges[1:])
    widest, narrowest = limits.bounds("aws.vpc.prefix-lengths")
    for index, network in enumerate(site.ranges):
        if not widest <= network.prefixlen <= narrowest:
            continue
        refusal = vpc.refusal(network) if index else None
        if refusal is not None:
            yield Problem(
                path_of("sites", name, "ranges", index),
                f"AWS does not add `{network}` to {refusal}.",
                f"Take another one of the primary's own family, or of 100.64.0.0/10 ({rule.reference}).",
            )
        advice = limits.limits()["aws.vpc.not-advised"]
        if any(network.overlaps(IPv4Network(text)) for text in limits.words("aws.vpc.not-advised")):
            yield Problem(
                path_of("sites", name, "ranges", index),
                f"Some of AWS's services use addresses of `{network}` inside, and do not reach hosts that have them.",
                f"Take another range for a new VPC ({advice.reference}).",
                Severity.WARNING,
            )


def _alarm_problems(name: str, site: AwsSite, links: Mapping[str, Link]) -> Iterator[Problem]:
    place = path_of("sites", name, "alarms")
    emails, topic = (site.alarms.emails, site.alarms.topic) if site.alarms else ([], None)
    if emails and topic:
        yield Problem(
            place,
            "Both e-mail addresses and a topic are given, and hybridge changes nothing of a topic that exists.",
            "Subscribe the addresses to the topic yourself and remove `emails`, or remove `topic`.",
        )
    elif links and not emails and not topic:
        yield Problem(
            place,
            f"Nobody is told when a tunnel of site `{name}` is down.",
            "Name who is, as in `alarms: { emails: [network@example.com] }`.",
            Severity.WARNING,
        )
    for index, email in enumerate(emails):
        if email in emails[:index]:
            yield Problem(f"{place}.emails[{index}]", f"`{email}` stands there twice.", "Remove one.")
    if topic and topic.split(":")[_ARN_REGION] != site.region:
        # CloudWatch says so itself: "Invalid region ... specified. Only ... is supported."
        yield Problem(
            f"{place}.topic",
            f"An alarm in {site.region} only reaches topics there, and this one is in {topic.split(':')[_ARN_REGION]}.",
            "Name a topic of the site's Region; what subscribes to it may be anywhere.",
        )


def _tag_problems(name: str, site: AwsSite) -> Iterator[Problem]:
    for key, value in site.tags.items():
        if not re.fullmatch(f"[{TAGGABLE}]*", value):
            yield Problem(
                path_of("sites", name, "tags", key),
                f"`{value}` has characters that some of AWS's services refuse in a tag.",
                "Use letters, digits, spaces and `_.:/=+-@`.",
            )


def aws_site_plan(topology: Topology, name: str, site: AwsSite, links: Mapping[str, Link]) -> AwsSitePlan:
    """Decide an AWS site that has no problem.

    :param topology: what a person declared
    :param name: the site's name
    :param site: the site
    :param links: its links by name
    """
    parts = aws_parts(topology, name, site, links.values())
    own = parts if site.vpc is None else AwsParts(parts.hub, (), (), ())
    return AwsSitePlan(
        name=name,
        region=site.region,
        asn=site.asn,
        ranges=_texts(site.ranges),
        zones=list(site.zones or ()),
        attachment_subnets=_texts(subnets(site, own.attachments)),
        remote_ranges=_remote_ranges(topology, name, links),
        hub=HubKind(site.hub.value),
        hub_wanted=parts.hub,
        existing=_existing(site),
        gateway_subnets=_texts(subnets(site, own.gateways)),
        resolver_subnets=_texts(subnets(site, own.resolvers)),
        account=site.identity.account if site.identity else "",
        role=(site.identity.role or "") if site.identity else "",
        tags=dict(site.tags),
        alarm_emails=list(site.alarms.emails) if site.alarms else [],
        alarm_topic=(site.alarms.topic or "") if site.alarms else "",
    )


def _remote_ranges(topology: Topology, name: str, links: Mapping[str, Link]) -> list[str]:
    """Return what the other ends announce over the hub; two links to one site announce the same, once is enough."""
    over_hub = [link for link in links.values() if not isinstance(link, Wireguard)]
    others = dict.fromkeys(end for link in over_hub for end in link.between if end != name)
    return list(dict.fromkeys(text for other in others for text in owned_texts(topology, other)))


def _existing(site: AwsSite) -> ExistingVpcPlan | None:
    if site.vpc is None:
        return None
    return ExistingVpcPlan(
        id=site.vpc.id,
        route_tables=list(site.vpc.route_tables),
        attachment_subnets=list(site.vpc.attachment_subnets),
        gateway_subnets=list(site.vpc.gateway_subnets),
        resolver_subnets=list(site.vpc.resolver_subnets),
    )


def _texts(networks: list[IPv4Network]) -> list[str]:
    return [str(network) for network in networks]
