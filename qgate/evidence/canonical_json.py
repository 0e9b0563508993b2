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
        if text.isascii() and (value := _without_floats(text)) is not None:
            return value
        value = _EXACT.decode(text)
        if canonical(value) == data:
            return value
    raise ValueError("not canonical JSON")


def _without_floats(text: str) -> Any:
    """Return the value of canonical ASCII text that holds no floats, else None.

    What RFC 8785 says beyond sorted keys is of floats and of keys that are not ASCII; the rest
    is tried in a tenth of the time.
    """
    with suppress(TypeError):  # a float
        value = _PLAIN.decode(text)
        return value if _QUICK.encode(value) == text else None
    return None


def _plain_integer(digits: str) -> int | Decimal:
    value = int(digits)
    return value if abs(value) <= _LARGEST_EXACT_INTEGER else Decimal(value)


def _number(digits: str) -> int | float:
    """Return an integer, or the float that was written as one: 1e17 has no other digits."""
    value = int(digits)
    return value if abs(value) <= _LARGEST_EXACT_INTEGER else float(value)


_EXACT = json.JSONDecoder(parse_int=_number)
_PLAIN = json.JSONDecoder(parse_int=_plain_integer, parse_float=Decimal, parse_constant=Decimal)
_QUICK = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
"""Refuses the decimals that the decoder before it makes of floats."""
