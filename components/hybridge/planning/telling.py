"""Writes what links carry, with the arithmetic, and several sites, for the sentences of problems and for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from hybridge.topology import written_bandwidth

from .paths import LinkPath

_TOLD: Final = 3
"""Gateways that a sentence names; the others are counted."""
_OCTET: Final = 8
"""Bits."""


def capacity_told(paths: Sequence[LinkPath]) -> str:
    """Write what links carry with its arithmetic: "`dc1-aws` carries 4 × 1.25Gbps = 5Gbps".

    Where uplinks let less through: "…, yet `edge-a` has an uplink of 200Mbps: 200Mbps + 2.5Gbps = 2.7Gbps".
    """
    told = " and ".join(f"`{path.name}` carries {_amount(path)}" for path in paths)
    uplinks = uplinks_told(paths)
    return f"{told}, yet {uplinks}" if uplinks else told


def _amount(path: LinkPath) -> str:
    whole = written_bandwidth(path.tunnels_capacity)
    by = " by its `bandwidth`" if path.stated else ""
    if not path.spread:
        return f"{whole}{by}, one tunnel at a time"
    sizes = Counter(tunnel.bandwidth for tunnel in path.tunnels)
    terms = " + ".join(f"{count} × {written_bandwidth(bandwidth)}" for bandwidth, count in sizes.items())
    return f"{terms} = {whole}{by}"


def uplinks_told(paths: Sequence[LinkPath]) -> str:
    """Write which gateways' uplinks let less through than links' tunnels carry, with the sum; empty: none does."""
    sums: Counter[str] = Counter()
    uplinks: dict[str, int] = {}
    for path in paths:
        sums.update(path.by_gateway)
        uplinks.update(path.uplinks)
    narrow = [(gateway, uplinks[gateway]) for gateway in sums if uplinks.get(gateway, sums[gateway]) < sums[gateway]]
    if not narrow:
        return ""
    told = [f"`{gateway}` has an uplink of {written_bandwidth(uplink)}" for gateway, uplink in narrow[:_TOLD]]
    if len(narrow) > _TOLD:
        told.append(f"{len(narrow) - _TOLD} others have {written_bandwidth(sum(up for _, up in narrow[_TOLD:]))}")
    terms = [min(amount, uplinks.get(gateway, amount)) for gateway, amount in sums.items()]
    if len(terms) == 1 or not all(path.spread for path in paths):
        return " and ".join(told)
    whole = written_bandwidth(sum(terms))
    if len(terms) > _TOLD:
        return f"{' and '.join(told)}: {whole} through {len(terms)} gateways"
    return f"{' and '.join(told)}: {' + '.join(map(written_bandwidth, terms))} = {whole}"


def others_told(name: str, others: int) -> str:
    """Write a site's name and how many more there are: "`dc1` and 2 other sites"."""
    return f"`{name}` and {others} other site{'s' * (others > 1)}" if others else f"`{name}`"


def packets_told(path: LinkPath) -> str:
    """Say how large packets are that fill a link's tunnels, as these carry so many a second; empty: not known."""
    if path.packets is None or not path.tunnels:
        return ""
    bandwidth = max(tunnel.bandwidth for tunnel in path.tunnels)
    mean = -(-bandwidth // (path.packets * _OCTET))
    told = f"A tunnel carries up to {path.packets:,} packets a second, so that only packets of {mean} bytes or more on "
    if mean <= path.mtu:
        return f"{told}average fill its {written_bandwidth(bandwidth)}."
    most = written_bandwidth(path.packets * path.mtu * _OCTET)
    return f"{told}average would fill its {written_bandwidth(bandwidth)}: with {path.mtu} it carries {most}."
