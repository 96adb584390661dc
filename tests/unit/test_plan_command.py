"""`make plan` records addresses as a lock file is written: it adds, and never moves."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "stacks", tmp_path / "stacks"))


def plan(
    stacks: Path, stack: str = "minimal", *options: str, room: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command, where the disk has `room` for that many bytes in a file."""
    # Nothing is run between fork and exec: that ends badly where a test before this one has made threads of gRPC.
    limit = [] if room is None else ["prlimit", f"--fsize={room}"]
    command = [*limit, sys.executable, "-m", "hybridge", "plan", stack, "--stacks", str(stacks), *options]
    return subprocess.run(command, capture_output=True, text=True)


def edit(stacks: Path, old: str, new: str, stack: str = "minimal") -> None:
    path = stacks / f"Pulumi.{stack}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_complete_book_is_left_as_it_is(stacks: Path) -> None:
    before = (stacks / "addresses.minimal.yaml").read_bytes()
    done = plan(stacks)
    assert (done.returncode, done.stderr) == (0, "")
    assert "is complete" in done.stdout
    assert (stacks / "addresses.minimal.yaml").read_bytes() == before


def test_a_new_gateway_only_adds(stacks: Path) -> None:
    before = (stacks / "addresses.minimal.yaml").read_text(encoding="utf-8").splitlines()
    gateway = "- { name: edge-a, public_ip: 203.0.113.10,"
    added = "- { name: edge-0, public_ip: 203.0.113.9, lan_address: 10.100.0.4 }"
    edit(stacks, gateway, f"{added}\n          {gateway}")
    done = plan(stacks)
    assert done.returncode == 0, done.stderr
    after = (stacks / "addresses.minimal.yaml").read_text(encoding="utf-8").splitlines()
    assert set(before) <= set(after)
    assert len(after) == len(before) + 2
    assert "+ dc1-aws/edge-0/1 169.254.6.16/30" in done.stdout


def test_the_address_of_a_tunnel_that_is_gone_is_kept_until_it_is_released(stacks: Path) -> None:
    before = (stacks / "addresses.minimal.yaml").read_bytes()
    edit(stacks, "dc1-aws:", "dc1-east:")
    renamed = plan(stacks)
    assert renamed.returncode == 0, renamed.stderr
    assert "= dc1-aws/edge-a/1 169.254.6.0/30" in renamed.stdout
    assert "ARGS=--release" in renamed.stdout
    assert "+ dc1-east/edge-a/1 169.254.6.16/30" in renamed.stdout
    edit(stacks, "dc1-east:", "dc1-aws:")
    released = plan(stacks, "minimal", "--release")
    assert "- dc1-east/edge-a/1 169.254.6.16/30" in released.stdout
    assert (stacks / "addresses.minimal.yaml").read_bytes() == before


def test_another_site_with_its_links_and_cluster_only_adds(stacks: Path) -> None:
    path = stacks / "addresses.reference.yaml"
    assert plan(stacks, "reference").returncode == 0
    before = path.read_text(encoding="utf-8").splitlines()
    gateways = "[{ name: edge-0, public_ip: 203.0.113.20 }, { name: edge-1, public_ip: 203.0.113.21 }]"
    ranges = "pods: 10.91.0.0/16, services: 10.92.0.0/16"
    for section, added in {
        "sites": f"dc0: {{ kind: onprem, asn: 65011, ranges: [10.90.0.0/16], gateways: {gateways} }}",
        "links": "dc0-aws: { between: [dc0, aws-east], via: site-to-site-vpn, standby: true }\n"
        "      dc0-wg: { between: [dc0, aws-east], via: wireguard, tunnel_network: 10.190.0.0/24 }",
        "clusters": f"branch: {{ site: dc0, kind: existing, {ranges}, cni: cilium-vxlan }}",
        "cluster_sets": "all: { clusters: [branch, shop], globalnet: true }",
    }.items():
        edit(stacks, f"    {section}:\n", f"    {section}:\n      {added}\n", "reference")
    done = plan(stacks, "reference")
    assert done.returncode == 0, done.stderr
    after = path.read_text(encoding="utf-8").splitlines()
    assert set(before) <= set(after)
    assert len(after) == len(before) + 4 + 4 + 2 + 3, "tunnels of two kinds, cluster ids, a section of global ranges"
    for line in (
        "+ dc0-aws/edge-0/1 169.254.6.16/30",
        "+ dc0-wg/edge-1/2 10.190.0.12/30",
        "+ all/branch global range 242.0.0.0/16",
        "+ all/branch cluster id 1",
    ):
        assert line in done.stdout


