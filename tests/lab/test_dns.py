"""Who resolves which names in a lab, as drawn from what was declared: without a namespace."""

from __future__ import annotations

from typing import Any

import pytest

from lab import names
from lab.daemons import UNBOUND_FILE
from lab.drawing import draw
from lab.errors import LabError
from lab.estate import Rehearsed
from lab.security_groups import Rule, rules_of
from lab.sketch import Resolver, Sketch
from rehearsal.clouds.ledger import LedgerObject

ENDPOINT = "aws:route53/resolverEndpoint:ResolverEndpoint"
RULE = "aws:route53/resolverRule:ResolverRule"
ASSOCIATION = "aws:route53/resolverRuleAssociation:ResolverRuleAssociation"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
RENDERED = "# rendered, and not read here\n"
PLACE = "/etc/unbound/unbound.conf.d/hybridge.conf"
SERVERS = ["10.100.0.53", "10.100.1.53"]


def held(type_: str, identifier: str, inputs: dict[str, Any], outputs: dict[str, Any] | None = None) -> LedgerObject:
    urn = f"urn:pulumi:test::hybridge::{type_}::{identifier}"
    return LedgerObject(identifier, urn, type_, "aws", "aws", 1, inputs, inputs | (outputs or {}))


def opening(network: str) -> list[dict[str, Any]]:
    ports = {"fromPort": 53.0, "toPort": 53.0, "cidrBlocks": [network]}
    return [{"protocol": protocol, **ports} for protocol in ("tcp", "udp")]


def endpoint(direction: str, *addresses: str) -> LedgerObject:
    places = [{"subnetId": f"subnet-{number}", "ip": each} for number, each in enumerate(addresses)]
    inputs = {"direction": direction, "securityGroupIds": [f"sg-{direction}"], "ipAddresses": places}
    return held(ENDPOINT, f"rslvr-{direction}", inputs)


def rule(
    domain: str, type_: str = "FORWARD", vpc: str = "vpc-1", through: str = "rslvr-OUTBOUND"
) -> list[LedgerObject]:
    inputs: dict[str, Any] = {"domainName": domain, "ruleType": type_}
    if type_ == "FORWARD":
        targets = [{"ip": each, "port": 53.0} for each in SERVERS]
        inputs |= {"resolverEndpointId": through, "targetIps": targets}
    identifier = f"rule-{domain}"
    return [
        held(RULE, identifier, inputs),
        held(ASSOCIATION, f"association-{domain}", {"resolverRuleId": identifier, "vpcId": vpc}),
    ]


def clouds(*more: LedgerObject) -> list[LedgerObject]:
    """A VPC with two subnets for resolvers, and whatever else there is in it."""
    return [
        held("aws:ec2/vpc:Vpc", "vpc-1", {"cidrBlock": "172.20.0.0/16"}),
        *(
            held("aws:ec2/subnet:Subnet", f"subnet-{number}", {"vpcId": "vpc-1", "cidrBlock": network})
            for number, network in enumerate(("172.20.255.112/28", "172.20.255.96/28"))
        ),
        held(GROUP, "sg-INBOUND", {"ingress": opening("10.100.0.0/16"), "egress": []}),
        held(GROUP, "sg-OUTBOUND", {"ingress": [], "egress": opening("10.100.0.53/32")}),
        *more,
    ]


BOTH_WAYS = clouds(
    endpoint("INBOUND", "172.20.255.116", "172.20.255.100"),
    endpoint("OUTBOUND", "172.20.255.117", "172.20.255.101"),
    *rule("corp.example.com"),
)
ONE_WAY = clouds(endpoint("OUTBOUND", "172.20.255.117", "172.20.255.101"), *rule("corp.example.com"))


def forward(domain: str, site: str, servers: list[str]) -> dict[str, Any]:
    return {"domain": domain, "site": site, "servers": servers}


def estate(
    objects: list[LedgerObject],
    *,
    servers: list[str] = SERVERS,
    own: str = "aws.example.com",
    kept: list[str] | None = None,
    ranges: list[str] | None = None,
    gateway: str = "10.100.0.2",
) -> Rehearsed:
    """A datacentre and a VPC; the datacentre asks for the VPC's domain, if it has one."""
    gateways = [{"name": "edge-a", "public_ip": "203.0.113.10", "lan_address": gateway}]
    dc1 = {"name": "dc1", "kind": "onprem", "ranges": ranges or ["10.100.0.0/16"], "gateways": gateways}
    aws = {"name": "aws-east", "kind": "aws", "ranges": ["172.20.0.0/16"], "gateways": []}
    asks = [forward(own, "aws-east", ["172.20.255.116", "172.20.255.100"])] if own else []
    onprem = {"site": "dc1", "device": "dc1-resolver", "clients": ["172.20.255.117"], "forwards": asks}
    cloud = {"site": "aws-east", "kept": kept or [], "forwards": [forward("corp.example.com", "dc1", servers)]}
    report = {
        "sites": [dc1, aws],
        "links": [],
        "neighbours": [],
        "dns": {"onprem_sites": [onprem], "aws_sites": [cloud]},
    }
    return Rehearsed("test", objects, {"dc1-resolver": {"unbound.conf": RENDERED}}, report)


