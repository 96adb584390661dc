"""Front two: the simulated clouds behind Pulumi's mocks, for tests of components.

A test declares components in the ordinary way and finds in the ledger what came of them. Inputs are checked, outputs
are computed and secrets stay secret just as they do behind the engine; a preview (`preview=True`) knows no computed
output. What is not here is the engine: no diff, no update, no deletion, no options but parent, provider and protect.
Hooks are kept by name, for a test to call as the engine would.

    with install() as clouds:
        clouds.run(lambda: Link("dc1-aws", args))
        tunnels = clouds.of_type("aws:ec2/vpnConnection:VpnConnection")
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pulumi import ResourceHook
from pulumi.runtime import mocks, settings, stack
from pulumi.runtime.proto import resource_pb2

from rehearsal.clouds import wire
from rehearsal.clouds.checking import Failure
from rehearsal.clouds.faults import Planned
from rehearsal.clouds.ledger import Ledger
from rehearsal.clouds.performing import CloudError
from rehearsal.clouds.simulator import Answer, Simulator
from rehearsal.clouds.values import Properties, Value

_PROVIDER: Final = "pulumi:providers:"

_T = TypeVar("_T")


class CheckFailedError(Exception):
    """Inputs that a provider would refuse; the message has a line for each, with the property's path."""

    def __init__(self, subject: str, failures: Iterable[Failure]) -> None:
        self.failures = tuple(failures)
        lines = [f"{subject} is not accepted:", *(f"  {each.path}: {each.reason}" for each in self.failures)]
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Registration:
    """One resource that the program declared, components too, with plain inputs and outputs."""

    urn: str
    type: str
    name: str
    id: str
    parent: str
    provider: str
    protect: bool
    inputs: Mapping[str, Value]
    outputs: Mapping[str, Value]
    secrets: frozenset[str]
    """The properties that are secret, inputs and outputs."""
    dependencies: frozenset[str]
    """The URNs of what has to be there before, as far as the program says so."""
    ignored: frozenset[str]
    """The properties whose changes are left alone."""


