"""The core of the simulated clouds: what a provider does, on plain values.

It knows neither gRPC nor mocks; both fronts ask it. What it makes exists in the ledger, what it refuses it refuses
with a CloudError, and what happens to an operation on the way is in performing.py.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from rehearsal.clouds import checking, command, differences, fabrication, invokes, random, sdk, tls
from rehearsal.clouds.checking import Failure, Verdict
from rehearsal.clouds.derivation import Surroundings
from rehearsal.clouds.differences import Difference
from rehearsal.clouds.drift import drift
from rehearsal.clouds.faults import Operation, Outage, Planned
from rehearsal.clouds.ledger import AlreadyExistsError, Draft, Ledger, LedgerObject, Making
from rehearsal.clouds.performing import CloudError, Performer
from rehearsal.clouds.sdk import Resource
from rehearsal.clouds.tls_keys import TlsError
from rehearsal.clouds.values import UNKNOWN, Properties, Value, has_unknowns
from rehearsal.clouds.vpn_state import Objects

_SDKS: Final = threading.RLock()
"""Held while something is looked up in an SDK, and taken before the ledger's own lock where both are.

An SDK imports its modules when they are first asked for, and those import each other: a second thread that comes in
between finds them half made.
"""


@dataclass(frozen=True)
class Answer:
    """An object of a simulated cloud as a provider reports it; a preview's has no identifier."""

    id: str
    inputs: Mapping[str, Value]
    outputs: Mapping[str, Value]
    secrets: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()

    def secret_outputs(self, secret_inputs: Collection[str]) -> frozenset[str]:
        """The outputs to mark as secret, where the inputs of these names were.

        What a cloud copies from a secret input to another output (`tags` to `tagsAll`) is as secret there.
        """
        texts = {text for name in secret_inputs for text in _texts(self.inputs.get(name))}
        copies = {name for name, value in self.outputs.items() if not texts.isdisjoint(_texts(value))}
        return frozenset((copies | self.secrets | set(secret_inputs)) & self.outputs.keys())


@dataclass(frozen=True)
class _Wanted:
    """What is to be made, for the how manieth time (from 0) under its URN."""

    token: str
    urn: str
    generation: int


