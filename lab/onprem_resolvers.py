"""A datacentre's resolvers: Unbound with the rendered file, at each address that other sites ask.

They know the site's own domains by themselves, which stands for the site's name service. What else they are told is
what a careful administrator would have there without any link: private addresses are no answer, names are signed, and
nobody but the site's own hosts may ask. The rendered file has to hold against that.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Final

from . import daemons, names
from .errors import LabError
from .estate import Rehearsed
from .onprem import LAN, LAN_MTU, Network, site_network
from .sketch import Machine, Resolver, Sketch, lines

_RENDERED: Final = "unbound.conf"
_PLACE: Final = "/etc/unbound/unbound.conf.d/hybridge.conf"
_PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_ROOT: Final = ". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
"""The root's key (https://data.iana.org/root-anchors/root-anchors.xml, 2026-11-28)."""


def draw(sketch: Sketch, rehearsed: Rehearsed) -> None:
    """Add the resolvers of every datacentre that is asked.

    Raises LabError where nothing was rendered for them.
    """
    for plan in rehearsed.report["dns"]["onprem_sites"]:
        rendered = rehearsed.devices.get(plan["device"], {}).get(_RENDERED)
        if rendered is None:
            raise LabError(f"The resolvers {plan['device']} have no {_RENDERED}: rehearse the stack again.")
        site = next(each for each in rehearsed.sites if each["name"] == plan["site"])
        network = site_network(rehearsed, site)
        zones = names.zones(site["name"], names.domains(rehearsed, site["name"]), network.host)
        for number, address in enumerate(network.resolvers, start=1):
            machine = _gateway_at(sketch, network, address)
            if machine is None:
                machine = _at_switch(sketch, sketch.machines[site["name"]], network, number)
            machine.files[_PLACE] = rendered
            daemons.unbound(machine, _settings(address, site["ranges"], zones))
            sketch.resolvers.append(Resolver(machine.name, site["name"], "site", address))


def _gateway_at(sketch: Sketch, network: Network, address: str) -> Machine | None:
    """Return the gateway that is a resolver as well, if it is one."""
    return next((sketch.machines.get(name) for name, own in network.gateways.items() if own == address), None)


def _at_switch(sketch: Sketch, hosts: Machine, network: Network, number: int) -> Machine:
    """Add a machine for a resolver at the site's switch; one of another network is reached through the site's hosts."""
    address = IPv4Address(network.resolvers[number - 1])
    machine = sketch.machine(f"{hosts.site}.resolver{number}", hosts.site)
    port = f"resolver{number}"
    sketch.wire(machine, LAN, hosts, port, LAN_MTU)
    hosts.ip(f"link set {port} master {LAN}")
    if address in network.lan:
        machine.ip(f"address add {address}/{network.lan.prefixlen} dev {LAN}")
    else:
        machine.ip(f"address add {address}/32 dev {LAN}")
        machine.ip(f"route add {network.lan} dev {LAN}")
        hosts.ip(f"route add {address} dev {LAN}")
        hosts.forwards()
    machine.ip(f"route add default via {network.next_hop}")
    return machine


def _settings(address: str, ranges: list[str], zones: list[str]) -> str:
    return lines(
        "server:",
        f"  interface: {address}",
        f"  outgoing-interface: {address}",
        [f"  access-control: {each} allow" for each in ranges],
        [f"  private-address: {each}" for each in _PRIVATE],
        f'  trust-anchor: "{_ROOT}"',
        [f"  {line}" for line in zones],
        f'include: "{_PLACE}"',
    )
