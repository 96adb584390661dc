"""Versions, and the ones that the go.mod files pin: nothing else in the repository names them."""

import re
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EngineError

MODULE = Path(__file__).parent
"""The Go module: go.mod, go.sum and the language host's source."""

OPA = MODULE / "opa"
"""The Go module that pins OPA: its requirements are not the engine's."""

WIREGUARD = MODULE / "wireguard"
"""The Go module that pins WireGuard in user space."""

CLI_MODULE = "github.com/pulumi/pulumi/pkg/v3"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
OPA_MODULE = "github.com/open-policy-agent/opa"
WIREGUARD_MODULE = "golang.zx2c4.com/wireguard"


@dataclass(frozen=True, order=True)
class Version:
    """A released version; a pre-release counts as older than the release it precedes."""

    major: int
    minor: int
    patch: int
    released: bool = True

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def parse(text: str) -> Version | None:
    """Return the first version in a program's output, such as `v3.259.0` or `go version go1.26.8 linux/amd64`."""
    found = re.search(r"(?<![\d.])(\d+)\.(\d+)(?:\.(\d+))?(-[0-9A-Za-z]|rc|beta)?", text)
    if not found:
        return None
    major, minor, patch, pre_release = found.groups()
    return Version(int(major), int(minor), int(patch or 0), released=not pre_release)


def pinned_cli(module: Path = MODULE) -> Version:
    """Return the version of the Pulumi CLI that go.mod requires."""
    return _pinned(module, _required(CLI_MODULE), CLI_MODULE)


def pinned_opa(module: Path = OPA) -> Version:
    """Return the version of OPA that its go.mod requires."""
    return _pinned(module, _required(OPA_MODULE), OPA_MODULE)


def pinned_wireguard(module: Path = WIREGUARD) -> Version:
    """Return the version of WireGuard that its go.mod requires, which has no releases but dated revisions."""
    return _pinned(module, _required(WIREGUARD_MODULE), WIREGUARD_MODULE)


def pinned_go(module: Path = MODULE) -> Version:
    """Return the oldest version of Go that can build the module."""
    return _pinned(module, r"^go\s+(\S+)", "a version of Go")


def _required(module: str) -> str:
    """Return the pattern of the line that requires a module."""
    return rf"^\s*(?:require\s+)?{re.escape(module)}\s+(v\S+)"


def _pinned(module: Path, pattern: str, what: str) -> Version:
    path = module / "go.mod"
    found = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    version = parse(found.group(1)) if found else None
    if version is None:
        raise EngineError(f"{path} requires no {what}: restore it from the repository.")
    return version
