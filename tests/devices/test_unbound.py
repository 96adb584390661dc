"""A datacentre's resolver with the rendered file asks a VPC's endpoint, and is asked from there: with real Unbound."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hybridge.dns.onprem import resolver_files
from hybridge.planning.dns import dns_plan
from hybridge.planning.dns_model import DnsPlan
from hybridge.topology import read_topology
from tests.devices.programs import program

UNSHARED = ("timeout", "-s", "KILL", "60", "unshare", "-Urnmp", "--mount-proc", "--kill-child", "--fork")

FAR = """
server:
  {interfaces}
  access-control: 0.0.0.0/0 allow
  local-zone: "aws.example.com." static
  local-data: "shop.aws.example.com. A 172.20.1.10"
  local-zone: "20.172.in-addr.arpa." static
  local-data-ptr: "172.20.1.10 shop.aws.example.com"
  local-zone: "aws.test." static
  local-data: "shop.aws.test. A 172.20.1.10"
  local-zone: "aws.home.arpa." static
  local-data: "shop.aws.home.arpa. A 172.20.1.10"
  local-zone: "aws.corp.example.com." static
  local-data: "shop.aws.corp.example.com. A 172.20.1.10"
{common}
"""
"""What an inbound endpoint knows from private zones."""

NEAR = """
server:
  interface: 10.100.0.53
  private-address: 172.16.0.0/12
  local-zone: "corp.example.com." static
  trust-anchor: "example.com. DS 31589 8 2 CDE0D742D6998AA554A92D890F8184C698CFAC8A26FA59875A990C03E576343C"
{common}
include: "{directory}/unbound.conf"
"""
"""A resolver that refuses private addresses, that knows example.com to be signed, and that has a zone of its own."""

COMMON = """
  do-ip6: no
  chroot: ""
  username: ""
  directory: "{directory}"
  pidfile: "{directory}/{name}.pid"
  logfile: "{directory}/{name}.log"
  use-syslog: no
remote-control:
  control-enable: no
