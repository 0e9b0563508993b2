"""The columns that a charter names, held against a data file's header; imports nothing heavy."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path

from qgate.charter.charter import Charter
from qgate.charter.meaning import Surroundings
from qgate.charter.schema import suggest
from qgate.charter.yaml_reader import Path_, Source
from qgate.errors import Finding

FORMATS = (".csv", ".npz", ".parquet")


def column_findings(charter: Charter, source: Source, around: Surroundings) -> list[Finding]:
    """Return findings for unreadable formats and for columns that the data files lack."""
    found: list[Finding] = []
    data = charter.data
    files: list[tuple[str, Path_]] = [(data.path, ("data", "path"))]
    if data.validation.path is not None:
        files.append((data.validation.path, ("data", "validation", "path")))
    for name, place in files:
        path = around.reach(name)
        try:
            if path is not None and path.is_file():
                found += _file_findings(charter, source, name, path, place)
        except OSError:
            continue  # that it cannot be read is a finding already
    return found


def _file_findings(
    charter: Charter, source: Source, name: str, path: Path, place: Path_
) -> Iterator[Finding]:
    suffix = Path(name).suffix
    if suffix.lower() not in FORMATS:
        message = f"{suffix or 'no suffix'!r}: data files end in {', '.join(FORMATS)}"
        yield source.finding(place, message)
    elif suffix.lower() == ".npz" and not zipfile.is_zipfile(path):
        yield source.finding(place, f"{name} is no NPZ file")
    elif suffix.lower() == ".csv":
        columns = header_of(path)
        if not columns:
            message = f"{name} has no header row that can be read as CSV in UTF-8"
            yield source.finding(place, message)
            return
        if len(set(columns)) < len(columns) or "" in columns:
            yield source.finding(place, f"{name}: column names must be present and different")
        for column, where in _named_columns(charter):
            if column not in columns:
                message = f"{name} has no column {column!r}{suggest(column, columns)}"
                yield source.finding(where, message)


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
