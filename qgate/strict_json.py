"""JSON from outside: one meaning or a refusal, in bounded time and depth."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import numpy as np

from qgate.errors import UsageError
from qgate.files import told

DEPTH = 64
_MOST_CONTAINERS = 5_000_000
"""An empty object takes 24 times its text in memory; a bundle's lists are long instead."""

_QUOTE = ord('"')
_NOT_STRUCTURE = bytes(code for code in range(256) if chr(code) not in '"[]{}')
_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[[ord("["), ord("{")]] = 1
_STEPS[[ord("]"), ord("}")]] = -1

_NUMBERS = bytes(
    ord("0")
    if chr(code) in "0123456789"
    else ord("e")
    if chr(code) in "eE"
    else ord(",")
    if chr(code) in " \t\r\n,]}"
    else code
    for code in range(256)
)
"""Makes all numbers of one form look the same."""
_LARGE_EXPONENT = re.compile(rb"0e000+(?:,|\Z)")
_MANY_DIGITS = b"0" * 100
_INTEGER_DIGITS = b"0" * 16
_LARGEST_EXACT_INTEGER = 2**53 - 1


def parse_json(data: bytes, name: str, *, depth: int = DEPTH, most: int | None = None) -> Any:
    """Return the value of a JSON text that every reader would read alike (as I-JSON, RFC 7493).

    Integers beyond 2^53 - 1 are floats, as which `qgate.digest.canonical` gives their bytes again.

    What is rare is looked for by scans of the bytes, and only a text that may hold it is read by
    the slower way: evidence takes less than twice the time of `json.loads`.

    Args:
        data: UTF-8 without a byte order mark.
        name: What it is called in a message.
        depth: Deepest nesting that is read.
        most: Most bytes that are read, None for any number.

    Raises:
        UsageError: For bytes that are no UTF-8, a byte order mark, a key that stands twice, NaN or
            infinity, a number beyond a double's range, half of a surrogate pair, nesting beyond
            `depth`, or anything that is no JSON; naming the file and the place where known.

    """
    if most is not None and len(data) > most:
        raise UsageError(f"{name} has more than the {most:,} bytes that are read")
    if data.startswith(b"\xef\xbb\xbf"):
        raise UsageError(f"{name} starts with a byte order mark: write it as UTF-8 without one")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 at byte {error.start}") from None
    # Without the escapes of a backslash and then of a quote, each quote begins or ends a string.
    plain = data.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in data else data
    _refuse_depth(plain, name, depth)

    def refuse(constant: str) -> NoReturn:
        raise UsageError(f"{name}: {constant} is no number in JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = dict(pairs)
        if len(keys) < len(pairs):
            _refuse_twice(pairs, name)
        return keys

    numbers = _Numbers(name) if _has_large_numbers(data) else None
    try:
        value = json.loads(
            text,
            object_pairs_hook=unique,
            parse_constant=refuse,
            parse_float=numbers.real if numbers else None,
            parse_int=numbers.whole if numbers else None,
        )
    except json.JSONDecodeError as error:
        raise UsageError(f"{name}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from None
    if rb"\ud" in plain or rb"\uD" in plain:
        _refuse_halves(value, name)
    return value


def _refuse_halves(value: Any, name: str) -> None:
    """Refuse half of a surrogate pair, which no UTF-8 can hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise UsageError(f"{name}: \\u{ord(half):04x} is half of a character") from None


class _Numbers:
    """Reads numbers one by one and refuses what no double holds."""

    def __init__(self, name: str) -> None:
        """Keep the file's name for messages."""
        self._name = name

    def real(self, digits: str) -> float:
        """Return a number with a point or an exponent."""
        value = float(digits)
        if math.isinf(value):
            raise UsageError(f"{self._name}: {told(digits)} is beyond the range of numbers")
        return value

    def whole(self, digits: str) -> float:
        """Return a number without either: where it is not exact, the double that was written so.

        RFC 8785 writes a double below 1e21 without an exponent, so that digits alone do not tell an
        integer; and none beyond 2^53 - 1 is interoperable (RFC 7493, 2.2).
        """
        value = self.real(digits)
        return int(digits) if abs(value) <= _LARGEST_EXACT_INTEGER else value


def _has_large_numbers(data: bytes) -> bool:
    """Return False only when every number is below 1e200, and every integer has below 16 digits."""
    alike = data.translate(_NUMBERS, b"+")
    return (
        _MANY_DIGITS in alike
        or _LARGE_EXPONENT.search(alike) is not None
        or any(before + _INTEGER_DIGITS in alike for before in (b",", b":", b"[", b"-"))
        or alike.startswith(_INTEGER_DIGITS)
    )


def _refuse_depth(plain: bytes, name: str, depth: int) -> None:
    """Refuse nesting, before any parser would go so deep, and more lists and objects than fit.

    Up to the first place that is no JSON this is exact; a parser stops there.
    """
    structure = plain.translate(None, _NOT_STRUCTURE)
    if structure.count(b"[") + structure.count(b"{") <= depth:
        return
    codes = np.frombuffer(structure, dtype=np.uint8)
    inside = np.bitwise_xor.accumulate((codes == _QUOTE).view(np.uint8))
    steps = _STEPS[codes[inside == 0]]
    if steps.size and int(steps.cumsum(dtype=np.int32).max()) > depth:
        raise UsageError(f"{name} is nested deeper than {depth} levels")
    if np.count_nonzero(steps == 1) > _MOST_CONTAINERS:
        raise UsageError(f"{name} has more than {_MOST_CONTAINERS:,} lists and objects")


def _refuse_twice(pairs: list[tuple[str, Any]], name: str) -> NoReturn:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise UsageError(f"{name}: the key {told(key)} stands twice in one object")
        seen.add(key)
    raise AssertionError
