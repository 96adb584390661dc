"""Faults are read strictly, and each befalls the operation it names and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.clouds.faults import Effect, Fault, FaultsError, Operation, Outage, load


def fault(**members: object) -> Fault:
    return Fault.model_validate({"type": "aws:*", "operation": "create", "effect": "fail", **members})


def test_every_mistake_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(
        "- {type: x, operation: mangle, nth: 0, effect: slow, wrong: 1}\n"
        "- {type: x, operation: read, effect: lose-answer, seconds: 3}\n"
        "- {type: x, operation: create, effect: throttle}\n"
    )
    with pytest.raises(FaultsError) as told:
        load(file)
    lines = str(told.value).splitlines()
    for place in ("[0].operation", "[0].nth", "[0].wrong", "[1]", "[2]"):
        assert any(f"{file}: {place}: " in line for line in lines), place
    assert "`seconds` means nothing to `lose-answer`" in str(told.value)
    assert "`throttle` needs `times`" in str(told.value)


@pytest.mark.parametrize("text", ["a: [", "42", "type: x", "- 2024-99-99", "- " + "9" * 5_000, "[" * 2_000])
def test_what_is_no_list_of_faults_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(text)
    with pytest.raises(FaultsError, match=r"faults\.yaml"):
        load(file)


def test_tunnels_can_be_down(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("- down: [dc1-aws-edge-a-1, dc1-aws-edge-b-2]\n- {type: x, operation: create, effect: fail}\n")
    outage, other = load(file)
    assert outage == Outage(down=("dc1-aws-edge-a-1", "dc1-aws-edge-b-2"))
    assert isinstance(other, Fault)


@pytest.mark.parametrize(
    ("text", "place"), [("down: []", "[0].down"), ("down: x", "[0].down"), ("{down: [x], nth: 1}", "[0].nth")]
)
def test_a_wrong_outage_is_told_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(f"- {text}\n")
    with pytest.raises(FaultsError) as told:
        load(file)
    assert str(told.value).startswith(f"{file}: {place}: ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FaultsError, match="cannot be read"):
        load(tmp_path / "none.yaml")


def test_an_empty_file_plans_nothing(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("# no faults today\n")
    assert load(file) == ()


def test_a_fault_befalls_the_nth_operation_of_all_types_its_glob_fits() -> None:
    second = fault(nth=2)
    assert not second.befalls("aws:ec2/vpc:Vpc", Operation.CREATE, {"aws:ec2/vpc:Vpc": 1})
    assert second.befalls("aws:ec2/vpc:Vpc", Operation.CREATE, {"aws:ec2/vpc:Vpc": 1, "aws:ec2/subnet:Subnet": 1})
    assert not second.befalls("aws:ec2/vpc:Vpc", Operation.DELETE, {"aws:ec2/vpc:Vpc": 2})
    assert not second.befalls("tls:index/privateKey:PrivateKey", Operation.CREATE, {"aws:ec2/vpc:Vpc": 2})
    assert not second.befalls("aws:ec2/vpc:Vpc", Operation.CREATE, {"aws:ec2/vpc:Vpc": 3})


def test_every_effect_can_be_planned(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    extra = {"slow": ", seconds: 1", "throttle": ", times: 2"}
    file.write_text(
        "".join(
            f"- {{type: x, operation: create, effect: {each.value}{extra.get(each.value, '')}}}\n" for each in Effect
        )
    )
    assert [each.effect for each in load(file) if isinstance(each, Fault)] == list(Effect)
