"""The provider protocol's methods, answered by the simulator: messages become plain values, and answers messages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

from rehearsal.clouds import sdk, wire
from rehearsal.clouds.checking import Failure
from rehearsal.clouds.differences import Change, Difference, Kind
from rehearsal.clouds.simulator import Answer, Simulator
from rehearsal.clouds.values import Properties, Value

_ENGINES_OWN: Final = frozenset({"version", "pluginDownloadURL", "__internal"})
"""What the engine puts among a provider's arguments for itself."""

_KINDS: Final = {
    (Kind.ADDED, False): provider_pb2.PropertyDiff.ADD,
    (Kind.ADDED, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Kind.REMOVED, False): provider_pb2.PropertyDiff.DELETE,
    (Kind.REMOVED, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Kind.CHANGED, False): provider_pb2.PropertyDiff.UPDATE,
    (Kind.CHANGED, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The provider `package` at `version`, simulated."""

    def __init__(self, package: str, version: str, simulator: Simulator, engine: str | None) -> None:
        self.package = package
        self._version = version
        self._simulator = simulator
        self._engine = _engine_at(engine)

    def Handshake(  # noqa: N802 - the protocol's name
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Accept the engine, whose address the command line may have told already."""
        del context
        self._engine = self._engine or _engine_at(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(  # noqa: N802
        self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Serve another engine than the one that started this process."""
        del context
        self._engine = _engine_at(request.address)
        return empty_pb2.Empty()

    def GetPluginInfo(  # noqa: N802
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        """The version of the provider that is simulated."""
        del request, context
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(  # noqa: N802
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        """A schema that is valid and describes nothing: the SDKs carry none."""
        del request, context
        schema: dict[str, object] = {
            "name": self.package,
            "version": self._version,
            "resources": {},
            "functions": {},
            "types": {},
        }
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Judge the arguments of an explicit provider."""
        del context
        verdict = self._simulator.check_provider(self.package, _arguments(request.news))
        self._warn(request.urn, verdict.warnings)
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(verdict.failures))

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Tell what changed arguments make of an explicit provider."""
        del context
        old = _decoded(self.package, _arguments(request.old_inputs))
        new = _decoded(self.package, _arguments(request.news))
        return _difference(self._simulator.diff_provider(self.package, old, new))

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Take on a provider's arguments."""
        del context
        given = _decoded(self.package, _arguments(request.args))
        self._simulator.configure(given, request.urn)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Invoke(  # noqa: N802
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        """Answer a question."""
        del context
        arguments, _ = wire.read(request.args)
        failures, answer = self._simulator.invoke(request.tok, arguments)
        # `return` is no name that Python would take as a keyword.
        members: dict[str, Any] = {"return": wire.write(answer), "failures": _failures(failures)}
        return provider_pb2.InvokeResponse(**members)

    def Check(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Judge a resource's inputs."""
        del context
        inputs, _ = wire.read(request.news)
        verdict = self._simulator.check(_type_of(request.urn), inputs)
        self._warn(request.urn, verdict.warnings)
        # As they came: secrets inside lists and maps stay marked exactly where they were.
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(verdict.failures))

    def Diff(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Tell what changed inputs make of a resource."""
        del context
        old, _ = wire.read(request.old_inputs)
        new, _ = wire.read(request.news)
        outputs, _ = wire.read(request.olds)
        return _difference(self._simulator.diff(_type_of(request.urn), old, new, outputs, request.ignoreChanges))

    def Create(  # noqa: N802
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Make a resource, or say what is known of it before."""
        del context
        inputs, secret = wire.read(request.properties)
        token = _type_of(request.urn)
        if request.preview:
            answer = self._simulator.preview_create(token, inputs)
        else:
            answer = self._simulator.create(token, request.urn, inputs)
        self._warn(request.urn, answer.warnings)
        return provider_pb2.CreateResponse(id=answer.id, properties=_marked(answer, secret))

    def Read(  # noqa: N802
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        """Report a resource as it is, also one to be imported."""
        del context
        _, secret_outputs = wire.read(request.properties)
        _, secret_inputs = wire.read(request.inputs)
        secret = secret_inputs | secret_outputs
        answer = self._simulator.read(_type_of(request.urn), request.urn, request.id)
        if answer is None:
            return provider_pb2.ReadResponse()
        inputs = wire.write(answer.inputs, secret | answer.secrets)
        return provider_pb2.ReadResponse(id=answer.id, properties=_marked(answer, secret), inputs=inputs)

    def Update(  # noqa: N802
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Change a resource in place, or say what will be known of it then."""
        del context
        inputs, secret = wire.read(request.news)
        token = _type_of(request.urn)
        if request.preview:
            outputs, _ = wire.read(request.olds)
            answer = self._simulator.preview_update(token, request.urn, request.id, outputs, inputs)
        else:
            answer = self._simulator.update(token, request.urn, request.id, inputs)
        self._warn(request.urn, answer.warnings)
        return provider_pb2.UpdateResponse(properties=_marked(answer, secret))

    def Delete(  # noqa: N802
        self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Remove a resource."""
        del context
        self._simulator.delete(_type_of(request.urn), request.urn, request.id)
        return empty_pb2.Empty()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """End whatever waits for a cloud."""
        del request, context
        self._simulator.cancel()
        return empty_pb2.Empty()

    def _warn(self, urn: str, warnings: Iterable[str]) -> None:
        for warning in warnings:
            if self._engine is not None:
                self._engine.Log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=warning, urn=urn))  # pyright: ignore[reportUnknownMemberType]


def _engine_at(address: str | None) -> engine_pb2_grpc.EngineStub | None:
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None


def _type_of(urn: str) -> str:
    """The resource type in a URN, without those of its parents."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _arguments(encoded: struct_pb2.Struct) -> Properties:
    arguments, _ = wire.read(encoded)
    return {name: value for name, value in arguments.items() if name not in _ENGINES_OWN}


def _decoded(package: str, arguments: Properties) -> dict[str, Value]:
    """A provider's arguments as what their JSON text stands for."""
    encoded = sdk.provider(package).encoded
    return {name: _from_json(value) if name in encoded else value for name, value in arguments.items()}


def _from_json(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _failures(failures: Iterable[Failure]) -> list[provider_pb2.CheckFailure]:
    # Never with `property`: beside the reason the engine prints the whole input of that name, secrets in plain text.
    return [
        provider_pb2.CheckFailure(reason=f"{failure.path}: {failure.reason}" if failure.path else failure.reason)
        for failure in failures
    ]


def _marked(answer: Answer, secret: frozenset[str]) -> struct_pb2.Struct:
    return wire.write(answer.outputs, answer.secret_outputs(secret))


def _difference(difference: Difference) -> provider_pb2.DiffResponse:
    changed = provider_pb2.DiffResponse.DIFF_SOME if difference.changes else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=changed,
        diffs=_named(difference.changes),
        replaces=_named(change for change in difference.changes if change.replaces),
        deleteBeforeReplace=difference.delete_before_replace,
        hasDetailedDiff=bool(difference.changes),
        detailedDiff={
            change.path: provider_pb2.PropertyDiff(kind=_KINDS[change.kind, change.replaces], inputDiff=True)
            for change in difference.changes
        },
    )


def _named(changes: Iterable[Change]) -> list[str]:
    return list(dict.fromkeys(change.input for change in changes))
