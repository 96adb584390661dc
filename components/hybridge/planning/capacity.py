"""The sum of all flows against the links that carry them, now and after any one failure.

What is needed now must fit, so that is an error; what would not fit after a failure is a warning, as the people who run
the estate decide whether that day may be a slow one. Only links that join the two sites carry their flows: no site is a
transit for others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hybridge.topology import Flow, Problem, Severity, Topology, path_of, written_bandwidth

from .failures import Failure, capacity_told, carried, failures
from .paths import LinkPath, by_pair, pair

_TOLD: Final = 3
"""Flows that a sum names; the others are counted."""


@dataclass(frozen=True)
class Demand:
    """What all flows from one site to another need, and what the links between the two carry."""

    origin: str
    to: str
    flows: list[str]
    bandwidth: int
    """Sum of what they need on average in a busy hour, in bits per second."""
    burst: int
    """Sum of what they need at their worst, in bits per second."""
    links: list[str]
    """The links that carry them while everything is up."""
    capacity: int
    """What these carry at the most, in bits per second."""
    after_failure: int
    """What is left after the worst single failure, in bits per second."""
    worst_failure: str
    """That failure: `gateway edge-a`."""


def peak(flow: Flow) -> int:
    """Return what a flow needs at its worst, in bits per second."""
    return flow.bandwidth if flow.burst is None else flow.burst


def demands(topology: Topology, paths: Iterable[LinkPath]) -> list[Demand]:
    """Return what flows need and links carry, by direction, for a topology without problems.

    :param topology: what a person declared
    :param paths: its links
    """
    links = by_pair(paths)
    found: list[Demand] = []
    for (origin, to), flows in _by_direction(topology).items():
        now = carried(links[pair(origin, to)])
        worst = min(failures(links[pair(origin, to)]), key=Failure.rank)
        found.append(
            Demand(
                origin=origin,
                to=to,
                flows=list(flows),
                bandwidth=sum(flow.bandwidth for flow in flows.values()),
                burst=sum(peak(flow) for flow in flows.values()),
                links=[path.name for path in now.links],
                capacity=now.bandwidth,
                after_failure=worst.bandwidth,
                worst_failure=worst.told,
            )
        )
    return found


def capacity_problems(topology: Topology, paths: Iterable[LinkPath]) -> Iterator[Problem]:
    """Find flows that together need more than the links between their sites carry.

    :param topology: what a person declared
    :param paths: those of its links that can be planned
    """
    links = by_pair(paths)
    for (origin, to), flows in _by_direction(topology).items():
        joined = links.get(pair(origin, to))
        if joined:
            yield from _sum_problems(f"From `{origin}` to `{to}`", flows, joined)


def _by_direction(topology: Topology) -> dict[tuple[str, str], dict[str, Flow]]:
    directions: dict[tuple[str, str], dict[str, Flow]] = {}
    for name, flow in topology.flows.items():
        directions.setdefault((flow.origin, flow.to), {})[name] = flow
    return directions


def _sum_problems(direction: str, flows: Mapping[str, Flow], paths: Sequence[LinkPath]) -> Iterator[Problem]:
    """Tell the first thing that does not fit: the average now, bursts now, the average or bursts after a failure."""
    now = carried(paths)
    averages = {name: flow.bandwidth for name, flow in flows.items()}
    peaks = {name: peak(flow) for name, flow in flows.items()}
    for needs in (averages, peaks):
        if sum(needs.values()) > now.bandwidth:
            yield Problem(
                _largest(flows, needs),
                f"{direction} {_sum_of(needs)}, and {capacity_told(now.links)}.",
                "Add a link, take larger tunnels, or ask for less.",
            )
            return
    if sum(peaks.values()) <= min(tunnel.bandwidth for path in paths for tunnel in path.tunnels):
        return  # any tunnel that stays up carries everything
    # A failure that leaves nothing is told as one of redundancy.
    after = sorted((failure for failure in failures(paths) if failure.bandwidth), key=Failure.rank)
    for needs in (averages, peaks):
        if after and after[0].bandwidth < sum(needs.values()):
            worst = after[0]
            links = ", ".join(f"`{link}`" for link in worst.links)
            left = "1 tunnel" if worst.tunnels == 1 else f"{worst.tunnels} tunnels"
            yield Problem(
                _largest(flows, needs),
                f"{direction} {_sum_of(needs)}, and the loss of {worst.told} leaves "
                f"{written_bandwidth(worst.bandwidth)} ({left} of {links}).",
                "Add a link or larger tunnels, or see to it that such a day may be slow.",
                Severity.WARNING,
            )
            return


def _largest(flows: Mapping[str, Flow], needs: Mapping[str, int]) -> str:
    """Return the place of the flow that needs the most."""
    name = max(needs, key=needs.__getitem__)
    return path_of("flows", name, "bandwidth" if needs[name] == flows[name].bandwidth else "burst")


def _sum_of(needs: Mapping[str, int]) -> str:
    """Write a sum with its largest terms: "`a` 800Mbps + 4 others 90Mbps = 890Mbps are needed"."""
    ordered = sorted(needs.items(), key=lambda term: -term[1])
    terms = [f"`{name}` {written_bandwidth(bandwidth)}" for name, bandwidth in ordered[:_TOLD]]
    rest = ordered[_TOLD:]
    if rest:
        terms.append(f"{len(rest)} others {written_bandwidth(sum(bandwidth for _, bandwidth in rest))}")
    if len(terms) == 1:
        return f"{terms[0]} are needed"
    return f"{' + '.join(terms)} = {written_bandwidth(sum(needs.values()))} are needed"