class SimulatedClouds(mocks.Mocks):
    """The simulated clouds of one test: a ledger in memory, and everything that was declared."""

    def __init__(self, *, preview: bool = False, planned: Planned = (), ledger: Ledger | None = None) -> None:
        self.ledger = ledger or Ledger()
        self.registrations: list[Registration] = []
        self.warnings: list[tuple[str, str]] = []
        self.hooks: dict[str, ResourceHook] = {}
        self._preview = preview
        self._planned = planned
        self._simulators: dict[str, Simulator] = {}

    def of_type(self, token: str) -> list[Registration]:
        """What was declared of one type, in the order of declaration."""
        return [each for each in self.registrations if each.type == token]

    def run(self, program: Callable[[], _T]) -> _T:
        """Run `program` as the engine would, and wait for everything that it declares.

        Raises what the program raises, CheckFailedError for inputs that a provider would refuse, and CloudError for
        what a cloud refuses.
        """
        declared: list[_T] = []

        async def declare() -> None:
            await stack.run_pulumi_func(lambda: declared.append(program()))

        asyncio.get_event_loop().run_until_complete(declare())
        return declared[0]

    # The base class types neither the properties nor the results of mocks.
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Not how resources come here: the monitor below hands on what this method is never told, such as parents."""
        raise NotImplementedError(f"{args.typ} was declared past rehearsal.clouds.mocks.install()")

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """As `new_resource`, for questions."""
        raise NotImplementedError(f"{args.token} was asked past rehearsal.clouds.mocks.install()")

    def register(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Make what a program declares."""
        inputs, secret = wire.read(request.object)
        if not request.custom:
            self._note(urn, request, Answer("", inputs, {}), secret)
            return resource_pb2.RegisterResourceResponse(urn=urn)
        answer = self._declare(urn, request, inputs)
        marked = answer.secret_outputs(secret)
        self.warnings += [(urn, warning) for warning in answer.warnings]
        self._note(urn, request, answer, secret | marked)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=answer.id, object=wire.write(answer.outputs, marked))

    def read(self, urn: str, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        """Look up what exists already. Raises CloudError where it does not."""
        answer = self._simulator(request.provider).read(request.type, urn, request.id)
        if answer is None:
            raise CloudError(f"{request.type} `{request.id}` does not exist in the simulated clouds.")
        return resource_pb2.ReadResourceResponse(
            urn=urn, properties=wire.write(answer.outputs, answer.secrets & answer.outputs.keys())
        )

    def ask(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        """Answer a question. Raises CheckFailedError for its arguments, CloudError where there is no answer."""
        arguments, _ = wire.read(request.args)
        failures, answer = self._simulator(request.provider).invoke(request.tok, arguments)
        if failures:
            raise CheckFailedError(request.tok, failures)
        # `return` is no name that Python would take as a keyword.
        members: dict[str, Any] = {"return": wire.write(answer)}
        return resource_pb2.ResourceInvokeResponse(**members)

    def _declare(self, urn: str, request: resource_pb2.RegisterResourceRequest, inputs: Properties) -> Answer:
        simulator = self._simulator(request.provider)
        if request.type.startswith(_PROVIDER):
            package = request.type.removeprefix(_PROVIDER)
            verdict = simulator.check_provider(package, inputs)
        else:
            verdict = simulator.check(request.type, inputs)
        if verdict.failures:
            raise CheckFailedError(f"{request.type} `{request.name}`", verdict.failures)
        self.warnings += [(urn, warning) for warning in verdict.warnings]
        if request.type.startswith(_PROVIDER):
            self._simulators[urn] = Simulator(
                self.ledger, self._planned, run="mocks", configuration=inputs, provider=urn
            )
            return Answer(f"{request.name}-provider", inputs, inputs)
        if self._preview:
            return simulator.preview_create(request.type, inputs)
        return simulator.create(request.type, urn, inputs)

    def _simulator(self, provider: str) -> Simulator:
        """The clouds as the provider sees them to which a request refers (`URN::ID`, or nothing for a default one)."""
        urn = provider.rpartition("::")[0]
        if urn not in self._simulators:
            self._simulators[urn] = Simulator(self.ledger, self._planned, run="mocks", provider=urn)
        return self._simulators[urn]

    def _note(
        self, urn: str, request: resource_pb2.RegisterResourceRequest, answer: Answer, secret: frozenset[str]
    ) -> None:
        self.registrations.append(
            Registration(
                urn=urn,
                type=request.type,
                name=request.name,
                id=answer.id,
                parent=request.parent,
                provider=request.provider,
                protect=request.protect,
                inputs=answer.inputs,
                outputs=answer.outputs,
                secrets=secret,
                dependencies=frozenset(request.dependencies),
                ignored=frozenset(request.ignoreChanges),
            )
        )


class _Monitor(mocks.MockMonitor):
    """Pulumi's own mock monitor, except that requests reach the clouds whole: with parents, secrets and unknowns."""

    def __init__(self, clouds: SimulatedClouds) -> None:
        super().__init__(clouds)
        self._clouds = clouds

    def RegisterResource(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        return self._clouds.register(urn, request)

    def ReadResource(  # noqa: N802
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        return self._clouds.read(self.make_urn(request.parent, request.type, request.name), request)

    def Invoke(  # noqa: N802
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        return self._clouds.ask(request)


class _Callbacks:
    """What the SDK registers hooks with; its own server of callbacks wants a real engine."""

    def __init__(self, clouds: SimulatedClouds) -> None:
        self._clouds = clouds

    def register_resource_hook(self, hook: ResourceHook) -> None:
        """Keep a hook."""
        if hook.name in self._clouds.hooks:
            raise ValueError(f"There is a resource hook {hook.name} already.")
        self._clouds.hooks[hook.name] = hook


def _say_nothing(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    del loop, context


@contextmanager
def install(
    *, project: str = "hybridge", stack_name: str = "test", preview: bool = False, planned: Planned = ()
) -> Generator[SimulatedClouds]:
    """Put simulated clouds behind Pulumi's runtime for one test, with an event loop of its own.

    Afterwards the runtime is as it was at the start of the process, whatever the test did to it.
    """
    loop = asyncio.new_event_loop()
    # A program that fails leaves outputs behind that nobody awaits; asyncio would report each of them.
    loop.set_exception_handler(_say_nothing)
    asyncio.set_event_loop(loop)
    clouds = SimulatedClouds(preview=preview, planned=planned)
    settings.reset_options()
    mocks.set_mocks(clouds, project=project, stack=stack_name, preview=preview, monitor=_Monitor(clouds))
    # The SDK's types take a context variable for what makes one.
    settings.SETTINGS.callbacks = _Callbacks(clouds)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield clouds
    finally:
        settings.reset_options()
        asyncio.set_event_loop(None)
        loop.close()
        clouds.ledger.close()
