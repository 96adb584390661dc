"""What the provider SDKs' wheels know about resources and functions, found by looking into their classes.

A token leads to the module that registered it, the module to its class, the class to the types and wire names of
its properties. Only the module that a token needs is imported, because a whole cloud takes seconds; everything
found is kept for the life of the process.
"""

from __future__ import annotations

import ast
import inspect
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from importlib import import_module, metadata
from typing import Final, cast

from pulumi.runtime.rpc import get_resource_module, get_resource_package

from rehearsal.clouds.annotations import argument_hints, getters, hints, is_optional, peeled
from rehearsal.clouds.sources import (
    Constructor,
    aliases,
    documented_default,
    function_source,
    import_forms,
    required_arguments,
    tree_of,
)

PACKAGES: Final[Mapping[str, str]] = {
    "aws": "pulumi_aws",
    "azure-native": "pulumi_azure_native",
    "command": "pulumi_command",
    "gcp": "pulumi_gcp",
    "kubernetes": "pulumi_kubernetes",
    "random": "pulumi_random",
    "tls": "pulumi_tls",
}
"""The simulated packages, each with the Python module of its SDK; its distribution has the same name."""

_PROVIDER_PREFIX: Final = "pulumi:providers:"
_KUBERNETES_API_VERSION: Final = re.compile(r"[a-z0-9.-]+/v\d+((alpha|beta)\d+)?")


@dataclass(frozen=True)
class Property:
    """One property of a resource, a function or a nested object.

    `type` is the Python annotation without Input, Output, Awaitable and Optional around it or inside it: a
    primitive, `list[...]`, `dict[str, ...]`, an arguments or result class of the SDK (see `members`), an Enum,
    a `Literal`, a `Union` of those, or `Any`. `default` is the value that an output's documentation says it has
    where nobody sets it, or the first of the values it may have, as text.
    """

    name: str
    type: object
    required: bool
    secret: bool
    default: str | None = None


@dataclass(frozen=True, eq=False)
class Resource:
    """What an SDK knows of one kind of resource; compared by identity, as each exists once per process.

    - `encoded`: inputs that arrive as JSON text (a provider's own arguments that are no strings).
    - `constants`: inputs that the SDK sets itself, such as a Kubernetes object's `apiVersion` and `kind`.
    - `imports`: the identifier as the SDK's documentation shows it for `pulumi import`, one form an entry.
    """

    token: str
    package: str
    inputs: Mapping[str, Property]
    outputs: Mapping[str, Property]
    encoded: frozenset[str] = frozenset()
    constants: Mapping[str, str] = field(default_factory=lambda: types.MappingProxyType({}))
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Function:
    """What an SDK knows of one function (an invoke): its arguments and the properties of its result."""

    token: str
    package: str
    arguments: Mapping[str, Property]
    results: Mapping[str, Property]


def version(package: str) -> str:
    """The version of the wheel of `package`, such as `7.51.1`.

    Raises LookupError for a package that is not simulated.
    """
    return metadata.version(_module(package))


def package_of(token: str) -> str:
    """The package of a token: `aws` for `aws:ec2/vpc:Vpc` and for `pulumi:providers:aws`.

    Raises LookupError for a token of no package, such as the engine's own `pulumi:pulumi:Stack`.
    """
    if token.startswith(_PROVIDER_PREFIX):
        return token.removeprefix(_PROVIDER_PREFIX)
    package, separator, _ = token.partition(":")
    if not separator or package == "pulumi":
        raise LookupError(f"{token} is no token of a provider package")
    return package


@cache
def resource(token: str) -> Resource | None:
    """What the SDK knows of the resource `token`, or None where it has no such resource.

    An alias that an SDK still accepts (`azure-native:network/v20240501:VirtualNetwork`) is the resource it now
    stands for. A Kubernetes token of a group that the SDK does not have is a custom resource.

    Raises LookupError for a token of a package that is not simulated.
    """
    package = package_of(token)
    if token.startswith(_PROVIDER_PREFIX):
        return provider(package)
    found = _registered_class(package, token)
    if found is not None:
        return _describe(token, package, found)
    canonical = aliases(_module(package)).get(token)
    if canonical is not None and canonical != token:
        return resource(canonical)
    return _custom_resource(token) if package == "kubernetes" else None


@cache
def provider(package: str) -> Resource:
    """The explicit provider of `package`; its arguments that are no strings arrive as JSON (`Resource.encoded`).

    Raises LookupError for a package that is not simulated.
    """
    import_module(_module(package))
    registered = get_resource_package(package, "")
    if registered is None:
        raise LookupError(f"the SDK of {package} registers no provider")
    information = cast("dict[str, str]", getattr(registered, "pkg_info"))  # noqa: B009  generated, so untyped
    found = cast("type", getattr(import_module(information["fqn"]), information["class"]))
    return _describe(information["token"], package, found)


@cache
def function(token: str) -> Function | None:
    """What the SDK knows of the function `token`, or None where it has no such function.

    Raises LookupError for a token of a package that is not simulated.
    """
    package = package_of(token)
    found = function_source(_module(package), token)
    if found is None:
        return None
    module, name = found
    called = cast("types.FunctionType", getattr(import_module(module), name))
    return _describe_function(token, package, called)


