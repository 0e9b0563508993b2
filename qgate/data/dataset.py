"""Data files to typed columns, and the columns' content digest."""

from __future__ import annotations

import csv
import hashlib
import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qgate.charter.charter import DataSpec
from qgate.data.problem import Problem
from qgate.digest import digest
from qgate.errors import Finding, InvalidFileError, UsageError
from qgate.files import shown

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Labels = Codes | Array
Column = npt.NDArray[Any]

_MOST_CLASSES = 1000
_LARGEST_LABEL = 2.0**53
_LARGEST_INTEGER = 2**63 - 1

# What NumPy and the archive readers beneath it raise on a file that is not as it should be.
_DAMAGED = (
    OSError,
    EOFError,
    KeyError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class Dataset:
    """A data set in memory: `features` has shape (rows, columns).

    `labels` holds class codes, or numbers where the task is regression; then `classes` is empty.
    """

    features: Array
    labels: Labels
    classes: tuple[str | int, ...]
    feature_names: tuple[str, ...]
    columns: Mapping[str, Column]
    content_digest: str
    problems: tuple[Problem, ...] = ()
    """Of an optimization: a row each, whose feature is its index and whose label its optimum."""

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return len(self.labels)


def read_columns(path: Path) -> dict[str, Column]:
    """Return a file's columns by name, each int64, float64 or text.

    Raises:
        InvalidFileError: With line and column, where a CSV is malformed.
        UsageError: Where another format cannot be read.

    """
    readers = {".csv": _read_csv, ".npz": _read_npz, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{shown(path)}: data files end in {', '.join(readers)}")
    columns = reader(path)
    if not columns or not len(next(iter(columns.values()))):
        raise UsageError(f"{shown(path)}: no data rows")
    return columns


def content_digest(columns: Mapping[str, Column]) -> str:
    """Return a digest of names, types and values, the same for any encoding of the same content."""
    return digest(
        [
            {"name": name, "type": _kind(column), "sha256": _column_digest(column)}
            for name, column in columns.items()
        ]
    )


def build_dataset(columns: Mapping[str, Column], spec: DataSpec, shown_as: str) -> Dataset:
    """Return the data set that a charter describes.

    Raises:
        UsageError: Naming the column (and row) that does not fit its role.

    """
    roles = {spec.target, spec.id, spec.slice, spec.validation.column}
    names = spec.features or tuple(name for name in columns if name not in roles)
    wanted = [*names, *(role for role in roles if role is not None)]
    if absent := [name for name in wanted if name not in columns]:
        raise UsageError(f"{shown_as} has no column {', '.join(map(repr, absent))}")
    if not names:
        raise UsageError(f"{shown_as} has no feature column besides {spec.target!r}")
    for name in names:
        if columns[name].dtype.kind not in "if":
            # A file may hold numbers as text: then any row shows it.
            row = next((i for i, v in enumerate(columns[name]) if not _is_number(v)), 0)
            raise UsageError(
                f"{shown_as}: feature {name!r} is not numeric (row {row + 1}: "
                f"{str(columns[name][row])[:40]!r}); encode it or leave it out of data.features"
            )
    read = _numbers if spec.task == "regression" else _classes
    classes, labels = read(columns[spec.target], spec.target, shown_as)
    features = np.column_stack([columns[name].astype(np.float64) for name in names])
    return Dataset(features, labels, classes, names, columns, content_digest(columns))


def _numbers(target: Column, name: str, shown_as: str) -> tuple[tuple[str | int, ...], Labels]:
    _refuse_missing(target, name, shown_as)
    if target.dtype.kind not in "if":
        row = next((i for i, value in enumerate(target) if not _is_number(value)), 0)
        raise UsageError(
            f"{shown_as}: target {name!r} is not numeric (row {row + 1}: "
            f"{str(target[row])[:40]!r}); regression needs numbers"
        )
    values = target.astype(np.float64)
    if np.any(large := np.abs(values) >= _LARGEST_LABEL):
        row = int(np.flatnonzero(large)[0])
        raise UsageError(
            f"{shown_as}: target {name!r} is beyond 2^53 in row {row + 1}: use a larger unit"
        )
    return (), values


def _classes(target: Column, name: str, shown_as: str) -> tuple[tuple[str | int, ...], Labels]:
    _refuse_missing(target, name, shown_as)
    if target.dtype.kind == "f":
        if np.any(target != np.round(target)) or np.any(np.abs(target) > _LARGEST_LABEL):
            raise UsageError(f"{shown_as}: target {name!r} is continuous; class labels are needed")
        target = target.astype(np.int64)
    values, codes = np.unique(target, return_inverse=True)
    if not 2 <= len(values) <= _MOST_CLASSES:
        message = f"has {len(values)} class(es); 2 to {_MOST_CLASSES} work"
        raise UsageError(f"{shown_as}: target {name!r} {message}")
    return tuple(v.item() for v in values), codes.astype(np.int64)


def _refuse_missing(target: Column, name: str, shown_as: str) -> None:
    if target.dtype.kind == "i":
        return
    missing = np.asarray(~np.isfinite(target) if target.dtype.kind == "f" else target == "")
    if np.any(missing):
        row = int(np.flatnonzero(missing)[0])
        raise UsageError(f"{shown_as}: target {name!r} is missing in row {row + 1}")


def _read_csv(path: Path) -> dict[str, Column]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = next(reader, [])
            cells: list[list[str]] = []
            for row in reader:
                if len(row) != len(header):
                    raise _malformed(
                        path, reader.line_num, f"{len(row)} cells, the header has {len(header)}"
                    )
                cells.append(row)
    except UnicodeDecodeError:
        raise _malformed(path, _first_line_not_utf8(path), "not UTF-8") from None
    except csv.Error as error:
        raise _malformed(path, reader.line_num, str(error)) from None
    if len(set(header)) != len(header) or not all(header):
        raise _malformed(path, 1, "column names must be present and different")
    if not cells:
        raise _malformed(path, 1, "no data rows")
    return {
        name: _typed(column) for name, column in zip(header, zip(*cells, strict=True), strict=True)
    }


def _malformed(path: Path, line: int, message: str) -> InvalidFileError:
    return InvalidFileError([Finding(shown(path), line, 1, message)])


def _first_line_not_utf8(path: Path) -> int:
    data = path.read_bytes()
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return 1


def _read_npz(path: Path) -> dict[str, Column]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name]) for name in archive.files}
    except _DAMAGED as error:
        raise UsageError(f"{shown(path)}: not a readable NPZ file: {error}") from None
    columns: dict[str, Column] = {}
    for name, array in arrays.items():
        if array.ndim not in (1, 2):
            raise UsageError(
                f"{shown(path)}: array {name!r} has {array.ndim} dimensions; 1 or 2 work"
            )
        parts = {name: array}
        if array.ndim == 2:
            parts = {f"{name}{i}": array[:, i] for i in range(array.shape[1])}
        if twice := sorted(parts.keys() & columns.keys()):
            raise UsageError(f"{shown(path)}: two arrays give a column {twice[0]!r}")
        columns |= {part: _normal(values) for part, values in parts.items()}
    if len({len(column) for column in columns.values()}) > 1:
        raise UsageError(f"{shown(path)}: arrays must have the same number of rows")
    return columns


