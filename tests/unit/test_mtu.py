"""Packet sizes follow from the layers of a tunnel, as the vendors publish them, and are the largest that fit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridge.planning import AddressBook, Plan, address_needs
from hybridge.planning.decisions import decide
from hybridge.planning.mtu import EspCipher, MtuStack, esp_cipher, esp_mtu, link_stack, tcp_mss, wireguard_mtu
from hybridge.planning.mtu_plan import MtuSetting, mtu_plan, mtu_problems, pod_mtu
from hybridge.topology import Cni, ProblemsFound, Severity, Topology
from tests.unit.ways import DC1, VPN_LINK, WIREGUARD_LINK, estate, vpn_path, wireguard_path

PATHS = st.integers(min_value=576, max_value=9001)
SUITES = [("AES256-GCM-16", "SHA2-384"), *(("AES256", f"SHA{name}") for name in ("1", "2-256", "2-384", "2-512"))]


@pytest.mark.parametrize(
    ("encryption", "integrity", "nat_traversal", "mtu", "mss"),
    [
        ("AES128-GCM-16", "SHA2-256", False, 1446, 1406),
        ("AES256-GCM-16", "SHA2-384", False, 1446, 1406),
        ("AES256-GCM-16", "SHA2-384", True, 1438, 1398),
        ("AES256", "SHA1", False, 1438, 1398),
        ("AES256", "SHA1", True, 1422, 1382),
        ("AES256", "SHA2-256", False, 1438, 1398),
        ("AES256", "SHA2-256", True, 1422, 1382),
        ("AES256", "SHA2-384", False, 1422, 1382),
        ("AES256", "SHA2-384", True, 1422, 1382),
        ("AES256", "SHA2-512", False, 1422, 1382),
        ("AES256", "SHA2-512", True, 1406, 1366),
    ],
)
def test_the_formula_gives_every_row_of_aws_table(
    encryption: str, integrity: str, nat_traversal: bool, mtu: int, mss: int
) -> None:
    assert esp_mtu(1500, esp_cipher(encryption, integrity), nat_traversal=nat_traversal) == mtu
    assert tcp_mss(mtu) == mss


def test_the_formula_gives_googles_figures_at_its_own_mtu() -> None:
    suites = [("AES256-GCM-16", "SHA2-256"), ("AES256", "SHA2-256"), ("AES256", "SHA2-512")]
    assert [esp_mtu(1460, esp_cipher(*suite), nat_traversal=False) for suite in suites] == [1406, 1390, 1374]


def esp_packet(inside: int, cipher: EspCipher, nat_traversal: bool) -> int:
    """The size on the wire: what is encrypted, with its trailer, fills whole blocks."""
    blocks = -(-(inside + 2) // cipher.block)
    around = 20 + (8 if nat_traversal else 0) + 8 + cipher.initialization_vector + cipher.integrity_check
    return around + blocks * cipher.block


@given(PATHS, st.sampled_from(SUITES), st.booleans())
def test_esp_fits_its_path_and_one_byte_more_would_not(path: int, suite: tuple[str, str], nat_traversal: bool) -> None:
    cipher = esp_cipher(*suite)
    mtu = esp_mtu(path, cipher, nat_traversal=nat_traversal)
    assert esp_packet(mtu, cipher, nat_traversal) <= path < esp_packet(mtu + 1, cipher, nat_traversal)


@pytest.mark.parametrize(("path", "ipv6", "mtu"), [(1500, False, 1440), (1500, True, 1420), (9001, False, 8941)])
def test_wireguard_takes_what_its_documents_say(path: int, ipv6: bool, mtu: int) -> None:
    assert wireguard_mtu(path, ipv6=ipv6) == mtu


@given(PATHS, st.booleans())
def test_wireguard_fits_its_path_although_it_pads(path: int, ipv6: bool) -> None:
    """The kernel pads to 16 bytes, and never beyond the MTU of the interface (calculate_skb_padding)."""
    mtu, around = wireguard_mtu(path, ipv6=ipv6), (40 if ipv6 else 20) + 8 + 32
    sizes = [around + min(-(-inside // 16) * 16, mtu) for inside in (1, mtu - 1, mtu)]
    assert max(sizes) <= path < around + mtu + 1


def stack(link: dict[str, Any]) -> MtuStack:
    return link_stack(estate({"link": link}), "link")


def test_the_arithmetic_of_a_link_is_the_one_of_its_plan(plan: Plan, topology: Topology) -> None:
    (vpn,) = plan.vpns
    layers = link_stack(topology, vpn.name)
    assert (layers.mtu, layers.mss) == (vpn.mtu, vpn.mss)
    assert layers.arithmetic == "1500 − 20 − 8 − 8 − 16 − 2 = 1446"
    assert layers.mss_arithmetic == "1446 − 20 − 20 = 1406"


@pytest.mark.parametrize(
    ("link", "arithmetic"),
    [
        (VPN_LINK | {"nat_traversal": True}, "1500 − 20 − 8 − 8 − 8 − 16 − 2 = 1438"),
        (WIREGUARD_LINK, "1500 − 20 − 8 − 32 − 40 = 1400"),
        (WIREGUARD_LINK | {"mtu": 1440}, "1500 − 20 − 8 − 32 = 1440"),
    ],
)
def test_a_link_tells_what_each_layer_takes(link: dict[str, Any], arithmetic: str) -> None:
    assert stack(link).arithmetic == arithmetic


@pytest.mark.parametrize(("mtu", "found"), [(1440, []), (1441, ["links.wg.mtu"])])
def test_a_wireguard_link_fits_its_path(mtu: int, found: list[str]) -> None:
    topology = estate({"wg": WIREGUARD_LINK | {"mtu": mtu}})
    problems = list(mtu_problems(topology, []))
    assert [problem.path for problem in problems] == found
    assert all("one of 1501" in problem.sentence and "1440" in problem.remedy for problem in problems)


def narrowed(link: dict[str, Any], *paths: int) -> Topology:
    """The link, whose gateways have these paths to the outside."""
    gateways = [gateway | {"path_mtu": path} for gateway, path in zip(DC1["gateways"], paths, strict=True)]
    return estate({"link": link}, sites={"dc1": DC1 | {"gateways": gateways}})


@pytest.mark.parametrize(
    ("link", "paths", "arithmetic"),
    [
        # PPPoE takes 8: 1492 − 20 − 8 − 8 − 16 = 1440 are 360 whole blocks of 4, less the trailer's 2.
        (VPN_LINK, (1500, 1492), "1492 − 20 − 8 − 8 − 16 − 2 = 1438"),
        (VPN_LINK | {"nat_traversal": True}, (1492, 1500), "1492 − 20 − 8 − 8 − 8 − 16 − 2 = 1430"),
        # Behind another WireGuard tunnel: 1420 − 52 = 1368 are 342 blocks. At 1421 the odd byte is lost.
        (VPN_LINK, (1420, 1492), "1420 − 20 − 8 − 8 − 16 − 2 = 1366"),
        (VPN_LINK, (1421, 1492), "1421 − 20 − 8 − 8 − 16 − 1 − 2 = 1366"),
        (WIREGUARD_LINK, (1500, 1492), "1492 − 20 − 8 − 32 − 32 = 1400"),
        (WIREGUARD_LINK | {"mtu": 1432}, (1492, 1492), "1492 − 20 − 8 − 32 = 1432"),
    ],
)
def test_the_narrowest_gateway_gives_all_tunnels_their_size(
    link: dict[str, Any], paths: tuple[int, int], arithmetic: str
) -> None:
    topology = narrowed(link, *paths)
    layers = link_stack(topology, "link")
    assert layers.arithmetic == arithmetic
    assert layers.layers[0].name == ("path of edge-a" if paths[0] <= paths[1] else "path of edge-b")
    decided = decide(topology, AddressBook("addresses.test.yaml").completed(address_needs(topology)))
    (plan,) = [*decided.vpns, *decided.wireguards]
    assert (plan.mtu, plan.mss, decided.paths[0].mtu) == (layers.mtu, layers.mtu - 40, layers.mtu)


@pytest.mark.parametrize(
    ("path", "mtu", "remedy"),
    [
        (1492, 1432, None),
        (1492, 1433, "Write 1400, or 1432 at the most."),
        (1460, 1400, None),
        (1459, 1400, "Write `mtu: 1399`."),
        (1340, 1280, None),
        (1339, 1280, "Give the gateway a path of 1340 bytes or more, as software counts on 1280 inside."),
    ],
)
def test_a_wireguard_link_fits_the_narrowest_gateway(path: int, mtu: int, remedy: str | None) -> None:
    """WireGuard takes 60 of each packet: 20 of IPv4, 8 of UDP, 32 of its own."""
    problems = list(mtu_problems(narrowed(WIREGUARD_LINK | {"mtu": mtu}, 1500, path), []))
    assert [problem.remedy for problem in problems] == ([] if remedy is None else [remedy])
    for problem in problems:
        assert (problem.path, problem.severity) == ("links.link.mtu", Severity.ERROR)
        assert f"leaves as one of {mtu + 60}, and the path of edge-b carries {path}" in problem.sentence


@pytest.mark.parametrize(("path", "told"), [(1500, False), (1499, True)])
def test_what_awss_end_of_a_vpn_cannot_be_told_is(path: int, *, told: bool) -> None:
    problems = list(mtu_problems(narrowed(VPN_LINK, 1500, path), []))
    assert [(problem.path, problem.severity) for problem in problems] == [("links.link", Severity.WARNING)] * told
    assert all(f"path of edge-b carries {path} bytes" in problem.sentence for problem in problems)


@pytest.mark.parametrize(("path", "fits"), [(1279, False), (1280, True), (1500, True), (1501, False)])
def test_a_path_to_the_outside_has_bounds(path: int, *, fits: bool) -> None:
    """No network has to carry less, and neither the internet nor AWS's end of a tunnel carries more."""
    if fits:
        assert narrowed(VPN_LINK, 1500, path)
        return
    with pytest.raises(ProblemsFound) as found:
        narrowed(VPN_LINK, 1500, path)
    assert [problem.path for problem in found.value.problems] == ["sites.dc1.gateways[1].path_mtu"]


