"""Kubernetes objects as the pods they would make, which is what rules about pods judge.

A Deployment reaches the cluster as a template; its pods are made there. Gatekeeper judges the template as the pod it
would make ("expansion": https://open-policy-agent.github.io/gatekeeper/website/docs/expansion), and so does this:
the pod is in the namespace of its maker, and bears its name with `-pod` behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from known import at, items, mapping

_TEMPLATES: Final[dict[str, tuple[str, ...]]] = {
    "PodTemplate": ("template",),
    "ReplicationController": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where the template lies in each kind of object that makes pods."""

_TYPE: Final = re.compile(
    rf"kubernetes:(?:core|apps|batch|extensions)/\w+:(?P<kind>Pod|{'|'.join(_TEMPLATES)})(?P<form>List|Patch)?"
)


def pods(resource_type: str, properties: Mapping[str, object], *, patches: bool) -> Iterator[dict[str, object]]:
    """Yield the pods that a resource makes, as plain data: none for most.

    Args:
        resource_type: the resource's type, as in `kubernetes:apps/v1:Deployment`.
        properties: its inputs, as the engine hands them over.
        patches: whether to take what is patched into an object that exists for the whole of it.
    """
    found = _TYPE.fullmatch(resource_type)
    if found is None or (found["form"] == "Patch" and not patches):
        return
    for maker in items(at(properties, "items")) if found["form"] == "List" else [at(properties)]:
        pod = _pod(found["kind"], mapping(maker))
        if pod is not None:
            yield pod


def _pod(kind: str, maker: dict[str, object]) -> dict[str, object] | None:
    if kind == "Pod":
        return {"apiVersion": "v1", **maker, "kind": kind}
    template = mapping(at(maker, *_TEMPLATES[kind]))
    metadata = mapping(template.get("metadata"))
    own = mapping(maker.get("metadata"))
    metadata["name"] = f"{own.get('name', '')}-pod"
    if "namespace" in own:
        metadata["namespace"] = own["namespace"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.get("spec")}
