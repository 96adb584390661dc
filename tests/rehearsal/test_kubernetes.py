"""Kubernetes objects are judged by the published schemas."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.clouds import checking, kubernetes, sdk
from rehearsal.clouds.values import UNKNOWN
from tests.rehearsal.typed_inputs import inputs_of, sampled

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_")  # of the SDKs' own modules


def failures(token: str, inputs: dict[str, Any]) -> dict[str, str]:
    return {one.path: one.reason for one in kubernetes.check_object(token, inputs).failures}


def deployment(**spec: Any) -> dict[str, Any]:
    labels = {"app": "web"}
    pod = {"containers": [{"name": "web", "image": "nginx"}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 2.0, "selector": {"matchLabels": labels}, "template": template, **spec},
    }


def service(*ports: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "spec": {"ports": list(ports)}}


def test_a_right_deployment_passes() -> None:
    assert failures("kubernetes:apps/v1:Deployment", deployment()) == {}


def test_unknown_missing_and_mistyped_fields_are_found_at_once() -> None:
    wrong = deployment(replica=3.0, replicas=1.5, template={"spec": {"containers": [{"image": "nginx"}]}})
    assert set(failures("kubernetes:apps/v1:Deployment", wrong)) == {
        "spec.replica",
        "spec.replicas",
        "spec.template.spec.containers[0].name",
    }


def test_an_unknown_field_is_met_with_the_name_that_was_meant() -> None:
    found = failures("kubernetes:apps/v1:Deployment", deployment(replica=3.0))
    assert "did you mean replicas" in found["spec.replica"]


@pytest.mark.parametrize("port", [80.0, "http", UNKNOWN])
def test_a_target_port_is_a_number_or_a_name(port: Any) -> None:
    assert failures("kubernetes:core/v1:Service", service({"port": 80.0, "targetPort": port})) == {}


def test_a_target_port_is_nothing_else() -> None:
    found = failures("kubernetes:core/v1:Service", service({"port": 80.0, "targetPort": True}))
    assert set(found) == {"spec.ports[0].targetPort"}


def test_quantities_may_be_numbers() -> None:
    limits = {"resources": {"limits": {"cpu": 1.0, "memory": "64Mi"}}}
    pod = {"containers": [{"name": "web", "image": "nginx", **limits}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod}
    assert failures("kubernetes:apps/v1:Deployment", deployment(template=template)) == {}


def test_what_is_unknown_passes() -> None:
    assert failures("kubernetes:core/v1:Service", service(UNKNOWN, {"port": UNKNOWN})) == {}
    assert failures("kubernetes:core/v1:Namespace", {"metadata": UNKNOWN}) == {}


def test_names_with_dots_are_quoted_in_a_path() -> None:
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a.yaml": 1.0}}
    assert set(failures("kubernetes:core/v1:ConfigMap", inputs)) == {'data["a.yaml"]'}


def test_a_secrets_values_are_never_quoted() -> None:
    secret = "correct-horse-battery-staple"
    inputs = {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": [secret]}, "type": {"x": secret}}
    found = failures("kubernetes:core/v1:Secret", inputs)
    assert set(found) == {"stringData.a", "type"}
    assert not any(secret in reason for reason in found.values())


def test_an_object_of_the_wrong_kind_fails() -> None:
    assert set(failures("kubernetes:core/v1:Service", {"apiVersion": "v1", "kind": "Pod"})) == {"kind"}


def test_a_patch_may_leave_out_what_the_object_needs() -> None:
    patch = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 3.0}}
    assert failures("kubernetes:apps/v1:DeploymentPatch", patch) == {}
    assert set(failures("kubernetes:apps/v1:Deployment", patch)) == {"spec.selector", "spec.template"}
    wrong = {**patch, "spec": {"replicas": "three"}}
    assert set(failures("kubernetes:apps/v1:DeploymentPatch", wrong)) == {"spec.replicas"}


def test_the_objects_of_a_list_are_judged() -> None:
    inputs = {"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [deployment(), deployment(replicas="x")]}
    assert set(failures("kubernetes:apps/v1:DeploymentList", inputs)) == {"items[1].spec.replicas"}


def test_of_a_custom_resource_only_the_envelope_is_judged_and_that_is_said() -> None:
    token = "kubernetes:cilium.io/v2:CiliumNetworkPolicy"
    inputs: dict[str, Any] = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "deny"},
        "spec": {"anything": True},
    }
    verdict = kubernetes.check_object(token, inputs)
    assert verdict.failures == ()
    assert "without an offline schema" in verdict.warnings[0]
    wrong = {**inputs, "kind": "CiliumPolicy", "metadata": {"name": "deny", "labls": {}}}
    assert set(failures(token, wrong)) == {"kind", "metadata.labls"}


def test_a_helm_release_is_left_to_its_sdk_types() -> None:
    assert not kubernetes.judges("kubernetes:helm.sh/v3:Release")
    release = sdk.resource("kubernetes:helm.sh/v3:Release")
    assert release is not None
    assert checking.check(release, {"chart": "istiod", "values": {"a": 1.0}}).failures == ()
    assert {one.path for one in checking.check(release, {"values": {}, "timeout": "5m"}).failures} == {
        "chart",
        "timeout",
    }


def test_check_judges_objects_by_their_schema() -> None:
    resource = sdk.resource("kubernetes:core/v1:Service")
    assert resource is not None
    assert checking.check(resource, service({"port": "x"})) == kubernetes.check_object(
        resource.token, service({"port": "x"})
    )


def test_a_kind_no_release_serves_any_more_says_so() -> None:
    resource = sdk.resource("kubernetes:extensions/v1beta1:Ingress")
    assert resource is not None
    verdict = checking.check(resource, {"apiVersion": "extensions/v1beta1", "kind": "Ingress", "sepc": {}})
    assert {one.path for one in verdict.failures} == {"sepc"}
    assert "No published schema knows extensions/v1beta1 Ingress" in verdict.warnings[0]


def test_a_kind_newer_releases_dropped_says_so() -> None:
    warnings = kubernetes.check_object(
        "kubernetes:flowcontrol.apiserver.k8s.io/v1beta3:FlowSchema",
        {"apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3", "kind": "FlowSchema"},
    ).warnings
    assert "any more; judged by" in warnings[0]


def test_over_many_kinds() -> None:
    judged = 0
    for token in sampled("kubernetes", 60):
        resource = sdk.resource(token)
        assert resource is not None
        inputs = inputs_of(resource)
        found = checking.check(resource, {**inputs, "noSuchField": 1.0}).failures
        assert "noSuchField" in [one.path for one in found], token
        if kubernetes.judges(token):
            judged += 1
            wrong = {**inputs, "metadata": {"labels": {"a": 1.0}}}
            paths = [one.path for one in checking.check(resource, wrong).failures]
            assert "metadata.labels" in paths or "metadata.labels.a" in paths, token
    assert judged > 10
