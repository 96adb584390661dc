"""Working around the SDK's faults changes how long a program takes, and nothing of what it does."""

from __future__ import annotations

import asyncio
import atexit
import gc
import json
import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest
from pulumi import _types
from pulumi.runtime import resource, settings, stack
from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.proto import resource_pb2_grpc
from pulumi.runtime.rpc_manager import RPCManager
from pulumi.runtime.settings import SETTINGS

from hybridge import sdk_faults


def sdk() -> tuple[object, ...]:
    """Everything of the SDK and of Python that the workaround changes."""
    outputs = (pulumi.Output._track, pulumi.Output.from_input, stack.asyncio)
    places = (resource._get_source_position_for_frame, resource.traceback)
    declared = (resource._get_callbacks, resource.create_urn, _types.resource_types)
    return (*outputs, *places, *declared, pulumi.log.debug, gc.get_threshold())


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The SDK as it was, after each test."""
    monkeypatch.setattr(pulumi.Output, "_track", pulumi.Output._track)
    monkeypatch.setattr(pulumi.Output, "from_input", staticmethod(pulumi.Output.from_input))
    monkeypatch.setattr(_types, "resource_types", _types.resource_types)
    monkeypatch.setattr(stack, "asyncio", stack.asyncio)
    for name in ("_get_source_position_for_frame", "traceback", "_get_callbacks", "create_urn"):
        monkeypatch.setattr(resource, name, getattr(resource, name))
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    atexit.unregister(gc.freeze)


@pytest.fixture(params=["as it is", "worked around"])
def either(request: pytest.FixtureRequest) -> None:
    """The SDK, as it is and worked around."""
    if request.param == "worked around":
        before = sdk()
        sdk_faults.work_around()
        assert all(old != new for old, new in zip(before[:8], sdk()[:8], strict=True))


def deployed(program: Callable[[], None]) -> None:
    """Run a program to its end as the engine's executor does, with no engine."""

    async def main() -> None:
        SETTINGS.rpc_manager = RPCManager()
        SETTINGS.outputs = set()
        async with asyncio.timeout(20):  # where it should end with others outstanding, and would wait for them
            await stack.run_pulumi_func(program)

    asyncio.run(main())


def later(value: Any, milliseconds: float) -> pulumi.Output[Any]:
    """An output that is there after a while."""

    async def wait() -> Any:
        await asyncio.sleep(milliseconds / 1000)
        return value

    return pulumi.Output.from_input(wait())


def never() -> pulumi.Output[None]:
    """An output that is never there."""
    return pulumi.Output.from_input(asyncio.get_running_loop().create_future())


@pytest.mark.usefixtures("either")
def test_every_output_is_awaited_also_those_that_nobody_awaits() -> None:
    seen: list[int] = []

    def again(number: int) -> pulumi.Output[None]:
        seen.append(number)
        return later(number + 100, 5).apply(seen.append)

    deployed(lambda: [later(number, number).apply(again) for number in range(20)] and None)
    assert sorted(seen) == [*range(20), *range(100, 120)]


@pytest.mark.usefixtures("either")
def test_an_error_in_an_apply_is_raised_and_nobody_waits_for_the_rest() -> None:
    def program() -> None:
        never()
        later("edge-a", 5).apply(lambda name: {}[name])

    with pytest.raises(KeyError, match="edge-a"):
        deployed(program)


@pytest.mark.usefixtures("either")
def test_an_error_in_an_output_that_is_made_late_is_raised_too() -> None:
    def program() -> None:
        never()
        later("edge-b", 5).apply(lambda name: later(name, 5).apply(lambda name: {}[name]) and None)
        later("something else", 30)

    with pytest.raises(KeyError, match="edge-b"):
        deployed(program)


@pytest.mark.usefixtures("either")
def test_the_failure_that_the_engine_tells_itself_ends_nothing() -> None:
    """So it is with `--continue-on-error`: the other resources are still awaited."""
    seen: list[str] = []

    def fail(_: object) -> None:
        raise stack.ResourceRegistrationFailed

    def program() -> None:
        for milliseconds in (5, 10, 15):
            later(None, milliseconds).apply(fail)
        later("the others", 30).apply(seen.append)

    deployed(program)
    assert seen == ["the others"]


