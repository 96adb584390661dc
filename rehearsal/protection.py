"""Lifts the protection of resources in a rehearsed state, so that their removal can be rehearsed."""

from __future__ import annotations

from collections.abc import Sequence

from rehearsal.context import Rehearsal
from rehearsal.errors import RehearsalError


def unprotect(rehearsal: Rehearsal, names: Sequence[str]) -> int:
    """Lift the protection of every resource of the given names in the rehearsed state; the exit code.

    Raises:
        RehearsalError: if there is no name, or one is no protected resource's.
    """
    resources = rehearsal.state().resources
    protected = {each.urn: each.urn.rpartition("::")[2] for each in resources if each.protect}
    known = ", ".join(sorted(set(protected.values()))) or "none"
    if not any(names):  # `make` without NAME gives an empty one
        command = f"make unprotect STACK={rehearsal.stage.stack} NAME=…"
        raise RehearsalError(f"Say whose protection to lift: `{command}`. Protected are: {known}.")
    unknown = sorted(set(names) - set(protected.values()))
    if unknown:
        raise RehearsalError(f"Nothing protected is called {', '.join(unknown)}. Protected are: {known}.")
    for urn, name in protected.items():
        if name in names:
            rehearsal.cli.ask("state", "unprotect", urn, "--yes", "--non-interactive")
            rehearsal.say(f"Unprotected in this rehearsal: {urn}")
    return 0
