"""Builds Go programs from pinned modules into a directory of the cache, once, and says how it gets on."""

import errno
import hashlib
import json
import os
import platform
import re
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine import cache, go
from engine.cache import Progress
from engine.errors import EngineError
from engine.versions import Version, pinned_go

TAGS = "osusergo,grpcnotrace"
BREATH = 15.0
"""Seconds between two signs of life during a long step."""


@dataclass(frozen=True)
class Product:
    """Something that can be built.

    Attributes:
        name: what it is called in sentences, as in `the engine`.
        instead: what a person may install on PATH in its place, as in `a pulumi`.
        gigabytes: what its modules and compiled packages take, about.
        module: the Go module that pins it.
    """

    name: str
    instead: str
    gigabytes: int
    module: Path

    def directory(self, kind: str, version: Version, sources: Iterable[Path]) -> Path:
        """Return where it belongs in the cache: named after its version and after everything that goes into it."""
        digest = hashlib.sha256(f"{platform.system()} {platform.machine()} {TAGS}".encode())
        for path in (self.module / "go.mod", self.module / "go.sum", *sorted(sources)):
            if path.is_file() and not path.name.endswith("_test.go"):
                digest.update(f"{path.name} ".encode() + hashlib.sha256(path.read_bytes()).digest())
        return cache.root() / kind / f"{version}-{digest.hexdigest()[:12]}"

    def about(self, error: OSError) -> str:
        """Return a sentence about what the operating system refused while it was made or looked for."""
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return (
                f"The disk is full: {self.name} needs about {self.gigabytes} GB under {cache.root()} and in Go's "
                "caches. Free some and try again."
            )
        return (
            f"{self.name[0].upper()}{self.name[1:]} cannot be kept under {cache.root()} "
            f"({error.strerror or error}: {error.filename}): "
            "make it writable, or set HYBRIDGE_CACHE to a directory that is."
        )


@dataclass(frozen=True)
class Workshop:
    """Go, its environment, what it builds, the log of what it says, and who hears how it gets on."""

    go: Path
    environment: dict[str, str]
    product: Product
    log: Path
    progress: Progress

    def build(self, package: str, target: Path, what: str, *, stamp: str = "") -> None:
        """Build a package of the module, or of one that it requires, into a program.

        Args:
            package: the package.
            target: the program.
            what: what it is, for people.
            stamp: the linker's options for variables to set.
        """
        flags = f"-w -s {stamp}".rstrip()
        self._run(["build", "-v", "-tags", TAGS, "-ldflags", flags, "-o", str(target), package], what)

    def source(self, module: str) -> Path:
        """Return the directory of a module that this one requires."""
        result = subprocess.run(
            [self.go, "mod", "download", "-json", module],
            cwd=self.product.module, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        try:
            return Path(json.loads(result.stdout)["Dir"])
        except (ValueError, KeyError):
            with self.log.open("a") as log:
                log.write(result.stdout + result.stderr)
            raise EngineError(f"The module {module} cannot be had. The log is {self.log}.") from None

    def _run(self, arguments: list[str], what: str) -> None:
        """Run Go to its end, with a sign of life now and then."""
        self.progress(f"Building {what}.")
        began = time.monotonic()
        with self.log.open("a+", errors="replace") as log:
            start = log.seek(0, os.SEEK_END)
            process = subprocess.Popen(
                [self.go, *arguments],
                cwd=self.product.module,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            try:
                while (code := _wait(process, BREATH)) is None:
                    self.progress(f"  {_elapsed(began)}: {_counted(_since(log, start))}")
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
            if code != 0:
                raise EngineError(f"{self._reason(_since(log, start), what)} The log is {self.log}.")
        self.progress(f"  done in {_elapsed(began)}.")

    def _reason(self, said: str, what: str) -> str:
        """Return a sentence that says why Go failed."""
        if re.search(r"no space left on device|disk quota exceeded", said):
            return (
                f"The disk is full: {what} needs about {self.product.gigabytes} GB for modules and compiled packages. "
                "Free some and try again."
            )
        refused = re.search(
            r"^.*(?:module lookup disabled|unexpected status|\b40[0-9] |no such host|connection refused|i/o timeout|"
            r"proxyconnect|checksum mismatch|SECURITY ERROR|certificate).*$",
            said,
            re.MULTILINE,
        )
        if refused:
            why = refused.group().strip()
            return f"A Go module for {what} could not be downloaded ({why}). Is there a way to the module proxy?"
        return f"{what[0].upper()}{what[1:]} could not be built."


def make(
    product: Product,
    directory: Path,
    complete: Callable[[], bool],
    assemble: Callable[[Workshop, Path], None],
    progress: Progress,
) -> None:
    """Make a product in the cache, unless another process has just done so.

    Args:
        product: the product.
        directory: where it belongs.
        complete: says whether it is there, whole.
        assemble: builds everything into the directory it is given.
        progress: is told in sentences what is being done.

    Raises:
        EngineError: where it cannot be had.
    """
    with cache.lock(directory, progress):
        if complete():
            return
        builder = go.find(pinned_go(product.module), progress, product=product.name, instead=product.instead)
        with cache.assembled(directory) as unfinished:
            log = directory.with_name(f"{directory.name}.log")
            log.unlink(missing_ok=True)
            target = unfinished / "bin"
            target.mkdir()
            assemble(Workshop(builder, go.environment(builder), product, log, progress), target)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """Return the process's exit code, or None where it still runs after so many seconds."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _since(log: IO[str], start: int) -> str:
    """Return what was written to the log since the position."""
    log.seek(start)
    return log.read()


def _elapsed(began: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - began), 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def _counted(said: str) -> str:
    """Say how far Go has come: with -v it names every package it compiles."""
    lines = said.splitlines()
    fetched = sum(line.startswith("go: downloading") for line in lines)
    compiled = len(lines) - fetched
    parts = [f"{fetched} modules downloaded"] * bool(fetched) + [f"{compiled} packages compiled"]
    return ", ".join(parts)
