"""The ledger: what exists in the simulated clouds across runs, and every operation that was asked of them.

It is a SQLite file that only its owner can read (0600), since it holds what the clouds hold: keys and passwords
too. The ledger is the world: an object is in it before the answer to its creation leaves the plugin, so an engine
that is killed in between finds it there later, as it would in a real cloud. Several plugin processes write to one
ledger at once.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pulumi import (
    Archive,
    Asset,
    AssetArchive,
    FileArchive,
    FileAsset,
    RemoteArchive,
    RemoteAsset,
    StringAsset,
)

from rehearsal.clouds.values import Properties, Unknown, Value

_BUSY_SECONDS: Final = 30.0
"""How long a process waits for another one's write before it gives up."""

_RUNS: Final = 20
"""Of how many runs the operations are kept; only those of the present one are ever asked for."""

_SCHEMA: Final = """
create table if not exists objects (
    number integer primary key,
    id text not null,
    urn text not null,
    type text not null,
    package text not null,
    provider text not null,
    generation integer not null,
    inputs text not null,
    outputs text not null,
    created text not null,
    deleted text
);
create unique index if not exists generations on objects (urn, generation);
create unique index if not exists living on objects (provider, type, id) where deleted is null;
create table if not exists operations (
    number integer primary key,
    run text not null,
    n integer not null,
    type text not null,
    urn text not null,
    operation text not null,
    outcome text not null
);
create index if not exists runs on operations (run, operation, type);
"""

_ASSET: Final = "hybridge:asset"
"""The key that marks a file's or an archive's entry in the ledger's JSON."""


class LedgerError(Exception):
    """The ledger cannot do what it was asked; the message says what and why."""


class AlreadyExistsError(LedgerError):
    """An object with that identifier lives already, as when a named object is created a second time."""


@dataclass(frozen=True)
class LedgerObject:
    """One object of the simulated clouds."""

    id: str
    urn: str
    type: str
    package: str
    provider: str
    generation: int
    inputs: dict[str, Value]
    outputs: dict[str, Value]


@dataclass(frozen=True)
class LedgerOperation:
    """One operation that was asked of the simulated clouds.

    `n` counts the operations of its kind and type in the run, from 1. `outcome` is `begun` as long as there is no
    end: the process was killed, or is still at it.
    """

    run: str
    n: int
    type: str
    urn: str
    operation: str
    outcome: str


@dataclass(frozen=True)
class Draft:
    """What is asked of a creation: which object, of which provider instance, with which inputs."""

    urn: str
    type: str
    package: str
    provider: str
    inputs: Properties


@dataclass(frozen=True)
class Making:
    """What comes of a creation."""

    id: str
    outputs: dict[str, Value]


