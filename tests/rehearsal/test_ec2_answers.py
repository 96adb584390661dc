"""What exists before any stack does: published images, an account's addresses, and room in subnets."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pulumi_aws as aws
import pytest
from pulumi import InvokeOptions, ResourceOptions

from rehearsal.clouds.ec2_answers import Image, NothingFoundError, get_ami, get_elastic_ip
from rehearsal.clouds.mocks import SimulatedClouds, install

IMAGES = [
    Image(owner="1", name=f"debian-13-{architecture}-{day}", architecture=architecture, root_device="/dev/xvda")
    for architecture in ("amd64", "arm64")
    for day in ("20260101", "20260201")
]


def asked(**filters: str) -> dict[str, Any]:
    return {
        "mostRecent": True,
        "owners": ["1"],
        "filters": [{"name": name.replace("_", "-"), "values": [value]} for name, value in filters.items()],
    }


def test_the_newest_image_that_fits_is_found() -> None:
    found = get_ami(asked(name="debian-13-arm64-*"), "us-east-1", IMAGES)
    assert found["name"] == "debian-13-arm64-20260201"
    assert str(found["id"]).startswith("ami-0")


def test_an_image_is_another_one_in_each_region() -> None:
    question = asked(name="debian-13-arm64-*")
    assert get_ami(question, "us-east-1", IMAGES)["id"] != get_ami(question, "eu-west-1", IMAGES)["id"]


def test_a_publisher_that_nobody_knows_has_no_images() -> None:
    with pytest.raises(NothingFoundError, match="No image fits"):
        get_ami({**asked(name="*"), "owners": ["2"]}, "us-east-1", IMAGES)


def test_a_filter_that_is_not_modelled_is_refused() -> None:
    with pytest.raises(NothingFoundError, match="does not know the filter `boot-mode`"):
        get_ami(asked(boot_mode="uefi"), "us-east-1", IMAGES)


def test_an_address_keeps_its_allocation() -> None:
    first, again = (get_elastic_ip({"publicIp": "198.51.100.5"}, "us-east-1") for _ in range(2))
    assert first == again
    assert first["id"] != get_elastic_ip({"publicIp": "198.51.100.6"}, "us-east-1")["id"]


@pytest.fixture
def clouds() -> Any:
    with install() as simulated:
        yield simulated


def test_interfaces_have_addresses_of_their_own_in_their_subnet(clouds: SimulatedClouds) -> None:
    network = IPv4Network("172.20.255.128/28")

    def declare() -> None:
        opts = ResourceOptions(provider=aws.Provider("aws", region="us-east-1"))
        subnet = aws.ec2.Subnet("subnet", vpc_id="vpc-0123456789abcdef0", cidr_block=str(network), opts=opts)
        for number in range(5):
            aws.ec2.NetworkInterface(f"interface-{number}", subnet_id=subnet.id, opts=opts)
        for number in range(2):
            aws.vpc.RouteServerEndpoint(
                f"endpoint-{number}", route_server_id="rs-0123456789abcdef0", subnet_id=subnet.id, opts=opts
            )

    clouds.run(declare)
    addresses = [
        str(each.outputs["privateIp"]) for each in clouds.of_type("aws:ec2/networkInterface:NetworkInterface")
    ] + [str(each.outputs["eniAddress"]) for each in clouds.of_type("aws:vpc/routeServerEndpoint:RouteServerEndpoint")]
    assert len(set(addresses)) == 7
    # AWS keeps the first four and the last one.
    assert {IPv4Address(address) for address in addresses} <= set(list(network.hosts())[3:])


def test_the_published_images_are_those_of_both_architectures(clouds: SimulatedClouds) -> None:
    found: list[str] = []

    def declare() -> None:
        opts = InvokeOptions(provider=aws.Provider("aws", region="us-east-1"))
        for architecture in ("amd64", "arm64"):
            image = aws.ec2.get_ami(
                most_recent=True,
                owners=["136693071363"],
                filters=[{"name": "name", "values": [f"debian-13-{architecture}-*"]}],
                opts=opts,
            )
            found.append(image.architecture)

    clouds.run(declare)
    assert found == ["x86_64", "arm64"]
