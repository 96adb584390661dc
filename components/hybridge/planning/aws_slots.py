"""The /28s at the end of a VPC's primary range, where nobody starts numbering, and who has which.

Slot 0 is the last /28 of the range, slot 1 the one before it, and so on: 0 to 5 are the transit gateway attachment's,
one a zone; 6 and 7 the gateway instances'; 8 and 9 the resolver endpoints'. A slot belongs to its purpose even where
that is not wanted, so nothing moves when it comes to be.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Final

from hybridge.topology import AwsSite

from . import limits

ATTACHMENT_SLOTS: Final = (0, 1, 2, 3, 4, 5)
GATEWAY_SLOTS: Final = (6, 7)
RESOLVER_SLOTS: Final = (8, 9)


def slot(site: AwsSite, number: int) -> IPv4Network:
    """Return the /28 that is number `number` from the end of the site's primary range.

    :param site: the site; where `has_slot` denies it the slot, what is returned lies outside its range
    """
    length = limits.number("aws.transit-gateway.attachment-subnet")
    last = IPv4Network((site.ranges[0].broadcast_address, length), strict=False)
    return IPv4Network((max(int(last.network_address) - last.num_addresses * number, 0), length))


def has_slot(site: AwsSite, number: int) -> bool:
    """Tell whether the site's primary range is large enough for a slot."""
    return (number + 1) * slot(site, 0).num_addresses <= site.ranges[0].num_addresses