class Ledger:
    """The ledger at `path`, or one in memory that ends with the process where `path` is None."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        if path is not None:
            # Only where it is new: closing a database's file drops the locks that this process holds on it elsewhere.
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            path.chmod(0o600)
        self._lock = threading.RLock()
        # Autocommit: transactions begin where they are written below, and nowhere else.
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        # What is deleted or replaced is overwritten on the disk too: it may have been a key.
        self._connection.execute("pragma secure_delete = on")
        if path is not None:
            # Written through to the operating system at every commit: a killed process loses nothing, and only
            # a machine that loses its power could lose the last writes of a simulation.
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute("pragma synchronous = normal")
        with self._writing() as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)

    def close(self) -> None:
        """Give the file back; a ledger in memory is gone with it."""
        with self._lock:
            self._connection.close()

    def create(self, draft: Draft, make: Callable[[int], Making]) -> LedgerObject:
        """Put the next generation of the draft's URN into the world.

        `make` is told the generation's number (from 0) and says what comes into being. Raises AlreadyExistsError
        where an object of that type and identifier lives at that provider.
        """
        with self._writing() as connection:
            (generation,) = connection.execute("select count(*) from objects where urn = ?", (draft.urn,)).fetchone()
            made = make(generation)
            try:
                connection.execute(
                    "insert into objects"
                    " (id, urn, type, package, provider, generation, inputs, outputs, created)"
                    " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        made.id,
                        draft.urn,
                        draft.type,
                        draft.package,
                        draft.provider,
                        generation,
                        encode(dict(draft.inputs)),
                        encode(made.outputs),
                        _now(),
                    ),
                )
            except sqlite3.IntegrityError as error:
                raise AlreadyExistsError(
                    f"{draft.type} `{made.id}` exists already: delete it, import it, or choose another name."
                ) from error
        return LedgerObject(
            made.id,
            draft.urn,
            draft.type,
            draft.package,
            draft.provider,
            generation,
            dict(draft.inputs),
            made.outputs,
        )

    def look_up(self, id_: str) -> LedgerObject | None:
        """The latest living object of any type under `id_`, or None."""
        rows = self._living("id = ?", (id_,))
        return rows[-1] if rows else None

    def mentions(self, text: str) -> bool:
        """Whether a living object has `text` as the whole of some output, at any depth."""
        quoted = json.dumps(text)
        return bool(self._rows("select 1 from objects where deleted is null and instr(outputs, ?) limit 1", (quoted,)))

    def find(self, *, urn: str, type_: str, id_: str) -> LedgerObject | None:
        """What lives under `id_`: that of `urn`, else, for imports and aliases, the only one of its type."""
        rows = self._living("type = ? and id = ?", (type_, id_))
        own = [found for found in rows if found.urn == urn]
        if own:
            return own[0]
        return rows[0] if len(rows) == 1 else None

    def update(self, found: LedgerObject, inputs: Properties, outputs: Properties) -> None:
        """Give `found` new inputs and outputs; its identifier and its generation stay."""
        with self._writing() as connection:
            connection.execute(
                "update objects set inputs = ?, outputs = ? where urn = ? and generation = ?",
                (encode(dict(inputs)), encode(dict(outputs)), found.urn, found.generation),
            )

    def delete(self, found: LedgerObject) -> None:
        """Take `found` out of the world; what is left is that its generation was used, and none of its keys."""
        with self._writing() as connection:
            connection.execute(
                "update objects set deleted = ?, inputs = '{}', outputs = '{}' where urn = ? and generation = ?",
                (_now(), found.urn, found.generation),
            )

    def objects(self) -> list[LedgerObject]:
        """What exists now, in the order of its creation."""
        return self._living("true", ())

    def begin(self, *, run: str, type_: str, urn: str, operation: str) -> int:
        """Note that an operation was asked; the number is the one to end it with.

        A run's first operation makes the ledger forget those of the oldest run, once it has many.
        """
        with self._writing() as connection:
            if not connection.execute("select 1 from operations where run = ? limit 1", (run,)).fetchone():
                connection.execute(
                    "delete from operations where run not in"
                    " (select run from operations group by run order by max(number) desc limit ?)",
                    (_RUNS - 1,),
                )
            (before,) = connection.execute(
                "select count(*) from operations where run = ? and operation = ? and type = ?",
                (run, operation, type_),
            ).fetchone()
            cursor = connection.execute(
                "insert into operations (run, n, type, urn, operation, outcome) values (?, ?, ?, ?, ?, 'begun')",
                (run, before + 1, type_, urn, operation),
            )
            return cursor.lastrowid or 0

    def end(self, number: int, outcome: str) -> None:
        """Note how the operation `number` ended: a word or two, never a property's value."""
        with self._writing() as connection:
            connection.execute("update operations set outcome = ? where number = ?", (outcome, number))

    def types_until(self, number: int, run: str, operation: str) -> dict[str, int]:
        """How often each type saw `operation` in `run`, counting up to and with the operation `number`."""
        rows = self._rows(
            "select type, count(*) from operations where run = ? and operation = ? and number <= ? group by type",
            (run, operation, number),
        )
        return dict(rows)

    def operations(self) -> list[LedgerOperation]:
        """Every operation of the latest runs, in the order in which they were asked."""
        rows = self._rows("select run, n, type, urn, operation, outcome from operations order by number", ())
        return [LedgerOperation(*row) for row in rows]

    def _living(self, condition: str, parameters: tuple[object, ...]) -> list[LedgerObject]:
        # `condition` is one of two texts above, never what came from outside.
        rows = self._rows(
            "select id, urn, type, package, provider, generation, inputs, outputs from objects"  # noqa: S608
            f" where deleted is null and {condition} order by number",
            parameters,
        )
        return [
            LedgerObject(id_, urn, type_, package, provider, generation, decode(inputs), decode(outputs))
            for id_, urn, type_, package, provider, generation, inputs, outputs in rows
        ]

    def _rows(self, query: str, parameters: tuple[object, ...]) -> list[Any]:  # sqlite3 types no row
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        """One transaction, alone among all threads and processes from its first statement on."""
        with self._lock:
            try:
                self._connection.execute("begin immediate")
            except sqlite3.OperationalError as error:
                raise LedgerError(
                    f"The ledger {self.path} cannot be written ({error}):"
                    " another rehearsal of this stack may be running, or the disk is full."
                ) from error
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")


def encode(properties: dict[str, Value]) -> str:
    """The same properties as the same text always: JSON with its keys in order."""
    return json.dumps(properties, sort_keys=True, separators=(",", ":"), default=_encode_asset)


def decode(text: str) -> dict[str, Value]:
    """The properties behind what `encode` wrote."""
    return json.loads(text, object_hook=_decode_asset)


def _encode_asset(value: object) -> dict[str, object]:
    match value:
        case StringAsset():
            marked: tuple[str, object] = "text", value.text
        case FileAsset():
            marked = "file", str(value.path)
        case RemoteAsset():
            marked = "uri", value.uri
        case AssetArchive():
            marked = "archive", value.assets
        case FileArchive():
            marked = "archive-file", value.path
        case RemoteArchive():
            marked = "archive-uri", value.uri
        case Unknown():
            raise LedgerError("A value that is not known yet cannot exist in a cloud.")
        case _:
            raise TypeError(f"{type(value).__name__} is no property's value")
    return {_ASSET: marked[0], "of": marked[1]}


def _decode_asset(members: dict[str, Value]) -> Value:
    of = members.get("of")
    kind = members.get(_ASSET)
    if kind == "archive" and isinstance(of, dict):
        return AssetArchive({name: item for name, item in of.items() if isinstance(item, Asset | Archive)})
    return _BY_NAME[kind](str(of)) if isinstance(kind, str) and kind in _BY_NAME else members


_BY_NAME: Final[Mapping[str, Callable[[str], Asset | Archive]]] = {
    "text": StringAsset,
    "file": FileAsset,
    "uri": RemoteAsset,
    "archive-file": FileArchive,
    "archive-uri": RemoteArchive,
}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