@pytest.mark.usefixtures("either")
def test_an_error_in_a_call_to_the_engine_is_raised() -> None:
    async def refuse() -> None:
        await asyncio.sleep(0.005)
        raise RuntimeError("the engine refuses")

    def program() -> None:
        asyncio.ensure_future(SETTINGS.rpc_manager.do_rpc("register resource outputs", refuse)())  # noqa: RUF006
        later("something else", 30)

    with pytest.raises(RuntimeError, match="the engine refuses"):
        deployed(program)


@pytest.mark.usefixtures("either")
def test_a_failure_can_be_recovered_from() -> None:
    seen: list[str] = []

    def fail(name: str) -> str:
        raise stack.ResourceRegistrationFailed(name)

    def program() -> None:
        later("edge-a", 5).apply(fail).recover(lambda error: f"{error} is down").apply(seen.append)

    deployed(program)
    assert seen == ["edge-a is down"]


def test_an_error_leads_to_its_place_also_when_others_waited_for_the_output() -> None:
    sdk_faults.work_around()

    def program() -> None:
        failing = later("edge-a", 5).apply(lambda name: {}[name])
        for _ in range(5):
            failing.apply(str)

    with pytest.raises(KeyError) as caught:
        deployed(program)
    assert caught.traceback[-1].name == "<lambda>"


