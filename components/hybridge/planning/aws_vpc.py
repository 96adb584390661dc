"""Finds what a VPC that exists already does not offer, of what a site's links need."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from hybridge.topology import AwsSite, ExistingVpc, Problem, Severity, path_of

from .aws_parts import AwsParts


def existing_vpc_problems(
    name: str, site: AwsSite, vpc: ExistingVpc, parts: AwsParts, partners: Collection[str]
) -> Iterator[Problem]:
    """Find what is missing in `vpc`, and what contradicts it.

    :param name: the site's name
    :param site: the site
    :param vpc: its VPC
    :param parts: what the site has to consist of
    :param partners: the sites that links join it with and that answer for domains
    """
    place = path_of("sites", name, "vpc")
    if site.zones:
        yield Problem(
            path_of("sites", name, "zones"),
            "Zones are those of subnets that hybridge makes, and it makes none in a VPC that exists.",
            f"Remove `zones`; the subnets under `{place}` decide.",
        )
    yield from _attachment_problems(place, vpc, parts)
    wanted, given = len(parts.gateways), len(vpc.gateway_subnets)
    if given < wanted:
        yield Problem(
            f"{place}.gateway_subnets",
            f"WireGuard links need {wanted} public subnet{'s' * (wanted > 1)} here, one a gateway instance, and "
            f"{given or 'none'} {'are' if given > 1 else 'is'} given.",
            "Name subnets of different zones whose route table leads to an internet gateway.",
        )
    yield from _unused_problems(place, site, vpc, parts, partners)
    for field in ("route_tables", "attachment_subnets", "gateway_subnets"):
        values: list[str] = getattr(vpc, field)
        for index, value in enumerate(values):
            if value in values[:index]:
                yield Problem(f"{place}.{field}[{index}]", f"`{value}` stands there twice.", "Remove one.")


def _unused_problems(
    place: str, site: AwsSite, vpc: ExistingVpc, parts: AwsParts, partners: Collection[str]
) -> Iterator[Problem]:
    """Find parts of the VPC that are given and that nothing is made in.

    A VPC without domains of its own asks those that have some from an endpoint in its subnets, or lacks one of them;
    addresses are those where it is asked.
    """
    names = site.dns or partners
    for field, given, wanted, purpose in (
        ("attachment_subnets", vpc.attachment_subnets, parts.attachments, "a transit gateway's attachment"),
        ("gateway_subnets", vpc.gateway_subnets, parts.gateways, "WireGuard links' gateway instances"),
        (
            "resolver_subnets",
            vpc.resolver_subnets,
            names,
            "resolver endpoints, which `dns:` here or at a linked site asks for",
        ),
        (
            "resolver_addresses",
            vpc.resolver_addresses,
            site.dns,
            "an inbound resolver endpoint, which `dns:` here asks for",
        ),
    ):
        if given and not wanted:
            yield Problem(
                f"{place}.{field}",
                f"Nothing uses these: they are for {purpose}, and the site has none.",
                "Remove them, or declare what they are for.",
                Severity.WARNING,
            )


def _attachment_problems(place: str, vpc: ExistingVpc, parts: AwsParts) -> Iterator[Problem]:
    if parts.attachments and not vpc.attachment_subnets:
        yield Problem(
            f"{place}.attachment_subnets",
            "A transit gateway is attached in subnets, and none is given.",
            "Name one a zone that has workloads.",
        )
    elif parts.attachments and len(vpc.attachment_subnets) == 1:
        yield Problem(
            f"{place}.attachment_subnets",
            "The transit gateway is attached in one zone, so other zones cannot use it, and it is lost with that one.",
            "Name a subnet of each zone that has workloads.",
            Severity.WARNING,
        )
