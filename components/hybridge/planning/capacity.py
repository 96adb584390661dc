"""The sum of all flows against the links that carry them, now and after any one failure.

What is needed now must fit, so that is an error; what would not fit after a failure is a warning, as the people who run
the estate decide whether that day may be a slow one. Only links that join the two sites carry their flows: no site is a
transit for others. What flows share beyond one direction between two sites is in `shared`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hybridge.topology import Flow, Problem, Severity, Topology, written_bandwidth

from .failures import Failure, carried, failures, surviving
from .paths import LinkPath, by_pair, pair
from .shared import instance_problems, uplink_problems
from .sums import exceeding, largest, peak, sum_of
from .telling import capacity_told, uplinks_told


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
    shared: bool
    """Whether the other direction has its part of that capacity too, as both go through one gateway instance."""


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
                capacity=now.most,
                after_failure=worst.bandwidth,
                worst_failure=worst.told,
                shared=any(path.instance and path.instance.both_ways <= now.most for path in now.links),
            )
        )
    return found


def capacity_problems(topology: Topology, paths: Iterable[LinkPath]) -> Iterator[Problem]:
    """Find flows that together need more than the links between their sites carry.

    :param topology: what a person declared
    :param paths: those of its links that can be planned
    """
    links = by_pair(paths)
    directions = _by_direction(topology)
    told: dict[tuple[str, str], list[Problem]] = {}
    for (origin, to), flows in directions.items():
        joined = links.get(pair(origin, to))
        if joined:
            told[origin, to] = list(_sum_problems(f"From `{origin}` to `{to}`", flows, joined))
            yield from told[origin, to]
    for (one, other), joined in links.items():
        flows = directions.get((one, other), {}) | directions.get((other, one), {})
        known = [*told.get((one, other), []), *told.get((other, one), [])]
        if flows:
            yield from instance_problems(f"Between `{one}` and `{other}`", flows, joined, known)
    yield from uplink_problems(directions, links, told)


def _by_direction(topology: Topology) -> dict[tuple[str, str], dict[str, Flow]]:
    directions: dict[tuple[str, str], dict[str, Flow]] = {}
    for name, flow in topology.flows.items():
        directions.setdefault((flow.origin, flow.to), {})[name] = flow
    return directions


def _sum_problems(direction: str, flows: Mapping[str, Flow], paths: Sequence[LinkPath]) -> Iterator[Problem]:
    """Tell the first thing that does not fit: the average now, bursts now, the average or bursts after a failure."""
    now = carried(paths)
    if needs := exceeding(flows, now.bandwidth):
        yield Problem(
            largest(flows, needs),
            f"{direction} {sum_of(needs)}, and {capacity_told(now.links)}.",
            f"{_more(now.links, now='Add a link, take')}, or ask for less.",
        )
        return
    if sum(peak(flow) for flow in flows.values()) <= min(path.smallest_tunnel for path in paths):
        return  # any tunnel that stays up carries everything
    # A failure that leaves nothing is told as one of redundancy.
    worst = min((failure for failure in failures(paths) if failure.bandwidth), key=Failure.rank, default=None)
    if worst and worst.bandwidth < now.most and (needs := exceeding(flows, worst.bandwidth)):
        left = carried(surviving(paths, worst)).links
        uplinks = uplinks_told(left)
        tunnels = "1 tunnel" if worst.tunnels == 1 else f"{worst.tunnels} tunnels"
        yield Problem(
            largest(flows, needs),
            f"{direction} {sum_of(needs)}, and the loss of {worst.told} leaves {written_bandwidth(worst.bandwidth)} "
            f"({tunnels} of {', '.join(f'`{link}`' for link in worst.links)}{'; ' if uplinks else ''}{uplinks}).",
            f"{_more(left, now='Add a link or')}, or see to it that such a day may be slow.",
            Severity.WARNING,
        )


def _more(paths: Sequence[LinkPath], *, now: str) -> str:
    """Say what would carry more: nothing but the uplinks, where these are what limits it."""
    if uplinks_told(paths):
        return "Take faster uplinks"
    return f"{now} {'a higher `bandwidth`' if all(path.stated for path in paths) else 'larger tunnels'}"
