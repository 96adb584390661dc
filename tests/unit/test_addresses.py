"""The address book gives each tunnel a /30 once, and never moves it."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridge.planning import AddressBook, limits
from hybridge.topology import ProblemsFound

KEYS = st.sets(st.from_regex(r"[a-z]{1,3}/[a-z]{1,2}/[12]", fullmatch=True), max_size=60)


@given(KEYS, KEYS)
def test_an_addition_never_moves_another(first: set[str], second: set[str]) -> None:
    before = AddressBook("addresses.x.yaml").completed(first)
    after = before.completed(first | second)
    assert {key: after.tunnels[key] for key in first} == dict(before.tunnels)
    assert set(after.tunnels) == first | second


@given(KEYS)
def test_every_range_is_given_once_and_none_that_a_vendor_keeps(keys: set[str]) -> None:
    book = AddressBook("addresses.x.yaml").completed(keys)
    kept = [
        IPv4Network(text) for name in ("aws.vpn.reserved-inside", "azure.vpn.bgp-inside") for text in limits.words(name)
    ]
    assert len(set(book.tunnels.values())) == len(keys)
    assert not any(given.overlaps(network) for given in book.tunnels.values() for network in kept)


def test_a_tunnel_that_is_gone_keeps_its_address_until_it_is_released() -> None:
    """It may still exist in the cloud, and nobody else may have its address meanwhile."""
    book = AddressBook("addresses.x.yaml").completed(["a/b/1", "a/b/2"])
    kept = book.completed(["a/b/2", "c/d/1"])
    assert set(kept.tunnels) == {"a/b/1", "a/b/2", "c/d/1"}
    assert len(set(kept.tunnels.values())) == 3
    assert set(kept.released(["a/b/2"]).tunnels) == {"a/b/2"}


def test_the_pool_ends_with_a_sentence() -> None:
    with pytest.raises(ProblemsFound, match=r"no /30 left for \d+ tunnels"):
        AddressBook("addresses.x.yaml").completed(f"link/gateway/{number}" for number in range(17_000))


def test_the_book_is_read_as_it_was_written(tmp_path: Path) -> None:
    book = AddressBook("addresses.x.yaml").completed(["a/b/1", "a/b/2"])
    (tmp_path / "addresses.x.yaml").write_text(book.text())
    assert AddressBook.read(tmp_path / "addresses.x.yaml") == book


def test_a_missing_book_is_an_empty_one(tmp_path: Path) -> None:
    assert AddressBook.read(tmp_path / "addresses.x.yaml").tunnels == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tunnels: {a: 169.254.6.0/29}", "no /30"),
        ("tunnels: {a: 10.0.0.0/30}", "no /30"),
        ("tunnels: {a: 169.254.5.0/30}", "AWS accepts"),
        ("tunnels: {a: x}", "no network"),
        ("tunnels: {a: 169.254.6.0/30, b: 169.254.6.0/30}", "given to `a` as well"),
        ("tunnels: []", "mapping"),
        ("tunnels:", "mapping"),
        ("", "It is empty"),
        ("- a", "stacks/addresses.x.yaml, line 1: the file is a list, where a mapping"),
        ("ranges: {}", "nothing else"),
        ("{", "no valid YAML"),
        ("tunnels: {a: 169.254.6.0/30, a: 169.254.6.4/30}", "given twice"),
    ],
)
def test_a_damaged_book_is_told_with_a_remedy(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "addresses.x.yaml").write_text(text)
    with pytest.raises(ProblemsFound, match=sentence) as caught:
        AddressBook.read(tmp_path / "addresses.x.yaml")
    assert all("version control" in problem.remedy for problem in caught.value.problems)
