"""A VPC: its subnets, and what plugs machines into them."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Final

from .sketch import Machine, Sketch

HOST_MTU: Final = 9001
"""Largest packet of hosts in a VPC, in bytes (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html)."""


@dataclass
class Vpc:
    """A VPC: one router that knows every subnet, and looks up what a subnet sends in the route table of that subnet."""

    identifier: str
    site: str
    ranges: list[IPv4Network]
    router: Machine
    tables: dict[str, int] = field(default_factory=dict[str, int])
    """Number of each route table."""
    main: str = ""
    """Identifier of the route table of subnets that have none of their own."""
    subnets: dict[str, tuple[str, IPv4Network]] = field(default_factory=dict[str, "tuple[str, IPv4Network]"])
    """Interface and network of each subnet."""
    table_of: dict[str, int] = field(default_factory=dict[str, int])
    """Number of the table of each subnet."""
    host: str = ""
    """A workload's address."""
    ports: int = 0

    def port(self, sketch: Sketch, machine: Machine, interface: str, subnet: str, address: str) -> str:
        """Plug a machine into a subnet, and return the router's name of its port."""
        bridge, network = self.subnets[subnet]
        port = f"port{self.ports}"
        self.ports += 1
        sketch.wire(self.router, port, machine, interface, HOST_MTU)
        self.router.ip(f"link set {port} master {bridge}")
        machine.ip(f"address add {address}/{network.prefixlen} dev {interface}")
        return port

    def next_hop(self, subnet: str) -> str:
        """Return what hosts of a subnet send to: its first address."""
        return str(self.subnets[subnet][1][1])