def _read_parquet(path: Path) -> dict[str, Column]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        message = "reading Parquet needs `pip install 'qgate[parquet]'`"
        raise UsageError(f"{shown(path)}: {message}") from None
    try:
        # The file alone: read_table would make columns of folder names such as year=2026.
        with parquet.ParquetFile(path) as file:
            table = file.read()
        names = table.column_names
        if len(set(names)) < len(names):
            raise UsageError(f"{shown(path)}: column names must be different")
        return {name: _normal(table[name].to_numpy(zero_copy_only=False)) for name in names}
    except (OSError, ValueError, NotImplementedError) as error:
        raise UsageError(f"{shown(path)}: not a readable Parquet file: {error}") from None


def _typed(cells: Sequence[str]) -> Column:
    """Return whole numbers as int64, numbers (an empty cell is NaN) as float64, else text."""
    if any("_" in cell for cell in cells):
        return np.array(cells, dtype=str)  # Python would read 1_0 as 10
    try:
        return np.array([int(cell) for cell in cells], dtype=np.int64)
    except (ValueError, OverflowError):
        pass
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells], dtype=np.float64)
    except ValueError:
        return np.array(cells, dtype=str)


def _normal(array: Column) -> Column:
    kind = array.dtype.kind
    if kind in "bi" or (kind == "u" and not np.any(array > _LARGEST_INTEGER)):
        return array.astype(np.int64)
    if kind in "uf":
        return array.astype(np.float64)
    return np.array([_text(value) for value in array], dtype=str)


def _text(value: object) -> str:
    """Return a value as a CSV would hold it: nothing as an empty cell."""
    if value is None:
        return ""
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)


def _is_number(value: object) -> bool:
    try:
        float(str(value) or "nan")
    except ValueError:
        return False
    return True


def _kind(column: Column) -> str:
    return {"i": "integer", "f": "number"}.get(column.dtype.kind, "text")


def _column_digest(column: Column) -> str:
    if column.dtype.kind == "i":
        data = column.astype("<i8").tobytes()
    elif column.dtype.kind == "f":
        numbers = column.astype("<f8") + 0.0  # -0.0 and 0.0 are one value
        numbers[np.isnan(numbers)] = np.nan  # and so are all NaNs
        data = numbers.tobytes()
    else:
        data = b"".join(len(t).to_bytes(8, "little") + t for t in (str(v).encode() for v in column))
    return hashlib.sha256(data).hexdigest()
