"""Planning alone, without an engine: a large topology, and a large number of ranges."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.figures import Goal
from bench.topologies import datacentres, mesh, one_datacentre
from hybridge.planning import AddressBook, AddressNeeds, address_needs, plan_reading, plan_stack
from hybridge.planning.ranges import range_problems
from hybridge.topology import Problem, ProblemsFound, read_soundly, read_topology

SITES: Final = 255
LINKS: Final = 1_000
RANGES: Final = 10_000
CLUSTERS: Final = 1_000


def plan(rounds: int, scratch: Path) -> list[Goal]:
    """Time reading and planning a mesh of sites and a site of many ranges, and the search for overlaps among ranges."""
    text = json.dumps(mesh(SITES, LINKS))
    path = scratch / "addresses.mesh.yaml"
    book = AddressBook(path.name).completed(address_needs(read_topology(text)))
    path.write_text(book.text(), encoding="utf-8")
    many = read_topology(json.dumps(datacentres(RANGES)))
    alone, refused = (json.dumps(one_datacentre(RANGES, CLUSTERS, joined=joined)) for joined in (False, True))
    wide = f"{RANGES:,} ranges of one site with {CLUSTERS:,} advertised clusters"
    nothing_given = AddressBook("addresses.many.yaml")
    size = f"{SITES} sites and {LINKS:,} links"
    works: dict[str, tuple[float, Callable[[], object]]] = {
        f"planning alone, {size}": (2.0, lambda: plan_reading(read_soundly(text), book, "mesh")),
        "the same, with reading its address book": (2.0, lambda: plan_stack(text, path, "mesh")),
        f"overlaps among {RANGES:,} ranges": (1.0, lambda: list(range_problems(many, nothing_given))),
        f"planning {wide}": (1.0, lambda: plan_reading(read_soundly(alone), nothing_given, "many")),
        "the same with a link, and what AWS refuses of it": (1.0, lambda: _refused(refused, nothing_given)),
    }
    return [Goal(what, [_timed(work) for _ in range(rounds)], most, " s") for what, (most, work) in works.items()]


def _refused(text: str, book: AddressBook) -> tuple[Problem, ...]:
    reading = read_soundly(text)
    needs = address_needs(reading.topology) if reading.topology else AddressNeeds()
    try:
        plan_reading(reading, book.completed(needs), "many")
    except ProblemsFound as found:
        return found.problems
    raise AssertionError("more is announced than AWS takes")


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
