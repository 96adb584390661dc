"""Missing daemons are installed without a service started, and a machine that cannot install them is no failure.

The script runs as root of a namespace, where /usr/sbin is a directory of the test's and apt-get a fake.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.devices.programs import unshared

TOOLS = ("chmod", "flock", "grep", "id", "kill", "mount", "mv", "rm", "sh")
APT_GET = """#!/bin/sh
echo "$1" >> {here}/calls
[ "$1" = update ] && exit {update}
/usr/sbin/policy-rc.d frr start || echo "not started ($?)" >> {here}/calls
{install}
"""
OWN_POLICY = "#!/bin/sh\n# the machine's own\nexit 0\n"


@dataclass(frozen=True)
class Machine:
    """A machine without daemons."""

    root: Path

    @property
    def policy(self) -> Path:
        return self.root / "sbin" / "policy-rc.d"

    def own_policy(self) -> None:
        """Give the machine an opinion of its own on services."""
        self.policy.write_text(OWN_POLICY)
        self.policy.chmod(0o755)

    def run(self, install: str, update: int = 0) -> subprocess.CompletedProcess[str]:
        """Run the script where apt-get behaves so."""
        apt = self.root / "bin" / "apt-get"
        apt.write_text(APT_GET.format(here=shlex.quote(str(self.root)), update=update, install=install))
        apt.chmod(0o755)
        places = [
            shlex.quote(str(place)) for place in (self.root / "sbin", self.root / "bin", ROOT / "tests/daemons.sh")
        ]
        script = "mount --bind {} /usr/sbin; PATH={} exec sh {}".format(*places)
        return subprocess.run(unshared("sh", "-c", script), capture_output=True, text=True)

    def calls(self) -> list[str]:
        return (self.root / "calls").read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for name in ("bin", "sbin"):
        (tmp_path / name).mkdir()
    for tool in TOOLS:
        place = shutil.which(tool)
        assert place
        (tmp_path / "bin" / tool).symlink_to(place)
    return Machine(tmp_path)


def test_packages_are_announced_and_their_services_stay_off(machine: Machine) -> None:
    done = machine.run("exit 0")
    assert done.returncode == 0, done.stderr
    assert "installing Debian packages on this machine, as root: frr nftables" in done.stderr
    assert machine.calls() == ["update", "install", "not started (101)"]
    assert list((machine.root / "sbin").iterdir()) == []


@pytest.mark.parametrize(
    ("install", "code"), [("exit 0", 0), ("exit 100", 0), ("kill -TERM $PPID", 143), ("kill -KILL $PPID", None)]
)
def test_the_machines_own_opinion_on_services_comes_back(machine: Machine, install: str, code: int | None) -> None:
    machine.own_policy()
    done = machine.run(install)
    if code is None:  # a run that was killed outright is cleaned up after by the next one
        done, code = machine.run("exit 0"), 0
    assert done.returncode == code, done.stderr
    assert machine.policy.read_text() == OWN_POLICY
    assert [path.name for path in (machine.root / "sbin").iterdir()] == ["policy-rc.d"]


def test_what_a_killed_run_left_is_not_taken_for_the_machines_own(machine: Machine) -> None:
    machine.run("kill -KILL $PPID")
    assert machine.policy.exists()
    machine.run("exit 0")
    assert list((machine.root / "sbin").iterdir()) == []


def test_without_a_network_it_says_so_and_the_tests_go_on(machine: Machine) -> None:
    done = machine.run("echo 'E: Unable to fetch' >&2; exit 100", update=100)
    assert done.returncode == 0
    assert "apt-get could not install what is missing: frr nftables" in done.stderr
    assert "the tests that need them are skipped" in done.stderr
