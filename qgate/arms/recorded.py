"""Predictions made elsewhere: on hardware, or in another language."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from qgate.arms.arm import Items, Outcome, Server, Workshop
from qgate.arms.target import LARGEST, significant
from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Shots
from qgate.errors import Finding, InvalidFileError, UsageError

_MOST_NAMED = 10
_MOST_DIGITS = 20
_COLUMNS = ("item", "seed", "prediction", "shots", "replicate", "score")
_WHOLE = ("item", "seed", "shots", "replicate")
Cell = tuple[int, Shots, int]


@dataclass(frozen=True)
class _Row:
    line: int
    cell: Cell
    item: int
    prediction: float
    score: float | None


class RecordedArm:
    """Reads its file once; a trial is a look-up."""

    figures: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, spec: ArmSpec, workshop: Workshop) -> None:
        """Read the file and check that every scheduled cell has each item exactly once.

        A file counts items in the order of the data's rows, however the split orders them.
        """
        assert spec.recorded is not None  # noqa: S101  # the kind of this arm
        if workshop.split.resampled:
            raise UsageError(
                f"{spec.recorded.path}: recorded predictions need one fixed split: remove "
                "data.validation.resample"
            )
        path = workshop.folder / spec.recorded.path
        self._outcomes = _outcomes(_RecordedFile(path, spec.recorded.path, workshop), workshop)

    def run(self, seed: int, shots: Shots, replicate: int, items: Items = None) -> Outcome:
        """Return what was recorded."""
        outcome = self._outcomes[seed, shots, replicate]
        block = slice(*(items or (None,)))
        scores = None if outcome.scores is None else outcome.scores[block]
        return replace(outcome, predictions=outcome.predictions[block], scores=scores)

    def serve(self, seed: int, shots: Shots) -> Server | None:
        """Return nothing: what was recorded cannot be served."""
        del seed, shots
        return None


class _RecordedFile:
    """Rows of a recorded CSV, each checked against the schedule and the data."""

    def __init__(self, path: Path, name: str, workshop: Workshop) -> None:
        self.name = name
        self.findings: list[Finding] = []
        self.rows: list[_Row] = []
        self._items = len(workshop.split.validation)
        classes = workshop.split.dataset.classes
        self._codes = {str(label): i for i, label in enumerate(classes)}
        self._expected = f"class of the data ({', '.join(self._codes)})" if classes else "number"
        self._levels = sorted({shots for _, shots, _ in workshop.cells}, key=lambda s: s or 0)
        try:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                reader = csv.DictReader(stream, strict=True)
                self._header = list(reader.fieldnames or [])
                self._check_header()
                for record in reader:
                    self._read(reader.line_num, record)
        except (UnicodeDecodeError, csv.Error) as error:
            line = max(1, reader.reader.line_num) if isinstance(error, csv.Error) else 1
            message = f"not a CSV in UTF-8: {error}"
            raise InvalidFileError([Finding(name, line, 1, message)]) from None
        if self.findings:
            raise InvalidFileError(self.findings[:_MOST_NAMED])
        self.scored = "score" in self._header

    def _check_header(self) -> None:
        problems = [f"no column {name!r}" for name in _COLUMNS[:3] if name not in self._header]
        problems += [f"unknown column {name!r}" for name in self._header if name not in _COLUMNS]
        twice = {name for name in self._header if self._header.count(name) > 1}
        problems += [f"column {name!r} stands twice" for name in sorted(twice)]
        if "score" in self._header and not self._codes:
            problems.append("column 'score': a regressor's predictions have no scores")
        if "shots" not in self._header and len(self._levels) > 1:
            problems.append("no column 'shots', though the schedule has several shot counts")
        if problems:
            raise InvalidFileError([Finding(self.name, 1, 1, problem) for problem in problems])

    def _read(self, line: int, record: dict[str, str | None]) -> None:
        if None in record:
            message = f"more cells than the header's {len(self._header)}"
            self.findings.append(Finding(self.name, line, len(self._header) + 1, message))
            return
        cells = {name: (text or "").strip() for name, text in record.items() if name in _COLUMNS}
        problem = next(self._problems(cells), None)
        if problem is not None:
            name, message = problem
            self.findings.append(
                Finding(self.name, line, self._header.index(name) + 1, f"{name}: {message}")
            )
            return
        prediction = self._prediction(cells["prediction"])
        assert prediction is not None  # noqa: S101  # else it were a problem
        numbers = {name: int(cells[name]) for name in _WHOLE if cells.get(name, "").isdecimal()}
        shots = numbers.get("shots") if "shots" in cells else self._levels[0]
        self.rows.append(
            _Row(
                line,
                (numbers["seed"], shots, numbers.get("replicate", 0)),
                numbers["item"],
                prediction,
                _finite(cells.get("score")),
            )
        )

    def _problems(self, cells: dict[str, str]) -> Iterator[tuple[str, str]]:
        """Yield the columns of a row that cannot be read, with what is wrong."""
        for name in _WHOLE:
            exact = name == "shots" and cells.get(name) == "exact"
            whole = cells.get(name, "").isdecimal() and len(cells[name]) <= _MOST_DIGITS
            if name in cells and not whole and not exact:
                yield name, f"expected a whole number, not {cells[name][:40]!r}"
        if int(cells["item"]) >= self._items:
            yield (
                "item",
                f"{cells['item']} is beyond the validation set's rows 0 to {self._items - 1}",
            )
        if self._prediction(cells["prediction"]) is None:
            yield "prediction", f"{cells['prediction']!r} is no {self._expected}"
        if "score" in cells and _finite(cells["score"]) is None:
            yield "score", f"expected a number, not {cells['score']!r}"

    def _prediction(self, text: str) -> float | None:
        """Return a class's code, or a number; None where it is neither."""
        if self._codes:
            return self._codes.get(text)
        value = _finite(text)
        return None if value is None or abs(value) >= LARGEST else significant(value)


