"""What firewalls let through follows from links, names and flows, with both ends of each opening."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from hybridge.planning import AddressBook
from hybridge.planning.dns import dns_plan
from hybridge.planning.needs import address_needs
from hybridge.planning.onprem import onprem_site_plan
from hybridge.planning.openings import Direction, Opening, openings
from hybridge.planning.vpn import vpn_ends, vpn_plan
from hybridge.planning.wireguard import wireguard_ends, wireguard_plan
from hybridge.topology import OnpremSite, Topology, read_topology
from tests.conftest import ROOT
from tests.unit.ways import VPN_LINK, WIREGUARD_LINK, estate


def opened(topology: Topology) -> list[Opening]:
    book = AddressBook("addresses.test.yaml").completed(address_needs(topology))
    vpns = [vpn_plan(topology, ends, book) for ends in vpn_ends(topology)]
    wireguards = [wireguard_plan(topology, ends, book) for ends in wireguard_ends(topology)]
    sites = [
        onprem_site_plan(
            name,
            site,
            [vpn for vpn in vpns if vpn.onprem == name],
            [link for link in wireguards if link.onprem == name],
        )
        for name, site in topology.sites.items()
        if isinstance(site, OnpremSite)
    ]
    return openings(topology, sites, vpns, wireguards, dns_plan(topology))


def outside(found: list[Opening], site: str) -> set[tuple[str, str]]:
    """Protocols and ports that run neither inside a tunnel nor between the site's own gateways."""
    there = [each for each in found if each.site == site and not each.why.startswith("routes between")]
    return {(each.protocol, each.ports) for each in there if " in tunnel " not in each.why}


@pytest.fixture(scope="module")
def reference() -> list[Opening]:
    content = yaml.safe_load((ROOT / "stacks" / "Pulumi.reference.yaml").read_text(encoding="utf-8"))
    return opened(read_topology(json.dumps(content["config"]["hybridge:topology"])))


@pytest.mark.parametrize(
    ("nat_traversal", "wanted"), [(False, {("udp", "500"), ("esp", "")}), (True, {("udp", "500"), ("udp", "4500")})]
)
def test_ipsec_needs_keys_and_packets(nat_traversal: bool, wanted: set[tuple[str, str]]) -> None:
    found = opened(estate({"vpn": VPN_LINK | {"nat_traversal": nat_traversal}}))
    assert outside(found, "dc1") == wanted
    assert outside(found, "aws-east") == set()


def test_what_only_the_cloud_knows_is_told_in_words() -> None:
    keys = [opening for opening in opened(estate({"vpn": VPN_LINK})) if opening.ports == "500"]
    assert [(opening.local, opening.peer) for opening in keys] == [
        (["203.0.113.10"], ["both tunnel endpoints of connection vpn-edge-a"]),
        (["203.0.113.11"], ["both tunnel endpoints of connection vpn-edge-b"]),
    ]


def test_each_wireguard_tunnel_has_its_port_open_at_both_ends() -> None:
    link = WIREGUARD_LINK | {"elastic_ips": ["198.51.100.5", "198.51.100.6"]}
    found = [each for each in opened(estate({"wg": link})) if each.why.startswith("packets of tunnel")]
    near = {(*each.local, each.ports, *each.peer) for each in found if each.site == "dc1"}
    far = {(*each.peer, each.ports, *each.local) for each in found if each.site == "aws-east"}
    assert near == far
    assert len(near) == 4
    assert len({(address, port) for address, port, _ in near}) == 4
    assert {address for *_, address in near} == {"198.51.100.5", "198.51.100.6"}


def test_every_tunnel_has_bgp_inside_and_wireguard_bfd_too() -> None:
    found = opened(estate({"wg": WIREGUARD_LINK, "vpn": VPN_LINK | {"standby": True}}))
    inside = [each for each in found if " in tunnel " in each.why and each.site == "dc1"]
    assert sorted(each.why.split()[0] for each in inside) == ["BFD"] * 4 + ["BGP"] * 8
    assert {each.ports for each in inside if each.protocol == "tcp"} == {"179"}
    assert {each.ports for each in inside if each.protocol == "udp"} == {"4784"}


def test_gateways_that_stand_in_for_each_other_have_sessions_in_their_own_network() -> None:
    why = "routes between the gateways of dc1"
    one, other = ["10.100.0.2"], ["10.100.0.3"]
    assert [each for each in opened(estate({"vpn": VPN_LINK})) if each.why == why] == [
        Opening("dc1", Direction.BOTH, "tcp", "179", one, other, why),
        Opening("dc1", Direction.BOTH, "udp", "3784", one, other, why),
        Opening("dc1", Direction.BOTH, "tcp", "179", other, one, why),
        Opening("dc1", Direction.BOTH, "udp", "3784", other, one, why),
    ]


@pytest.mark.parametrize(("accepted", "sessions"), [({}, 2), ({"accept_single_gateway": "a lab that may stop"}, 0)])
def test_two_instances_tell_the_route_server_their_routes(accepted: dict[str, Any], sessions: int) -> None:
    given = {"elastic_ips": ["198.51.100.5"]} if accepted else {}
    found = opened(estate({"wg": WIREGUARD_LINK | accepted | given}))
    told = [each for each in found if each.peer == ["Route Server endpoints in its subnet"] and each.protocol == "tcp"]
    assert len(told) == sessions


def test_names_are_asked_both_ways(reference: list[Opening]) -> None:
    names = [each for each in reference if each.ports == "53"]
    assert {(each.site, each.direction) for each in names} == {
        (site, direction) for site in ("dc1", "aws-east") for direction in (Direction.IN, Direction.OUT)
    }
    for direction, other in ((Direction.OUT, Direction.IN), (Direction.IN, Direction.OUT)):
        ours = next(each for each in names if (each.site, each.direction) == ("dc1", direction))
        theirs = next(each for each in names if (each.site, each.direction) == ("aws-east", other))
        assert ours.local == ["10.100.0.53", "10.100.1.53"]
        assert set(ours.peer) == set(theirs.local)
    assert {each.protocol for each in names} == {"udp", "tcp"}


def test_flows_are_opened_where_they_leave_and_where_they_arrive(reference: list[Opening]) -> None:
    found = [opening for opening in reference if opening.why == "flow orders-db"]
    assert found == [
        Opening("dc1", Direction.OUT, "tcp", "5432", ["10.100.0.0/16"], ["172.20.0.0/16"], "flow orders-db"),
        Opening("aws-east", Direction.IN, "tcp", "5432", ["172.20.0.0/16"], ["10.100.0.0/16"], "flow orders-db"),
    ]


def test_a_flow_without_ports_opens_nothing_and_spans_stay_spans() -> None:
    flow = {"from": "dc1", "to": "aws-east", "bandwidth": "1Mbps"}
    flows = {"quiet": flow, "spans": flow | {"ports": ["udp/8000-8010", "tcp/443"]}}
    found = [each for each in opened(estate({"vpn": VPN_LINK}, flows=flows)) if each.why.startswith("flow")]
    assert [(each.why, each.protocol, each.ports) for each in found if each.site == "dc1"] == [
        ("flow spans", "udp", "8000-8010"),
        ("flow spans", "tcp", "443"),
    ]


def test_the_list_goes_site_by_site(reference: list[Opening]) -> None:
    assert [opening.site for opening in reference] == sorted((each.site for each in reference), reverse=True)
