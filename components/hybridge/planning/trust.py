"""Plans the root of trust: which clusters need an authority of their own, what with, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from hybridge.topology import MeshKind, Problem, Severity, Topology, Trust, path_of

from . import limits
from .trust_model import KeyAlgorithm, TrustPlan


def trust_plan(topology: Topology) -> TrustPlan | None:
    """Decide the authorities of a topology without problems; None where no root of trust is declared.

    A root that is declared exists, whether or not a cluster needs it yet: it must not vanish with the last one.
    """
    trust = topology.trust
    if trust is None:
        return None
    return TrustPlan(
        organization=trust.organization,
        root_name=_root_name(trust),
        algorithm=_algorithm(topology),
        root_years=trust.root_years,
        intermediate_years=trust.intermediate_years,
        clusters=mesh_clusters(topology),
    )


def mesh_clusters(topology: Topology) -> list[str]:
    """Return the clusters that share a mesh with others, each of which needs an intermediate authority."""
    members = {name for group in topology.cluster_sets.values() if group.mesh is not None for name in group.clusters}
    return [name for name in topology.clusters if name in members]


def trust_problems(topology: Topology) -> Iterator[Problem]:
    """Find meshes without a root of trust, and certificates that would outlive the one above them."""
    if topology.trust is not None:
        yield from _name_problems(topology.trust)
        yield from _life_problems(topology.trust)
        if not mesh_clusters(topology):
            yield Problem(
                "trust",
                "No cluster set has a mesh, so nothing uses this root of trust.",
                "Give a cluster set its `mesh:`, or leave `trust:` out until one has.",
                Severity.WARNING,
            )
        return
    for name, group in topology.cluster_sets.items():
        if group.mesh is not None:
            yield Problem(
                path_of("cluster_sets", name, "mesh"),
                f"The clusters of `{name}` are to trust each other, and there is no root that they share.",
                "Declare it: `trust: { organization: Example }`.",
            )


def _algorithm(topology: Topology) -> KeyAlgorithm:
    """Return what every authority signs with: Linkerd takes ECDSA on P-256 alone, and the root is everybody's."""
    meshes = {group.mesh for group in topology.cluster_sets.values()}
    return KeyAlgorithm.ECDSA_P256 if MeshKind.LINKERD in meshes else KeyAlgorithm.RSA_4096


def _root_name(trust: Trust) -> str:
    return f"{trust.organization} root"


def _name_problems(trust: Trust) -> Iterator[Problem]:
    most = limits.number("x509.common-name")
    size = len(_root_name(trust).encode())
    if size > most:
        yield Problem(
            path_of("trust", "organization"),
            f"The root's name `{_root_name(trust)}` has {size} bytes, and a certificate takes {most}.",
            f"Shorten the organization ({limits.limits()['x509.common-name'].reference}).",
        )


def _life_problems(trust: Trust) -> Iterator[Problem]:
    root, intermediate = trust.root_years, trust.intermediate_years
    if intermediate >= root:
        yield Problem(
            path_of("trust", "intermediate_years"),
            f"An intermediate certificate of {intermediate} years would outlive a root of {root}: it is issued later.",
            "Let the root live twice as long as intermediates, such as 20 years and 10.",
        )
    elif 2 * intermediate > root:
        yield Problem(
            path_of("trust", "root_years"),
            f"An intermediate certificate that is renewed after {intermediate} years would outlive a root of {root}.",
            f"Let the root live twice as long, before it exists, or rotate it within {root - intermediate} years.",
            Severity.WARNING,
        )
