"""What links between the same two sites carry, now and after any single failure.

A failure takes everything down that depends on the thing that fails: an on-premises gateway is part of every link that
ends there, a standby included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hybridge.topology import written_bandwidth

from .paths import VPN, LinkPath, PathTunnel


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
    """In bits per second."""


class _Bundle:
    """A link's tunnels, counted once, so that a failure costs as much as it takes down."""

    def __init__(self, path: LinkPath) -> None:
        self.path = path
        self._whole = path.capacity
        self._by_size = sorted(path.tunnels, key=lambda tunnel: -tunnel.bandwidth)

    def left(self, lost: Sequence[PathTunnel]) -> tuple[int, int]:
        """Return how many tunnels stay up without `lost`, and what they carry."""
        count = len(self.path.tunnels) - len(lost)
        if self.path.spread:
            return count, self._whole - sum(tunnel.bandwidth for tunnel in lost)
        names = {tunnel.name for tunnel in lost}
        return count, next((tunnel.bandwidth for tunnel in self._by_size if tunnel.name not in names), 0)


def carried(paths: Iterable[LinkPath]) -> Carried:
    """Return what the links between two sites carry while everything is up."""
    return _carried([_Bundle(path) for path in paths], {})


def _carried(bundles: Iterable[_Bundle], lost: Mapping[str, Sequence[PathTunnel]]) -> Carried:
    up: list[tuple[LinkPath, int, int]] = []
    for bundle in bundles:
        count, bandwidth = bundle.left(lost.get(bundle.path.name, ()))
        if count:
            up.append((bundle.path, count, bandwidth))
    used = [link for link in up if not link[0].standby] or up
    amounts = [bandwidth for _, _, bandwidth in used]
    # Flows are spread over several links only where each of them spreads them; else one of them carries everything.
    spread = all(path.spread for path, _, _ in used)
    return Carried(
        links=[path for path, _, _ in used],
        tunnels=sum(count for _, count, _ in used),
        bandwidth=sum(amounts) if spread else max(amounts, default=0),
    )


def failures(paths: Sequence[LinkPath], kinds: Container[FailureKind] = frozenset(FailureKind)) -> Iterator[Failure]:
    """Return every single failure on the ways between two sites, and what it leaves.

    :param paths: all links that join the two
    :param kinds: what may fail
    """
    bundles = [_Bundle(path) for path in paths]
    domains: dict[tuple[FailureKind, str, str], dict[str, list[PathTunnel]]] = {}
    for path in paths:
        counts: Counter[str] = Counter()
        for tunnel in path.tunnels:
            counts[tunnel.gateway] += 1
            for domain in _domains(path, tunnel, counts[tunnel.gateway]):
                if domain[0] in kinds:
                    domains.setdefault(domain, {}).setdefault(path.name, []).append(tunnel)
    for (kind, site, name), lost in domains.items():
        after = _carried(bundles, lost)
        yield Failure(kind, name, site, [path.name for path in after.links], after.tunnels, after.bandwidth)


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


def capacity_told(paths: Iterable[LinkPath]) -> str:
    """Write what links carry with its arithmetic: "`dc1-aws` carries 4 × 1.25Gbps = 5Gbps"."""
    return " and ".join(f"`{path.name}` carries {_amount(path)}" for path in paths)


def _amount(path: LinkPath) -> str:
    whole = written_bandwidth(path.capacity)
    if not path.spread:
        return f"{whole}, one tunnel at a time"
    sizes = Counter(tunnel.bandwidth for tunnel in path.tunnels)
    terms = " + ".join(f"{count} × {written_bandwidth(bandwidth)}" for bandwidth, count in sizes.items())
    return f"{terms} = {whole}"