class Simulator:
    """The simulated clouds as one provider instance sees them.

    `configuration` is what the provider was configured with, `provider` its URN (two instances of a provider are
    two accounts or clusters to it), and `run` names the run over which faults are counted.
    """

    def __init__(
        self,
        ledger: Ledger,
        planned: Planned = (),
        *,
        run: str | None = None,
        configuration: Properties | None = None,
        provider: str = "",
    ) -> None:
        self.ledger = ledger
        self._performer = Performer(ledger, planned, run)
        down = {tunnel for each in planned if isinstance(each, Outage) for tunnel in each.down}
        self._objects = Objects(ledger.look_up, down)
        self._provider = provider
        self._configuration: Properties = configuration or {}

    def configure(self, configuration: Properties, provider: str) -> None:
        """Take on what the engine configures a provider with, before anything is made with it."""
        self._configuration = configuration
        self._provider = provider

    def cancel(self) -> None:
        """End every operation that waits; those to come do not wait at all."""
        self._performer.cancel()

    def check(self, token: str, inputs: Properties) -> Verdict:
        """Everything wrong with the inputs of a resource of type `token`."""
        with _SDKS:
            resource = self._resource(token)
            verdict = checking.check(resource, inputs)
        failures = list(verdict.failures)
        warned = list(verdict.warnings)
        if resource.package == "tls":
            failures += tls.check(token, inputs)
            warned += tls.warnings(inputs)
        elif resource.package == "random":
            failures += random.check(token, inputs)
        return Verdict(tuple(_once(failures)), tuple(warned))

    def check_provider(self, package: str, arguments: Properties) -> Verdict:
        """Everything wrong with the arguments of an explicit provider of `package`."""
        with _SDKS:
            return checking.check(sdk.provider(package), arguments)

    def diff(
        self, token: str, old: Properties, new: Properties, outputs: Properties, ignored: Collection[str] = ()
    ) -> Difference:
        """What changed between `old` and `new` inputs of an object with `outputs`, but for what is `ignored`.

        Raises CloudError where it is not known what a change means to the real provider.
        """
        try:
            difference = differences.compare(self._resource(token).token, old, new)
        except differences.UnknownRuleError as error:
            raise CloudError(str(error)) from error
        return replace(difference, changes=(*difference.changes, *drift(token, new, outputs, ignored)))

    def diff_provider(self, package: str, old: Properties, new: Properties) -> Difference:
        """What changed between `old` and `new` arguments of an explicit provider."""
        try:
            return differences.compare_provider(package, old, new)
        except differences.UnknownRuleError as error:
            raise CloudError(str(error)) from error

    def preview_create(self, token: str, inputs: Properties) -> Answer:
        """What is known of an object before it is made: its inputs."""
        with _SDKS:
            resource = self._resource(token)
            return Answer("", inputs, fabrication.preview_outputs(resource, inputs), _secrets(resource))

    def create(self, token: str, urn: str, inputs: Properties) -> Answer:
        """Make an object. Raises CloudError where the cloud refuses or its answer is lost."""
        resource = self._resource(token)

        def do() -> LedgerObject:
            try:
                # Before the ledger is locked for everybody else: an RSA key takes its time.
                real = tls.make(token, inputs) if resource.package == "tls" else None

                def make(generation: int) -> Making:
                    return real or self._make(resource, _Wanted(token, urn, generation), inputs)

                draft = Draft(urn, token, resource.package, self._provider, inputs)
                with _SDKS:
                    return self.ledger.create(draft, make)
            except (AlreadyExistsError, TlsError) as error:
                raise CloudError(str(error)) from error

        made = self._performer.perform(Operation.CREATE, token, urn, do)
        return self._answer(resource, made)

    def read(self, token: str, urn: str, id_: str) -> Answer | None:
        """The object as it is in its cloud, or None where it is not there (any more)."""
        resource = self._resource(token)

        def do() -> LedgerObject | None:
            return self.ledger.find(urn=urn, type_=token, id_=id_)

        found = self._performer.perform(Operation.READ, token, urn, do)
        return None if found is None else self._answer(resource, found)

    def preview_update(self, token: str, urn: str, id_: str, outputs: Properties, inputs: Properties) -> Answer:
        """What will be known of an object after an update: what the update leaves as it was, and its inputs."""
        resource = self._resource(token)
        known = {name: value for name, value in inputs.items() if not has_unknowns(value)}
        found = self.ledger.find(urn=urn, type_=token, id_=id_)
        if found is None:
            return Answer(id_, inputs, {**dict.fromkeys(outputs, UNKNOWN), **_given(inputs)}, _secrets(resource))
        with _SDKS:
            after = self._updated(resource, found, known)
        kept: dict[str, Value] = {
            name: value if name in outputs and outputs[name] == value else UNKNOWN for name, value in after.items()
        }
        return Answer(id_, inputs, {**kept, **_given(inputs)}, _secrets(resource))

    def update(self, token: str, urn: str, id_: str, inputs: Properties) -> Answer:
        """Change an object in place. Raises CloudError where the cloud refuses or its answer is lost."""
        resource = self._resource(token)

        def do() -> LedgerObject:
            found = self.ledger.find(urn=urn, type_=token, id_=id_)
            if found is None:
                raise CloudError(
                    f"{token} `{id_}` cannot be updated: it does not exist any more."
                    " Refresh the stack, so that it is made anew."
                )
            with _SDKS:
                outputs = self._updated(resource, found, inputs)
            self.ledger.update(found, inputs, outputs)
            return replace(found, inputs=dict(inputs), outputs=outputs)

        return self._answer(resource, self._performer.perform(Operation.UPDATE, token, urn, do))

    def delete(self, token: str, urn: str, id_: str) -> None:
        """Remove an object; one that is gone already is no error, as with real providers."""

        def do() -> None:
            found = self.ledger.find(urn=urn, type_=token, id_=id_)
            if found is not None:
                self.ledger.delete(found)

        self._performer.perform(Operation.DELETE, token, urn, do)

    def invoke(self, token: str, arguments: Properties) -> tuple[tuple[Failure, ...], dict[str, Value]]:
        """The answer to a question, or what is wrong with its arguments.

        Raises CloudError where the rehearsal has no answer.
        """
        with _SDKS:
            function = sdk.function(token)
            if function is None:
                raise CloudError(f"The SDK of {sdk.package_of(token)} has no function {token}.")
            verdict = checking.check_function(function, arguments)
        if verdict.failures:
            return verdict.failures, {}

        def do() -> dict[str, Value]:
            try:
                return invokes.answer(function, arguments, self._region(), self._objects)
            except (invokes.UnansweredError, TlsError) as error:
                raise CloudError(str(error)) from error

        return (), self._performer.perform(Operation.INVOKE, token, "", do)

    def _resource(self, token: str) -> Resource:
        with _SDKS:
            resource = sdk.resource(token)
        if resource is None:
            package = sdk.package_of(token)
            raise CloudError(
                f"The SDK of {package} {sdk.version(package)} knows no resource {token}:"
                " its name may be misspelt, or it may come with another version."
            )
        return resource

    def _make(self, resource: Resource, wanted: _Wanted, inputs: Properties) -> Making:
        around = self._surroundings()
        id_ = fabrication.identifier(resource, wanted.urn, wanted.generation, inputs, around)
        made = None
        if resource.package == "random":
            made = random.make(wanted.token, inputs, id_)
        elif resource.package == "command":
            made = Making(id_, command.outputs(wanted.token, inputs))
        return made or Making(id_, fabrication.outputs(resource, wanted.urn, wanted.generation, id_, inputs, around))

    def _updated(self, resource: Resource, found: LedgerObject, inputs: Properties) -> dict[str, Value]:
        if resource.package in {"tls", "random"}:
            return {**found.outputs, **_given(inputs)}
        if resource.package == "command":
            return command.outputs(found.type, inputs)
        # Everything computed comes from the URN, its generation and the inputs: what these do not touch stays.
        return fabrication.outputs(
            resource, found.urn, found.generation, found.id, inputs, self._surroundings(found.id)
        )

    def _answer(self, resource: Resource, found: LedgerObject) -> Answer:
        warned = (command.warning(found.type),) if resource.package == "command" else ()
        return Answer(found.id, found.inputs, found.outputs, _secrets(resource), warned)

    def _surroundings(self, of: str | None = None) -> Surroundings:
        """What an object is made in; `of` names one that exists, whose addresses are its own."""
        own = self.ledger.look_up(of) if of else None

        def is_taken(address: str) -> bool:
            return self.ledger.mentions(address) and not (own and address in _texts(own.outputs))

        def find(id_: str) -> Properties | None:
            found = self.ledger.look_up(id_)
            return found.outputs if found else None

        given = {
            name: value
            for name in ("region", "project", "location")
            if isinstance(value := self._configuration.get(name), str)
        }
        lives = own.outputs.get("region") if own and own.package == "aws" else None
        if isinstance(lives, str):
            # It stays in its region when its provider's changes: hashicorp/terraform-provider-aws
            # internal/provider/sdkv2/region.go @4640a66635ff (defaultRegion), 2026-11-22.
            given["region"] = lives
        return replace(Surroundings(find=find, is_taken=is_taken), **given)

    def _region(self) -> str | None:
        region = self._configuration.get("region")
        return region if isinstance(region, str) else None


def _given(inputs: Properties) -> dict[str, Value]:
    return {name: value for name, value in inputs.items() if value is not None}


def _texts(value: Value) -> Iterator[str]:
    """Every text inside `value`; the empty one, which says nothing, is left out."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
    elif isinstance(value, str) and value:
        yield value


def _secrets(resource: Resource) -> frozenset[str]:
    return frozenset(name for name, known in resource.outputs.items() if known.secret)


def _once(failures: list[Failure]) -> list[Failure]:
    """The failures, each path once: what the SDK's types tell already need not be said again."""
    seen: dict[str, Failure] = {}
    for failure in failures:
        seen.setdefault(failure.path, failure)
    return list(seen.values())
