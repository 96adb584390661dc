"""AWS's end of a VPN is what was declared to it, and what AWS documents where nothing was."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from lab import aws_vpn
from lab.aws_vpn import Hub, Tunnel
from lab.sketch import Sketch
from rehearsal.clouds.ledger import LedgerObject


def connection(**inputs: Any) -> LedgerObject:
    """A VPN connection as the simulated cloud holds it, with what was declared for its first tunnel."""
    outputs = {
        f"tunnel{number}{name}": value
        for number in (1, 2)
        for name, value in (
            ("Address", f"198.51.100.{number}"),
            ("InsideCidr", f"169.254.6.{4 * (number - 1)}/30"),
            ("PresharedKey", f"kOfTunnel{number}"),
        )
    }
    declared = {f"tunnel1{name}": value for name, value in inputs.items()}
    return LedgerObject("vpn-1", "urn::vpn", "aws:ec2/vpnConnection:VpnConnection", "aws", "aws", 0, declared, outputs)


CUSTOMER = LedgerObject(
    "cgw-1",
    "urn::cgw",
    "aws:ec2/customerGateway:CustomerGateway",
    "aws",
    "aws",
    0,
    {"ipAddress": "203.0.113.10", "bgpAsn": "65010"},
    {},
)


def tunnel(**inputs: Any) -> Tunnel:
    first, _ = aws_vpn.tunnels(connection(**inputs), CUSTOMER)
    return first


def settings(**inputs: Any) -> dict[str, str]:
    """What strongSwan is told as AWS's end, by its last name: no name is told twice with two meanings here."""
    text = aws_vpn._connections(tunnel(**inputs))
    ike, child = text.partition("      aws {")[::2]
    return {
        f"{part}.{name}": value
        for part, words in (("ike", ike), ("child", child))
        for name, value in re.findall(r"^\s+(\w+) = (.+)$", words, re.MULTILINE)
    }


def test_both_tunnels_of_a_connection_have_their_own_addresses_and_keys() -> None:
    first, second = aws_vpn.tunnels(connection(), CUSTOMER)
    assert (first.aws_inside, first.customer_inside) == ("169.254.6.1", "169.254.6.2")
    assert (second.aws_inside, second.customer_inside) == ("169.254.6.5", "169.254.6.6")
    assert [(each.outside, each.key) for each in (first, second)] == [
        ("198.51.100.1", "kOfTunnel1"),
        ("198.51.100.2", "kOfTunnel2"),
    ]
    assert {(each.customer, each.customer_asn) for each in (first, second)} == {("203.0.113.10", 65010)}


def test_an_as_number_of_32_bits_comes_by_another_name() -> None:
    inputs = {name: value for name, value in CUSTOMER.inputs.items() if name != "bgpAsn"}
    large = replace(CUSTOMER, inputs=inputs | {"bgpAsnExtended": "4200000001"})
    assert {each.customer_asn for each in aws_vpn.tunnels(connection(), large)} == {4_200_000_001}


def test_a_dead_peer_of_which_nothing_comes_is_not_looked_for() -> None:
    assert settings(DpdTimeoutAction="none")["ike.dpd_delay"] == "0s"
    assert settings(DpdTimeoutAction="restart")["ike.dpd_delay"] == "10s"


def test_what_was_declared_for_one_tunnel_is_not_the_other_ones() -> None:
    first, second = aws_vpn.tunnels(connection(StartupAction="start"), CUSTOMER)
    assert "StartupAction" in first.options
    assert "StartupAction" not in second.options


SUITE = {
    "Phase1EncryptionAlgorithms": ["AES256-GCM-16"],
    "Phase1IntegrityAlgorithms": ["SHA2-384"],
    "Phase1DhGroupNumbers": [20.0],
    "Phase2EncryptionAlgorithms": ["AES256-GCM-16"],
    "Phase2IntegrityAlgorithms": ["SHA2-384"],
    "Phase2DhGroupNumbers": [20.0],
}


def test_a_declared_suite_is_the_only_one() -> None:
    found = settings(**SUITE)
    assert found["ike.proposals"] == "aes256gcm16-prfsha384-ecp384"
    assert found["child.esp_proposals"] == "aes256gcm16-ecp384"


def test_a_cipher_without_integrity_of_its_own_brings_the_declared_one() -> None:
    found = settings(
        **SUITE | {"Phase1EncryptionAlgorithms": ["AES256"], "Phase2EncryptionAlgorithms": ["AES128", "AES256-GCM-16"]}
    )
    assert found["ike.proposals"] == "aes256-sha384-ecp384"
    assert found["child.esp_proposals"] == "aes128-sha384-ecp384, aes256gcm16-ecp384"


