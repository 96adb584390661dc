"""Reads a topology from the JSON of Pulumi's configuration, or tells everything that is wrong with it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import UnionType
from typing import Annotated, Final, Literal, TypeAlias, Union, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .model import Topology
from .problem import Problem, ProblemsFound, closest, meant, path_of

_EXPECTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of a sensible size",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "bool_type": "true or false",
}


_Steps: TypeAlias = tuple[str | int, ...]
"""A place in the stack file."""


@dataclass(frozen=True)
class Reading:
    """What could be read of a topology, and what could not."""

    topology: Topology | None
    """The sound part: every site and link that has no problem of its own but keys that do not exist; None where there
    is no such part."""
    problems: tuple[Problem, ...]
    """Everything else, each with its place and remedy."""


def topology_text(topology: object) -> str:
    """Write a topology as JSON, the way `pulumi.Config().require("topology")` gives it.

    A date, which JSON has not, becomes what may stand nowhere, so that its place is told: where text belongs, it takes
    quotes, as a number does.

    :param topology: the topology as plain values, as a YAML file holds them
    """
    return json.dumps(topology, default=lambda value: [[str(value)]] if isinstance(value, dt.date) else str(value))


def read_topology(text: str) -> Topology:
    """Read a topology that must be sound.

    :param text: the topology as JSON, as `pulumi.Config().require("topology")` gives it
    :raises ProblemsFound: with every field that is wrong, each with its place and remedy
    """
    reading = read_soundly(text)
    if reading.topology is None or reading.problems:
        raise ProblemsFound(reading.problems)
    return reading.topology


def read_soundly(text: str) -> Reading:
    """Read as much of a topology as is sound, so that planning can tell its problems along with the others.

    :param text: the topology as JSON
    """
    try:
        return Reading(Topology.model_validate_json(text), ())
    except ValidationError as error:
        found = error.errors(include_url=False)
    try:
        declared: object = json.loads(text)
    except (ValueError, RecursionError):
        return Reading(None, tuple(_problem(detail, None) for detail in found))
    corrected = _corrected(text, found)
    left = _errors_of(corrected.declared)
    told = [(_place(detail["loc"]).steps, _problem(detail, declared)) for detail in found]
    told += corrected.further(left)
    unjudged = {_entry(corrected.written(_place(detail["loc"]).steps)) for detail in left}
    problems = (
        replace(problem, hides=path_of(*_entry(steps)))
        if _entry(steps) in unjudged and _at(declared, _entry(steps))
        else problem
        for steps, problem in told
    )
    return Reading(_sound_part(corrected.declared, left), tuple(problems))


@dataclass(frozen=True)
class _Corrected:
    """What was declared, with each key that does not exist read as the one that was meant, or left out."""

    declared: object
    renamed: Mapping[_Steps, _Steps]
    """Where what was read as something else stands in the stack file."""

    def written(self, steps: _Steps) -> _Steps:
        """Return where in the stack file `steps` lead."""
        for end in range(1, len(steps) + 1):
            if steps[:end] in self.renamed:
                return (*self.renamed[steps[:end]], *steps[end:])
        return steps

    def further(self, left: Iterable[ErrorDetails]) -> Iterator[tuple[_Steps, Problem]]:
        """Return what is wrong below a key that was read as another one, by its place in the stack file."""
        for detail in left:
            steps = _place(detail["loc"]).steps
            if (written := self.written(steps)) != steps:
                yield (written, replace(_problem(detail, self.declared), path=path_of(*written)))


def _corrected(text: str, found: Iterable[ErrorDetails]) -> _Corrected:
    """Correct the keys that do not exist, so that what they stand in can be judged further.

    A key is read as the one that the remedy asks for: without it, planning would miss what is there.
    """
    declared: object = json.loads(text)
    renamed: dict[_Steps, _Steps] = {}
    for detail in found:
        place = _place(detail["loc"])
        owner = _at(declared, place.steps[:-1])
        # A key may look like pydantic's mark of a key; it stays, and its entry is not judged.
        if detail["type"] != "extra_forbidden" or detail["loc"][-1] != place.name or not isinstance(owner, dict):
            continue
        entries = cast("dict[str, object]", owner)
        value = entries.pop(place.name)
        key = closest(place.name, [key for key in place.known if key not in entries])
        if key is not None:
            entries[key] = value
            renamed[(*place.steps[:-1], key)] = place.steps
    return _Corrected(declared, renamed)


def _errors_of(declared: object) -> list[ErrorDetails]:
    try:
        Topology.model_validate_json(json.dumps(declared))
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _entry(steps: _Steps) -> _Steps:
    """Return the place of what is judged as a whole: a site, a link and the like, or all of a section."""
    return steps[:2] if steps and steps[0] in _SECTIONS else steps[:1]


def _at(declared: object, steps: _Steps) -> object:
    """Return what stands at a place; None where nothing does."""
    for step in steps:
        if isinstance(declared, dict):
            declared = cast("dict[str | int, object]", declared).get(step)
        elif isinstance(declared, list) and isinstance(step, int):
            declared = cast("list[object]", declared)[step]
        else:
            return None
    return declared


_SECTIONS: Final[set[str | int]] = {
    name for name, field in Topology.model_fields.items() if get_origin(field.annotation) is dict
}
"""What is declared by name, entry by entry."""
_PROTECTED: Final = {"sites", "links", "clusters", "cluster_sets", "trust"}
"""What protected resources come from."""


def _sound_part(declared: object, found: Iterable[ErrorDetails]) -> Topology | None:
    """Leave out what has a problem, and whatever names something that is left out."""
    sections = cast("dict[str, object]", declared) if isinstance(declared, dict) else {}
    broken = {tuple(detail["loc"][:2]) for detail in found if detail["loc"]}
    whole = {place[0] for place in broken}
    sound = {
        name: _without(name, value, broken) if name in _SECTIONS else value
        for name, value in sections.items()
        if name in Topology.model_fields and (name in _SECTIONS or name not in whole)
    }
    try:
        topology = Topology.model_validate_json(json.dumps(sound))
    except ValidationError:
        return None
    links = sections.get("links")
    entries = cast("dict[str, object]", links) if isinstance(links, dict) else {}
    pairs = [_ends(link) for name, link in entries.items() if ("links", name) in broken]
    return _closed(topology, broken, pairs if ("links",) not in broken else [None])


def _ends(link: object) -> frozenset[str] | None:
    """Return the sites that a link with a problem would join, where it says so."""
    between: object = cast("dict[str, object]", link).get("between") if isinstance(link, dict) else None
    if not isinstance(between, list):
        return None
    return frozenset(str(end) for end in cast("list[object]", between))


def _closed(
    topology: Topology, broken: Collection[tuple[str | int, ...]], pairs: Collection[frozenset[str] | None]
) -> Topology:
    """Drop what needs something that was left out, so that planning does not tell the same problem again.

    :param topology: what was read
    :param broken: places of problems
    :param pairs: the sites that each link with a problem would join; None where that is not known
    """

    def joined_by_a_lost_link(*ends: str) -> bool:
        return None in pairs or frozenset(ends) in pairs

    broken_sections = {place[0] for place in broken}
    sites = {place[1] for place in broken if place[0] == "sites" and len(place) > 1}
    clusters = {name: cluster for name, cluster in topology.clusters.items() if cluster.site not in sites}
    lost = {place[1] for place in broken if place[0] == "clusters" and len(place) > 1}
    lost |= topology.clusters.keys() - clusters.keys()
    return topology.model_copy(
        update={
            "links": {
                name: link
                for name, link in topology.links.items()
                if not sites & set(link.between) and not (link.standby and joined_by_a_lost_link(*link.between))
            },
            "flows": {
                name: flow
                for name, flow in topology.flows.items()
                if not sites & {flow.origin, flow.to} and not joined_by_a_lost_link(flow.origin, flow.to)
            },
            "clusters": clusters,
            # What is left out may be what these name.
            "allow_replacement": [] if broken_sections & _PROTECTED else topology.allow_replacement,
            "cluster_sets": {
                name: group
                for name, group in topology.cluster_sets.items()
                if not pairs and not lost & set(group.clusters)
            },
        }
    )


def _without(section: str, entries: object, broken: Collection[tuple[str | int, ...]]) -> dict[str, object]:
    if not isinstance(entries, dict):
        return {}
    pairs = cast("dict[str, object]", entries).items()
    return {name: entry for name, entry in pairs if (section, name) not in broken}


def _problem(detail: ErrorDetails, declared: object) -> Problem:
    place = _place(detail["loc"])
    sentence, remedy = _words(detail, place, _at(declared, place.steps[:-1]))
    return Problem(path=path_of(*place.steps) or "hybridge:topology", sentence=sentence, remedy=remedy)


@dataclass(frozen=True)
class _Place:
    """Where an error stands: as a person sees the stack file, and as the models see it."""

    steps: tuple[str | int, ...]
    model: type[BaseModel] | None
    """The innermost model on the way."""
    field: str | None
    """The field of that model on the way, known or not."""

    @property
    def name(self) -> str:
        return str(self.steps[-1]) if self.steps else "hybridge:topology"

    @property
    def known(self) -> list[str]:
        return [field.alias or name for name, field in self.model.model_fields.items()] if self.model else []

    @property
    def example(self) -> str:
        """How the field is written, as a remedy."""
        field = _field(self.model, self.field) if self.model and self.field else None
        if field is None or not field.examples:
            return "See stacks/topology.schema.json for what may stand here."
        return f"Write it as in `{self.field}: {_yaml(field.examples[0])}`."


def _place(location: Iterable[str | int]) -> _Place:
    """Follow pydantic's location through the models.

    Pydantic puts the chosen kind of a tagged union into the location, and a mark behind a wrong key; neither
    stands in the stack file.
    """
    annotation: object = Topology
    steps: list[str | int] = []
    model: type[BaseModel] | None = None
    field: str | None = None
    for step in location:
        members = _models_of(annotation)
        if len(members) > 1:
            model, field = next((member for member in members if step in _tags_of(member)), None), None
            annotation = model
            continue
        if step == "[key]":
            continue
        steps.append(step)
        if members:
            model, field = members[0], str(step)
            found = _field(model, field)
            annotation = found.annotation if found else None
        else:
            arguments = get_args(_bare(annotation))
            annotation = arguments[-1] if arguments else None
    return _Place(tuple(steps), model, field)


def _field(model: type[BaseModel], key: str) -> FieldInfo | None:
    """Return the field that a key of the stack file stands for."""
    return next((field for name, field in model.model_fields.items() if key == (field.alias or name)), None)


def _bare(annotation: object) -> object:
    """Take `Annotated` and an optional `None` away."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in {Union, UnionType}:
        some = [argument for argument in get_args(annotation) if argument is not type(None)]
        if len(some) == 1:
            return _bare(some[0])
    return annotation