@cache
def members(cls: type) -> Mapping[str, Property]:
    """The properties of a nested arguments or result class, by wire name."""
    if not is_object(cls):
        raise LookupError(f"{cls.__name__} is no arguments or result class of an SDK")
    return _inputs(cls, frozenset()) if hasattr(cls, "_pulumi_input_type") else _outputs(cls, frozenset())


def is_object(annotation: object) -> typing.TypeGuard[type]:
    """Whether a property's type is an arguments or result class of an SDK, with `members`."""
    return isinstance(annotation, type) and (
        hasattr(annotation, "_pulumi_input_type") or hasattr(annotation, "_pulumi_output_type")
    )


def is_enum(annotation: object) -> typing.TypeGuard[type[Enum]]:
    """Whether a property's type is an enum of an SDK."""
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def _module(package: str) -> str:
    try:
        return PACKAGES[package]
    except KeyError:
        raise LookupError(f"no simulated cloud has the package {package}; there are {', '.join(PACKAGES)}") from None


def _registered_class(package: str, token: str) -> type | None:
    """The class that the package's own registration names for a token; imports the class's module only."""
    import_module(_module(package))
    parts = token.split(":")
    registered = get_resource_module(package, parts[1], "") if len(parts) == 3 else None  # noqa: PLR2004
    if registered is None:
        return None
    information = cast("dict[str, object]", getattr(registered, "mod_info"))  # noqa: B009  generated, so untyped
    name = cast("dict[str, str]", information["classes"]).get(token)
    if name is None:
        return None
    return cast("type", getattr(import_module(cast("str", information["fqn"])), name))


def _custom_resource(token: str) -> Resource | None:
    """A Kubernetes custom resource, which the SDK registers under the object's own apiVersion and kind."""
    _, _, rest = token.partition(":")
    api_version, _, kind = rest.rpartition(":")
    known_group = get_resource_module("kubernetes", api_version, "") is not None
    if known_group or not kind or not _KUBERNETES_API_VERSION.fullmatch(api_version):
        return None
    name = "CustomResourcePatch" if kind.endswith("Patch") else "CustomResource"
    found = cast("type", getattr(import_module("pulumi_kubernetes.apiextensions"), name))
    return _describe(token, "kubernetes", found)


def _describe(token: str, package: str, cls: type) -> Resource:
    constructor = Constructor(cls)
    arguments = constructor.arguments_class()
    secret_inputs = constructor.secret_inputs()
    inputs = _inputs(arguments, secret_inputs)
    names = _python_to_wire(arguments)
    # The Kubernetes SDK writes CustomResource by hand, without getters: it has the properties it is given.
    outputs = _outputs(cls, constructor.strings_of("additional_secret_outputs")) or inputs
    return Resource(
        token=token,
        package=package,
        inputs=inputs,
        outputs=outputs,
        encoded=frozenset(names[name] for name in constructor.encoded_inputs()),
        constants=types.MappingProxyType({names[name]: value for name, value in constructor.constants().items()}),
        imports=import_forms(cls, token),
    )


def _inputs(cls: type, secret: frozenset[str]) -> Mapping[str, Property]:
    """The properties of an arguments class; required are the constructor's parameters without a default."""
    parameters = inspect.signature(cls.__init__).parameters
    result: dict[str, Property] = {}
    for python_name, wire_name, hint, _ in hints(cls):
        parameter = parameters.get(python_name)
        required = parameter is not None and parameter.default is inspect.Parameter.empty
        result[wire_name] = Property(wire_name, peeled(hint), required, python_name in secret)
    return types.MappingProxyType(result)


def _outputs(cls: type, secret: frozenset[str]) -> Mapping[str, Property]:
    """The properties of a resource or result class; required are those the SDK never leaves out."""
    return types.MappingProxyType(
        {
            wire: Property(
                wire,
                peeled(hint),
                required=not is_optional(hint),
                secret=wire in secret,
                default=documented_default(getter.__doc__ or ""),
            )
            for _, wire, hint, getter in hints(cls)
        }
    )


def _python_to_wire(cls: type) -> dict[str, str]:
    return {python_name: wire_name for python_name, wire_name, _ in getters(cls)}


def _describe_function(token: str, package: str, called: types.FunctionType) -> Function:
    tree = tree_of(called)
    annotated = argument_hints(called)
    required = required_arguments(called)
    arguments: dict[str, Property] = {}
    results: Mapping[str, Property] = types.MappingProxyType({})
    for node in ast.walk(tree):
        match node:
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id="__args__"), slice=ast.Constant(value=str(wire)))],
                value=ast.Name(id=name),
            ):
                hint = annotated.get(name, typing.Any)
                arguments[wire] = Property(wire, peeled(hint), name in required, secret=False)
            case ast.keyword(arg="typ", value=ast.Name(id=name)):
                results = members(cast("type", called.__globals__[name]))
            case _:
                continue
    return Function(token, package, types.MappingProxyType(arguments), results)
