"""How many gateway instances the AWS end of a WireGuard link has: the one rule that addresses and tunnels follow."""

from __future__ import annotations

from typing import Final

from hybridge.topology import OnpremSite, Wireguard

_INSTANCES: Final = 2
"""One in each of two zones, so that one may be serviced or lost."""


def instance_count(link: Wireguard, onprem: OnpremSite) -> int:
    """Return the number of gateway instances: two, or one where `accept_single_gateway` says so.

    The exception speaks of one gateway at an end, so an end has to show which: an on-premises site with one gateway, or
    one Elastic IP address. Without that the other end stays redundant.
    """
    single = len(onprem.gateways) == 1 or len(link.elastic_ips) == 1
    return 1 if link.accept_single_gateway is not None and single else _INSTANCES
