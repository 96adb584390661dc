"""Which ranges a VPC takes beside its primary one: AWS's rules, of which no preview would hear from AWS."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from . import limits


class VpcRanges:
    """All ranges that a VPC is to have, the primary one first."""

    def __init__(self, primary: IPv4Network, further: Iterable[IPv4Network]) -> None:
        self.primary = primary
        self.further = list(dict.fromkeys(further))
        self._crowd, self._refused = (IPv4Network(text) for text in limits.words("aws.vpc.crowded"))
        self._crowding = sum(network.overlaps(self._crowd) for network in (primary, *self.further))

    def refusal(self, network: IPv4Network) -> str | None:
        """Return what the VPC is that AWS does not add `network` to, one of the further ones; None where it does."""
        widest, narrowest = limits.bounds("aws.vpc.prefix-lengths")
        if not widest <= network.prefixlen <= narrowest:
            return f"a VPC, whose ranges are /{widest} to /{narrowest}"
        never = any(network.overlaps(IPv4Network(text)) for text in limits.words("aws.vpc.never-added"))
        if never or _family(network) not in (None, _family(self.primary)):
            return f"a VPC whose primary range is `{self.primary}`"
        if network.overlaps(self._refused) and self._crowding > 1:
            return f"a VPC that has another range in `{self._crowd}`"
        return None


def _family(network: IPv4Network) -> str | None:
    return next((text for text in limits.words("aws.vpc.families") if network.subnet_of(IPv4Network(text))), None)
