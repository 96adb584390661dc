"""What the AWS provider refuses at Check beyond types, for the resources whose outputs depend on it.

The rules are those of hashicorp/terraform-provider-aws (internal/service/ec2/vpnsite_connection.go,
`validVPNConnectionTunnelInsideCIDR` and `validVPNConnectionTunnelPreSharedKey`) and of
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpnTunnelOptionsSpecification.html, which agree; 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Final

from rehearsal.clouds.values import Properties

LINK_LOCAL: Final = IPv4Network("169.254.0.0/16")
RESERVED_RANGES: Final = frozenset(
    IPv4Network(one)
    for one in (
        "169.254.0.0/30",
        "169.254.1.0/30",
        "169.254.2.0/30",
        "169.254.3.0/30",
        "169.254.4.0/30",
        "169.254.5.0/30",
        "169.254.169.252/30",
    )
)
"""Inside ranges that AWS keeps for itself (https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html).

On purpose not those of `hybridge.planning.limits`: a cloud that asked the planning what it should refuse could never
find the planning wrong, and each plugin would load the planning for seven lines. A test holds the two together.
"""

_KEY: Final = re.compile(r"[A-Za-z1-9._][A-Za-z0-9._]{7,63}")


def _vpn_connection(inputs: Properties) -> Iterator[tuple[str, str]]:
    for number in (1, 2):
        inside, key = inputs.get(f"tunnel{number}InsideCidr"), inputs.get(f"tunnel{number}PresharedKey")
        if isinstance(inside, str) and not _is_inside_range(inside):
            yield (
                f"tunnel{number}InsideCidr",
                "A tunnel's inside range is a /30 of 169.254.0.0/16 that AWS does not keep for itself.",
            )
        if isinstance(key, str) and not _KEY.fullmatch(key):
            yield (
                f"tunnel{number}PresharedKey",
                "A pre-shared key has 8 to 64 letters, digits, periods and underscores and does not begin with 0.",
            )


def _is_inside_range(text: str) -> bool:
    try:
        network = IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        return False
    return network.prefixlen == 30 and network.subnet_of(LINK_LOCAL) and network not in RESERVED_RANGES  # noqa: PLR2004


REFUSALS: Final[Mapping[str, Callable[[Properties], Iterator[tuple[str, str]]]]] = {
    "aws:ec2/vpnConnection:VpnConnection": _vpn_connection,
}
"""By token: each refused property's path with a sentence."""
