"""AWS as the rehearsed estate left it: VPCs with their route tables, hubs, VPN endpoints, instances, route servers.

Everything here comes from what the engine declared to the simulated clouds, never from hybridge's own texts: tunnel
options, addresses, keys, ASNs, routes, security groups, user data. Where AWS decides, the lab does as AWS documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from itertools import count
from typing import Any, Final, cast

from rehearsal.clouds import ec2_answers
from rehearsal.clouds.ledger import LedgerObject

from . import aws_resolver, aws_vpn, cloudinit, daemons, esp
from .errors import LabError
from .estate import Rehearsed, name_of
from .files import wireguard_ends
from .security_groups import guard, rules_of
from .sketch import FAR, NEAR, Machine, Propagation, Sketch, lines, over
from .vpc import HOST_MTU, Vpc

HUB_MTU: Final = 8500
"""Largest packet of a transit gateway, in bytes (https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-quotas.html)."""
_LOCAL_TABLE: Final = 100
_SMALLEST: Final = 28
"""Prefix length of the smallest subnet of a VPC."""
End = tuple[Machine, str, str]
"""A cloud's end of a tunnel's way through the internet: a machine, its interface, and the public address behind it."""
_INTERFACE: Final = "eth0"


class Aws:
    """All AWS sites of an estate, added to a sketch."""

    def __init__(self, sketch: Sketch, rehearsed: Rehearsed) -> None:
        self._sketch, self._rehearsed = sketch, rehearsed
        self._vpcs = {vpc.identifier: vpc for vpc in self._find_vpcs()}

    def draw(self) -> Iterator[tuple[str, End]]:
        """Add every site, and return what is still to be joined: tunnels by name, each with its end here."""
        for vpc in self._vpcs.values():
            self._network(vpc)
        for type_ in ("aws:ec2transitgateway/transitGateway:TransitGateway", "aws:ec2/vpnGateway:VpnGateway"):
            for hub in self._rehearsed.of(type_):
                yield from self._hub(hub)
        for vpc in self._vpcs.values():
            yield from self._instances(vpc)
            self._route_server(vpc)
            aws_resolver.draw(self._sketch, self._rehearsed, vpc)

    def _find_vpcs(self) -> Iterator[Vpc]:
        known = {each.id: each for each in self._rehearsed.of("aws:ec2/vpc:Vpc")}
        named = {str(each.inputs["vpcId"]) for each in self._rehearsed.objects if "vpcId" in each.inputs}
        for identifier in sorted(named | known.keys()):
            subnets = [
                IPv4Network(str(each.inputs["cidrBlock"]))
                for each in self._rehearsed.of("aws:ec2/subnet:Subnet")
                if each.inputs["vpcId"] == identifier
            ]
            blocks = [IPv4Network(str(known[identifier].outputs["cidrBlock"]))] if identifier in known else []
            for site in self._rehearsed.sites:
                ranges = [IPv4Network(each) for each in site["ranges"]]
                if site["kind"] == "aws" and any(one.subnet_of(each) for one in (*blocks, *subnets) for each in ranges):
                    router = self._sketch.machine(f"{site['name']}.vpc", site["name"])
                    yield Vpc(identifier, site["name"], ranges, router)

    def _in(self, vpc: Vpc, type_: str) -> list[LedgerObject]:
        return [each for each in self._rehearsed.of(type_) if each.inputs.get("vpcId") == vpc.identifier]

    def _network(self, vpc: Vpc) -> None:
        """Add a VPC's subnets, and a workload in one of its own."""
        router = vpc.router
        router.forwards()
        router.sysctl("net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.default.send_redirects=0")
        for number, table in enumerate(self._in(vpc, "aws:ec2/routeTable:RouteTable"), start=_LOCAL_TABLE + 1):
            vpc.tables[table.id] = number
        for association in self._in(vpc, "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"):
            vpc.main = str(association.inputs["routeTableId"])
        networks = {
            each.id: IPv4Network(str(each.inputs["cidrBlock"])) for each in self._in(vpc, "aws:ec2/subnet:Subnet")
        }
        networks["workloads"] = _free_subnet(vpc.ranges[0], networks.values())
        own = {
            str(each.inputs["subnetId"]): str(each.inputs["routeTableId"])
            for each in self._rehearsed.of("aws:ec2/routeTableAssociation:RouteTableAssociation")
            if "subnetId" in each.inputs
        }
        for number, (identifier, network) in enumerate(networks.items()):
            bridge = f"subnet{number}"
            vpc.subnets[identifier] = (bridge, network)
            vpc.table_of[identifier] = vpc.tables.get(own.get(identifier, vpc.main), _LOCAL_TABLE)
            router.ip(f"link add {bridge} type bridge")
            router.ip(f"link set {bridge} mtu {HOST_MTU} up")
            router.ip(f"address add {network[1]}/{network.prefixlen} dev {bridge}")
            router.ip(f"rule add iif {bridge} lookup {vpc.table_of[identifier]}")
        for table in (_LOCAL_TABLE, *vpc.tables.values()):
            for bridge, network in vpc.subnets.values():
                router.ip(f"route add {network} dev {bridge} table {table}")
            # Nothing of a VPC's own ranges leaves it, and what a table does not know goes nowhere.
            for network in vpc.ranges:
                router.ip(f"route add unreachable {network} table {table}")
            router.ip(f"route add unreachable default metric 1000 table {table}")
        host = self._sketch.machine(vpc.site, vpc.site)
        vpc.host = str(vpc.subnets["workloads"][1][5])
        vpc.port(self._sketch, host, _INTERFACE, "workloads", vpc.host)
        host.ip(f"route add default via {vpc.next_hop('workloads')}")
        host.addresses.append(vpc.host)

    def _hub(self, hub: LedgerObject) -> Iterator[tuple[str, End]]:
        """Add a transit gateway or a virtual private gateway, with its VPN connections."""
        is_transit = hub.type.endswith(":TransitGateway")
        vpcs = self._attached(hub, is_transit=is_transit)
        if not vpcs:
            return
        site = next(iter(vpcs.values())).site
        machine = self._sketch.machine(f"{site}.{'tgw' if is_transit else 'vgw'}", site)
        machine.forwards()
        networks: list[IPv4Network] = []
        for number, (subnet, vpc) in enumerate(vpcs.items()):
            inside = "tgw" if is_transit else "vgw"
            self._sketch.routed_wire(machine, f"vpc{number}", vpc.router, inside, HUB_MTU)
            vpc.router.ip(f"rule add iif {inside} lookup {vpc.table_of.get(subnet, _LOCAL_TABLE)}")
            for network in vpc.ranges:
                machine.ip(f"route add {network} {over(f'vpc{number}', FAR)}")
                networks.append(network)
            self._routes(vpc, hub, inside)
        speaker = aws_vpn.Hub(_number(hub.outputs["amazonSideAsn"]), networks)
        for connection in self._rehearsed.of("aws:ec2/vpnConnection:VpnConnection"):
            if hub.id in (connection.inputs.get("transitGatewayId"), connection.inputs.get("vpnGatewayId")):
                customer = self._rehearsed.by_id(connection.inputs["customerGatewayId"])
                for tunnel in aws_vpn.tunnels(connection, customer):
                    name = self._rehearsed.tunnel_at(tunnel.customer_inside)
                    router = aws_vpn.endpoint(self._sketch, machine, tunnel, f"{name}@{site}", speaker)
                    mtu = esp.stand_in_mtu(self._rehearsed.mtu(name))
                    router.start += esp.after_start(mtu)
                    machine.ip(f"link set tunnel{len(speaker.tunnels)} mtu {mtu}")
                    speaker.tunnels.append(tunnel)
                    yield name, (router, "net0", tunnel.outside)
        daemons.frr(machine, speaker.frr_conf(spread=hub.outputs.get("vpnEcmpSupport") == "enable"), ("zebra", "bgpd"))
        if not is_transit:
            self._propagate(machine, "vgw", next(iter(vpcs.values())), hub)

    def _attached(self, hub: LedgerObject, *, is_transit: bool) -> dict[str, Vpc]:
        """Return the VPCs that a hub reaches, by the subnet through which it does."""
        if is_transit:
            return {
                str(each.inputs["subnetIds"][0]): self._vpc(each.inputs["vpcId"])  # pyright: ignore
                for each in self._rehearsed.of("aws:ec2transitgateway/vpcAttachment:VpcAttachment")
                if each.inputs["transitGatewayId"] == hub.id
            }
        given = hub.inputs.get("vpcId") or next(
            (
                each.inputs["vpcId"]
                for each in self._rehearsed.of("aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment")
                if each.inputs["vpnGatewayId"] == hub.id
            ),
            None,
        )
        return {"": self._vpc(given)} if given else {}

    def _vpc(self, identifier: object) -> Vpc:
        """Return a VPC.

        Raises LabError where the stack has not made it, as its subnets and routes are unknown then.
        """
        found = self._vpcs.get(str(identifier))
        if found is None:
            raise LabError(
                f"The stack uses {identifier}, which it has not made, so its subnets and routes are not known: "
                "a lab can be had of sites whose VPC the stack makes."
            )
        return found

    def _routes(self, vpc: Vpc, target: LedgerObject, interface: str) -> None:
        """Add the routes of a VPC's tables that lead to a gateway."""
        for route in self._rehearsed.of("aws:ec2/route:Route"):
            table = vpc.tables.get(str(route.inputs["routeTableId"]))
            if table and target.id in (route.inputs.get("transitGatewayId"), route.inputs.get("gatewayId")):
                vpc.router.ip(f"route add {route.inputs['destinationCidrBlock']} {over(interface, NEAR)} table {table}")

    def _instances(self, vpc: Vpc) -> Iterator[tuple[str, End]]:
        """Add the gateway instances of a VPC, behind its internet gateway."""
        interfaces = {
            each.id: each
            for each in self._rehearsed.of("aws:ec2/networkInterface:NetworkInterface")
            if each.inputs["subnetId"] in vpc.subnets
        }
        edge: Machine | None = None
        ways = count()
        for instance in self._rehearsed.of("aws:ec2/instance:Instance"):
            interface = interfaces.get(
                str(_member(instance.inputs, "primaryNetworkInterface").get("networkInterfaceId"))
            )
            if interface is None:
                continue
            if edge is None:
                edge = self._internet_gateway(vpc)
            address, subnet = str(interface.outputs["privateIp"]), str(interface.inputs["subnetId"])
            machine = self._sketch.machine(name_of(instance), vpc.site)
            port = vpc.port(self._sketch, machine, _INTERFACE, subnet, address)
            machine.ip(f"route add default via {vpc.next_hop(subnet)}")
            rules = rules_of(self._rehearsed, interface.inputs.get("securityGroups"))
            checked = interface.inputs.get("sourceDestCheck", True)
            guard(vpc.router, port, address, rules, checked=bool(checked))
            cloudinit.boot(machine, str(instance.inputs["userData"]), instance.id, self._secrets())
            self._instance_routes(vpc, interface, subnet, address)
            yield from self._ways(edge, interface, address, ways)

    def _instance_routes(self, vpc: Vpc, interface: LedgerObject, subnet: str, address: str) -> None:
        """Add the routes that lead to an instance whether it lives or not."""
        for route in self._rehearsed.of("aws:ec2/route:Route"):
            table = vpc.tables.get(str(route.inputs["routeTableId"]))
            if table and route.inputs.get("networkInterfaceId") == interface.id:
                bridge = vpc.subnets[subnet][0]
                network = route.inputs["destinationCidrBlock"]
                vpc.router.ip(f"route add {network} via {address} dev {bridge} table {table}")

    def _internet_gateway(self, vpc: Vpc) -> Machine:
        """Add a VPC's internet gateway, which gives each public address its private one and back."""
        edge = self._sketch.machine(f"{vpc.site}.igw", vpc.site)
        edge.forwards()
        edge.ip("address add 192.0.0.9/32 dev lo")
        self._sketch.routed_wire(edge, "vpc", vpc.router, "igw")
        vpc.router.ip(f"rule add iif igw lookup {_LOCAL_TABLE}")
        for gateway in self._in(vpc, "aws:ec2/internetGateway:InternetGateway"):
            self._routes(vpc, gateway, "igw")
        return edge

    def _ways(
        self, edge: Machine, interface: LedgerObject, private: str, ways: Iterator[int]
    ) -> Iterator[tuple[str, End]]:
        """Lead each tunnel of an instance to its own way through the internet."""
        public = self._public_address(interface)
        if public is None:
            return
        edge.ip(f"route add {private}/32 {over('vpc', FAR)}")
        rules = edge.files.get("/etc/lab/addresses.nft", "table ip lab {\n" + _HOOKS + "}\n")
        edge.files["/etc/lab/addresses.nft"] = rules.replace(
            "# in\n", f"# in\n    ip daddr {public} ip daddr set {private} notrack\n"
        ).replace("# out\n", f"# out\n    ip saddr {private} ip saddr set {public}\n")
        load = "nft -f /etc/lab/addresses.nft"
        if load not in edge.start:
            edge.start.insert(0, load)
        for gateway in self._onprem_gateways():
            for end in wireguard_ends(self._rehearsed.devices.get(gateway["name"], {})):
                if end.endpoint != public:
                    continue
                index = next(ways)
                way, table = f"net{index}", 100 + index
                edge.ip(f"rule add from {private} ipproto udp dport {end.port} lookup {table}")
                edge.ip(f"route add {gateway['public_ip']} {over(way, NEAR)} table {table}")
                yield self._rehearsed.tunnel_at(end.address), (edge, way, public)

    def _onprem_gateways(self) -> list[dict[str, Any]]:
        return [gateway for site in self._rehearsed.sites for gateway in site.get("gateways", [])]

    def _public_address(self, interface: LedgerObject) -> str | None:
        """Return the public address of a network interface: one of the stack's own, or one that the account had."""
        for association in self._rehearsed.of("aws:ec2/eipAssociation:EipAssociation"):
            if association.inputs.get("networkInterfaceId") != interface.id:
                continue
            allocation = association.inputs["allocationId"]
            for address in self._rehearsed.of("aws:ec2/eip:Eip"):
                if address.id == allocation:
                    return str(address.outputs["publicIp"])
            region = str(association.outputs["region"])
            asked = {end.endpoint for files in self._rehearsed.devices.values() for end in wireguard_ends(files)}
            for address in sorted(asked):
                if ec2_answers.get_elastic_ip({"publicIp": address}, region)["id"] == allocation:
                    return address
        return None

    def _secrets(self) -> dict[str, str]:
        return {
            str(each.inputs["secretId"]): str(each.inputs["secretString"])
            for each in self._rehearsed.of("aws:secretsmanager/secretVersion:SecretVersion")
        }

    def _route_server(self, vpc: Vpc) -> None:
        """Add the endpoints of a VPC's route server, each a speaker of its own."""
        endpoints = [
            each
            for each in self._rehearsed.of("aws:vpc/routeServerEndpoint:RouteServerEndpoint")
            if each.inputs["subnetId"] in vpc.subnets
        ]
        peers = list(self._rehearsed.of("aws:vpc/routeServerPeer:RouteServerPeer"))
        for number, endpoint in enumerate(endpoints, start=1):
            server = self._rehearsed.by_id(endpoint.inputs["routeServerId"])
            address, subnet = str(endpoint.outputs["eniAddress"]), str(endpoint.inputs["subnetId"])
            machine = self._sketch.machine(f"{vpc.site}.rs{number}", vpc.site)
            vpc.port(self._sketch, machine, _INTERFACE, subnet, address)
            machine.ip(f"route add default via {vpc.next_hop(subnet)}")
            own = [peer for peer in peers if peer.inputs["routeServerEndpointId"] == endpoint.id]
            daemons.frr(
                machine,
                _route_server_conf(_number(server.outputs["amazonSideAsn"]), address, own),
                ("zebra", "bgpd", "bfdd"),
            )
            tables = [
                vpc.tables[str(each.inputs["routeTableId"])]
                for each in self._rehearsed.of("aws:vpc/routeServerPropagation:RouteServerPropagation")
                if each.inputs["routeServerId"] == server.id and str(each.inputs["routeTableId"]) in vpc.tables
            ]
            self._sketch.propagations.append(
                Propagation(machine.name, vpc.router.name, tables, f"dev {vpc.subnets[subnet][0]}", keeps_hop=True)
            )

    def _propagate(self, machine: Machine, interface: str, vpc: Vpc, hub: LedgerObject) -> None:
        """Let what a virtual private gateway learns reach the route tables that it propagates to."""
        tables = [
            vpc.tables[str(each.inputs["routeTableId"])]
            for each in self._rehearsed.of("aws:ec2/vpnGatewayRoutePropagation:VpnGatewayRoutePropagation")
            if each.inputs["vpnGatewayId"] == hub.id and str(each.inputs["routeTableId"]) in vpc.tables
        ]
        self._sketch.propagations.append(
            Propagation(machine.name, vpc.router.name, tables, over(interface, NEAR), keeps_hop=False)
        )