def _models_of(annotation: object) -> list[type[BaseModel]]:
    """Return the models that may stand where `annotation` does."""
    bare = _bare(annotation)
    candidates = get_args(bare) if get_origin(bare) in {Union, UnionType} else (bare,)
    return [item for item in candidates if isinstance(item, type) and issubclass(item, BaseModel)]


def _tags_of(model: type[BaseModel]) -> set[str]:
    """Return the words that pick `model` out of a tagged union."""
    literals = (field.annotation for field in model.model_fields.values())
    return {tag for literal in literals if get_origin(literal) is Literal for tag in get_args(literal)}


def _words(  # noqa: C901 - one case for each kind of error
    detail: ErrorDetails, place: _Place, owner: object
) -> tuple[str, str]:
    """Say what is the matter and what to do.

    :param detail: what pydantic found
    :param place: where
    :param owner: what the place is in, as it was declared
    """
    kind, context = detail["type"], detail.get("ctx", {})
    message = detail["msg"][:1].lower() + detail["msg"][1:]
    match kind:
        case "hybridge":
            words = str(context["sentence"]), str(context["remedy"])
        case "missing":
            words = f"`{place.name}` is missing.", place.example
        case "extra_forbidden":
            words = f"`{place.name}` is no key that is known here.", _other_key(place, owner)
        case "union_tag_not_found":
            words = (
                f"It does not say of which {context['discriminator']} it is.",
                f"Add {_kinds(place, context)}.",
            )
        case "union_tag_invalid":
            words = f"`{context['tag']}` is not known here.", f"Write {_kinds(place, context)}."
        case "literal_error" | "enum":
            words = f"`{detail['input']}` is no value of `{place.name}`.", f"Write {context['expected']}."
        case "string_pattern_mismatch":
            words = f"`{detail['input']}` does not look right.", place.example
        case "too_short" | "too_long":
            counted = ("at least", context["min_length"]) if kind == "too_short" else ("at most", context["max_length"])
            words = (
                f"`{place.name}` should have {counted[0]} {counted[1]} and has {context['actual_length']}.",
                place.example,
            )
        case "string_too_short":
            words = f"`{place.name}` says too little.", place.example
        case _ if not place.steps:
            words = "There is no topology that can be read.", "Declare `sites:` and `links:` under `hybridge:topology`."
        case _ if kind in _EXPECTED:
            words = f"`{place.name}` should be {_EXPECTED[kind]}.", place.example
        case _:
            words = f"`{place.name}` is not right: {message}.", place.example
    return words


