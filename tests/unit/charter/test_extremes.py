"""Texts and numbers beyond all reason are refused where they stand, and ordinary ones are not."""

from __future__ import annotations

import math
from typing import Any

import pytest

from qgate.charter.extremes import LARGEST, LONGEST_TEXT, SMALLEST, extreme_findings
from qgate.charter.yaml_reader import Source


def _found(document: Any) -> list[str]:
    places = {(): (1, 1), ("a",): (2, 1), ("a", 1): (3, 5)}
    findings = extreme_findings(Source("pilot.yaml", document, places))
    return [f"{finding.line}:{finding.column} {finding.message}" for finding in findings]


@pytest.mark.parametrize(
    "value",
    [0, 0.0, 1, -1, LARGEST, -LARGEST, SMALLEST, 2**53 - 1, True, None, "x" * LONGEST_TEXT, [], {}],
)
def test_what_a_pilot_may_have_is_not_found(value: object) -> None:
    assert _found({"a": [1, value]}) == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1e101, "1e+101 is out of all range: expected 0, or between 1e-100 and 1e+100"),
        (-1.5e308, "-1.5e+308 is out of all range"),
        (5e-324, "4.94066e-324 is out of all range"),
        ("x" * (LONGEST_TEXT + 1), "a text of 4,097 characters: 4,096 are the most"),
        ({"k" * 5000: 1}, "a key of 5,000 characters: 4,096 are the most"),
    ],
)
def test_what_is_beyond_reason_is_found_where_it_stands(value: object, message: str) -> None:
    (found,) = _found({"a": [1, value]})
    assert found.startswith(f"3:5 {message}")


def test_the_product_of_a_price_and_all_shots_is_a_number() -> None:
    assert math.isfinite(LARGEST * LARGEST * 1e100)
    assert SMALLEST * SMALLEST > 0
