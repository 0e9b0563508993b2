"""Canonical JSON that qgate wrote, read back: what it holds, or that it is not as written."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

from qgate.digest import canonical

_LARGEST_EXACT_INTEGER = 2**53 - 1


def parse_canonical(data: bytes) -> Any:
    """Return the value whose canonical JSON the bytes are; numbers beyond 2^53 as floats.

    Raises:
        ValueError: For any other bytes: no JSON, a key that stands twice, another order or
            spacing, nesting too deep to be read.

    """
    with suppress(RecursionError):
        text = data.decode()
        if text.isascii() and (value := _plainly_written(text)) is not None:
            return value
        value = _EXACT.decode(text)
        if canonical(value) == data:
            return value
    raise ValueError("not canonical JSON")


def _plainly_written(text: str) -> Any:
    """Return the value of canonical ASCII text whose floats Python writes alike, else None.

    What RFC 8785 says beyond sorted keys is of floats and of keys that are not ASCII; the rest
    is tried in a tenth of the time.
    """
    with suppress(TypeError):  # another float
        value = _PLAIN.decode(text)
        return value if _QUICK.encode(value) == text else None
    return None


def _plain_float(digits: str) -> float | Decimal:
    """Return a float that both write in its fewest digits, with a fraction and no exponent."""
    value = float(digits)
    alike = repr(value) == digits and "e" not in digits and not digits.endswith(".0")
    return value if alike else Decimal(0)


def _plain_integer(digits: str) -> int | Decimal:
    value = float(digits)  # of thousands of digits an integer takes long, or is refused
    return int(digits) if abs(value) <= _LARGEST_EXACT_INTEGER else Decimal(0)


def _number(digits: str) -> int | float:
    """Return an integer, or the float that was written as one: 1e17 has no other digits."""
    value = float(digits)
    return int(digits) if abs(value) <= _LARGEST_EXACT_INTEGER else value


_EXACT = json.JSONDecoder(parse_int=_number)
_PLAIN = json.JSONDecoder(
    parse_int=_plain_integer, parse_float=_plain_float, parse_constant=Decimal
)
_QUICK = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
"""Refuses the decimals that the decoder before it makes of other floats."""
