"""The lab finds a gateway's tunnels in the very files that hybridge renders, and says so where it does not."""

from __future__ import annotations

from typing import Any

import pytest

from hybridge.devices import GatewaySecrets, TunnelSecrets, WireguardPeer, gateway_files
from hybridge.links.wireguard_keys import private_key, public_key
from lab.errors import LabError
from lab.files import IpsecEnd, WireguardEnd, ipsec_ends, wireguard_ends
from tests.wireguards import Joined, with_wireguard

Files = dict[str, dict[str, str]]


def rendered(declared: dict[str, Any]) -> Files:
    """Every gateway's files, of a site that IPsec and WireGuard end at."""
    joined = Joined.read(with_wireguard(declared))
    link, site = joined.plan(), joined.site()
    (vpn,) = site.vpns
    secrets = GatewaySecrets(
        {tunnel.name: TunnelSecrets("198.51.100.1", "kTestKeyOfATunnel") for tunnel in vpn.tunnels},
        {each.name: WireguardPeer(each.elastic_ip, public_key(private_key(each.name))) for each in link.instances},
        {each.name: private_key(each.name) for each in link.gateways},
    )
    return {gateway.name: gateway_files(site, gateway, secrets) for gateway in site.gateways}


@pytest.fixture
def files(declared: dict[str, Any]) -> Files:
    return rendered(declared)


def test_each_ipsec_tunnel_is_found_with_its_interface_and_its_address(files: Files) -> None:
    assert ipsec_ends(files["edge-a"]) == [
        IpsecEnd("dc1-aws-edge-a-1", "xfrm385", "169.254.6.2", "203.0.113.10", encapsulated=False),
        IpsecEnd("dc1-aws-edge-a-2", "xfrm386", "169.254.6.6", "203.0.113.10", encapsulated=False),
    ]
    assert [each.address for each in ipsec_ends(files["edge-b"])] == ["169.254.6.10", "169.254.6.14"]


def test_a_tunnel_behind_nat_is_known_by_its_file(declared: dict[str, Any]) -> None:
    declared["links"]["dc1-aws"]["nat_traversal"] = True
    files = rendered(declared)
    assert [end.encapsulated for end in ipsec_ends(files["edge-a"])] == [True, True]


def test_each_wireguard_tunnel_is_found_with_where_it_sends_to(files: Files) -> None:
    assert wireguard_ends(files["edge-a"]) == [
        WireguardEnd("wg51820", "10.200.0.1", 51820, "198.51.100.5"),
        WireguardEnd("wg51821", "10.200.0.5", 51821, "198.51.100.6"),
    ]
    assert [each.port for each in wireguard_ends(files["edge-b"])] == [51822, 51823]


def test_wireguards_own_repeated_keys_are_read(files: Files) -> None:
    """A person may add hooks to what hybridge renders; wg-quick allows several."""
    text = files["edge-a"]["wg51820.conf"].replace("[Peer]", "PostUp = true %i\nPostUp = true\n\n[Peer]")
    assert wireguard_ends({"wg51820.conf": text}) == wireguard_ends(files["edge-a"])[:1]


def test_a_gateway_without_ipsec_has_no_ipsec_tunnels(files: Files) -> None:
    assert ipsec_ends({"interfaces.sh": files["edge-a"]["interfaces.sh"]}) == []
    assert wireguard_ends({"frr.conf": "", "unbound.conf": ""}) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if_id 386", "if_id 999"),
        ("ip address replace 169.254.6.6/30 dev xfrm386\n", ""),
    ],
)
def test_a_connection_that_no_interface_belongs_to_is_named(files: Files, old: str, new: str) -> None:
    own = files["edge-a"]
    assert old in own["interfaces.sh"]
    changed = own | {"interfaces.sh": own["interfaces.sh"].replace(old, new)}
    with pytest.raises(LabError, match="belongs to the connection dc1-aws-edge-a-2 of"):
        ipsec_ends(changed)


def test_a_connection_without_an_interface_number_is_named(files: Files) -> None:
    own = files["edge-a"]
    changed = own | {"swanctl.conf": own["swanctl.conf"].replace("        if_id_out = 385\n", "")}
    with pytest.raises(LabError, match="belongs to the connection dc1-aws-edge-a-1 of"):
        ipsec_ends(changed)
