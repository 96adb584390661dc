"""Addresses for what has none recorded yet, in the rehearsal's own copy of the address book."""

from __future__ import annotations

import json
from pathlib import Path

from hybridge.planning import AddressBook, address_needs, recording_problems
from hybridge.topology import ProblemsFound, read_soundly
from hybridge.yamlfile import Document, members


def complete_addresses(stacks: Path, stack: str, document: Document) -> str | None:
    """Complete the staged address book, so that a stack can be rehearsed before its addresses are recorded.

    :param stacks: the staged directory of the stack files
    :param stack: the stack
    :param document: the stack file
    :returns: what to tell the person, or None where the book is complete or cannot be completed
    """
    topology = members(document, "config").get("hybridge:topology")
    path = stacks / f"addresses.{stack}.yaml"
    reading = read_soundly(json.dumps(topology, default=str))
    if reading.topology is None:
        return None
    try:
        book = AddressBook.read(path)
    except ProblemsFound:
        return None  # planning tells them, with everything else that is wrong
    if any(recording_problems(reading.topology, book)):
        return None  # likewise: `make plan` would not record it either
    complete = book.completed(address_needs(reading.topology))
    missing = len(complete.entries().items() - book.entries().items())
    if not missing:
        return None
    path.write_text(complete.text(), encoding="utf-8")
    count = "One entry is" if missing == 1 else f"{missing} entries are"
    return (
        f"{count} missing in stacks/{path.name}, and the rehearsal makes up its own: `make plan STACK={stack}` records "
        "them for the real thing."
    )
