"""Faults by configuration: what a cloud does to people on a bad day, on the nth operation of a type.

The file that HYBRIDGE_REHEARSAL_FAULTS names is a YAML list. Each entry says which operation it is for (`type`, a
token or a glob such as `aws:*`; `operation`; `nth`, counted from 1 over one run and all its plugin processes) and
what then happens:

- `fail`: the cloud refuses, and nothing is done;
- `hang`: the cloud does not answer until the operation is cancelled, or for `seconds`, and nothing is done;
- `throttle`: the cloud refuses `times` times for too many requests, which the provider meets with waiting and
  asking again; when its patience ends first, the operation fails and nothing is done;
- `slow`: the cloud answers after `seconds`;
- `lose-answer`: the operation is done, but the connection drops before the answer arrives.

An entry `down: [dc1-aws-edge-a-1]` says of tunnels that they are down for the whole run, by their names in the estate.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError, model_validator

VARIABLE: Final = "HYBRIDGE_REHEARSAL_FAULTS"
"""The environment variable that names the file with the faults; none happen where it is not set."""


class FaultsError(Exception):
    """The file with the faults is wrong; the message names every mistake in it."""


class Operation(StrEnum):
    """What can be asked of a cloud."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"
    INVOKE = "invoke"


class Effect(StrEnum):
    """What can go wrong with an operation."""

    FAIL = "fail"
    HANG = "hang"
    THROTTLE = "throttle"
    SLOW = "slow"
    LOSE_ANSWER = "lose-answer"


_WRITES: Final = frozenset({Operation.CREATE, Operation.UPDATE, Operation.DELETE})
_SECONDS: Final = frozenset({Effect.HANG, Effect.SLOW})


class Fault(BaseModel):
    """One fault: the operation it befalls, and its effect."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Annotated[str, Field(min_length=1)]
    operation: Operation
    nth: Annotated[int, Field(ge=1, strict=True)] = 1
    effect: Effect
    seconds: Annotated[float, Field(gt=0, le=3600)] | None = None
    times: Annotated[int, Field(ge=1, strict=True)] | None = None
    message: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Fault:
        wrong: list[str] = []
        if self.effect is Effect.SLOW and self.seconds is None:
            wrong.append("`slow` needs `seconds`")
        if self.seconds is not None and self.effect not in _SECONDS:
            wrong.append(f"`seconds` means nothing to `{self.effect.value}`")
        if self.effect is Effect.THROTTLE and self.times is None:
            wrong.append("`throttle` needs `times`")
        if self.times is not None and self.effect is not Effect.THROTTLE:
            wrong.append(f"`times` means nothing to `{self.effect.value}`")
        if self.effect is Effect.LOSE_ANSWER and self.operation not in _WRITES:
            wrong.append(f"an answer to `{self.operation.value}` is not lost: nothing was done that it could tell of")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def befalls(self, type_: str, operation: Operation, counts: Mapping[str, int]) -> bool:
        """Whether this fault is for the latest operation, `counts` being those of each type so far, it included."""
        if operation is not self.operation or not fnmatchcase(type_, self.type):
            return False
        return sum(count for counted, count in counts.items() if fnmatchcase(counted, self.type)) == self.nth


class Outage(BaseModel):
    """Tunnels that are down for a whole run, whoever asks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    down: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


Planned: TypeAlias = tuple[Fault | Outage, ...]
"""What goes wrong in a run."""

_FAULT: Final = "fault"
_OUTAGE: Final = "outage"


def _kind(entry: object) -> str:
    return _OUTAGE if isinstance(entry, Outage) or (isinstance(entry, dict) and "down" in entry) else _FAULT


_FAULTS: Final = TypeAdapter(
    list[Annotated[Annotated[Fault, Tag(_FAULT)] | Annotated[Outage, Tag(_OUTAGE)], Discriminator(_kind)]]
)


def load(path: Path) -> Planned:
    """The faults in the YAML file `path`.

    Raises FaultsError, with every mistake at once, where the file cannot be read or is not a list of faults.
    """
    try:
        # PyYAML knows no type for what a document holds; the adapter below gives it one.
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return tuple(_FAULTS.validate_python(document or []))
    except OSError as error:
        raise FaultsError(f"The faults in {path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        sentences = [f"{path}: {_place(mistake['loc'])}: {_sentence(mistake['msg'])}" for mistake in error.errors()]
        raise FaultsError("\n".join(sentences)) from error
    except (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # PyYAML lets Python's own errors through, such as that of a date that is none.
        raise FaultsError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    except RecursionError:
        raise FaultsError(f"{path} is nested too deeply to be read. Write it flat.") from None


def outages(planned: Planned) -> tuple[str, ...]:
    """The names of all tunnels that are down."""
    return tuple(name for each in planned if isinstance(each, Outage) for name in each.down)


def planned() -> Planned:
    """The faults that this process's environment plans. Raises FaultsError where their file is wrong."""
    path = os.environ.get(VARIABLE)
    return load(Path(path)) if path else ()


def _place(location: tuple[int | str, ...]) -> str:
    # The chosen kind of an entry is pydantic's own, and stands in no file.
    parts = [part for part in location if part not in {_FAULT, _OUTAGE}]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return path.removeprefix(".") or "the document"


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    if text == "Extra inputs are not permitted":
        text = f"no fault has such a key; its keys are {', '.join(Fault.model_fields)}, or `down` alone"
    return text.rstrip(".") + "."
