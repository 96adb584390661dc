"""On-premises sites: a network with its hosts, and gateways that are fed the files which hybridge rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, collapse_addresses
from itertools import islice
from typing import Any, Final

from . import daemons, esp, names
from .errors import LabError
from .estate import REQUIRED_FILES, Rehearsed
from .files import WireguardEnd, ipsec_ends, wireguard_ends
from .sketch import NEAR, Machine, Sketch, over

LAN: Final = "lan"
LAN_MTU: Final = 1500
"""Largest packet of a datacentre's hosts, in bytes."""
PLACE: Final = "/etc/hybridge"
"""Where a gateway has its files."""
INTERFACES_LOG: Final = "/run/interfaces.out"
FIREWALL_LOG: Final = "/run/firewall.out"


@dataclass(frozen=True)
class Side:
    """An on-premises end of a tunnel's way through the internet."""

    machine: Machine
    interface: str
    address: str
    """The public address behind it."""
    mtu: int
    """Largest packet of the way, in bytes."""


@dataclass(frozen=True)
class Network:
    """A site's own network."""

    lan: IPv4Network
    """Where its gateways and its first host are."""
    others: list[IPv4Network]
    """What else it announces."""
    gateways: Mapping[str, str]
    """Address in `lan` by gateway."""
    next_hop: str
    """What hosts send to, which one of the living gateways has."""
    host: str
    resolvers: list[str]
    """Where other sites ask for its names."""

    @property
    def hosts(self) -> list[str]:
        """One host's address in each network that has room for one."""
        free = ((each for each in map(str, network.hosts()) if each not in self.resolvers) for network in self.others)
        return [self.host, *(address for each in free for address in islice(each, 1))]


def draw(sketch: Sketch, rehearsed: Rehearsed) -> Iterator[tuple[str, Side]]:
    """Add every on-premises site, and return what is still to be joined: tunnels by name, each with its end here."""
    for site in rehearsed.sites:
        if site["kind"] != "onprem":
            continue
        network = site_network(rehearsed, site)
        hosts = _hosts(sketch, site["name"], network)
        for gateway in site["gateways"]:
            yield from _gateway(sketch, rehearsed, gateway, network, hosts)


def site_network(rehearsed: Rehearsed, site: Mapping[str, Any]) -> Network:
    """Decide where a site's hosts and gateways are: in the network of the gateways' `lan_address`, or in its first.

    Raises LabError where the network has no room for them.
    """
    ranges = [IPv4Network(each) for each in site["ranges"]]
    announced = {
        IPv4Network(network)
        for session in rehearsed.report["neighbours"]
        if session["site"] == site["name"] and session["link"]
        for network in session["announces"]
    }
    # Halves are announced where a link is preferred, the whole where it stands by: to one network's only host.
    known = list(collapse_addresses(ranges))
    ranges += collapse_addresses(one for one in announced if not any(one.subnet_of(each) for each in known))
    given = {each["name"]: each["lan_address"] for each in site["gateways"] if each["lan_address"]}
    lan = next(
        (each for each in ranges if given and all(IPv4Address(one) in each for one in given.values())), ranges[0]
    )
    resolvers = names.servers(rehearsed, site["name"])
    free = _free(lan, {*given.values(), *resolvers}, len(site["gateways"]) + 2)
    return Network(
        lan,
        [each for each in ranges if each != lan],
        {each["name"]: given.get(each["name"]) or free.pop() for each in site["gateways"]},
        free.pop(),
        free.pop(),
        resolvers,
    )


def _free(network: IPv4Network, taken: set[str], wanted: int) -> list[str]:
    """Return so many of a network's last addresses."""
    last = int(network.broadcast_address)
    found: list[str] = []
    for number in range(last - 1, int(network.network_address), -1):
        if str(IPv4Address(number)) not in taken:
            found.append(str(IPv4Address(number)))
        if len(found) == wanted:
            return found
    raise LabError(f"{network} has no room for {wanted} machines, so that nobody could be there to send anything.")


def _hosts(sketch: Sketch, site: str, network: Network) -> Machine:
    """Add the site's switch, and its hosts at it."""
    hosts = sketch.machine(site, site)
    hosts.ip(f"link add {LAN} type bridge")
    hosts.ip(f"link set {LAN} mtu {LAN_MTU} up")
    hosts.ip(f"address add {network.host}/{network.lan.prefixlen} dev {LAN}")
    for address in network.hosts[1:]:
        hosts.ip(f"address add {address}/32 dev lo")
    hosts.ip(f"route add default via {network.next_hop}")
    hosts.addresses += network.hosts
    return hosts


