"""The real engine, found or built once, and copies of the project for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.estates import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A copy of the project that was never rehearsed."""
    return Project.copied(tmp_path)
