"""Lets the links between two sites carry what they send each other in turn: those in use, and their standbys."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from lab import internet

from . import sessions
from .counting import carriers
from .verdict import Lab, Verdict, until


@dataclass(frozen=True)
class Turn:
    """Links between two sites that carry at the same time."""

    here: str
    there: str
    links: list[dict[str, Any]]
    """The report's."""
    others: list[dict[str, Any]]
    """What has to be cut for these to carry."""

    @property
    def ways(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Both directions."""
        return (self.here, self.there), (self.there, self.here)

    @property
    def name(self) -> str:
        """What carries."""
        return " or ".join(sorted(link["name"] for link in self.links))


def turns(lab: Lab) -> Iterator[Turn]:
    """Return what carries between every two sites, and then what does once that is cut, where it may take over."""
    between: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for link in lab.rehearsed.report["links"]:
        here, there = sorted(link["between"])
        between.setdefault((here, there), []).append(link)
    for (here, there), links in sorted(between.items()):
        active = [link for link in links if not link["standby"]]
        waiting = [link for link in links if link["standby"]]
        if active:
            yield Turn(here, there, active, [])
        if waiting and not any(is_stuck(link) for link in active):
            yield Turn(here, there, waiting, active)


def is_stuck(link: dict[str, Any]) -> bool:
    """Tell whether the cloud's routes lead to one instance, dead or alive, so that nothing takes over from the link."""
    return link["via"] == "wireguard" and len({tunnel["to"].split()[0] for tunnel in link["tunnels"]}) == 1


@contextmanager
def taken(lab: Lab, turn: Turn) -> Generator[None]:
    """Let these links carry as long as this lasts; everything else is back afterwards."""
    tunnels = tunnels_of(turn.others)
    if not tunnels:
        yield
        return
    with cut(lab, tunnels):
        until(lab.patience, lambda: [_carried(lab, turn)])
        yield
    until(lab.patience, lambda: sessions.sessions(lab))


def _carried(lab: Lab, turn: Turn) -> Verdict:
    """Tell whether these links alone carry already, in both directions."""
    own = tunnels_of(turn.links)
    holds = all(carriers(lab, here, there, own) for here, there in turn.ways)
    return Verdict("", turn.name, "", "", holds)


def tunnels_of(links: Iterable[dict[str, Any]]) -> list[str]:
    """Return the names of links' tunnels."""
    return [tunnel["name"] for link in links for tunnel in link["tunnels"]]


@contextmanager
def cut(lab: Lab, tunnels: Iterable[str]) -> Generator[None]:
    """Cut the ways of tunnels through the internet as long as this lasts."""
    with ExitStack() as undoing:
        for tunnel in tunnels:
            way = f"{internet.PREFIX}{tunnel}"
            undoing.callback(lab.built.load_rules, way, internet.WHOLE)
            lab.built.load_rules(way, internet.CUT)
        yield
