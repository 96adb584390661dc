"""Sums of what flows need, and how sentences tell them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hybridge.topology import Flow, path_of, written_bandwidth

_TOLD: Final = 3
"""Flows that a sum names; the others are counted."""


def peak(flow: Flow) -> int:
    """Return what a flow needs at its worst, in bits per second."""
    return flow.bandwidth if flow.burst is None else flow.burst


def _needs(flows: Mapping[str, Flow]) -> tuple[dict[str, int], dict[str, int]]:
    """Return what flows need on average, and at their worst."""
    return {name: flow.bandwidth for name, flow in flows.items()}, {name: peak(flow) for name, flow in flows.items()}


def exceeding(flows: Mapping[str, Flow], bandwidth: int) -> dict[str, int] | None:
    """Return the first needs whose sum is more than `bandwidth`: the averages, or else the peaks."""
    return next((needs for needs in _needs(flows) if sum(needs.values()) > bandwidth), None)


def largest(flows: Mapping[str, Flow], needs: Mapping[str, int]) -> str:
    """Return the place of the flow that needs the most."""
    name = max(needs, key=needs.__getitem__)
    return path_of("flows", name, "bandwidth" if needs[name] == flows[name].bandwidth else "burst")


def sum_of(needs: Mapping[str, int]) -> str:
    """Write a sum with its largest terms: "`a` 800Mbps + 4 others 90Mbps = 890Mbps are needed"."""
    ordered = sorted(needs.items(), key=lambda term: -term[1])
    terms = [f"`{name}` {written_bandwidth(bandwidth)}" for name, bandwidth in ordered[:_TOLD]]
    rest = ordered[_TOLD:]
    if rest:
        terms.append(f"{len(rest)} others {written_bandwidth(sum(bandwidth for _, bandwidth in rest))}")
    if len(terms) == 1:
        return f"{terms[0]} are needed"
    return f"{' + '.join(terms)} = {written_bandwidth(sum(needs.values()))} are needed"
