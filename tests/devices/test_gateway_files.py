"""Each rendered file of an on-premises gateway is read by the program that it is for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hybridge.devices import GatewaySecrets, TunnelSecrets, WireguardPeer, gateway_files
from hybridge.devices.vpn import rekey_seconds
from hybridge.links.wireguard_keys import private_key, public_key
from hybridge.planning import OnpremSitePlan
from rehearsal.writing import write_devices
from tests.devices.programs import (
    frr_complaint,
    frr_session,
    nft_complaint,
    program,
    read_by,
    unshared,
    wireguard_complaint,
)
from tests.wireguards import Joined, with_wireguard


@pytest.fixture
def site(declared: dict[str, Any]) -> OnpremSitePlan:
    """The datacentre, with a VPN and a WireGuard link."""
    return Joined.read(with_wireguard(declared)).site()


def secrets_of(site: OnpremSitePlan) -> GatewaySecrets:
    """Secrets as they are after creation."""
    vpn, link = site.vpns[0], site.wireguards[0]
    return GatewaySecrets(
        tunnels={
            tunnel.name: TunnelSecrets(f"198.51.100.{index}", f"kTestKeyOfTunnel{index}")
            for index, tunnel in enumerate(vpn.tunnels, start=1)
        },
        peers={
            instance.name: WireguardPeer(instance.elastic_ip, public_key(private_key(instance.name)))
            for instance in link.instances
        },
        private_keys={gateway.name: private_key(gateway.name) for gateway in link.gateways if not gateway.public_key},
    )


def written(site: OnpremSitePlan, folder: Path) -> dict[str, Path]:
    """The files of the first gateway, readable by their owner alone, as WireGuard wants it."""
    files: dict[str, Path] = {}
    for name, text in gateway_files(site, site.gateways[0], secrets_of(site)).items():
        files[name] = folder / name
        files[name].write_text(text, encoding="utf-8")
        files[name].chmod(0o600)
    return files


@pytest.fixture
def files(site: OnpremSitePlan, tmp_path: Path) -> dict[str, Path]:
    return written(site, tmp_path)


def test_a_gateway_has_a_file_for_each_program_and_tunnel(files: dict[str, Path]) -> None:
    assert sorted(files) == [
        "firewall.nft",
        "frr.conf",
        "interfaces.sh",
        "nftables.conf",
        "strongswan.conf",
        "swanctl.conf",
        "wg51820.conf",
        "wg51821.conf",
    ]


def test_a_gateway_without_tunnels_has_no_file(site: OnpremSitePlan) -> None:
    site.vpns.clear()
    site.wireguards.clear()
    assert gateway_files(site, site.gateways[0], GatewaySecrets({}, {}, {})) == {}


def test_a_gateway_has_strongswan_only_where_there_is_ipsec(site: OnpremSitePlan, tmp_path: Path) -> None:
    secrets = secrets_of(site)
    site.vpns.clear()
    files = gateway_files(site, site.gateways[0], secrets)
    assert not {"strongswan.conf", "swanctl.conf"} & files.keys()
    assert "xfrm" not in "".join(files.values())


def test_frr_reads_the_routing_configuration(files: dict[str, Path]) -> None:
    assert frr_complaint(files["frr.conf"]) == ""


def test_the_programs_read_what_says_that_a_rehearsal_made_it(site: OnpremSitePlan, tmp_path: Path) -> None:
    texts = gateway_files(site, site.gateways[0], secrets_of(site))
    files = {path.name: path for path in write_devices({"edge-a": texts}, tmp_path / "devices", "minimal")}
    assert files.keys() == texts.keys()
    assert all("MADE BY A REHEARSAL of minimal: " in path.read_text() for path in files.values())
    assert frr_complaint(files["frr.conf"]) == ""
    assert [nft_complaint(files[name]) for name in ("nftables.conf", "firewall.nft")] == ["", ""]
    assert wireguard_complaint(files["wg51820.conf"]) == ""
    done = read_by("sh", "-n", str(files["interfaces.sh"]))
    assert (done.returncode, done.stderr) == (0, "")


def test_frr_would_notice_a_broken_line(files: dict[str, Path]) -> None:
    files["frr.conf"].write_text(files["frr.conf"].read_text().replace("remote-as", "remote-is"))
    assert "remote-is" in frr_complaint(files["frr.conf"])


def test_bgpd_takes_every_neighbour_and_filter(files: dict[str, Path], tmp_path: Path, site: OnpremSitePlan) -> None:
    """The running daemons tell their configuration back, with all neighbours, their filters and limits."""
    told = frr_session(tmp_path, files["frr.conf"], "show running-config")
    vpn, link = site.vpns[0], site.wireguards[0]
    neighbours = {tunnel.cloud_address: (64512, vpn.name, vpn.prefix_limit) for tunnel in vpn.connections[0].tunnels}
    neighbours |= {
        tunnel.cloud_address: (64600, link.name, link.prefix_limit)
        for tunnel in link.tunnels
        if tunnel.gateway == "edge-a"
    }
    assert len(neighbours) == 4
    for address, (asn, name, limit) in neighbours.items():
        assert f"neighbor {address} remote-as {asn}\n" in told
        assert f"neighbor {address} route-map from-{name} in\n" in told
        assert f"neighbor {address} route-map to-{name} out\n" in told
        assert f"neighbor {address} maximum-prefix {limit} restart 5\n" in told
        assert (f"neighbor {address} bfd profile every-300-ms-3-times\n" in told) is (asn == 64600)
    assert "ip prefix-list from-dc1-aws seq 5 permit 172.20.0.0/16 le 28\n" in told


def test_a_gateway_announces_its_own_networks_and_nothing_that_it_learned(files: dict[str, Path]) -> None:
    text = files["frr.conf"].read_text()
    out = set(re.findall(r"route-map (\S+) out", text))
    permitted = {
        name: set(re.findall(rf"ip prefix-list {name} seq \d+ permit (\S+)$", text, re.MULTILINE)) for name in out
    }
    # What the site's other gateway is told, and it alone, is all parts of a network, which the pattern leaves out.
    assert re.findall(r"neighbor (\S+) route-map told-to-gateways out", text) == ["10.100.0.3"]
    assert permitted.pop("told-to-gateways") == set()
    assert permitted == {"to-dc1-aws": {"10.100.0.0/16"}, "to-dc1-wg": {"10.100.0.0/17", "10.100.128.0/17"}}
    for name in permitted:
        assert f"route-map {name} permit 10\n match ip address prefix-list {name}\n" in text


def test_a_standby_link_is_taken_last(declared: dict[str, Any], tmp_path: Path) -> None:
    declared["links"]["dc1-aws"]["standby"] = True
    text = written(Joined.read(with_wireguard(declared)).site(), tmp_path)["frr.conf"].read_text()
    preferences = dict(re.findall(r"route-map from-(\S+) permit 10\n.*\n set local-preference (\d+)", text))
    assert int(preferences["dc1-wg"]) > int(preferences["dc1-aws"])


def test_the_sites_own_ways_win_against_the_blackholes(files: dict[str, Path]) -> None:
    """A blackhole longer than the site's range would win against the way to its core, whatever its distance."""
    assert re.findall(r"ip route (\S+) blackhole 254", files["frr.conf"].read_text()) == [
        "10.100.0.0/16",
        "172.20.0.0/16",
    ]


