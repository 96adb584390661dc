"""WireGuard links: what is decided, what an addition leaves alone, and everything that can be wrong with one."""

from __future__ import annotations

import base64
import json
import subprocess
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridge.links.wireguard_keys import private_key, public_key
from hybridge.planning import AddressBook, address_needs, limits, plan_reading
from hybridge.planning.wireguard import architecture, instance_bandwidths, link_path, tunnel_port
from hybridge.planning.wireguard_model import Architecture
from hybridge.topology import ProblemsFound, Severity, Wireguard, read_soundly
from tests.devices.programs import program
from tests.wireguards import LINK, Joined, with_wireguard

KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="


def sentences(declared: dict[str, Any], book: AddressBook | None = None) -> dict[str, str]:
    """What is wrong with a topology's WireGuard links, by place."""
    return {problem.path: str(problem) for problem in Joined.read(declared, book).problems()}


def test_every_gateway_has_a_tunnel_to_every_instance(declared: dict[str, Any]) -> None:
    plan = Joined.read(with_wireguard(declared)).plan()
    assert [(tunnel.gateway, tunnel.instance) for tunnel in plan.tunnels] == [
        ("edge-a", "dc1-wg-1"),
        ("edge-a", "dc1-wg-2"),
        ("edge-b", "dc1-wg-1"),
        ("edge-b", "dc1-wg-2"),
    ]
    first = plan.tunnels[0]
    assert (first.inside, first.device_address, first.cloud_address) == ("10.200.0.0/30", "10.200.0.1", "10.200.0.2")
    assert (first.port, first.interface) == (51820, "wg51820")
    assert (plan.keepalive_seconds, plan.mtu, plan.mss) == (25, 1400, 1360)


def test_a_sound_link_has_no_problem(declared: dict[str, Any]) -> None:
    assert sentences(with_wireguard(declared)) == {}


def test_ports_and_interfaces_are_a_gateways_own(declared: dict[str, Any]) -> None:
    declared["sites"]["aws-too"] = {"kind": "aws", "region": "us-east-1", "asn": 64513, "ranges": ["172.21.0.0/16"]}
    with_wireguard(declared)
    declared["links"]["dc1-too"] = {
        "between": ["dc1", "aws-too"],
        "via": "wireguard",
        "tunnel_network": "10.201.0.0/24",
        "port": 51884,
    }
    joined = Joined.read(declared)
    assert joined.problems() == []
    for gateway in ("edge-a", "edge-b"):
        tunnels = [tunnel for link in joined.site().wireguards for tunnel in link.tunnels if tunnel.gateway == gateway]
        assert len({tunnel.interface for tunnel in tunnels}) == len({tunnel.port for tunnel in tunnels}) == 4


def test_an_added_gateway_moves_no_tunnel(declared: dict[str, Any]) -> None:
    before = Joined.read(with_wireguard(declared))
    declared["sites"]["dc1"]["gateways"].insert(0, {"name": "edge-0", "public_ip": "203.0.113.9"})
    after = Joined.read(declared, before.book).plan()
    assert [tunnel for tunnel in after.tunnels if tunnel.gateway != "edge-0"] == before.plan().tunnels


def test_a_tunnel_is_one_flow_to_aws_and_one_instance_carries_all(declared: dict[str, Any]) -> None:
    joined = Joined.read(with_wireguard(declared, round_trip="8ms", instance_type="c7gn.large"))
    path = link_path(joined.links[0], joined.plan())
    assert (path.spread, path.round_trip, path.mtu) == (False, 8, 1400)
    assert {tunnel.bandwidth for tunnel in path.tunnels} == {limits.number("aws.ec2.single-flow")}
    assert {(tunnel.gateway, tunnel.far_gateway) for tunnel in path.tunnels} == {
        (gateway, instance) for gateway in ("edge-a", "edge-b") for instance in ("dc1-wg-1", "dc1-wg-2")
    }


def test_every_recorded_type_has_a_bandwidth() -> None:
    assert instance_bandwidths()["c7gn.medium"] == 3_125_000_000
    assert all(bandwidth > 0 for bandwidth in instance_bandwidths().values())


