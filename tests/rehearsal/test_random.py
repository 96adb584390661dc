"""The simulated random provider draws anew each time, within what was asked."""

from __future__ import annotations

import base64
import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.clouds import random
from rehearsal.clouds.ledger import Making
from rehearsal.clouds.values import Value


def draw(kind: str, **inputs: Value) -> Making:
    made = random.make(f"random:index/random{kind}:Random{kind}", inputs, "an-identifier")
    assert made is not None
    return made


@given(
    minima=st.fixed_dictionaries(
        {name: st.integers(0, 5) for name in ("minUpper", "minLower", "minNumeric", "minSpecial")}
    ),
    more=st.integers(1, 20),
)
def test_a_password_has_its_length_and_its_minima(minima: dict[str, int], more: int) -> None:
    length = sum(minima.values()) + more
    text = str(draw("Password", length=float(length), **minima).outputs["result"])
    assert len(text) == length
    kinds = {
        "minUpper": string.ascii_uppercase,
        "minLower": string.ascii_lowercase,
        "minNumeric": string.digits,
        "minSpecial": "!@#$%&*()-_=+[]{}<>:?",
    }
    for name, letters in kinds.items():
        assert sum(letter in letters for letter in text) >= minima[name]


def test_a_password_holds_only_what_is_switched_on() -> None:
    text = str(
        draw("Password", length=200.0, special=True, overrideSpecial="._", upper=False, number=False).outputs["result"]
    )
    assert set(text) <= set(string.ascii_lowercase + "._")
    assert set(text) & set("._")


@pytest.mark.parametrize("kind", ["Password", "String", "Bytes", "Id", "Uuid", "Uuid4", "Uuid7"])
def test_no_two_draws_are_alike(kind: str) -> None:
    inputs: dict[str, Value] = {"length": 24.0, "byteLength": 16.0}
    computed = {
        str(sorted((k, v) for k, v in draw(kind, **inputs).outputs.items() if isinstance(v, str))) for _ in range(8)
    }
    assert len(computed) == 8


def test_bytes_are_the_same_in_both_encodings_and_their_identifier_shows_them_as_the_real_ones_does() -> None:
    made = draw("Bytes", length=32.0)
    assert base64.b64decode(str(made.outputs["base64"])).hex() == made.outputs["hex"]
    assert made.id == made.outputs["base64"]


def test_an_id_is_one_number_in_four_encodings_behind_its_prefix() -> None:
    outputs = draw("Id", byteLength=4.0, prefix="p-").outputs
    number = int(str(outputs["dec"]).removeprefix("p-"))
    assert str(outputs["hex"]) == f"p-{number:08x}"
    assert base64.b64decode(str(outputs["b64Std"]).removeprefix("p-")) == number.to_bytes(4, "big")


def test_an_integer_lies_within_its_bounds() -> None:
    assert {draw("Integer", min=3.0, max=4.0).outputs["result"] for _ in range(64)} == {3.0, 4.0}


def test_a_seed_repeats_itself() -> None:
    inputs: dict[str, Value] = {"inputs": list("abcdefgh"), "seed": "s"}
    assert draw("Shuffle", **inputs).outputs["results"] == draw("Shuffle", **inputs).outputs["results"]


def test_a_shuffle_keeps_what_it_shuffles_and_starts_over_when_more_is_asked() -> None:
    results = draw("Shuffle", inputs=["a", "b"], resultCount=5.0).outputs["results"]
    assert isinstance(results, list)
    assert len(results) == 5
    assert set(map(str, results)) == {"a", "b"}


def test_a_pet_has_its_prefix_and_as_many_words_as_asked() -> None:
    assert len(draw("Pet", prefix="my", length=4.0, separator="_").id.split("_")) == 5


def test_uuids_are_of_their_version() -> None:
    assert uuid.UUID(str(draw("Uuid4").outputs["result"])).version == 4
    assert uuid.UUID(str(draw("Uuid7").outputs["result"])).version == 7


def test_what_cannot_be_drawn_is_refused_by_path() -> None:
    password = "random:index/randomPassword:RandomPassword"
    assert [each.path for each in random.check(password, {"length": 3.0, "minUpper": 4.0})] == ["length"]
    none: dict[str, Value] = {"length": 3.0, "upper": False, "lower": False, "numeric": False, "special": False}
    assert [each.path for each in random.check(password, none)] == ["special"]
    assert [
        each.path for each in random.check("random:index/randomInteger:RandomInteger", {"min": 2.0, "max": 1.0})
    ] == ["max"]
