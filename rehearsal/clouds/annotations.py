"""The types in an SDK's annotations, without what Pulumi wraps around them."""

from __future__ import annotations

import operator
import sys
import types
import typing
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Final, Union, cast

from pulumi import Output

_INPUT_NAMES: Final[Mapping[str, object]] = {"Output": Output, "T": type(None)}
"""What the forward references inside `pulumi.Input` mean, whatever the SDK's module calls by these names."""


def getters(cls: type) -> Iterator[tuple[str, str, Callable[..., object]]]:
    """The getters that an SDK marked as properties on the wire: Python name, wire name, function."""
    for base in reversed(cls.__mro__):
        for python_name, attribute in vars(base).items():
            getter = attribute.fget if isinstance(attribute, property) else None
            wire_name = getattr(getter, "_pulumi_name", None)
            if getter is not None and isinstance(wire_name, str):
                yield python_name, wire_name, getter


def hints(cls: type) -> Iterator[tuple[str, str, object, Callable[..., object]]]:
    """Each property of a class: Python name, wire name, type as annotated, getter."""
    names: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        names |= vars(sys.modules[base.__module__])
    for python_name, wire_name, getter in getters(cls):
        annotated = typing.get_type_hints(getter, names, _INPUT_NAMES)
        yield python_name, wire_name, annotated.get("return", typing.Any), getter


def is_optional(hint: object) -> bool:
    """Whether None may take the place of the value, inside an Output too."""
    if hint is type(None):
        return True
    origin = typing.get_origin(hint)
    return (origin in {Union, types.UnionType} or origin is Output) and any(
        is_optional(argument) for argument in typing.get_args(hint)
    )


def peeled(hint: object) -> object:
    """A type without what Pulumi wraps around it; see `Property.type`."""
    origin, arguments = typing.get_origin(hint), cast("tuple[object, ...]", typing.get_args(hint))
    if origin in {Union, types.UnionType}:
        return _union(arguments)
    if origin is Output or (isinstance(origin, type) and issubclass(origin, Awaitable)):
        return peeled(arguments[0])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return types.GenericAlias(dict, (str, peeled(arguments[1])))
    if isinstance(origin, type) and issubclass(origin, typing.Sequence):
        return types.GenericAlias(list, (peeled(arguments[0]),))
    return hint


def _union(arguments: tuple[object, ...]) -> object:
    """The members of a union that are different on the wire.

    An arguments class comes with a TypedDict and a result class of the same shape, or with a plain mapping: other
    ways to write the same value in Python.
    """
    found: list[object] = []
    for argument in arguments:
        origin = typing.get_origin(argument)
        if argument is type(None) or origin is Output or origin is Awaitable:
            continue
        plain = peeled(argument)
        inner = typing.get_args(plain) if typing.get_origin(plain) is Union else (plain,)
        found += [one for one in inner if one not in found]
    if any(hasattr(one, "_pulumi_input_type") for one in found):
        found = [one for one in found if not _is_same_object_otherwise(one)]
    if len(found) == 1:
        return found[0]
    return operator.getitem(cast("Mapping[object, object]", Union), tuple(found)) if found else typing.Any


def _is_same_object_otherwise(member: object) -> bool:
    return (
        member is dict
        or typing.get_origin(member) is dict
        or typing.is_typeddict(member)
        or hasattr(member, "_pulumi_output_type")
    )


def argument_hints(called: types.FunctionType) -> dict[str, object]:
    """The types of a function's arguments, by Python name."""
    return cast("dict[str, object]", typing.get_type_hints(called, None, _INPUT_NAMES))
