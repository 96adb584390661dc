"""The benchmarks' own parts: what they make up, what they take apart, and what they make of measurements."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench.figures import Goal, exponent, goals_table, ratios, spread
from bench.flat import flat
from bench.processes import ENGINE, PLUGIN, POLICY, PROGRAM, Watch, role
from bench.sizes import links
from bench.topologies import datacentres, estate, mesh, one_datacentre
from hybridge.planning import AddressBook, address_needs, plan_reading
from hybridge.topology import ProblemsFound, read_soundly, read_topology
from rehearsal.clouds.wire import SECRET, SIGNATURE


@pytest.mark.parametrize(
    ("made", "sites", "joined"),
    [(estate(0), 2, 0), (estate(1), 2, 1), (estate(17), 11, 17), (estate(250), 141, 250), (mesh(255, 1000), 255, 1000)],
)
def test_a_made_up_topology_has_its_size_and_can_be_planned(made: dict[str, Any], sites: int, joined: int) -> None:
    reading = read_soundly(json.dumps(made))
    assert reading.topology, reading.problems
    assert (len(reading.topology.sites), len(reading.topology.links)) == (sites, joined)
    book = AddressBook("addresses.bench.yaml").completed(address_needs(reading.topology))
    assert len(plan_reading(reading, book, "bench").vpns) == joined


def test_a_mesh_spreads_its_links_over_all_sites() -> None:
    made = mesh(255, 1000)["links"]
    counts = [sum(name in link["between"] for link in made.values()) for name in mesh(255, 1000)["sites"]]
    assert max(counts) - min(counts) <= 2
    assert len({tuple(link["between"]) for link in made.values()}) == 1000


def test_many_ranges_are_that_many() -> None:
    topology = read_topology(json.dumps(datacentres(10_000)))
    assert len({network for site in topology.sites.values() for network in site.ranges}) == 10_000


def test_a_datacentre_of_many_ranges_can_be_planned_alone_and_announces_too_much_over_a_link() -> None:
    alone = read_soundly(json.dumps(one_datacentre(2_000, 100, joined=False)))
    plan = plan_reading(alone, AddressBook("addresses.bench.yaml"), "bench")
    assert (len(plan.onprem_sites[0].ranges), len(plan.clusters)) == (2_000, 100)
    joined = read_soundly(json.dumps(one_datacentre(2_000, 100, joined=True)))
    assert joined.topology
    book = AddressBook("addresses.bench.yaml").completed(address_needs(joined.topology))
    with pytest.raises(ProblemsFound, match="announces 2100 routes"):
        plan_reading(joined, book, "bench")


def test_the_number_of_links_follows_from_the_resources_wanted() -> None:
    """Nine resources a link and eight an AWS site, of which there is one to 16 links."""
    found = links(1_000, 9, 8)
    clouds = -(-found // 16)
    assert abs(9 * found + 8 * clouds - 1_000) <= 12
    assert links(10, 9, 8) == 0


def resource(name: str, token: str, **parts: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:s::p::{token}::{name}", "type": token, "custom": True, "id": f"{name}-id", **parts}


def test_a_flat_program_takes_its_inputs_from_the_same_resources() -> None:
    secret = {SIGNATURE: SECRET, "plaintext": json.dumps("pre-shared")}
    provider = resource(
        "aws", "pulumi:providers:aws", inputs={"region": "us-east-1", "defaultTags": '{"tags":{}}', "version": "7.51.1"}
    )
    by_aws = {"provider": f"{provider['urn']}::{provider['id']}"}
    key = resource("key", "random:index/randomPassword:RandomPassword", inputs={}, outputs={"result": secret})
    vpc = resource("vpc", "aws:ec2/vpc:Vpc", inputs={"cidrBlock": "10.0.0.0/16"}, protect=True, **by_aws)
    component = {**resource("site", "hybridge:index:AwsSite"), "custom": False}
    subnet = resource(
        "subnet",
        "aws:ec2/subnet:Subnet",
        inputs={"vpcId": "vpc-id", "tags": {"key": secret, "also": "kpre-shared", "of": "vpc-id, made before"}},
        dependencies=[vpc["urn"], key["urn"], provider["urn"]],
        propertyDependencies={"vpcId": [vpc["urn"]], "tags": [key["urn"]]},
        **by_aws,
    )
    alone = resource(
        "alone",
        "aws:ec2/subnet:Subnet",
        inputs={"cidrBlock": "10.0.1.0/24"},
        dependencies=[vpc["urn"]],
        propertyDependencies={"cidrBlock": [vpc["urn"]]},
    )
    found = flat({"deployment": {"resources": [provider, key, component, vpc, subnet, alone]}})
    assert [item["name"] for item in found] == ["aws", "key", "vpc", "subnet", "alone"], "and no component"
    assert found[0]["arguments"] == {"region": "us-east-1", "default_tags": {"tags": {}}}
    assert (found[2]["provider"], found[2]["protect"], found[2]["depends_on"]) == (0, True, [])
    assert found[3]["class"] == "Subnet"
    assert found[3]["arguments"] == {
        "vpc_id": {"$output": 2, "name": "id"},
        "tags": {
            "key": {"$output": 1, "name": "result"},
            "also": {"$joined": ["k", {"$output": 1, "name": "result"}, ""]},
            "of": "vpc-id, made before",
        },
    }
    assert found[3]["depends_on"] == [0], "what no input is made from"
    assert found[4]["arguments"] == {"cidr_block": {"$after": [2], "value": "10.0.1.0/24"}}


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_law_is_found(power: float) -> None:
    sizes = [10, 100, 4_000]
    assert exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)


def test_ratios_are_those_of_each_round() -> None:
    assert ratios([2.0, 6.0], [4.0, 4.0]) == [0.5, 1.5]
    with pytest.raises(ValueError, match="zip"):
        ratios([1.0], [])


def test_a_spread_tells_the_median_and_both_ends() -> None:
    assert spread([3.0, 1.0, 2.0], " s") == "2.00 s (1.00–3.00)"
    assert spread([1.0]) == "1.00"


@pytest.mark.parametrize(("median", "met"), [(0.7, True), (0.704, True), (0.706, False)])
def test_a_goal_is_met_up_to_its_last_digit(median: float, met: bool) -> None:
    assert Goal("preview", [0.1, median, 9.0], 0.7).met == met


def test_a_figure_without_a_goal_is_only_told() -> None:
    table = goals_table([Goal("preview", [0.9], None), Goal("another", [0.9], 0.7)])
    assert [list(column.cells) for column in table.columns[1:]] == [["0.90", "0.90"], ["–", "0.7"], ["–", "no"]]


def test_processes_are_told_apart_by_their_command_lines() -> None:
    host = "/cache/bin/pulumi-language-python"
    assert role(["/venv/bin/python", "launch.py", f"{host}-exec", "--stack", "s"]) == PROGRAM
    assert role(["/venv/bin/python", "-m", "rehearsal.clouds.plugin", "aws", "7.51.1"]) == PLUGIN
    assert role(["/venv/bin/python", "-u", "-m", "pulumi.policy", "127.0.0.1:1", "/pack"]) == POLICY
    assert role(["/cache/bin/pulumi", "preview"]) == ENGINE
    assert role([host, "127.0.0.1:1"]) is None
    assert role([""]) is None


def test_the_peak_of_a_process_that_others_started_is_seen(tmp_path: Path) -> None:
    engine = tmp_path / "pulumi"
    engine.symlink_to(sys.executable)
    takes_memory = "taken = bytearray(64 * 2**20); del taken; print('had', flush=True); input()"
    with Watch() as watch:
        shell = subprocess.Popen(
            ["sh", "-c", '"$0" -c "$1"; true', str(engine), takes_memory], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert shell.stdout is not None
        assert shell.stdout.readline() == b"had\n"
        until = time.monotonic() + 10
        # It may have been looked at before it had anything.
        while time.monotonic() < until and max(watch.peaks.get(ENGINE, [0])) < 64:
            time.sleep(0.05)
        shell.communicate(b"\n")
    assert list(watch.peaks) == [ENGINE]
    assert 64 < max(watch.peaks[ENGINE]) < 128
