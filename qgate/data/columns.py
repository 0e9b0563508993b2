"""The columns that a charter names, held against a data file's header; imports nothing heavy."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path

from qgate.charter.charter import Charter
from qgate.charter.schema import suggest
from qgate.charter.yaml_reader import Path_, Source
from qgate.errors import Finding

FORMATS = (".csv", ".npz", ".parquet")


def column_findings(charter: Charter, source: Source, folder: Path) -> list[Finding]:
    """Return findings for unreadable formats and for columns that the data file lacks."""
    found: list[Finding] = []
    data, path = charter.data, folder / charter.data.path
    if not path.is_file():
        return found
    if path.suffix.lower() not in FORMATS:
        message = f"{path.suffix or 'no suffix'!r}: data files end in {', '.join(FORMATS)}"
        return [source.finding(("data", "path"), message)]
    names = _header(path)
    if names is None:
        return found
    if not names:
        return [source.finding(("data", "path"), f"{data.path} has no header row")]
    for name, place in _named_columns(charter):
        if name not in names:
            message = f"{data.path} has no column {name!r}{suggest(name, names)}"
            found.append(source.finding(place, message))
    return found


def _named_columns(charter: Charter) -> Iterator[tuple[str, Path_]]:
    data = charter.data
    yield data.target, ("data", "target")
    for i, name in enumerate(data.features or ()):
        yield name, ("data", "features", i)
    for key, value in (("id", data.id), ("slice", data.slice)):
        if value is not None:
            yield value, ("data", key)
    if data.validation.column is not None:
        yield data.validation.column, ("data", "validation", "column")


def header_of(path: Path) -> list[str]:
    """Return a CSV's column names, none where it is not readable as one."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return next(csv.reader(stream), [])
    except (UnicodeDecodeError, csv.Error):
        return []


def numeric_columns(path: Path, rows: int = 100) -> list[str]:
    """Return the columns of a CSV whose first cells are all numbers."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        head = [row for row, _ in zip(csv.DictReader(stream), range(rows), strict=False)]
    return [name for name in header_of(path) if all(_is_number(row[name]) for row in head)]


def _is_number(cell: str | None) -> bool:
    try:
        float(cell or "")
    except ValueError:
        return False
    return True


def _header(path: Path) -> list[str] | None:
    """Return the column names; None where only reading the whole file would tell."""
    if path.suffix.lower() == ".npz":
        return None if zipfile.is_zipfile(path) else []
    return header_of(path) if path.suffix.lower() == ".csv" else None
