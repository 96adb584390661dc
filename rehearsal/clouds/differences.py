"""What a change of inputs means: nothing, an update in place, or a replacement.

What counts as a change is found here; which changes replace is data (`data/replacements.yaml`), taken from the
real providers' sources. A property that no rule names fails loudly: a guess would make a preview promise what the
real provider does not keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, cast

import yaml
from pulumi import Archive, Asset
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from rehearsal.clouds.values import UNKNOWN, Properties, Value

DATA: Final = Path(__file__).with_name("data") / "replacements.yaml"
_SHOWN: Final = "rehearsal/clouds/data/replacements.yaml"

Place: TypeAlias = tuple[str | int, ...]
"""Where a value lies in its resource's inputs."""


class UnknownRuleError(Exception):
    """Properties changed of which no rule says what that means; the message names each, and the file for it."""


class Kind(Enum):
    """What happened to a value."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Change:
    """One value that changed."""

    place: Place
    kind: Kind
    replaces: bool

    @property
    def input(self) -> str:
        """The input property in which it lies."""
        return str(self.place[0])

    @property
    def path(self) -> str:
        """Its path as Pulumi writes it: `spec.ports[0].port`, `tags["a.b"]`."""
        return format_path(self.place)


@dataclass(frozen=True)
class Difference:
    """Everything that changed between two sets of inputs of one resource."""

    changes: tuple[Change, ...] = ()
    delete_before_replace: bool = False

    @property
    def replaces(self) -> bool:
        """Whether the resource must be made anew."""
        return any(change.replaces for change in self.changes)


class _Turn(BaseModel):
    """A condition on a change: from one value to another; either left out means any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: Annotated[str | None, Field(alias="from")] = None
    after: Annotated[str | None, Field(alias="to")] = None

    def holds(self, old: Value, new: Value) -> bool:
        # A value that is not known yet may turn out to be the one that matters, as real providers assume too.
        return (self.before is None or old == self.before) and (
            self.after is None or new == self.after or new is UNKNOWN
        )


class _Rule(BaseModel):
    """What one provider source says of some resource types.

    Paths are of properties, `[*]` standing for any element of a list; a path speaks for all below it, and the
    longest one that fits is the one that counts. The path `*` speaks for every property no other path names.
    `named_by` are the properties that name the object in its cloud: while a name that was given by hand stays,
    the old object must go before its replacement comes. `sets` are the lists that the provider keeps as sets: their
    order says nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: tuple[str, ...]
    source: str
    looked_up: str
    replace: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    replace_if: Mapping[str, _Turn] = {}
    replace_unless: Mapping[str, _Turn] = {}
    ignore: tuple[str, ...] = ()
    named_by: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()

    def fits(self, token: str) -> bool:
        return any(fnmatchcase(token, pattern) for pattern in self.tokens)


_RULES: Final = TypeAdapter(tuple[_Rule, ...])


class _Effect(Enum):
    IGNORED = "ignored"
    UPDATES = "updates"
    REPLACES = "replaces"


def compare(token: str, old: Properties, new: Properties) -> Difference:
    """How `new` inputs of a resource of type `token` differ from its `old` ones, and what that means.

    Numbers are compared by value, sets regardless of their order, and null is the same as absent. Raises
    UnknownRuleError where what changed is in no rule.
    """
    rules = [rule for rule in _rules() if rule.fits(token)]
    sets = [_parts(path) for rule in rules for path in rule.sets]
    found = list(_walk((), _plain(dict(old)), _plain(dict(new)), sets))
    unknown: list[str] = []
    changes: list[Change] = []
    for place, kind, before, after in found:
        effect = _effect(rules, place, before, after)
        if effect is None:
            unknown.append(f"{token} has no rule for a change of `{format_path(place[:1])}`")
        elif effect is not _Effect.IGNORED:
            changes.append(Change(place, kind, effect is _Effect.REPLACES))
    if unknown:
        told = "; ".join(dict.fromkeys(unknown))
        raise UnknownRuleError(
            f"{told}. Whether it replaces the resource is for the real provider's source to say:"
            f" look it up and add it, with its source, to {_SHOWN}."
        )
    difference = Difference(tuple(changes))
    if difference.replaces and _keeps_its_name(rules, old, new):
        return Difference(difference.changes, delete_before_replace=True)
    return difference


def compare_provider(package: str, old: Properties, new: Properties) -> Difference:
    """How the arguments of an explicit provider differ, and whether that makes it another provider.

    A Kubernetes provider is another one when its `clusterIdentifier` changes, or, where it has none, when its
    kubeconfig comes to mean another cluster or is not known yet.
    """
    token = f"pulumi:providers:{package}"
    difference = compare(token, old, new)
    if package != "kubernetes" or not difference.changes:
        return difference
    if old.get("clusterIdentifier") is not None and new.get("clusterIdentifier") is not None:
        replacing = {"clusterIdentifier"} if old["clusterIdentifier"] != new["clusterIdentifier"] else set[str]()
    elif any(new.get(name) is UNKNOWN for name in _CLUSTER) or _cluster(old) != _cluster(new):
        replacing = set(_CLUSTER)
    else:
        return difference
    return Difference(
        tuple(Change(change.place, change.kind, change.input in replacing) for change in difference.changes)
    )


_CLUSTER: Final = ("kubeconfig", "context", "cluster")
"""The arguments of a Kubernetes provider that say which cluster it is for."""


def _cluster(arguments: Properties) -> Value:
    """The cluster that a Kubernetes provider's arguments lead to, as its kubeconfig describes it."""
    given = arguments.get("kubeconfig")
    config: Any = yaml.safe_load(given) if isinstance(given, str) else given
    if not isinstance(config, dict):
        return None
    members = cast("dict[str, Value]", config)
    context = arguments.get("context") or members.get("current-context")
    name = arguments.get("cluster") or _named(members.get("contexts"), context, "context").get("cluster")
    return _named(members.get("clusters"), name, "cluster")