CLUSTERS = {
    "warehouse": {"site": "dc1", "kind": "existing", "pods": "10.10.0.0/16", "services": "10.110.0.0/16"},
    "shop": {"site": "aws-east", "kind": "eks", "pods": "100.64.0.0/16", "services": "10.120.0.0/16", "cni": "aws-vpc"},
}


def clustered(mtu: int, *, cni: str = "calico-vxlan", advertised: bool = False, globalnet: bool = False) -> Topology:
    clusters = {name: {"cni": cni, "advertised": advertised, **cluster} for name, cluster in CLUSTERS.items()}
    sets = {"retail": {"clusters": list(CLUSTERS), "globalnet": globalnet}}
    return estate({"dc1-wg": WIREGUARD_LINK | {"mtu": mtu}}, clusters=clusters, cluster_sets=sets)


@pytest.mark.parametrize(
    ("cni", "mtu"),
    [
        ("calico-vxlan", 1450),
        ("calico-ipip", 1480),
        ("calico-wireguard", 1440),
        ("cilium-vxlan", 1450),
        ("cilium-native", 1500),
        ("flannel-vxlan", 1450),
        ("ovn-kubernetes", 1400),
        ("kindnet", 1500),
    ],
)
def test_a_cni_leaves_pods_what_it_does_not_encapsulate_with(cni: str, mtu: int) -> None:
    topology = clustered(1400, cni=cni)
    assert pod_mtu(topology, topology.clusters["warehouse"]) == mtu


