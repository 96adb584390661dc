"""The program on a gateway instance: it takes up what changed, once, and what a reader refuses changes nothing."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hybridge.devices import configure

WANTED = {
    "frr/daemons": "bgpd=yes\n",
    "frr/frr.conf": "router bgp 64600\n",
    "nftables.conf": "table inet hybridge\n",
    "wireguard/dc1-wg.key": "key\n",
    "wireguard/wg51820.conf": "first\n",
    "wireguard/wg51822.conf": "second\n",
}


class Instance:
    """An instance with folders of its own, where programs are only noted."""

    def __init__(self, folder: Path) -> None:
        self.etc = folder / "etc"
        self.secret = dict(WANTED)
        self.done: list[str] = []
        self.broken: tuple[str, ...] = ()
        """What fails: beginnings of commands."""
        self.sessions = ["Established", "Established"]
        self.told: list[str] = []

    def run(self, command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """Stand in for subprocess.run."""
        assert options["check"] is True
        text = " ".join(command)
        if command[0] == "vtysh" and "-c" in command:
            peers = {f"10.0.0.{number}": {"state": state} for number, state in enumerate(self.sessions)}
            return subprocess.CompletedProcess(command, 0, stdout=json.dumps({"peers": peers} if peers else {}))
        if "put-metric-data" in command:
            self.told.append(text)
            return subprocess.CompletedProcess(command, 0)
        if command[0] == "aws":
            assert "secretsmanager get-secret-value --secret-id SECRET" in text
            packed = base64.b64encode(gzip.compress(json.dumps(self.secret).encode())).decode()
            return subprocess.CompletedProcess(command, 0, stdout=f"{packed}\n")
        self.done.append(text)
        if text.startswith(self.broken or ("\0",)):
            raise subprocess.CalledProcessError(1, command)
        return subprocess.CompletedProcess(command, 0)

    def configure(self) -> list[str]:
        """Run the program; return what it did beyond checking."""
        self.done, self.told = [], []
        configure.main("us-east-1", "SECRET")
        return [each for each in self.done if " -c " not in each and " -C " not in each]


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    made = Instance(tmp_path)
    monkeypatch.setattr(configure, "ETC", made.etc)
    monkeypatch.setattr(configure, "APPLIED", tmp_path / "var" / "applied.json")
    monkeypatch.setattr(configure, "INSTANCE_ID", tmp_path / "instance-id")
    configure.INSTANCE_ID.write_text("i-0123456789abcdef0\n")
    monkeypatch.setattr(configure.subprocess, "run", made.run)
    monkeypatch.setattr(configure.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(configure.shutil, "chown", lambda *_: None)
    return made


def test_a_new_instance_takes_up_everything(instance: Instance) -> None:
    done = instance.configure()
    assert {str(path.relative_to(instance.etc)): path.read_text() for path in instance.etc.rglob("*.*")} == {
        path: text for path, text in WANTED.items() if "." in path
    }
    assert {path.stat().st_mode & 0o777 for path in instance.etc.rglob("*") if path.is_file()} == {0o600}
    assert f"nft -f {instance.etc}/nftables.conf" in done
    assert [each for each in done if each.startswith("systemctl restart")] == [
        "systemctl restart wg-quick@wg51820",
        "systemctl restart wg-quick@wg51822",
        "systemctl restart frr",
    ]


def test_nothing_new_is_nothing_done(instance: Instance) -> None:
    instance.configure()
    assert instance.configure() == []
    assert instance.done == []


@pytest.mark.parametrize(
    ("sessions", "down"),
    [(["Established", "Established"], 0), (["Established", "Active"], 1), (["Idle (PfxCt)", "Connect"], 2), ([], 1)],
)
def test_every_run_tells_how_many_sessions_are_down(instance: Instance, sessions: list[str], down: int) -> None:
    instance.sessions = sessions
    for _ in range(2):
        instance.configure()
        (told,) = instance.told
        assert told == (
            "aws --region us-east-1 cloudwatch put-metric-data --namespace hybridge --metric-name SessionsDown "
            f"--unit Count --value {down} --dimensions InstanceId=i-0123456789abcdef0"
        )


def test_a_run_that_fails_tells_nothing(instance: Instance) -> None:
    instance.broken = ("nft -c -f",)
    with pytest.raises(subprocess.CalledProcessError):
        instance.configure()
    assert instance.told == []


def test_a_changed_tunnel_leaves_the_others_alone(instance: Instance) -> None:
    instance.configure()
    instance.secret["wireguard/wg51822.conf"] = "changed\n"
    assert instance.configure() == ["systemctl enable wg-quick@wg51822", "systemctl restart wg-quick@wg51822"]


def test_a_changed_routing_reloads_and_cuts_no_session(instance: Instance) -> None:
    instance.configure()
    instance.secret["frr/frr.conf"] = "router bgp 64601\n"
    assert instance.configure() == ["systemctl enable frr", "systemctl reload-or-restart frr"]


def test_a_new_key_is_every_tunnels(instance: Instance) -> None:
    instance.configure()
    instance.secret["wireguard/dc1-wg.key"] = "another\n"
    assert [each for each in instance.configure() if "restart" in each] == [
        "systemctl restart wg-quick@wg51820",
        "systemctl restart wg-quick@wg51822",
    ]


def test_a_tunnel_that_is_gone_is_taken_down(instance: Instance) -> None:
    instance.configure()
    del instance.secret["wireguard/wg51822.conf"]
    assert instance.configure() == ["systemctl disable --now wg-quick@wg51822"]
    assert not (instance.etc / "wireguard/wg51822.conf").exists()
    assert instance.configure() == []


@pytest.mark.parametrize("reader", ["nft -c -f", "vtysh -C -f"])
def test_what_a_reader_refuses_changes_nothing(instance: Instance, reader: str) -> None:
    instance.configure()
    instance.secret["nftables.conf"] = instance.secret["frr/frr.conf"] = "broken"
    instance.broken = (reader,)
    with pytest.raises(subprocess.CalledProcessError):
        instance.configure()
    assert (instance.etc / "nftables.conf").read_text() == WANTED["nftables.conf"]
    assert (instance.etc / "frr/frr.conf").read_text() == WANTED["frr/frr.conf"]


@pytest.mark.parametrize("step", ["nft -f", "systemctl restart wg-quick@wg51822", "systemctl restart frr"])
def test_an_interrupted_run_is_taken_up_by_the_next_one(instance: Instance, step: str) -> None:
    instance.broken = (step,)
    with pytest.raises(subprocess.CalledProcessError):
        instance.configure()
    before = set(instance.done[:-1])
    instance.broken = ()
    after = instance.configure()
    assert any(each.startswith(step) for each in after)
    # A tunnel that came up is not restarted for one that did not.
    assert not {each for each in before if "restart" in each} & set(after)
    assert instance.configure() == []


def test_missing_programs_are_installed_before_anything_else(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configure.shutil, "which", lambda _: None)
    instance.configure()
    assert instance.done[0] == "apt-get -q update"
    assert instance.done[1].endswith("install awscli nftables frr wireguard-tools frr-pythontools")
