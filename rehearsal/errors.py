"""What a rehearsal tells a person who can do something about it."""

from __future__ import annotations


class RehearsalError(Exception):
    """A failure that a person caused or can cure: its text is the whole message, remedy included."""


class InterruptedRehearsal(Exception):  # noqa: N818 (nothing failed: a person asked for it)
    """Somebody interrupted the rehearsal, and the engine has ended.

    Args:
        command: what was interrupted, as in `up`.
        aftermath: what the next rehearsal does about it, where there is anything to say.
    """

    def __init__(self, command: str, aftermath: str = "") -> None:
        super().__init__(f"Interrupted during `{command}`, and the engine has ended. {aftermath}".rstrip())
