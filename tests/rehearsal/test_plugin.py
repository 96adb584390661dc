"""The plugin speaks the provider protocol as the engine does: a process of its own, asked over gRPC."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi import FileAsset, StringAsset
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from rehearsal.clouds import sdk, wire
from rehearsal.clouds.install import install
from rehearsal.clouds.ledger import Ledger
from rehearsal.clouds.values import UNKNOWN, Value

ROOT = Path(__file__).parents[2]
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
GATEWAY = "aws:ec2/customerGateway:CustomerGateway"
CONNECTION = "aws:ec2/vpnConnection:VpnConnection"
PASSWORD = "random:index/randomPassword:RandomPassword"
INPUTS: dict[str, Any] = {"bgpAsn": "65010", "ipAddress": "203.0.113.10", "type": "ipsec.1"}


def urn(token: str, name: str = "it") -> str:
    return f"urn:pulumi:dev::estate::hybridge:index:Link${token}::{name}"


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    encoded = struct_pb2.Struct()
    encoded.update(values)
    return encoded


def hidden(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def paths(failures: Iterable[provider_pb2.CheckFailure]) -> list[str]:
    """Where the failures are; the engine prints the input that `property` names, so that none may be named."""
    assert {failure.property for failure in failures} <= {""}
    return [failure.reason.split(": ")[0] for failure in failures]


class Started:
    """A plugin's process, and a client of it."""

    def __init__(self, package: str, directory: Path, engine: str = "", faults: str = "") -> None:
        self.ledger = directory / "ledger.db"
        (directory / "faults.yaml").write_text(faults)
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HYBRIDGE_REHEARSAL_LEDGER": str(self.ledger),
            "HYBRIDGE_REHEARSAL_FAULTS": str(directory / "faults.yaml"),
        }
        command = [sys.executable, "-m", "rehearsal.clouds.plugin", package, sdk.version(package), engine]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.process.stdout.readline().strip()}")
        self.ask = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def create(self, token: str, inputs: dict[str, Any], *, preview: bool = False) -> provider_pb2.CreateResponse:
        return self.ask.Create(provider_pb2.CreateRequest(urn=urn(token), properties=struct(inputs), preview=preview))

    def stop(self) -> int:
        self.channel.close()
        self.process.terminate()
        status = self.process.wait(timeout=60)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return status


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Started]:
    started = Started("aws", tmp_path)
    yield started
    started.stop()


def test_it_introduces_itself_and_takes_secrets(aws: Started) -> None:
    assert aws.ask.GetPluginInfo(empty_pb2.Empty()).version == sdk.version("aws")
    assert aws.ask.Handshake(provider_pb2.ProviderHandshakeRequest()).accept_secrets
    assert json.loads(aws.ask.GetSchema(provider_pb2.GetSchemaRequest()).schema)["name"] == "aws"
    configured = aws.ask.Configure(provider_pb2.ConfigureRequest(args=struct({"region": "eu-west-1"})))
    assert configured.acceptSecrets
    assert configured.supportsPreview


def test_arguments_of_a_provider_are_judged_behind_their_json(aws: Started) -> None:
    news = struct(
        {"region": "eu-west-1", "defaultTags": json.dumps({"tags": {"a": "b"}, "wrong": 1}), "version": "7.51.1"}
    )
    checked = aws.ask.CheckConfig(provider_pb2.CheckRequest(urn=urn("pulumi:providers:aws"), news=news))
    assert paths(checked.failures) == ["defaultTags.wrong"]
    old = struct({"region": "eu-west-1"})
    same = provider_pb2.DiffRequest(urn=urn("pulumi:providers:aws"), old_inputs=old, news=old)
    assert aws.ask.DiffConfig(same).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_every_mistake_comes_with_its_path_and_what_was_right_comes_back_untouched(aws: Started) -> None:
    news = struct({"bgpAsn": 65010, "tags": {"key": hidden("x")}, "typ": "ipsec.1"})
    checked = aws.ask.Check(provider_pb2.CheckRequest(urn=urn(GATEWAY), news=news))
    assert sorted(paths(checked.failures)) == ["bgpAsn", "typ", "type"]
    assert checked.inputs == news


def test_a_preview_knows_nothing_computed(aws: Started) -> None:
    foreseen = aws.create(GATEWAY, {**INPUTS, "ipAddress": UNKNOWN_TEXT}, preview=True)
    assert foreseen.id == ""
    assert foreseen.properties["arn"] == UNKNOWN_TEXT
    assert foreseen.properties["ipAddress"] == UNKNOWN_TEXT
    assert foreseen.properties["type"] == "ipsec.1"
    assert Ledger(aws.ledger).objects() == []


