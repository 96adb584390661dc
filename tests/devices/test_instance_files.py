"""Each text of a gateway instance is read by its program: those of its secret, and what it is started with."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from hybridge.devices import InstanceSurroundings, configure, instance_files, user_data
from hybridge.links.wireguard_keys import private_key, public_key
from hybridge.planning import limits
from hybridge.planning.wireguard_model import WireguardPlan
from tests.devices.programs import (
    frr_complaint,
    frr_session,
    nft_complaint,
    program,
    read_by,
    wireguard_complaint,
)
from tests.wireguards import LINK, Joined, with_wireguard

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dc1-wg-1-0123456-AbCdEf"
SCHEMA = (
    Path(os.environ.get("HYBRIDGE_CACHE", Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "hybridge"))
    / "cloud-init/usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json"
)
"""Where tests/daemons.sh unpacks cloud-init's own schema; the package itself is not installed."""


def secret_of(plan: WireguardPlan, number: int = 1) -> str:
    """The secret of one instance."""
    instance = plan.instances[number - 1]
    around = InstanceSurroundings(
        address=f"172.20.255.{130 + number}",
        private_key=private_key(instance.name),
        public_keys={gateway.name: public_key(private_key(gateway.name)) for gateway in plan.gateways},
        route_server=["172.20.255.150", "172.20.255.151"],
    )
    return instance_files(plan, instance, around)


def texts_of(plan: WireguardPlan, number: int = 1) -> dict[str, str]:
    """The files that the secret of one instance stands for."""
    return configure.unpack(secret_of(plan, number))


@pytest.fixture
def plan(declared: dict[str, Any]) -> WireguardPlan:
    return Joined.read(with_wireguard(declared)).plan()


@pytest.fixture
def files(plan: WireguardPlan, tmp_path: Path) -> dict[str, Path]:
    written: dict[str, Path] = {}
    for path, text in texts_of(plan).items():
        written[path] = tmp_path / path
        written[path].parent.mkdir(exist_ok=True)
        written[path].write_text(text)
        written[path].chmod(0o600)
    return written


def test_an_instance_has_a_tunnel_to_every_gateway_and_its_key_apart(files: dict[str, Path]) -> None:
    assert sorted(files) == [
        "frr/daemons",
        "frr/frr.conf",
        "nftables.conf",
        f"wireguard/{LINK}.key",
        "wireguard/wg51820.conf",
        "wireguard/wg51822.conf",
    ]
    assert not any("PrivateKey" in file.read_text() for file in files.values())


@pytest.mark.parametrize("name", ["wg51820", "wg51822"])
def test_wireguard_reads_the_tunnels(files: dict[str, Path], name: str) -> None:
    assert wireguard_complaint(files[f"wireguard/{name}.conf"]) == ""


def test_wireguard_takes_the_key(files: dict[str, Path]) -> None:
    done = read_by("sh", "-c", f"{program('wg')} pubkey < {files[f'wireguard/{LINK}.key']}")
    assert done.stdout.strip() == public_key(private_key("dc1-wg-1"))


def test_frr_reads_the_routing_configuration(files: dict[str, Path]) -> None:
    assert frr_complaint(files["frr/frr.conf"]) == ""


def test_frr_would_notice_a_broken_line(files: dict[str, Path]) -> None:
    files["frr/frr.conf"].write_text(files["frr/frr.conf"].read_text().replace("set metric", "set metrics"))
    assert "set metrics" in frr_complaint(files["frr/frr.conf"])


def test_bgpd_takes_the_datacentre_and_the_route_server(files: dict[str, Path], tmp_path: Path) -> None:
    told = frr_session(tmp_path, files["frr/frr.conf"], "show running-config")
    for address, asn, taken, out in (
        ("10.200.0.1", 65010, "from-dc1", "to-dc1"),
        ("10.200.0.9", 65010, "from-dc1", "to-dc1"),
        ("172.20.255.150", 64512, "route-server-in", "route-server-out"),
    ):
        assert f"neighbor {address} remote-as {asn}\n" in told
        assert f"neighbor {address} route-map {taken} in\n" in told
        assert f"neighbor {address} route-map {out} out\n" in told
        assert f"neighbor {address} bfd profile every-300-ms-3-times\n" in told


def test_nothing_is_carried_between_the_datacentres_gateways(files: dict[str, Path]) -> None:
    """What one of them announces is told to the VPC alone, and what is told to them is the VPC's own."""
    text = files["frr/frr.conf"].read_text()
    assert set(re.findall(r"prefix-list to-dc1 seq \d+ permit (\S+)$", text, re.MULTILINE)) == {
        "172.20.0.0/17",
        "172.20.128.0/17",
    }
    assert "route-map route-server-in deny 10\n" in text


