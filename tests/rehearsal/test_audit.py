"""The audit: whatever exists and is not known, or is known and does not exist, is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.audit import Thing, compare
from rehearsal.state import Deployment, PendingOperation, StateResource

VPC, GATEWAY = "aws:ec2/vpc:Vpc", "aws:ec2/customerGateway:CustomerGateway"


def urn(name: str, type_: str = VPC) -> str:
    return f"urn:pulumi:dev::hybridge::{type_}::{name}"


def thing(name: str, id_: str, type_: str = VPC) -> Thing:
    return Thing(urn(name, type_), type_, id_)


def known(name: str, id_: str, *, type_: str = VPC, doomed: bool = False, external: bool = False) -> StateResource:
    return StateResource(
        urn=urn(name, type_), type=type_, id=id_, custom=True, awaits_deletion=doomed, external=external
    )


def creating(name: str) -> PendingOperation:
    return PendingOperation(type="creating", resource=StateResource(urn=urn(name), type=VPC, custom=True))


def test_what_exists_and_is_known_matches() -> None:
    audit = compare([thing("a", "vpc-1")], Deployment(resources=[known("a", "vpc-1")]))
    assert audit.clean
    assert audit.matched == 1
    assert audit.sentences("dev") == []


def test_an_orphan_is_named_with_its_identifier() -> None:
    audit = compare([thing("a", "vpc-1")], Deployment())
    assert not audit.clean
    [sentence] = audit.sentences("dev")
    assert sentence.startswith(f"Orphan: {VPC} vpc-1 ")
    assert f"`pulumi import {VPC} a vpc-1`" in sentence


def test_a_ghost_is_named() -> None:
    audit = compare([], Deployment(resources=[known("a", "vpc-1")]))
    assert not audit.clean
    assert audit.sentences("dev")[0].startswith(f"Ghost: {urn('a')} is in the state as vpc-1")


def test_the_same_name_under_another_identifier_is_both() -> None:
    audit = compare([thing("a", "vpc-2")], Deployment(resources=[known("a", "vpc-1")]))
    assert [orphan.id for orphan in audit.orphans] == ["vpc-2"]
    assert [ghost.id for ghost in audit.ghosts] == ["vpc-1"]


def test_a_renamed_resource_keeps_its_object() -> None:
    assert compare([thing("old", "vpc-1")], Deployment(resources=[known("new", "vpc-1")])).clean


def test_components_providers_and_what_others_own_need_no_object() -> None:
    resources = [
        StateResource(urn=urn("s", "hybridge:index:AwsSite"), type="hybridge:index:AwsSite"),
        known("aws", "uuid", type_="pulumi:providers:aws"),
        known("theirs", "vpc-9", external=True),
    ]
    assert compare([], Deployment(resources=resources)).clean


def test_what_a_replacement_has_yet_to_delete_is_no_orphan_but_told() -> None:
    state = Deployment(resources=[known("a", "vpc-2"), known("a", "vpc-1", doomed=True)])
    audit = compare([thing("a", "vpc-1"), thing("a", "vpc-2")], state)
    assert audit.clean
    assert audit.sentences("dev")[0].startswith(f"Leftover: {VPC} vpc-1 ")


def test_what_a_replacement_deleted_before_it_was_stopped_is_no_ghost() -> None:
    state = Deployment(resources=[known("a", "vpc-2"), known("a", "vpc-1", doomed=True)])
    assert compare([thing("a", "vpc-2")], state).sentences("dev") == []


def test_a_pending_creation_that_happened_is_named_with_the_command_that_settles_it() -> None:
    audit = compare([thing("a", "vpc-1")], Deployment(pending=[creating("a")]))
    pending, remedy = audit.sentences("dev")
    assert urn("a") in pending
    assert "holds it as vpc-1" in pending
    assert f"`.venv/bin/python -m rehearsal refresh dev --import-pending-creates '{urn('a')}' vpc-1`" in remedy


def test_one_command_settles_all_pending_creations() -> None:
    audit = compare([thing("a", "vpc-1")], Deployment(pending=[creating("a"), creating("b")]))
    first, second, remedy = audit.sentences("dev")
    assert "holds it as vpc-1" in first
    assert "holds nothing of it" in second
    assert f"--import-pending-creates '{urn('a')}' vpc-1 --clear-pending-creates`" in remedy


def test_two_objects_of_one_pending_creation_are_both_named() -> None:
    audit = compare([thing("a", "vpc-1"), thing("a", "vpc-2")], Deployment(pending=[creating("a")]))
    told = "\n".join(audit.sentences("dev"))
    assert "vpc-1" in told
    assert "vpc-2" in told


things = st.builds(thing, st.sampled_from("abc"), st.sampled_from(["x1", "x2"]), st.sampled_from([VPC, GATEWAY]))


@given(st.lists(things), st.lists(things))
def test_every_object_and_every_resource_is_accounted_for(objects: list[Thing], declared: list[Thing]) -> None:
    resources = [StateResource(urn=item.urn, type=item.type, id=item.id, custom=True) for item in declared]
    audit = compare(objects, Deployment(resources=resources))
    assert audit.matched + len(audit.orphans) == len(objects)
    assert audit.matched + len(audit.ghosts) == len(declared)
    assert not {(o.type, o.id) for o in audit.orphans} & {(g.type, g.id) for g in audit.ghosts}
