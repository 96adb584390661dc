"""Plans a stack without Pulumi: checks its topology and records its addresses, or writes the stack files' schema."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

from hybridge.planning import (
    AddressBook,
    AddressNeeds,
    address_needs,
    plan_reading,
    plan_stack,
    recording_problems,
)
from hybridge.planning.secrets import setting_problems, settings_of_file
from hybridge.schema import stack_file_schema
from hybridge.stackfile import find_stack_file
from hybridge.topology import ProblemsFound, Reading, read_soundly, topology_text
from hybridge.yamlfile import UnreadableFileError, UnwritableFileError, members, read_mapping, write_whole

_KEY: Final = "hybridge:topology"
_Entries: TypeAlias = Mapping[tuple[str, str], str]


def main() -> int:
    """Run one command; the exit code is 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m hybridge", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    plan = commands.add_parser("plan", help="check a stack's topology and record its addresses")
    plan.add_argument("stack", metavar="STACK", help="the part of the stack file's name after `Pulumi.`")
    plan.add_argument(
        "--release", action="store_true", help="give back what was given out to what is no longer declared"
    )
    plan.add_argument("--stacks", type=Path, default=Path("stacks"), help="where the stack files are (default stacks)")
    commands.add_parser("schema", help="print the JSON Schema of stack files")
    options = parser.parse_args()
    if options.command == "schema":
        sys.stdout.write(stack_file_schema())
        return 0
    stack: str = options.stack
    directory: Path = options.stacks
    try:
        sys.stdout.write(_recorded(directory, stack, release=options.release))
    except ProblemsFound as found:
        sys.stderr.write(f"{found.told(str(directory / f'Pulumi.{stack}.yaml'))}\n")
        return 1
    except (UnreadableFileError, UnwritableFileError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _recorded(stacks: Path, stack: str, *, release: bool) -> str:
    """Check the stack, complete its address book on disk, and say what became of it."""
    config = members(read_mapping(find_stack_file(stacks, stack)) or {}, "config")
    text = topology_text(config.get(_KEY))
    reading = read_soundly(text)
    path = stacks / f"addresses.{stack}.yaml"
    try:
        before = AddressBook.read(path)
    except ProblemsFound:
        plan_stack(text, path, stack, settings_of_file(config))  # which tells them with everything else
        raise
    needs = address_needs(reading.topology) if reading.topology else AddressNeeds()
    refused = recording_problems(reading.topology, before) if reading.topology else ()
    book = (before.released(needs) if release else before).completed(needs)
    beside = setting_problems(reading, settings_of_file(config), stack)
    plan = plan_reading(Reading(reading.topology, (*reading.problems, *beside, *refused)), book, stack)
    if not path.exists() or path.read_text(encoding="utf-8") != book.text():
        write_whole(path, book.text())
    tunnels = len(needs.tunnels) + len(needs.wireguard)
    links = {key.partition("/")[0] for key in (*needs.tunnels, *needs.wireguard)}
    told = [
        f"Stack {stack} can be declared (links: {len(links)}, tunnels: {tunnels}).",
        *(f"Warning: {problem}" for problem in plan.warnings),
        *_changes(before.entries(), book.entries(), path),
    ]
    kept = _lines("=", book.entries(), without=book.released(needs).entries())
    if kept:
        told += [
            "No longer declared, but kept while they may exist:",
            *kept,
            f"Once `pulumi up` has removed them, `make plan STACK={stack} ARGS=--release` gives them back.",
        ]
    return "".join(f"{line}\n" for line in told)


def _changes(before: _Entries, after: _Entries, path: Path) -> list[str]:
    raised = {place: text for place, text in after.items() if text != before.get(place)}
    lines = [*_lines("+", raised, without={}), *_lines("-", before, without=after)]
    return [f"{path}: commit it.", *lines] if lines else [f"{path} is complete."]


def _lines(sign: str, entries: _Entries, *, without: _Entries) -> list[str]:
    return [f"  {sign} {place[1]} {text}" for place, text in entries.items() if place not in without]


if __name__ == "__main__":
    sys.exit(main())
