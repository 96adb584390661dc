"""What the Pulumi SDK wastes while a program declares hundreds of resources, and how to do without.

Nothing is left out: every output is awaited, every error is told, and the same is registered. A version of the SDK
that nobody has measured stays as it is. docs/adr/0009 has the measurements.
"""
# ruff: noqa: SLF001 - a fault is mended where it is

from __future__ import annotations

import asyncio
import atexit
import functools
import gc
import inspect
import os
import re
import threading
import traceback
import types
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, NamedTuple, cast
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime import resource, settings, stack

_MEASURED: Final = ("3.259.0",)
"""Versions of the SDK that have these faults."""
_COLLECTED_AFTER: Final = 100_000
"""New objects between two runs of the garbage collector: about 10 MB of them."""
_COLLECTED_AGAIN_AFTER: Final = 100
"""Such runs before what outlived them is looked through once more; one in a hundred objects was garbage then."""
_SHOWN: Final = re.compile(r"--(debug|verbose|logtostderr|logflow)\b|-[A-Za-z]*[dv]")
"""Options of the engine's command line that make it show or write down what is logged for debugging."""
_SHOWN_TOO: Final = ("PULUMI_OPTION_DEBUG", "PULUMI_OPTION_VERBOSE", "PULUMI_OPTION_LOGTOSTDERR")
"""The same options as environment variables."""

_OUTPUT: Final = cast("Any", pulumi.Output)
_SETTINGS: Final = cast("Any", settings.SETTINGS)
_STACK: Final = cast("Any", stack)
_RESOURCE: Final = cast("Any", resource)
_TYPES: Final = cast("Any", pulumi)._types
"""The parts of the SDK that have the faults, or are needed to mend them; none of it is meant for others."""

_PLAIN: Final = (str, int, float, pulumi.output.Unknown)
"""What holds no output: an `Unknown` stands for a value that a preview does not know."""

_Task = asyncio.Future[Any]


def work_around() -> None:
    """Spare this program what the SDK wastes; call it once, before anything is declared."""
    if version("pulumi") not in _MEASURED:
        return
    _wait_for_all_outputs_at_once()
    _look_up_each_place_once()
    _share_one_server_of_callbacks()
    _put_known_addresses_together_at_once()
    _take_plain_values_as_they_are()
    _TYPES.resource_types = functools.cache(_TYPES.resource_types)
    # Nearly all that a program makes lives to its end, and the collector would look through it again and again.
    gc.set_threshold(_COLLECTED_AFTER, _COLLECTED_AGAIN_AFTER, gc.get_threshold()[2])
    # At the end the interpreter would, to free each part of a heap that the system takes back as a whole.
    atexit.register(gc.freeze)
    if not _debugging_is_shown():
        pulumi.log.debug = _log_nothing


def _wait_for_all_outputs_at_once() -> None:
    """Wait until all outputs are there or one has failed.

    The SDK looks through all that are outstanding whenever any of them is there, which takes n² steps.
    """
    alarms: WeakKeyDictionary[object, _Task] = WeakKeyDictionary()
    tracebacks: dict[_Task, TracebackType | None] = {}

    def watch(output: Any) -> None:
        # Each of the settings is looked up in the context, which takes longer than what is done with it here.
        lock, outputs = _SETTINGS.lock, _SETTINGS.outputs
        with lock:
            outputs.add(output._data)
        output._data.add_done_callback(functools.partial(ended, lock, outputs))

    def ended(lock: threading.Lock, outputs: set[_Task], output: _Task) -> None:
        if output.cancelled():
            return
        error = output.exception()
        if error is None:
            with lock:
                outputs.discard(output)
            return
        tracebacks[output] = error.__traceback__
        alarm = alarms.get(_SETTINGS.rpc_manager)
        if alarm is not None and not alarm.done():
            alarm.set_result(None)

    def told(output: _Task) -> _Task:
        # An exception loses its traceback when it is raised twice, and others may have waited for this output.
        same = asyncio.get_running_loop().create_future()
        same.set_exception(cast("BaseException", output.exception()).with_traceback(tracebacks.pop(output)))
        return same

    async def wait(outputs: Sequence[_Task], *, return_when: str) -> tuple[Sequence[_Task], set[_Task]]:
        # An output that is made meanwhile is none of `outputs`, and the SDK is to hear at once when it fails.
        alarm = alarms[_SETTINGS.rpc_manager] = asyncio.get_running_loop().create_future()
        everything = asyncio.ensure_future(asyncio.wait(outputs, return_when=asyncio.FIRST_EXCEPTION))
        try:
            await asyncio.wait((everything, alarm), return_when=asyncio.FIRST_COMPLETED)
        finally:
            everything.cancel()
        done, pending = await asyncio.wait(outputs, return_when=return_when)
        failed = [output for output in tracebacks if output in done]
        return [*map(told, failed), *done.difference(failed)], pending

    _OUTPUT._track = watch
    _STACK.asyncio = types.SimpleNamespace(**{**vars(asyncio), "wait": wait})


