"""A VPN connection is refused unless each of its tunnels is pinned to strong suites."""

from __future__ import annotations

from typing import Any

import pytest
from vpn_suites import pinned_vpn_suites, weaknesses

from tests.policy.conftest import UNKNOWN, judge, secret, told


@pytest.fixture
def pinned() -> dict[str, Any]:
    """A connection's properties as the engine hands them over: numbers are floats."""
    options = {
        "IkeVersions": ["ikev2"],
        "Phase1EncryptionAlgorithms": ["AES256-GCM-16"],
        "Phase1IntegrityAlgorithms": ["SHA2-384"],
        "Phase1DhGroupNumbers": [20.0],
        "Phase2EncryptionAlgorithms": ["AES256-GCM-16"],
        "Phase2IntegrityAlgorithms": ["SHA2-384"],
        "Phase2DhGroupNumbers": [20.0],
    }
    return {f"tunnel{number}{name}": list(value) for number in (1, 2) for name, value in options.items()}


def test_a_pinned_connection_passes(pinned: dict[str, Any]) -> None:
    assert list(weaknesses(pinned)) == []


def test_a_connection_left_at_awss_defaults_has_fourteen_weaknesses() -> None:
    assert len(list(weaknesses({}))) == 14


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    ("option", "weak", "shown"),
    [
        ("IkeVersions", "ikev1", "ikev1"),
        ("Phase1EncryptionAlgorithms", "AES128", "AES128"),
        ("Phase2EncryptionAlgorithms", "AES128-GCM-16", "AES128-GCM-16"),
        ("Phase1IntegrityAlgorithms", "SHA1", "SHA1"),
        ("Phase1DhGroupNumbers", 2.0, "2,"),
        ("Phase2DhGroupNumbers", 14.0, "14,"),
        ("Phase2DhGroupNumbers", 24.0, "24,"),
    ],
)
def test_one_weak_alternative_is_enough(
    pinned: dict[str, Any], number: int, option: str, weak: Any, shown: str
) -> None:
    pinned[f"tunnel{number}{option}"].append(weak)
    (weakness,) = weaknesses(pinned)
    assert f"`tunnel{number}{option}` allows {shown}" in weakness


@pytest.mark.parametrize("number", [1, 2])
def test_an_option_left_open_is_a_weakness(pinned: dict[str, Any], number: int) -> None:
    pinned[f"tunnel{number}Phase2DhGroupNumbers"] = []
    (weakness,) = weaknesses(pinned)
    assert "not pinned" in weakness


@pytest.mark.parametrize("unknown", [UNKNOWN, [UNKNOWN], secret(UNKNOWN)])
def test_what_is_not_known_yet_is_not_refused(pinned: dict[str, Any], unknown: Any) -> None:
    pinned["tunnel1Phase1DhGroupNumbers"] = unknown
    assert list(weaknesses(told(pinned))) == []
    pinned["tunnel2Phase1DhGroupNumbers"] = [2.0]
    assert len(list(weaknesses(told(pinned)))) == 1


def test_only_vpn_connections_are_judged(pinned: dict[str, Any]) -> None:
    assert judge(pinned_vpn_suites, "aws:ec2/vpnConnection:VpnConnection", pinned) == []
    assert len(judge(pinned_vpn_suites, "aws:ec2/vpnConnection:VpnConnection", {})) == 14
    assert judge(pinned_vpn_suites, "aws:ec2/vpc:Vpc", {}) == []
