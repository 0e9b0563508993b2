"""Canonical JSON read back: all that is written, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgate.digest import canonical
from qgate.evidence.canonical_json import parse_canonical

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_whatever_is_written_is_read_and_would_be_written_alike(value: Any) -> None:
    data = canonical(value)
    assert canonical(parse_canonical(data)) == data


@pytest.mark.parametrize("value", [1e17, 5.303650607898122e16, 1e-7, 1e21, -0.0, 2**53 - 1, 5e-324])
def test_numbers_that_are_written_in_another_form_than_pythons(value: float) -> None:
    data = canonical({"\U0001f600": 1, "￿": value})  # keys in UTF-16 order, as RFC 8785 has it
    assert parse_canonical(data)["￿"] == value


@pytest.mark.parametrize(
    "data",
    [
        b"", b" {}", b"{}\n", b'{"a": 1}', b'{"b":1,"a":1}', b'{"a":1,"a":1}', b"NaN", b"1.0",
        b"Infinity", b"01", b"1e2", b'"\\u0061"', b'"\xff"', b"\xef\xbb\xbf1", b"[" * 100_000,
        b'"\\ud800"', b"null ", b"1E2", b"-0", b'{"a":1.50}', b'{"a":[1.0]}',
        b"9007199254740993", b"1" * 5000, b"'a'",
    ],
    ids=lambda data: ascii(data[:12]),
)  # fmt: skip
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_canonical(data)


def test_it_is_plain_json() -> None:
    data = canonical({"b": [1, 2.5, None, True], "a": "ü\n"})
    assert parse_canonical(data) == json.loads(data)


@pytest.mark.parametrize("digits", ["9" * 400, "-" + "9" * 400, "9" * 5000])
def test_an_integer_beyond_every_float_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match="not canonical JSON"):
        parse_canonical(digits.encode())


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_each_float_is_read_as_it_was_and_in_no_other_writing(value: float) -> None:
    assert parse_canonical(canonical(value)) == value
    if repr(value).encode() != canonical(value):
        with pytest.raises(ValueError, match="not canonical JSON"):
            parse_canonical(repr(value).encode())
