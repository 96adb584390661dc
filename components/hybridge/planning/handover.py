"""How a site's gateways stand in for each other: each tells the others, over the site's network, what clouds told it.

A gateway that lives while its tunnels are down is one that the site's own network still sends to, and it would drop
what it is sent. So the gateways have BGP sessions with each other, all with all: they are one autonomous system, and
what BGP learns within one it tells nobody else within it. Hence a gateway sends to another only what that one's own
tunnels carry, and no packet comes back.

It needs an address of each gateway in the subnet that they share, which only a person knows: `lan_address`. Beyond a
router it would not hold: that sends packets for the clouds back to the gateway they came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPV4LENGTH, IPv4Address, collapse_addresses
from typing import Final

from hybridge.topology import OnpremSite, Problem, path_of

from .model import HandoverPlan, OnpremSitePlan, SiteToSiteVpnPlan
from .routing import ANOTHERS, OWN_BFD, OWN_TIMERS, Neighbour, dead_after
from .wireguard_model import WireguardPlan

_LEAST: Final = 2
"""Gateways of a site, so that one can stand in for another."""


def hands_over(site: OnpremSite) -> bool:
    """Tell whether a gateway of the site whose tunnels are down sends to another one."""
    return len(site.gateways) >= _LEAST and all(gateway.lan_address for gateway in site.gateways)


def lan_address_problems(name: str, site: OnpremSite) -> Iterator[Problem]:
    """Find addresses that no gateway of the site can have in its network, and gateways that alone have none."""
    given: dict[IPv4Address, str] = {}
    without = [index for index, gateway in enumerate(site.gateways) if gateway.lan_address is None]
    for index, gateway in enumerate(site.gateways):
        place = path_of("sites", name, "gateways", index, "lan_address")
        address = gateway.lan_address
        if address is None:
            continue
        yield from _place_problems(place, address, name, site)
        if address in given:
            yield Problem(
                place,
                f"`{address}` is the address of gateway `{given[address]}` as well.",
                "Give each gateway an address of its own.",
            )
        given.setdefault(address, gateway.name)
    inside = {address: name for address, name in given.items() if any(address in network for network in site.ranges)}
    subnets = list(collapse_addresses(site.ranges))
    if inside and not any(all(address in subnet for address in inside) for subnet in subnets):
        yield Problem(
            path_of("sites", name, "gateways"),
            f"No range of `{name}` has all of {', '.join(f'`{address}`' for address in inside)}, so its gateways share "
            "no subnet, and a router between them would send back what one hands to another.",
            "Give the addresses that the gateways have in one subnet.",
        )
    # No warning: who gives one wants the handover, and would have none at all.
    for index in without if given else ():
        yield Problem(
            path_of("sites", name, "gateways", index),
            f"`{site.gateways[index].name}` has no `lan_address` and another gateway of `{name}` has one, while they "
            "stand in for each other only where each has.",
            "Give it one, or remove the others'.",
        )


def _place_problems(place: str, address: IPv4Address, name: str, site: OnpremSite) -> Iterator[Problem]:
    around = [network for network in site.ranges if address in network]
    if not around:
        yield Problem(
            place,
            f"`{address}` is in none of the ranges of `{name}`.",
            "Give the address that the gateway has in the site's own network.",
        )
    # A network of two addresses or one has neither (RFC 3021).
    for network in around:
        if network.prefixlen < IPV4LENGTH - 1 and address in {network.network_address, network.broadcast_address}:
            what = "first" if address == network.network_address else "last"
            yield Problem(
                place,
                f"`{address}` is the {what} address of `{network}`, and no host has that.",
                "Give the address that the gateway has in the site's own network.",
            )


def handover_plan(
    site: OnpremSite, vpns: Sequence[SiteToSiteVpnPlan], wireguards: Sequence[WireguardPlan]
) -> HandoverPlan | None:
    """Decide the sessions of a site's gateways with each other; None where there are none, or nothing to tell."""
    links = (*vpns, *wireguards)
    if not links or not hands_over(site):
        return None
    return HandoverPlan(
        far_ranges=list(dict.fromkeys(network for link in links for network in link.cloud_ranges)),
        preference=ANOTHERS,
        # A gateway tells what it took over all of its links.
        prefix_limit=sum(link.prefix_limit for link in links),
        bgp_keepalive_seconds=OWN_TIMERS[0],
        bgp_hold_seconds=OWN_TIMERS[1],
        bfd_milliseconds=OWN_BFD[0],
        bfd_multiplier=OWN_BFD[1],
    )


def handover_neighbours(sites: Iterable[OnpremSitePlan]) -> list[Neighbour]:
    """Return the BGP sessions that gateways have with each other, as each of the two sees it."""
    return [
        Neighbour(
            site=site.name,
            gateway=gateway.name,
            peer_site=site.name,
            peer=other.name,
            link="",
            tunnel="",
            asn=site.asn,
            peer_asn=site.asn,
            announces=site.handover.far_ranges,
            accepts=site.handover.far_ranges,
            preference=site.handover.preference,
            prefix_limit=site.handover.prefix_limit,
            dead_after_milliseconds=dead_after(bfd=True),
        )
        for site in sites
        if site.handover
        for gateway in site.gateways
        for other in site.gateways
        if other is not gateway
    ]
