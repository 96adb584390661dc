"""Stack files that were broken anyhow end in a plan or in sentences: never in a traceback, never in a resource."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hybridge.__main__ import main
from hybridge.diagram import diagram
from hybridge.planning import AddressBook, AddressNeeds, address_needs, plan_reading, stack_problems
from hybridge.report import report
from hybridge.topology import Problem, ProblemsFound, Severity, read_soundly
from hybridge.yamlfile import UnreadableFileError, mapping_text, members, read_mapping
from rehearsal.errors import RehearsalError
from rehearsal.stackfile import read_stack_file
from tests.conftest import ROOT

EXAMPLES = int(os.environ.get("HYBRIDGE_MUTATIONS", "800"))
"""Mutated topologies of each stack, and eight times as many as mutated files, which take longer to read."""

TEXTS = {
    path.name.split(".")[1]: path.read_text(encoding="utf-8")
    for path in (
        ROOT / "stacks" / "Pulumi.minimal.yaml",
        ROOT / "stacks" / "Pulumi.reference.yaml",
        Path(__file__).parent / "stacks" / "Pulumi.varied.yaml",
    )
}
STACKS = {name: yaml.safe_load(text)["config"]["hybridge:topology"] for name, text in TEXTS.items()}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["", "0", "١٠Gbps", "10.0.0.0/8", "0.0.0.0/0", "1e9", "edge-a", "aws-east", "\u202edc1", "9" * 400]
    ),
    st.sampled_from(
        ["10.100.0.0/16", "172.20.0.0/28", "198.51.100.5", "fd00::/8", "1Kbps", "999Tbps", "1ms", "9d", -1]
    ),
    st.sampled_from(["10.200.0.0/31", "10.0.0.0/32", "128.0.0.0/1", "dc9", "dc1", "aws-west", "branch-wg", "root"]),
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


def check(problems: Iterable[Problem]) -> None:
    told = list(problems)
    for problem in told:
        assert problem.path
        assert problem.sentence.endswith("."), problem
        assert problem.remedy.endswith((".", "?")), problem
    assert len(set(told)) == len(told), "a problem is told once"


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_mutated_is_a_plan(stack: str) -> None:
    assert all(problem.severity is Severity.WARNING for problem in found_in(STACKS[stack]))


@pytest.mark.parametrize("stack", STACKS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_mutated_topology_is_a_plan_or_sentences(stack: str, data: st.DataObject) -> None:
    declared = copy.deepcopy(STACKS[stack])
    for _ in range(data.draw(st.integers(1, 3))):
        if places(declared):
            mutate(data, declared)
    check(found_in(declared))


WORDS = [
    *("2024-01-01", "2024-99-99", "00:00:00", "9" * 5_000, "0x" + "f" * 5_000, "1e999", ".nan", "-.inf", "0o17", "1e"),
    *("~", "true", "5", "<<", "=", "[a]", "{a: b}", "? [a]", "-", "- ", ":", "#", "|", ">-", "%YAML 9.9", "---", "..."),
    *(
        "&x",
        "*x",
        "&x [*x]",
        "*nobody",
        "<<: *datacentre",
        "!odd",
        "!!int",
        "!!bool",
        "!!timestamp",
        "!!binary",
        "!!set",
    ),
    *("!!omap", "!!python/object:os.system", "!e!x", "! ", "'", '"', '"\\q"', '"\\0"', '"\\ud800"', '"\\UFFFFFFFF"'),
    *(
        "\t",
        "\0",
        "\x0c",
        "\x85",
        "\u2028",
        "\ufeff",
        "\u202e",
        "١٠",
        "é",
        "🌐",
        "[" * 400,
        "{" * 400,
        "- " * 150,
        "\r",
    ),
]
"""What YAML takes for something else than text, or for nothing."""
_TOKEN = re.compile(r"[\w./@+-]+|\s+|.")


def mutate_text(data: st.DataObject, text: str) -> bytes:
    """Put something odd into a file, or take, double or move a part of it; the last step may leave half a character."""
    tokens = _TOKEN.findall(text)
    at = data.draw(st.integers(0, len(tokens) - 1))
    odd = st.one_of(st.sampled_from(WORDS), st.text(max_size=8))
    match data.draw(st.sampled_from(["replace", "insert", "drop", "double", "indent", "key", "line", "bytes"])):
        case "replace":
            tokens[at] = data.draw(odd)
        case "insert":
            tokens.insert(at, data.draw(odd) + data.draw(st.sampled_from(["", " "])))
        case "drop":
            del tokens[at : at + data.draw(st.integers(1, 4))]
        case "double":
            tokens[at:at] = tokens[at : at + data.draw(st.integers(1, 12))]
        case "indent":
            breaks = [index for index, token in enumerate(tokens) if "\n" in token]
            tokens[data.draw(st.sampled_from(breaks))] = "\n" + data.draw(st.sampled_from(["", " ", "\t", " " * 7]))
        case "key":
            keys = [index for index, token in enumerate(tokens[:-1]) if tokens[index + 1] == ":"]
            tokens[data.draw(st.sampled_from(keys))] = data.draw(odd)
        case "line":
            lines = text.splitlines(keepends=True)
            line = data.draw(st.sampled_from(lines))
            lines.insert(data.draw(st.integers(0, len(lines))), line)
            tokens = lines
        case _:
            odd_byte = data.draw(st.sampled_from([b"\xff", b"\xc3", b"\x00", b"\xed\xa0\x80"]))
            return "".join(tokens[:at]).encode("utf-8", "surrogatepass") + odd_byte + "".join(tokens[at:]).encode()
    return "".join(tokens).encode("utf-8", "surrogatepass")


@contextlib.contextmanager
def called(*arguments: str) -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """What a command says on its two outputs, called in this process."""
    before, out, err = sys.argv, io.StringIO(), io.StringIO()
    sys.argv = ["hybridge", *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield out, err
    finally:
        sys.argv = before


@pytest.mark.parametrize("stack", STACKS)
@settings(
    max_examples=EXAMPLES // 8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_mutated_file_is_a_plan_or_sentences(tmp_path: Path, stack: str, data: st.DataObject) -> None:
    """`make plan`, and what a rehearsal checks before its engine starts."""
    file = tmp_path / "Pulumi.x.yaml"
    file.write_bytes(mutate_text(data, TEXTS[stack]))
    (tmp_path / "addresses.x.yaml").unlink(missing_ok=True)
    with called("plan", "x", "--stacks", str(tmp_path)) as (out, err):
        code = main()
    assert (code, bool(out.getvalue()), bool(err.getvalue())) in {(0, True, False), (1, False, True)}
    assert all(line.rstrip().endswith((".", "?")) for line in err.getvalue().split("\n") if line.startswith("  "))
    with contextlib.suppress(UnreadableFileError, RehearsalError):
        rehearsed = read_stack_file(file)
        check(rehearsed.problems)
        topology = members(rehearsed.document, "config").get("hybridge:topology")
        check(stack_problems(topology, tmp_path / "addresses.x.yaml", "x"))
        file.write_text(mapping_text(rehearsed.document), encoding="utf-8")
        read_mapping(file)
