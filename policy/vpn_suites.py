"""Every VPN tunnel is pinned to strong suites: what is left open, a peer may bring down to SHA-1 and group 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast

import yaml
from gateways import CONNECTION
from known import UNKNOWN, at, items
from pulumi_policy import ReportViolation, ResourceValidationArgs, ResourceValidationPolicy
from settings import misspelt, schema

_STRONG: Final = cast(
    "dict[str, list[str | int]]",
    yaml.safe_load((Path(__file__).parent / "rules" / "vpn-suites.yaml").read_text(encoding="utf-8")),
)
_OPTIONS: Final = {
    "IkeVersions": "ike_versions",
    "Phase1EncryptionAlgorithms": "encryption",
    "Phase1IntegrityAlgorithms": "integrity",
    "Phase1DhGroupNumbers": "dh_groups",
    "Phase2EncryptionAlgorithms": "encryption",
    "Phase2IntegrityAlgorithms": "integrity",
    "Phase2DhGroupNumbers": "dh_groups",
}
"""A tunnel's options at AWS, and the set that holds what is strong."""
_NAME: Final = "pinned-vpn-suites"


def weaknesses(properties: Mapping[str, object]) -> Iterator[str]:
    """Find what is not pinned, or pinned to something weak, in the properties of an AWS VPN connection."""
    for number in (1, 2):
        for option, kind in _OPTIONS.items():
            name = f"tunnel{number}{option}"
            strong = _STRONG[kind]
            found = at(properties, name)
            values = items(found)
            allowed = ", ".join(map(str, strong))
            if not values and found is not UNKNOWN:
                yield f"`{name}` is not pinned, so AWS accepts everything it knows. Set it to one of {allowed}."
            for value in values:
                if value not in strong and value is not UNKNOWN:
                    yield f"`{name}` allows {value}, which is too weak. Leave only {allowed}."


def _validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if args.resource_type == CONNECTION:
        found = [*misspelt(_NAME, args.get_config()), *weaknesses(args.props)]
        if found:
            report("\n".join(found), args.urn)


pinned_vpn_suites = ResourceValidationPolicy(
    _NAME,
    "Every VPN tunnel is pinned to strong suites in both phases.",
    _validate,
    config_schema=schema(_NAME),
)
