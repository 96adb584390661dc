"""The Pulumi engine: the one on PATH, the one in the cache, or one that is built there from the pinned modules."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from engine import installed, workshop
from engine.cache import Progress
from engine.errors import EngineError
from engine.versions import CLI_MODULE, MODULE, SDK_MODULE, Version, pinned_cli
from engine.workshop import Product, Workshop

CLI = "pulumi"
SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
"""What the SDK's module brings along for Python: the executor of programs and the provider of dynamic resources."""
LAUNCHER = "pulumi-language-python-launch"
"""Where the language host looks for its launch.py."""


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
        raise EngineError(_product().about(error)) from error


def available(progress: Progress) -> Engine | None:
    """Return the engine on PATH or in the cache, or None where one must be built."""
    minimum = pinned_cli()
    own = installed.find_pulumi(minimum)
    if not isinstance(own, str):
        path, version = own
        return Engine(path, path.parent, str(version), built=False)
    directory = _directory(minimum)
    if _complete(directory):
        return _built(directory, minimum)
    progress(own)
    return None


def _build(progress: Progress) -> Engine:
    version = pinned_cli()
    directory = _directory(version)
    workshop.make(_product(), directory, lambda: _complete(directory), _assemble, progress)
    return _built(directory, version)


def _product() -> Product:
    return Product("the engine", "a pulumi", 3, MODULE)


def _directory(version: Version) -> Path:
    sources = [*MODULE.glob("*.go"), *(MODULE / "language-python").iterdir()]
    return _product().directory("engine", version, sources)


def _complete(directory: Path) -> bool:
    """Say whether a built engine is there, whole."""
    names = (CLI, installed.HOST, LAUNCHER, *(Path(script).name for script in SCRIPTS))
    return all(os.access(directory / "bin" / name, os.X_OK) for name in names)


def _built(directory: Path, version: Version) -> Engine:
    return Engine(directory / "bin" / CLI, directory / "bin", str(version), built=True)


def _assemble(builder: Workshop, target: Path) -> None:
    """Build everything into the directory."""
    version = pinned_cli()
    stamp = f"-X {SDK_MODULE}/go/common/version.Version=v{version}"
    builder.build("./language-python", target / installed.HOST, "the Python language host", stamp=stamp)
    builder.build(
        f"{CLI_MODULE}/cmd/pulumi",
        target / CLI,
        f"the Pulumi CLI {version} (about 4 minutes on two cores the first time)",
        stamp=stamp,
    )
    sdk = builder.source(SDK_MODULE)
    scripts = {target / Path(script).name: sdk / script for script in SCRIPTS}
    scripts[target / LAUNCHER] = MODULE / "language-python" / "launch.py"
    for copy, script in scripts.items():
        shutil.copyfile(script, copy)
        copy.chmod(0o755)