def _look_up_each_place_once() -> None:
    """Find out once what each place in the program's source is called.

    Every resource tells the engine the places of all calls that led to it. The SDK looks at every file on the way, for
    lines that nobody reads, and puts together the same addresses again and again.
    """
    _RESOURCE._get_source_position_for_frame = functools.cache(_RESOURCE._get_source_position_for_frame)
    _RESOURCE.traceback = types.SimpleNamespace(**{**vars(traceback), "extract_stack": _calls})


def _share_one_server_of_callbacks() -> None:
    """Start one server for all hooks.

    The SDK starts one for each, as what it remembers of the first stays in the context in which that was registered.
    """
    serve = _RESOURCE._get_callbacks
    servers: WeakKeyDictionary[object, asyncio.Task[object]] = WeakKeyDictionary()

    async def share() -> object:
        monitor = _SETTINGS.monitor
        if monitor is None:
            return await serve()
        if monitor not in servers:
            servers[monitor] = asyncio.ensure_future(serve())
        return await servers[monitor]

    _RESOURCE._get_callbacks = share


def _put_known_addresses_together_at_once() -> None:
    """Put a resource's address (URN) together without outputs where all its parts are known.

    The SDK does so for every resource, with eight outputs, for an answer that it needs only where there is no engine.
    """
    create = _RESOURCE.create_urn

    def put_together(name: Any, type_: Any, parent: Any = None, *others: Any) -> Any:
        if not all(isinstance(part, str) for part in (name, type_, parent)):
            return create(name, type_, parent, *others)
        return pulumi.Output.from_input(f"{parent[: parent.rfind('::')]}${type_}::{name}")

    _RESOURCE.create_urn = put_together


def _take_plain_values_as_they_are() -> None:
    """Look for further outputs inside an output's value only where there can be any.

    Whenever outputs are put together, the SDK makes another one of each value, of a text or a number too.
    """
    from_input = pulumi.Output.from_input

    def unwrapped(value: Any) -> Any:
        return value if value is None or isinstance(value, _PLAIN) else from_input(value)

    def make(value: Any) -> Any:
        return value.apply(unwrapped, run_with_unknowns=True) if isinstance(value, _OUTPUT) else from_input(value)

    _OUTPUT.from_input = staticmethod(make)


class _Call(NamedTuple):
    """A call on the stack, as `traceback.FrameSummary` describes one."""

    filename: str
    lineno: int
    name: str


def _calls() -> list[_Call]:
    """Return the calls that led here, the first one first, as `traceback.extract_stack` does."""
    calls: list[_Call] = []
    own = inspect.currentframe()
    frame: FrameType | None = own and own.f_back
    while frame is not None:
        calls.append(_Call(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return calls[::-1]


def _log_nothing(*_: object, **__: object) -> None:
    """Stand in for the SDK's log for debugging: a call to the engine, waited for, four times a resource."""


def _debugging_is_shown() -> bool:
    """Whether anybody sees what is logged for debugging; yes, where nobody can tell."""
    arguments = _engine_arguments()
    return (
        arguments is None
        or any(_SHOWN.match(argument) for argument in arguments)
        or any(os.environ.get(name) for name in _SHOWN_TOO)
    )


def _engine_arguments() -> list[str] | None:
    """The arguments of the engine that runs this program, from Linux's list of processes; None where there is none."""
    process = os.getppid()
    try:
        while process > 1:
            command, *arguments = _told_of(process, "cmdline").split("\0")
            if Path(command).name == "pulumi":
                return arguments
            process = int(_told_of(process, "stat").rpartition(")")[2].split()[1])
    except OSError:
        pass
    return None


def _told_of(process: int, what: str) -> str:
    return (Path("/proc") / str(process) / what).read_text(encoding="utf-8", errors="replace")
