"""The command provider: commands are recorded in the ledger and never run.

A rehearsal touches nothing outside itself, and a command could do anything. So its outputs are empty, and a
warning says so where the program shows it.
"""

from __future__ import annotations

from typing import Final

from rehearsal.clouds.values import Properties, Value

_RUN_HERE: Final = "command:local:"


def outputs(token: str, inputs: Properties) -> dict[str, Value]:
    """What a command that was not run leaves behind: its inputs, and nothing printed."""
    printed: dict[str, Value] = {}
    if token.endswith(":Command"):
        printed = {"stdout": "", "stderr": ""}
    return {**printed, **{name: value for name, value in inputs.items() if value is not None}}


def warning(token: str) -> str:
    """The sentence that tells a person what did not happen."""
    where = "on this machine" if token.startswith(_RUN_HERE) else "on the remote machine"
    return f"The rehearsal records this {token.rsplit(':', 1)[-1]} and runs nothing {where}; what it prints is empty."