def without_names(objects: list[LedgerObject]) -> Rehearsed:
    nothing = {"dns": {"onprem_sites": [], "aws_sites": []}}
    return Rehearsed("test", objects, {}, estate(objects).report | nothing)


def settings(sketch: Sketch, machine: str) -> list[str]:
    return [line.strip() for line in sketch.machines[machine].files[UNBOUND_FILE].splitlines()]


def zones(found: list[str]) -> list[tuple[str, list[str]]]:
    """Return the domains that a resolver forwards, with where to."""
    text = "\n".join(found).split("forward-zone:\n")[1:]
    told = [dict.fromkeys(each.splitlines()) for each in text]
    return [
        (
            next(line.split('"')[1] for line in each if line.startswith("name:")),
            [line.split()[1] for line in each if line.startswith("forward-addr:")],
        )
        for each in told
    ]


def values(found: list[str], key: str) -> list[str]:
    return [line.partition(": ")[2] for line in found if line.startswith(f"{key}: ")]


def test_each_address_that_asks_or_answers_is_a_machines() -> None:
    assert draw(estate(BOTH_WAYS)).resolvers == [
        Resolver("dc1.resolver1", "dc1", "site", "10.100.0.53"),
        Resolver("dc1.resolver2", "dc1", "site", "10.100.1.53"),
        Resolver("aws-east.resolver", "aws-east", "vpc", "172.20.0.2"),
        Resolver("aws-east.resolver", "aws-east", "inbound", "172.20.255.116"),
        Resolver("aws-east.resolver", "aws-east", "inbound", "172.20.255.100"),
        Resolver("aws-east.resolver", "aws-east", "outbound", "172.20.255.117"),
        Resolver("aws-east.resolver", "aws-east", "outbound", "172.20.255.101"),
    ]


def test_a_stack_without_names_has_no_resolver() -> None:
    sketch = draw(without_names(clouds()))
    assert sketch.resolvers == []
    assert not any("resolver" in name for name in sketch.machines)


def test_a_vpc_asks_by_the_rules_from_the_outbound_endpoint() -> None:
    found = settings(draw(estate(BOTH_WAYS)), "aws-east.resolver")
    assert ("corp.example.com.", ["10.100.0.53@53", "10.100.1.53@53"]) in zones(found)
    assert values(found, "outgoing-interface") == ["172.20.255.117", "172.20.255.101"]
    assert values(found, "interface") == ["172.20.0.2", "172.20.255.116", "172.20.255.100"]


def test_a_rule_of_another_vpc_is_not_this_ones() -> None:
    objects = clouds(endpoint("OUTBOUND", "172.20.255.117", "172.20.255.101"), *rule("corp.example.com", vpc="vpc-2"))
    found = settings(draw(estate(objects)), "aws-east.resolver")
    assert zones(found) == [(".", ["127.0.0.1"])]
    assert values(found, "outgoing-interface") == []


def test_a_vpcs_names_are_in_its_zones() -> None:
    found = settings(draw(estate(BOTH_WAYS)), "aws-east.resolver")
    assert "local-data: 'host.aws.example.com. 0 IN A 172.20.0.5'" in found
    assert 'local-zone: "aws.example.com." static' in found


def test_a_zone_loses_to_a_rule_for_the_same_domain() -> None:
    found = settings(draw(estate(BOTH_WAYS, own="corp.example.com")), "aws-east.resolver")
    assert not any("host.corp.example.com" in line for line in found)
    assert 'local-zone: "corp.example.com." transparent' in found


def test_what_a_rule_leaves_to_the_vpc_is_never_forwarded() -> None:
    objects = [*BOTH_WAYS, *rule("aws.corp.example.com", "SYSTEM"), *rule("eu.corp.example.com", "SYSTEM")]
    found = settings(draw(estate(objects, own="aws.corp.example.com")), "aws-east.resolver")
    assert "local-data: 'host.aws.corp.example.com. 0 IN A 172.20.0.5'" in found
    assert 'local-zone: "eu.corp.example.com." static' in found, "whether or not a zone has the name"
    assert {name for name, _ in zones(found)} == {".", "corp.example.com."}


def test_a_rule_through_an_endpoint_elsewhere_is_told() -> None:
    objects = clouds(*rule("corp.example.com", through="rslvr-elsewhere"))
    with pytest.raises(LabError, match=r"rule-corp\.example\.com asks through an endpoint outside the VPC of"):
        draw(estate(objects))


