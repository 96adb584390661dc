"""A lab is drawn from what the clouds hold and what the gateways' files say, and both have to be there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from lab import internet
from lab.drawing import draw
from lab.errors import LabError
from lab.estate import Rehearsed
from lab.onprem import site_network


def without(rehearsed: Rehearsed, type_: str, *names: str) -> Rehearsed:
    """The estate as if objects had never been declared."""
    kept = [
        each
        for each in rehearsed.objects
        if not (each.type.endswith(f":{type_}") and each.urn.rpartition("::")[2] in names)
    ]
    assert len(kept) == len(rehearsed.objects) - len(names)
    return replace(rehearsed, objects=kept)


def with_files(rehearsed: Rehearsed, gateway: str, files: Mapping[str, str]) -> Rehearsed:
    return replace(rehearsed, devices={**rehearsed.devices, gateway: files})


def test_every_tunnel_has_a_way_of_its_own_through_the_internet(reference: Rehearsed) -> None:
    machines = draw(reference).machines
    ways = {name.removeprefix(internet.PREFIX) for name in machines if name.startswith(internet.PREFIX)}
    assert ways == {tunnel["name"] for _, tunnel in reference.tunnels}
    assert len(ways) == 8


def test_every_site_has_hosts_and_every_gateway_is_a_machine(reference: Rehearsed) -> None:
    machines = draw(reference).machines
    assert {"dc1", "aws-east", "edge-a", "edge-b", "dc1-wg-1", "dc1-wg-2"} <= machines.keys()
    assert all(machines[site].addresses for site in ("dc1", "aws-east"))


def test_no_wire_is_plugged_in_twice_and_every_end_is_a_machine(reference: Rehearsed) -> None:
    sketch = draw(reference)
    ends = [end for wire in sketch.wires for end in ((wire.near, wire.near_interface), (wire.far, wire.far_interface))]
    assert len(ends) == len(set(ends))
    assert {machine for machine, _ in ends} <= sketch.machines.keys()
    assert all(len(interface) <= 15 for _, interface in ends), "the kernel takes no longer name"


def test_what_the_gateways_run_is_the_text_that_was_rendered(reference: Rehearsed) -> None:
    gateway = draw(reference).machines["edge-a"]
    own = reference.devices["edge-a"]
    assert gateway.files["/etc/frr/frr.conf"] == own["frr.conf"]
    for name in ("interfaces.sh", "nftables.conf", "firewall.nft"):
        assert gateway.files[f"/etc/hybridge/{name}"] == own[name]
    assert gateway.files["/etc/wireguard/wg51820.conf"] == own["wg51820.conf"]


def test_a_tunnel_that_only_the_gateway_knows_is_a_sentence(minimal: Rehearsed) -> None:
    with pytest.raises(LabError) as caught:
        draw(without(minimal, "VpnConnection", "dc1-aws-edge-b"))
    assert str(caught.value) == (
        "Tunnel dc1-aws-edge-b-1 is known to the gateway's files alone: rehearse the stack again."
    )


def test_a_tunnel_that_only_the_cloud_knows_is_a_sentence(minimal: Rehearsed) -> None:
    with pytest.raises(LabError, match=r"Tunnel dc1-aws-edge-b-1 is known to the clouds alone"):
        draw(with_files(minimal, "edge-b", {}))


def test_an_instance_that_was_never_declared_is_a_sentence(reference: Rehearsed) -> None:
    with pytest.raises(LabError, match=r"Tunnel dc1-wg-edge-a-2 is known to the gateway's files alone"):
        draw(without(reference, "Instance", "dc1-wg-2"))


def test_a_customer_gateway_that_does_not_exist_is_a_sentence(minimal: Rehearsed) -> None:
    with pytest.raises(LabError, match=r"The simulated clouds name cgw-\w+, and hold no such thing"):
        draw(without(minimal, "CustomerGateway", "dc1-aws-edge-a"))


@pytest.mark.parametrize("name", ["frr.conf", "interfaces.sh", "nftables.conf", "firewall.nft"])
def test_a_file_that_a_gateway_lacks_is_named(minimal: Rehearsed, name: str) -> None:
    kept = {each: text for each, text in minimal.devices["edge-a"].items() if each != name}
    with pytest.raises(LabError, match=rf"The gateway edge-a has no {name}"):
        draw(with_files(minimal, "edge-a", kept))


def test_an_address_that_the_plan_does_not_know_is_a_sentence(minimal: Rehearsed) -> None:
    own = dict(minimal.devices["edge-a"])
    own["interfaces.sh"] = own["interfaces.sh"].replace("169.254.6.2/30", "169.254.99.2/30")
    with pytest.raises(LabError, match=r"The report knows no tunnel in which a gateway has 169\.254\.99\.2"):
        draw(with_files(minimal, "edge-a", own))


def test_hosts_are_in_networks_that_the_site_announces(minimal: Rehearsed) -> None:
    (site,) = [each for each in minimal.sites if each["kind"] == "onprem"]
    assert draw(minimal).machines["dc1"].addresses == site_network(minimal, site).hosts


def test_a_gateway_that_keeps_its_key_to_itself_is_told(reference: Rehearsed) -> None:
    files = dict(reference.devices["edge-a"])
    kept = [line for line in files["wg51820.conf"].splitlines() if not line.startswith("PrivateKey")]
    with pytest.raises(LabError, match="edge-a keeps its private key to itself"):
        draw(with_files(reference, "edge-a", {**files, "wg51820.conf": "\n".join(kept)}))


def test_a_vpc_that_the_stack_has_not_made_is_told(reference: Rehearsed) -> None:
    (attachment,) = reference.of("aws:ec2transitgateway/vpcAttachment:VpcAttachment")
    elsewhere = replace(attachment, inputs={**attachment.inputs, "vpcId": "vpc-0a1b2c3d4e5f67890"})
    objects = [elsewhere if each is attachment else each for each in reference.objects]
    with pytest.raises(LabError, match="The stack uses vpc-0a1b2c3d4e5f67890, which it has not made"):
        draw(replace(reference, objects=objects))
