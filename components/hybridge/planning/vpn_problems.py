"""Finds what is wrong with site-to-site VPN links: their ends, timers, sizes, logs and keys."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from hybridge.topology import (
    AwsHub,
    Problem,
    SiteToSiteVpn,
    Topology,
    meant,
    path_of,
    written_bandwidth,
    written_seconds,
)

from . import limits
from .ends import same_asn_problems
from .model import TunnelSize
from .vpn import VpnEnds, tunnel_size


def end_problems(topology: Topology) -> Iterator[Problem]:
    """Find links whose ends do not exist or cannot be joined this way."""
    for name, link in topology.links.items():
        place = path_of("links", name, "between")
        unknown = [(index, end) for index, end in enumerate(link.between) if end not in topology.sites]
        for index, end in unknown:
            known = ", ".join(f"`{site}`" for site in topology.sites)
            yield Problem(f"{place}[{index}]", f"There is no site `{end}`.", f"Declare it, or name one of {known}.")
        if unknown:
            continue
        if link.between[0] == link.between[1]:
            yield Problem(place, f"The link joins `{link.between[0]}` to itself.", "Name two sites.")
            continue
        kinds = sorted(topology.sites[end].kind for end in link.between)
        if kinds != ["aws", "onprem"]:
            what = "A site-to-site VPN" if isinstance(link, SiteToSiteVpn) else "A WireGuard link"
            yield Problem(
                place,
                f"{what} joins an on-premises site to a cloud, and these are {kinds[0]} and {kinds[1]}.",
                "Name one site of kind `onprem` and one of kind `aws`.",
            )


def link_problems(ends: VpnEnds) -> Iterator[Problem]:
    """Find what is wrong with one link whose ends exist."""
    yield from _timer_problems(ends)
    yield from _bandwidth_problems(ends)
    yield from _log_problems(ends)
    yield from _key_problems(ends)
    yield from _alarm_problems(ends)
    yield from same_asn_problems(ends)


def _timer_problems(ends: VpnEnds) -> Iterator[Problem]:
    link = ends.link
    least = limits.number("aws.vpn.dead-peer.minimum")
    spans = {
        "dead_peer_after": (link.dead_peer_after, (least, None), "aws.vpn.dead-peer.minimum"),
        "ike_lifetime": (link.ike_lifetime, limits.bounds("aws.vpn.ike-lifetime"), "aws.vpn.ike-lifetime"),
        "child_lifetime": (
            link.child_lifetime,
            limits.bounds("aws.vpn.child-lifetime"),
            "aws.vpn.child-lifetime",
        ),
    }
    for field, (seconds, (low, high), source) in spans.items():
        if seconds < low or (high is not None and seconds > high):
            span = (
                f"{written_seconds(low)} or more"
                if high is None
                else f"{written_seconds(low)} to {written_seconds(high)}"
            )
            yield Problem(
                path_of("links", ends.name, field),
                f"AWS takes {span} here, not {written_seconds(seconds)}.",
                f"Write a time within that ({limits.limits()[source].reference}).",
            )
    if link.child_lifetime >= link.ike_lifetime:
        yield Problem(
            path_of("links", ends.name, "child_lifetime"),
            f"A child SA of {written_seconds(link.child_lifetime)} would not end before its IKE SA of "
            f"{written_seconds(link.ike_lifetime)}.",
            "Give the child SA the shorter life, such as `1h` in `8h`.",
        )


def _bandwidth_problems(ends: VpnEnds) -> Iterator[Problem]:
    wanted = ends.link.bandwidth
    if wanted is None:
        return
    large = limits.limits()["aws.vpn.large-tunnel.bandwidth"]
    place = path_of("links", ends.name, "bandwidth")
    if wanted > limits.number("aws.vpn.large-tunnel.bandwidth"):
        yield Problem(
            place,
            f"No VPN tunnel carries {written_bandwidth(wanted)}; AWS's large ones carry up to "
            f"{written_bandwidth(limits.number('aws.vpn.large-tunnel.bandwidth'))}.",
            f"Spread the traffic over several links ({large.reference}).",
        )
        return
    standard = written_bandwidth(limits.number("aws.vpn.standard-tunnel.bandwidth"))
    if tunnel_size(wanted) is TunnelSize.LARGE and ends.cloud.hub is AwsHub.VIRTUAL_PRIVATE_GATEWAY:
        yield Problem(
            place,
            f"{written_bandwidth(wanted)} needs a large tunnel, and a virtual private gateway has none.",
            f"Give site `{ends.cloud_name}` a transit gateway, or ask for at most {standard} a tunnel "
            f"({large.reference}).",
        )
    elif tunnel_size(wanted) is TunnelSize.LARGE and ends.cloud.region in limits.words(
        "aws.vpn.large-tunnel.missing-regions"
    ):
        yield Problem(
            place,
            f"{written_bandwidth(wanted)} needs a large tunnel, and {ends.cloud.region} has none.",
            f"Ask for at most {standard} a tunnel "
            f"({limits.limits()['aws.vpn.large-tunnel.missing-regions'].reference}).",
        )


def _log_problems(ends: VpnEnds) -> Iterator[Problem]:
    wanted, possible = ends.link.log_retention_days, limits.numbers("aws.logs.retention-days")
    if wanted is not None and wanted not in possible:
        above = bisect_left(possible, wanted)
        nearest = " or ".join(f"`{days}`" for days in possible[max(above - 1, 0) : above + 1])
        yield Problem(
            path_of("links", ends.name, "log_retention_days"),
            f"CloudWatch Logs does not keep logs for {wanted} days.",
            f"Write {nearest} ({limits.limits()['aws.logs.retention-days'].reference}).",
        )


def _key_problems(ends: VpnEnds) -> Iterator[Problem]:
    tunnels = list(ends.tunnel_keys())
    for field, named in (("key_generations", ends.link.key_generations), ("preshared_keys", ends.link.preshared_keys)):
        for tunnel in named:
            if tunnel not in tunnels:
                yield Problem(
                    path_of("links", ends.name, field, tunnel),
                    f"The link has no tunnel `{tunnel}`.",
                    meant(tunnel, tunnels),
                )
    for tunnel in ends.link.key_generations.keys() & ends.link.preshared_keys.keys():
        yield Problem(
            path_of("links", ends.name, "key_generations", tunnel),
            f"The key of `{tunnel}` is the secret `{ends.link.preshared_keys[tunnel]}`, which has no generations.",
            "Remove the entry; a new value of the secret is a new key.",
        )


def _alarm_problems(ends: VpnEnds) -> Iterator[Problem]:
    most = limits.limits()["aws.cloudwatch.alarm-metrics"]
    if len(ends.onprem.gateways) > limits.number("aws.cloudwatch.alarm-metrics"):
        yield Problem(
            path_of("sites", ends.onprem_name, "gateways"),
            f"Link `{ends.name}` has {len(ends.onprem.gateways)} connections, and one alarm watches {most.value} at "
            "the most.",
            f"Split the site, and its gateways with it ({most.reference}).",
        )
