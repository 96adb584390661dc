"""Plans on-premises sites: their gateways, numbers and addresses."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from hybridge.topology import OnpremSite, Problem, Topology, path_of

from . import limits
from .handover import handover_plan, lan_address_problems
from .model import OnpremGateway, OnpremSitePlan, SiteToSiteVpnPlan
from .wireguard_model import WireguardPlan

_NOT_ON_THE_INTERNET: Final = {
    "is for private networks (RFC 1918)": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    "is for carriers' NAT (RFC 6598)": ("100.64.0.0/10",),
    "is a host's own (RFC 1122)": ("0.0.0.0/8", "127.0.0.0/8"),
    "is link-local (RFC 3927)": ("169.254.0.0/16",),
    "is no host's (RFC 1112, RFC 5771)": ("224.0.0.0/3",),
}


def onprem_problems(topology: Topology) -> Iterator[Problem]:
    """Find what is wrong with on-premises sites by themselves and side by side."""
    addresses: dict[IPv4Address, str] = {}
    names: dict[str, str] = {}
    for name, site in topology.sites.items():
        if not isinstance(site, OnpremSite):
            continue
        yield from _asn_problems(name, site)
        yield from lan_address_problems(name, site)
        for index, gateway in enumerate(site.gateways):
            place = path_of("sites", name, "gateways", index)
            yield from _address_problems(f"{place}.public_ip", gateway.public_ip)
            if gateway.public_ip in addresses:
                yield Problem(
                    f"{place}.public_ip",
                    f"`{gateway.public_ip}` is the address of gateway `{addresses[gateway.public_ip]}` as well.",
                    "Give each gateway an address of its own.",
                )
            if gateway.name in names:
                yield Problem(
                    f"{place}.name",
                    f"Site `{names[gateway.name]}` has a gateway `{gateway.name}` already, and files go by that name.",
                    "Give each gateway of the estate a name of its own.",
                )
            addresses.setdefault(gateway.public_ip, gateway.name)
            names.setdefault(gateway.name, name)


def _asn_problems(name: str, site: OnpremSite) -> Iterator[Problem]:
    place = path_of("sites", name, "asn")
    if site.asn in limits.numbers("bgp.reserved-asns"):
        yield Problem(place, f"{site.asn} is no autonomous system's number.", "Use a private one, such as 65010.")
    elif site.asn in limits.numbers("aws.customer-gateway.refused-asns"):
        source = limits.limits()["aws.customer-gateway.refused-asns"].reference
        yield Problem(place, f"AWS keeps AS {site.asn} for itself.", f"Use a private one, such as 65010 ({source}).")


def _address_problems(place: str, address: IPv4Address) -> Iterator[Problem]:
    for why, networks in _NOT_ON_THE_INTERNET.items():
        if any(address in IPv4Network(network) for network in networks):
            yield Problem(
                place,
                f"`{address}` {why}, so no cloud reaches it over the internet.",
                "Give the fixed public address that the gateway has.",
            )


def onprem_site_plan(
    name: str, site: OnpremSite, vpns: list[SiteToSiteVpnPlan], wireguards: list[WireguardPlan]
) -> OnpremSitePlan:
    """Decide an on-premises site that has no problem, with the links that end there."""
    return OnpremSitePlan(
        name=name,
        asn=site.asn,
        ranges=[str(network) for network in site.ranges],
        gateways=[
            OnpremGateway(gateway.name, str(gateway.public_ip), str(gateway.lan_address or ""))
            for gateway in site.gateways
        ],
        vpns=vpns,
        wireguards=wireguards,
        handover=handover_plan(site, vpns, wireguards),
    )