def test_a_site_may_be_called_vpc(declared: dict[str, Any]) -> None:
    declared["sites"]["vpc"] = declared["sites"].pop("dc1")
    for link in with_wireguard(declared)["links"].values():
        link["between"] = ["vpc", "aws-east"]
    text = texts_of(Joined.read(declared).plan(), 1)["frr/frr.conf"]
    assert text.count("route-map from-vpc permit 10\n") == text.count("route-map to-vpc permit 10\n") == 1
    assert "route-map from-vpc deny" not in text


def test_the_route_server_prefers_the_first_instance(plan: WireguardPlan) -> None:
    metrics = [
        int(
            re.findall(
                r"route-map route-server-out permit 10\n.*\n set metric (\d+)", texts_of(plan, number)["frr/frr.conf"]
            )[0]
        )
        for number in (1, 2)
    ]
    assert metrics[0] < metrics[1]


def test_nftables_reads_the_packet_filter(files: dict[str, Path]) -> None:
    assert nft_complaint(files["nftables.conf"]) == ""


def test_nftables_would_notice_a_broken_line(files: dict[str, Path]) -> None:
    files["nftables.conf"].write_text(files["nftables.conf"].read_text().replace("policy drop", "policy dropped"))
    assert "syntax error" in nft_complaint(files["nftables.conf"])


def test_only_the_two_sites_reach_each_other_and_only_peers_the_instance(files: dict[str, Path]) -> None:
    text = files["nftables.conf"].read_text()
    assert text.count("policy drop") == 2
    assert "ip saddr 203.0.113.10 udp dport 51820 accept\n" in text
    assert "ip saddr { 10.100.0.0/16 } ip daddr { 172.20.0.0/16 } accept\n" in text


def test_the_files_of_the_largest_link_fit_a_secret(declared: dict[str, Any]) -> None:
    """As many gateways as a security group has rules for, and as many ranges as a route server takes."""
    declared["sites"]["dc1"]["gateways"] = [
        {"name": f"edge-{number}", "public_ip": f"203.0.113.{number}"} for number in range(1, 59)
    ]
    declared["sites"]["dc1"]["ranges"] = [f"10.100.{number}.0/24" for number in range(50)]
    joined = Joined.read(with_wireguard(declared, tunnel_network="10.200.0.0/22"))
    assert len(secret_of(joined.plan())) <= limits.number("aws.secretsmanager.value")


@pytest.fixture
def started(plan: WireguardPlan) -> str:
    return user_data(plan, plan.instances[0], SECRET)


def schema_errors(text: str) -> list[str]:
    """What cloud-init's own schema finds wrong; it lets keys pass that no module of its own takes."""
    if not SCHEMA.exists():
        pytest.skip("cloud-init's schema is missing: run tests/daemons.sh")
    schema, config = json.loads(SCHEMA.read_text()), yaml.safe_load(text)
    taken = {name for module in schema["$defs"].values() for name in module.get("properties", ())}
    ignored = [f"{name} is no module's" for name in config if name not in taken]
    return ignored + [error.message for error in jsonschema.Draft4Validator(schema).iter_errors(config)]


def test_cloud_init_takes_what_an_instance_is_started_with(started: str) -> None:
    assert started.startswith("#cloud-config\n")
    assert schema_errors(started) == []


def test_cloud_init_would_notice_a_misspelt_key(started: str) -> None:
    assert schema_errors(started.replace("write_files:", "writes_files:")) != []
    assert schema_errors(started.replace("  path: /", "  paths: /")) != []


def test_what_an_instance_is_started_with_fits_and_holds_no_key(started: str, plan: WireguardPlan) -> None:
    assert len(started.encode()) <= limits.number("aws.ec2.user-data")
    assert private_key("dc1-wg-1") not in started
    assert SECRET in started


def written(started: str, folder: Path) -> dict[str, Path]:
    """The files that cloud-init would write, by name."""
    files: dict[str, Path] = {}
    for entry in yaml.safe_load(started)["write_files"]:
        files[Path(entry["path"]).name] = folder / Path(entry["path"]).name
        files[Path(entry["path"]).name].write_text(entry["content"])
    return files


def test_systemd_takes_the_service_and_its_timer(started: str, tmp_path: Path) -> None:
    files = written(started, tmp_path)
    units = [str(files[f"hybridge-configure.{kind}"]) for kind in ("service", "timer")]
    done = read_by(program("systemd-analyze"), "verify", *units)
    assert (done.returncode, done.stderr) == (0, "")


def test_systemd_would_notice_a_misspelt_setting(started: str, tmp_path: Path) -> None:
    files = written(started.replace("OnUnitInactiveSec", "OnUnitInactive"), tmp_path)
    timer = str(files["hybridge-configure.timer"])
    assert "Unknown key" in read_by(program("systemd-analyze"), "verify", timer).stderr


def test_the_program_that_is_started_is_the_one_that_is_tested(started: str, tmp_path: Path) -> None:
    program_text = written(started, tmp_path)["hybridge-configure"].read_text()
    assert program_text == Path(str(configure.__file__)).read_text()
    assert read_by(sys.executable, "-I", "-m", "py_compile", str(tmp_path / "hybridge-configure")).returncode == 0
