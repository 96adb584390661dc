"""What every test may use: the stack `minimal` as it is declared, and its plan."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hybridge.planning import AddressBook, Plan, address_needs, make_plan
from hybridge.topology import Topology, read_topology

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """Let tests and what they start hear an interrupt: a shell's background job has it ignored, and so would they."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def declared() -> dict[str, Any]:
    """The topology of stack `minimal` as plain data, for a test to change."""
    content = yaml.safe_load((ROOT / "stacks" / "Pulumi.minimal.yaml").read_text(encoding="utf-8"))
    return content["config"]["hybridge:topology"]


@pytest.fixture
def topology(declared: dict[str, Any]) -> Topology:
    return read_topology(json.dumps(declared))


@pytest.fixture
def plan(topology: Topology) -> Plan:
    return make_plan(topology, AddressBook.read(ROOT / "stacks" / "addresses.minimal.yaml"), "minimal")


def planned(declared: dict[str, Any]) -> Plan:
    """Plan a changed topology with addresses of its own."""
    changed = read_topology(json.dumps(declared))
    book = AddressBook("addresses.test.yaml").completed(address_needs(changed))
    return make_plan(changed, book, "test")
