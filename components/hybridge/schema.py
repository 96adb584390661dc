"""The JSON Schema of stack files, from the topology's own models, so that editors complete and check."""

from __future__ import annotations

import json

from hybridge.topology import Topology


def stack_file_schema() -> str:
    """Return the JSON Schema of a stack file as text."""
    topology = Topology.model_json_schema()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hybridge stack file",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {"hybridge:topology": {"$ref": "#/$defs/Topology"}},
                "required": ["hybridge:topology"],
            }
        },
        "required": ["config"],
        "$defs": {**topology.pop("$defs", {}), "Topology": topology},
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
