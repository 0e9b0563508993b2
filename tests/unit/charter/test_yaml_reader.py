"""YAML 1.2 scalars, the place of each value, and what a charter may not hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgate.charter.yaml_reader import Source, read_yaml
from qgate.errors import InvalidFileError


def read(folder: Path, text: str) -> Source:
    """Return a text, read."""
    path = folder / "pilot.yaml"
    path.write_bytes(text.encode())
    return read_yaml(path, "pilot.yaml")


def refused(folder: Path, text: str) -> list[tuple[int, int, str]]:
    """Return the findings for which a text is refused."""
    with pytest.raises(InvalidFileError) as caught:
        read(folder, text)
    return [(finding.line, finding.column, finding.message) for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("off", "off"),
        ("NO", "NO"),
        ("true", True),
        ("False", False),
        ("tRuE", "tRuE"),
        ("~", None),
        ("null", None),
        ("", None),
        ("nUll", "nUll"),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5e+2", -150.0),
        ("40_000_000", 40_000_000),
        ("1_000.25", 1000.25),
        ("1_", "1_"),
        ("1__0", "1__0"),
        ("_1", "_1"),
        ("1:30", "1:30"),
        ("1:30:00", "1:30:00"),
        ("2026-01-31", "2026-01-31"),
        ("007", 7),
        ("-0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("1.0", 1.0),
        ("1.2.3", "1.2.3"),
        ("1e", "1e"),
        ("=", "="),
        ("NaN", "NaN"),
        ("inf", "inf"),
        ("9007199254740991", 9007199254740991),
    ],
)
def test_a_scalar_is_read_by_yaml_1_2(tmp_path: Path, text: str, value: Any) -> None:
    found = read(tmp_path, f"key: {text}\n").document["key"]
    assert found == value
    assert type(found) is type(value)


@settings(derandomize=True, deadline=None, database=None, max_examples=200)
@given(
    value=st.one_of(
        st.integers(-(2**53) + 1, 2**53 - 1), st.floats(allow_nan=False, allow_infinity=False)
    )
)
def test_every_number_that_python_prints_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, value: float
) -> None:
    folder = tmp_path_factory.getbasetemp()
    found = read(folder, f"key: {value!r}\n").document["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    ["9007199254740992", ".inf", "-.Inf", ".NaN", "1e999", "-1e999", "9" * 301, "0x" + "f" * 290],
)
def test_a_number_that_no_float_holds_is_refused_where_it_stands(tmp_path: Path, text: str) -> None:
    ((line, column, message),) = refused(tmp_path, f"a: 1\nkey: {text}\n")
    assert (line, column) == (2, 6)
    assert "no number that a charter can hold" in message


def test_each_value_has_its_place(tmp_path: Path) -> None:
    source = read(tmp_path, "# é\na:\n  b: [x, {c: 1}]\n  ünï: 2\nd: {e: f}\n")
    assert source.place(("a",)) == (2, 1)
    assert source.place(("a", "b")) == (3, 3)
    assert source.place(("a", "b", 0)) == (3, 7)
    assert source.place(("a", "b", 1)) == (3, 10)
    assert source.place(("a", "b", 1, "c")) == (3, 11)
    assert source.place(("a", "ünï")) == (4, 3)
    assert source.place(("d", "e")) == (5, 5)


def test_the_place_of_what_is_missing_is_its_nearest_parent(tmp_path: Path) -> None:
    source = read(tmp_path, "\n\na:\n  b: 1\n")
    assert source.place(("a", "b", "c", 4)) == (4, 3)
    assert source.place(("a", "z")) == (3, 1)
    assert source.place(()) == (3, 1)


def test_an_alias_is_the_value_and_has_the_place_of_its_key(tmp_path: Path) -> None:
    source = read(tmp_path, "a: &x [1, 2]\nb: *x\n")
    assert source.document == {"a": [1, 2], "b": [1, 2]}
    assert source.place(("b",)) == (2, 1)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: 1\na: 2\n", (2, 1), "key 'a' stands twice; first on line 1"),
        ("a: 1\n'a': 2\n", (2, 1), "stands twice"),
        ("a:\n  <<: {b: 1}\n", (2, 3), "merge keys (<<) are not read"),
        ("a: !!int 1\n", (1, 4), "tags are not read"),
        ("a: !!str b\n", (1, 4), "tags are not read"),
        ("a: !!map {b: 1}\n", (1, 4), "tags are not read"),
        ("a: !!seq [1]\n", (1, 4), "tags are not read"),
        ("a: ! 1\n", (1, 4), "tags are not read"),
        ("!!str a: 1\n", (1, 1), "tags are not read"),
        ("a: !!python/object:os.system {}\n", (1, 4), "tags are not read"),
        ("? [a, b]\n: 1\n", (1, 3), "a key must be a word"),
        ("a: 1\n---\nb: 2\n", (2, 1), "expected a single document"),
        ("a: *missing\n", (1, 4), "found undefined alias"),
        ("a: [1\n", (2, 1), "did not find expected ',' or ']'"),
        ("a: 'b", (1, 6), "found unexpected end of stream"),
        ("a: &x\n  - *x\n", (1, 4), "nested deeper than 50 levels"),
        ('a: "b\\u0007"\n', (1, 4), "holds a control or invisible character"),
        ('a: "b\\u200b"\n', (1, 4), "holds a control or invisible character"),
        ('"a\\u202e": 1\n', (1, 1), "holds a control or invisible character"),
        ("é: 1\nb: é\x07\n", (2, 5), "holds the control character '\\x07'"),
    ],
)
def test_what_a_charter_may_not_hold(
    tmp_path: Path, text: str, place: tuple[int, int], message: str
) -> None:
    found = refused(tmp_path, text)
    assert found[0][:2] == place
    assert message in found[0][2]


def test_a_quoted_merge_sign_is_a_key_like_any_other(tmp_path: Path) -> None:
    assert read(tmp_path, "'<<': 1\n").document == {"<<": 1}


def test_all_that_is_wrong_is_told_at_once_and_in_file_order(tmp_path: Path) -> None:
    found = refused(tmp_path, "a: 1\na: 2\nb: !!int 3\nc: .nan\n<<: {}\n")
    assert [line for line, _, _ in found] == [2, 3, 4, 5]


def test_fifty_levels_are_read_and_one_more_is_not(tmp_path: Path) -> None:
    assert read(tmp_path, "[" * 50 + "]" * 50).document
    ((line, column, _),) = refused(tmp_path, "[" * 51 + "]" * 51)
    assert (line, column) == (1, 51)


def test_aliases_are_counted_as_what_they_expand_to(tmp_path: Path) -> None:
    thousand = "a: &a [" + ", ".join("1" * 1000) + "]\n"
    assert read(tmp_path, f"{thousand}b: [{', '.join(['*a'] * 40)}]\n").document["b"][39][999] == 1
    ((_, _, message),) = refused(tmp_path, f"{thousand}b: [{', '.join(['*a'] * 60)}]\n")
    assert "expands to more than 50000 values" in message


def test_a_finding_is_one_line_whatever_it_speaks_of(tmp_path: Path) -> None:
    source = read(tmp_path, "a: 1\n")
    finding = source.finding(("a",), "two\nlines")
    assert str(finding) == "pilot.yaml:1:1: two\\nlines [QG-E03]"


def test_no_more_is_told_than_anybody_mends(tmp_path: Path) -> None:
    found = refused(tmp_path, "a: 1\n" * 5000)
    assert len(found) == 100
    assert found[-1][0] == 101


def test_a_hundred_thousand_nodes_are_refused_before_a_tree_is_made_of_them(tmp_path: Path) -> None:
    ((line, column, message),) = refused(tmp_path, "[" + "1," * 300_000 + "]")
    assert (line, message) == (1, "more than 50000 values")
    assert column < 250_000


def test_keys_do_not_count_as_values(tmp_path: Path) -> None:
    text = "".join(f"k{number}: 1\n" for number in range(26_000))
    assert len(read(tmp_path, text).document) == 26_000


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pilot.yaml")
    with pytest.raises(InvalidFileError, match="cannot read: no regular file"):
        read_yaml(tmp_path / "pilot.yaml", "pilot.yaml")
