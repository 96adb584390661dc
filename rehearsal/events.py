"""What the engine says it does, event by event, while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import TracebackType
from typing import Self

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import events_pb2, events_pb2_grpc
from pydantic import BaseModel, ConfigDict, Field


class _Event(BaseModel):
    # the engine adds fields with every version: what we don't know is not ours
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class PropertyDiff(_Event):
    """How one property differs."""

    kind: str = Field(alias="diffKind")


class Step(_Event):
    """One thing the engine does to one resource."""

    op: str
    urn: str
    type: str
    keys: list[str] | None = None
    diffs: list[str] | None = None
    detailed: dict[str, PropertyDiff] | None = Field(None, alias="detailedDiff")

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]

    def changed_properties(self) -> list[str]:
        """The paths of the properties that make this step necessary, where the engine knows them."""
        return sorted(self.detailed or self.diffs or ())

    def replacing_properties(self) -> list[str]:
        """The paths of the properties that cannot be changed in place."""
        detailed = [path for path, diff in (self.detailed or {}).items() if diff.kind.endswith("-replace")]
        return sorted(detailed or self.keys or ())


class StepEvent(_Event):
    """A step begins, ends or fails."""

    metadata: Step


class Diagnostic(_Event):
    """Something a program, a provider or the engine says."""

    urn: str = ""
    message: str
    severity: str
    ephemeral: bool = False


class PolicyViolation(_Event):
    """What a policy has against a resource."""

    urn: str = Field("", alias="resourceUrn")
    message: str
    policy: str = Field(alias="policyName")
    pack: str = Field(alias="policyPackName")
    level: str = Field(alias="enforcementLevel")


class EngineFault(_Event):
    """The engine's own failure."""

    error: str


class EngineEvent(_Event):
    """One event; at most one of its fields is set."""

    begins: StepEvent | None = Field(None, alias="resourcePreEvent")
    done: StepEvent | None = Field(None, alias="resOutputsEvent")
    failed: StepEvent | None = Field(None, alias="resOpFailedEvent")
    diagnostic: Diagnostic | None = Field(None, alias="diagnosticEvent")
    violation: PolicyViolation | None = Field(None, alias="policyEvent")
    fault: EngineFault | None = Field(None, alias="errorEvent")


class _Receiver(events_pb2_grpc.EventsServicer):
    def __init__(self, received: SimpleQueue[str]) -> None:
        self._received = received

    def StreamEvents(  # noqa: N802 (the protocol names it)
        self,
        request_iterator: Iterable[events_pb2.EventRequest],
        context: grpc.ServicerContext,  # noqa: ARG002 (the protocol hands it over)
    ) -> Empty:
        for request in request_iterator:
            self._received.put(request.event)
        return Empty()


class EventStream:
    """Receives the events of one engine; a context manager.

    The engine sends them over the loopback interface, because its event log as a file would hold what the SDK logs
    while it debugs: every property of every resource, secrets in the clear.
    """

    def __init__(self) -> None:
        self._received: SimpleQueue[str] = SimpleQueue()
        self._server = grpc.server(ThreadPoolExecutor(max_workers=1), options=[("grpc.max_receive_message_length", -1)])
        events_pb2_grpc.add_EventsServicer_to_server(_Receiver(self._received), self._server)
        self.address = f"tcp://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._server.stop(grace=None).wait()

    def news(self) -> Iterator[EngineEvent]:
        """The events that have arrived since the last call."""
        while not self._received.empty():
            text = self._received.get()
            if '"severity":"debug"' not in text[-40:]:  # two events in three, and none is for people
                yield EngineEvent.model_validate_json(text)


# What the engine calls a change and what a person calls it; steps that only carry out a replacement's halves are
# left out, because the step `replace` stands for both.
VERBS = {
    "create": "created",
    "import": "imported",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "delete-replaced": "",
    "create-replacement": "",
}


@dataclass
class Record:
    """What an operation of the engine did, as its events tell.

    Attributes:
        seen: the URNs that were looked at, unchanged ones included.
        complaints: how many errors and mandatory policy violations were reported.
        violations: what policies found, of every level.
    """

    seen: set[str] = field(default_factory=set[str])
    complaints: int = 0
    violations: list[PolicyViolation] = field(default_factory=list[PolicyViolation])
    _steps: dict[tuple[str, str], Step] = field(default_factory=dict[tuple[str, str], Step])

    @property
    def steps(self) -> list[Step]:
        """The finished steps that changed something (in a preview: would change), in the order they ended."""
        return list(self._steps.values())

    def note(self, event: EngineEvent) -> None:
        """Take in an event."""
        if event.done is not None:
            step = event.done.metadata
            self.seen.add(step.urn)
            # a component is done twice: when it is registered, and when its outputs are
            if VERBS.get(step.op) and step.type != "pulumi:pulumi:Stack":
                self._steps.setdefault((step.urn, step.op), step)
        elif event.diagnostic is not None and event.diagnostic.severity == "error":
            self.complaints += 1
        elif event.violation is not None:
            self.violations.append(event.violation)
            self.complaints += event.violation.level == "mandatory"
        elif event.fault is not None:
            self.complaints += 1

    def counts(self) -> dict[str, int]:
        """How many resources were created, updated, replaced, deleted; only what happened."""
        found = Counter(VERBS[step.op] for step in self.steps)
        return {verb: found[verb] for verb in VERBS.values() if found[verb]}