def looks(monkeypatch: pytest.MonkeyPatch, outputs: int) -> int:
    """How often the SDK looks through the outstanding outputs, of which one after another is there."""
    count = 0
    wait = stack.asyncio.wait

    async def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        return await wait(*arguments, **named)

    async def after(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    def program() -> None:
        for number in range(outputs):
            pulumi.Output.from_input(after(5 * number))

    with monkeypatch.context() as patched:
        patched.setattr(stack, "asyncio", types.SimpleNamespace(**{**vars(asyncio), "wait": counted}))
        deployed(program)
    return count


def test_the_sdk_looks_through_the_outputs_once_instead_of_once_an_output(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looks(monkeypatch, 100) > looks(monkeypatch, 10) > 5, "the fault is there"
    sdk_faults.work_around()
    assert looks(monkeypatch, 100) == looks(monkeypatch, 10) <= 2


class Made:
    """Looks up where it is made, three constructors deep, as a resource does."""

    def __init__(self) -> None:
        self.trace = resource._get_stack_trace()


class MadeByClass(Made):
    def __init__(self) -> None:
        super().__init__()


class MadeByProgram(MadeByClass):
    def __init__(self) -> None:
        super().__init__()


def test_the_engine_is_told_the_same_places() -> None:
    told: list[Any] = []
    for change in (lambda: None, sdk_faults.work_around):
        change()
        told += [MadeByProgram().trace for _ in range(2)]
    assert told[0] == told[2] == told[3]
    (place, *_) = told[0].frames
    assert place.pc.uri == Path(__file__).as_uri()
    assert len(told[0].frames) > 5


PARENT = "urn:pulumi:dev::hybridge::hybridge:index:AwsSite::aws"
NESTED: dict[str, Any] = {
    "nothing": None,
    "text": "edge-a",
    "number": 3,
    "truth": True,
    "unknown": pulumi.output.UNKNOWN,
    "list": ["a", pulumi.output.UNKNOWN],
    "class": pulumi.Alias(name="old"),
}


async def told_of(output: pulumi.Output[Any]) -> tuple[Any, ...]:
    """All that an output knows."""
    data = await output._data
    return data.value, data.is_known, data.is_secret, data.resources


@pytest.mark.parametrize("name", NESTED)
def test_an_output_in_an_output_has_the_same_value_and_keeps_the_same_secret(name: str) -> None:
    async def all_told() -> list[tuple[Any, ...]]:
        value = NESTED[name]
        outputs = [
            later(value, 1),
            pulumi.Output.secret(value),
            later(pulumi.Output.secret(value), 1),
            later([value], 1),
        ]
        joined = pulumi.Output.all(*outputs), pulumi.Output.all(first=outputs[0], second={"in": [outputs[1]]})
        return [await told_of(pulumi.Output.from_input(output)) for output in (*outputs, *joined)]

    before = asyncio.run(all_told())
    sdk_faults.work_around()
    assert asyncio.run(all_told()) == before


@pytest.mark.parametrize(
    "parts",
    [("vpc", "aws:ec2/vpc:Vpc", PARENT), ("vpc", "aws:ec2/vpc:Vpc", ""), ("vpc", "aws:ec2/vpc:Vpc", None, "p", "s")],
    ids=["with a parent", "of the stack itself", "of an alias"],
)
def test_addresses_are_the_same_whether_or_not_they_wait_for_anything(parts: tuple[Any, ...]) -> None:
    async def address() -> list[tuple[Any, ...]]:
        name, *others = parts
        return [await told_of(resource.create_urn(given, *others)) for given in (name, later(name, 1))]

    before = asyncio.run(address())
    sdk_faults.work_around()
    assert asyncio.run(address()) == before == [before[0]] * 2


@pytest.mark.parametrize(("call", "freed"), [("", "freed"), ("sdk_faults.work_around()", "")])
def test_the_heap_is_left_to_the_system_when_a_program_ends(call: str, freed: str) -> None:
    program = f"""
import os
from hybridge import sdk_faults

class Made:
    def __del__(self, write=os.write):
        write(1, b"freed")

{call}
made = Made()
made.itself = made
del made
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == freed


def servers(hooks: int) -> int:
    """How many servers the SDK starts for hooks that are registered at once."""

    async def register() -> int:
        before = len(_CallbackServicer._servicers)
        # Nobody is called: the engine hears of a server when a hook is registered with it.
        SETTINGS.monitor = resource_pb2_grpc.ResourceMonitorStub(grpc.insecure_channel("127.0.0.1:1"))
        SETTINGS.callbacks = None
        try:
            found = await asyncio.gather(*[resource._get_callbacks() for _ in range(hooks)])
            assert None not in found
            return len(_CallbackServicer._servicers) - before
        finally:
            await settings._shutdown_callbacks()
            SETTINGS.monitor = SETTINGS.callbacks = None

    return asyncio.run(register())


def test_all_hooks_share_one_server() -> None:
    assert servers(5) == 5, "the fault is there"
    sdk_faults.work_around()
    assert servers(5) == 1


def test_the_pinned_sdk_is_one_that_was_measured() -> None:
    """A new version: measure with `make bench`, then name it in the module, or take out what it no longer needs."""
    assert version("pulumi") in sdk_faults._MEASURED


def test_an_unknown_sdk_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk_faults, "version", lambda _: "3.260.0")
    monkeypatch.setattr(sdk_faults, "_engine_arguments", lambda: ["up"])
    before = sdk()
    sdk_faults.work_around()
    assert sdk() == before


@pytest.mark.parametrize(
    ("arguments", "environment", "shown"),
    [
        (["preview", "--diff", "--stack", "dev"], {}, False),
        (["up", "-y", "-s", "dev", "--event-log", "tcp://127.0.0.1:1"], {}, False),
        (["up", "--debug"], {}, True),
        (["up", "-d"], {}, True),
        (["up", "-yd"], {}, True),
        (["up", "--verbose=3"], {}, True),
        (["up", "-v=9"], {}, True),
        (["up", "--logtostderr"], {}, True),
        (["up"], {"PULUMI_OPTION_DEBUG": "true"}, True),
        (["up"], {"PULUMI_OPTION_VERBOSE": "9"}, True),
        (None, {}, True),
    ],
)
def test_what_is_logged_for_debugging_reaches_whoever_asked_for_it(
    arguments: list[str] | None, environment: dict[str, str], shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sdk_faults, "_engine_arguments", lambda: arguments)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    logged = pulumi.log.debug
    sdk_faults.work_around()
    assert (pulumi.log.debug is logged) == shown


def test_the_engines_arguments_are_found_above_the_language_host(tmp_path: Path) -> None:
    engine = tmp_path / "pulumi"
    engine.symlink_to("/bin/sh")
    asked = "import json; from hybridge import sdk_faults; print(json.dumps(sdk_faults._engine_arguments()))"
    host = f"""sh -c '"$0" -c "{asked}"; true' {sys.executable}; true"""
    done = subprocess.run([engine, "-c", host, "--debug"], capture_output=True, text=True, env=os.environ, check=True)
    assert json.loads(done.stdout)[2:] == ["--debug", ""]


def test_a_program_without_an_engine_above_it_logs_as_ever() -> None:
    assert sdk_faults._engine_arguments() is None
