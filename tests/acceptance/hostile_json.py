"""JSON documents damaged in their structure, and JSON texts that no two readers read alike."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 3, 7, 1000, 10**9, 2**31, 2**53 - 1, -(2**53) + 1),
    *(0.5, -0.5, 1.5, 1e-320, 1e300, -1e300, 1e20, 1.7976931348623157e308, 5e-324),
    *("", "x", "null", "1", "nan", "\x00", "\x1b[31m", "\u202e", "../../etc/passwd", "/dev/zero"),
    *("x" * 5000, "\U0001f600", "a\nb", "<script>", "|", "`", "[x](y)", "]]>", "{}", "%s", "-"),
    *([], {}, [[]], [None], [0], [1, "x"], [1.5, 2], [True], {"x": 1}, {"": None}, [[[[[0]]]]]),
    *(["0"] * 3, [0] * 2000, {str(i): i for i in range(300)}),
)
TEXTS = (
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e400",
    b"-1E+400",
    b"9" * 400,
    b"9" * 5000,
    b"1e5000000",
    b"[" * 100 + b"]" * 100,
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'{"a":1,"a":2}',
    b'"\xff\xfe"',
    b'"\x00"',
    b"01",
    b"+1",
    b"'x'",
    b"tru",
    b"",
    b"\xef\xbb\xbf1",
    b"1 2",
    b'"unfinished',
    b"\\",
)

Place = tuple[Any, Any]
"""A container and the key or index of one of its values."""


def place_in(document: Any, rng: random.Random) -> Place | None:
    """Return somewhere in a document, each level as likely as the other whatever its length."""
    at, found = document, None
    while isinstance(at, dict | list) and at:
        key = rng.choice(list(at)) if isinstance(at, dict) else rng.randrange(len(at))
        found, at = (at, key), at[key]
        if rng.random() < 0.2:
            break
    return found


def replaced(at: Any, key: Any, document: Any, rng: random.Random) -> None:
    del document
    at[key] = copy.deepcopy(rng.choice(ODD))


def removed(at: Any, key: Any, document: Any, rng: random.Random) -> None:
    del document, rng
    del at[key]


def doubled(at: Any, key: Any, document: Any, rng: random.Random) -> None:
    del document
    if isinstance(at, list):
        at[key:key] = [copy.deepcopy(at[key])] * rng.choice((1, 1, 2, 50))
    else:
        at[f"{key}{rng.choice(('_', '2', ' '))}"] = copy.deepcopy(at[key])


def transplanted(at: Any, key: Any, document: Any, rng: random.Random) -> None:
    if (other := place_in(document, rng)) is not None:
        at[key] = copy.deepcopy(other[0][other[1]])


def emptied(at: Any, key: Any, document: Any, rng: random.Random) -> None:
    del document, rng
    at[key] = type(at[key])() if at[key] is not None else None


def shortened(at: Any, key: Any, document: Any, rng: random.Random) -> None:
    del document
    if isinstance(at[key], list | str):
        at[key] = at[key][: rng.randint(0, len(at[key]))]


def scaled(at: Any, key: Any, document: Any, rng: random.Random) -> None:
    del document
    if isinstance(at[key], int | float):
        at[key] = at[key] * rng.choice((-1, 0, 2, 0.5, 1e6, 1e150)) + rng.choice((0, 1, -1))


def everywhere(at: Any, key: Any, document: Any, rng: random.Random) -> None:
    """Replace a whole list's numbers alike: constants and extremes are where statistics break."""
    del document
    if isinstance(at[key], list):
        value = rng.choice((0, 1, 0.0, 1.5, -1, 1e300, 1e-300))
        at[key] = [value for _ in at[key]]


def renamed(at: Any, key: Any, document: Any, rng: random.Random) -> None:
    if isinstance(at, dict) and (other := place_in(document, rng)) is not None:
        at[str(other[1])] = at.pop(key)


Mutation = Callable[[Any, Any, Any, random.Random], None]
MUTATIONS: tuple[Mutation, ...] = (
    *(replaced, replaced, replaced, removed, doubled, transplanted),
    *(emptied, shortened, scaled, everywhere, renamed),
)


def damage(document: Any, rng: random.Random, times: int = 1) -> None:
    """Change a document in place."""
    for _ in range(times):
        if (found := place_in(document, rng)) is not None:
            rng.choice(MUTATIONS)(*found, document, rng)


def damaged_bytes(data: bytes, rng: random.Random) -> bytes:
    """Return bytes with a flip, a cut, a splice, a repetition or an insertion."""
    at = rng.randrange(len(data)) if data else 0
    to = min(len(data), at + rng.choice((1, 2, 16, 512, 5000)))
    kind = rng.randrange(6)
    if kind == 0 and data:
        return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
    if kind == 1:
        return data[:at]
    if kind == 2:
        return data[:at] + data[to:]
    if kind == 3:
        return data[:to] + data[at:]
    if kind == 4:
        return data[:at] + rng.randbytes(rng.choice((1, 8, 512))) + data[at:]
    other = rng.randrange(len(data)) if data else 0
    return data[:at] + data[other : other + to - at] + data[to:]


def hostile_text(data: bytes, rng: random.Random) -> bytes:
    """Return a JSON text with something in it, in a value's or a key's place, that is none."""
    text = rng.choice(TEXTS)
    places = [i for i, code in enumerate(data[:20_000]) if code in b":,["]
    if not places or rng.random() < 0.1:
        return rng.choice((text, data + text, text + data))
    at = rng.choice(places) + 1
    ends = [end for mark in (b",", b"}", b"]") if (end := data.find(mark, at)) >= 0]
    return data[:at] + text + data[min(ends, default=len(data)) :]