def test_where_no_suite_was_declared_every_one_of_aws_is_permitted() -> None:
    """Of group 5 AWS documents that phase 2 has it and phase 1 has not."""
    found = settings()
    ike, child = found["ike.proposals"].split(", "), found["child.esp_proposals"].split(", ")
    assert len(ike) == len(set(ike)) == 4 * 4 * 12
    assert len(child) == len(set(child)) == (2 * 4 + 2) * 13
    assert {"aes128-sha1-modp1024", "aes256gcm16-prfsha384-ecp384"} <= set(ike)
    assert "aes128-sha1-modp1536" in child
    assert not [each for each in ike if each.endswith("-modp1536")]


def test_lifetimes_are_those_declared_and_aws_rekeys_before_they_end() -> None:
    found = settings(Phase1LifetimeSeconds=14_400.0, Phase2LifetimeSeconds=1_800.0)
    assert (found["ike.rekey_time"], found["ike.over_time"]) == ("14130s", "270s")
    assert (found["child.rekey_time"], found["child.life_time"]) == ("1530s", "1800s")


def test_lifetimes_that_nobody_declared_are_aws_own() -> None:
    found = settings()
    assert (found["ike.rekey_time"], found["child.life_time"]) == ("28530s", "3600s")


def test_the_margin_and_its_fuzz_decide_when_a_rekey_begins() -> None:
    found = settings(RekeyMarginTimeSeconds=100.0, RekeyFuzzPercentage=50.0)
    assert (found["ike.rekey_time"], found["ike.rand_time"]) == ("28700s", "50s")


@pytest.mark.parametrize(
    ("declared", "version"),
    [
        ({}, "0"),
        ({"IkeVersions": ["ikev1", "ikev2"]}, "0"),
        ({"IkeVersions": ["ikev2"]}, "2"),
        ({"IkeVersions": ["ikev1"]}, "1"),
    ],
)
def test_ike_is_spoken_in_the_versions_declared(declared: dict[str, Any], version: str) -> None:
    assert settings(**declared)["ike.version"] == version


@pytest.mark.parametrize(
    ("declared", "start", "tries"),
    [({}, "none", "1"), ({"StartupAction": "add"}, "none", "1"), ({"StartupAction": "start"}, "start", "0")],
)
def test_aws_begins_a_tunnel_only_where_it_was_told_to(declared: dict[str, Any], start: str, tries: str) -> None:
    found = settings(**declared)
    assert (found["child.start_action"], found["child.close_action"], found["ike.keyingtries"]) == (start, start, tries)


@pytest.mark.parametrize(
    ("declared", "action"),
    [
        ({}, "clear"),
        ({"DpdTimeoutAction": "clear"}, "clear"),
        ({"DpdTimeoutAction": "none"}, "clear"),
        ({"DpdTimeoutAction": "restart"}, "restart"),
    ],
)
def test_aws_begins_anew_with_a_dead_peer_only_where_it_was_told_to(declared: dict[str, Any], action: str) -> None:
    assert settings(**declared)["child.dpd_action"] == action


@pytest.mark.parametrize("seconds", [30, 40, 60])
def test_a_silent_peer_is_dead_after_the_declared_time(seconds: int) -> None:
    """Once a probe has gone out, which happens after ten seconds of silence, its repetitions take the rest."""
    text = aws_vpn._settings(seconds)
    told = dict(re.findall(r"(\w+) = (\S+)$", text, re.MULTILINE))
    pauses = [
        float(told["retransmit_timeout"]) * float(told["retransmit_base"]) ** n
        for n in range(int(told["retransmit_tries"]) + 1)
    ]
    assert sum(pauses) == pytest.approx(seconds - 10, abs=0.5)


def test_the_time_after_which_a_peer_is_dead_is_thirty_seconds_unless_declared() -> None:
    files = endpoint_files()
    assert "retransmit_timeout = 4.0" in files["/etc/lab/strongswan.conf"]
    assert "retransmit_timeout = 6.0" in endpoint_files(DpdTimeoutSeconds=40.0)["/etc/lab/strongswan.conf"]


def endpoint_files(**inputs: Any) -> dict[str, str]:
    sketch = Sketch()
    return aws_vpn.endpoint(sketch, sketch.machine("hub", "aws"), tunnel(**inputs), "one@aws", Hub(64512, [])).files


def test_a_hub_tells_each_customer_of_its_vpcs_and_takes_a_hundred_prefixes_of_it() -> None:
    text = Hub(64512, [IPv4Network("172.20.0.0/16")], [tunnel()]).frr_conf(spread=True)
    for line in (
        "router bgp 64512",
        " neighbor 169.254.6.2 remote-as 65010",
        " neighbor 169.254.6.2 update-source 169.254.6.1",
        "  network 172.20.0.0/16",
        "  neighbor 169.254.6.2 maximum-prefix 100",
    ):
        assert f"{line}\n" in text


@pytest.mark.parametrize(("spread", "paths"), [(True, 2), (False, 1)])
def test_a_hub_spreads_flows_only_with_ecmp(spread: bool, paths: int) -> None:
    text = Hub(64512, [], list(aws_vpn.tunnels(connection(), CUSTOMER))).frr_conf(spread=spread)
    assert f"  maximum-paths {paths}\n" in text
    assert ("multipath-relax" in text) is spread
