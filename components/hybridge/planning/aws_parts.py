"""What an AWS site has to consist of, as its links and its names need it, and where its own subnets lie."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

from hybridge.topology import AwsHub, AwsSite, Link, OnpremSite, Site, Topology, Wireguard

from .aws_slots import ATTACHMENT_SLOTS, GATEWAY_SLOTS, RESOLVER_SLOTS, slot
from .dns import can_ask
from .wireguard_shape import instance_count

_DEFAULT_ZONES: Final = 2


@dataclass(frozen=True)
class AwsParts:
    """What an AWS site needs: the slots of its own subnets, and a hub."""

    hub: bool
    """Whether it needs a hub."""
    attachments: tuple[int, ...]
    """Slots of the transit gateway's attachment, one a zone."""
    gateways: tuple[int, ...]
    """Slots of its WireGuard links' gateway instances, one each."""
    resolvers: tuple[int, ...]
    """Slots of its resolver endpoints."""


def links_by_site(topology: Topology) -> dict[str, dict[str, Link]]:
    """Return the links of each site by name, for all sites at once."""
    links: dict[str, dict[str, Link]] = {name: {} for name in topology.sites}
    for name, link in topology.links.items():
        for end in link.between:
            links.setdefault(end, {})[name] = link
    return links


def named_partners(topology: Topology, name: str, links: Collection[Link]) -> list[str]:
    """Return the sites that links join a site with and that answer for domains, each once.

    :param topology: what a person declared
    :param name: the site's name
    :param links: its links
    """
    others = dict.fromkeys(end for link in links for end in link.between if end != name)
    return [other for other in others if other in topology.sites and topology.sites[other].dns]


def aws_parts(topology: Topology, name: str, site: AwsSite, links: Collection[Link]) -> AwsParts:
    """Decide what an AWS site consists of.

    A site without any link has a hub already: the first link finds it there, and nothing replaces it later.

    :param topology: what a person declared
    :param name: the site's name
    :param site: the site
    :param links: its links
    """
    hub = not links or any(not isinstance(link, Wireguard) for link in links)
    zones = len(site.zones) if site.zones else _DEFAULT_ZONES
    instances = max((gateway_instances(topology, link) for link in links), default=0)
    others = [topology.sites.get(end) for link in links for end in link.between if end != name]
    return AwsParts(
        hub=hub,
        attachments=ATTACHMENT_SLOTS[:zones] if hub and site.hub is AwsHub.TRANSIT_GATEWAY else (),
        gateways=GATEWAY_SLOTS[:instances],
        resolvers=RESOLVER_SLOTS if any(_ask(site, other) for other in others if other) else (),
    )


def _ask(site: AwsSite, other: Site) -> bool:
    """Tell whether either of two sites that a link joins asks the other for names."""
    return bool((other.dns and can_ask(site)) or (site.dns and can_ask(other)))


def gateway_instances(topology: Topology, link: Link) -> int:
    """Return how many gateway instances a link has in AWS: none, unless it is a WireGuard link."""
    onprem = next((site for end in link.between if isinstance(site := topology.sites.get(end), OnpremSite)), None)
    return instance_count(link, onprem) if isinstance(link, Wireguard) and onprem else 0


def subnets(site: AwsSite, slots: Collection[int]) -> list[IPv4Network]:
    """Return the subnets in these slots, the first zone's first."""
    return [slot(site, number) for number in slots]