def _other_key(place: _Place, owner: object) -> str:
    present = cast("dict[str, object]", owner) if isinstance(owner, dict) else {}
    missing = [key for key in place.known if key not in present]
    otherwise = f"Remove it, or use one of {', '.join(f'`{key}`' for key in missing)}." if missing else "Remove it."
    return meant(place.name, missing, otherwise)


def _kinds(place: _Place, context: dict[str, object]) -> str:
    """Say which kinds there are, for a site or link without a known one."""
    annotation: object = Topology.model_fields[str(place.steps[0])].annotation
    tags = sorted(tag for model in _models_of(get_args(annotation)[-1]) for tag in _tags_of(model))
    return " or ".join(f"`{str(context['discriminator']).strip(chr(39))}: {tag}`" for tag in tags)


def _yaml(example: object) -> str:
    """Write an example in YAML's flow style."""
    if isinstance(example, list):
        return f"[{', '.join(_yaml(item) for item in cast('list[object]', example))}]"
    if isinstance(example, dict):
        pairs = cast("dict[str, object]", example).items()
        return "{ " + ", ".join(f"{key}: {_yaml(value)}" for key, value in pairs) + " }"
    if isinstance(example, bool):
        return str(example).lower()
    # What YAML would take for a number is in quotes.
    return f'"{example}"' if isinstance(example, str) and example.isdigit() else str(example)