def test_an_object_lives_in_the_ledger_and_says_what_happens_to_it(aws: Started) -> None:
    made = aws.create(GATEWAY, INPUTS)
    assert [each.id for each in Ledger(aws.ledger).objects()] == [made.id]
    read = aws.ask.Read(provider_pb2.ReadRequest(id=made.id, urn=urn(GATEWAY), properties=made.properties))
    assert read.id == made.id
    assert read.properties == made.properties
    assert dict(read.inputs) == INPUTS

    moved = struct({**INPUTS, "ipAddress": "203.0.113.11", "tags": {"a": "b"}})
    old, request = struct(INPUTS), provider_pb2.DiffRequest
    difference = aws.ask.Diff(request(id=made.id, urn=urn(GATEWAY), olds=made.properties, old_inputs=old, news=moved))
    assert difference.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(difference.replaces) == ["ipAddress"]
    assert difference.detailedDiff["ipAddress"].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE
    assert difference.detailedDiff["tags"].kind == provider_pb2.PropertyDiff.ADD
    tagged = struct({**INPUTS, "tags": {"a": "b"}})
    update = provider_pb2.UpdateRequest(id=made.id, urn=urn(GATEWAY), olds=made.properties, old_inputs=old, news=tagged)
    assert aws.ask.Update(update).properties["tags"]["a"] == "b"

    aws.ask.Delete(provider_pb2.DeleteRequest(id=made.id, urn=urn(GATEWAY), properties=made.properties))
    gone = aws.ask.Read(provider_pb2.ReadRequest(id=made.id, urn=urn(GATEWAY), properties=made.properties))
    assert gone.id == ""
    assert Ledger(aws.ledger).objects() == []


def test_an_import_finds_an_object_by_its_identifier_alone(aws: Started) -> None:
    made = aws.create(GATEWAY, INPUTS)
    read = aws.ask.Read(provider_pb2.ReadRequest(id=made.id, urn=urn(GATEWAY, "imported")))
    assert read.id == made.id
    assert dict(read.inputs) == INPUTS


def test_secrets_are_marked_again_on_every_way_back(aws: Started) -> None:
    inputs = {
        "customerGatewayId": "cgw-1",
        "transitGatewayId": "tgw-1",
        "type": "ipsec.1",
        "tunnel1PresharedKey": hidden("first.secret"),
        "tags": {"note": hidden("second.secret")},
    }
    made = aws.create(CONNECTION, inputs)
    read = aws.ask.Read(
        provider_pb2.ReadRequest(id=made.id, urn=urn(CONNECTION), properties=made.properties, inputs=struct(inputs))
    )
    for outputs in (made.properties, read.properties):
        for name in ("tunnel1PresharedKey", "tunnel2PresharedKey", "customerGatewayConfiguration", "tags"):
            assert outputs[name][SIGNATURE] == SECRET, name
    assert read.inputs["tunnel1PresharedKey"][SIGNATURE] == SECRET
    assert read.inputs["tags"][SIGNATURE] == SECRET


def test_what_is_secret_by_nature_is_marked_without_being_asked(tmp_path: Path) -> None:
    started = Started("random", tmp_path)
    outputs = started.create(PASSWORD, {"length": 20}).properties
    assert outputs["result"][SIGNATURE] == SECRET
    assert len(outputs["result"]["value"]) == 20
    started.stop()


def test_a_question_is_answered_or_refused_in_a_sentence(aws: Started) -> None:
    zones = "aws:index/getAvailabilityZones:getAvailabilityZones"
    answer = aws.ask.Invoke(provider_pb2.InvokeRequest(tok=zones, args=struct({"region": "eu-west-1"})))
    assert list(getattr(answer, "return")["names"]) == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    wrong = aws.ask.Invoke(provider_pb2.InvokeRequest(tok=zones, args=struct({"regoin": "eu-west-1"})))
    assert paths(wrong.failures) == ["regoin"]
    with pytest.raises(grpc.RpcError) as refused:
        aws.ask.Invoke(provider_pb2.InvokeRequest(tok="aws:ec2/getKeyPair:getKeyPair", args=struct({"keyName": "a"})))
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "The rehearsal has no answer for aws:ec2/getKeyPair:getKeyPair" in refused.value.details()


def test_what_nobody_expected_is_one_sentence_and_its_log_quotes_no_value(aws: Started) -> None:
    with pytest.raises(grpc.RpcError) as broken:
        aws.ask.Create(provider_pb2.CreateRequest(urn="no-urn", properties=struct({"x": hidden("geheim")})))
    assert broken.value.code() is grpc.StatusCode.INTERNAL
    log = aws.ledger.with_name("plugin.log")
    assert broken.value.details() == f"The simulated aws broke (IndexError); where in its code is in {log}."
    assert log.stat().st_mode & 0o777 == 0o600
    assert "plugin.py" in log.read_text()
    assert "geheim" not in log.read_text()


