"""Objects are judged as the pods they would make."""

from __future__ import annotations

from typing import Any

import pytest
from pods import pods

from tests.policy.conftest import UNKNOWN, told

TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
METADATA = {"name": "web", "namespace": "shop"}


def made(resource_type: str, properties: dict[str, Any], *, patches: bool = True) -> list[dict[str, Any]]:
    return list(pods(resource_type, told(properties), patches=patches))


@pytest.mark.parametrize(
    ("resource_type", "properties"),
    [
        ("core/v1:PodTemplate", {"template": TEMPLATE}),
        ("core/v1:ReplicationController", {"spec": {"template": TEMPLATE}}),
        ("apps/v1:ReplicaSet", {"spec": {"template": TEMPLATE}}),
        ("apps/v1:Deployment", {"spec": {"template": TEMPLATE}}),
        ("apps/v1beta2:Deployment", {"spec": {"template": TEMPLATE}}),
        ("apps/v1:StatefulSet", {"spec": {"template": TEMPLATE}}),
        ("apps/v1:DaemonSet", {"spec": {"template": TEMPLATE}}),
        ("extensions/v1beta1:DaemonSet", {"spec": {"template": TEMPLATE}}),
        ("batch/v1:Job", {"spec": {"template": TEMPLATE}}),
        ("batch/v1:CronJob", {"spec": {"jobTemplate": {"spec": {"template": TEMPLATE}}}}),
        ("apps/v1:DeploymentPatch", {"spec": {"template": TEMPLATE}}),
    ],
)
def test_a_workload_makes_the_pod_of_its_template_in_its_namespace(
    resource_type: str, properties: dict[str, Any]
) -> None:
    assert made(f"kubernetes:{resource_type}", {"metadata": METADATA, **properties}) == [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"labels": {"app": "web"}, "name": "web-pod", "namespace": "shop"},
            "spec": TEMPLATE["spec"],
        }
    ]


def test_a_pod_is_its_own() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": METADATA, "spec": TEMPLATE["spec"]}
    assert made("kubernetes:core/v1:Pod", pod) == [pod]


def test_a_list_makes_the_pods_of_its_items() -> None:
    item = {"metadata": METADATA, "spec": {"template": TEMPLATE}}
    assert len(made("kubernetes:apps/v1:DeploymentList", {"items": [item, item]})) == 2


def test_a_patch_is_left_out_where_it_cannot_be_judged() -> None:
    patch = {"metadata": METADATA, "spec": {"template": TEMPLATE}}
    assert made("kubernetes:apps/v1:DeploymentPatch", patch, patches=False) == []


@pytest.mark.parametrize(
    "resource_type",
    ["kubernetes:core/v1:Service", "kubernetes:example.com/v1:Deployment", "kubernetes:apps/v1:DeploymentOfOthers"],
)
def test_other_objects_make_none(resource_type: str) -> None:
    assert made(resource_type, {"metadata": METADATA, "spec": {"template": TEMPLATE}}) == []


@pytest.mark.parametrize(
    "properties", [{}, {"spec": UNKNOWN}, {"spec": {"template": UNKNOWN}}, {"metadata": UNKNOWN, "spec": {}}]
)
def test_a_template_that_is_not_known_makes_a_pod_of_nothing(properties: dict[str, Any]) -> None:
    (pod,) = made("kubernetes:apps/v1:Deployment", properties)
    assert pod["spec"] is None
