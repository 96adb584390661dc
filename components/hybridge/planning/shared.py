"""What flows share beyond one direction between two sites: a gateway instance, and the uplinks of gateways.

What a gateway instance in the cloud forwards enters and leaves by one interface, so both directions share it, and its
cores as well. The tunnels of an on-premises gateway share its uplink, whichever site they lead to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from itertools import chain

from hybridge.topology import Flow, Problem, Severity, written_bandwidth

from . import limits
from .failures import Failure, carried, failures, surviving
from .paths import Instance, LinkPath
from .sums import exceeding, largest, sum_of
from .telling import capacity_told, uplinks_told


def instance_problems(
    sites: str, flows: Mapping[str, Flow], paths: Sequence[LinkPath], known: Collection[Problem]
) -> Iterator[Problem]:
    """Tell what both directions need of the one gateway instance through which they pass, now or after a failure.

    :param sites: between which, as a sentence begins
    :param flows: those of both directions
    :param paths: the links between the two sites
    :param known: what is wrong with one direction by itself
    """
    now = carried(paths)
    if now.instance is None or any(problem.severity is Severity.ERROR for problem in known):
        return
    if needs := exceeding(flows, now.instance.network):
        yield _interface_problem(f"{sites} {sum_of(needs)}", largest(flows, needs), now.instance, Severity.ERROR)
    elif needs := exceeding(flows, now.instance.processing):
        yield _processing_problem(f"{sites} {sum_of(needs)}", largest(flows, needs), now.instance)
    elif not known:
        yield from _smaller_instance_problems(sites, flows, paths)


def _smaller_instance_problems(sites: str, flows: Mapping[str, Flow], paths: Sequence[LinkPath]) -> Iterator[Problem]:
    """Tell what does not fit the instance of another link, which carries everything after a failure."""
    worst = min((failure for failure in failures(paths) if failure.bandwidth), key=Failure.rank, default=None)
    instance = carried(surviving(paths, worst)).instance if worst else None
    if worst is None or instance is None:
        return
    if needs := exceeding(flows, instance.both_ways):
        start = f"After the loss of {worst.told}: {sites[:1].lower()}{sites[1:]} {sum_of(needs)}"
        if sum(needs.values()) > instance.network:
            yield _interface_problem(start, largest(flows, needs), instance, Severity.WARNING)
        else:
            yield _processing_problem(start, largest(flows, needs), instance)


def _interface_problem(needed: str, place: str, instance: Instance, severity: Severity) -> Problem:
    return Problem(
        place,
        f"{needed}, and what a gateway instance forwards, whichever way, enters and leaves by one interface: that of a "
        f"{instance.type} carries {written_bandwidth(instance.network)}.",
        "Take a larger `instance_type`, or ask for less.",
        severity,
    )


def _processing_problem(needed: str, place: str, instance: Instance) -> Problem:
    cores = "1 core" if instance.cores == 1 else f"{instance.cores} cores"
    return Problem(
        place,
        f"{needed}, and WireGuard on the {cores} of a {instance.type} may not be counted on for more than "
        f"{written_bandwidth(instance.processing)}, both directions together.",
        f"Take an `instance_type` with more cores, or measure it ({limits.limits()['wireguard.core'].reference}).",
        Severity.WARNING,
    )


def uplink_problems(
    directions: Mapping[tuple[str, str], dict[str, Flow]],
    links: Mapping[tuple[str, str], Sequence[LinkPath]],
    told: Mapping[tuple[str, str], Sequence[Problem]],
) -> Iterator[Problem]:
    """Find sites whose flows to all other sites need more than their gateways' uplinks carry, now or without a gateway.

    A tunnel that is down takes nothing from an uplink, so it matters to the sum of two sites alone.
    """
    at: dict[str, list[LinkPath]] = {}
    for joined in links.values():
        for path in carried(joined).links:
            at.setdefault(path.sites[0], []).append(path)
    leaving: dict[str, list[tuple[str, str]]] = {}
    entering: dict[str, list[tuple[str, str]]] = {}
    for direction in told:
        leaving.setdefault(direction[0], []).append(direction)
        entering.setdefault(direction[1], []).append(direction)
    for site, paths in at.items():
        if any(path.uplinks for path in paths):
            for start, among in (("Out of", leaving.get(site, [])), ("Into", entering.get(site, []))):
                if len(among) > 1:  # one alone is what two sites need
                    flows = dict(chain.from_iterable(directions[each].items() for each in among))
                    known = {problem.severity for each in among for problem in told[each]}
                    yield from _shared_uplinks(f"{start} `{site}`", flows, paths, known)


def _shared_uplinks(
    direction: str, flows: Mapping[str, Flow], paths: Sequence[LinkPath], known: Container[Severity]
) -> Iterator[Problem]:
    sums: Counter[str] = Counter()
    for path in paths:
        sums.update(path.by_gateway)
    uplinks = {gateway: uplink for path in paths for gateway, uplink in path.uplinks.items()}
    through = {gateway: min(amount, uplinks.get(gateway, amount)) for gateway, amount in sums.items()}
    whole, gateway = sum(through.values()), max(through, key=through.__getitem__)
    left = whole - through[gateway]
    if Severity.ERROR in known:
        return
    if needs := exceeding(flows, whole):
        yield Problem(
            largest(flows, needs),
            f"{direction} {sum_of(needs)}, and {uplinks_told(paths) or capacity_told(paths)}.",
            "Take faster uplinks, or ask for less.",
        )
    elif Severity.WARNING not in known and left and (needs := exceeding(flows, left)):
        yield Problem(
            largest(flows, needs),
            f"{direction} {sum_of(needs)}, and the loss of gateway {gateway} leaves {written_bandwidth(left)} "
            "through the others.",
            "Take faster uplinks, or see to it that such a day may be slow.",
            Severity.WARNING,
        )
