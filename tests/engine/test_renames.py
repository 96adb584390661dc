"""A name in the state is forever: what once had another name is found by its alias, and nothing is replaced."""

from __future__ import annotations

import copy
import json
from pathlib import Path

from hybridge.planning.protected import KEYS
from tests.engine.estates import Project

RANDOM = "pulumi:providers:random"


def test_keys_survive_that_their_links_once_had_a_provider_each(tmp_path: Path) -> None:
    copied = Project.copied(tmp_path)
    project = Project(copied.root, "reference")
    up = project.run("up")
    assert up.code == 0, up.text
    before = {found.urn: found.id for found in project.objects()}

    name_providers_after_their_links(project, ["dc1-aws", "dc1-wg"])
    again = project.run("up")
    assert again.code == 0, again.text
    assert again.counted("replaced") == again.counted("created") == 0, again.text
    assert {found.urn: found.id for found in project.objects()} == before
    providers = {each["urn"] for each in resources(project) if each["type"] == RANDOM}
    assert [urn.rpartition("::")[2] for urn in providers] == [KEYS]


def resources(project: Project) -> list[dict[str, str]]:
    return project.exported()["deployment"]["resources"]


def name_providers_after_their_links(project: Project, links: list[str]) -> None:
    """Leave the state as it was when each link had a provider for its keys, under its own name."""
    (state,) = (project.state / "backend").rglob("reference.json")
    content = json.loads(state.read_text(encoding="utf-8"))
    deployment = content["checkpoint"]["latest"]
    (provider,) = (each for each in deployment["resources"] if each["type"] == RANDOM)
    urn, number = provider["urn"], provider["id"]
    once = {link: urn.removesuffix(KEYS) + link for link in links}
    found = []
    for each in deployment["resources"]:
        if each is provider:
            found += [
                copy.copy(provider) | {"urn": once[link], "id": f"{number[:-1]}{at}"} for at, link in enumerate(links)
            ]
            continue
        if each.get("provider") == f"{urn}::{number}":
            (link,) = (link for link in links if f"::{link}-" in each["urn"])
            each["provider"] = f"{once[link]}::{number[:-1]}{links.index(link)}"
        found.append(each)
    deployment["resources"] = found
    state.write_text(json.dumps(content), encoding="utf-8")
