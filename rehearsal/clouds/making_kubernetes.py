"""What an API server adds to a Kubernetes object: name, namespace, metadata, and a Secret's data."""

from __future__ import annotations

import base64
import typing
from collections.abc import Callable, Mapping
from typing import Final, cast

from rehearsal.clouds import sdk
from rehearsal.clouds.derivation import Making
from rehearsal.clouds.patterns import data
from rehearsal.clouds.sdk import Resource
from rehearsal.clouds.values import UNKNOWN, Value


def is_object(resource: Resource) -> bool:
    """Whether the resource is an API object, with apiVersion, kind and metadata."""
    return {"apiVersion", "kind", "metadata"} <= resource.inputs.keys()


def identifier(making: Making) -> Value:
    """`namespace/name`, or the name alone of what belongs to no namespace."""
    metadata = _metadata(making)
    namespace, name = metadata.get("namespace"), metadata.get("name", making.own_name)
    if UNKNOWN in (namespace, name):
        return UNKNOWN
    return f"{namespace}/{name}" if namespace else cast("str", name)


def computed(making: Making) -> dict[str, Value]:
    """The properties that an API server fills in or completes."""
    resource, inputs = making.resource, making.inputs
    result: dict[str, Value] = {"metadata": cast("Value", _metadata(making))}
    for name in resource.constants.keys() & resource.outputs.keys():
        result[name] = inputs.get(name) or resource.constants[name]
    kind = resource.constants.get("kind")
    if kind == "Secret":
        result |= _secret(making)
    elif kind == "Service":
        result |= _service(making)
    for name, declared in resource.outputs.items():
        if declared.required and name not in result and inputs.get(name) is None and not _has_parts(declared.type):
            result[name] = _empty(declared.type)
    return result


def _has_parts(annotation: object) -> bool:
    """Whether an object cannot be empty."""
    return sdk.is_object(annotation) and any(one.required for one in sdk.members(annotation).values())


def _empty(annotation: object) -> Value:
    """What an API server shows of a field that nobody has set: it invents nothing."""
    if typing.get_origin(annotation) is list:
        return []
    for kind, empty in ((bool, False), (int, 0), (float, 0.0), (str, "")):
        if annotation is kind:
            return empty
    return {}


def _metadata(making: Making) -> dict[str, Value]:
    given = making.inputs.get("metadata")
    metadata: dict[str, Value] = dict(given) if isinstance(given, dict) else {}
    resource = making.resource
    kind = resource.constants.get("kind")
    declared = resource.outputs["metadata"].type
    if sdk.is_object(declared) and "name" not in sdk.members(declared):  # a list of objects has no name
        return metadata | {"resourceVersion": _resource_version(making)}
    if metadata.get("name") is None:
        metadata["name"] = making.own_name
    in_namespace = kind is not None and kind not in data()["kubernetes_cluster_scoped"]["kinds"]
    if in_namespace and metadata.get("namespace") is None:
        metadata["namespace"] = "default"
    metadata |= {
        "uid": making.uuid("uid"),
        "generation": 1,
        "resourceVersion": _resource_version(making),
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    return metadata


def _resource_version(making: Making) -> str:
    return str(1000 + making.number("resourceVersion", 1_000_000))


def _secret(making: Making) -> dict[str, Value]:
    """A Secret's data, base64 as the API shows it; a service account's token is made by the API server."""
    inputs = making.inputs
    kind = inputs.get("type") or "Opaque"
    encoded, plain = inputs.get("data"), inputs.get("stringData")
    if UNKNOWN in (encoded, plain):
        return {"type": kind, "data": UNKNOWN, "immutable": inputs.get("immutable") or False}
    merged: dict[str, Value] = dict(encoded) if isinstance(encoded, dict) else {}
    for name, text in plain.items() if isinstance(plain, dict) else ():
        merged[name] = base64.b64encode(text.encode()).decode() if isinstance(text, str) else text
    if kind == "kubernetes.io/service-account-token":
        token = ".".join(making.characters(f"token{n}", length, _BASE64URL) for n, length in enumerate((64, 512, 342)))
        metadata = _metadata(making)
        merged.setdefault("token", base64.b64encode(token.encode()).decode())
        merged.setdefault("namespace", base64.b64encode(str(metadata["namespace"]).encode()).decode())
    return {"type": kind, "data": merged, "immutable": inputs.get("immutable") or False}


_BASE64URL: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _service(making: Making) -> dict[str, Value]:
    """A Service's cluster address, and the address of its load balancer where it asks for one."""
    given = making.inputs.get("spec")
    if not isinstance(given, dict):
        return {}
    spec: dict[str, Value] = dict(given)
    kind = spec.get("type") or "ClusterIP"
    spec["type"] = kind
    if kind != "ExternalName" and spec.get("clusterIP") is None:
        number = making.number("clusterIP", 65_000)
        spec["clusterIP"] = f"10.96.{number // 256}.{number % 256}"
    if kind != "LoadBalancer":
        return {"spec": spec}
    return {"spec": spec, "status": {"loadBalancer": {"ingress": [{"ip": making.address("status")}]}}}


def _release(making: Making) -> dict[str, Value]:
    """A Helm release's name and state; what the chart contains is not rendered here."""
    inputs = making.inputs
    name, namespace = inputs.get("name") or making.own_name, inputs.get("namespace") or "default"
    status: dict[str, Value] = {
        "name": name,
        "namespace": namespace,
        "revision": 1,
        "status": "deployed",
        "chart": inputs.get("chart"),
        "version": inputs.get("version") or "",
        "appVersion": "",
    }
    return {"name": name, "namespace": namespace, "status": status}


SPECIAL: Final[Mapping[str, Callable[[Making], dict[str, Value]]]] = {"kubernetes:helm.sh/v3:Release": _release}
"""The properties of what is no API object, by token."""
