"""Kubernetes objects are refused for what is known of them, and for nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_policy import ResourceValidationPolicy
from rego import rego_policies

from tests.policy.conftest import UNKNOWN, judge, secret

DEPLOYMENT = "kubernetes:apps/v1:Deployment"

pytestmark = pytest.mark.usefixtures("opa_on_path")


@pytest.fixture(scope="module")
def policies() -> dict[str, ResourceValidationPolicy]:
    return {policy.name: policy for policy in rego_policies()}


def deployment(*containers: object, namespace: object = "shop", **spec: object) -> dict[str, Any]:
    template = {"spec": {"containers": list(containers), **spec}}
    return {"metadata": {"name": "web", "namespace": namespace}, "spec": {"template": template}}


STRANGE = {"name": "web", "image": "ghcr.io/web"}
PRIVILEGED = {"name": "web", "image": "ghcr.io/web", "securityContext": {"privileged": True}}
UNLIMITED = {"name": "web", "image": "ghcr.io/web", "resources": {"limits": {"cpu": "1"}}}
REFUSED = [("allowed-registries", STRANGE), ("no-privileged-containers", PRIVILEGED), ("required-limits", UNLIMITED)]


@pytest.mark.parametrize(("policy", "container"), REFUSED)
class TestWhatIsRefused:
    def test_it_is_told_in_one_sentence(
        self, policies: dict[str, ResourceValidationPolicy], policy: str, container: dict[str, Any]
    ) -> None:
        (sentence,) = judge(policies[policy], DEPLOYMENT, deployment(container))
        assert sentence.startswith("Container `web` ")

    def test_a_secret_is_no_hiding_place(
        self, policies: dict[str, ResourceValidationPolicy], policy: str, container: dict[str, Any]
    ) -> None:
        hidden = {name: secret(value) for name, value in container.items()}
        assert len(judge(policies[policy], DEPLOYMENT, deployment(secret(hidden)))) == 1

    def test_something_unknown_beside_it_is_no_excuse(
        self, policies: dict[str, ResourceValidationPolicy], policy: str, container: dict[str, Any]
    ) -> None:
        beside = deployment({**container, "env": UNKNOWN}, UNKNOWN, nodeName=UNKNOWN, initContainers=UNKNOWN)
        assert len(judge(policies[policy], DEPLOYMENT, beside)) == 1

    def test_it_is_let_through_in_an_exempt_namespace(
        self, policies: dict[str, ResourceValidationPolicy], policy: str, container: dict[str, Any]
    ) -> None:
        made = deployment(container, namespace="team-a")
        for exempt in (["team-a"], ["team-*"], ["kube-system", "*-a"]):
            assert judge(policies[policy], DEPLOYMENT, made, exemptNamespaces=exempt) == []
        assert len(judge(policies[policy], DEPLOYMENT, made, exemptNamespaces=["team", "default"])) == 1

    def test_its_image_may_be_exempt(
        self, policies: dict[str, ResourceValidationPolicy], policy: str, container: dict[str, Any]
    ) -> None:
        assert judge(policies[policy], DEPLOYMENT, deployment(container), exemptImages=["ghcr.io"]) == []


@pytest.mark.parametrize(
    ("policy", "container"),
    [
        ("allowed-registries", {"name": "web", "image": UNKNOWN}),
        ("allowed-registries", {"name": "web", "image": secret(UNKNOWN)}),
        ("no-privileged-containers", {"securityContext": {"privileged": UNKNOWN}}),
        ("no-privileged-containers", {"securityContext": UNKNOWN}),
        ("required-limits", {"resources": {"limits": {"cpu": UNKNOWN, "memory": "1Gi"}}}),
        ("required-limits", {"resources": {"limits": UNKNOWN}}),
        ("required-limits", {"resources": UNKNOWN}),
        *((policy, UNKNOWN) for policy, _ in REFUSED),
    ],
)
def test_what_is_not_known_yet_is_not_refused(
    policies: dict[str, ResourceValidationPolicy], policy: str, container: Any
) -> None:
    assert judge(policies[policy], DEPLOYMENT, deployment(container)) == []


def test_a_limit_that_is_missing_is_missing_whatever_the_other_will_be(
    policies: dict[str, ResourceValidationPolicy],
) -> None:
    container = {"name": "web", "resources": {"limits": {"cpu": UNKNOWN}}}
    found = judge(policies["required-limits"], DEPLOYMENT, deployment(container))
    assert found == ["Container `web` has no limit of memory. Set `resources.limits.memory`."]


def test_a_volume_may_hold_an_image_that_is_not_known_yet(policies: dict[str, ResourceValidationPolicy]) -> None:
    volumes = [{"name": "model", "image": {"reference": UNKNOWN}}, {"name": "old", "image": {"reference": "ghcr.io/m"}}]
    (sentence,) = judge(policies["allowed-registries"], DEPLOYMENT, deployment(volumes=volumes))
    assert sentence.startswith("Volume `old` holds ghcr.io/m")


def test_a_namespace_that_is_not_known_yet_may_be_exempt(policies: dict[str, ResourceValidationPolicy]) -> None:
    made = deployment(STRANGE, namespace=UNKNOWN)
    assert len(judge(policies["allowed-registries"], DEPLOYMENT, made)) == 1
    assert judge(policies["allowed-registries"], DEPLOYMENT, made, exemptNamespaces=["kube-system"]) == []


def test_a_patch_needs_no_limits_but_its_image_counts(policies: dict[str, ResourceValidationPolicy]) -> None:
    patch = deployment(STRANGE)
    assert judge(policies["required-limits"], f"{DEPLOYMENT}Patch", patch) == []
    assert len(judge(policies["allowed-registries"], f"{DEPLOYMENT}Patch", patch)) == 1


def test_a_setting_changes_the_verdict(policies: dict[str, ResourceValidationPolicy]) -> None:
    assert judge(policies["allowed-registries"], DEPLOYMENT, deployment(STRANGE), registries=["ghcr.io"]) == []
    assert judge(policies["required-limits"], DEPLOYMENT, deployment(UNLIMITED), limits=["cpu"]) == []


def test_a_misspelt_setting_is_told(policies: dict[str, ResourceValidationPolicy]) -> None:
    found = judge(policies["allowed-registries"], DEPLOYMENT, deployment(), registry=["ghcr.io"])
    assert found == ["`registry` is no setting of allowed-registries. Did you mean `registries`?"]


class TestWithoutOpa:
    @pytest.fixture
    def orphans(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ResourceValidationPolicy]:
        monkeypatch.setenv("PATH", str(tmp_path))
        return rego_policies()

    @pytest.mark.parametrize(("previewing", "times"), [(True, 1), (False, 2)])
    def test_a_preview_hears_it_once_and_an_update_for_every_object(
        self,
        orphans: list[ResourceValidationPolicy],
        monkeypatch: pytest.MonkeyPatch,
        *,
        previewing: bool,
        times: int,
    ) -> None:
        monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: previewing)
        for policy in orphans:
            found = [line for _ in range(2) for line in judge(policy, DEPLOYMENT, deployment(STRANGE))]
            assert len(found) == times
            assert set(found) == {
                "OPA, which judges by this rule, is not on PATH: `make engine` provides it, `make env` puts it there."
            }

    def test_it_is_not_missed_by_what_makes_no_pods(self, orphans: list[ResourceValidationPolicy]) -> None:
        for policy in orphans:
            assert judge(policy, "kubernetes:core/v1:Service", {"spec": {}}) == []
            assert judge(policy, "aws:ec2/vpc:Vpc", {}) == []
