"""What links between the same two sites carry, now and after any single failure.

A failure takes everything down that depends on the thing that fails: an on-premises gateway is part of every link that
ends there, a standby included. All tunnels of a gateway, over all links that carry traffic, share its uplink; what they
add to packets on the wire is not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain

from .paths import VPN, Instance, LinkPath, PathTunnel


class FailureKind(StrEnum):
    """What fails."""

    TUNNEL = "tunnel"
    GATEWAY = "gateway"
    ZONE = "zone"
    LINK = "link"


@dataclass(frozen=True)
class Failure:
    """One thing that fails, and what carries the traffic between two sites then."""

    kind: FailureKind
    name: str
    site: str
    """Where it stands; empty: between the sites."""
    links: list[str]
    """The links that carry the traffic then; empty: none."""
    tunnels: int
    """Tunnels that stay up in these links."""
    bandwidth: int
    """What these carry at the most, in bits per second."""

    @property
    def told(self) -> str:
        """What fails, for a sentence."""
        return f"{self.kind.value} {self.name}"

    def rank(self) -> tuple[int, int]:
        """Return what orders failures by what they leave, the worst first."""
        return self.bandwidth, self.tunnels


@dataclass(frozen=True)
class Carried:
    """What the links between two sites carry."""

    links: list[LinkPath]
    """Those that carry the traffic: the ones that are no standby, or else the standbys."""
    tunnels: int
    bandwidth: int
    """What the network carries each way, in bits per second."""
    instance: Instance | None = None
    """The gateway instance through which all of it passes, both ways; None: there is none."""

    @property
    def most(self) -> int:
        """What may be counted on one way, in bits per second: the instance's cores limit it as well."""
        return self.bandwidth if self.instance is None else min(self.bandwidth, self.instance.both_ways)


class _Sums:
    """Links that carry at the same time, summed up once by gateway, so that a failure costs what it takes down."""

    def __init__(self, paths: Sequence[LinkPath]) -> None:
        self._uplinks: dict[str, int] = {}
        self._sums: Counter[str] = Counter()
        for path in paths:
            self._uplinks.update(path.uplinks)
            for tunnel in path.tunnels:
                self._sums[tunnel.gateway] += tunnel.bandwidth
        self._whole = sum(self._through(gateway, bandwidth) for gateway, bandwidth in self._sums.items())

    def _through(self, gateway: str, bandwidth: int) -> int:
        return min(bandwidth, self._uplinks.get(gateway, bandwidth))

    def left(self, lost: Iterable[PathTunnel]) -> int:
        """Return what they carry without `lost`."""
        gone: Counter[str] = Counter()
        for tunnel in lost:
            gone[tunnel.gateway] += tunnel.bandwidth
        return self._whole - sum(
            self._through(gateway, self._sums[gateway]) - self._through(gateway, self._sums[gateway] - bandwidth)
            for gateway, bandwidth in gone.items()
        )


class _Bundle:
    """A link's tunnels, counted once, so that a failure costs as much as it takes down."""

    def __init__(self, path: LinkPath) -> None:
        self.path = path
        self._sums = _Sums([path])
        self._by_size = sorted(
            ((path.through(tunnel.gateway, tunnel.bandwidth), tunnel.name) for tunnel in path.tunnels), reverse=True
        )

    def left(self, lost: Sequence[PathTunnel]) -> int:
        """Return what it carries without `lost`, while no other link carries anything."""
        if self.path.spread:
            return self._sums.left(lost)
        names = {tunnel.name for tunnel in lost}
        return next((bandwidth for bandwidth, name in self._by_size if name not in names), 0)


