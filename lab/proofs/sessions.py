"""Every BGP session is established, and its speaker has from its peer what the plan says, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from typing import Any, Final

from lab.errors import LabError
from lab.esp import TUNNEL

from .verdict import Lab, Verdict

PROOF: Final = "bgp"
_ESTABLISHED: Final = "Established"


def sessions(lab: Lab) -> list[Verdict]:
    """Return what each gateway of the estate says of each of its sessions."""
    summaries: dict[str, dict[str, Any]] = {}
    found: list[Verdict] = []
    for session in lab.rehearsed.report["neighbours"]:
        machine, address = speaker(lab, session), peer_address(lab, session)
        if machine is None:
            continue
        if machine not in summaries:
            summaries[machine] = lab.vtysh(machine, "show bgp ipv4 unicast summary").get("peers", {})
        found.append(_verdict(lab, session, machine, address, summaries[machine].get(address, {})))
        if session["link"] and (peer := peer_machine(lab, session)) not in _gateways(lab):
            found.append(_at_hub(lab, session, peer))
    return found


def _gateways(lab: Lab) -> set[str]:
    return {each["gateway"] for each in lab.rehearsed.report["neighbours"]}


def _at_hub(lab: Lab, session: dict[str, Any], hub: str) -> Verdict:
    """Tell what a cloud's hub hears from a gateway: the gateway's own networks, and none that another peer told it."""
    heard = sorted(accepted_from(lab, hub, own_address(lab, session)))
    subject = f"{session['peer']} from {session['gateway']}"
    return Verdict(PROOF, subject, _told(session["announces"]), _told(heard), set(heard) == set(session["announces"]))


def _verdict(lab: Lab, session: dict[str, Any], machine: str, address: str, peer: dict[str, Any]) -> Verdict:
    subject = f"{session['gateway']} from {session['peer']}"
    state = str(peer.get("state", "no such session"))
    if state != _ESTABLISHED:
        return Verdict(PROOF, subject, _told(session["accepts"]), state, holds=False)
    accepted = set(accepted_from(lab, machine, address))
    # What another gateway of the site tells comes and goes with its tunnels, and may be parts of what is planned.
    holds = accepted == set(session["accepts"]) if session["link"] else _within(accepted, session["accepts"])
    return Verdict(PROOF, subject, _told(session["accepts"]), _told(sorted(accepted)), holds)


def _within(networks: Iterable[str], ranges: Iterable[str]) -> bool:
    whole = [IPv4Network(each) for each in ranges]
    return all(any(IPv4Network(one).subnet_of(each) for each in whole) for one in networks)


def accepted_from(lab: Lab, machine: str, address: str) -> Iterator[str]:
    """Return the networks that a speaker took from a peer."""
    yield from lab.vtysh(machine, f"show bgp ipv4 unicast neighbors {address} routes").get("routes", {})


def speaker(lab: Lab, session: dict[str, Any]) -> str | None:
    """Return the machine that is a session's gateway; None where the estate does not run it."""
    return session["gateway"] if session["gateway"] in lab.sketch.machines else None


def peer_address(lab: Lab, session: dict[str, Any]) -> str:
    """Return the peer's address in a session."""
    for name, address in _ends(lab, session):
        if name != session["gateway"]:
            return address
    return next(
        gateway["lan_address"]
        for site in lab.rehearsed.sites
        for gateway in site["gateways"]
        if gateway["name"] == session["peer"]
    )


def own_address(lab: Lab, session: dict[str, Any]) -> str:
    """Return the speaker's own address in a session of a link."""
    for name, address in _ends(lab, session):
        if name == session["gateway"]:
            return address
    raise LabError(f"The report knows no tunnel {session['tunnel']}.")


def _ends(lab: Lab, session: dict[str, Any]) -> list[list[str]]:
    """Return name and address of both ends of a session's tunnel; none of a session without one."""
    told = (tunnel for _, tunnel in lab.rehearsed.tunnels if tunnel["name"] == session["tunnel"])
    return [tunnel[end].split() for tunnel in told for end in ("from", "to")]


def peer_machine(lab: Lab, session: dict[str, Any]) -> str:
    """Return the machine at the other end of a session of a link: a gateway, or a cloud's hub."""
    if session["peer"] in lab.sketch.machines:
        return session["peer"]
    wires = [wire for wire in lab.sketch.wires if wire.far == f"{session['tunnel']}@{session['peer_site']}"]
    return next(wire.near for wire in wires if wire.far_interface == TUNNEL)


def _told(networks: list[str]) -> str:
    return ", ".join(networks) or "nothing"
