"""What the engine refuses to replace or remove, by name, and the exceptions that a stack asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hybridge.topology import AwsSite, Problem, Severity, Topology, meant, path_of

from .aws_parts import aws_parts, links_by_site
from .decisions import Decisions
from .dns import dns_plan
from .trust import trust_plan

ROOT: Final = "root"
"""The name of the root authority."""

KEYS: Final = "keys"
"""The name of the provider that keys come from."""
_REMEDY: Final = "Remove it, or give the name of a protected resource as a preview shows it."


def route_server(site: str) -> str:
    """Return the name of a VPC's route server."""
    return f"{site}-route-server"


def protected_names(topology: Topology, decisions: Decisions) -> list[str]:
    """Return the names of all protected resources: hubs, gateways, their keys and addresses, endpoints, authorities.

    :param topology: what a person declared, with problems or without
    :param decisions: its links, as far as they can be decided
    """
    at = links_by_site(topology)
    sites = {name: site for name, site in topology.sites.items() if isinstance(site, AwsSite)}
    hubs = [name for name, site in sites.items() if aws_parts(topology, name, site, at[name].values()).hub]
    connections = [connection.name for vpn in decisions.vpns for connection in vpn.connections]
    servers = {route_server(link.cloud): None for link in decisions.wireguards if len(link.instances) > 1}
    keys = [name for link in decisions.wireguards for name in link.made_keys]
    instances = [instance.name for link in decisions.wireguards for instance in link.instances]
    endpoints = [f"{plan.site}-{way}" for plan in dns_plan(topology).aws_sites for way in plan.directions]
    trust = trust_plan(topology)
    authorities = [ROOT, *trust.clusters] if trust else []
    return list(dict.fromkeys([*hubs, *connections, *servers, *keys, *instances, *endpoints, *authorities]))


def replacement_problems(topology: Topology, decisions: Decisions) -> Iterator[Problem]:
    """Find exceptions that name nothing that is protected, and tell of those that do.

    What a link that cannot be decided would bring is not known: it is called after the link, or after one of its ends.
    """
    if not topology.allow_replacement:
        return
    known = dict.fromkeys(protected_names(topology, decisions))
    decided = {path.name for path in decisions.paths}
    links = {name: link for name, link in topology.links.items() if name not in decided}
    undecided = tuple({f"{owner}-" for name, link in links.items() for owner in (name, *link.between)})
    found: set[str] = set()
    for index, name in enumerate(topology.allow_replacement):
        place = path_of("allow_replacement", index)
        if name in found:
            yield Problem(place, f"`{name}` stands here already.", "Remove one of the two.")
        elif name in known:
            yield Problem(
                place,
                f"`{name}` is not protected while this stands here: an update may replace it.",
                "Remove it once that has happened, and update once: the engine goes by what the last update wrote.",
                Severity.WARNING,
            )
        elif not name.startswith(undecided):
            yield Problem(place, f"Nothing that is protected is called `{name}`.", meant(name, known, _REMEDY))
        found.add(name)
