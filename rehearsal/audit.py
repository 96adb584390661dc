"""Compares the simulated clouds with the state: what exists and nobody knows of, and what is known and does not exist.

In a real cloud the first costs money unseen and the second breaks the next deployment. A rehearsal can look at both
sides, and never leaves either unnamed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from rehearsal.state import Deployment, PendingOperation, StateResource


class CloudObject(Protocol):
    """What a simulated cloud holds."""

    @property
    def urn(self) -> str:
        """The resource it was created for."""
        ...

    @property
    def type(self) -> str:
        """Its type."""
        ...

    @property
    def id(self) -> str:
        """Its identifier in the cloud."""
        ...


@dataclass(frozen=True)
class Thing:
    """An object of a simulated cloud or a resource of the state, by what tells it from every other."""

    urn: str
    type: str
    id: str

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class Audit:
    """What the comparison found.

    Attributes:
        matched: how many objects exist and are known.
        orphans: what exists in a cloud and is not in the state.
        ghosts: what is in the state and does not exist in a cloud.
        pending: operations that were under way when an engine was stopped.
        leftovers: what a replacement has yet to delete; the next `up` does.
    """

    matched: int
    orphans: tuple[Thing, ...]
    ghosts: tuple[Thing, ...]
    pending: tuple[PendingOperation, ...]
    leftovers: tuple[Thing, ...]

    @property
    def clean(self) -> bool:
        """Whether the clouds hold exactly what the state says."""
        return not (self.orphans or self.ghosts or self.pending)

    def sentences(self, stack: str) -> list[str]:
        """Every finding: where, what, and what to do now.

        Args:
            stack: the stack's name, for the commands.
        """
        held = {orphan.urn: orphan for orphan in self.orphans}
        creating = {operation.resource.urn for operation in self.pending if operation.type == "creating"}
        found = [self._pending(operation, held.get(operation.resource.urn)) for operation in self.pending]
        if creating:
            found.append(self._remedy(stack, [held[urn] for urn in sorted(creating) if urn in held], len(creating)))
        elif self.pending:
            found.append(f"Settle it with `.venv/bin/python -m rehearsal refresh {stack}`, as `pulumi refresh` would.")
        found += [
            f"Orphan: {orphan.type} {orphan.id} exists in the simulated cloud, but not in the state "
            f"(made for {orphan.urn}). With real clouds, adopt it with `pulumi import {orphan.type} {orphan.name} "
            f"{orphan.id}` or delete it there. Here, removing .rehearsal/{stack} starts anew."
            for orphan in self.orphans
            if orphan.urn not in creating or orphan != held[orphan.urn]
        ]
        found += [
            f"Ghost: {ghost.urn} is in the state as {ghost.id}, but no such object exists in the simulated cloud. "
            f"`.venv/bin/python -m rehearsal refresh {stack}` takes it out of the state, as `pulumi refresh` would."
            for ghost in self.ghosts
        ]
        found += [
            f"Leftover: {thing.type} {thing.id} of {thing.urn} was replaced and awaits its deletion, which the next "
            f"`make rehearse STACK={stack}` does."
            for thing in self.leftovers
        ]
        return found

    def _pending(self, operation: PendingOperation, held: Thing | None) -> str:
        urn = operation.resource.urn
        begin = f"Pending: {operation.type} {urn} was interrupted, and the engine does not know how it ended."
        if operation.type != "creating":
            return begin
        if held is None:
            return f"{begin} The simulated cloud holds nothing of it that is not in the state."
        return f"{begin} The simulated cloud holds it as {held.id}."

    def _remedy(self, stack: str, held: list[Thing], creating: int) -> str:
        imports = "".join(f" --import-pending-creates '{thing.urn}' {thing.id}" for thing in held)
        clear = " --clear-pending-creates" if creating > len(held) else ""
        real = "; ".join(f"`pulumi import {thing.type} {thing.name} {thing.id}`" for thing in held)
        then = "then `pulumi refresh --clear-pending-creates`"
        return (
            f"Settle {'it' if creating == 1 else 'them'} with "
            f"`.venv/bin/python -m rehearsal refresh {stack}{imports}{clear}`; "
            f"with real clouds, look there first, {f'{real}, {then}' if real else then}."
        )


def compare(objects: Iterable[CloudObject], deployment: Deployment) -> Audit:
    """Compare what exists with what is known.

    Args:
        objects: what the simulated clouds hold.
        deployment: the state.
    """
    existing = [Thing(item.urn, item.type, item.id) for item in objects]
    known = [resource for resource in deployment.resources if resource.in_a_cloud]
    required = [_thing(resource) for resource in known if not resource.awaits_deletion]
    doomed = [_thing(resource) for resource in known if resource.awaits_deletion]
    orphans, ghosts = _unmatched(existing, required)
    orphans, gone = _unmatched(orphans, doomed)
    leftovers = [thing for thing in doomed if thing not in gone]
    return Audit(
        matched=len(required) - len(ghosts),
        orphans=tuple(orphans),
        ghosts=tuple(ghosts),
        pending=tuple(deployment.pending),
        leftovers=tuple(leftovers),
    )


def _thing(resource: StateResource) -> Thing:
    return Thing(resource.urn, resource.type, resource.id)


def _unmatched(left: list[Thing], right: list[Thing]) -> tuple[list[Thing], list[Thing]]:
    """What of each side has no partner on the other: by URN and identifier, then by type and identifier.

    A resource that was renamed with an alias keeps its object, which goes by its old URN in the cloud.
    """
    for key in (_by_urn, _by_type):
        waiting = Counter(key(thing) for thing in right)
        lonely: list[Thing] = []
        for thing in left:
            if waiting[key(thing)]:
                waiting[key(thing)] -= 1
            else:
                lonely.append(thing)
        unpaired: list[Thing] = []
        for thing in right:
            if waiting[key(thing)]:
                waiting[key(thing)] -= 1
                unpaired.append(thing)
        left, right = lonely, unpaired
    return left, right


def _by_urn(thing: Thing) -> tuple[str, str]:
    return thing.urn, thing.id


def _by_type(thing: Thing) -> tuple[str, str]:
    return thing.type, thing.id
