"""The random provider: really random here too, and kept in the state as the real one keeps it.

Ranges, defaults and the shape of each identifier follow the real provider (hashicorp/terraform-provider-random,
internal/provider/resource_*.go, and pulumi/pulumi-random provider/resources.go; looked up 2026-11-22). It differs in
four places, none of which a program should lean on:

- `RandomPassword.bcryptHash` is left out: nothing that this project installs computes bcrypt.
- `RandomPassword`, `RandomInteger` and `RandomShuffle` get an identifier of their own, where the real ones say
  `none`, the number and `-`: the ledger tells objects apart by their identifiers.
- A `seed` gives the same result each time, but not the one that Go's generator would give.
- `RandomPet` draws from a shorter list of words.

What the real provider does and this one must therefore do too: the identifier of a `RandomBytes` is its base64
text, in plain sight in the state. A secret key should not come from it.
"""

from __future__ import annotations

import base64
import secrets
import string
import time
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random, SystemRandom
from typing import Final, cast

import yaml
from pydantic import TypeAdapter

from rehearsal.clouds.checking import Failure
from rehearsal.clouds.ledger import Making
from rehearsal.clouds.values import UNKNOWN, Properties, Value

DATA: Final = Path(__file__).with_name("data") / "pet_words.yaml"

_SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
_KINDS: Final = {
    "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase,
    "numeric": string.digits,
    "special": _SPECIAL,
}
_MINIMA: Final = {"upper": "minUpper", "lower": "minLower", "numeric": "minNumeric", "special": "minSpecial"}
_WORDS: Final = TypeAdapter(dict[str, list[str]])
_TEXTS: Final = frozenset({"random:index/randomPassword:RandomPassword", "random:index/randomString:RandomString"})


def check(token: str, inputs: Properties) -> list[Failure]:
    """What the real provider refuses of well-typed inputs, such as minima that exceed the length."""
    if token in _TEXTS:
        return _check_text(inputs)
    if token.endswith("RandomInteger") and _number(inputs, "min", 0) > _number(inputs, "max", 0):
        return [Failure("max", "must not be less than `min`")]
    if token.endswith("RandomBytes") and _number(inputs, "length", 1) < 1:
        return [Failure("length", "must be at least 1")]
    return []


def make(token: str, inputs: Properties, identifier: str) -> Making | None:
    """A new object of type `token`; `identifier` is what it is called where the real one's name is not its own.

    None where this module does not know the type.
    """
    maker = _MAKERS.get(token)
    if maker is None:
        return None
    id_, computed = maker(inputs)
    kept = {name: value for name, value in inputs.items() if value is not None}
    return Making(id_ or identifier, {**computed, **kept})


def _text(inputs: Properties) -> tuple[str, dict[str, Value]]:
    chosen = {name: _SPECIAL if name == "special" else letters for name, letters in _KINDS.items()}
    chosen["special"] = str(inputs.get("overrideSpecial") or _SPECIAL)
    switches = _switches(inputs)
    alphabet = "".join(letters for name, letters in chosen.items() if switches[name])
    drawn = [
        secrets.choice(chosen[name]) for name, minimum in _MINIMA.items() for _ in range(_number(inputs, minimum, 0))
    ]
    drawn += [secrets.choice(alphabet) for _ in range(_number(inputs, "length", 0) - len(drawn))]
    SystemRandom().shuffle(drawn)
    text = "".join(drawn)
    settings: dict[str, Value] = {**switches, "number": switches["numeric"]}
    settings.update({minimum: float(_number(inputs, minimum, 0)) for minimum in _MINIMA.values()})
    return text, {**settings, "result": text}


def _password(inputs: Properties) -> tuple[str, dict[str, Value]]:
    return "", _text(inputs)[1]


def _switches(inputs: Properties) -> dict[str, bool]:
    # `number` is the old name of `numeric`; the real provider takes either.
    numeric = inputs.get("numeric", inputs.get("number"))
    given = {**inputs, "numeric": numeric}
    return {name: given.get(name) is not False for name in _KINDS}


