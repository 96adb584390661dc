"""A WireGuard link is declared whole: who has which key, who may reach an instance, and where the VPC sends traffic."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pytest
from pulumi.provider.experimental.analyzer import Analyzer

from hybridge.devices import configure
from hybridge.links.vpc_route_server import VpcRouteServer, VpcRouteServerArgs
from hybridge.links.wireguard import OnpremWireguard, OnpremWireguardArgs
from hybridge.links.wireguard_aws import AwsWireguard, AwsWireguardArgs
from hybridge.links.wireguard_keys import public_key
from hybridge.planning import limits
from hybridge.sites.onprem import OnpremSite, OnpremSiteArgs
from rehearsal.clouds.differences import compare
from rehearsal.clouds.mocks import Registration, SimulatedClouds, install
from rehearsal.clouds.values import UNKNOWN
from tests.wireguards import LINK, Joined, with_wireguard

INSTANCE = "aws:ec2/instance:Instance"
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
SECRET = "aws:secretsmanager/secretVersion:SecretVersion"
PASSWORD = "random:index/randomPassword:RandomPassword"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
PEER = "aws:vpc/routeServerPeer:RouteServerPeer"
TOPIC = "arn:aws:sns:us-east-1:123456789012:network"


def declare(joined: Joined, allow_replacement: list[str] | None = None) -> OnpremSite:
    """Declare every part of the link, as the estate does."""
    plan = joined.plan()
    cloud = pulumi.ResourceOptions(providers=[aws.Provider("aws-east", region="us-east-1"), random.Provider(plan.name)])
    vpc = aws.ec2.Vpc("aws-east", cidr_block="172.20.0.0/16", opts=pulumi.ResourceOptions(provider=_aws(cloud)))
    subnets = [
        aws.ec2.Subnet(
            f"gateway-{number}",
            vpc_id=vpc.id,
            cidr_block=network,
            opts=pulumi.ResourceOptions(provider=_aws(cloud)),
        ).id
        for number, network in enumerate(("172.20.255.128/28", "172.20.255.144/28"), start=1)
    ]
    tables = {"main": vpc.main_route_table_id}
    keys = OnpremWireguard(plan.name, OnpremWireguardArgs(plan, allow_replacement), cloud)
    redundant = len(plan.instances) == 2
    endpoints: dict[str, Any] = {"route_table_ids": tables}
    if redundant:
        server = VpcRouteServer("aws-east", VpcRouteServerArgs(64512, vpc.id, [*subnets], {**tables}), cloud)
        endpoints = {
            "endpoint_ids": [server.endpoint_ids[index] for index in range(4)],
            "endpoint_addresses": [server.endpoint_addresses[index] for index in range(4)],
        }
    half = AwsWireguard(
        plan.name,
        AwsWireguardArgs(
            plan,
            vpc.id,
            [*subnets],
            private_keys={instance.name: keys.private_keys[instance.name] for instance in plan.instances},
            public_keys={gateway.name: keys.public_keys[gateway.name] for gateway in plan.gateways},
            alarm_topic_arn=TOPIC,
            allow_replacement=allow_replacement,
            **endpoints,
        ),
        cloud,
    )
    site = joined.site()
    site.vpns.clear()
    return OnpremSite(
        "dc1",
        OnpremSiteArgs(
            site,
            {},
            {},
            instance_addresses={instance.name: half.addresses[instance.name] for instance in plan.instances},
            public_keys={instance.name: keys.public_keys[instance.name] for instance in plan.instances},
            private_keys={
                gateway.name: keys.private_keys[gateway.name] for gateway in plan.gateways if not gateway.public_key
            },
        ),
    )


def _aws(opts: pulumi.ResourceOptions) -> pulumi.ProviderResource:
    assert isinstance(opts.providers, list)
    return opts.providers[0]


def named(clouds: SimulatedClouds, token: str) -> dict[str, Registration]:
    return {each.name: each for each in clouds.of_type(token)}


def files(clouds: SimulatedClouds, instance: str) -> dict[str, str]:
    return configure.unpack(str(named(clouds, SECRET)[instance].inputs["secretString"]))


@pytest.fixture
def declared_link(clouds: SimulatedClouds, declared: dict[str, Any]) -> SimulatedClouds:
    joined = Joined.read(with_wireguard(declared))
    clouds.run(lambda: declare(joined))
    return clouds


def test_every_gateway_has_a_key_of_its_own_and_no_private_one_is_in_the_open(declared_link: SimulatedClouds) -> None:
    passwords = named(declared_link, PASSWORD)
    assert set(passwords) == {"dc1-wg-edge-a", "dc1-wg-edge-b", "dc1-wg-1", "dc1-wg-2"}
    assert all("result" in each.secrets for each in passwords.values())
    assert all("secretString" in each.secrets for each in named(declared_link, SECRET).values())
    keys = [files(declared_link, name)[f"wireguard/{LINK}.key"].strip() for name in ("dc1-wg-1", "dc1-wg-2")]
    assert len(set(keys)) == 2
    for each in declared_link.registrations:
        open_values = json.dumps({name: value for name, value in each.outputs.items() if name not in each.secrets})
        assert not any(key in open_values for key in keys), each.urn


def test_user_data_holds_no_key_and_names_the_instances_own_secret(declared_link: SimulatedClouds) -> None:
    secrets = named(declared_link, "aws:secretsmanager/secret:Secret")
    for name, instance in named(declared_link, INSTANCE).items():
        text = str(instance.inputs["userData"])
        assert secrets[name].id in text
        assert files(declared_link, name)[f"wireguard/{LINK}.key"].strip() not in text
        assert "userData" not in instance.secrets
        assert len(text.encode()) <= limits.number("aws.ec2.user-data")


def test_an_instance_may_read_its_own_secret_tell_how_it_goes_and_nothing_else(declared_link: SimulatedClouds) -> None:
    secrets = named(declared_link, "aws:secretsmanager/secret:Secret")
    for name, policy in named(declared_link, "aws:iam/rolePolicy:RolePolicy").items():
        reading, telling = json.loads(str(policy.inputs["policy"]))["Statement"]
        assert reading == {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": secrets[name].id,
        }
        assert telling == {
            "Effect": "Allow",
            "Action": "cloudwatch:PutMetricData",
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": "hybridge"}},
        }


def test_the_world_reaches_no_instance_and_peers_only_their_tunnel(declared_link: SimulatedClouds) -> None:
    rules = named(declared_link, INGRESS)
    reached = {
        (
            each.inputs["securityGroupId"],
            each.inputs["cidrIpv4"],
            each.inputs["ipProtocol"],
            each.inputs.get("fromPort"),
        )
        for each in rules.values()
    }
    groups = {name: each.id for name, each in named(declared_link, "aws:ec2/securityGroup:SecurityGroup").items()}
    first, second = groups["dc1-wg-1"], groups["dc1-wg-2"]
    assert reached == {
        (first, "203.0.113.10/32", "udp", 51820),
        (second, "203.0.113.10/32", "udp", 51821),
        (first, "203.0.113.11/32", "udp", 51822),
        (second, "203.0.113.11/32", "udp", 51823),
        (first, "172.20.0.0/16", "-1", None),
        (second, "172.20.0.0/16", "-1", None),
    }
    to_anywhere = {
        each.inputs["toPort"]
        for each in declared_link.of_type(EGRESS)
        if each.inputs["cidrIpv4"] == "0.0.0.0/0" and each.inputs["ipProtocol"] == "tcp"
    }
    assert to_anywhere == {80, 443}


def test_each_instance_peers_with_both_endpoints_of_its_subnet(declared_link: SimulatedClouds) -> None:
    endpoints = named(declared_link, "aws:vpc/routeServerEndpoint:RouteServerEndpoint")
    interfaces = named(declared_link, INTERFACE)
    peers = named(declared_link, PEER)
    assert len(peers) == 4
    for instance in ("dc1-wg-1", "dc1-wg-2"):
        number = instance[-1]
        address = str(interfaces[instance].outputs["privateIp"])
        routing = files(declared_link, instance)["frr/frr.conf"]
        assert f"router-id {address}" in routing
        for half in (1, 2):
            peer, endpoint = peers[f"{instance}-{half}"], endpoints[f"aws-east-{number}-{half}"]
            assert endpoint.inputs["subnetId"] == interfaces[instance].inputs["subnetId"]
            assert peer.inputs["routeServerEndpointId"] == endpoint.id
            assert peer.inputs["peerAddress"] == address
            assert peer.inputs["bgpOptions"] == {"peerAsn": 64600, "peerLivenessDetection": "bfd"}
            assert f"neighbor {endpoint.outputs['eniAddress']} remote-as 64512" in routing
    assert all("neighbor 172.20.255." in files(declared_link, name)["frr/frr.conf"] for name in interfaces)


def test_the_route_tables_learn_from_the_route_server(declared_link: SimulatedClouds) -> None:
    (server,) = declared_link.of_type("aws:vpc/routeServer:RouteServer")
    assert (server.inputs["amazonSideAsn"], server.inputs["persistRoutes"], server.protect) == (64512, "disable", True)
    (propagation,) = declared_link.of_type("aws:vpc/routeServerPropagation:RouteServerPropagation")
    assert propagation.inputs["routeServerId"] == server.id
    assert declared_link.of_type("aws:ec2/route:Route") == []


def test_the_addresses_that_peers_have_configured_are_used(declared_link: SimulatedClouds) -> None:
    assert declared_link.of_type("aws:ec2/eip:Eip") == []
    associations = named(declared_link, "aws:ec2/eipAssociation:EipAssociation")
    interfaces = named(declared_link, INTERFACE)
    assert {name: each.inputs["networkInterfaceId"] for name, each in associations.items()} == {
        name: each.id for name, each in interfaces.items()
    }
    assert len({each.inputs["allocationId"] for each in associations.values()}) == 2
    assert all(each.inputs["allowReassociation"] is False for each in associations.values())


def test_new_addresses_are_allocated_where_none_is_given(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    joined = Joined.read(with_wireguard(declared, elastic_ips=None))
    clouds.run(lambda: declare(joined))
    addresses = named(clouds, "aws:ec2/eip:Eip")
    assert all(each.protect for each in addresses.values())
    assert {each.inputs["allocationId"] for each in clouds.of_type("aws:ec2/eipAssociation:EipAssociation")} == {
        each.id for each in addresses.values()
    }


def test_what_peers_have_configured_is_protected(declared_link: SimulatedClouds) -> None:
    protected = {(each.type.rpartition(":")[2], each.name) for each in declared_link.registrations if each.protect}
    both = ("dc1-wg-1", "dc1-wg-2")
    assert protected == {
        ("RouteServer", "aws-east"),
        *(("Instance", name) for name in both),
        *(("NetworkInterface", name) for name in both),
        *(("RandomPassword", name) for name in (*both, "dc1-wg-edge-a", "dc1-wg-edge-b")),
    }


def test_what_may_be_replaced_is_not_protected(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    joined = Joined.read(with_wireguard(declared))
    clouds.run(lambda: declare(joined, ["dc1-wg-2", "dc1-wg-edge-a"]))
    unprotected = {each.name for each in clouds.of_type(PASSWORD) if not each.protect}
    assert unprotected == {"dc1-wg-2", "dc1-wg-edge-a"}
    assert {each.name: each.protect for each in clouds.of_type(INSTANCE)} == {"dc1-wg-1": True, "dc1-wg-2": False}


def test_an_instance_is_hardened_and_says_what_it_is(declared_link: SimulatedClouds) -> None:
    for name, instance in named(declared_link, INSTANCE).items():
        inputs: Any = instance.inputs
        assert inputs["metadataOptions"]["httpTokens"] == "required"
        assert inputs["rootBlockDevice"]["encrypted"] is True
        assert inputs["disableApiTermination"] is True
        assert inputs["tags"] == {"Name": name, "hybridge:link": LINK, "hybridge:gateway": name}
    assert all(each.inputs["sourceDestCheck"] is False for each in declared_link.of_type(INTERFACE))


@pytest.mark.parametrize("allowed", [[], ["dc1-wg-1", "dc1-wg-2"]])
def test_no_update_switches_the_check_of_addresses_on_again(
    clouds: SimulatedClouds, declared: dict[str, Any], allowed: list[str]
) -> None:
    joined = Joined.read(with_wireguard(declared))
    clouds.run(lambda: declare(joined, allowed))
    assert all("sourceDestCheck" in each.ignored for each in clouds.of_type(INSTANCE))


def test_each_architecture_has_an_image_of_its_own(declared: dict[str, Any]) -> None:
    images: set[object] = set()
    for instance_type in ("c7gn.medium", "c6in.large"):
        joined = Joined.read(with_wireguard(declared, instance_type=instance_type))
        with install() as clouds:
            clouds.run(lambda joined=joined: declare(joined))
            images |= {each.inputs["ami"] for each in clouds.of_type(INSTANCE)}
    assert len(images) == 2


def test_a_failing_instance_is_recovered_and_somebody_is_told(declared_link: SimulatedClouds) -> None:
    alarms = named(declared_link, "aws:cloudwatch/metricAlarm:MetricAlarm")
    instances = named(declared_link, INSTANCE)
    assert set(alarms) == {f"{name}-{check}" for name in instances for check in ("system", "instance", "sessions")}
    for name, instance in instances.items():
        alarm = alarms[f"{name}-system"]
        assert alarm.inputs["dimensions"] == {"InstanceId": instance.id}
        assert alarm.inputs["alarmActions"] == ["arn:aws:automate:us-east-1:ec2:recover", TOPIC]


def test_somebody_is_told_of_a_session_that_is_down_and_of_silence(declared_link: SimulatedClouds) -> None:
    alarms = named(declared_link, "aws:cloudwatch/metricAlarm:MetricAlarm")
    for name, instance in named(declared_link, INSTANCE).items():
        alarm = alarms[f"{name}-sessions"].inputs
        assert (alarm["namespace"], alarm["metricName"]) == (configure.NAMESPACE, configure.METRIC)
        assert (alarm["dimensions"], alarm["treatMissingData"]) == ({"InstanceId": instance.id}, "breaching")
        assert alarm["alarmActions"] == alarm["okActions"] == [TOPIC]


def test_a_single_gateway_has_routes_of_its_own_and_says_why(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    reason = "a branch (closed at night)"
    joined = Joined.read(with_wireguard(declared, elastic_ips=["198.51.100.5"], accept_single_gateway=reason))
    clouds.run(lambda: declare(joined))
    (instance,) = clouds.of_type(INSTANCE)
    tags: Any = instance.inputs["tags"]
    assert tags["hybridge:single-gateway"] == "a branch closed at night"
    (interface,) = clouds.of_type(INTERFACE)
    routes = clouds.of_type("aws:ec2/route:Route")
    assert {each.inputs["destinationCidrBlock"] for each in routes} == {"10.100.0.0/17", "10.100.128.0/17"}
    assert {each.inputs["networkInterfaceId"] for each in routes} == {interface.id}
    assert clouds.of_type(PEER) == []
    assert "route-server-out" not in files(clouds, instance.name)["frr/frr.conf"]


def test_a_gateway_that_keeps_its_key_has_none_here(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    given = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
    joined = Joined.read(with_wireguard(declared, public_keys={"edge-a": given}))
    site = clouds.run(lambda: declare(joined))
    assert "dc1-wg-edge-a" not in named(clouds, PASSWORD)
    assert f"PublicKey = {given}\n" in files(clouds, "dc1-wg-1")["wireguard/wg51820.conf"]
    texts = awaited(site.devices)
    assert "PrivateKey" not in texts["edge-a"]["wg51820.conf"]
    assert "PostUp = wg set %i private-key /etc/wireguard/dc1-wg.key\n" in texts["edge-a"]["wg51820.conf"]
    assert "PrivateKey = " in texts["edge-b"]["wg51822.conf"]


def test_both_ends_know_each_other_by_their_keys(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    joined = Joined.read(with_wireguard(declared))
    site = clouds.run(lambda: declare(joined))
    texts = awaited(site.devices)
    for tunnel in joined.plan().tunnels:
        cloud = files(clouds, tunnel.instance)
        near, far = texts[tunnel.gateway][f"{tunnel.interface}.conf"], cloud[f"wireguard/{tunnel.interface}.conf"]
        near_key = setting(near, "PrivateKey")
        assert setting(far, "PublicKey") == public_key(near_key)
        assert setting(near, "PublicKey") == public_key(cloud[f"wireguard/{LINK}.key"].strip())


def setting(text: str, name: str) -> str:
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} = ")]
    return line.removeprefix(f"{name} = ")


def awaited(output: pulumi.Output[dict[str, dict[str, str]]]) -> dict[str, dict[str, str]]:
    async def look() -> dict[str, dict[str, str]]:
        assert await output.is_secret()
        found = await output.future()
        assert found is not None
        return found

    return asyncio.get_event_loop().run_until_complete(look())


def test_a_preview_declares_the_same(declared: dict[str, Any]) -> None:
    joined = Joined.read(with_wireguard(declared))
    with install(preview=True) as clouds:
        clouds.run(lambda: declare(joined))
        assert len(clouds.of_type(INSTANCE)) == 2
        assert len(clouds.of_type(PEER)) == 4


def test_every_resource_has_an_explicit_provider_and_a_component_as_parent(declared_link: SimulatedClouds) -> None:
    providers = {each.urn for each in declared_link.registrations if each.type.startswith("pulumi:providers:")}
    components = {each.urn for each in declared_link.registrations if each.type.startswith("hybridge:")}
    around = {"aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"}
    for each in declared_link.registrations:
        if each.urn not in providers | components and each.type not in around:
            assert each.provider.rpartition("::")[0] in providers, each.urn
            assert each.parent in components, each.urn


def test_the_rehearsal_knows_what_a_change_of_every_property_means(
    clouds: SimulatedClouds, declared: dict[str, Any]
) -> None:
    """Every property that the components set has a rule, so that no change of a stack ends in a gap."""
    joined = Joined.read(with_wireguard(declared, elastic_ips=None))
    clouds.run(lambda: declare(joined))
    types = set[str]()
    for each in clouds.registrations:
        if not each.type.startswith(("hybridge:", "pulumi:")):
            types.add(each.type)
            for name in each.inputs:
                compare(each.type, each.inputs, {**each.inputs, name: UNKNOWN})
    assert len(types) == 21


def test_the_components_are_what_the_analyzer_accepts() -> None:
    found: Any = Analyzer("hybridge").analyze([AwsWireguard, OnpremWireguard, OnpremSite, VpcRouteServer])
    components = found["component_definitions"]
    assert all(component.description for component in components.values())
    assert components["AwsWireguard"].inputs["plan"].plain is True
    assert components["AwsWireguard"].inputs["vpcId"].plain is None
    assert {name: set(each.outputs) for name, each in components.items()} == {
        "AwsWireguard": {"addresses"},
        "OnpremSite": {"devices"},
        "OnpremWireguard": {"privateKeys", "publicKeys"},
        "VpcRouteServer": {"endpointIds", "endpointAddresses"},
    }