class _Ways:
    """All links between two sites."""

    def __init__(self, paths: Iterable[LinkPath]) -> None:
        self._bundles = [_Bundle(path) for path in paths]
        self._sums: dict[tuple[str, ...], _Sums] = {}

    def carried(self, lost: Mapping[str, Sequence[PathTunnel]]) -> Carried:
        """Return what they carry without the tunnels in `lost`, by link."""
        up: list[tuple[_Bundle, int]] = []
        for bundle in self._bundles:
            count = len(bundle.path.tunnels) - len(lost.get(bundle.path.name, ()))
            if count:
                up.append((bundle, count))
        used = [link for link in up if not link[0].path.standby] or up
        links, tunnels = [bundle.path for bundle, _ in used], sum(count for _, count in used)
        # Flows are spread over several links only where each of them spreads them; else one of them carries everything.
        if all(path.spread for path in links):
            gone = chain.from_iterable(lost.get(path.name, ()) for path in links)
            return Carried(links, tunnels, self._together(links).left(gone))
        amounts = [(bundle.left(lost.get(bundle.path.name, ())), bundle.path) for bundle, _ in used]
        bandwidth, carrier = max(amounts, key=lambda amount: amount[0])
        return Carried(links, tunnels, bandwidth, carrier.instance)

    def _together(self, links: Sequence[LinkPath]) -> _Sums:
        names = tuple(path.name for path in links)
        if names not in self._sums:
            self._sums[names] = _Sums(links)
        return self._sums[names]


def carried(paths: Iterable[LinkPath]) -> Carried:
    """Return what the links between two sites carry while everything is up."""
    return _Ways(paths).carried({})


def failures(paths: Sequence[LinkPath], kinds: Container[FailureKind] = frozenset(FailureKind)) -> Iterator[Failure]:
    """Return every single failure on the ways between two sites, and what it leaves.

    :param paths: all links that join the two
    :param kinds: what may fail
    """
    ways = _Ways(paths)
    domains: dict[tuple[FailureKind, str, str], dict[str, list[PathTunnel]]] = {}
    for path in paths:
        for domain, tunnel in _dependencies(path):
            if domain[0] in kinds:
                domains.setdefault(domain, {}).setdefault(path.name, []).append(tunnel)
    for (kind, site, name), lost in domains.items():
        after = ways.carried(lost)
        yield Failure(kind, name, site, [path.name for path in after.links], after.tunnels, after.most)


def surviving(paths: Iterable[LinkPath], failure: Failure) -> list[LinkPath]:
    """Return links with the tunnels that a failure leaves."""
    failed = failure.kind, failure.site, failure.name
    left: list[LinkPath] = []
    for path in paths:
        lost = {tunnel.name for domain, tunnel in _dependencies(path) if domain == failed}
        left.append(replace(path, tunnels=tuple(tunnel for tunnel in path.tunnels if tunnel.name not in lost)))
    return left


def _dependencies(path: LinkPath) -> Iterator[tuple[tuple[FailureKind, str, str], PathTunnel]]:
    """Return everything that a link's tunnels depend on, with the tunnel."""
    counts: Counter[str] = Counter()
    for tunnel in path.tunnels:
        counts[tunnel.gateway] += 1
        for domain in _domains(path, tunnel, counts[tunnel.gateway]):
            yield domain, tunnel


def _domains(path: LinkPath, tunnel: PathTunnel, number: int) -> Iterator[tuple[FailureKind, str, str]]:
    """Return everything that a tunnel, its gateway's `number`th, depends on: kind, site and name."""
    near, far = path.sites
    yield FailureKind.TUNNEL, "", tunnel.name
    yield FailureKind.GATEWAY, near, tunnel.gateway
    if path.via == VPN:
        # A managed VPN's end is the vendor's and fails with its tunnel. AWS ends the tunnels of a connection in two
        # zones without saying which, so at the worst the first ones of all connections share a zone
        # (https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html).
        yield FailureKind.ZONE, far, f"of the tunnels {number}"
    else:
        yield FailureKind.GATEWAY, far, tunnel.far_gateway
        if tunnel.zone:
            yield FailureKind.ZONE, far, tunnel.zone
    yield FailureKind.LINK, "", path.name
