"""Builds the pinned Pulumi CLI and the Python language host into the cache, once, and finds them there again."""

import errno
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine import cache, go, installed
from engine.cache import Progress
from engine.errors import EngineError
from engine.versions import CLI_MODULE, MODULE, SDK_MODULE, Version, pinned_cli, pinned_go

CLI = "pulumi"
SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
"""What the SDK's module brings along for Python: the executor of programs and the provider of dynamic resources."""
LAUNCHER = "pulumi-language-python-launch"
"""Where the language host looks for its launch.py."""

TAGS = "osusergo,grpcnotrace"
BREATH = 15.0
"""Seconds between two signs of life during a long step."""


@dataclass(frozen=True)
class Engine:
    """A usable Pulumi engine.

    Attributes:
        pulumi: the CLI.
        bin: the directory to put first on PATH; the Python language host lies in it, or beside the CLI it links to.
        version: the CLI's version, such as `3.259.0`.
        built: whether it is the one from the cache, rather than the person's own.
    """

    pulumi: Path
    bin: Path
    version: str
    built: bool


def ensure(progress: Progress | None = None) -> Engine:
    """Return a usable engine: the one on PATH, the one in the cache, or one that is built now (about 4 minutes).

    `progress` is told in sentences what is being done. Raises EngineError where no engine can be had.
    """
    say = progress or (lambda _: None)
    try:
        return available(say) or _build(say)
    except OSError as error:
        raise EngineError(_about(error)) from error


def available(progress: Progress) -> Engine | None:
    """Return the engine on PATH or in the cache, or None where one must be built."""
    minimum = pinned_cli()
    own = installed.find(minimum)
    if not isinstance(own, str):
        path, version = own
        return Engine(path, path.parent, str(version), built=False)
    directory = _directory(minimum)
    if _complete(directory):
        return _built(directory, minimum)
    progress(own)
    return None


def _build(progress: Progress) -> Engine:
    """Build the engine into the cache, unless another process has just done so."""
    version = pinned_cli()
    directory = _directory(version)
    with cache.lock(directory, progress):
        if _complete(directory):
            return _built(directory, version)
        builder = go.find(pinned_go(), progress)
        with cache.assembled(directory) as unfinished:
            workshop = _Workshop(
                builder, go.environment(builder), directory.with_name(f"{directory.name}.log"), progress
            )
            workshop.assemble(unfinished / "bin", version)
    return _built(directory, version)


def _directory(version: Version) -> Path:
    """Return where the engine belongs: named after its version and after everything that goes into it."""
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()} {TAGS}".encode())
    sources = [*MODULE.glob("*.go"), *(MODULE / "language-python").iterdir()]
    for path in (MODULE / "go.mod", MODULE / "go.sum", *sorted(sources)):
        if path.is_file() and not path.name.endswith("_test.go"):
            digest.update(f"{path.name} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    return cache.root() / "engine" / f"{version}-{digest.hexdigest()[:12]}"


def _complete(directory: Path) -> bool:
    """Say whether a built engine is there, whole."""
    names = (CLI, installed.HOST, LAUNCHER, *(Path(script).name for script in SCRIPTS))
    return all(os.access(directory / "bin" / name, os.X_OK) for name in names)


def _built(directory: Path, version: Version) -> Engine:
    return Engine(directory / "bin" / CLI, directory / "bin", str(version), built=True)


@dataclass(frozen=True)
class _Workshop:
    """Go, its environment, the log of what it says, and who hears how it gets on."""

    go: Path
    environment: dict[str, str]
    log: Path
    progress: Progress

    def assemble(self, target: Path, version: Version) -> None:
        """Build everything into the directory."""
        target.mkdir()
        self.log.unlink(missing_ok=True)
        stamp = f"-w -s -X {SDK_MODULE}/go/common/version.Version=v{version}"
        build = ["build", "-v", "-tags", TAGS, "-ldflags", stamp, "-o"]
        host = [*build, str(target / installed.HOST), "./language-python"]
        self._run(host, "the Python language host")
        cli = [*build, str(target / CLI), f"{CLI_MODULE}/cmd/pulumi"]
        self._run(cli, f"the Pulumi CLI {version} (about 4 minutes on two cores the first time)")
        scripts = {target / Path(script).name: self._sdk() / script for script in SCRIPTS}
        scripts[target / LAUNCHER] = MODULE / "language-python" / "launch.py"
        for copy, script in scripts.items():
            shutil.copyfile(script, copy)
            copy.chmod(0o755)

    def _sdk(self) -> Path:
        """Return the directory of the SDK's module."""
        result = subprocess.run(
            [self.go, "mod", "download", "-json", SDK_MODULE],
            cwd=MODULE, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        try:
            return Path(json.loads(result.stdout)["Dir"])
        except (ValueError, KeyError):
            with self.log.open("a") as log:
                log.write(result.stdout + result.stderr)
            raise EngineError(f"The module {SDK_MODULE} cannot be had. The log is {self.log}.") from None

    def _run(self, arguments: list[str], what: str) -> None:
        """Run Go to its end, with a sign of life now and then."""
        self.progress(f"Building {what}.")
        began = time.monotonic()
        with self.log.open("a+", errors="replace") as log:
            start = log.seek(0, os.SEEK_END)
            process = subprocess.Popen(
                [self.go, *arguments],
                cwd=MODULE,
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
                raise EngineError(f"{_reason(_since(log, start), what)} The log is {self.log}.")
        self.progress(f"  done in {_elapsed(began)}.")


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


def _reason(said: str, what: str) -> str:
    """Return a sentence that says why Go failed."""
    if re.search(r"no space left on device|disk quota exceeded", said):
        return f"The disk is full: {what} needs about 3 GB for modules and compiled packages. Free some and try again."
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


def _about(error: OSError) -> str:
    """Return a sentence about what the operating system refused."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        place = cache.root()
        return (
            f"The disk is full: the engine needs about 3 GB under {place} and in Go's caches. Free some and try again."
        )
    return (
        f"The engine cannot be kept under {cache.root()} ({error.strerror or error}: {error.filename}): "
        "make it writable, or set HYBRIDGE_CACHE to a directory that is."
    )
