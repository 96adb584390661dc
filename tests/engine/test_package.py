"""The components as a Pulumi package, and the project's whole installation, as the real engine sees them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import engine
from rehearsal.clouds.install import install
from tests.conftest import ROOT

NOWHERE = "http://127.0.0.1:9"
"""A proxy that does not exist: whatever would be downloaded fails."""


@dataclass(frozen=True)
class Workspace:
    """A copy of everything that the engine reads of the project, beside a link to its environment."""

    root: Path
    pulumi: Path
    environment: dict[str, str]

    def run(self, *arguments: str, directory: str = ".") -> subprocess.CompletedProcess[str]:
        """Run a command of the CLI to its end."""
        return subprocess.run(
            [self.pulumi, *arguments, "--non-interactive", "--color=never"],
            cwd=self.root / directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def files(self) -> list[Path]:
        """List the copy; the environment is no part of it."""
        return sorted(path for path in self.root.rglob("*") if ".venv" not in path.parts)

    def installed(self) -> dict[Path, int]:
        """Tell when each program, setting and distribution of the environment was last changed."""
        venv = (self.root / ".venv").resolve()
        site = venv.glob("lib/python*/site-packages/*")
        places = [venv / "pyvenv.cfg", *(venv / "bin").iterdir(), *site]
        return {place: place.lstat().st_mtime_ns for place in places if place.name != "__pycache__"}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    found = engine.ensure()
    if not found.built:
        pytest.skip("the pulumi on PATH brings the vendor's own language host, which installs into linked environments")
    root = tmp_path / "project"
    root.mkdir()
    for name in ("Pulumi.yaml", "__main__.py", "requirements.txt"):
        shutil.copy(ROOT / name, root / name)
    for name in ("components", "policy"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    (root / ".venv").symlink_to(sys.prefix)
    (tmp_path / "state").mkdir()
    (tmp_path / "home").mkdir()
    install(tmp_path / "pulumi", Path(sys.executable), ROOT)
    environment = {
        "HOME": str(tmp_path / "home"),
        "HTTPS_PROXY": NOWHERE,
        "HTTP_PROXY": NOWHERE,
        "NO_PROXY": "localhost,127.0.0.1",
        "PATH": os.pathsep.join([str(found.bin), os.defpath]),
        "PIP_NO_INDEX": "1",
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "of a test",
        "PULUMI_HOME": str(tmp_path / "pulumi"),
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    made = Workspace(root, found.pulumi, environment)
    files, installed = made.files(), made.installed()
    yield made
    assert made.files() == files
    assert made.installed() == installed


def test_the_components_are_a_package_for_every_language(workspace: Workspace) -> None:
    done = workspace.run("package", "get-schema", "./components")
    assert done.returncode == 0, done.stdout + done.stderr
    schema = json.loads(done.stdout)
    assert schema["name"] == "hybridge"
    resources = schema["resources"]
    assert {token: sorted(resource["requiredInputs"]) for token, resource in resources.items()} == {
        "hybridge:index:AwsDnsForwarding": ["plan", "resolverSubnetIds", "vpcId"],
        "hybridge:index:AwsSite": ["plan"],
        "hybridge:index:AwsSiteToSiteVpn": ["plan", "presharedKeys"],
        "hybridge:index:AwsWireguard": ["plan", "privateKeys", "publicKeys", "subnetIds", "vpcId"],
        "hybridge:index:ClusterAuthority": ["cluster", "plan", "rootCertificate", "rootEnds", "rootPrivateKey"],
        "hybridge:index:OnpremDnsForwarding": ["plan"],
        "hybridge:index:OnpremSite": ["outsideAddresses", "plan", "presharedKeys"],
        "hybridge:index:OnpremSiteToSiteVpn": ["plan"],
        "hybridge:index:OnpremWireguard": ["plan"],
        "hybridge:index:RootAuthority": ["plan"],
        "hybridge:index:VpcRouteServer": ["asn", "routeTableIds", "subnetIds", "vpcId"],
    }
    assert all(resource["isComponent"] and resource["description"] for resource in resources.values())


@pytest.mark.parametrize("directory", [".", "policy", "components"])
def test_pulumi_install_finds_everything_installed(workspace: Workspace, directory: str) -> None:
    done = workspace.run("install", directory=directory)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Using the environment {Path(sys.prefix).resolve()} as it is" in done.stdout + done.stderr