def _finite(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _outcomes(file: _RecordedFile, workshop: Workshop) -> dict[Cell, Outcome]:
    found: dict[Cell, dict[int, _Row]] = {cell: {} for cell in workshop.cells}
    findings: list[Finding] = []
    for row in file.rows:
        items = found.get(row.cell)
        if items is None:
            continue  # recorded beyond the schedule: not asked for
        if row.item in items:
            message = (
                f"item {row.item} of {_named(row.cell)} is also on line {items[row.item].line}"
            )
            findings.append(Finding(file.name, row.line, 1, message))
        items[row.item] = row
    findings += [Finding(file.name, 1, 1, text) for text in _missing(found, workshop)]
    if findings:
        rest = len(findings) - _MOST_NAMED
        last = [Finding(file.name, 1, 1, f"and {rest} more")] if rest > 0 else []
        raise InvalidFileError([*findings[:_MOST_NAMED], *last])
    order = np.argsort(np.argsort(workshop.split.validation)).tolist()
    return {
        cell: Outcome(
            tuple(items[i].prediction for i in order),
            tuple(items[i].score or 0.0 for i in order) if file.scored else None,
        )
        for cell, items in found.items()
    }


def _missing(found: dict[Cell, dict[int, _Row]], workshop: Workshop) -> Iterator[str]:
    expected = set(range(len(workshop.split.validation)))
    for cell, items in found.items():
        absent = sorted(expected - set(items))
        if absent:
            some = ", ".join(map(str, absent[:5])) + (", ..." if len(absent) > 5 else "")
            yield f"{_named(cell)} lacks {len(absent)} of {len(expected)} items: {some}"


def _named(cell: Cell) -> str:
    seed, shots, replicate = cell
    return f"seed {seed}, shots {shots or 'exact'}, replicate {replicate}"
