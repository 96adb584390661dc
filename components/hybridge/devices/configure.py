"""Keeps a gateway instance as its secret says. It runs on the instance, by itself: Debian's Python and nothing else.

The secret holds every file of the gateway, its private key among them, as one JSON object: text by path below /etc,
compressed, as the files of many tunnels are much alike and a secret is short.
What changed there is put in place and taken up, after the programs that read it have checked it; what they refuse
changes nothing. Each part is remembered when it has taken effect, so an interrupted run is taken up by the next one.
At its end a run tells CloudWatch how many BGP sessions are down. A run that fails tells nothing, which the alarm takes
for bad news.

Usage: hybridge-configure REGION SECRET
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGES = {"aws": "awscli", "nft": "nftables", "vtysh": "frr", "wg": "wireguard-tools"}
"""Debian's package of each program that is needed."""
FURTHER_PACKAGES = ("frr-pythontools",)  # what `systemctl reload frr` runs
ETC = Path("/etc")
APPLIED = Path("/var/lib/hybridge/applied.json")
"""Digest of what is in place, by path."""
FILTER, ROUTING, DAEMONS = "nftables.conf", "frr/frr.conf", "frr/daemons"
NAMESPACE, METRIC = "hybridge", "SessionsDown"
"""What CloudWatch is told, for the dimension InstanceId."""
INSTANCE_ID = Path("/var/lib/cloud/data/instance-id")
"""Where cloud-init keeps what EC2 calls the instance."""
TIMEOUT = 60
"""Seconds for one program; the whole is bounded by systemd."""


def main(region: str, secret: str) -> None:
    """Install what is missing, read the secret, take up what changed, and tell how it goes."""
    install()
    take_up(region, secret)
    tell(region, sessions_down(output("vtysh", "-c", "show bgp ipv4 unicast summary json")))


def take_up(region: str, secret: str) -> None:
    """Read the secret, and take up what changed."""
    wanted = fetch(region, secret)
    applied: dict[str, str] = json.loads(APPLIED.read_text()) if APPLIED.exists() else {}
    now = digests(wanted)
    changed, gone = {path for path in now if now[path] != applied.get(path)}, set(applied) - set(now)
    if not changed and not gone:
        return
    check(wanted)
    for path in changed:
        put(path, wanted[path])
    for paths, commands in steps(changed, gone):
        for command in commands:
            run(*command)
        for path in paths & gone:
            (ETC / path).unlink(missing_ok=True)
        applied = {path: digest for path, digest in applied.items() if path not in paths}
        applied |= {path: now[path] for path in paths & changed}
        write(APPLIED, json.dumps(applied))


def install() -> None:
    """Install Debian's packages where a program is missing."""
    if any(shutil.which(program) is None for program in PACKAGES):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        packages = [*PACKAGES.values(), *FURTHER_PACKAGES]
        subprocess.run(["apt-get", "-q", "update"], env=quiet, check=True)
        subprocess.run(["apt-get", "-q", "-y", "--no-install-recommends", "install", *packages], env=quiet, check=True)


def fetch(region: str, secret: str) -> dict[str, str]:
    """Read the gateway's files from its secret."""
    question = ["aws", "--region", region, "secretsmanager", "get-secret-value", "--secret-id", secret]
    return unpack(output(*question, "--query", "SecretString", "--output", "text"))


def unpack(text: str) -> dict[str, str]:
    """Return the files that a secret's text stands for."""
    return json.loads(gzip.decompress(base64.b64decode(text)))


def digests(wanted: Mapping[str, str]) -> dict[str, str]:
    """Return a digest of each file; a tunnel's changes with the key, which is every tunnel's."""
    keys = "".join(text for path, text in sorted(wanted.items()) if path.endswith(".key"))
    texts = {path: text + keys if is_tunnel(path) else text for path, text in wanted.items()}
    return {path: hashlib.sha256(text.encode()).hexdigest() for path, text in texts.items()}


def check(wanted: Mapping[str, str]) -> None:
    """Have the packet filter and the routing read by their programs, without effect."""
    with tempfile.TemporaryDirectory() as folder:
        for path, command in {FILTER: ["nft", "-c", "-f"], ROUTING: ["vtysh", "-C", "-f"]}.items():
            draft = Path(folder, path.replace("/", "-"))
            draft.write_text(wanted[path])
            run(*command, str(draft))


def put(path: str, text: str) -> None:
    """Write a file below /etc, for root alone, and FRR's for FRR."""
    write(ETC / path, text)
    if path.startswith("frr/"):
        shutil.chown(ETC / path, "frr", "frr")


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def steps(changed: set[str], gone: set[str]) -> Iterator[tuple[set[str], list[list[str]]]]:
    """Return what is to be done for which files: a tunnel that did not change is left alone."""
    for path in sorted(filter(is_tunnel, gone)):
        yield {path}, [["systemctl", "disable", "--now", unit(path)]]
    if FILTER in changed:
        yield {FILTER}, [["systemctl", "enable", "nftables"], ["nft", "-f", str(ETC / FILTER)]]
    for path in sorted(filter(is_tunnel, changed)):
        yield {path}, [["systemctl", "enable", unit(path)], ["systemctl", "restart", unit(path)]]
    routing = {ROUTING, DAEMONS} & changed
    if routing:
        yield (
            routing,
            [
                ["systemctl", "enable", "frr"],
                ["systemctl", "restart" if DAEMONS in routing else "reload-or-restart", "frr"],
            ],
        )
    yield changed | gone, []


def is_tunnel(path: str) -> bool:
    """Tell whether a file is a tunnel's."""
    return path.startswith("wireguard/wg") and path.endswith(".conf")


def unit(path: str) -> str:
    """Return the service of a tunnel's file."""
    return f"wg-quick@{Path(path).stem}"


def sessions_down(summary: str) -> int:
    """Count the BGP sessions that are not established, in FRR's words; 1 where there is none at all."""
    peers = json.loads(summary).get("peers", {})
    return sum(peer["state"] != "Established" for peer in peers.values()) if peers else 1


def tell(region: str, down: int) -> None:
    """Tell CloudWatch how many sessions are down."""
    metric = ["--namespace", NAMESPACE, "--metric-name", METRIC, "--unit", "Count", "--value", str(down)]
    named = ["--dimensions", f"InstanceId={INSTANCE_ID.read_text().strip()}"]
    run("aws", "--region", region, "cloudwatch", "put-metric-data", *metric, *named)


def output(*command: str) -> str:
    """Run a program for what it answers."""
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=TIMEOUT).stdout


def run(*command: str) -> None:
    """Run a program; what it has to say goes to the journal."""
    subprocess.run(command, check=True, timeout=TIMEOUT)


if __name__ == "__main__":
    main(*sys.argv[1:])