def test_networks_as_long_as_a_vpcs_longest_are_taken_too(declared: dict[str, Any], tmp_path: Path) -> None:
    declared["sites"]["aws-east"]["ranges"] = ["172.20.0.0/16", "172.21.0.0/28"]
    files = written(Joined.read(with_wireguard(declared)).site(), tmp_path)
    assert frr_complaint(files["frr.conf"]) == ""
    assert "permit 172.21.0.0/28 le 32\n" in files["frr.conf"].read_text()


@pytest.mark.parametrize("name", ["nftables.conf", "firewall.nft"])
def test_nftables_reads_the_packet_filters(files: dict[str, Path], name: str) -> None:
    assert nft_complaint(files[name]) == ""


@pytest.mark.parametrize(
    ("name", "right", "wrong"), [("nftables.conf", "maxseg", "maxsegg"), ("firewall.nft", "dport", "dports")]
)
def test_nftables_would_notice_a_broken_line(files: dict[str, Path], name: str, right: str, wrong: str) -> None:
    files[name].write_text(files[name].read_text().replace(right, wrong))
    assert "syntax error" in nft_complaint(files[name])


def test_every_tunnels_segments_are_clamped(files: dict[str, Path], site: OnpremSitePlan) -> None:
    text = files["nftables.conf"].read_text()
    sizes = {tunnel.interface: site.vpns[0].mss for tunnel in site.vpns[0].connections[0].tunnels}
    sizes |= dict.fromkeys(("wg51820", "wg51821"), 1360)
    assert dict(re.findall(r'iifname "(\w+)".* size set (\d+)$', text, re.MULTILINE)) == {
        name: str(size) for name, size in sizes.items()
    }


