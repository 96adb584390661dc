"""Plans a stack without Pulumi: checks its topology and records its addresses, or writes the stack files' schema."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from hybridge.planning import AddressBook, address_keys, plan_reading
from hybridge.schema import stack_file_schema
from hybridge.stackfile import find_stack_file
from hybridge.topology import ProblemsFound, read_soundly
from hybridge.yamlfile import UnreadableFileError, members, read_mapping

_KEY: Final = "hybridge:topology"


def main() -> int:
    """Run one command; the exit code is 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m hybridge", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    plan = commands.add_parser("plan", help="check a stack's topology and record its addresses")
    plan.add_argument("stack", metavar="STACK", help="the part of the stack file's name after `Pulumi.`")
    plan.add_argument(
        "--release", action="store_true", help="give back the addresses of tunnels that are no longer declared"
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
    except UnreadableFileError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _recorded(stacks: Path, stack: str, *, release: bool) -> str:
    """Check the stack, complete its address book on disk, and say what became of it."""
    config = members(read_mapping(find_stack_file(stacks, stack)) or {}, "config")
    reading = read_soundly(json.dumps(config.get(_KEY), default=str))
    keys = address_keys(reading.topology) if reading.topology else []
    path = stacks / f"addresses.{stack}.yaml"
    before = AddressBook.read(path)
    book = (before.released(keys) if release else before).completed(keys)
    plan = plan_reading(reading, book, stack)
    path.write_text(book.text(), encoding="utf-8")
    lines = [f"  + {key} {network}" for key, network in book.tunnels.items() if key not in before.tunnels]
    lines += [f"  - {key} {network}" for key, network in before.tunnels.items() if key not in book.tunnels]
    kept = [f"  = {key} {network}" for key, network in book.tunnels.items() if key not in keys]
    told = [
        f"Stack {stack} can be declared (links: {len(plan.vpns)}, tunnels: {len(keys)}).",
        *(f"Warning: {problem}" for problem in plan.warnings),
        *([f"{path}: commit it.", *lines] if lines else [f"{path} is complete."]),
    ]
    if kept:
        told += [
            "No longer declared, but kept while their tunnels may exist:",
            *kept,
            f"Once `pulumi up` has removed them, `make plan STACK={stack} ARGS=--release` gives them back.",
        ]
    return "".join(f"{line}\n" for line in told)


if __name__ == "__main__":
    sys.exit(main())
