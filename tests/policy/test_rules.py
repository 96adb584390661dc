"""Each rule in Rego judges the samples beside it as they say, by the evaluator that Gatekeeper embeds."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from opa import Opa
from rego import RULES, RULES_ABOUT_PODS

from engine import opa

TEXTS = sorted(RULES.rglob("*.rego"))
SAMPLES = {
    path.name.removesuffix(".samples.yaml"): yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in RULES.glob("*.samples.yaml")
}


@pytest.fixture(scope="module")
def judge(opa_program: opa.Opa) -> Iterator[Opa]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(opa_program.bin), prepend=":")
        judge = Opa(TEXTS)
        yield judge
        judge.close()


@pytest.mark.parametrize(
    ("rule", "sample"),
    [pytest.param(rule, one, id=f"{rule}: {one['name']}") for rule in SAMPLES for one in SAMPLES[rule]["samples"]],
)
def test_a_sample_is_judged_as_it_says(judge: Opa, rule: str, sample: dict[str, Any]) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sample"}, "spec": sample["spec"]}
    parameters = sample.get("parameters", SAMPLES[rule]["parameters"])
    assert judge.violations(rule, {"object": pod}, parameters) == sample["violations"]


def test_every_rule_is_a_policy_and_has_samples_on_both_sides() -> None:
    assert {path.stem for path in RULES.glob("*.rego")} == {rule.package for rule in RULES_ABOUT_PODS} == set(SAMPLES)
    for of_rule in SAMPLES.values():
        assert {bool(sample["violations"]) for sample in of_rule["samples"]} == {True, False}


def test_what_opa_cannot_judge_is_said_and_not_let_through(judge: Opa) -> None:
    pod = {"spec": {"containers": [{"name": "web", "image": 5}]}}
    (sentence,) = judge.violations("allowed_registries", {"object": pod}, {"registries": ["registry.k8s.io"]})
    assert sentence.startswith("The rule allowed_registries cannot judge this object: regex.replace")
    (sentence,) = judge.violations("no_such_rule", {"object": pod}, {})
    assert sentence == "The rule no_such_rule cannot judge this object: no such rule."


@pytest.mark.parametrize("command", [["check", "--strict"], ["fmt", "--fail", "--diff"]])
def test_opa_has_nothing_to_say_about_the_text(opa_program: opa.Opa, command: list[str]) -> None:
    done = subprocess.run([opa_program.path, *command, *TEXTS], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.stem)
def test_gatekeeper_takes_the_text_as_it_is(text: Path) -> None:
    lines = text.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if line.startswith("import") and not line.startswith("import data.lib.")]
    package = next(line.removeprefix("package ") for line in lines if line.startswith("package "))
    assert package == (f"lib.{text.stem}" if text.parent.name == "lib" else f"hybridge.{text.stem}")
