"""Sends bytes between machines over TCP, by a program of the lab's own at both ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from .reach import hosts
from .verdict import Lab

_PROGRAM: Final = (sys.executable, "-I", str(Path(__file__).parent.parent / "standins" / "transfer.py"))


def receive(lab: Lab, machine: str, address: str, port: int, seconds: float) -> None:
    """Let a machine take one connection's bytes, within so many seconds; it goes on by itself."""
    lab.built.start(machine, *_PROGRAM, "receive", address, str(port), str(seconds))


def send(lab: Lab, site: str, verb: str, target: str, port: int, *words: object) -> subprocess.CompletedProcess[str]:
    """Let a site's host send.

    :param lab: the lab
    :param site: whose host
    :param verb: `send` megabytes within seconds, or `pace` bits a second for seconds
    :param target: the address where somebody receives
    :param port: the port there
    :param words: the two numbers of the verb
    """
    return lab.built.run(site, *_PROGRAM, verb, hosts(lab, site)[0], target, str(port), *map(str, words))


def last_words(done: subprocess.CompletedProcess[str]) -> str:
    """Return why it failed."""
    return (done.stderr.strip().splitlines() or ["nothing arrived"])[-1]