def test_only_the_links_peers_reach_what_the_links_use(files: dict[str, Path]) -> None:
    text = files["firewall.nft"].read_text()
    assert "ip saddr 198.51.100.5 udp dport 51820 accept\n" in text
    assert "ip saddr 198.51.100.1 udp dport 500 accept\n" in text
    assert "udp dport { 51820, 51821, 3784, 4784 } drop\n" in text
    assert "firewall.nft" not in files["interfaces.sh"].read_text()


def test_the_firewall_lets_the_sites_other_gateways_in(declared: dict[str, Any], tmp_path: Path) -> None:
    """Also where no tunnel has BFD."""
    declared["sites"]["dc1"]["gateways"].append(
        {"name": "edge-c", "public_ip": "203.0.113.12", "lan_address": "10.100.0.4"}
    )
    site = Joined.read(with_wireguard(declared)).site()
    secrets = secrets_of(site)
    site.wireguards.clear()
    text = gateway_files(site, site.gateways[1], secrets)["firewall.nft"]
    for service in ("tcp dport 179", "udp dport 3784"):
        assert f"ip saddr {{ 10.100.0.2, 10.100.0.4 }} {service} accept\n" in text
    assert "    udp dport { 3784, 4784 } drop\n" in text
    (tmp_path / "firewall.nft").write_text(text)
    assert nft_complaint(tmp_path / "firewall.nft") == ""


def without_lan_addresses(declared: dict[str, Any]) -> dict[str, Any]:
    for gateway in declared["sites"]["dc1"]["gateways"]:
        del gateway["lan_address"]
    return declared


def test_gateways_that_nobody_gave_a_lan_address_have_no_sessions(declared: dict[str, Any], tmp_path: Path) -> None:
    """Their files differ in nothing but what concerns the other gateway."""
    with_it = written(Joined.read(with_wireguard(declared)).site(), tmp_path)
    texts = {name: path.read_text() for name, path in with_it.items()}
    site = Joined.read(without_lan_addresses(declared)).site()
    for name, text in gateway_files(site, site.gateways[0], secrets_of(site)).items():
        assert set(text.splitlines()) - set(texts[name].splitlines()) <= {"  maximum-paths 4"}
        for word in ("10.100.0.3", "10.100.0.2", "gateways", "send_redirects", "next-hop-self"):
            assert word not in text
    assert "neighbor 10.100.0.3 remote-as 65010\n" in texts["frr.conf"]


def test_a_single_gateway_has_nobody_to_hand_over_to(declared: dict[str, Any]) -> None:
    del declared["sites"]["dc1"]["gateways"][1]
    declared["links"]["dc1-aws"]["accept_single_gateway"] = "a lab that may stop"
    site = Joined.read(with_wireguard(declared)).site()
    assert site.handover is None
    files = gateway_files(site, site.gateways[0], secrets_of(site))
    assert "10.100.0.2" not in "".join(files.values())


def test_the_interface_script_says_when_no_interface_has_the_lan_address(files: dict[str, Path]) -> None:
    """The tunnels are made all the same."""
    text = files["interfaces.sh"].read_text()
    start = text.index("lan=$(")
    part = files["interfaces.sh"].with_name("part.sh")
    part.write_text(f"set -eu\n{text[start : text.index('nft -f')]}echo made\n")
    done = subprocess.run(unshared("sh", str(part)), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "made\n")
    assert "no interface has 10.100.0.2, the lan_address of edge-a" in done.stderr


def test_the_interface_script_is_sound_posix_shell(files: dict[str, Path]) -> None:
    done = read_by("sh", "-n", str(files["interfaces.sh"]))
    assert (done.returncode, done.stderr) == (0, "")
    assert read_by(program("shellcheck"), str(files["interfaces.sh"])).stdout == ""


def test_shellcheck_would_notice_an_unquoted_path(files: dict[str, Path]) -> None:
    files["interfaces.sh"].write_text(
        files["interfaces.sh"].read_text().replace('"$(dirname "$0")/nft', '$(dirname "$0")"/nft')
    )
    assert "SC2046" in read_by(program("shellcheck"), str(files["interfaces.sh"])).stdout


