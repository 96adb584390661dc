"""What a failure costs: how long two sites' hosts do not hear each other, and whether all of it comes back.

A way is cut, a daemon killed, a gateway lost, one at a time, with packets under way every 10 ms. The silence may last
as long as a peer may be silent until it is taken for dead, by the plan, and a little for routes to move. Then it is
mended, and every session has to come back: those that were concerned have gone once, the others never.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any, Final

from lab import internet
from lab.daemons import LOOK_SECONDS, START_FRR, START_KEEPALIVED, STOP_KEEPALIVED
from lab.esp import TUNNELS_FILE
from lab.sketch import lines

from . import sessions
from .reach import hosts
from .turns import Turn, cut, is_stuck, tunnels_of, turns
from .verdict import Lab, Verdict, until

PROOF: Final = "failover"
Session = tuple[str, str, str]
"""Gateway, peer, and the tunnel between them."""
_INTERVAL: Final = 0.01
_MARGIN: Final = 1.0
"""Seconds beyond the time after which a peer is dead: the other end has to see it too, and routes have to move."""
_ATTEMPTS: Final = 3
_SETTLED: Final = 2.0
"""Seconds after which BFD has told what it has to tell of sessions that have come back."""
_DOWN: Final = "went down"
_ENDED: Final = 0.4
"""Seconds before the end within which something is heard where there is no silence any more."""
_ANSWER: Final = 0.1
"""Seconds within which an answer comes where there is one."""
_SLOW: Final = 5.0
"""Seconds after which nobody waits for the loss of every single way: one of a link is enough."""


def failovers(lab: Lab) -> Iterator[Verdict]:
    """Let every kind of failure happen to every link that carries traffic, and to standbys once they do."""
    for turn in turns(lab):
        if turn.others:
            yield _standby(lab, turn)
        else:
            for link in turn.links:
                yield from _of_link(lab, turn, link)


def _of_link(lab: Lab, turn: Turn, link: dict[str, Any]) -> Iterator[Verdict]:
    here, there, seconds = turn.here, turn.there, dead_after(lab, link)
    tunnels = tunnels_of([link])
    if seconds > _SLOW:
        tunnels = [_busiest(lab, here, there, tunnels)]
    for tunnel in tunnels:
        failure = _Failure(f"way of {tunnel} cut", partial(cut, lab, [tunnel]), {tunnel})
        yield _during(lab, turn, failure, seconds)
    for happens in (_bgpd_killed, _gateway_lost):
        if seconds > _SLOW:
            (busiest,) = (
                each for each in link["tunnels"] if each["name"] == _busiest(lab, here, there, tunnels_of([link]))
            )
            gateways = busiest["from"].split()[:1]
        else:
            gateways = _gateways(link)
        for gateway in gateways:
            yield happens(lab, turn, gateway, seconds)


def _bgpd_killed(lab: Lab, turn: Turn, gateway: str, seconds: float) -> Verdict:
    failure = _Failure(f"bgpd of {gateway} killed", _killed(lab, gateway), _tunnels_at(lab, gateway), {gateway})
    return _during(lab, turn, failure, max(LOOK_SECONDS, min(seconds, _SLOW)))


def _gateway_lost(lab: Lab, turn: Turn, gateway: str, seconds: float) -> Verdict:
    failure = _Failure(f"gateway {gateway} lost", _lost(lab, gateway), _tunnels_at(lab, gateway))
    return _during(lab, turn, failure, seconds)


def _tunnels_at(lab: Lab, gateway: str) -> set[str]:
    """Return the tunnels that end at a gateway."""
    return {each["name"] for _, each in lab.rehearsed.tunnels if gateway in f"{each['from']} {each['to']}".split()}


def _standby(lab: Lab, turn: Turn) -> Verdict:
    """Cut everything but the standbys."""
    seconds = max(dead_after(lab, link) for link in turn.others)
    names = " and ".join(link["name"] for link in turn.others)
    stands_in = " and ".join(link["name"] for link in turn.links)
    tunnels = tunnels_of(turn.others)
    failure = _Failure(f"{names} cut, {stands_in} stands in", partial(cut, lab, tunnels), set(tunnels))
    return _during(lab, turn, failure, seconds)


@dataclass(frozen=True)
class _Failure:
    """Something that happens, and is mended when it is over."""

    told: str
    happening: Callable[[], AbstractContextManager[None]]
    tunnels: set[str]
    """What it takes along."""
    anew: Container[str] = ()
    """Gateways whose bgpd is started anew."""


def _nothing_is_left(lab: Lab, turn: Turn, failure: _Failure) -> bool:
    """Tell whether the plan has nothing that could stand in: somebody has accepted a single gateway."""
    links = [link for link in lab.rehearsed.report["links"] if set(link["between"]) == {turn.here, turn.there}]
    stuck = [link for link in turn.links if is_stuck(link) and failure.tunnels >= set(tunnels_of([link]))]
    return bool(stuck) or failure.tunnels >= set(tunnels_of(links))


def _during(lab: Lab, turn: Turn, failure: _Failure, seconds: float) -> Verdict:
    """Let something happen; where a busy machine adds to the silence, up to three times, all of which are told.

    Busy machines may miss what BFD says as well, but not twice in a row.
    """
    tried: list[str] = []
    while True:
        verdict = _once(lab, turn, failure, seconds)
        tried.append(verdict.found)
        if verdict.holds or len(tried) == _ATTEMPTS or sum(_DOWN in each for each in tried) > 1:
            return replace(verdict, found="; again: ".join(tried))


def _once(lab: Lab, turn: Turn, failure: _Failure, seconds: float) -> Verdict:
    alone = _nothing_is_left(lab, turn, failure)
    allowed = min(seconds, _SLOW) if alone else seconds + _MARGIN
    before = resets(lab)
    with listening(lab, turn.here, turn.there) as silence:
        time.sleep(0.3)
        silence.since = time.time()
        with failure.happening():
            time.sleep(allowed + 1.0)
        until(lab.patience, lambda: sessions.sessions(lab))
        time.sleep(_SETTLED)
        back = sessions.sessions(lab)
    lasted = silence()
    told = [f"{lasted:.2f} s of silence"]
    if not silence.is_over:
        told.append("nobody is heard any more")
    if not all(each.holds for each in back):
        told.append("sessions stay down")
    told += flapping(before, resets(lab), lambda name: _concerned(failure, name), failure.anew)
    planned = "nothing stands in, all comes back" if alone else f"{seconds:g} s and {_MARGIN:g} s to move"
    holds = (alone or lasted <= allowed) and len(told) == 1
    return Verdict(PROOF, failure.told, planned, ", ".join(told), holds)


def flapping(
    before: Mapping[Session, int],
    after: Mapping[Session, int],
    concerned: Callable[[Session], bool],
    anew: Container[str] = (),
) -> list[str]:
    """Tell which sessions went down that had no reason to, and which went down again once they were back.

    :param before: how often each session had gone down
    :param after: how often it has now
    :param concerned: whether a session had a reason, once
    :param anew: gateways that were started anew, which count from nothing
    """
    found: list[str] = []
    for name, count in after.items():
        gateway, peer, _ = name
        times = count + 1 if gateway in anew else count - before.get(name, 0)
        if times > 0 and not concerned(name):
            found.append(f"{gateway} from {peer} {_DOWN} as well")
        elif times > 1:
            found.append(f"{gateway} from {peer} {_DOWN} {times} times")
    return found


def _concerned(failure: _Failure, name: Session) -> bool:
    """Tell whether a session may go down: those of a gateway that is lost or killed, on all its links."""
    gateway, peer, tunnel = name
    return tunnel in failure.tunnels or any(word in {gateway, peer} for word in failure.told.split())


def resets(lab: Lab) -> dict[Session, int]:
    """Return how often each session went down."""
    found: dict[Session, int] = {}
    for session in lab.rehearsed.report["neighbours"]:
        machine = sessions.speaker(lab, session)
        if machine is None:
            continue
        peers = lab.vtysh(machine, "show bgp ipv4 unicast summary").get("peers", {})
        told = peers.get(sessions.peer_address(lab, session), {})
        found[session["gateway"], session["peer"], session["tunnel"]] = int(told.get("connectionsDropped", 0))
    return found


def dead_after(lab: Lab, link: dict[str, Any]) -> float:
    """Return after how many seconds of silence the plan takes a link's peers for dead."""
    told = [one for one in lab.rehearsed.report["neighbours"] if one["link"] == link["name"]]
    return max(session["dead_after_milliseconds"] for session in told) / 1000


