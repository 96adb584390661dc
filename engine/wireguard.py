"""WireGuard in user space, for a kernel without it: the program that the lab's gateways run, built into the cache.

It is WireGuard's own implementation in Go. Debian's wireguard-go is the same at an older age, and slower.
"""

import os
from pathlib import Path

from engine import workshop
from engine.cache import Progress
from engine.errors import EngineError
from engine.versions import WIREGUARD, WIREGUARD_MODULE, pinned_wireguard
from engine.workshop import Product, Workshop

NAME = "wireguard-go"
"""As `wg-quick` calls it where the kernel has none."""


def ensure(progress: Progress | None = None) -> Path:
    """Return the program in the cache, built now where it is not there yet (about 15 seconds).

    `progress` is told in sentences what is being done. Raises EngineError where it cannot be had.
    """
    say = progress or (lambda _: None)
    product = Product("WireGuard in user space", "a wireguard-go", 1, WIREGUARD)
    try:
        directory = product.directory("wireguard", pinned_wireguard(), WIREGUARD.glob("*.go"))
        program = directory / "bin" / NAME
        if not os.access(program, os.X_OK):  # a cache that others share is read, not written
            workshop.make(product, directory, lambda: os.access(program, os.X_OK), _assemble, say)
    except OSError as error:
        raise EngineError(product.about(error)) from error
    return program


def _assemble(builder: Workshop, target: Path) -> None:
    builder.build(WIREGUARD_MODULE, target / NAME, "WireGuard in user space (about 15 seconds)")
