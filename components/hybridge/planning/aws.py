"""Plans AWS sites: the VPC's ranges, the hub's number and the subnets of its attachment."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from ipaddress import IPv4Network
from typing import Final

from hybridge.topology import AwsSite, Problem, path_of

from . import limits
from .model import AwsSitePlan, SiteToSiteVpnPlan

_DEFAULT_ZONES: Final = 2


def aws_problems(name: str, site: AwsSite) -> Iterator[Problem]:
    """Find what is wrong with an AWS site by itself."""
    yield from _region_problems(name, site)
    asns = limits.limits()["aws.hub.private-asns"]
    if not any(least <= site.asn <= most for least, most in limits.spans("aws.hub.private-asns")):
        yield Problem(
            path_of("sites", name, "asn"),
            f"A transit gateway cannot have AS {site.asn}.",
            f"Use 64512 to 65534 or 4200000000 to 4294967294 ({asns.reference}).",
        )
    yield from _range_problems(name, site)
    for index, zone in enumerate(site.zones or ()):
        if zone[:-1] != site.region or zone in (site.zones or ())[:index]:
            yield Problem(
                path_of("sites", name, "zones", index),
                f"`{zone}` is no further zone of {site.region}.",
                f"Name different zones of the Region, such as `{site.region}a` and `{site.region}b`.",
            )


def _region_problems(name: str, site: AwsSite) -> Iterator[Problem]:
    known = limits.words("aws.regions")
    if site.region not in known:
        close = get_close_matches(site.region, known, n=1)
        source = limits.limits()["aws.regions"].reference
        yield Problem(
            path_of("sites", name, "region"),
            f"`{site.region}` is no AWS Region that is known here.",
            f"Did you mean `{close[0]}`?" if close else f"Name one of {source}.",
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
    subnets = attachment_subnets(site)
    if len(subnets) * subnets[0].num_addresses * 2 > site.ranges[0].num_addresses:
        yield Problem(
            path_of("sites", name, "ranges", 0),
            f"The transit gateway's subnets in {len(subnets)} zones would fill half of `{site.ranges[0]}` or more.",
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
    never = [IPv4Network(text) for text in limits.words("aws.vpc.never-added")]
    primary = site.ranges[0]
    for index, network in enumerate(site.ranges[1:], start=1):
        mixed = _family(network) not in (None, _family(primary))
        if mixed or any(network.overlaps(other) for other in never):
            yield Problem(
                path_of("sites", name, "ranges", index),
                f"AWS does not add `{network}` to a VPC whose primary range is `{primary}`.",
                f"Take one of the primary's own family, or of 100.64.0.0/10 ({rule.reference}).",
            )


def _family(network: IPv4Network) -> str | None:
    return next((text for text in limits.words("aws.vpc.families") if network.subnet_of(IPv4Network(text))), None)


def attachment_subnets(site: AwsSite) -> list[IPv4Network]:
    """Return a subnet for each zone, counted from the end of the primary range, where nobody starts numbering."""
    zones = len(site.zones) if site.zones else _DEFAULT_ZONES
    length = limits.number("aws.transit-gateway.attachment-subnet")
    last = IPv4Network((site.ranges[0].broadcast_address, length), strict=False)
    first_address = int(last.network_address)
    return [IPv4Network((max(first_address - last.num_addresses * index, 0), length)) for index in range(zones)]


def aws_site_plan(name: str, site: AwsSite, vpns: list[SiteToSiteVpnPlan]) -> AwsSitePlan:
    """Decide an AWS site that has no problem, with routes to what those of `vpns` that end there reach."""
    return AwsSitePlan(
        name=name,
        region=site.region,
        asn=site.asn,
        ranges=[str(network) for network in site.ranges],
        zones=list(site.zones or ()),
        attachment_subnets=[str(network) for network in attachment_subnets(site)],
        remote_ranges=[network for vpn in vpns if vpn.cloud == name for network in vpn.device_ranges],
    )
