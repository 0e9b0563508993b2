from __future__ import annotations

import dataclasses

import pytest

from qgate.calibration.calibration import Blind, Calibration, Row, Skipped
from qgate.calibration.worlds import Kind
from qgate.charter.schema import findings_against
from qgate.charter.yaml_reader import Source
from qgate.report.calibration import (
    ASCII,
    BLOCKS,
    calibration_document,
    headline,
    render_calibration,
)
from tests.unit.measure.small import evidence, gate

GAP = "val_accuracy_gap_vs_classical"


def a_row(kind: Kind, dose: float, *counts: int) -> Row:
    world = "A/A: arms swapped" if kind is Kind.EQUAL else "flipped predictions"
    passed, failed, left, errors = counts
    return Row(GAP, GAP, world, kind, dose, passed, failed, left, errors, False, None, 0.01, "")


def found(*rows: Row, blind: bool = False) -> Calibration:
    charter = dataclasses.replace(evidence([]).charter, gates=(gate(GAP, high=0.03),))
    why = (Blind(GAP, "flipped predictions", "it stops 2%", "more items: qgate plan x"),)
    skipped = (Skipped(GAP, "drifted calibration at 0.05", "no arm was run"),)
    return Calibration(charter, "d" * 64, 200, rows, why if blind else (), skipped)


ROWS = (
    a_row(Kind.EQUAL, 0.0, 190, 2, 8, 0),
    a_row(Kind.PLANTED, 1.0, 10, 20, 170, 0),
    a_row(Kind.PLANTED, 2.0, 1, 180, 19, 0),
)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 300])
@pytest.mark.parametrize("errors", [0, 200])
def test_no_line_is_wider_than_asked(width: int, errors: int) -> None:
    rows = (*ROWS, a_row(Kind.PLANTED, 3.0, 0, 0, 0, errors)) if errors else ROWS
    text = render_calibration(found(*rows, blind=True), width, BLOCKS).plain
    assert max(map(len, text.splitlines())) <= min(max(width, 80), 120)
    assert "not tried" in text


def test_what_is_blind_comes_before_the_table() -> None:
    text = render_calibration(found(*ROWS, blind=True), 80, BLOCKS).plain
    assert text.startswith(" BLIND ")
    assert text.index("It stops 2%.") < text.index("value")
    assert "do  more items: qgate plan x" in text


def test_rates_are_of_failures_where_nothing_was_planted_else_of_what_did_not_pass() -> None:
    lines = render_calibration(found(*ROWS), 80, ASCII).plain.splitlines()
    equal = next(line for line in lines if "A/A" in line)
    once = next(line for line in lines if "flipped" in line)
    assert equal.split()[-8:] == ["alarm", "1%", "0", "to", "4", "190", "8", "2"]
    assert once.split()[-8:] == ["found", "95%", "91", "to", "98", "10", "170", "20"]


def test_a_bar_shows_what_is_rare_and_fills_its_cells() -> None:
    lines = render_calibration(found(*ROWS), 120, ASCII).plain.splitlines()
    bars = [line.split("|")[1] for line in lines if line.count("|") == 2]
    assert len(bars) == 3
    assert {len(bar) for bar in bars} == {50}
    assert bars[2].count(".") == 1  # 1 of 200
    assert bars[2].count("#") == pytest.approx(45, abs=1)


def test_the_headline_counts_gates() -> None:
    assert headline(found(*ROWS)) == "The gate tells a regression at twice its tolerance."
    blind = headline(found(*ROWS, blind=True))
    assert blind.endswith(f"does not tell a regression at twice its tolerance; {GAP} is blind.")
    assert headline(found()) == "No gate could be tried at twice its tolerance."


def test_the_document_keeps_to_its_schema() -> None:
    document = calibration_document(found(*ROWS, blind=True))
    assert findings_against("calibration.v1.json", Source("", document, {})) == []
    assert document["rows"][0]["detection"] is None
    assert document["rows"][1]["detection"]["share"] == 0.95
    assert document["exit_code"] == 20