"""


@dataclass(frozen=True)
class Answer:
    code: str
    records: tuple[str, ...]


@cache
def refused() -> str:
    """Return why there are no namespaces to be had; nothing where there are."""
    if shutil.which("unshare") is None:
        return "unshare is missing: install the Debian package util-linux"
    done = subprocess.run([*UNSHARED, "true"], capture_output=True, text=True)
    return f"namespaces are not allowed here ({done.stderr.strip()})" if done.returncode else ""


@pytest.fixture
def plan(declared: dict[str, Any]) -> DnsPlan:
    declared["sites"]["dc1"]["dns"] = {"domains": ["corp.example.com"], "servers": ["10.100.0.53", "10.100.1.53"]}
    declared["sites"]["aws-east"]["dns"] = {
        "domains": ["aws.example.com", "20.172.in-addr.arpa", "aws.test", "aws.home.arpa", "aws.corp.example.com"]
    }
    return dns_plan(read_topology(json.dumps(declared)))


@pytest.fixture
def text(plan: DnsPlan) -> str:
    return resolver_files(plan.onprem_sites[0])["unbound.conf"]


@dataclass(frozen=True)
class Network:
    """A datacentre's resolver, an inbound endpoint, and whoever asks, in one network namespace."""

    directory: Path
    plan: DnsPlan

    def asked(self, text: str, *queries: str, source: str | None = None, endpoints: int = 2) -> list[Answer]:
        """Ask the resolver.

        :param text: its configuration
        :param queries: what it is asked, as drill takes it
        :param source: where it is asked from; by default from the first address of the outbound endpoint
        :param endpoints: how many addresses of the inbound endpoint answer, counted from the last one
        """
        if reason := refused():
            pytest.skip(reason)
        (aws,) = self.plan.aws_sites
        own = source or aws.outbound_addresses[0]
        up = aws.inbound_addresses[len(aws.inbound_addresses) - endpoints :]
        interfaces = "\n  ".join(f"interface: {address}" for address in up)
        self._write("far", FAR, interfaces=interfaces)
        self._write("near", NEAR, directory=self.directory)
        (self.directory / "unbound.conf").write_text(text, encoding="utf-8")
        unbound, drill, ip = program("unbound"), program("drill"), program("ip")
        lines = ["set -e", f"{ip} link set lo up"]
        lines += [f"{ip} address add {address}/32 dev lo" for address in {*aws.inbound_addresses, own, "10.100.0.53"}]
        lines += [f"{unbound} -d -c {self.directory}/{name}.conf &" for name in ("far", "near")]
        for address in (up[-1], "10.100.0.53"):
            lines.append(f"for i in $(seq 100); do {drill} -t @{address} up >/dev/null 2>&1 && break; sleep 0.1; done")
        lines += [f"echo '== {query}'; {drill} -I {own} @10.100.0.53 {query}" for query in queries]
        done = subprocess.run([*UNSHARED, "sh", "-c", "\n".join(lines)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return [_answer(each) for each in done.stdout.split("== ")[1:]]

    def _write(self, name: str, form: str, **values: object) -> None:
        common = COMMON.format(directory=self.directory, name=name)
        (self.directory / f"{name}.conf").write_text(form.format(common=common, **values), encoding="utf-8")


def _answer(shown: str) -> Answer:
    (code,) = re.findall(r"rcode: (\w+)", shown)
    section = shown.partition(";; ANSWER SECTION:\n")[2].partition(";;")[0]
    return Answer(code, tuple(line.split("\t")[-1] for line in section.split("\n") if line))


@pytest.fixture
def network(tmp_path: Path, plan: DnsPlan) -> Network:
    return Network(tmp_path, plan)


def without(text: str, setting: str) -> str:
    kept = [line for line in text.splitlines(keepends=True) if not line.strip().startswith(f"{setting}:")]
    assert len(kept) < len(text.splitlines())
    return "".join(kept)


def test_unbound_reads_the_file(text: str, tmp_path: Path) -> None:
    file = tmp_path / "unbound.conf"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run([program("unbound-checkconf"), str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_unbound_would_notice_a_broken_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "unbound.conf"
    file.write_text(text.replace("forward-first: no", "forward-first: never"), encoding="utf-8")
    done = subprocess.run([program("unbound-checkconf"), str(file)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "expected yes or no" in done.stderr


def test_a_datacentre_finds_a_vpcs_names_and_addresses(text: str, network: Network) -> None:
    queries = ("shop.aws.example.com A", "-t shop.aws.example.com A", "-x 172.20.1.10", "none.aws.example.com A")
    assert network.asked(text, *queries) == [
        Answer("NOERROR", ("172.20.1.10",)),
        Answer("NOERROR", ("172.20.1.10",)),
        Answer("NOERROR", ("shop.aws.example.com.",)),
        Answer("NXDOMAIN", ()),
    ]


@pytest.mark.parametrize("name", ["shop.aws.test", "shop.aws.home.arpa", "shop.aws.corp.example.com"])
def test_no_zone_that_unbound_has_above_hides_a_forwarded_domain(text: str, network: Network, name: str) -> None:
    (with_file,), (without_zone,) = network.asked(text, name), network.asked(without(text, "local-zone"), name)
    assert with_file == Answer("NOERROR", ("172.20.1.10",))
    assert without_zone == Answer("NXDOMAIN", ())


def test_one_endpoint_address_is_enough(text: str, network: Network) -> None:
    assert network.asked(text, "shop.aws.example.com A", endpoints=1) == [Answer("NOERROR", ("172.20.1.10",))]


def test_whoever_is_not_of_the_plan_is_not_answered(text: str, network: Network) -> None:
    assert network.asked(text, "shop.aws.example.com A", source="172.20.1.1") == [Answer("REFUSED", ())]


@pytest.mark.parametrize(
    ("setting", "query", "code"),
    [
        ("access-control", "shop.aws.example.com A", "REFUSED"),
        ("domain-insecure", "shop.aws.example.com A", "SERVFAIL"),
        ("private-domain", "shop.aws.example.com A", "NOERROR"),
        ("local-zone", "-x 172.20.1.10", "NXDOMAIN"),
    ],
)
def test_every_setting_is_needed(text: str, network: Network, setting: str, query: str, code: str) -> None:
    assert network.asked(without(text, setting), query) == [Answer(code, ())]