@pytest.mark.parametrize("name", ["wg51820.conf", "wg51821.conf"])
def test_wireguard_reads_the_tunnels(files: dict[str, Path], name: str) -> None:
    assert wireguard_complaint(files[name]) == ""


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("AllowedIPs = ", "AllowedIPs = 10.200.0.300, ", "Configuration parsing error"),
        ("PublicKey = ", "PublicKey = A", "Key is not the correct length"),
        ("ListenPort", "ListensPort", "Line unrecognized"),
    ],
)
def test_wireguard_would_notice_a_broken_line(files: dict[str, Path], right: str, wrong: str, complaint: str) -> None:
    files["wg51820.conf"].write_text(files["wg51820.conf"].read_text().replace(right, wrong))
    assert complaint in wireguard_complaint(files["wg51820.conf"])


def test_a_tunnel_lets_out_what_the_far_side_owns_and_nothing_else(files: dict[str, Path]) -> None:
    assert "AllowedIPs = 10.200.0.2/32, 172.20.0.0/16\n" in files["wg51820.conf"].read_text()


def test_a_gateway_that_keeps_its_key_is_told_where_it_is_looked_for(declared: dict[str, Any], tmp_path: Path) -> None:
    given = public_key(private_key("kept"))
    files = written(Joined.read(with_wireguard(declared, public_keys={"edge-a": given})).site(), tmp_path)
    text = files["wg51820.conf"].read_text()
    assert "PrivateKey" not in text
    assert "PostUp = wg set %i private-key /etc/wireguard/dc1-wg.key\n" in text
    assert wireguard_complaint(files["wg51820.conf"]) == ""


@pytest.fixture
def charon(files: dict[str, Path], tmp_path: Path) -> Path:
    """A strongSwan daemon in namespaces of its own; returns the script that talks to it."""
    daemon, client = program("charon-systemd"), program("swanctl")
    settings = tmp_path / "daemon.conf"
    plugins = "random nonce aes gcm sha1 sha2 hmac kdf openssl pem pkcs1 x509 kernel-netlink socket-default vici"
    settings.write_text(f"""include {files["strongswan.conf"]}
charon-systemd {{
  load = {plugins}
  plugins {{ vici {{ socket = unix://{tmp_path}/charon.vici }} }}
  filelog {{ log {{ path = {tmp_path}/charon.log }} }}
}}
""")
    script = tmp_path / "load.sh"
    script.write_text(f"""set -e
mount -t tmpfs tmpfs /var/run
ip link set lo up
STRONGSWAN_CONF={settings} {daemon} >/dev/null 2>&1 &
trap 'kill $!' EXIT
for i in $(seq 100); do [ -S {tmp_path}/charon.vici ] && break; sleep 0.1; done
{client} --load-all --uri unix://{tmp_path}/charon.vici --file "$1"
{client} --list-conns --raw --uri unix://{tmp_path}/charon.vici
""")
    return script


