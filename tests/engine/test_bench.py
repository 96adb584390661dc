"""The flat program that an estate is measured against declares the very same, and a benchmark runs to its end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench import comparison
from bench.flat import told, write_flat
from bench.previews import COMPONENTS, declared_state, estate_program, project
from bench.topologies import estate

FLAT_PROGRAM = Path(comparison.__file__).parent / "flat_program.py"


def declared(state: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every resource by type and name, with names for identifiers and generated keys, which no two runs share."""
    resources = [each for each in state["deployment"]["resources"] if each["custom"]]
    names = {each["urn"]: f"{each['type']} {each['urn'].rpartition('::')[2]}" for each in resources}
    texts = {each["id"]: f"the identifier of {names[each['urn']]}" for each in resources}
    for each in resources:
        if each["type"].startswith("random:"):
            generated = each["outputs"].get("result") or each["outputs"].get("base64")
            texts[json.loads(generated["plaintext"])] = f"the key of {names[each['urn']]}"
    return {
        names[each["urn"]]: {
            "inputs": named(each.get("inputs", {}), texts),
            "provider": names.get(each.get("provider", "").rpartition("::")[0]),
            "protect": each.get("protect", False),
            "from": {
                key: {names[urn] for urn in urns if urn in names}
                for key, urns in (each.get("propertyDependencies") or {}).items()
                if urns
            },
        }
        for each in resources
    }


def named(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, dict):
        plaintext = value.get("plaintext")
        return named(json.loads(plaintext), texts) if plaintext else {key: named(value[key], texts) for key in value}
    if isinstance(value, list):
        return [named(item, texts) for item in value]
    if isinstance(value, str):
        for text, name in texts.items():
            value = value.replace(text, name)
    return value


def test_the_flat_program_declares_what_the_estate_declares(tmp_path: Path) -> None:
    of_components = json.loads(declared_state(project(tmp_path / "estate", estate(2), estate_program())))
    root = project(tmp_path / "flat", estate(2), FLAT_PROGRAM.read_text(encoding="utf-8"))
    write_flat(root, of_components)
    by_hand = json.loads(declared_state(root))
    assert not [each for each in by_hand["deployment"]["resources"] if each["type"].startswith(COMPONENTS)]
    assert told(by_hand) == told(of_components) != {}
    expected, found = declared(of_components), declared(by_hand)
    assert found.keys() == expected.keys()
    for name, resource in found.items():
        assert resource["inputs"].keys() == expected[name]["inputs"].keys(), name
        for key, value in resource["inputs"].items():
            assert value == expected[name]["inputs"][key], f"{key} of {name}"
        assert (resource["provider"], resource["protect"]) == (expected[name]["provider"], expected[name]["protect"])
        assert resource["from"].keys() == expected[name]["from"].keys(), name
        assert all(sources <= expected[name]["from"][key] for key, sources in resource["from"].items()), name


def test_a_comparison_runs_to_its_end_and_tells_every_figure(tmp_path: Path) -> None:
    table, goals = comparison.compare(0, 1, tmp_path)
    assert table.row_count == 5
    assert [goal.most for goal in goals] == [None, 1.1, 1.15]
    assert all(goal.values[0] > 0 for goal in goals)
