"""What an SDK says only in its sources: in constructors, aliases and documentation.

Read from text and syntax trees, because instantiating needs an engine and importing a whole cloud takes far
longer than reading it.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from linecache import getlines
from pathlib import Path
from typing import Final, cast

_ALIAS: Final = re.compile(r"""Alias\(type_=["']([^"']+)""")
_REGISTERED: Final = re.compile(r"""super\(\w+, __self__\)\.__init__\(\s*['"]([^'"]+)""")
_DEFAULT: Final = re.compile(r"[Dd]efaults?(?: value)?(?: to| is|:) `\"?([\w.-]+)\"?`")
_ALLOWED: Final = re.compile(r"(?:[Vv]alid|[Pp]ossible|[Aa]llowed) [Vv]alues?(?: are| include)?:? `\"?([\w.-]+)\"?`")
_DEFINITION: Final = re.compile(r"^def (\w+)\(", re.MULTILINE)


class Constructor:
    """The syntax tree of a resource's `_internal_init`: what an SDK only says while it instantiates."""

    def __init__(self, cls: type) -> None:
        self._cls = cls
        self._tree = tree_of(cast("types.FunctionType", getattr(cls, "_internal_init")))  # noqa: B009  generated

    def arguments_class(self) -> type:
        """The class in `__props__ = XArgs.__new__(XArgs)`."""
        for node in ast.walk(self._tree):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id="__props__")],
                    value=ast.Call(func=ast.Attribute(attr="__new__"), args=[ast.Name(id=name)]),
                ):
                    return cast("type", getattr(sys.modules[self._cls.__module__], name))
                case _:
                    continue
        raise LookupError(f"the constructor of {self._cls.__name__} names no class for its arguments")

    def strings_of(self, keyword: str) -> frozenset[str]:
        """The strings in `keyword=[...]` of the resource options that the constructor adds."""
        found: set[str] = set()
        for node in ast.walk(self._tree):
            match node:
                case ast.keyword(arg=name, value=ast.List(elts=elements)) if name == keyword:
                    found.update(cast("str", e.value) for e in elements if isinstance(e, ast.Constant))
                case _:
                    continue
        return frozenset(found)

    def secret_inputs(self) -> frozenset[str]:
        """Python names of the inputs that the constructor wraps with `Output.secret`."""
        return frozenset(name for name, value in self._properties() if _calls(value, "secret"))

    def encoded_inputs(self) -> frozenset[str]:
        """Python names of the inputs that the constructor turns into JSON text."""
        return frozenset(
            name
            for name, value in self._properties()
            if any(isinstance(node, ast.Attribute) and node.attr == "to_json" for node in ast.walk(value))
        )

    def constants(self) -> dict[str, str]:
        """Inputs, by Python name, that the constructor itself sets to a fixed string."""
        return {
            name: value.value
            for name, value in self._properties()
            if isinstance(value, ast.Constant) and isinstance(value.value, str)
        }

    def _properties(self) -> Iterator[tuple[str, ast.expr]]:
        """Each `__props__.__dict__["name"] = value`."""
        for node in ast.walk(self._tree):
            match node:
                case ast.Assign(
                    targets=[ast.Subscript(value=ast.Attribute(attr="__dict__"), slice=ast.Constant(value=str(name)))],
                    value=value,
                ):
                    yield name, value
                case _:
                    continue


def _calls(expression: ast.expr, method: str) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
        for node in ast.walk(expression)
    )


def tree_of(called: types.FunctionType) -> ast.Module:
    """The syntax tree of one function.

    `inspect.getsource` would tokenize the file to find the function's end; its code object knows the line.
    """
    code = called.__code__
    last = max(line for _, _, line in code.co_lines() if line is not None)
    lines = getlines(code.co_filename)
    first = lines[code.co_firstlineno - 1]
    inside = first[: len(first) - len(first.lstrip())] + " "
    # Closing lines of the last statement have no code of their own.
    while last < len(lines) and (lines[last].startswith(inside) or not lines[last].strip()):
        last += 1
    return ast.parse(textwrap.dedent("".join(lines[code.co_firstlineno - 1 : last])))


def required_arguments(called: types.FunctionType) -> frozenset[str]:
    """The arguments a function cannot do without, by Python name.

    Every argument has the default None. Only the source of the lifted twin `get_x_output` tells them apart: it
    writes `Input[Optional[T]]` for a required one and `Input[Optional[Optional[T]]]` for an optional one, which
    is the same type once evaluated.
    """
    lifted = called.__globals__.get(f"{called.__name__}_output")
    if not isinstance(lifted, types.FunctionType):
        return frozenset()
    required: set[str] = set()
    for node in ast.walk(tree_of(lifted)):
        match node:
            case ast.arg(arg=name, annotation=ast.Subscript(value=ast.Attribute(attr="Input")) as annotation):
                written = [n for n in ast.walk(annotation) if isinstance(n, ast.Name) and n.id == "Optional"]
                if len(written) < 2:  # noqa: PLR2004  as said above
                    required.add(name)
            case _:
                continue
    return frozenset(required)


def documented_default(text: str) -> str | None:
    """The value that a documentation says a property has by default, or the first it may have."""
    found = _DEFAULT.search(text) or _ALLOWED.search(text)
    return found.group(1) if found else None


def import_forms(cls: type, token: str) -> tuple[str, ...]:
    """What the documentation of the constructor's overloads shows after `pulumi import TOKEN NAME`."""
    pattern = re.compile(rf"\$ pulumi import {re.escape(token)} \S+ (\S.*)$", re.MULTILINE)
    for overload in typing.get_overloads(cls.__init__):
        found = pattern.findall(overload.__doc__ or "")
        if found:
            return tuple(form.strip().strip("'\"") for form in found)
    return ()


@cache
def aliases(module: str) -> Mapping[str, str]:
    """Every alias an SDK's classes declare, with the token they register today.

    Read from the sources, as importing all classes of a cloud takes far longer than reading their text.
    """
    result: dict[str, str] = {}
    for path in _sources(module):
        text = path.read_text(encoding="utf-8")
        if "Alias(type_=" in text and (registered := _REGISTERED.search(text)):
            for alias in _ALIAS.findall(text):
                result.setdefault(alias, registered.group(1))
    return types.MappingProxyType(result)


def function_source(module: str, token: str) -> tuple[str, str] | None:
    """The module and name of the Python function that invokes a token, found in the SDK's sources."""
    root = import_module(module)
    directory = Path(cast("str", root.__file__)).parent
    wanted = f"runtime.invoke('{token}'"
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", token.rpartition(":")[2]).lower()
    for path in (*sorted(directory.rglob(f"{snake}.py")), *_sources(module)):
        text = path.read_text(encoding="utf-8")
        position = text.find(wanted)
        if position >= 0:
            name = _DEFINITION.findall(text, 0, position)[-1]
            return ".".join((root.__name__, *path.relative_to(directory).with_suffix("").parts)), name
    return None


def _sources(module: str) -> Iterator[Path]:
    root = import_module(module)
    yield from sorted(Path(cast("str", root.__file__)).parent.rglob("*.py"))
