"""Finds cluster sets whose clusters the links do not join.

No site carries others' traffic, so two clusters talk over links between their own two sites, or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from hybridge.topology import Problem, Severity, Topology, path_of


def reach_problems(topology: Topology) -> Iterator[Problem]:
    """Find sets that fall apart, and sets in which some clusters are joined by way of others only."""
    joined: defaultdict[str, set[str]] = defaultdict(set)
    for link in topology.links.values():
        one, other = link.between
        joined[one].add(other)
        joined[other].add(one)
    islands = _islands(joined)
    for name, cluster_set in topology.cluster_sets.items():
        at: dict[str, str] = {}
        shores: dict[str, str] = {}
        for cluster in cluster_set.clusters:
            site = topology.clusters[cluster].site if cluster in topology.clusters else ""
            if site in topology.sites:
                at.setdefault(site, cluster)
                shores.setdefault(islands.get(site, site), site)
        place = path_of("cluster_sets", name, "clusters")
        if len(shores) > 1:
            one, other, *_ = shores.values()
            yield Problem(
                place,
                f"No links lead from site `{one}` of cluster `{at[one]}` to site `{other}` of `{at[other]}`, so the "
                "two never reach each other.",
                f"Declare a link between `{one}` and `{other}`, or take one of the clusters out of the set.",
            )
        elif (pair := _apart(at, joined)) is not None:
            one, other = pair
            yield Problem(
                place,
                f"No link joins site `{one}` of cluster `{at[one]}` and site `{other}` of `{at[other]}`, and no other "
                "site carries traffic between them.",
                f"Declare a link between `{one}` and `{other}`, if these clusters call each other.",
                Severity.WARNING,
            )


def _islands(joined: Mapping[str, set[str]]) -> dict[str, str]:
    """Return for each site that links join one site of all those that it reaches, the same for each of them."""
    islands: dict[str, str] = {}
    for start in joined:
        found = [start] if start not in islands else []
        while found:
            site = found.pop()
            if site not in islands:
                islands[site] = start
                found += joined[site]
    return islands


def _apart(at: Mapping[str, str], joined: Mapping[str, set[str]]) -> tuple[str, str] | None:
    """Return the first two sites that no link joins."""
    for one in at:
        near = {one} | (joined.get(one, set()) & at.keys())
        if len(near) < len(at):
            return one, next(other for other in at if other not in near)
    return None