@pytest.mark.parametrize(
    ("instance_type", "expected"),
    [
        ("c7gn.medium", Architecture.ARM64),
        ("t4g.micro", Architecture.ARM64),
        ("c7g.large", Architecture.ARM64),
        ("c6in.large", Architecture.AMD64),
        ("g5.xlarge", Architecture.AMD64),
        ("c8i.large", Architecture.AMD64),
    ],
)
def test_graviton_types_are_arm(instance_type: str, expected: Architecture) -> None:
    assert architecture(instance_type) is expected


@given(text=st.text(min_size=1, max_size=60))
def test_a_key_is_clamped_and_its_public_key_is_32_bytes(text: str) -> None:
    private = base64.b64decode(private_key(text))
    assert (len(private), private[0] & 7, private[31] & 0b1100_0000) == (32, 0, 0b0100_0000)
    assert len(base64.b64decode(public_key(private_key(text)))) == 32


def test_public_keys_are_those_of_wg() -> None:
    wg = program("wg")
    for number in range(20):
        private = private_key(f"text {number}")
        done = subprocess.run([wg, "pubkey"], input=private, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == public_key(private)


def test_public_keys_are_those_of_openssl() -> None:
    """As PKCS #8 writes a key of X25519 (RFC 8410): a fixed beginning and 32 bytes."""
    openssl, beginning = program("openssl"), bytes.fromhex("302e020100300506032b656e04220420")
    private = private_key("text")
    done = subprocess.run(
        [openssl, "pkey", "-inform", "DER", "-pubout", "-outform", "DER"],
        input=beginning + base64.b64decode(private),
        capture_output=True,
        check=True,
    )
    assert base64.b64encode(done.stdout[-32:]).decode() == public_key(private)


@pytest.mark.parametrize(
    ("asn", "found"),
    [
        (64600, None),
        (65010, "AS 65010 is site `dc1`'s own"),
        (64512, "AS 64512 is site `aws-east`'s own"),
        (64511, "AS 64511 is no private autonomous system's number"),
        (65534, None),
        (65535, "AS 65535 is no private autonomous system's number"),
        (4200000000, None),
        (4294967295, "AS 4294967295 is no private"),
    ],
)
def test_instances_have_a_private_number_that_neither_end_has(
    declared: dict[str, Any], asn: int, found: str | None
) -> None:
    told = sentences(with_wireguard(declared, gateway_asn=asn)).get(f"links.{LINK}.gateway_asn")
    assert (told is None) if found is None else (told is not None and found in told)


def test_two_ends_with_one_number_are_told(declared: dict[str, Any]) -> None:
    declared["sites"]["dc1"]["asn"] = 64512
    assert "Both ends of link `dc1-wg` have AS 64512" in sentences(with_wireguard(declared))["sites.aws-east.asn"]


def test_a_link_beside_a_single_instance_does_not_take_over(declared: dict[str, Any]) -> None:
    """The routes to the instance stay in the VPC, dead or alive, and are longer than the hub's."""
    declared["sites"]["dc1"]["gateways"].pop()
    with_wireguard(declared, elastic_ips=None, accept_single_gateway="a branch that may be offline")
    assert "`dc1-aws` does not take over there" in sentences(declared)[f"links.{LINK}"]
    del declared["links"]["dc1-aws"]
    assert sentences(declared) == {}


SINGLE = "a branch that may be offline"


@pytest.mark.parametrize(
    ("reasons", "found"),
    [
        ((None, None), []),
        ((SINGLE, None), ["links.one"]),
        ((None, SINGLE), ["links.two"]),
        ((SINGLE, SINGLE), ["links.one", "links.two"]),
    ],
)
def test_a_single_instance_has_no_wireguard_link_beside_it(
    declared: dict[str, Any], reasons: tuple[str | None, str | None], found: list[str]
) -> None:
    """Its fixed routes beat what a route server learns, and two instances' fixed routes are the same twice."""
    declared["links"] = {
        name: {
            "between": ["dc1", "aws-east"],
            "via": "wireguard",
            "tunnel_network": f"10.{200 + number}.0.0/24",
            "port": 51820 + 100 * number,
            **({"accept_single_gateway": reason, "elastic_ips": [f"198.51.100.{number}"]} if reason else {}),
        }
        for number, (name, reason) in enumerate(zip(("one", "two"), reasons, strict=True))
    }
    problems = Joined.read(declared).problems()
    assert [(problem.path, problem.severity) for problem in problems] == [(path, Severity.ERROR) for path in found]
    for problem in problems:
        assert f"`{'two' if problem.path == 'links.one' else 'one'}` never takes over" in problem.sentence


@pytest.mark.parametrize(
    ("length", "beside", "found"), [(32, True, ["sites.dc1.ranges[0]"]), (31, True, []), (32, False, [])]
)
def test_a_single_address_is_never_preferred_to_a_standby(
    declared: dict[str, Any], length: int, beside: bool, found: list[str]
) -> None:
    declared["sites"]["dc1"]["ranges"] = [f"10.100.0.2/{length}"]
    with_wireguard(declared)
    if not beside:
        del declared["links"]["dc1-aws"]
    told = sentences(declared)
    assert list(told) == found
    assert all("/31 or wider, or do without the standby" in text for text in told.values())


def test_a_single_pod_address_is_told_where_it_is_written(declared: dict[str, Any]) -> None:
    pods = {"pods": "10.10.0.1/32", "services": "10.110.0.0/16", "cni": "cilium-native", "advertised": True}
    declared["clusters"] = {"tiny": {"site": "dc1", "kind": "existing", **pods}}
    assert list(sentences(with_wireguard(declared))) == ["clusters.tiny.pods"]


@pytest.mark.parametrize(
    ("port", "vpn", "taken"),
    [
        (3720, False, None),
        (3721, False, 3784),
        (3785, False, 3785),
        (3786, False, None),
        (4720, False, None),
        (4721, False, 4784),
        (4785, False, None),
        (4490, False, None),
        (4436, True, None),
        (4437, True, 4500),
        (4500, True, 4500),
        (4501, True, None),
    ],
)
def test_ports_are_not_those_of_the_gateways_other_programs(
    declared: dict[str, Any], port: int, vpn: bool, taken: int | None
) -> None:
    """A /24 has 64 ports; BFD runs beside every WireGuard link, and IKE where the site has an IPsec link too."""
    with_wireguard(declared, port=port)
    if not vpn:
        del declared["links"]["dc1-aws"]
    told = sentences(declared).get(f"links.{LINK}.port")
    assert (told is None) if taken is None else (told is not None and f"{taken} is " in told and "rfc-editor" in told)


@pytest.mark.parametrize(
    ("addresses", "reason", "found"),
    [
        (["198.51.100.5", "198.51.100.6"], None, None),
        (["198.51.100.5"], None, "2 gateway instances and 1 Elastic IP address."),
        (["198.51.100.5"], "a lab that may be down", None),
    ],
)
def test_each_instance_has_an_address_or_none_has(
    declared: dict[str, Any], addresses: list[str], reason: str | None, found: str | None
) -> None:
    told = sentences(with_wireguard(declared, elastic_ips=addresses, accept_single_gateway=reason))
    place = told.get(f"links.{LINK}.elastic_ips")
    assert (place is None) if found is None else (place is not None and found in place)


def test_an_address_is_one_instances(declared: dict[str, Any]) -> None:
    told = sentences(with_wireguard(declared, elastic_ips=["198.51.100.5", "198.51.100.5"]))
    assert "`198.51.100.5` is given to an instance of link `dc1-wg` as well" in told[f"links.{LINK}.elastic_ips[1]"]


@pytest.mark.parametrize(("port", "fits"), [(65_472, True), (65_473, False)])
def test_every_port_of_the_tunnel_network_exists(declared: dict[str, Any], port: int, fits: bool) -> None:
    told = sentences(with_wireguard(declared, port=port))
    assert (f"links.{LINK}.tunnel_network" not in told) is fits


@pytest.mark.parametrize(("port", "free"), [(51_884, True), (51_883, False), (51_757, False), (51_756, True)])
def test_links_of_one_datacentre_share_no_port(declared: dict[str, Any], port: int, free: bool) -> None:
    declared["sites"]["aws-too"] = {"kind": "aws", "region": "us-east-1", "asn": 64513, "ranges": ["172.21.0.0/16"]}
    with_wireguard(declared)
    declared["links"]["dc1-too"] = {
        "between": ["dc1", "aws-too"],
        "via": "wireguard",
        "tunnel_network": "10.201.0.0/24",
        "port": port,
    }
    told = [text for place, text in sentences(declared).items() if place.endswith(".port")]
    assert (told == []) is free
    assert all("Write `port: " in text for text in told)


@pytest.mark.parametrize("network", ["10.201.0.0/31", "10.201.0.0/32", "10.64.0.0/10", "0.0.0.0/0"])
@pytest.mark.parametrize("port", [51_000, 51_820, 65_535])
def test_a_link_whose_network_has_no_ports_of_its_own_takes_none_from_others(
    declared: dict[str, Any], network: str, port: int
) -> None:
    """None fits into its network, or more than there are ports: a problem of its network alone."""
    with_wireguard(declared)
    declared["links"]["dc1-too"] = {
        "between": ["dc1", "aws-east"],
        "via": "wireguard",
        "tunnel_network": network,
        "port": port,
    }
    reading = read_soundly(json.dumps(declared))
    assert reading.topology
    book = AddressBook("addresses.x.yaml").completed(address_needs(reading.topology))
    with pytest.raises(ProblemsFound) as found:
        plan_reading(reading, book, "x")
    places = [problem.path for problem in found.value.problems if problem.severity is Severity.ERROR]
    assert "links.dc1-too.tunnel_network" in places
    assert not any(place.endswith(".port") for place in places)


def test_where_no_port_is_left_none_is_proposed(declared: dict[str, Any]) -> None:
    with_wireguard(declared, port=65_472)
    declared["links"]["dc1-too"] = declared["links"][LINK] | {"tunnel_network": "10.201.0.0/24", "elastic_ips": []}
    assert "give `dc1-wg` a lower `port`" in sentences(declared)["links.dc1-too.port"]


def test_a_key_of_no_gateway_is_told(declared: dict[str, Any]) -> None:
    told = sentences(with_wireguard(declared, public_keys={"edge-aa": KEY}))
    assert "Did you mean `edge-a`?" in told[f"links.{LINK}.public_keys.edge-aa"]


def test_two_gateways_with_one_key_are_told(declared: dict[str, Any]) -> None:
    told = sentences(with_wireguard(declared, public_keys={"edge-a": KEY, "edge-b": KEY}))
    assert "The key is that of `edge-a` as well" in told[f"links.{LINK}.public_keys.edge-b"]


def test_an_instance_type_that_nobody_recorded_is_told(declared: dict[str, Any]) -> None:
    told = sentences(with_wireguard(declared, instance_type="c7gnn.medium"))
    assert "Did you mean `c7gn.medium`?" in told[f"links.{LINK}.instance_type"]


@pytest.mark.parametrize(("count", "fits"), [(50, True), (51, False)])
def test_no_more_routes_than_a_route_server_takes(declared: dict[str, Any], count: int, fits: bool) -> None:
    """Beside the VPN each range is announced in two halves."""
    declared["sites"]["dc1"]["ranges"] = [f"10.100.{number}.0/24" for number in range(count)]
    told = sentences(with_wireguard(declared))
    assert ("sites.dc1.ranges" not in told) is fits
    assert ("sites.aws-east" not in told) is fits


@pytest.mark.parametrize(("gateways", "fits"), [(57, True), (58, False)])
def test_no_more_rules_than_a_security_group_has(declared: dict[str, Any], gateways: int, fits: bool) -> None:
    declared["sites"]["dc1"]["gateways"] = [
        {"name": f"edge-{number}", "public_ip": f"203.0.113.{number}"} for number in range(1, gateways + 1)
    ]
    """Outbound: one a gateway, one for the VPC's range, and two to the internet."""
    told = sentences(with_wireguard(declared, tunnel_network="10.200.0.0/22"))
    assert (f"links.{LINK}" not in told) is fits


@given(prefix=st.integers(min_value=16, max_value=30), place=st.integers(min_value=0, max_value=2**14 - 1))
def test_a_port_says_which_tunnel_of_its_network_it_is(prefix: int, place: int) -> None:
    number = place % (1 << (30 - prefix))
    network = IPv4Network(f"10.200.0.0/{prefix}")
    link = Wireguard(between=["dc1", "aws-east"], via="wireguard", tunnel_network=network, port=1024)
    inside = IPv4Network((int(network.network_address) + 4 * number, 30))
    assert tunnel_port(link, inside) == 1024 + number
