"""What a lab consists of, before any of it exists: machines, and the wires between them.

A sketch is drawn from the rehearsed clouds and from the device configurations, and built elsewhere; it can be looked at
without a namespace.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

INTERNET_MTU: Final = 1500
"""Largest packet of the internet, in bytes."""

NEAR: Final = "fe80::1"
FAR: Final = "fe80::2"
"""The ends of a routed wire have these addresses and no others, so that no wire takes a range from an estate."""


@dataclass(frozen=True)
class Wire:
    """A cable between two machines."""

    near: str
    """Name of a machine."""
    near_interface: str
    far: str
    far_interface: str
    mtu: int = INTERNET_MTU
    """In bytes."""

    @property
    def ends(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Machine and interface, twice."""
        return (self.near, self.near_interface), (self.far, self.far_interface)


@dataclass
class Machine:
    """A host, a router or a gateway: network, mounts and name of its own."""

    name: str
    site: str
    """The site it stands at; empty: on the internet."""
    files: dict[str, str] = field(default_factory=dict[str, str])
    """Text by absolute path, there before anything runs."""
    network: list[str] = field(default_factory=list[str])
    """Shell commands that set up interfaces, routes and filters, in their order, once every wire lies."""
    start: list[str] = field(default_factory=list[str])
    """Shell commands that start its daemons, once every network is set up."""
    then: list[str] = field(default_factory=list[str])
    """Shell commands for what talks through tunnels: it would wait for seconds where it came before them."""
    addresses: list[str] = field(default_factory=list[str])
    """Where its hosts are, one in each network; of a site's hosts alone."""

    def set_up(self, *words: str) -> None:
        """Add a command to the network's."""
        self.network.append(shlex.join(words))

    def ip(self, command: str) -> None:
        """Add a command of iproute2, as one types it: `link set lo up`."""
        self.network.append(f"ip {command}")

    def sysctl(self, *settings: str) -> None:
        """Add kernel settings: `net.ipv4.ip_forward=1`."""
        self.set_up("sysctl", "-q", "-w", *settings)

    def forwards(self) -> None:
        """Let it pass on packets of others."""
        self.sysctl("net.ipv4.ip_forward=1")


@dataclass(frozen=True)
class Propagation:
    """What a cloud does by itself: routes that a speaker learns enter route tables of a network's router."""

    speaker: str
    """Name of the machine that learns."""
    router: str
    """Name of the machine that has the tables."""
    tables: list[int]
    way: str
    """How the router gets there, for `ip route`."""
    keeps_hop: bool
    """Whether the speaker's next hop is the router's as well."""


ResolverKind = Literal["site", "vpc", "inbound", "outbound"]
"""What an address is: a datacentre's resolver, a VPC's own, or one of an endpoint's, which is asked or asks."""


@dataclass(frozen=True)
class Resolver:
    """An address that is asked for names, or asks."""

    machine: str
    """Name of the machine that has it."""
    site: str
    kind: ResolverKind
    address: str


@dataclass
class Sketch:
    """All machines and wires of a lab, and what a cloud does between them."""

    machines: dict[str, Machine] = field(default_factory=dict[str, Machine])
    wires: list[Wire] = field(default_factory=list[Wire])
    propagations: list[Propagation] = field(default_factory=list[Propagation])
    resolvers: list[Resolver] = field(default_factory=list[Resolver])

    def machine(self, name: str, site: str = "") -> Machine:
        """Add a machine, or return the one of this name."""
        return self.machines.setdefault(name, Machine(name, site))

    def interfaces(self, machine: str) -> list[str]:
        """Return the names of a machine's ends of cables."""
        ends = (end for wire in self.wires for end in wire.ends)
        return [interface for name, interface in ends if name == machine]

    def wire(
        self, near: Machine, near_interface: str, far: Machine, far_interface: str, mtu: int = INTERNET_MTU
    ) -> Wire:
        """Lay a cable; its machines set up their interfaces themselves."""
        laid = Wire(near.name, near_interface, far.name, far_interface, mtu)
        self.wires.append(laid)
        return laid

    def routed_wire(
        self, near: Machine, near_interface: str, far: Machine, far_interface: str, mtu: int = INTERNET_MTU
    ) -> None:
        """Lay a cable whose ends route to each other, without an address of IPv4."""
        self.wire(near, near_interface, far, far_interface, mtu)
        for machine, interface, address in ((near, near_interface, NEAR), (far, far_interface, FAR)):
            machine.ip(f"address add {address}/64 dev {interface} nodad")


def over(interface: str, hop: str) -> str:
    """Return a way for `ip route`: to the other end of a routed wire."""
    return f"via inet6 {hop} dev {interface}"


def lines(*texts: str | Iterable[str]) -> str:
    """Join texts and lists of texts to one, a line each."""
    found = [text for each in texts for text in ([each] if isinstance(each, str) else each)]
    return "".join(f"{text}\n" for text in found)
