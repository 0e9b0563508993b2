"""JSON from outside: what json.loads gives, or a refusal that names the file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgate import strict_json
from qgate.digest import canonical
from qgate.errors import UsageError
from qgate.strict_json import parse_json

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.text('\\"[]{}eE09.+-,: ', max_size=20),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=30,
)


def refusal(data: bytes, depth: int = 64) -> str:
    with pytest.raises(UsageError) as caught:
        parse_json(data, "it.json", depth=depth)
    assert str(caught.value).startswith("it.json")
    assert len(str(caught.value)) < 200
    return str(caught.value)


@settings(max_examples=100, deadline=None)
@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_what_every_reader_reads_alike_is_read(
    value: Any, ascii_: bool, indent: int | None
) -> None:
    data = json.dumps(value, ensure_ascii=ascii_, indent=indent).encode()
    assert parse_json(data, "it.json", depth=200) == value
    assert canonical(parse_json(data, "it.json", depth=200)) == canonical(value)


def _depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)


@settings(max_examples=50, deadline=None)
@given(values, st.booleans())
def test_depth_is_that_of_lists_and_objects_not_of_strings(value: Any, ascii_: bool) -> None:
    data, deep = json.dumps(value, ensure_ascii=ascii_).encode(), _depth(value)
    parse_json(data, "it.json", depth=deep)
    if deep > 0:
        assert "is nested deeper than" in refusal(data, deep - 1)


@settings(max_examples=100, deadline=None)
@given(st.text('[]{}"\\:,1e ', max_size=60))
def test_near_json_is_read_as_json_reads_it_or_refused(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        refusal(text.encode())
        return
    try:
        assert parse_json(text.encode(), "it.json") == expected
    except UsageError as error:
        assert "twice" in str(error)  # noqa: PT017  # both ends are right


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "it.json:1:1: not JSON"),
        (b"{", "it.json:1:2: not JSON"),
        (b'{"a":\n1,}', "it.json:2:"),
        (b"1 2", "not JSON: Extra data"),
        (b"[1]x", "not JSON"),
        (b"'a'", "not JSON"),
        (b'"\x01"', "not JSON: Invalid control character"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("{}".encode("utf-16"), "is not UTF-8 at byte 0"),
        (b'"ab\xff"', "is not UTF-8 at byte 3"),
        (b'"\xed\xa0\x80"', "is not UTF-8"),
        (b'{"a":1,"b":2,"a":1}', "the key 'a' stands twice"),
        (b'[{"x":{"\\u0061":1,"a":2}}]', "the key 'a' stands twice"),
        (b"NaN", "NaN is no number"),
        (b"[Infinity]", "Infinity is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b"1e400", "'1e400' is beyond the range"),
        (b"[0.1, -1E+0400 ]", "'-1E+0400' is beyond the range"),
        (b'{"a":1.7976931348623159e308}', "is beyond the range"),
        (b"[" + b"1" * 400 + b".5]", "is beyond the range"),
        (b"9" * 250 + b"e99", "is beyond the range"),
        (b"9" * 400, "is beyond the range"),
        (b"9" * 5000, "is beyond the range"),
        (b"-" + b"9" * 100_000, "is beyond the range"),
        (b'"\\ud800"', "\\ud800 is half of a character"),
        (b'["\\udc00"]', "\\udc00 is half of a character"),
        (b'{"\\uDBFF x":1}', "\\udbff is half of a character"),
        (b'"\\ud83d\\\\\\ude00"', "is half of a character"),
        (b'"\\ude00\\ud83d"', "is half of a character"),
        (b"[" * 65 + b"]" * 65, "is nested deeper than 64"),
        (b"[" * 10_000_000, "is nested deeper than 64"),
        (b'{"a":' * 1_000_000, "is nested deeper than 64"),
        (b'["]",' * 65, "is nested deeper than 64"),
        (b'["\\"]",' * 65, "is nested deeper than 64"),
        (b'["\\\\",' * 65, "is nested deeper than 64"),
    ],
)
def test_what_readers_read_in_several_ways_is_refused(data: bytes, expected: str) -> None:
    assert expected in refusal(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\\\ud800"', "\\ud800"),
        (b'"1e400, "', "1e400, "),
        (b'["' + b"1" * 500 + b'"]', ["1" * 500]),
        (b"1.7976931348623157e308", 1.7976931348623157e308),
        (b"1" + b"0" * 300, 1e300),
        (b"1e-400", 0.0),
        (b'"' + b"[" * 1000 + b'"', "[" * 1000),
        (b'["\\"[[[","\\\\"]', ['"[[[', "\\"]),
        (b"[" * 64 + b"]" * 64, None),
        (b" \t\r\n{} ", {}),
    ],
)
def test_what_only_looks_so_is_read(data: bytes, expected: Any) -> None:
    found = parse_json(data, "it.json")
    assert expected is None or found == expected


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("value", [2.0**53, 1e17, 123456789012345678.0, 1e20, 1e21, 1e300])
def test_a_large_double_comes_out_as_it_was_written(value: float, sign: int) -> None:
    for document in (sign * value, [0.5, sign * value], {"a": sign * value}, [[1], [sign * value]]):
        data = canonical(document)
        found = parse_json(data, "it.json")
        assert canonical(found) == data
        assert found == document
    exact = 2**53 - 1
    assert repr(parse_json(canonical([exact, -exact]), "x")) == repr([exact, -exact])


def test_lists_and_objects_are_bounded_before_they_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(strict_json, "_MOST_CONTAINERS", 100)
    assert len(parse_json(b"[" + b",".join([b"{}"] * 99) + b"]", "it.json")) == 99
    assert "more than 100 lists and objects" in refusal(b"[" + b",".join([b"{}"] * 100) + b"]")