def test_every_cni_has_a_figure_of_its_own() -> None:
    for cni in Cni:
        topology = clustered(1400, cni=cni.value)
        assert 1280 <= pod_mtu(topology, topology.clusters["warehouse"]) <= 1500


@pytest.mark.parametrize(
    ("topology", "mtu"),
    [
        (clustered(1400), 1320),
        (clustered(1400, advertised=True), 1400),
        (clustered(1400, advertised=True, globalnet=True), 1320),
        (clustered(1440, advertised=True, cni="ovn-kubernetes"), 1400),
    ],
)
def test_pods_of_a_set_have_what_link_tunnel_and_cni_leave(topology: Topology, mtu: int) -> None:
    paths = [wireguard_path(mtu=link_stack(topology, "dc1-wg").mtu)]
    way = next(way for way in mtu_plan(topology, paths).ways if way.name == "retail over dc1-wg")
    assert (way.mtu, way.mss) == (mtu, mtu - 40)


@pytest.mark.parametrize(("mtu", "found"), [(1360, []), (1359, ["cluster_sets.retail"])])
def test_pods_are_left_what_software_counts_on(mtu: int, found: list[str]) -> None:
    problems = list(mtu_problems(clustered(mtu), [wireguard_path(mtu=mtu)]))
    assert [(problem.path, problem.severity) for problem in problems] == [(path, Severity.WARNING) for path in found]
    assert all("1360" in problem.remedy for problem in problems)


def test_a_way_is_as_narrow_as_the_narrowest_of_its_links() -> None:
    topology = estate({"dc1-aws": VPN_LINK, "dc1-wg": WIREGUARD_LINK})
    (way,) = mtu_plan(topology, [vpn_path(), wireguard_path()]).ways
    ceilings = {ceiling.name: ceiling.mtu for ceiling in way.ceilings}
    assert (way.mtu, way.mss) == (1400, 1360)
    assert ceilings == {
        "hosts of aws-east": 9001,
        "tunnels of dc1-aws": 1446,
        "transit gateway of aws-east": 8500,
        "tunnels of dc1-wg": 1400,
        "hosts of dc1": 1500,
    }


def test_what_is_set_where() -> None:
    topology = clustered(1400)
    settings = mtu_plan(topology, [wireguard_path(gateways=("edge-a",), instances=1)]).settings
    assert settings == [
        MtuSetting("edge-a, tunnels of dc1-wg", "interface MTU", 1400, "1500 − 20 − 8 − 32 − 40 = 1400"),
        MtuSetting("edge-a, tunnels of dc1-wg", "TCP MSS clamp", 1360, "1400 − 20 − 20 = 1360"),
        MtuSetting("dc1-wg-1, tunnels of dc1-wg", "interface MTU", 1400, "1500 − 20 − 8 − 32 − 40 = 1400"),
        MtuSetting("dc1-wg-1, tunnels of dc1-wg", "TCP MSS clamp", 1360, "1400 − 20 − 20 = 1360"),
        MtuSetting("cluster warehouse", "pod MTU", 1450, "1500 − 50 = 1450 (calico-vxlan)"),
        MtuSetting("cluster shop", "pod MTU", 9001, "9001 − 0 = 9001 (aws-vpc)"),
    ]