def _check_text(inputs: Properties) -> list[Failure]:
    failures: list[Failure] = []
    length = _number(inputs, "length", 1)
    needed = sum(_number(inputs, minimum, 0) for minimum in _MINIMA.values())
    if inputs.get("length") is not UNKNOWN and length < max(1, needed):
        failures.append(Failure("length", f"must be at least {max(1, needed)}: 1, and the sum of the minima"))
    if not any(_switches(inputs).values()):
        failures.append(Failure("special", "one of upper, lower, numeric and special must be true"))
    return failures


def _bytes(inputs: Properties) -> tuple[str, dict[str, Value]]:
    drawn = secrets.token_bytes(_number(inputs, "length", 0))
    text = base64.b64encode(drawn).decode()
    return text, {"base64": text, "hex": drawn.hex()}


def _id(inputs: Properties) -> tuple[str, dict[str, Value]]:
    drawn = secrets.token_bytes(_number(inputs, "byteLength", 0))
    prefix = str(inputs.get("prefix") or "")
    url = base64.urlsafe_b64encode(drawn).decode().rstrip("=")
    return url, {
        "b64Url": prefix + url,
        "b64Std": prefix + base64.b64encode(drawn).decode(),
        "hex": prefix + drawn.hex(),
        "dec": prefix + str(int.from_bytes(drawn, "big")),
    }


def _integer(inputs: Properties) -> tuple[str, dict[str, Value]]:
    drawn = _generator(inputs).randint(_number(inputs, "min", 0), _number(inputs, "max", 0))
    return "", {"result": float(drawn)}


def _pet(inputs: Properties) -> tuple[str, dict[str, Value]]:
    length = _number(inputs, "length", 2)
    separator = str(inputs.get("separator", "-"))
    known = _pet_words()
    words = [secrets.choice(known["adverbs"]) for _ in range(length - 2)]
    words += [secrets.choice(known["adjectives"])] if length > 1 else []
    name = separator.join([*words, secrets.choice(known["animals"])])
    if inputs.get("prefix"):
        name = f"{inputs['prefix']}{separator}{name}"
    return name, {"length": float(length), "separator": separator}


@cache
def _pet_words() -> dict[str, list[str]]:
    return _WORDS.validate_python(yaml.safe_load(DATA.read_text(encoding="utf-8")))


def _shuffle(inputs: Properties) -> tuple[str, dict[str, Value]]:
    given = cast("list[Value]", inputs.get("inputs") or [])
    count = _number(inputs, "resultCount", len(given))
    generator = _generator(inputs)
    results: list[Value] = []
    while given and len(results) < count:
        results += generator.sample(given, len(given))
    return "", {"results": results[:count]}


def _uuid(_inputs: Properties) -> tuple[str, dict[str, Value]]:
    drawn = str(uuid.uuid4())
    return drawn, {"result": drawn}


def _uuid7(_inputs: Properties) -> tuple[str, dict[str, Value]]:
    # RFC 9562, section 5.7: 48 bits of milliseconds, version, 12 random bits, variant, 62 random bits.
    milliseconds = time.time_ns() // 1_000_000
    drawn = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    text = str(uuid.UUID(int=drawn))
    return text, {"result": text}


def _generator(inputs: Properties) -> Random:
    seed = inputs.get("seed")
    # The one place where a caller asks for what is no secret: the same result for the same seed.
    return Random(str(seed)) if seed else SystemRandom()  # noqa: S311


def _number(inputs: Properties, name: str, default: int) -> int:
    value = inputs.get(name)
    return int(value) if isinstance(value, int | float) else default


_MAKERS: Final[Mapping[str, Callable[[Properties], tuple[str, dict[str, Value]]]]] = {
    "random:index/randomBytes:RandomBytes": _bytes,
    "random:index/randomId:RandomId": _id,
    "random:index/randomInteger:RandomInteger": _integer,
    "random:index/randomPassword:RandomPassword": _password,
    "random:index/randomPet:RandomPet": _pet,
    "random:index/randomShuffle:RandomShuffle": _shuffle,
    "random:index/randomString:RandomString": _text,
    "random:index/randomUuid:RandomUuid": _uuid,
    "random:index/randomUuid4:RandomUuid4": _uuid,
    "random:index/randomUuid7:RandomUuid7": _uuid7,
}
