"""Which rows train and which validate, and the fingerprint of both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from qgate.charter.charter import DataSpec, Validation
from qgate.data.dataset import Array, Codes, Column, Dataset, build_dataset, read_columns
from qgate.digest import digest, sha256_file
from qgate.errors import UsageError

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SplitData:
    """A data set with its rows divided; `train` and `validation` are sorted row indices."""

    dataset: Dataset
    train: Rows
    validation: Rows
    file_digests: tuple[tuple[str, str], ...]
    """Each file as the charter names it, with its SHA-256."""

    @property
    def split_digest(self) -> str:
        """Return the digest of both lists of row indices."""
        return digest({"train": self.train.tolist(), "validation": self.validation.tolist()})

    @property
    def fit_on(self) -> tuple[Array, Codes]:
        """Return the training features and labels."""
        return self.dataset.features[self.train], self.dataset.labels[self.train]

    @property
    def validate_on(self) -> tuple[Array, Codes]:
        """Return the validation features and labels."""
        return self.dataset.features[self.validation], self.dataset.labels[self.validation]


def load_split(spec: DataSpec, folder: Path) -> SplitData:
    """Read a charter's data and divide it.

    Raises:
        InvalidFileError, UsageError: When a file cannot be read or the rows cannot be divided.

    """
    path = folder / spec.path
    files = [(spec.path, sha256_file(path))]
    columns = read_columns(path)
    first = len(next(iter(columns.values())))
    if spec.validation.path is not None:
        second_path = folder / spec.validation.path
        files.append((spec.validation.path, sha256_file(second_path)))
        columns = _stacked(columns, read_columns(second_path), spec.validation.path)
    dataset = build_dataset(columns, spec, spec.path)
    validates = _validates(spec.validation, dataset, first, spec.path)
    train, validation = np.flatnonzero(~validates), np.flatnonzero(validates)
    if validation.size == 0:
        raise UsageError(f"{spec.path}: no row validates; mend data.validation")
    if train.size == 0 and not spec.validation.everything:
        raise UsageError(f"{spec.path}: no row is left to train on; mend data.validation")
    return SplitData(dataset, train, validation, tuple(files))


def _validates(rows: Validation, dataset: Dataset, first: int, name: str) -> npt.NDArray[np.bool_]:
    """Return shape (rows,): whether each row validates."""
    if rows.everything:
        return np.ones(dataset.rows, dtype=bool)
    if rows.path is not None:
        return np.arange(dataset.rows) >= first
    if rows.column is not None:
        column = dataset.columns[rows.column]
        if isinstance(rows.value, str):
            return np.asarray([str(value) == rows.value for value in column])
        return np.asarray(column == rows.value)
    return _stratified(rows, dataset, name)


def _stratified(rows: Validation, dataset: Dataset, name: str) -> npt.NDArray[np.bool_]:
    from sklearn.model_selection import train_test_split

    try:
        _, chosen = train_test_split(
            np.arange(dataset.rows),
            test_size=rows.fraction,
            random_state=rows.seed,
            stratify=dataset.labels,
        )
    except ValueError as error:
        raise UsageError(f"{name}: cannot split by a stratified fraction: {error}") from None
    mask = np.zeros(dataset.rows, dtype=bool)
    mask[chosen] = True
    return mask


def _stacked(first: dict[str, Column], second: dict[str, Column], name: str) -> dict[str, Column]:
    if set(first) != set(second):
        odd = ", ".join(sorted(set(first) ^ set(second)))
        raise UsageError(f"{name}: its columns differ from the first file's: {odd}")
    return {column: np.concatenate([first[column], second[column]]) for column in first}
