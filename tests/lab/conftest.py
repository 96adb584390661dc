"""Stacks that are rehearsed once a test run, for every lab and every drawing of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.estate import Rehearsed
from rehearsal.stage import Stage
from tests.engine.estates import Project
from tests.lab.labs import Estate, needs_a_lab, once

Bring = Callable[[str], Estate]

STACKS = Path(__file__).parent / "stacks"
"""Stacks that only these tests have."""


@pytest.fixture(scope="session")
def rehearsals(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Where a stack is rehearsed: by the real command, when it is first asked for."""

    def rehearsed(stack: str) -> Path:
        with once(tmp_path_factory, f"rehearsed-{stack}") as (root, empty):
            if empty:
                project = Project(Project.copied(root).root, stack)
                if (own := STACKS / f"Pulumi.{stack}.yaml").exists():
                    shutil.copy(own, project.stack_file)
                done = project.run("up")
                assert done.code == 0, done.text
        return root / ".rehearsal" / stack

    return rehearsed


@pytest.fixture(scope="session")
def reference(rehearsals: Callable[[str], Path]) -> Rehearsed:
    """What the rehearsal of `reference` left."""
    state = rehearsals("reference")
    return Rehearsed.read(Stage(state.parent.parent, state.name))


@pytest.fixture(scope="session")
def minimal(rehearsals: Callable[[str], Path]) -> Rehearsed:
    """What the rehearsal of `minimal` left."""
    state = rehearsals("minimal")
    return Rehearsed.read(Stage(state.parent.parent, state.name))


@pytest.fixture
def bring(rehearsals: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Bring:
    """Bring a rehearsed stack into a root of its own, where a lab can be had."""
    needs_a_lab()
    return lambda stack: Estate.brought(rehearsals(stack), tmp_path_factory.mktemp(f"lab-{stack}"))
