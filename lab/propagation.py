"""Carries what speakers learn into a router's tables, as a cloud does with its route tables: a process of the lab.

Of several speakers' ways to one network a route server takes the shortest AS path, then the lowest MED
(https://docs.aws.amazon.com/vpc/latest/userguide/route-server-how-it-works.html). A static route of a table stays ahead
of a learned one.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from typing import Any

_METRIC = 500
_SETTLE_SECONDS = 0.03
"""Changes come in groups: one answer for all of them."""
_LOOK_SECONDS = 5.0


def main(told: str) -> None:
    """Follow the speakers until the lab ends."""
    given = json.loads(told)
    router, sources = given["router"], given["sources"]
    watch = selectors.DefaultSelector()
    for source in sources:
        monitor = subprocess.Popen(
            ["nsenter", "-t", str(source["pid"]), "-n", "ip", "-4", "monitor", "route"],
            stdout=subprocess.PIPE,
        )
        if monitor.stdout is not None:
            watch.register(monitor.stdout, selectors.EVENT_READ)
    present: set[tuple[int, str, str]] = set()
    while True:
        wanted = _wanted(sources)
        commands = [_command("del", *route) for route in present - wanted]
        commands += [_command("add", *route) for route in wanted - present]
        if commands:
            # Between the two a packet may find neither, as in a cloud.
            subprocess.run(
                ["nsenter", "-t", str(router), "-n", "ip", "-force", "-batch", "-"],
                input="".join(f"{command}\n" for command in commands),
                text=True,
                check=False,
            )
        present = wanted
        for key, _ in watch.select(_LOOK_SECONDS):
            if not os.read(key.fd, 65_536):
                watch.unregister(key.fileobj)  # its speaker is gone
        time.sleep(_SETTLE_SECONDS)


def _command(verb: str, table: int, network: str, way: str) -> str:
    return f"route {verb} {network} {way} metric {_METRIC} table {table}"


def _wanted(sources: list[dict[str, Any]]) -> set[tuple[int, str, str]]:
    """Return what belongs into each table: the best way to each network."""
    best: dict[tuple[int, str], tuple[tuple[int, int], str]] = {}
    for source in sources:
        for network, paths in _learned(source).items():
            for path in paths:
                if not path.get("bestpath") or not path.get("path"):
                    continue
                hop = path["nexthops"][0]["ip"]
                way = f"via {hop} {source['way']}" if source["keeps_hop"] else source["way"]
                rank = (len(path["path"].split()), int(path.get("metric", 0)))
                for table in source["tables"]:
                    if (table, network) not in best or rank < best[table, network][0]:
                        best[table, network] = (rank, way)
    return {(table, network, way) for (table, network), (_, way) in best.items()}


def _learned(source: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    try:
        done = subprocess.run(
            ["nsenter", "-t", str(source["pid"]), "-n", "-m", "vtysh", "-c", "show bgp ipv4 unicast json"],
            capture_output=True,
            text=True,
            timeout=_LOOK_SECONDS,
            check=False,
        )
        source["learned"] = json.loads(done.stdout)["routes"]
        return source["learned"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return source.get("learned", {})  # it is busy, and has not forgotten anything


if __name__ == "__main__":
    main(sys.argv[1])