def _gateways(link: dict[str, Any]) -> list[str]:
    """Return the gateways at a link's ends that are machines of their own."""
    ends = [end for tunnel in link["tunnels"] for end in (tunnel["from"], tunnel["to"])]
    names = list(dict.fromkeys(end.split()[0] for end in ends))
    return [name for name in names if link["via"] == "wireguard" or name not in link["between"]]


def _busiest(lab: Lab, here: str, there: str, tunnels: list[str]) -> str:
    """Return the tunnel whose way carries the packets between two sites' hosts."""
    before = {tunnel: _passed(lab, tunnel) for tunnel in tunnels}
    with listening(lab, here, there):
        time.sleep(1.0)
    return max(tunnels, key=lambda tunnel: _passed(lab, tunnel) - before[tunnel])


def _passed(lab: Lab, tunnel: str) -> int:
    told = lab.built.answer(f"{internet.PREFIX}{tunnel}", "ip", "-s", "-j", "link", "show", "onprem")
    return json.loads(told)[0]["stats64"]["rx"]["packets"]


def _lost(lab: Lab, gateway: str) -> Callable[[], AbstractContextManager[None]]:
    """Let a gateway neither hear nor say anything, not even where it is, as without power.

    When it is back, it takes no address from who stands in, as one that has been off: it has no routes yet.
    """
    files = lab.sketch.machines[gateway].files
    ends = files.get(TUNNELS_FILE, "").split()
    rules = {machine: _silenced(lab.sketch.interfaces(machine)) for machine in (gateway, *ends)}

    @contextmanager
    def happening() -> Generator[None]:
        with ExitStack() as undoing:
            if START_KEEPALIVED in files:
                undoing.callback(lab.built.answer, gateway, "sh", START_KEEPALIVED)
            for machine, text in rules.items():
                undoing.callback(lab.built.load_rules, machine, "table netdev lost\ndelete table netdev lost\n")
                lab.built.load_rules(machine, text)
            if START_KEEPALIVED in files:
                lab.built.answer(gateway, "sh", STOP_KEEPALIVED)
            yield

    return happening


