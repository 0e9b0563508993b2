"""Scales, ticks, paths and thinning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qgate.report.html.svg import (
    Scale,
    label,
    line,
    log_ticks,
    polyline,
    rounded_out,
    share_at,
    square,
    staircase,
    thinned,
    ticks,
)

_FINITE = st.floats(-1e9, 1e9, allow_nan=False)


def test_a_scale_puts_its_ends_at_its_ends_and_cuts_what_lies_beyond() -> None:
    scale = Scale(0, 10, 20, 80)
    assert [scale.at(v) for v in (0, 5, 10, -3, 99)] == [20, 50, 80, 20, 80]
    downward = Scale(90, 100, 200, 0)
    assert downward.at(95) == 100
    assert Scale(3, 3).at(3) == 50


def test_a_logarithmic_scale_spreads_factors_evenly() -> None:
    scale = Scale(1, 100, logarithmic=True)
    assert [scale.at(v) for v in (1, 10, 100)] == pytest.approx([0, 50, 100])
    assert scale.at(0) == 0


@given(_FINITE, st.floats(1e-6, 1e9), st.integers(2, 9))
def test_ticks_are_few_rise_and_stay_within(first: float, wide: float, most: int) -> None:
    last = first + wide
    if last <= first + abs(first) * 1e-9:
        return
    found = ticks(first, last, most)
    assert 1 <= len(found) <= most or found == (first, last)
    assert list(found) == sorted(found)
    slack = (last - first) * 1e-6
    assert first - slack <= found[0] <= found[-1] <= last + slack


def test_ticks_are_round() -> None:
    assert ticks(0, 10) == (0, 2.5, 5, 7.5, 10)
    assert ticks(93.9, 96.5) == pytest.approx((94, 95, 96))
    assert ticks(4, 4) == (4,)
    assert log_ticks(0.4, 30) == (1, 10) or log_ticks(0.4, 30) == (0.5, 1, 2, 5, 10, 20)
    assert len(log_ticks(1e-9, 1e9)) <= 6


@given(_FINITE, st.floats(0, 1e6))
def test_a_range_is_rounded_outward(first: float, wide: float) -> None:
    low, high = rounded_out(first, first + wide)
    slack = (abs(first) + wide) * 1e-6
    assert low <= first + slack
    assert high >= first + wide - slack
    assert low < high


@given(st.integers(1, 5000), st.sets(st.integers(0, 5000), max_size=9), st.integers(2, 200))
def test_thinning_keeps_the_ends_and_what_it_is_told_to(
    count: int, kept: set[int], most: int
) -> None:
    found = thinned(count, kept, most)
    assert found[0] == 0
    assert found[-1] == count - 1
    assert {place for place in kept if place < count} <= set(found)
    assert len(found) <= max(most, min(count, most + len(kept)))
    assert list(found) == sorted(set(found))


def test_paths_go_across_a_thousand_units() -> None:
    assert polyline([(0, 10), (50, 20)]) == "M0 10L500 20"
    assert polyline([(0, 1), (1, 2), (2, 3)], closed=True).endswith("Z")
    assert staircase([(0, 100), (10, 60), (20, 0)]) == "M0 100H100V60H200V0"


def test_marks_hold_places_not_text() -> None:
    found = line((12.345, 1), (50, 2.04), "iv")
    assert dict(found.attributes)["x1"] == "12.35%"
    assert dict(found.attributes)["y2"] == "2"
    assert dict(square((10, 20), 4, "b").attributes)["transform"] == "translate(-4 0)"
    assert label((1, 2), "<b>").text == "<b>"
    assert "class" not in dict(label((1, 2), "a").attributes)


def test_the_share_below_a_value() -> None:
    assert share_at([1.0, 2.0, 2.0, 4.0], 2.0) == 0.25
    assert share_at([1.0, 2.0, 2.0, 4.0], 9.0) == 1
