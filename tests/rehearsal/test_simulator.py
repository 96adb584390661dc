"""The core of the simulated clouds: objects come, change and go as they do in real clouds."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from rehearsal.clouds import faults
from rehearsal.clouds.faults import Fault
from rehearsal.clouds.ledger import Ledger
from rehearsal.clouds.performing import AnswerLostError, CloudError
from rehearsal.clouds.simulator import Simulator
from rehearsal.clouds.values import UNKNOWN, Value

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_")  # of the SDKs' own modules

VPC = "aws:ec2/vpc:Vpc"
CONNECTION = "aws:ec2/vpnConnection:VpnConnection"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
INSTANCE = "aws:ec2/instance:Instance"
COMMAND = "command:local:Command"
ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"


def urn(token: str, name: str = "it") -> str:
    return f"urn:pulumi:dev::estate::{token}::{name}"


def simulator(*planned: Fault, region: str = "eu-west-1") -> Simulator:
    return Simulator(Ledger(), planned, run="test", configuration={"region": region})


def fault(effect: str, operation: str = "create", **members: object) -> Fault:
    return Fault.model_validate({"type": "aws:*", "operation": operation, "effect": effect, **members})


INPUTS: dict[str, Value] = {"cidrBlock": "172.20.0.0/16", "tags": {"Name": "one"}}


def test_an_object_exists_from_its_creation_to_its_deletion() -> None:
    clouds = simulator()
    made = clouds.create(VPC, urn(VPC), INPUTS)
    assert made.id.startswith("vpc-")
    assert made.outputs["cidrBlock"] == "172.20.0.0/16"
    assert clouds.read(VPC, urn(VPC), made.id) == made
    clouds.delete(VPC, urn(VPC), made.id)
    assert clouds.read(VPC, urn(VPC), made.id) is None
    assert clouds.ledger.objects() == []
    clouds.delete(VPC, urn(VPC), made.id)


def test_the_same_declaration_gets_the_same_answers_in_another_world() -> None:
    assert simulator().create(VPC, urn(VPC), INPUTS) == simulator().create(VPC, urn(VPC), INPUTS)


def test_a_replacement_has_another_identifier() -> None:
    clouds = simulator()
    assert clouds.create(VPC, urn(VPC), INPUTS).id != clouds.create(VPC, urn(VPC), INPUTS).id


def test_an_update_keeps_the_identifier_and_what_the_change_does_not_touch() -> None:
    clouds = simulator()
    before = clouds.create(VPC, urn(VPC), INPUTS)
    inputs: dict[str, Value] = {**INPUTS, "tags": {"Name": "two"}}
    foreseen = clouds.preview_update(VPC, urn(VPC), before.id, before.outputs, inputs)
    after = clouds.update(VPC, urn(VPC), before.id, inputs)
    assert after.id == before.id
    assert after.outputs["tags"] == {"Name": "two"}
    assert after.outputs["arn"] == before.outputs["arn"] == foreseen.outputs["arn"]
    assert {name for name, value in foreseen.outputs.items() if value is UNKNOWN} <= {"tagsAll"}
    for name, value in foreseen.outputs.items():
        assert value is UNKNOWN or value == after.outputs[name], name


def test_what_is_gone_cannot_be_updated_and_a_person_is_told_what_to_do() -> None:
    with pytest.raises(CloudError, match="Refresh the stack"):
        simulator().update(VPC, urn(VPC), "vpc-gone", INPUTS)


def test_a_preview_makes_nothing_and_knows_only_the_inputs() -> None:
    clouds = simulator()
    foreseen = clouds.preview_create(VPC, INPUTS)
    assert foreseen.id == ""
    assert foreseen.outputs["arn"] is UNKNOWN
    assert foreseen.outputs["cidrBlock"] == "172.20.0.0/16"
    assert clouds.ledger.objects() == []
    assert clouds.ledger.operations() == []


def test_secret_outputs_are_known_as_such() -> None:
    assert {"tunnel1PresharedKey", "customerGatewayConfiguration"} <= simulator().preview_create(CONNECTION, {}).secrets


def test_a_copy_of_a_secret_is_as_secret() -> None:
    made = simulator().create(VPC, urn(VPC), {**INPUTS, "tags": {"Name": "geheim"}})
    assert made.secret_outputs({"tags"}) == {"tags", "tagsAll"}


def test_two_objects_of_one_name_collide_in_a_cluster_and_not_across_two() -> None:
    clouds = simulator()
    inputs: dict[str, Value] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}}
    clouds.create(CONFIG_MAP, urn(CONFIG_MAP), inputs)
    with pytest.raises(CloudError, match="exists already"):
        clouds.create(CONFIG_MAP, urn(CONFIG_MAP, "other"), inputs)
    clouds.configure({}, "another cluster")
    clouds.create(CONFIG_MAP, urn(CONFIG_MAP, "other"), inputs)
    assert len(clouds.ledger.objects()) == 2


def test_a_command_is_recorded_and_never_run(tmp_path: Path) -> None:
    clouds = simulator()
    made = clouds.create(COMMAND, urn(COMMAND), {"create": f"touch {tmp_path}/ran"})
    assert made.outputs["stdout"] == ""
    assert "runs nothing" in made.warnings[0]
    assert list(tmp_path.iterdir()) == []
    assert clouds.ledger.objects()[0].type == COMMAND


def test_a_resource_that_the_sdk_does_not_know_is_named() -> None:
    with pytest.raises(CloudError, match="knows no resource aws:ec2/vpc:Vcp"):
        simulator().check("aws:ec2/vpc:Vcp", {})


def test_a_change_without_a_rule_fails_loudly() -> None:
    with pytest.raises(CloudError, match=r"replacements\.yaml"):
        simulator().diff("gcp:compute/network:Network", {"mtu": 1}, {"mtu": 2}, {})


def test_an_object_stays_in_its_region_when_its_provider_moves() -> None:
    clouds = simulator(region="eu-west-1")
    made = clouds.create(VPC, urn(VPC), INPUTS)
    clouds.configure({"region": "us-east-1"}, "")
    assert clouds.diff(VPC, INPUTS, INPUTS, made.outputs).changes == ()
    updated = clouds.update(VPC, urn(VPC), made.id, {**INPUTS, "tags": {"Name": "two"}})
    assert updated.outputs["region"] == "eu-west-1"
    assert updated.outputs["arn"] == made.outputs["arn"]


def test_bad_inputs_of_tls_and_random_fail_check() -> None:
    found = simulator().check("tls:index/privateKey:PrivateKey", {"algorithm": "X25519"})
    assert [each.path for each in found.failures] == ["algorithm"]
    found = simulator().check("random:index/randomPassword:RandomPassword", {"length": 2.0, "minUpper": 3.0})
    assert [each.path for each in found.failures] == ["length"]


def test_a_certificate_past_its_time_is_replaced() -> None:
    inputs: dict[str, Value] = {"validityPeriodHours": 1.0}
    outputs: dict[str, Value] = {"validityEndTime": "2020-01-01T00:00:00Z"}
    assert simulator().diff("tls:index/selfSignedCert:SelfSignedCert", inputs, inputs, outputs).replaces


def test_the_check_of_addresses_comes_back_to_an_instances_own_interface_unless_it_is_left_alone() -> None:
    clouds = simulator(region="us-east-1")
    interface = clouds.create(INTERFACE, urn(INTERFACE), {"subnetId": "subnet-1", "sourceDestCheck": False})
    inputs: dict[str, Value] = {"primaryNetworkInterface": {"networkInterfaceId": interface.id}}
    made = clouds.create(INSTANCE, urn(INSTANCE), inputs)
    assert made.outputs["sourceDestCheck"] is False
    (change,) = clouds.diff(INSTANCE, inputs, inputs, made.outputs).changes
    assert (change.path, change.replaces) == ("sourceDestCheck", False)
    assert clouds.diff(INSTANCE, inputs, inputs, made.outputs, ["sourceDestCheck"]).changes == ()


def test_zones_are_those_of_the_region_that_is_asked() -> None:
    _, answer = simulator(region="us-east-1").invoke(ZONES, {"state": "available"})
    assert answer["names"] == [f"us-east-1{letter}" for letter in "abcdef"]
    _, answer = simulator().invoke(ZONES, {"region": "eu-central-2", "excludeNames": ["eu-central-2b"]})
    assert answer["zoneIds"] == ["euc2-az1", "euc2-az3"]


def test_a_question_about_what_is_not_known_yet_has_no_answer_yet() -> None:
    _, answer = simulator().invoke(ZONES, {"region": UNKNOWN})
    assert answer["names"] is UNKNOWN


@pytest.mark.parametrize(
    ("token", "arguments", "told"),
    [
        ("aws:ec2/getVpc:getVpc", {}, "has no answer for aws:ec2/getVpc:getVpc"),
        (ZONES, {"allAvailabilityZones": True}, "does not know what `allAvailabilityZones` means"),
        (ZONES, {"region": "mars-1"}, "knows nothing of the AWS region `mars-1`"),
    ],
)
def test_what_is_not_modelled_fails_loudly(token: str, arguments: dict[str, Value], told: str) -> None:
    with pytest.raises(CloudError, match=told):
        simulator().invoke(token, arguments)


def test_the_account_is_the_one_of_the_documentation() -> None:
    _, answer = simulator().invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert answer["accountId"] == "123456789012"


def test_a_refusal_leaves_nothing_behind_and_befalls_only_the_nth() -> None:
    clouds = simulator(fault("fail", nth=2, message="VpcLimitExceeded: no more of them."))
    clouds.create(VPC, urn(VPC), INPUTS)
    with pytest.raises(CloudError, match="VpcLimitExceeded"):
        clouds.create(VPC, urn(VPC, "second"), INPUTS)
    clouds.create(VPC, urn(VPC, "third"), INPUTS)
    assert [each.urn for each in clouds.ledger.objects()] == [urn(VPC), urn(VPC, "third")]
    assert [each.outcome for each in clouds.ledger.operations()] == ["done", "refused", "done"]


def test_throttling_is_met_with_patience_until_that_ends() -> None:
    assert simulator(fault("throttle", times=2)).create(VPC, urn(VPC), INPUTS).id
    hopeless = simulator(fault("throttle", times=99))
    with pytest.raises(CloudError, match="Rate exceeded"):
        hopeless.create(VPC, urn(VPC), INPUTS)
    assert hopeless.ledger.objects() == []


def test_a_slow_answer_comes_and_a_lost_one_leaves_the_object() -> None:
    assert simulator(fault("slow", seconds=0.01)).create(VPC, urn(VPC), INPUTS).id
    clouds = simulator(fault("lose-answer"))
    with pytest.raises(AnswerLostError, match="connection broke"):
        clouds.create(VPC, urn(VPC), INPUTS)
    assert [each.type for each in clouds.ledger.objects()] == [VPC]


def test_a_hanging_operation_ends_when_it_is_cancelled_and_did_nothing() -> None:
    clouds = simulator(fault("hang"))
    ended: list[str] = []

    def create() -> None:
        try:
            clouds.create(VPC, urn(VPC), INPUTS)
        except CloudError as error:
            ended.append(str(error))

    waiting = threading.Thread(target=create)
    waiting.start()
    assert [each.outcome for each in _eventually(clouds)] == ["begun"]
    clouds.cancel()
    waiting.join(timeout=60)
    assert "did not answer" in ended[0]
    assert clouds.ledger.objects() == []


def _eventually(clouds: Simulator) -> list[object]:
    while not clouds.ledger.operations():
        threading.Event().wait(0.01)
    return list(clouds.ledger.operations())


def test_faults_are_counted_over_all_plugins_of_a_run() -> None:
    ledger = Ledger()
    planned = (fault("fail", nth=2),)
    Simulator(ledger, planned, run="one").create(VPC, urn(VPC), INPUTS)
    with pytest.raises(CloudError):
        Simulator(ledger, planned, run="one").create(VPC, urn(VPC, "b"), INPUTS)
    Simulator(ledger, planned, run="two").create(VPC, urn(VPC, "c"), INPUTS)


def test_faults_come_from_the_file_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(faults.VARIABLE, raising=False)
    assert faults.planned() == ()
    file = tmp_path / "faults.yaml"
    file.write_text("- {type: 'aws:*', operation: create, effect: fail}\n")
    monkeypatch.setenv(faults.VARIABLE, str(file))
    assert len(faults.planned()) == 1


def test_threads_that_ask_for_a_module_at_once_all_get_it() -> None:
    clouds = simulator()
    broken: list[BaseException] = []

    def ask(number: int) -> None:
        try:
            clouds.create("aws:sns/topic:Topic", urn("aws:sns/topic:Topic", str(number)), {})
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test shows it
            broken.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert len(clouds.ledger.objects()) == 8
