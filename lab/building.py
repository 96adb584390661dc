"""Builds a sketch inside a holder: machines, wires, networks, daemons, in this order."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from .errors import LabError
from .sketch import Machine, Sketch

MEMORY: Final = Path("/mnt")
"""Where machines keep what is theirs: a file system in memory that only the lab sees, as there are keys in it."""
_OWN: Final = ("/etc", "/var/lib", "/var/tmp", "/usr/local")  # noqa: S108 - what daemons leave there is the lab's
"""What each machine has a copy of its own of, made of what it changes."""
_EMPTY: Final = (
    "/etc/frr",
    "/etc/keepalived",
    "/etc/swanctl",
    "/etc/wireguard",
    "/etc/sysctl.d",
    "/usr/lib/sysctl.d",
    "/usr/local/lib/sysctl.d",
)
"""What each machine begins without: this machine's own keys and sessions, which a user may not even look at, and the
kernel's settings, of which some are nobody's own and would be set for all of this machine."""
_WRITTEN: Final = ("/etc/systemd/system", "/usr/local/sbin", "/usr/local/lib")
"""Where machines put files by themselves."""
_KERNELS: Final = ("proc", "devtmpfs", "devpts", "mqueue", "binfmt_misc")
"""File systems that are no files."""
_STEP_SECONDS: Final = 120
_AT_ONCE: Final = 8

_MACHINE: Final = """
name=$1; shift
place={memory}/$name
mkdir -p "$place/run"
mount -t tmpfs -o mode=0755 tmpfs /run
number=0
for folder in {own}; do
  number=$((number + 1))
  mkdir -p "$place/$number/new" "$place/$number/work"
  # A directory is whoever's it is above: a user could not write to those that stay root's.
  for written in "$@"; do
    case $written in "$folder"/*) mkdir -p "$place/$number/new/${{written#"$folder"/}}" ;; esac
  done
  mount -t overlay overlay -o "lowerdir=$folder,upperdir=$place/$number/new,workdir=$place/$number/work" "$folder"
done
for folder in {empty}; do
  [ ! -d "$folder" ] || mount -t tmpfs -o mode=0755 tmpfs "$folder"
done
hostname "$(printf %s "$name" | tr -c A-Za-z0-9.- -)"
echo $$ >"$place/pid"
exec sleep infinity
"""

_FIRST_STEPS: Final = (
    "ip link set lo up",
    "sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0",
    "sysctl -q -w net.ipv4.tcp_mtu_probing=0 net.ipv4.conf.all.accept_redirects=0",
)


class Built:
    """The machines of a lab, from inside its holder."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self.pids = dict(pids)

    @classmethod
    def read(cls) -> Built:
        """Return the machines that were built."""
        return cls(json.loads((MEMORY / "machines.json").read_text(encoding="utf-8")))

    def write(self) -> None:
        """Remember the machines, for the commands that come later."""
        (MEMORY / "machines.json").write_text(json.dumps(self.pids), encoding="utf-8")

    def command(self, machine: str, *command: str) -> list[str]:
        """Return a command as it is run on a machine."""
        return ["nsenter", "-t", str(self.pids[machine]), "-n", "-m", "-u", "--", *command]

    def run(
        self, machine: str, *command: str, seconds: float = _STEP_SECONDS, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a machine, and return what came of it."""
        try:
            return subprocess.run(
                self.command(machine, *command),
                input=given,
                stdin=subprocess.DEVNULL if given is None else None,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            return subprocess.CompletedProcess(command, 124, "", f"no answer within {late.timeout:g} s")

    def answer(self, machine: str, *command: str, seconds: float = _STEP_SECONDS) -> str:
        """Return what a command says on a machine.

        Raises LabError where it fails.
        """
        done = self.run(machine, *command, seconds=seconds)
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise LabError(f"On {machine}, `{shlex.join(command)}` failed: {said[-1] if said else done.returncode}.")
        return done.stdout

    def start(self, machine: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a command on a machine, and return while it runs."""
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            self.command(machine, *command), stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        )

    def load_rules(self, machine: str, text: str) -> None:
        """Load nftables' rules on a machine.

        Raises LabError where it refuses them.
        """
        done = self.run(machine, "nft", "-f", "-", given=text)
        if done.returncode:
            raise LabError(f"On {machine}, rules were refused: {done.stderr.strip()}")

    def script(self, machine: str, lines: Iterable[str], what: str) -> None:
        """Run a shell script on a machine.

        Raises LabError with what it says where it fails.
        """
        text = "set -e\n" + "".join(f"{line}\n" for line in lines)
        done = self.run(machine, "sh", "-s", given=text)
        if done.returncode:
            said = (done.stderr + done.stdout).strip().splitlines()
            raise LabError(f"{what} of {machine} failed: {' / '.join(said[-3:]) or f'code {done.returncode}'}")


def build(sketch: Sketch, directory: Path, say: Callable[[str], None]) -> Built:
    """Build every machine of a sketch, inside a holder.

    :param sketch: what is built
    :param directory: the rehearsal's, where proofs are written to
    :param say: tells what has been done

    Raises LabError with what went wrong.
    """
    if _is_roots():
        for place in _close((Path("/tmp"), directory)):  # noqa: S108 - for whoever looks around in the lab
            say(f"{place} cannot be closed to the lab")
    _checked("mount", "-t", "tmpfs", "-o", "mode=0700", "tmpfs", str(MEMORY))
    machines = list(sketch.machines.values())
    built = _boot(machines)
    built.write()
    _lay(sketch, built)
    say(f"{len(machines)} machines, {len(sketch.wires)} wires")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(partial(_network, sketch, built), machines))
        say("networks set up")
        _propagate(sketch, built)
        for phase in ("start", "then"):
            list(pool.map(partial(_run_phase, built, phase), [one for one in machines if getattr(one, phase)]))
    say("daemons started")
    return built


def _is_roots() -> bool:
    """Tell whether who is root in here is so outside as well."""
    return Path("/proc/self/uid_map").read_text(encoding="ascii").split()[:2] == ["0", "0"]


def _close(kept: Sequence[Path]) -> list[Path]:
    """Let nothing in the lab change this machine's own files or kernel settings, but for some directories.

    A user may change nothing of that anyway. Settings of networks are each machine's own. Returns what stays open.
    """
    for path in kept:
        _checked("mount", "--rbind", str(path), str(path))
    told = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    open_ones = {*kept, Path("/dev")}
    refused: list[Path] = []
    for place in dict.fromkeys(Path(_plain(place)) for _, place, kind, *_ in told if kind not in _KERNELS):
        if open_ones.isdisjoint((place, *place.parents)):
            command = ["mount", "-o", "remount,bind,ro", str(place)]
            if subprocess.run(command, capture_output=True, timeout=_STEP_SECONDS, check=False).returncode:
                refused.append(place)
    # Nobody notes what is mounted (-n): where that would be noted is closed by now.
    settings, networks = "/proc/sys", "/proc/sys/net"
    _checked("mount", "-n", "-t", "tmpfs", "tmpfs", str(MEMORY))
    (MEMORY / "net").mkdir()
    _checked("mount", "-n", "--bind", networks, str(MEMORY / "net"))
    _checked("mount", "-n", "--bind", settings, settings)
    _checked("mount", "-n", "-o", "remount,bind,ro", settings)
    _checked("mount", "-n", "--move", str(MEMORY / "net"), networks)
    _checked("umount", "-n", str(MEMORY))
    return [place for place in refused if _is_open(place)]


def _is_open(place: Path) -> bool:
    """Tell whether a mount may be written to; one that something else lies on refuses, and is out of reach."""
    try:
        return not os.statvfs(place).f_flag & os.ST_RDONLY
    except OSError:
        return False


def _plain(place: str) -> str:
    """Return a path as it is, of one in which the kernel has written some signs as numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), place)


def _boot(machines: Sequence[Machine]) -> Built:
    script = _MACHINE.format(memory=MEMORY, own=" ".join(_OWN), empty=" ".join(_EMPTY))
    names = [machine.name for machine in machines]
    started = [
        subprocess.Popen(
            ["unshare", "-n", "-m", "-u", "sh", "-ec", script, "machine", machine.name, *_folders(machine)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for machine in machines
    ]
    pids: dict[str, int] = {}
    deadline = time.monotonic() + _STEP_SECONDS
    for name, process in zip(names, started, strict=True):
        place = MEMORY / name / "pid"
        while not (place.exists() and place.read_text()):
            try:
                process.wait(0.01)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
                raise LabError(f"Machine {name} does not come up.") from None
            said = process.stderr.read().strip() if process.stderr else ""
            raise LabError(f"Machine {name} could not be made: {said}")
        pids[name] = int(place.read_text())
    return Built(pids)


def _folders(machine: Machine) -> list[str]:
    """Return every directory that a machine's files are put in."""
    return sorted({*_WRITTEN, *(path.rpartition("/")[0] for path in machine.files)} - set(_EMPTY))


def _lay(sketch: Sketch, built: Built) -> None:
    commands = [
        f"link add {wire.near_interface} netns {built.pids[wire.near]} mtu {wire.mtu} type veth "
        f"peer name {wire.far_interface} netns {built.pids[wire.far]} mtu {wire.mtu}"
        for wire in sketch.wires
    ]
    _checked("ip", "-batch", "-", given="".join(f"{command}\n" for command in commands))


def _network(sketch: Sketch, built: Built, machine: Machine) -> None:
    for path, text in machine.files.items():
        if not path.startswith(tuple(f"{folder}/" for folder in (*_OWN, "/run"))):
            raise LabError(f"{machine.name} is to have a file {path}, which would be this machine's own.")
        place = Path(f"/proc/{built.pids[machine.name]}/root{path}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    up = [f"ip link set {interface} up" for interface in sketch.interfaces(machine.name)]
    built.script(machine.name, [*_FIRST_STEPS, *up, *machine.network], "The network")


def _run_phase(built: Built, phase: str, machine: Machine) -> None:
    built.script(machine.name, getattr(machine, phase), "The start")


def _propagate(sketch: Sketch, built: Built) -> None:
    """Start what carries learned routes into route tables, where a cloud does that."""
    if not sketch.propagations:
        return
    told = [asdict(one) | {"pid": built.pids[one.speaker]} for one in sketch.propagations]
    for router in {one.router for one in sketch.propagations}:
        own = json.dumps({"router": built.pids[router], "sources": [each for each in told if each["router"] == router]})
        with (MEMORY / f"propagation-{router}.log").open("w") as log:
            subprocess.Popen(
                [sys.executable, "-m", "lab.propagation", own],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def _checked(*command: str, given: str | None = None) -> None:
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=_STEP_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise LabError(f"`{shlex.join(command)}` does not end.") from None
    if done.returncode:
        raise LabError(f"`{shlex.join(command)}` failed: {done.stderr.strip() or done.returncode}")
