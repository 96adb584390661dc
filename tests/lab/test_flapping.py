"""A failure costs every session that it concerns one closing, and no other session any."""

from __future__ import annotations

import pytest

from lab.proofs.failover import Session, flapping

ONE: Session = ("edge-a", "dc1-wg-1", "dc1-wg-edge-a-1")
OTHER: Session = ("edge-b", "dc1-wg-1", "dc1-wg-edge-b-1")


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({ONE: 4, OTHER: 2}, []),
        ({ONE: 3, OTHER: 2}, []),
        ({ONE: 5, OTHER: 2}, ["edge-a from dc1-wg-1 went down 2 times"]),
        ({ONE: 4, OTHER: 3}, ["edge-b from dc1-wg-1 went down as well"]),
        ({ONE: 6, OTHER: 4}, ["edge-a from dc1-wg-1 went down 3 times", "edge-b from dc1-wg-1 went down as well"]),
    ],
    ids=["once", "not at all", "twice", "another one", "both"],
)
def test_what_goes_down_without_a_reason_is_told(after: dict[Session, int], told: list[str]) -> None:
    assert flapping({ONE: 3, OTHER: 2}, after, lambda name: name == ONE) == told


@pytest.mark.parametrize(("after", "told"), [(0, []), (1, ["edge-a from dc1-wg-1 went down 2 times"])])
def test_who_was_started_anew_counts_from_nothing(after: int, told: list[str]) -> None:
    """It went down with its daemon, which does not remember that."""
    assert flapping({ONE: 7}, {ONE: after}, lambda _: True, {"edge-a"}) == told
