"""Each flow by itself against the links between its sites: that there are any, one tunnel, the round trip, commits.

A link that carries the flow has to bear it; a standby should, so what it could not bear is a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from hybridge.topology import Flow, Problem, Severity, Topology, path_of, written_bandwidth, written_milliseconds

from .failures import carried
from .paths import VPN, WIREGUARD, LinkPath, by_pair, pair
from .sums import peak

_MILLISECONDS: Final = 1_000
"""In a second."""
_OVER_THE_INTERNET: Final = frozenset({VPN, WIREGUARD})


def flow_problems(topology: Topology, paths: Iterable[LinkPath]) -> Iterator[Problem]:
    """Find flows that say what cannot be, and flows that a link between their sites does not bear.

    :param topology: what a person declared
    :param paths: those of its links that can be planned
    """
    joined = {pair(*link.between) for link in topology.links.values()}
    links = by_pair(paths)
    unmeasured: dict[str, list[str]] = {}
    for name, flow in topology.flows.items():
        yield from _own_problems(name, flow)
        ends = list(_end_problems(topology, name, flow))
        yield from ends
        if not ends and pair(flow.origin, flow.to) not in joined:
            yield Problem(
                path_of("flows", name),
                f"No link joins `{flow.origin}` and `{flow.to}`, and no other site passes their traffic on.",
                f"Declare a link between `{flow.origin}` and `{flow.to}`, or remove the flow.",
            )
        between = links.get(pair(flow.origin, flow.to), [])
        yield from _link_problems(name, flow, between)
        if flow.synchronous or flow.round_trip is not None:
            for path in between:
                if path.round_trip is None:
                    unmeasured.setdefault(path.name, []).append(name)
    for link, names in unmeasured.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield Problem(
            path_of("links", link),
            f"Whether its round trip is short enough for flow `{names[0]}`{others} cannot be told.",
            "Measure it between the two sites, and write it as `round_trip`.",
            Severity.WARNING,
        )


def _end_problems(topology: Topology, name: str, flow: Flow) -> Iterator[Problem]:
    for key, site in {"from": flow.origin, "to": flow.to}.items():
        if site not in topology.sites:
            known = ", ".join(f"`{other}`" for other in topology.sites)
            yield Problem(
                path_of("flows", name, key), f"There is no site `{site}`.", f"Declare it, or name one of {known}."
            )
    if flow.origin == flow.to:
        yield Problem(
            path_of("flows", name, "to"), f"The flow stays within `{flow.to}`, so no link carries it.", "Remove it."
        )


def _own_problems(name: str, flow: Flow) -> Iterator[Problem]:
    if flow.burst is not None and flow.burst < flow.bandwidth:
        yield Problem(
            path_of("flows", name, "burst"),
            f"A burst of {written_bandwidth(flow.burst)} is less than the {written_bandwidth(flow.bandwidth)} that it "
            "needs on average.",
            "Write what it needs at its worst, or remove it.",
        )
    for key, value in {"commits": flow.commits, "sessions": flow.sessions}.items():
        if value is not None and not flow.synchronous:
            yield Problem(
                path_of("flows", name, key),
                f"`{key}` speaks of commits that wait for the other site, and those of this flow do not.",
                "Write `synchronous: true`, or remove it.",
            )
        if value is None and flow.synchronous:
            yield Problem(
                path_of("flows", name),
                f"Whether the round trip leaves its commits enough time cannot be told without `{key}`.",
                f"Add `{key}`.",
                Severity.WARNING,
            )


def _link_problems(name: str, flow: Flow, paths: Sequence[LinkPath]) -> Iterator[Problem]:
    active = {path.name for path in carried(paths).links}
    for path in paths:
        severity = Severity.ERROR if path.name in active else Severity.WARNING
        yield from _tunnel_problems(name, flow, path, severity)
        yield from _round_trip_problems(name, flow, path, severity)
        yield from _commit_problems(name, flow, path, severity)
    if flow.synchronous and active and all(path.via in _OVER_THE_INTERNET for path in paths if path.name in active):
        yield Problem(
            path_of("flows", name, "synchronous"),
            "Its commits wait for round trips over the internet, which take several times as long in a congestion.",
            "Replicate asynchronously, or see to it that commits may take long.",
            Severity.WARNING,
        )


def _tunnel_problems(name: str, flow: Flow, path: LinkPath, severity: Severity) -> Iterator[Problem]:
    if peak(flow) > path.largest_tunnel:
        narrow = max(tunnel.bandwidth for tunnel in path.tunnels) > path.largest_tunnel
        limit = " by its gateway's uplink" if narrow else " by its `bandwidth`" if path.stated else ""
        more = "faster uplinks" if narrow else "a higher `bandwidth`" if path.stated else "a link with larger tunnels"
        yield Problem(
            path_of("flows", name, "bandwidth" if flow.burst is None else "burst"),
            f"A flow takes one tunnel, and one of `{path.name}` carries "
            f"{written_bandwidth(path.largest_tunnel)}{limit}, not {written_bandwidth(peak(flow))}.",
            f"Split it into several flows, or take {more}.",
            severity,
        )


def _round_trip_problems(name: str, flow: Flow, path: LinkPath, severity: Severity) -> Iterator[Problem]:
    if flow.round_trip is not None and path.round_trip is not None and path.round_trip > flow.round_trip:
        yield Problem(
            path_of("flows", name, "round_trip"),
            f"It bears a round trip of {written_milliseconds(flow.round_trip)}, and `{path.name}` takes "
            f"{written_milliseconds(path.round_trip)}.",
            "Take a shorter link, or bring the two ends of the flow together.",
            severity,
        )


def _commit_problems(name: str, flow: Flow, path: LinkPath, severity: Severity) -> Iterator[Problem]:
    """Each commit waits a round trip, so a session commits 1000 ms / round trip times a second at the most."""
    sessions, commits, wait = flow.sessions, flow.commits, path.round_trip
    if not flow.synchronous or sessions is None or commits is None or wait is None:
        return
    if sessions * _MILLISECONDS >= commits * wait:
        return
    remedies = [f"Commit from {-(-commits * wait // _MILLISECONDS)} sessions or more"]
    shortest = sessions * _MILLISECONDS // commits
    if shortest:
        remedies.append(f"take a link whose round trip is {shortest}ms or less")
    yield Problem(
        path_of("flows", name, "sessions"),
        f"Each commit waits {written_milliseconds(wait)} on `{path.name}`, so {sessions} sessions commit "
        f"{sessions} × {_MILLISECONDS} / {wait} = {sessions * _MILLISECONDS // wait} times a second at the most, and "
        f"{commits} are needed.",
        f"{', or '.join([*remedies, 'replicate asynchronously'])}.",
        severity,
    )
