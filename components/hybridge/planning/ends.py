"""Declared links with the sites at their ends: where everything about a link begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from hybridge.topology import AwsSite, OnpremSite, Problem, SiteToSiteVpn, Topology, Wireguard, path_of

LinkT = TypeVar("LinkT", SiteToSiteVpn, Wireguard)


@dataclass(frozen=True)
class LinkEnds(Generic[LinkT]):
    """A declared link between an on-premises site and a cloud."""

    name: str
    link: LinkT
    onprem_name: str
    onprem: OnpremSite
    cloud_name: str
    cloud: AwsSite

    @property
    def uplinks(self) -> dict[str, int]:
        """What the lines of its on-premises gateways carry each way, in bits per second, for those that say so."""
        return {gateway.name: gateway.uplink for gateway in self.onprem.gateways if gateway.uplink is not None}

    def address_key(self, gateway: str, number: int) -> str:
        """Return the key in the address book of an on-premises gateway's tunnel `number`, counted from 1."""
        return f"{self.name}/{gateway}/{number}"


def joined(topology: Topology, kind: type[LinkT]) -> Iterator[tuple[str, LinkT, str, OnpremSite, str, AwsSite]]:
    """Return the fields of the links of a kind whose two ends are what it joins; the others are problems elsewhere."""
    for name, link in topology.links.items():
        if not isinstance(link, kind):
            continue
        sites = {end: topology.sites[end] for end in link.between if end in topology.sites}
        onprem = next(((end, site) for end, site in sites.items() if isinstance(site, OnpremSite)), None)
        cloud = next(((end, site) for end, site in sites.items() if isinstance(site, AwsSite)), None)
        if onprem and cloud:
            yield name, link, *onprem, *cloud


def same_asn_problems(ends: LinkEnds[SiteToSiteVpn] | LinkEnds[Wireguard]) -> Iterator[Problem]:
    """Find a link whose two ends have one autonomous system's number."""
    if ends.onprem.asn == ends.cloud.asn:
        yield Problem(
            path_of("sites", ends.cloud_name, "asn"),
            f"Both ends of link `{ends.name}` have AS {ends.cloud.asn}, and BGP between two networks needs two.",
            "Give one of the sites another private number, such as 64513.",
        )
