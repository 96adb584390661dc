"""OPA, which judges the policies that are written in Rego: the one on PATH, the one in the cache, or one built there.

Gatekeeper embeds the same evaluator, so a policy's verdict at preview is the verdict in the cluster (ADR 0008).
"""

import os
from dataclasses import dataclass
from pathlib import Path

from engine import installed, workshop
from engine.cache import Progress
from engine.errors import EngineError
from engine.versions import OPA, OPA_MODULE, Version, pinned_opa
from engine.workshop import Product, Workshop

NAME = "opa"


@dataclass(frozen=True)
class Opa:
    """A usable OPA.

    Attributes:
        path: the program.
        version: its version, such as `1.22.2`.
        built: whether it is the one from the cache, rather than the person's own.
    """

    path: Path
    version: str
    built: bool

    @property
    def bin(self) -> Path:
        """The directory to put on PATH."""
        return self.path.parent


def ensure(progress: Progress | None = None) -> Opa:
    """Return a usable OPA: the one on PATH, the one in the cache, or one that is built now (about 1.5 minutes).

    `progress` is told in sentences what is being done. Raises EngineError where no OPA can be had.
    """
    say = progress or (lambda _: None)
    try:
        return available(say) or _build(say)
    except OSError as error:
        raise EngineError(_product().about(error)) from error


def available(progress: Progress) -> Opa | None:
    """Return the OPA on PATH or in the cache, or None where one must be built."""
    minimum = pinned_opa()
    own = installed.find(NAME, minimum)
    if not isinstance(own, str):
        path, version = own
        return Opa(path, str(version), built=False)
    built = _built(minimum)
    if _complete(built):
        return built
    progress(own)
    return None


def _build(progress: Progress) -> Opa:
    built = _built(pinned_opa())
    workshop.make(_product(), built.bin.parent, lambda: _complete(built), _assemble, progress)
    return built


def _product() -> Product:
    return Product("OPA", "an opa", 1, OPA)


def _built(version: Version) -> Opa:
    directory = _product().directory("opa", version, OPA.glob("*.go"))
    return Opa(directory / "bin" / NAME, str(version), built=True)


def _complete(built: Opa) -> bool:
    return os.access(built.path, os.X_OK)


def _assemble(builder: Workshop, target: Path) -> None:
    what = f"OPA {pinned_opa()} (about 1.5 minutes on two cores the first time)"
    builder.build(OPA_MODULE, target / NAME, what)
