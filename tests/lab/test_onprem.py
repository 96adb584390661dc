"""Where a datacentre's gateways and hosts are in the lab: in networks that the site really has."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest

from lab.errors import LabError
from lab.estate import Rehearsed
from lab.onprem import Network, site_network


def network(
    *ranges: str,
    lan: tuple[str | None, ...] = (None, None),
    announced: tuple[str, ...] = (),
    link: str | None = "dc1-aws",
) -> Network:
    """The network of a site with so many gateways, whose addresses may be given."""
    gateways = [{"name": f"edge-{number}", "lan_address": address} for number, address in enumerate(lan)]
    site: dict[str, Any] = {"name": "dc1", "ranges": list(ranges), "gateways": gateways}
    neighbours = [{"site": "dc1", "link": link, "announces": list(announced)}]
    return site_network(
        Rehearsed("test", [], {}, {"neighbours": neighbours, "dns": {"aws_sites": [], "onprem_sites": []}}), site
    )


def test_without_addresses_of_their_own_gateways_are_at_the_end_of_the_first_range() -> None:
    found = network("10.100.0.0/24", "10.104.0.0/24")
    assert str(found.lan) == "10.100.0.0/24"
    assert [str(each) for each in found.others] == ["10.104.0.0/24"]
    assert sorted([*found.gateways.values(), found.next_hop, found.host]) == [
        "10.100.0.251",
        "10.100.0.252",
        "10.100.0.253",
        "10.100.0.254",
    ]


def test_gateways_keep_the_addresses_that_they_have() -> None:
    found = network("10.100.0.0/24", lan=("10.100.0.254", "10.100.0.3"))
    assert found.gateways == {"edge-0": "10.100.0.254", "edge-1": "10.100.0.3"}
    assert {found.next_hop, found.host}.isdisjoint(found.gateways.values())


def test_one_gateway_with_an_address_does_not_take_the_place_of_one_without() -> None:
    found = network("10.100.0.0/29", lan=(None, "10.100.0.6"))
    everybody = [*found.gateways.values(), found.next_hop, found.host]
    assert found.gateways["edge-1"] == "10.100.0.6"
    assert len(set(everybody)) == 4
    assert all(IPv4Address(each) in found.lan for each in everybody)


def test_hosts_are_where_the_gateways_are_also_if_that_is_not_the_first_range() -> None:
    found = network("10.100.0.0/24", "10.104.0.0/24", lan=("10.104.0.2", "10.104.0.3"))
    assert str(found.lan) == "10.104.0.0/24"
    assert [str(each) for each in found.others] == ["10.100.0.0/24"]
    assert found.hosts == [found.host, "10.100.0.1"]


def test_what_is_announced_beyond_the_ranges_has_a_host_too() -> None:
    """A cluster's pods are routed, and no range of the site."""
    found = network("10.100.0.0/16", announced=("10.10.0.0/16", "10.100.0.0/17"))
    assert [str(each) for each in found.others] == ["10.10.0.0/16"]
    assert found.hosts[1:] == ["10.10.0.1"]


def test_what_is_announced_whole_and_in_halves_is_one_network() -> None:
    """Halves win where a link is preferred to a standby, which announces the whole."""
    found = network("10.100.0.0/16", announced=("10.10.0.0/17", "10.10.0.0/16", "10.10.128.0/17"))
    assert [str(each) for each in found.others] == ["10.10.0.0/16"]
    assert len(set(found.hosts)) == len(found.hosts)


def test_neighbouring_ranges_announced_as_one_are_no_third_network() -> None:
    found = network("10.100.0.0/24", "10.100.1.0/24", announced=("10.100.0.0/23",))
    assert [str(each) for each in found.others] == ["10.100.1.0/24"]


def test_what_gateways_tell_each_other_is_no_network_of_the_site() -> None:
    assert network("10.100.0.0/16", announced=("172.20.0.0/16",), link=None).others == []


@pytest.mark.parametrize("length", [30, 31, 32])
def test_a_network_without_room_is_told(length: int) -> None:
    with pytest.raises(LabError, match=rf"10\.100\.0\.0/{length} has no room for 4 machines"):
        network(f"10.100.0.0/{length}")


def test_a_network_with_just_enough_room_is_enough() -> None:
    found = network("10.100.0.0/29", lan=(None, None, None, None))
    assert sorted([*found.gateways.values(), found.next_hop, found.host]) == [f"10.100.0.{n}" for n in range(1, 7)]