def _silenced(interfaces: Iterable[str]) -> str:
    """Return nftables' rules that let no frame in or out."""
    chains = (
        f"  chain {hook}-{number} {{\n"
        f'    type filter hook {hook} device "{interface}" priority -500; policy drop;\n'
        "  }"
        for number, interface in enumerate(interfaces)
        for hook in ("ingress", "egress")
    )
    return lines("table netdev lost {", chains, "}")


def _killed(lab: Lab, gateway: str) -> Callable[[], AbstractContextManager[None]]:
    """Kill what speaks BGP, and start it again as a service manager would, only later."""

    @contextmanager
    def happening() -> Generator[None]:
        lab.built.answer(gateway, "sh", "-c", "kill -KILL $(cat /run/frr/bgpd.pid)")
        try:
            yield
        finally:
            lab.built.answer(gateway, "sh", START_FRR)

    return happening


class Silence:
    """What a host that sends a packet every 10 ms hears of it."""

    def __init__(self) -> None:
        self.said = ""
        self.since = 0.0
        """From when on silence counts."""
        self.until = 0.0
        """When nobody listened any more."""

    def __call__(self) -> float:
        """Return how long there was silence in all, in seconds: by the clock, as ping slows down without answers."""
        return sum(each for each in self.pauses if each > _ANSWER) if self._times() else float("inf")

    @property
    def pauses(self) -> list[float]:
        """Seconds between every two answers, from the beginning and to the end."""
        times = [self.since] if self.since else []
        times += [each for each in self._times() if each > self.since]
        return [after - before for before, after in pairwise([*times, self.until])]

    @property
    def is_over(self) -> bool:
        """Whether it was heard at the end."""
        return self.until - max(self._times(), default=0.0) < _ENDED

    def _times(self) -> list[float]:
        return [float(each) for each in re.findall(r"^\[([\d.]+)\] .* icmp_seq=\d+ ttl", self.said, re.MULTILINE)]

    def lost(self) -> int:
        """Return how many packets were not answered, but for the last ones, whose answers nobody waited for."""
        numbers = {int(each) for each in re.findall(r"icmp_seq=(\d+) ttl", self.said)}
        sent = re.search(r"^(\d+) packets transmitted", self.said, re.MULTILINE)
        on_their_way = int(_ANSWER / _INTERVAL)
        return (
            max(int(sent.group(1)) - on_their_way - len(numbers), max(numbers, default=0) - len(numbers)) if sent else 1
        )


@contextmanager
def listening(lab: Lab, here: str, there: str) -> Generator[Silence]:
    """Send a packet every 10 ms; what came back is known afterwards."""
    source, target = hosts(lab, here)[0], hosts(lab, there)[0]
    command = lab.built.command(here, "ping", "-D", "-n", "-i", str(_INTERVAL), "-W", "0.5", "-I", source, target)
    silence = Silence()
    # Into a file: a pipe that nobody reads is full within seconds, and ping would wait.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.DEVNULL)
        try:
            yield silence
        finally:
            silence.until = time.time()
            process.send_signal(signal.SIGINT)  # it says then what it has not said yet
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            said.seek(0)
            silence.said = said.read()