def rotate(stacks: Path, generations: str) -> subprocess.CompletedProcess[str]:
    edit(stacks, "        dead_peer_after: 30s\n", f"        dead_peer_after: 30s\n        {generations}\n")
    done = plan(stacks)
    edit(stacks, f"        {generations}\n", "")
    return done


def test_one_key_of_a_link_changes_at_a_time(stacks: Path) -> None:
    book = stacks / "addresses.minimal.yaml"
    one = rotate(stacks, "key_generations: { edge-a/1: 2 }")
    assert one.returncode == 0, one.stderr
    assert "+ dc1-aws/edge-a/1 key generation 2" in one.stdout
    assert "key_generations:\n  dc1-aws/edge-a/1: 2\n" in book.read_text(encoding="utf-8")
    recorded = book.read_bytes()
    both = rotate(stacks, "key_generations: { edge-a/1: 3, edge-a/2: 2 }")
    assert both.returncode == 1
    assert "One tunnel changes per update" in both.stderr
    lower = plan(stacks)
    assert lower.returncode == 1
    assert lower.stderr.count("no key comes back") == 1
    assert book.read_bytes() == recorded
    assert rotate(stacks, "key_generations: { edge-a/1: 2, edge-a/2: 2 }").returncode == 0


def test_a_damaged_book_is_told_with_everything_else_and_left_as_it_is(stacks: Path) -> None:
    book = stacks / "addresses.minimal.yaml"
    book.write_text("tunnels: { dc1-aws/edge-a/1: 10.0.0.0/30 }\n", encoding="utf-8")
    edit(stacks, "asn: 64512", "asn: 1")
    done = plan(stacks)
    assert done.returncode == 1
    assert "stacks/addresses.minimal.yaml tunnels.dc1-aws/edge-a/1" in done.stderr
    assert "sites.aws-east.asn" in done.stderr
    assert "10.0.0.0/30" in book.read_text(encoding="utf-8")


def test_a_number_beyond_all_measure_in_the_book_is_told_with_its_line(stacks: Path) -> None:
    (stacks / "addresses.minimal.yaml").write_text(
        f"key_generations:\n  dc1-aws/edge-a/1: {'9' * 5_000}\n", encoding="utf-8"
    )
    done = plan(stacks)
    assert done.returncode == 1
    assert "addresses.minimal.yaml, line 2: `99" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_date_is_no_text(stacks: Path) -> None:
    """As a number is none: the engine would make something else of it than what stands there."""
    edit(stacks, "hub: transit-gateway", "hub: transit-gateway\n        tags: { expires: 2026-02-28 }")
    done = plan(stacks)
    assert done.returncode == 1
    assert "sites.aws-east.tags.expires: `expires` should be text." in done.stderr
    edit(stacks, "2026-02-28", '"2026-02-28"')
    assert plan(stacks).returncode == 0


def test_what_was_not_judged_further_is_told_last(stacks: Path) -> None:
    edit(stacks, "asn: 64512", "asn: x")
    last = plan(stacks).stderr.splitlines()[-1]
    assert last == "`sites.aws-east` was not judged further: mend this first."


