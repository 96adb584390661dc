"""The cache outside the tree: where it is, and how a directory in it comes to be whole or not at all."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Progress = Callable[[str], None]


def root() -> Path:
    """Return the directory of everything that hybridge builds or fetches once: HYBRIDGE_CACHE, or the user's cache."""
    own = os.environ.get("HYBRIDGE_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "hybridge"


@contextmanager
def lock(directory: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock of a directory in the cache, waiting for whoever has it; the operating system frees it."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_name(f".{directory.name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"Another process is at work on {directory}: waiting for it.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def assembled(directory: Path) -> Iterator[Path]:
    """Give a new directory to fill, which takes the place of `directory` once it is filled, and else vanishes.

    Call it under the directory's lock: what a killed predecessor left half-finished is cleared away first.
    """
    for leftover in directory.parent.glob(f".{directory.name}.unfinished-*"):
        _remove(leftover)
    unfinished = directory.with_name(f".{directory.name}.unfinished-{os.getpid()}")
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        if directory.exists():
            _remove(directory)
        unfinished.rename(directory)
    finally:
        with suppress(FileNotFoundError):
            _remove(unfinished)


def _remove(directory: Path) -> None:
    """Remove a directory that Go may have made read-only."""
    for place, _, _ in os.walk(directory):
        Path(place).chmod(0o700)
    shutil.rmtree(directory)
