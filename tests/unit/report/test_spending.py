"""The table of spending fits its width and marks what is not known."""

from __future__ import annotations

import json

import pytest

from qgate.measure.spending import MonthOfSpending, Spending
from qgate.report.spending import render_spending, spending_json

MONTHS = [
    MonthOfSpending("a pilot with quite a long name", "2026-01", 3, 3, 3, Spending(9, 1, None)),
    MonthOfSpending("small", "2026-01", 1, 0, 0, Spending(1, 64, 0.25, 1.5, 90.0)),
    MonthOfSpending("small", "2026-02", 2, 1, 0, Spending(12_345_678, 10**11, 1e5, 2e4, 6e5)),
]


@pytest.mark.parametrize("width", [40, 80, 100, 120, 200])
def test_every_line_fits_and_no_number_is_cut(width: int) -> None:
    lines = render_spending(MONTHS, width).plain.splitlines()
    assert max(map(len, lines)) <= max(80, min(width, 120))
    table = "\n".join(lines)
    for number in ("12,345,678", "100,000,000,000", "> 20,000.00", "10,000.0", "1.5"):
        assert number in table


def test_unknown_is_a_dash_and_known_in_part_is_at_least() -> None:
    text = render_spending(MONTHS, 120).plain
    first = next(line for line in text.splitlines() if line.startswith("a pilot"))
    assert first.split()[-3:] == ["-", "-", "0.0"]
    assert "> at least" in text
    assert "> at least" not in render_spending(MONTHS[:2], 120).plain


def test_without_runs_it_says_so() -> None:
    assert render_spending([], 80).plain == "No run has noted what it spent.\n"
    asked = render_spending([], 80, pilot="small", month="2025-01").plain
    assert asked == "No run of small has noted what it spent in 2025-01.\n"


def test_json_has_every_month_with_null_for_what_is_not_known() -> None:
    months = json.loads(spending_json(MONTHS))["months"]
    assert [entry["shots"] for entry in months] == [1, 64, 10**11]
    assert months[0]["usd"] is None
    assert months[2]["runs_without_prices"] == 1
