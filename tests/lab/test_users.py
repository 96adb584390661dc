"""A lab needs no rights: every proof holds for a user who is nobody in particular."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from engine import cache
from tests.conftest import ROOT
from tests.devices.programs import program
from tests.engine.estates import Outcome
from tests.lab.conftest import Bring
from tests.lab.labs import Estate, wait_for

USER: Final = 65_534
_TUN: Final = Path("/dev/net/tun")

SCRIPT: Final = """set -e
mount -t tmpfs -o mode=0755 tmpfs /mnt
for place in {places}; do
  mkdir -p "/mnt$place"
  mount --rbind "$place" "/mnt$place"
done
for closed in {closed}; do mount --rbind "/mnt$closed" "$closed"; done
umount -l /mnt
{tun}
cd {root}
user() {{ setpriv --reuid {user} --regid {user} --clear-groups --no-new-privs -- "$@"; }}
user unshare -Ur true || exit 77
code=0
user {up} || code=$?
user {down}
exit $code
"""
"""Shows a user what a lab reads, where only root may go there, and gives it a tunnel device as Debian's udev does."""
_OWN_TUN: Final = f"mount -t tmpfs tmpfs {_TUN.parent}; mknod -m 0666 {_TUN} c 10 200"
_REFUSED: Final = 77


@pytest.mark.parametrize(
    ("stack", "proofs"),
    [
        ("minimal", {"tunnel", "bgp", "reach", "size", "overhead", "transfer"}),
        ("reference", {"tunnel", "bgp", "reach", "way", "dns", "flow", "failover"}),
    ],
)
def test_a_lab_is_proven_for_an_ordinary_user(bring: Bring, tmp_path: Path, stack: str, proofs: set[str]) -> None:
    """Whatever needs a right of its own is in these; the others ask daemons and send packets as these do."""
    estate = bring(stack)
    if os.geteuid() != 0:
        pytest.skip("the tests are run by an ordinary user: the others say it already")
    told = as_user(estate, tmp_path, proofs)
    assert told.code == 0, told.text
    assert (estate.state / "lab" / "proofs.json").stat().st_uid == USER, told.text
    verdicts = estate.verdicts()
    assert {proof for proof, _ in verdicts} == proofs
    assert all(each["holds"] for each in verdicts.values())
    assert wait_for(lambda: not estate.living())


def as_user(estate: Estate, home: Path, proofs: set[str]) -> Outcome:
    """Bring a lab up, prove it and end it, as a user without any rights."""
    program("setpriv")
    for path in (estate.root, home):
        for each in (path, *path.rglob("*")):
            os.chown(each, USER, USER)
    needed = {ROOT, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), cache.root(), estate.root, home}
    closed = {place for each in needed if (place := closed_above(each))}
    script = SCRIPT.format(
        places=" ".join(shlex.quote(str(each)) for each in sorted(needed) if closed_above(each)),
        closed=" ".join(shlex.quote(str(each)) for each in sorted(closed)),
        tun="" if _TUN.stat().st_mode & stat.S_IWOTH else _OWN_TUN,
        root=ROOT,
        user=USER,
        up=shlex.join(estate.command("up", *(f"--only={proof}" for proof in sorted(proofs)))),
        down=shlex.join(estate.command("down")),
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=estate.environment(HOME=str(home), HYBRIDGE_CACHE=str(cache.root())),
        timeout=300,
    )
    if done.returncode == _REFUSED:
        pytest.skip(f"namespaces are not allowed to ordinary users here ({done.stdout.strip()})")
    return Outcome(done.returncode, done.stdout)


def closed_above(path: Path) -> Path | None:
    """Return the highest directory above a path that an ordinary user may not enter."""
    for each in reversed(path.parents):
        if not each.stat().st_mode & stat.S_IXOTH:
            return each
    return None
