"""The stack `minimal` with a WireGuard link beside its VPN, for tests to change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hybridge.planning import AddressBook, OnpremSitePlan, address_needs
from hybridge.planning.onprem import onprem_site_plan
from hybridge.planning.vpn import vpn_ends, vpn_plan
from hybridge.planning.wireguard import WireguardEnds, wireguard_ends, wireguard_plan
from hybridge.planning.wireguard_model import WireguardPlan
from hybridge.topology import Problem, Topology, read_topology

LINK = "dc1-wg"


def with_wireguard(declared: dict[str, Any], **link: Any) -> dict[str, Any]:
    """Declare the link, with what a test says of it."""
    given = {
        "between": ["dc1", "aws-east"],
        "via": "wireguard",
        "tunnel_network": "10.200.0.0/24",
        "elastic_ips": ["198.51.100.5", "198.51.100.6"],
    }
    declared["links"][LINK] = {name: value for name, value in (given | link).items() if value is not None}
    return declared


@dataclass(frozen=True)
class Joined:
    """A topology with WireGuard links, and the addresses that it needs."""

    topology: Topology
    book: AddressBook

    @classmethod
    def read(cls, declared: dict[str, Any], book: AddressBook | None = None) -> Joined:
        """Read a topology and complete its book."""
        topology = read_topology(json.dumps(declared))
        return cls(topology, (book or AddressBook("addresses.test.yaml")).completed(address_needs(topology)))

    @property
    def links(self) -> list[WireguardEnds]:
        return list(wireguard_ends(self.topology))

    def plan(self, link: str = LINK) -> WireguardPlan:
        (ends,) = [each for each in self.links if each.name == link]
        return wireguard_plan(self.topology, ends, self.book)

    def site(self) -> OnpremSitePlan:
        """The datacentre with all its links."""
        site = self.topology.sites["dc1"]
        assert site.kind == "onprem"
        return onprem_site_plan(
            "dc1",
            site,
            [vpn_plan(self.topology, ends, self.book) for ends in vpn_ends(self.topology)],
            [self.plan(ends.name) for ends in self.links],
        )

    def problems(self) -> list[Problem]:
        """Everything that is wrong with the links."""
        from hybridge.planning.wireguard_problems import shared_problems, wireguard_problems

        found = [problem for ends in self.links for problem in wireguard_problems(self.topology, ends)]
        return [*found, *shared_problems(self.topology, self.links)]