def test_a_topology_with_problems_records_nothing(stacks: Path) -> None:
    (stacks / "addresses.minimal.yaml").unlink()
    edit(stacks, "172.20.0.0/16", "10.100.0.0/17")
    done = plan(stacks)
    assert done.returncode == 1
    assert "overlaps" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (stacks / "addresses.minimal.yaml").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "There is no topology that can be read."),
        ("config: {}", "There is no topology that can be read."),
        ("config: [", "no valid YAML"),
        ("config: " + "[" * 2000 + "]" * 2000, "nested too deeply"),
        ("- a", "a list"),
        ("config:\n  hybridge:topology: 2026-11-22\n", "There is no topology that can be read."),
        ("config:\n  hybridge:topology: { 2026-11-22: x }\n", "line 2: the key `2026-11-22` is a date"),
        ("config:\n  hybridge:topology:\n    ? [a]\n    : x\n", "line 3: the key is a list"),
        ("config:\n  hybridge:topology:\n    ? [a, b]\n    : x\n", "line 3: the key is a list"),
        ("config:\n  hybridge:topology: { trust: { organization: {{ org }} } }\n", "line 2: the key is a mapping"),
        (
            "config:\n  hybridge:topology:\n    sites: { a: { tags: { x: 2026-02-30 } } }\n",
            "line 3: `2026-02-30` looks",
        ),
        (
            "config:\n  hybridge:topology:\n    sites: { a: { asn: 2020-13-45 } }\n",
            "line 3: `2020-13-45` looks like a date",
        ),
        ('config:\n  hybridge:topology:\n    sites: { a: { tags: { x: "\\ud800" } } }\n', "line 3: the text has half"),
        ("config:\n  hybridge:topology: { sites: { dc1: { asn: " + "9" * 5_000 + " } } }\n", "line 2: `99"),
        ("config:\n  hybridge:topology: { sites: { dc1: { asn: " + "9" * 4_301 + " } } }\n", "line 2: `99"),
    ],
)
def test_a_stack_file_that_holds_no_topology_is_a_sentence(stacks: Path, text: str, told: str) -> None:
    (stacks / "Pulumi.minimal.yaml").write_text(text, encoding="utf-8")
    done = plan(stacks)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("key", "told"), [("topolgy", "Did you mean `hybridge:topology`?"), ("other", "Remove it")])
def test_a_setting_that_nobody_reads_is_told(stacks: Path, key: str, told: str) -> None:
    edit(stacks, "  hybridge:topology:\n", f"  hybridge:{key}: {{}}\n  hybridge:topology:\n")
    done = plan(stacks)
    assert done.returncode == 1
    assert f"hybridge:{key}: `hybridge:{key}` is no setting that is known here. {told}" in done.stderr


def test_a_stack_that_does_not_exist_names_the_one_that_was_meant(stacks: Path) -> None:
    done = plan(stacks, "minimall")
    assert done.returncode == 1
    assert "Did you mean 'minimal'?" in done.stderr


def test_a_directory_in_place_of_a_stack_file_is_told(stacks: Path) -> None:
    (stacks / "Pulumi.other.yaml").mkdir()
    done = plan(stacks, "other")
    assert done.returncode == 1
    assert "is no file" in done.stderr


def test_a_directory_in_place_of_the_book_is_told(stacks: Path) -> None:
    (stacks / "addresses.minimal.yaml").unlink()
    (stacks / "addresses.minimal.yaml").mkdir()
    done = plan(stacks)
    assert done.returncode == 1
    assert "cannot be read: Is a directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_that_is_full_loses_no_address(stacks: Path) -> None:
    book = stacks / "addresses.minimal.yaml"
    before, files = book.read_bytes(), sorted(stacks.iterdir())
    gateway = "- { name: edge-a, public_ip: 203.0.113.10, lan_address: 10.100.0.2 }"
    edit(stacks, gateway, f"- {{ name: edge-0, public_ip: 203.0.113.9, lan_address: 10.100.0.9 }}\n          {gateway}")
    done = plan(stacks, room=300)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{book} cannot be written: File too large. It is as it was; mend that, and try again.\n"
    assert book.read_bytes() == before
    assert sorted(stacks.iterdir()) == files


def test_a_complete_book_needs_no_writing(stacks: Path) -> None:
    assert plan(stacks, room=0).returncode == 0