def test_a_lost_answer_is_a_broken_connection_and_the_object_is_there(tmp_path: Path) -> None:
    started = Started("aws", tmp_path, faults="- {type: 'aws:*', operation: create, effect: lose-answer}\n")
    with pytest.raises(grpc.RpcError) as lost:
        started.create(GATEWAY, INPUTS)
    assert lost.value.code() is grpc.StatusCode.UNAVAILABLE
    assert [each.type for each in Ledger(started.ledger).objects()] == [GATEWAY]
    started.stop()


@pytest.mark.parametrize("ending", ["cancel", "signal"])
def test_a_hanging_cloud_does_not_keep_the_process(tmp_path: Path, ending: str) -> None:
    started = Started("aws", tmp_path, faults="- {type: 'aws:*', operation: create, effect: hang}\n")
    with ThreadPoolExecutor() as pool:
        hanging = pool.submit(started.create, GATEWAY, INPUTS)
        ledger = Ledger(started.ledger)
        while not ledger.operations():
            assert started.process.poll() is None
        if ending == "cancel":
            started.ask.Cancel(empty_pb2.Empty())
        else:
            started.process.send_signal(signal.SIGTERM)
        with pytest.raises(grpc.RpcError):
            hanging.result(timeout=60)
    assert started.stop() == 0
    assert ledger.objects() == []


def test_warnings_are_shown_through_the_engine_with_their_urn(tmp_path: Path) -> None:
    shown: list[tuple[str, str]] = []

    class Engine(engine_pb2_grpc.EngineServicer):
        def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
            shown.append((request.urn, request.message))
            return empty_pb2.Empty()

    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    engine_pb2_grpc.add_EngineServicer_to_server(Engine(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    started = Started("command", tmp_path, engine=f"127.0.0.1:{port}")
    started.create("command:local:Command", {"create": "true"})
    started.stop()
    server.stop(grace=None)
    assert len(shown) == 1
    assert shown[0][0] == urn("command:local:Command")
    assert "runs nothing" in shown[0][1]


@pytest.mark.parametrize(
    ("arguments", "faults", "told"),
    [
        (["aws"], None, "usage"),
        (["nimbus", "1.0.0"], None, "usage"),
        (["aws", "7.51.1"], "- {type: x}\n", "[0].operation"),
    ],
)
def test_what_it_cannot_start_with_is_told_without_a_traceback(
    tmp_path: Path, arguments: list[str], faults: str | None, told: str
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HYBRIDGE_REHEARSAL_LEDGER": str(tmp_path / "ledger.db")}
    environment.pop("HYBRIDGE_REHEARSAL_FAULTS", None)
    if faults is not None:
        (tmp_path / "faults.yaml").write_text(faults)
        environment["HYBRIDGE_REHEARSAL_FAULTS"] = str(tmp_path / "faults.yaml")
    command = [sys.executable, "-m", "rehearsal.clouds.plugin", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_values_survive_the_wire() -> None:
    values: dict[str, Value] = {
        "text": "a",
        "number": 1.5,
        "flag": False,
        "nothing": None,
        "unknown": UNKNOWN,
        "list": ["a", [], {}, UNKNOWN],
        "map": {"a": {"b": 1.0}},
    }
    assert wire.read(wire.write(values)) == (values, frozenset())
    assert wire.read(wire.write(values, {"text", "map"})) == (values, frozenset({"text", "map"}))
    files, _ = wire.read(wire.write({"a": StringAsset("x"), "b": FileAsset("/y")}))
    assert isinstance(files["a"], StringAsset)
    assert files["a"].text == "x"
    assert isinstance(files["b"], FileAsset)


def test_plugins_are_installed_where_the_engine_looks_also_where_paths_have_spaces(tmp_path: Path) -> None:
    home, root = tmp_path / "a home", tmp_path / "a root"
    root.mkdir()
    (root / "rehearsal").symlink_to(ROOT / "rehearsal")
    launchers = install(home, Path(sys.executable), root)
    assert {launcher.relative_to(home).as_posix() for launcher in launchers} == {
        f"plugins/resource-{package}-v{sdk.version(package)}/pulumi-resource-{package}" for package in sdk.PACKAGES
    }
    before = [(launcher.stat().st_mtime_ns, launcher.stat().st_mode & 0o777) for launcher in launchers]
    assert {mode for _, mode in before} == {0o755}
    install(home, Path(sys.executable), root)
    assert [(launcher.stat().st_mtime_ns, launcher.stat().st_mode & 0o777) for launcher in launchers] == before
    environment = {**os.environ, "HYBRIDGE_REHEARSAL_LEDGER": str(tmp_path / "ledger.db")}
    environment.pop("PYTHONPATH", None)
    process = subprocess.Popen(
        [launchers[0], "127.0.0.1:1"], env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip().isdigit()
    process.terminate()
    process.communicate(timeout=60)
