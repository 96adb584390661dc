"""Plans WireGuard links: gateways at both ends, a tunnel from each to each, their addresses and ports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from ipaddress import IPv4Network
from typing import Final

from hybridge.topology import Topology, Wireguard

from . import limits
from .addresses import AddressBook
from .ends import LinkEnds, joined
from .handover import hands_over
from .mtu import tcp_mss
from .paths import Instance, LinkPath, PathTunnel
from .routing import OWN_BFD, OWN_TIMERS, announced_texts, owned_texts, preference, prefix_limit
from .wireguard_model import Architecture, WireguardGateway, WireguardInstance, WireguardPlan, WireguardTunnel
from .wireguard_shape import instance_count

_GIGABIT: Final = 10**9


class WireguardEnds(LinkEnds[Wireguard]):
    """A declared WireGuard link with the sites at its ends."""

    @property
    def instances(self) -> int:
        """How many gateway instances it has."""
        return instance_count(self.link, self.onprem)

    def instance_name(self, number: int) -> str:
        """Return the name of the instance `number`, counted from 1."""
        return f"{self.name}-{number}"

    def address_keys(self) -> Iterator[str]:
        """Return the keys of all its tunnels in the address book."""
        for gateway in self.onprem.gateways:
            for number in range(1, self.instances + 1):
                yield self.address_key(gateway.name, number)


def wireguard_ends(topology: Topology) -> Iterator[WireguardEnds]:
    """Return the links whose two ends are what WireGuard joins here; the others are problems of their own."""
    return (WireguardEnds(*found) for found in joined(topology, Wireguard))


def tunnel_port(link: Wireguard, inside: IPv4Network) -> int:
    """Return the UDP port of the tunnel whose /30 is `inside`: the first port, and one more for each /30 before it.

    Firewalls have it configured, so it follows from what is recorded, and no addition moves it.
    """
    before = int(inside.network_address) - int(link.tunnel_network.network_address)
    return link.port + before // inside.num_addresses


def architecture(instance_type: str) -> Architecture:
    """Return the architecture of an EC2 instance type.

    Graviton types have a `g` behind their generation, such as c7gn and t4g
    (https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html).
    """
    family = instance_type.partition(".")[0]
    return Architecture.ARM64 if re.fullmatch(r"[a-z]+\d+[a-z]*g[a-z]*", family) else Architecture.AMD64


def instance_bandwidths() -> dict[str, int]:
    """Return what each known EC2 type carries all day, in bits per second."""
    entries = (entry.split() for entry in limits.words("aws.ec2.network-baseline"))
    return {name: int(Decimal(gigabits) * _GIGABIT) for name, gigabits in entries}


def instance_cores(instance_type: str) -> int | None:
    """Return how many cores a known EC2 type has; None: it is not known."""
    family, _, size = instance_type.partition(".")
    processors = {name: int(count) for name, count in (entry.split() for entry in limits.words("aws.ec2.vcpus"))}
    if instance_type not in instance_bandwidths() or size not in processors:
        return None
    threads = 2 if family in limits.words("aws.ec2.two-threads-a-core") else 1
    return processors[size] // threads


def gateway_instance(instance_type: str) -> Instance | None:
    """Return what a gateway instance carries; None: its type is not known, which is a problem of its own."""
    cores = instance_cores(instance_type)
    if cores is None:
        return None
    processing = cores * limits.number("wireguard.core")
    return Instance(instance_type, instance_bandwidths()[instance_type], cores, processing)


def wireguard_plan(topology: Topology, ends: WireguardEnds, book: AddressBook) -> WireguardPlan:
    """Decide a link that has no problem."""
    link = ends.link
    gateways = [
        WireguardGateway(
            name=f"{ends.name}-{gateway.name}",
            gateway=gateway.name,
            public_ip=str(gateway.public_ip),
            public_key=link.public_keys.get(gateway.name, ""),
        )
        for gateway in ends.onprem.gateways
    ]
    instances = [_instance(ends, number) for number in range(1, ends.instances + 1)]
    made_here = [gateway.name for gateway in gateways if not gateway.public_key]
    return WireguardPlan(
        name=ends.name,
        onprem=ends.onprem_name,
        cloud=ends.cloud_name,
        region=ends.cloud.region,
        device_asn=ends.onprem.asn,
        gateway_asn=link.gateway_asn,
        cloud_asn=ends.cloud.asn,
        gateways=gateways,
        instances=instances,
        tunnels=[
            _tunnel(ends, gateway.gateway, instance, book.wireguard) for gateway in gateways for instance in instances
        ],
        keepalive_seconds=link.keepalive,
        bgp_keepalive_seconds=OWN_TIMERS[0],
        bgp_hold_seconds=OWN_TIMERS[1],
        bfd_milliseconds=OWN_BFD[0],
        bfd_multiplier=OWN_BFD[1],
        instance_type=link.instance_type,
        architecture=architecture(link.instance_type),
        announced=announced_texts(topology, ends.name, ends.onprem_name),
        cloud_announced=announced_texts(topology, ends.name, ends.cloud_name),
        onprem_ranges=owned_texts(topology, ends.onprem_name),
        cloud_ranges=owned_texts(topology, ends.cloud_name),
        # Both ends' gateways have one limit: what the larger site announces has to fit.
        prefix_limit=max(prefix_limit(topology, ends.name, site) for site in (ends.onprem_name, ends.cloud_name)),
        mtu=link.mtu,
        mss=tcp_mss(link.mtu),
        preference=preference(topology, ends.name),
        standby=link.standby,
        single_gateway=link.accept_single_gateway or "",
        made_keys=[*made_here, *(instance.name for instance in instances)],
    )


def _instance(ends: WireguardEnds, number: int) -> WireguardInstance:
    given = ends.link.elastic_ips
    return WireguardInstance(ends.instance_name(number), number, str(given[number - 1]) if number <= len(given) else "")


def _tunnel(
    ends: WireguardEnds, gateway: str, instance: WireguardInstance, book: Mapping[str, IPv4Network]
) -> WireguardTunnel:
    inside = book[ends.address_key(gateway, instance.number)]
    device, cloud = list(inside.hosts())
    return WireguardTunnel(
        name=f"{ends.name}-{gateway}-{instance.number}",
        gateway=gateway,
        instance=instance.name,
        inside=str(inside),
        device_address=str(device),
        cloud_address=str(cloud),
        port=tunnel_port(ends.link, inside),
    )


def link_path(ends: WireguardEnds, plan: WireguardPlan) -> LinkPath:
    """Return a planned link as a way for traffic.

    A route table of a VPC leads to one instance at a time, so flows are not spread from there. Each tunnel is one flow
    to AWS, and what one instance carries is a tunnel's bandwidth at the most, each way; both ways share the instance.
    """
    flow = limits.number("aws.ec2.single-flow")
    # A type that is not known is a problem of its own, told together with what else is wrong.
    instance = gateway_instance(plan.instance_type)
    bandwidth = min(instance.network, flow) if instance else flow
    zones = {
        instance.name: ends.cloud.zones[instance.number - 1] if ends.cloud.zones else "" for instance in plan.instances
    }
    return LinkPath(
        name=plan.name,
        via=ends.link.via,
        sites=(plan.onprem, plan.cloud),
        tunnels=tuple(
            PathTunnel(tunnel.name, tunnel.gateway, tunnel.instance, bandwidth, zones[tunnel.instance])
            for tunnel in plan.tunnels
        ),
        spread=False,
        standby=plan.standby,
        round_trip=ends.link.round_trip,
        mtu=plan.mtu,
        single_gateway=plan.single_gateway,
        own_subnets=ends.cloud.vpc is None,
        uplinks=ends.uplinks,
        instance=instance,
        handover=hands_over(ends.onprem),
    )