def test_an_endpoints_addresses_stand_behind_its_security_group() -> None:
    router = draw(estate(BOTH_WAYS)).machines["aws-east.vpc"]
    guards = [text for text in router.files.values() if "ip daddr != 172.20.255.116 drop" in text]
    assert len(guards) == 1
    assert "ip saddr 10.100.0.0/16 udp dport 53-53 jump let-in" in guards[0]
    assert "ip saddr 10.100.0.0/16 tcp dport 53-53 jump let-in" in guards[0]


def test_a_vpcs_own_resolver_hears_the_vpc_alone() -> None:
    router = draw(estate(BOTH_WAYS)).machines["aws-east.vpc"]
    (text,) = [text for text in router.files.values() if "ip daddr != 172.20.0.2 drop" in text]
    inward = text.partition("chain from-instance")[0]
    accepted = [line.split()[2] for line in inward.splitlines() if line.endswith("jump let-in")]
    assert set(accepted) == {"172.20.0.0/16"}


def test_groups_hold_rules_themselves_or_beside_them() -> None:
    beside = {"securityGroupId": "sg-1", "ipProtocol": "udp", "fromPort": 53.0, "toPort": 53.0}
    objects = [
        held(GROUP, "sg-1", {"ingress": opening("10.100.0.0/16")}),
        held(GROUP, "sg-2", {"ingress": opening("192.0.2.0/24")}),
        held("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "r", beside | {"cidrIpv4": "10.0.0.1/32"}),
    ]
    found = rules_of(Rehearsed("test", objects, {}, {}), ["sg-1"])
    assert found.inward == [Rule("10.100.0.0/16", protocol, 53, 53) for protocol in ("tcp", "udp")]
    assert found.outward == [Rule("10.0.0.1/32", "udp", 53, 53)]


def test_a_datacentres_resolvers_are_fed_the_rendered_file_as_it_is() -> None:
    sketch = draw(estate(BOTH_WAYS))
    for machine, address in (("dc1.resolver1", "10.100.0.53"), ("dc1.resolver2", "10.100.1.53")):
        assert sketch.machines[machine].files[PLACE] == RENDERED
        found = settings(sketch, machine)
        assert values(found, "include") == [f'"{PLACE}"']
        assert values(found, "interface") == [address]
        assert values(found, "access-control") == ["10.100.0.0/16 allow"], "others are the file's"


def test_a_datacentre_that_is_asked_and_asks_nobody_has_resolvers() -> None:
    sketch = draw(estate(ONE_WAY, own=""))
    assert [each.kind for each in sketch.resolvers] == ["site", "site", "vpc", "outbound", "outbound"]
    host = sketch.machines["dc1"].addresses[0]
    assert f"local-data: 'host.corp.example.com. 0 IN A {host}'" in settings(sketch, "dc1.resolver1")


def test_nobody_else_has_a_resolvers_address() -> None:
    ranges, servers = ["10.100.0.0/28", "10.101.0.0/28"], ["10.100.0.14", "10.101.0.1"]
    sketch = draw(estate(BOTH_WAYS, servers=servers, ranges=ranges))
    assert not set(servers) & set(sketch.machines["dc1"].addresses)
    assert sketch.machines["dc1"].addresses[1] == "10.101.0.2"


def test_a_resolver_of_another_network_is_reached_through_the_hosts() -> None:
    ranges, servers = ["10.100.0.0/24", "10.101.0.0/24"], ["10.100.0.53", "10.101.0.53"]
    sketch = draw(estate(BOTH_WAYS, servers=servers, ranges=ranges))
    assert "ip route add 10.101.0.53 dev lan" in sketch.machines["dc1"].network
    assert "ip address add 10.101.0.53/32 dev lan" in sketch.machines["dc1.resolver2"].network


def test_resolvers_without_a_file_are_told() -> None:
    rehearsed = Rehearsed("test", BOTH_WAYS, {}, estate(BOTH_WAYS).report)
    with pytest.raises(LabError, match=r"dc1-resolver have no unbound\.conf: rehearse the stack again"):
        draw(rehearsed)


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("corp.example.com", names.Record("host.corp.example.com", "A", "10.100.0.9")),
        ("100.10.in-addr.arpa", names.Record("1.1.100.10.in-addr.arpa", "PTR", "host.dc1.")),
        ("3.2.100.10.in-addr.arpa", names.Record("3.2.100.10.in-addr.arpa", "PTR", "host.dc1.")),
        ("0-25.2.100.10.in-addr.arpa", names.Record("0-25.2.100.10.in-addr.arpa", "PTR", "host.dc1.")),
    ],
)
def test_every_domain_has_a_name_to_ask_for(domain: str, expected: names.Record) -> None:
    assert names.record("dc1", domain, "10.100.0.9") == expected
