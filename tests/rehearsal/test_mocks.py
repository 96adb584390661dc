"""The simulated clouds behind Pulumi's mocks: components are judged as the engine's providers would judge them."""

from __future__ import annotations

import asyncio

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pytest

from rehearsal.clouds.mocks import CheckFailedError, install
from rehearsal.clouds.performing import CloudError
from rehearsal.clouds.values import UNKNOWN

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_")  # of the SDKs' own modules

SUBNET = "aws:ec2/subnet:Subnet"


class Network(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("hybridge:index:Network", name)
        provider = aws.Provider(name, region="eu-west-1", opts=pulumi.ResourceOptions(parent=self))
        opts = pulumi.ResourceOptions(parent=self, provider=provider)
        self.vpc = aws.ec2.Vpc(name, cidr_block="172.20.0.0/16", opts=opts)
        self.key = random.RandomPassword(name, length=20, opts=pulumi.ResourceOptions(parent=self))
        tags = {"key": self.key.result}
        aws.ec2.Subnet(
            name,
            vpc_id=self.vpc.id,
            cidr_block="172.20.0.0/24",
            tags=tags,
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=True)),
        )
        self.register_outputs({})


def test_what_a_component_declares_is_in_the_ledger_under_its_own_urn() -> None:
    with install(project="estate", stack_name="dev") as clouds:
        clouds.run(lambda: Network("east"))
        (subnet,) = clouds.of_type(SUBNET)
        (vpc,) = clouds.of_type("aws:ec2/vpc:Vpc")
        assert subnet.urn == f"urn:pulumi:dev::estate::hybridge:index:Network${SUBNET}::east"
        assert subnet.inputs["vpcId"] == vpc.id
        assert subnet.protect
        assert not vpc.protect
        assert str(vpc.outputs["arn"]).startswith("arn:aws:ec2:eu-west-1:")
        assert {each.urn for each in clouds.ledger.objects()} == {
            each.urn for each in clouds.registrations if each.id and "providers" not in each.type
        }


def test_secrets_stay_secret() -> None:
    with install() as clouds:
        secret: list[bool] = []

        def program() -> None:
            network = Network("east")
            pulumi.Output.from_input(network.key.result.is_secret()).apply(secret.append)
            pulumi.Output.from_input(network.vpc.arn.is_secret()).apply(secret.append)

        clouds.run(program)
        assert sorted(secret) == [False, True]
        assert "tags" in clouds.of_type(SUBNET)[0].secrets


def test_a_preview_knows_inputs_and_nothing_computed() -> None:
    with install(preview=True) as clouds:
        clouds.run(lambda: Network("east"))
        (subnet,) = clouds.of_type(SUBNET)
        assert subnet.inputs["vpcId"] is UNKNOWN
        assert subnet.outputs["arn"] is UNKNOWN
        assert clouds.ledger.objects() == []


def test_every_mistake_in_the_inputs_is_told_with_its_path() -> None:
    with install() as clouds:
        bad: dict[str, object] = {"bgp_asn": 65010, "ip_address": "203.0.113.10", "type": 1}
        with pytest.raises(CheckFailedError) as told:
            clouds.run(lambda: aws.ec2.CustomerGateway("edge-a", **bad))  # type: ignore[arg-type]
    assert {each.path for each in told.value.failures} == {"bgpAsn", "type"}
    assert "aws:ec2/customerGateway:CustomerGateway `edge-a`" in str(told.value)


def test_a_question_is_answered_from_the_providers_region() -> None:
    with install() as clouds:
        names: list[str] = []

        def program() -> None:
            provider = aws.Provider("north", region="eu-north-1")
            zones = aws.get_availability_zones_output(
                state="available", opts=pulumi.InvokeOutputOptions(provider=provider)
            )
            zones.names.apply(names.extend)

        clouds.run(program)
        assert names == ["eu-north-1a", "eu-north-1b", "eu-north-1c"]


def test_what_does_not_exist_cannot_be_looked_up() -> None:
    with install() as clouds, pytest.raises(CloudError, match="does not exist"):
        clouds.run(lambda: aws.ec2.Vpc.get("elsewhere", "vpc-123"))


def test_a_test_finds_nothing_of_the_one_before() -> None:
    worlds = []
    for _ in range(2):
        with install() as clouds:
            clouds.run(lambda: Network("east"))
            worlds.append([(each.urn, each.type) for each in clouds.registrations])
            loop = asyncio.get_event_loop()
        assert loop.is_closed()
    assert sorted(worlds[0]) == sorted(worlds[1])