def _member(properties: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = properties.get(name)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _number(value: object) -> int:
    return int(float(str(value)))


def _free_subnet(block: IPv4Network, taken: Iterable[IPv4Network]) -> IPv4Network:
    """Return a subnet of a VPC that nothing declared is in."""
    for subnet in block.subnets(new_prefix=_SMALLEST):
        if not any(subnet.overlaps(each) for each in taken):
            return subnet
    raise LabError(f"{block} has no room for a subnet with a workload, so that nobody could be there to answer.")


_HOOKS: Final = """  chain in {
    type filter hook prerouting priority raw; policy accept;
    # in
  }
  chain out {
    type filter hook postrouting priority 300; policy accept;
    # out
  }
"""


def _route_server_conf(asn: int, address: str, peers: list[LedgerObject]) -> str:
    """Write what a route server's endpoint says: nothing. It listens, and watches its peers by BFD if asked to.

    Its peers have to open their sessions (https://docs.aws.amazon.com/vpc/latest/userguide/route-server-tutorial-create-peer.html).
    """
    sessions: list[str] = []
    for peer in peers:
        options = _member(peer.inputs, "bgpOptions")
        neighbour = f" neighbor {peer.inputs['peerAddress']}"
        sessions += [
            f"{neighbour} remote-as {_number(options['peerAsn'])}",
            f"{neighbour} timers 10 30",
            f"{neighbour} passive",
            f"{neighbour} update-source {address}",
            f"{neighbour} route-map nothing out",
        ]
        if options.get("peerLivenessDetection") == "bfd":
            sessions.append(f"{neighbour} bfd")
    return lines(
        "frr defaults traditional",
        "bgp route-map delay-timer 1",
        "route-map nothing deny 10",
        "exit",
        f"router bgp {asn}",
        f" bgp router-id {address}",
        " no bgp ebgp-requires-policy",
        sessions,
        "exit",
        "end",
    )