def _named(entries: Value, name: Value, member: str) -> dict[str, Value]:
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("name") == name:
            found = entry.get(member)
            return found if isinstance(found, dict) else {}
    return {}


def format_path(place: Place) -> str:
    """`place` as Pulumi writes a property's path."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        elif not part or any(mark in part for mark in '."[]'):
            quoted = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{quoted}"]'
        else:
            text += f".{part}" if text else part
    return text


_Found: TypeAlias = tuple[Place, Kind, Value, Value]


_Sets: TypeAlias = Sequence[tuple[str, ...]]
"""The paths of the lists whose order says nothing."""


def _walk(place: Place, old: Value, new: Value, sets: _Sets) -> Iterator[_Found]:
    """Every innermost place at which two values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, before in old.items():
            if name in new:
                yield from _walk((*place, name), before, new[name], sets)
            else:
                yield (*place, name), Kind.REMOVED, before, None
        for name, after in new.items():
            if name not in old:
                yield (*place, name), Kind.ADDED, None, after
    elif isinstance(old, list) and isinstance(new, list):
        yield from _walk_list(place, old, new, sets)
    elif not _same(old, new):
        yield place, Kind.CHANGED, old, new


def _walk_list(place: Place, old: list[Value], new: list[Value], sets: _Sets) -> Iterator[_Found]:
    is_set = any(_is_at(parts, place) for parts in sets)
    gone = {i: one for i, one in enumerate(old) if not (is_set and _is_among(one, new, place, sets))}
    come = {i: one for i, one in enumerate(new) if not (is_set and _is_among(one, old, place, sets))}
    for index in sorted(gone.keys() | come.keys()):
        if index not in come:
            yield (*place, index), Kind.REMOVED, gone[index], None
        elif index not in gone:
            yield (*place, index), Kind.ADDED, None, come[index]
        else:
            yield from _walk((*place, index), gone[index], come[index], sets)


def _is_at(parts: tuple[str, ...], place: Place) -> bool:
    return len(parts) == len(place) and all(part in ("[*]", found) for part, found in zip(parts, place, strict=True))


def _is_among(one: Value, others: list[Value], place: Place, sets: _Sets) -> bool:
    return any(next(_walk((*place, 0), one, other, sets), None) is None for other in others)


def _plain(value: Value) -> Value:
    """`value` without the nulls in its maps, which providers take for absent, and files as what they refer to."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Asset | Archive):
        return {type(value).__name__: {name: _plain(item) for name, item in vars(value).items()}}
    return value


def _same(old: Value, new: Value) -> bool:
    # Python holds True equal to 1; a provider does not.
    if isinstance(old, bool) is not isinstance(new, bool):
        return False
    return old == new and UNKNOWN not in (old, new)


def _effect(rules: list[_Rule], place: Place, old: Value, new: Value) -> _Effect | None:
    best: tuple[int, _Effect] | None = None
    for rule in rules:
        for path, effect in _effects(rule, old, new):
            length = _fit(path, place)
            if length is not None and (best is None or length > best[0]):
                best = length, effect
    return best[1] if best else None


def _effects(rule: _Rule, old: Value, new: Value) -> Iterator[tuple[str, _Effect]]:
    for path in rule.replace:
        yield path, _Effect.REPLACES
    for path in rule.update:
        yield path, _Effect.UPDATES
    for path in rule.ignore:
        yield path, _Effect.IGNORED
    for path, turn in rule.replace_if.items():
        yield path, _Effect.REPLACES if turn.holds(old, new) else _Effect.UPDATES
    for path, turn in rule.replace_unless.items():
        yield path, _Effect.UPDATES if turn.holds(old, new) else _Effect.REPLACES


@cache
def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.replace("[*]", ".[*]").split("."))


def _fit(path: str, place: Place) -> int | None:
    """How many parts of `place` the rule's path names, or None where it is another one's."""
    if path == "*":
        return 0
    parts = _parts(path)
    if len(parts) > len(place):
        # A whole object came or went: that changes what lies below it too.
        parts = parts[: len(place)]
    fits = all(part in ("[*]", found) for part, found in zip(parts, place, strict=False))
    return len(parts) if fits else None


def _keeps_its_name(rules: list[_Rule], old: Properties, new: Properties) -> bool:
    places = [_parts(path) for rule in rules for path in rule.named_by]
    if not places:
        return False
    names = [(_at(old, place), _at(new, place)) for place in places]
    return names[0][1] is not None and all(before == after for before, after in names)


def _at(properties: Properties, place: tuple[str, ...]) -> Value:
    value: Value = dict(properties)
    for part in place:
        value = value.get(part) if isinstance(value, dict) else None
    return value


@cache
def _rules() -> tuple[_Rule, ...]:
    # PyYAML knows no type for what a document holds; the adapter gives it one.
    document: Any = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return _RULES.validate_python(document)
