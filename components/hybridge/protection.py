"""Which resources the engine refuses to replace or to remove."""

from collections.abc import Sequence


def is_protected(name: str, allow_replacement: Sequence[str] | None) -> bool:
    """Tell whether a resource that others rely on stays protected.

    The engine lifts the protection in the very update that makes the replacement.

    :param name: the resource's name, as a preview shows it
    :param allow_replacement: names of resources whose replacement is wanted now, if any
    """
    return name not in (allow_replacement or ())
