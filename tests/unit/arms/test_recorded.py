"""Recorded predictions: a complete file passes, anything else names its cell and its place."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qgate.arms.arm import Arm, build_arm
from qgate.errors import Finding, InvalidFileError
from tests.unit.arms import small

Rows = list[dict[str, Any]]
Edit = Callable[[Rows], object]


def _build(folder: Path, cells: tuple[small.Cell, ...] = small.CELLS) -> Arm:
    return build_arm(small.recorded(), small.workshop(small.small_split(), folder, cells))


def _record(folder: Path, edit: Edit | None = None) -> None:
    rows = small.recorded_rows(small.small_split())
    if edit is not None:
        edit(rows)
    small.write_rows(folder / "recorded.csv", rows)


def _findings(folder: Path, cells: tuple[small.Cell, ...] = small.CELLS) -> list[str]:
    with pytest.raises(InvalidFileError) as caught:
        _build(folder, cells)
    return [_said(finding) for finding in caught.value.findings]


def _said(finding: Finding) -> str:
    return str(finding).removesuffix(" [QG-E03]")


def _drop(rows: Rows, *columns: str) -> None:
    for row in rows:
        for column in columns:
            del row[column]


def test_a_complete_file_is_looked_up(tmp_path: Path) -> None:
    _record(tmp_path)
    rows = small.recorded_rows(small.small_split())
    arm = _build(tmp_path)
    for seed, shots, replicate in small.CELLS:
        outcome = arm.run(seed, shots, replicate)
        cell = {"seed": seed, "shots": shots or "exact", "replicate": replicate}
        own = [row for row in rows if cell.items() <= row.items()]
        assert outcome.predictions == tuple(row["prediction"] for row in own)
        assert outcome.scores == tuple(row["score"] for row in own)
    assert arm.serve(1, None) is None


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    _record(tmp_path)
    before = [_build(tmp_path).run(*cell) for cell in small.CELLS]
    _record(tmp_path, random.Random(1).shuffle)  # noqa: S311  # no secret
    assert [_build(tmp_path).run(*cell) for cell in small.CELLS] == before


def test_rows_beyond_the_schedule_are_not_asked_for(tmp_path: Path) -> None:
    _record(tmp_path)
    before = _build(tmp_path).run(1, None, 0)
    extra = {"item": 0, "seed": 99, "shots": 7, "replicate": 9, "prediction": 1, "score": 0.0}
    _record(tmp_path, lambda rows: rows.append(extra))
    assert _build(tmp_path).run(1, None, 0) == before


def test_columns_that_are_not_needed_may_be_left_out(tmp_path: Path) -> None:
    cells: tuple[small.Cell, ...] = ((1, 512, 0), (2, 512, 0))
    rows: Rows = small.recorded_rows(small.small_split())[:20]
    expected = tuple(row["prediction"] for row in rows[:10])
    _drop(rows, "shots")
    small.write_rows(tmp_path / "recorded.csv", rows)
    assert _build(tmp_path, cells).run(1, 512, 0).predictions == expected
    _drop(rows, "replicate", "score")
    small.write_rows(tmp_path / "recorded.csv", rows)
    assert _build(tmp_path, cells).run(1, 512, 0).scores is None
    assert _build(tmp_path, cells).run(1, 512, 0).predictions == expected


def test_text_labels_are_coded_by_the_data(tmp_path: Path) -> None:
    split = small.small_split(("benign", "malignant"))
    rows = small.recorded_rows(split)
    small.write_rows(tmp_path / "recorded.csv", rows)
    outcome = build_arm(small.recorded(), small.workshop(split, tmp_path)).run(1, None, 0)
    names = [("benign", "malignant")[int(code)] for code in outcome.predictions]
    assert names == [row["prediction"] for row in rows[:10]]


def _set(line: int, **values: Any) -> Edit:
    """Change the row that stands on a line of the file."""
    return lambda rows: rows[line - 2].update(values)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (_set(7, item=10), ":7:1: item: 10 is beyond the validation set's rows 0 to 9"),
        (_set(7, item=-1), ":7:1: item: expected a whole number, not '-1'"),
        (_set(7, item=""), ":7:1: item: expected a whole number, not ''"),
        (_set(7, item="9" * 5000), ":7:1: item: expected a whole number"),
        (_set(8, seed="one"), ":8:2: seed: expected a whole number, not 'one'"),
        (_set(8, seed=1.5), ":8:2: seed: expected a whole number, not '1.5'"),
        (_set(9, shots="many"), ":9:3: shots: expected a whole number, not 'many'"),
        (_set(9, replicate="exact"), ":9:4: replicate: expected a whole number, not 'exact'"),
        (_set(9, prediction=2), ":9:5: prediction: '2' is no class of the data (0, 1)"),
        (_set(9, prediction=""), ":9:5: prediction: '' is no class of the data (0, 1)"),
        (_set(9, score="nan"), ":9:6: score: expected a number, not 'nan'"),
        (_set(9, score="inf"), ":9:6: score: expected a number, not 'inf'"),
        (_set(9, score=""), ":9:6: score: expected a number, not ''"),
        (_set(9, score="0,5"), ":9:7: more cells than the header's 6"),
        (
            lambda rows: rows.append(dict(rows[12])),
            ":52:1: item 2 of seed 2, shots exact, replicate 0 is also on line 14",
        ),
        (
            lambda rows: rows.__delitem__(slice(21, 23)),
            ":1:1: seed 1, shots 64, replicate 0 lacks 2 of 10 items: 1, 2",
        ),
        (
            lambda rows: rows.__delitem__(slice(30, 40)),
            ":1:1: seed 1, shots 64, replicate 1 lacks 10 of 10 items: 0, 1, 2, 3, 4, ...",
        ),
    ],
)
def test_a_bad_cell_is_named_with_its_place(tmp_path: Path, edit: Edit, expected: str) -> None:
    _record(tmp_path, edit)
    findings = _findings(tmp_path)
    assert len(findings) == 1
    assert findings[0].startswith(f"recorded.csv{expected}")


@pytest.mark.parametrize("column", ["item", "seed", "prediction"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    _record(tmp_path, lambda rows: _drop(rows, column))
    assert _findings(tmp_path) == [f"recorded.csv:1:1: no column {column!r}"]


def test_several_shot_counts_need_their_column(tmp_path: Path) -> None:
    _record(tmp_path, lambda rows: _drop(rows, "shots"))
    (finding,) = _findings(tmp_path)
    assert finding.startswith("recorded.csv:1:1: no column 'shots', though")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("item,seed,shots,replicate,prediction,certainty", "unknown column 'certainty'"),
        ("item,seed,shots,replicate,prediction,prediction", "column 'prediction' stands twice"),
        ("", "no column 'item'"),
    ],
)
def test_a_bad_header_is_refused(tmp_path: Path, header: str, expected: str) -> None:
    (tmp_path / "recorded.csv").write_text(f"{header}\n0,1,exact,0,1,1\n", encoding="utf-8")
    assert f"recorded.csv:1:1: {expected}" in _findings(tmp_path)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"item,seed,prediction\n0,1,\xff\n", ":1:1: "),
        (b'item,seed,prediction\n0,1,"1" 2\n', ":2:1: "),
    ],
)
def test_what_is_no_csv_is_refused(tmp_path: Path, data: bytes, place: str) -> None:
    (tmp_path / "recorded.csv").write_bytes(data)
    (finding,) = _findings(tmp_path, ((1, None, 0),))
    assert finding.startswith(f"recorded.csv{place}not a CSV in UTF-8")


def test_findings_of_an_unusable_file_are_bounded(tmp_path: Path) -> None:
    cells = tuple((seed, None, 0) for seed in range(40))
    _record(tmp_path, lambda rows: _drop(rows, "shots"))
    findings = _findings(tmp_path, cells)
    assert findings[-1].endswith("more")
    assert len(findings) <= 11


def test_a_byte_order_mark_and_spaces_are_forgiven(tmp_path: Path) -> None:
    _record(tmp_path)
    before = _build(tmp_path).run(1, None, 0)
    path = tmp_path / "recorded.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text("\ufeff" + text.replace("\n0,", "\n 0 ,"), encoding="utf-8")
    assert _build(tmp_path).run(1, None, 0) == before


def _numbers(folder: Path, edit: Edit | None = None) -> Arm:
    split = small.small_split(())
    rows = small.recorded_rows(split)
    if edit is not None:
        edit(rows)
    small.write_rows(folder / "recorded.csv", rows)
    return build_arm(small.recorded(), small.workshop(split, folder))


def test_numbers_are_looked_up(tmp_path: Path) -> None:
    arm = _numbers(tmp_path, _set(2, prediction="1.23456789012e-3"))
    outcome = arm.run(1, None, 0)
    rows = small.recorded_rows(small.small_split(()))
    assert outcome.predictions == (0.00123456789, *(row["prediction"] for row in rows[1:10]))
    assert outcome.scores is None


@pytest.mark.parametrize("text", ["nan", "inf", "-1e400", "", "high", "9007199254740992"])
def test_what_is_no_number_is_named_with_its_place(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidFileError) as caught:
        _numbers(tmp_path, _set(9, prediction=text))
    (finding,) = map(_said, caught.value.findings)
    assert finding == f"recorded.csv:9:5: prediction: {text!r} is no number"


def test_scores_of_a_regressor_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFileError) as caught:
        _numbers(tmp_path, lambda rows: [row.update(score=0.5) for row in rows])
    (finding,) = map(_said, caught.value.findings)
    assert finding == "recorded.csv:1:1: column 'score': a regressor's predictions have no scores"


def test_items_are_counted_in_the_order_of_the_data_whatever_the_splits(tmp_path: Path) -> None:
    _record(tmp_path)
    split = small.small_split()
    order = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7]
    mixed = dataclasses.replace(split, validation=split.validation[order])
    plain = _build(tmp_path).run(2, 64, 0)
    moved = build_arm(small.recorded(), small.workshop(mixed, tmp_path)).run(2, 64, 0)
    assert moved.predictions == tuple(plain.predictions[i] for i in order)
    assert plain.scores is not None
    assert moved.scores == tuple(plain.scores[i] for i in order)
