"""AWS's network interfaces: private addresses of their subnets, and what an instance takes over from its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from typing import Final

from rehearsal.clouds.derivation import Making
from rehearsal.clouds.values import Value

_KEPT: Final = 4
"""First addresses of a subnet that AWS keeps for itself, as it does the last one.

https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html, 2026-11-22.
"""


def _private_address(making: Making, what: str) -> str:
    """A free address of the subnet, or one that stands for itself where the ledger does not know the subnet."""
    identifier = making.inputs.get("subnetId")
    subnet = making.surroundings.find(identifier) if isinstance(identifier, str) else None
    block = (subnet or {}).get("cidrBlock")
    if not isinstance(block, str):
        return making.address(what)
    hosts = [str(address) for address in IPv4Network(block).hosts()][_KEPT - 1 :]
    start = making.number(what, len(hosts))
    is_taken = making.surroundings.is_taken
    return next((one for one in (*hosts[start:], *hosts[:start]) if not is_taken(one)), hosts[start])


def _network_interface(making: Making) -> dict[str, Value]:
    given = making.inputs.get("privateIp")
    address = given if isinstance(given, str) else _private_address(making, "privateIp")
    return {"privateIp": address, "privateIps": [address], "privateIpLists": [address], "privateIpsCount": 0}


def _route_server_endpoint(making: Making) -> dict[str, Value]:
    return {"eniAddress": _private_address(making, "eniAddress")}


def _instance(making: Making) -> dict[str, Value]:
    """The provider reads an instance's check of addresses from its primary network interface."""
    given = making.inputs.get("primaryNetworkInterface")
    identifier = given.get("networkInterfaceId") if isinstance(given, dict) else None
    interface = making.surroundings.find(identifier) if isinstance(identifier, str) else None
    return {} if interface is None else {"sourceDestCheck": interface.get("sourceDestCheck", True)}


SPECIAL: Final[Mapping[str, Callable[[Making], dict[str, Value]]]] = {
    "aws:ec2/instance:Instance": _instance,
    "aws:ec2/networkInterface:NetworkInterface": _network_interface,
    "aws:vpc/routeServerEndpoint:RouteServerEndpoint": _route_server_endpoint,
}
"""The properties that need more than a pattern, by token."""