def test_strongswan_loads_both_tunnels(files: dict[str, Path], charon: Path, site: OnpremSitePlan) -> None:
    done = subprocess.run(unshared("sh", str(charon), str(files["swanctl.conf"])), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "successfully loaded 2 connections, 0 unloaded" in done.stdout
    assert len(re.findall(r"loaded ike secret", done.stdout)) == 2
    for tunnel in site.vpns[0].connections[0].tunnels:
        assert f"{tunnel.name} {{" in done.stdout
    assert "198.51.100.1" in done.stdout
    assert "198.51.100.2" in done.stdout


def test_every_gateways_tunnels_have_the_size_that_the_narrowest_path_leaves(declared: dict[str, Any]) -> None:
    """Behind PPPoE 1492 − 20 − 8 − 8 − 16 − 2 = 1438 bytes are left inside ESP, and TCP segments of 1398."""
    declared["sites"]["dc1"]["gateways"][1]["path_mtu"] = 1492
    site = Joined.read(with_wireguard(declared, mtu=1432)).site()
    for gateway in site.gateways:
        files = gateway_files(site, gateway, secrets_of(site))
        assert files["interfaces.sh"].count(" mtu 1438 up\n") == 2
        assert set(re.findall(r"maxseg size set (\d+)", files["nftables.conf"])) == {"1398", "1392"}
        assert files["wg51820.conf" if gateway.name == "edge-a" else "wg51822.conf"].count("MTU = 1432\n") == 1


@pytest.mark.parametrize(
    ("lifetime", "earliest", "latest", "aws"),
    [
        (900, 270, 300, 360),  # the shortest: 900 - 540 - 60, and a tenth of that earlier; AWS from 900 - 540 on
        (3_600, 2_700, 3_000, 3_060),  # the longest of a child SA: 3600 - 540 - 60
        (6_000, 4_860, 5_400, 5_460),  # where nine tenths and the head start are the same
        (6_010, 4_869, 5_409, 5_470),
        (28_800, 23_328, 25_920, 28_260),  # the longest of an IKE SA: nine tenths
    ],
)
def test_this_end_rekeys_before_aws_would(lifetime: int, earliest: int, latest: int, aws: int) -> None:
    """AWS rekeys 270 s before the end by default, or up to 100 % of that earlier."""
    rekey = rekey_seconds(lifetime)
    assert (rekey - rekey // 10, rekey) == (earliest, latest)
    assert aws == lifetime - 2 * 270
    assert 0 < earliest < latest <= aws - 60


@pytest.mark.parametrize(
    ("lifetimes", "rekeys"), [(("16min", "15min"), (360, 300)), (("8h", "1h"), (25_920, 3_000))], ids=["short", "long"]
)
def test_strongswan_rekeys_at_the_time_that_is_ahead_of_aws(
    declared: dict[str, Any], charon: Path, tmp_path: Path, lifetimes: tuple[str, str], rekeys: tuple[int, int]
) -> None:
    """An IKE SA and its child SA."""
    declared["links"]["dc1-aws"] |= dict(zip(("ike_lifetime", "child_lifetime"), lifetimes, strict=True))
    files = written(Joined.read(with_wireguard(declared)).site(), tmp_path)
    done = subprocess.run(unshared("sh", str(charon), str(files["swanctl.conf"])), capture_output=True, text=True)
    assert "successfully loaded 2 connections, 0 unloaded" in done.stdout, done.stderr
    assert re.findall(r"rekey_time=(\d+)", done.stdout) == [str(rekey) for rekey in rekeys] * 2
    text = files["swanctl.conf"].read_text()
    assert re.findall(r"rand_time = (\d+)s", text) == [str(rekey // 10) for rekey in rekeys] * 2


def test_strongswan_loads_tunnels_through_nat(declared: dict[str, Any], charon: Path, tmp_path: Path) -> None:
    """Behind NAT the gateway does not have its public address, and ESP travels in UDP."""
    declared["links"]["dc1-aws"]["nat_traversal"] = True
    files = written(Joined.read(with_wireguard(declared)).site(), tmp_path)
    text = files["swanctl.conf"].read_text()
    assert (text.count("encap = yes\n"), text.count("local_addrs = %any\n")) == (2, 2)
    done = subprocess.run(unshared("sh", str(charon), str(files["swanctl.conf"])), capture_output=True, text=True)
    assert "successfully loaded 2 connections, 0 unloaded" in done.stdout, done.stderr


def test_a_dead_peer_is_known_as_soon_as_the_plan_says(files: dict[str, Path], site: OnpremSitePlan) -> None:
    """strongSwan gives up after the probe's delay and every interval between its retransmissions."""
    settings = dict(re.findall(r"^  (retransmit_\w+) = ([\d.]+)$", files["strongswan.conf"].read_text(), re.MULTILINE))
    (delay,) = set(re.findall(r"dpd_delay = (\d+)s", files["swanctl.conf"].read_text()))
    timeout, base, tries = (float(settings[f"retransmit_{name}"]) for name in ("timeout", "base", "tries"))
    intervals = [timeout * base**number for number in range(int(tries) + 1)]
    assert int(delay) + sum(intervals) == site.vpns[0].dead_peer_seconds


def test_strongswan_refuses_to_start_with_broken_settings(files: dict[str, Path], charon: Path) -> None:
    files["strongswan.conf"].write_text(files["strongswan.conf"].read_text().replace("charon {", "charon { {"))
    done = subprocess.run(unshared("sh", str(charon), str(files["swanctl.conf"])), capture_output=True, text=True)
    assert done.returncode != 0


def test_strongswan_would_notice_an_unknown_suite(files: dict[str, Path], charon: Path) -> None:
    broken = files["swanctl.conf"].read_text().replace("aes256gcm16-ecp384", "aes257gcm16-ecp384")
    files["swanctl.conf"].write_text(broken)
    done = subprocess.run(unshared("sh", str(charon), str(files["swanctl.conf"])), capture_output=True, text=True)
    assert done.returncode == 22
