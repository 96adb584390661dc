"""The ledger is the world: what was made is in it, for its owner alone, across processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pulumi import AssetArchive, StringAsset

from rehearsal.clouds.ledger import AlreadyExistsError, Draft, Ledger, LedgerError, LedgerObject, Making
from rehearsal.clouds.values import UNKNOWN, Value

VPC = "aws:ec2/vpc:Vpc"
URN = f"urn:pulumi:dev::estate::{VPC}::vpc"


def make(ledger: Ledger, id_: str = "vpc-1", urn: str = URN, **inputs: Value) -> LedgerObject:
    return ledger.create(
        Draft(urn, VPC, "aws", "provider", inputs), lambda generation: Making(f"{id_}-{generation}", {**inputs})
    )


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    Ledger(tmp_path / "ledger.db")
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_what_was_made_is_found_by_another_process_before_anything_is_closed(tmp_path: Path) -> None:
    make(Ledger(tmp_path / "ledger.db"), cidrBlock="10.0.0.0/16")
    program = (
        "import sys; from pathlib import Path; from rehearsal.clouds.ledger import Ledger;"
        " print(Ledger(Path(sys.argv[1])).objects())"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "ledger.db")], capture_output=True, text=True, check=True
    )
    assert "10.0.0.0/16" in shown.stdout


def test_each_creation_under_a_urn_is_the_next_generation_also_after_a_loss() -> None:
    ledger = Ledger()
    first = make(ledger)
    ledger.delete(first)
    second, third = make(ledger), make(ledger)
    assert [first.generation, second.generation, third.generation] == [0, 1, 2]
    assert [each.id for each in ledger.objects()] == ["vpc-1-1", "vpc-1-2"]


def test_a_second_object_of_the_same_name_is_refused_and_leaves_nothing() -> None:
    ledger = Ledger()
    make(ledger)
    with pytest.raises(AlreadyExistsError, match="exists already"):
        make(ledger, urn=URN + "-other")
    assert len(ledger.objects()) == 1


def test_an_object_is_found_by_identifier_under_another_urn_only_where_that_is_clear() -> None:
    ledger = Ledger()
    made = make(ledger)
    assert ledger.find(urn="urn:renamed", type_=VPC, id_=made.id) == made
    assert ledger.find(urn=URN, type_="aws:ec2/subnet:Subnet", id_=made.id) is None
    ledger.create(Draft("urn:twin", VPC, "aws", "another provider", {}), lambda _: Making(made.id, {}))
    assert ledger.find(urn="urn:renamed", type_=VPC, id_=made.id) is None
    assert ledger.find(urn=URN, type_=VPC, id_=made.id) == made


def test_values_come_back_as_they_went_in() -> None:
    ledger = Ledger()
    values: dict[str, Value] = {"a": [1, 2.5, True, None, {"b": "é"}], "f": AssetArchive({"x": StringAsset("text")})}
    make(ledger, **values)
    (found,) = ledger.objects()
    assert found.inputs["a"] == values["a"]
    archive = found.inputs["f"]
    assert isinstance(archive, AssetArchive)
    inside = archive.assets["x"]
    assert isinstance(inside, StringAsset)
    assert inside.text == "text"


def test_what_is_not_known_yet_cannot_exist() -> None:
    ledger = Ledger()
    with pytest.raises(LedgerError, match="not known yet"):
        make(ledger, cidrBlock=UNKNOWN)
    assert ledger.objects() == []


def test_operations_are_counted_by_run_type_and_kind() -> None:
    ledger = Ledger()
    for run in ("one", "one", "two"):
        ledger.end(ledger.begin(run=run, type_=VPC, urn=URN, operation="create"), "done")
    ledger.begin(run="two", type_=VPC, urn=URN, operation="delete")
    assert [(each.run, each.n, each.operation, each.outcome) for each in ledger.operations()] == [
        ("one", 1, "create", "done"),
        ("one", 2, "create", "done"),
        ("two", 1, "create", "done"),
        ("two", 1, "delete", "begun"),
    ]


def test_a_deleted_object_leaves_no_key_behind_and_its_generation_stays_used(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = Ledger(path)
    made = make(ledger, key="FirstKeyOfAll")
    ledger.update(made, {"key": "SecondKey"}, {"key": "SecondKey"})
    ledger.delete(made)
    again = make(ledger)
    ledger.close()
    assert again.generation == 1
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.db"]
    for key in (b"FirstKeyOfAll", b"SecondKey"):
        assert key not in path.read_bytes()


def test_only_the_operations_of_the_latest_runs_are_kept() -> None:
    ledger = Ledger()
    for run in range(30):
        for _ in range(2):
            ledger.begin(run=str(run), type_=VPC, urn=URN, operation="create")
    assert [(each.run, each.n) for each in ledger.operations()] == [
        (str(run), n) for run in range(10, 30) for n in (1, 2)
    ]
