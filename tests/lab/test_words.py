"""What the daemons say of a tunnel is told in the plan's words, and a tunnel that is not up is down."""

from __future__ import annotations

import pytest

from lab.proofs.loading import complaints
from lab.proofs.tunnels import _ipsec

QUIET = {
    "FRR": "",
    "the shell": "",
    "nftables": "",
    "strongSwan": "00[LIB] plugin 'tpm': failed to load - tpm_plugin_create returned NULL\n"
    "00[LIB] loaded plugins: charon-systemd kernel-libipsec error-notify\n"
    "12[IKE] received NO_PROPOSAL_CHOSEN notify error\n"
    "opening directory '/etc/lab/x509' failed: No such file or directory\n"
    "loaded ike secret 'ike-a'\n",
    "WireGuard": "[#] ip link add wg51820 type wireguard\nError: Unknown device type.\n"
    "[!] Missing WireGuard kernel module. Falling back to slow userspace implementation.\n",
    "cloud-init": "[#] ip link add wg51820 type wireguard\nError: Unknown device type.\n",
    "Unbound": "[1795913661] unbound[1426:0] notice: init module 0: subnetcache\n",
}
"""What they say where all is well."""

UP = """dc1-aws-edge-a-1: #2, ESTABLISHED, IKEv2, cae54c87dc42a902_i fd658f19f64ee659_r*
  local  '203.0.113.10' @ 203.0.113.10[4500]
  remote '192.0.2.231' @ 192.0.2.231[4500]
  AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384
  established 5s ago, rekeying in 25274s
  dc1-aws-edge-a-1: #1, reqid 1, INSTALLED, TUNNEL-in-UDP, ESP:AES_GCM_16-256
    installed 5s ago, rekeying in 2818s, expires in 3595s
    in  e2da206a,    839 bytes,    11 packets,     2s ago
    out 8fb44e6b,    880 bytes,    11 packets,     2s ago
    local  0.0.0.0/0
    remote 0.0.0.0/0
"""
"""As strongSwan 5.9.8 says it."""


def test_a_tunnel_that_is_up_is_told_with_its_suite() -> None:
    assert _ipsec(UP) == "IKEv2 AES-256-GCM SHA-384 DH 20"


def test_a_rekeyed_tunnel_is_told_alike() -> None:
    """The first child has no group of its own; those that follow have."""
    assert _ipsec(UP.replace("ESP:AES_GCM_16-256", "ESP:AES_GCM_16-256/ECP_384")) == _ipsec(UP)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("IKEv2", "IKEv1", "IKEv1 AES-256-GCM SHA-384 DH 20"),
        ("  AES_GCM_16-256/", "  AES_GCM_16-128/", "IKEv2 AES-128-GCM SHA-384 DH 20 and AES_GCM_16-256 inside"),
        ("SHA2_384", "SHA2_512", "IKEv2 AES-256-GCM SHA-512 DH 20"),
        ("ECP_384", "MODP_2048", "IKEv2 AES-256-GCM SHA-384 DH 14"),
        ("ECP_384", "CURVE_25519", "IKEv2 AES-256-GCM SHA-384 DH CURVE_25519"),
        (
            "ESP:AES_GCM_16-256",
            "ESP:AES_CBC-128/HMAC_SHA1_96",
            "IKEv2 AES-256-GCM SHA-384 DH 20 and AES_CBC-128 inside",
        ),
        (
            "  AES_GCM_16-256/",
            "  AES_CBC-256/HMAC_SHA2_384_192/",
            "IKEv2 AES_CBC-256 SHA-384 DH 20 and AES_GCM_16-256 inside",
        ),
    ],
)
def test_another_suite_is_told_as_another(old: str, new: str, told: str) -> None:
    assert old in UP
    assert _ipsec(UP.replace(old, new)) == told


def test_a_child_that_was_made_again_is_the_tunnels() -> None:
    """Whichever of several it is, as after both ends began at once; and none of them may be wrong."""
    child = UP[UP.index("  dc1-aws-edge-a-1: #1") :]
    again = child.replace("#1,", "#10,").replace("ESP:AES_GCM_16-256", "ESP:AES_GCM_16-256/ECP_384")
    wrong = again.replace("#10,", "#9,").replace("ECP_384", "MODP_2048")
    assert _ipsec(UP, renewed=True) != (right := _ipsec(UP))
    assert _ipsec(UP + again, renewed=True) == right
    assert _ipsec(UP.replace(child, again) + child, renewed=True) == right
    assert _ipsec(UP + again + wrong, renewed=True).endswith("and DH 14 inside, as children are made again")


@pytest.mark.parametrize(
    "said",
    [
        "",
        UP.replace("ESTABLISHED", "CONNECTING"),
        UP.replace("INSTALLED", "INSTALLING"),
        UP.replace("INSTALLED", "DELETED"),
        UP.partition("  dc1-aws-edge-a-1: #1")[0],
    ],
)
def test_a_tunnel_that_carries_nothing_is_down(said: str) -> None:
    assert _ipsec(said) == "down"


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("FRR", "line 7: % Unknown command: neighbour 169.254.6.1 remote-as 64512"),
        ("the shell", "interfaces.sh: no interface has 10.100.0.2, the lan_address of edge-a"),
        ("nftables", "/etc/hybridge/firewall.nft:3:1-2: Warning: whatever it is"),
        ("strongSwan", "/etc/lab/strongswan.conf:5: syntax error, unexpected ., expecting end of file"),
        ("strongSwan", "00[CFG] invalid value for retransmit_tries"),
        ("strongSwan", "loading connection 'dc1-aws-edge-a-1' failed: unknown option: proposal, config discarded"),
        ("WireGuard", "Line unrecognized: `PrivatKey=x'"),
        ("cloud-init", "Warning: AllowedIP has nonzero host part: 172.20.0.1/16"),
        ("Unbound", "[1795913661] unbound[1426:0] warning: duplicate local-zone"),
    ],
)
def test_a_complaint_is_heard(program: str, said: str) -> None:
    assert complaints(program, f"{QUIET[program]}{said}\n") == [said]


@pytest.mark.parametrize("program", sorted(QUIET))
def test_what_programs_always_say_is_no_complaint(program: str) -> None:
    assert complaints(program, QUIET[program]) == []
