"""Stack files that were broken anyhow end in a plan or in sentences: never in a traceback, never in a resource."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hybridge.diagram import diagram
from hybridge.planning import AddressBook, AddressNeeds, address_needs, plan_reading
from hybridge.report import report
from hybridge.topology import Problem, ProblemsFound, read_soundly
from tests.conftest import ROOT

STACKS = {
    name: yaml.safe_load((ROOT / "stacks" / f"Pulumi.{name}.yaml").read_text(encoding="utf-8"))["config"][
        "hybridge:topology"
    ]
    for name in ("minimal", "reference")
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=12),
    st.sampled_from(
        ["", "0", "١٠Gbps", "10.0.0.0/8", "0.0.0.0/0", "1e9", "edge-a", "aws-east", "\u202edc1", "9" * 400]
    ),
    st.sampled_from(
        ["10.100.0.0/16", "172.20.0.0/28", "198.51.100.5", "fd00::/8", "1Kbps", "999Tbps", "1ms", "9d", -1]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


def places(value: object, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List every place in a nested value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([way] if way else []), *(place for step, item in inner for place in places(item, (*way, step)))]


def at(declared: Any, way: tuple[str | int, ...]) -> Any:
    for step in way:
        declared = declared[step]
    return declared


def mutate(data: st.DataObject, declared: Any) -> None:
    """Drop, rename, retype, duplicate or swap something, anywhere, or put there what stands somewhere else."""
    everywhere = places(declared)
    *way, last = data.draw(st.sampled_from(everywhere))
    inside = at(declared, tuple(way))
    match data.draw(st.sampled_from(["drop", "rename", "retype", "duplicate", "swap", "borrow"])), inside:
        case "drop", _:
            del inside[last]
        case "rename", dict():
            inside[data.draw(st.text(max_size=45))] = inside.pop(last)
        case "duplicate", list():
            inside.append(copy.deepcopy(inside[last]))
        case "duplicate", dict():
            inside[data.draw(st.sampled_from(["dc2", "x", "edge-a", "clusters"]))] = copy.deepcopy(inside[last])
        case "swap", _:
            other = data.draw(st.sampled_from(list(inside) if isinstance(inside, dict) else range(len(inside))))
            inside[last], inside[other] = inside[other], inside[last]
        case "borrow", _:
            inside[last] = copy.deepcopy(at(declared, data.draw(st.sampled_from(everywhere))))
        case _:
            inside[last] = data.draw(ODD)


def found_in(declared: object) -> tuple[Problem, ...]:
    """Read and plan as far as it goes, and have the report and the picture made where there is a plan."""
    reading = read_soundly(json.dumps(declared))
    needs = address_needs(reading.topology) if reading.topology else AddressNeeds()
    try:
        plan = plan_reading(reading, AddressBook("addresses.x.yaml").completed(needs), "x")
    except ProblemsFound as found:
        return found.problems
    assert json.loads(json.dumps(report(plan)))["stack"] == "x"
    assert diagram(plan).startswith("flowchart LR\n")
    return tuple(plan.warnings)


@pytest.mark.parametrize("stack", STACKS)
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_mutated_topology_is_a_plan_or_sentences(stack: str, data: st.DataObject) -> None:
    declared = copy.deepcopy(STACKS[stack])
    for _ in range(data.draw(st.integers(1, 3))):
        if places(declared):
            mutate(data, declared)
    problems = found_in(declared)
    for problem in problems:
        assert problem.path
        assert problem.sentence.endswith("."), problem
        assert problem.remedy.endswith((".", "?")), problem
    assert len(set(problems)) == len(problems), "a problem is told once"
