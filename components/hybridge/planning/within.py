"""Whether a range lies in one of many others, without comparing it with each of them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from ipaddress import IPv4Network


def within(network: IPv4Network, ranges: AbstractSet[IPv4Network]) -> bool:
    """Tell whether `network` is one of `ranges` or a part of one: what it could lie in are the 33 networks around it.

    :param network: the network
    :param ranges: as a set, so that each of the 33 is one look
    """
    return any(network.supernet(new_prefix=length) in ranges for length in range(network.prefixlen, -1, -1))