def _gateway(
    sketch: Sketch, rehearsed: Rehearsed, told: Mapping[str, Any], network: Network, hosts: Machine
) -> Iterator[tuple[str, Side]]:
    """Add a gateway with its files at the places that the README names; none where no link ends there."""
    files = rehearsed.devices.get(told["name"])
    if not files:
        return
    number = list(network.gateways).index(told["name"])
    missing = [name for name in REQUIRED_FILES if name not in files]
    if missing:
        raise LabError(f"The gateway {told['name']} has no {missing[0]}: rehearse the stack again.")
    gateway = sketch.machine(told["name"], hosts.site)
    port = f"port{number}"
    sketch.wire(gateway, LAN, hosts, port, LAN_MTU)
    hosts.ip(f"link set {port} master {LAN}")
    gateway.ip(f"address add {network.gateways[gateway.name]}/{network.lan.prefixlen} dev {LAN}")
    gateway.ip(f"address add {told['public_ip']}/32 dev lo")
    for other in network.others:
        gateway.ip(f"route add {other} via {network.host}")
    for name in ("interfaces.sh", "nftables.conf", "firewall.nft"):
        gateway.files[f"{PLACE}/{name}"] = files[name]
    yield from _ipsec(sketch, rehearsed, gateway, told["public_ip"], files)
    gateway.network.append(_heard(f"sh {PLACE}/interfaces.sh", INTERFACES_LOG))
    for end in ipsec_ends(files):
        esp.shrink(gateway, end.interface, rehearsed.mtu(rehearsed.tunnel_at(end.address)))
    gateway.network.append(_heard(f"nft -f {PLACE}/firewall.nft", FIREWALL_LOG))
    for index, end in enumerate(wireguard_ends(files)):
        if "PrivateKey" not in files[f"{end.interface}.conf"]:
            raise LabError(
                f"{gateway.name} keeps its private key to itself, so nobody can stand in for it: "
                "a lab can be had without `public_keys`."
            )
        gateway.files[f"/etc/wireguard/{end.interface}.conf"] = files[f"{end.interface}.conf"]
        gateway.start.append(f"wg-quick up {end.interface} >/run/{end.interface}.out 2>&1")
        yield _wireguard(rehearsed, gateway, told["public_ip"], end, index)
    daemons.frr(gateway, files["frr.conf"])
    daemons.keepalived(gateway, LAN, f"{network.next_hop}/{network.lan.prefixlen}", 200 - number)


def _heard(command: str, log: str) -> str:
    """Return a command whose every word is kept for whoever asks what it said, and told where it fails."""
    return f"{command} >{log} 2>&1 || {{ cat {log} >&2; exit 1; }}"


def _wireguard(rehearsed: Rehearsed, gateway: Machine, address: str, end: WireguardEnd, index: int) -> tuple[str, Side]:
    """Lead a tunnel's own packets to its own way through the internet."""
    interface, table = f"net{index}", 100 + index
    gateway.ip(f"route add {end.endpoint} table {table} src {address} {over(interface, NEAR)}")
    # Two tunnels may lead to one address, by ports of their own.
    gateway.ip(f"rule add to {end.endpoint} ipproto udp dport {end.port} lookup {table}")
    gateway.ip(f"route replace {end.endpoint} src {address} {over(interface, NEAR)}")
    name = rehearsed.tunnel_at(end.address)
    return name, Side(gateway, interface, address, rehearsed.path_mtu(name))


def _ipsec(
    sketch: Sketch, rehearsed: Rehearsed, gateway: Machine, address: str, files: Mapping[str, str]
) -> Iterator[tuple[str, Side]]:
    """Put a machine that does ESP in user space behind the interface of each tunnel."""
    for end in ipsec_ends(files):
        name = rehearsed.tunnel_at(end.address)
        router = esp.tunnel_router(sketch, gateway, end.interface, end.address, f"{name}@{gateway.site}")
        router.ip(f"address add {address}/32 dev lo")
        router.ip(f"route add default src {address} {over('net0', NEAR)}")
        router.files[esp.RENDERED_FILE] = files["swanctl.conf"]
        daemons.charon(router, files.get("strongswan.conf", ""), esp.device_connections(files["swanctl.conf"], end))
        planned = rehearsed.mtu(name)
        router.start += esp.after_start(esp.stand_in_mtu(planned))
        mtu = esp.way_mtu(rehearsed.path_mtu(name), planned, encapsulated=end.encapsulated)
        yield name, Side(router, "net0", address, mtu)
