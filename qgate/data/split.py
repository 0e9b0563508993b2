"""Which rows train and which validate, and the fingerprint of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from qgate.charter.charter import DataSpec, Validation
from qgate.data.dataset import Array, Column, Dataset, Labels, build_dataset, read_columns
from qgate.data.opaque import Opaque
from qgate.data.problem_set import load_problems
from qgate.digest import digest, sha256, sha256_file
from qgate.errors import UsageError

Rows = npt.NDArray[np.int64]
Parts = tuple[Rows, Rows]
"""Row indices that train, and row indices that validate."""


@dataclass(frozen=True)
class SplitData:
    """A data set with its rows divided; `train` and `validation` are row indices.

    They are sorted, but for the validation rows of a split that was loaded shuffled, or of
    confidential data, which stand in the order of their opaque ids. Where each seed has a split of
    its own, they are those of the schedule's first seed.
    """

    dataset: Dataset
    train: Rows
    validation: Rows
    file_digests: tuple[tuple[str, str], ...]
    """Each file as the charter names it, with its SHA-256."""
    by_seed: Mapping[int, Parts] = field(default_factory=dict)
    """Each seed's own parts, all of the same sizes; empty where one split serves every seed."""
    permutes: bool = False
    """Whether each seed sees its training labels in an order of their own."""
    opaque: Opaque | None = None
    """What names the items of confidential data; None for others."""

    @property
    def resampled(self) -> bool:
        """Return whether each seed has a split of its own."""
        return bool(self.by_seed)

    def of_seed(self, seed: int) -> SplitData:
        """Return the one split on which a seed trains and validates."""
        if not self.resampled:
            return self
        train, validation = self.by_seed[seed]
        dataset = self.dataset
        if self.permutes:
            rng = np.random.default_rng(int(sha256(f"permuted labels/{seed}".encode())[:16], 16))
            labels = dataset.labels.copy()
            labels[train] = labels[rng.permutation(train)]
            dataset = replace(dataset, labels=labels)
        return SplitData(dataset, train, validation, self.file_digests, opaque=self.opaque)

    def permuted(self, seeds: Sequence[int]) -> SplitData:
        """Return it with the training labels of each seed permuted, and so without any meaning."""
        parts = self.by_seed or dict.fromkeys(seeds, (self.train, self.validation))
        return replace(self, by_seed=parts, permutes=True)

    @property
    def split_digest(self) -> str:
        """Return the digest of both lists of row indices, or of every seed's.

        Of confidential data it is keyed: else a guess of the labels by which a split is stratified,
        or of the rows that a column marks, could be tested without the data.
        """
        if not self.resampled:
            found = _rows_digest(self.train, self.validation)
        else:
            found = digest([[seed, _rows_digest(*parts)] for seed, parts in self.by_seed.items()])
        return self.opaque.digest(["split", found]) if self.opaque else found

    def items(self, seed: int | None = None) -> list[str]:
        """Return the opaque id of each validation item, rising; of a seed's where it is resampled.

        Raises:
            ValueError: When the data are not confidential.

        """
        if self.opaque is None:
            raise ValueError("only items of confidential data have opaque ids")
        rows = self.validation if seed is None else self.by_seed[seed][1]
        return self.opaque.items(rows.tolist(), seed)

    @property
    def fit_on(self) -> tuple[Array, Labels]:
        """Return the training features and labels."""
        return self.dataset.features[self.train], self.dataset.labels[self.train]

    @property
    def validate_on(self) -> tuple[Array, Labels]:
        """Return the validation features and labels."""
        return self.dataset.features[self.validation], self.dataset.labels[self.validation]


def load_split(
    spec: DataSpec, folder: Path, seeds: Sequence[int] = (), *, shuffled: bool = False
) -> SplitData:
    """Read a charter's data and divide it.

    Args:
        spec: The data set.
        folder: What its paths are relative to.
        seeds: The schedule's, each of which has a split of its own where the charter resamples.
        shuffled: Whether validation rows stand in a fixed random order, so that the first ones are
            a random sample of all; else in the file's. Those of confidential data stand in the
            order of their opaque ids, which is as random.

    Raises:
        InvalidFileError, UsageError: When a file cannot be read or the rows cannot be divided.
        TermError: When a problem's optimum is not known, or not the one that is stated.

    """
    found = _divided(spec, folder, seeds, shuffled=shuffled)
    return _veiled(found, spec, folder) if spec.confidential else found


def _veiled(found: SplitData, spec: DataSpec, folder: Path) -> SplitData:
    """Return a split whose validation items stand in the order of their opaque ids.

    A position, and so a prediction, then tells nothing of the row.
    """
    column = "problem" if spec.task == "optimization" else spec.id
    ids = () if column is None else [str(value) for value in found.dataset.columns[column]]
    opaque = Opaque.of_files((folder / name for name, _ in found.file_digests), ids)
    by_seed = {
        seed: (train, _by_id(opaque, validation, seed))
        for seed, (train, validation) in found.by_seed.items()
    }
    own = next(iter(by_seed.values()))[1] if by_seed else _by_id(opaque, found.validation, None)
    return replace(found, validation=own, by_seed=by_seed, opaque=opaque)


def _by_id(opaque: Opaque, rows: Rows, seed: int | None) -> Rows:
    return rows[np.argsort(opaque.items(rows.tolist(), seed))]


def _divided(spec: DataSpec, folder: Path, seeds: Sequence[int], *, shuffled: bool) -> SplitData:
    """Return the data divided, in the file's order or shuffled."""
    if spec.task == "optimization":
        solved, problem_files = load_problems(spec, folder)
        return SplitData(solved, *_parts(np.ones(solved.rows, dtype=bool), shuffled), problem_files)
    path = folder / spec.path
    files = [(spec.path, sha256_file(path))]
    columns = read_columns(path)
    first = len(next(iter(columns.values())))
    if spec.validation.path is not None:
        second_path = folder / spec.validation.path
        files.append((spec.validation.path, sha256_file(second_path)))
        columns = _stacked(columns, read_columns(second_path), spec.validation.path)
    dataset = build_dataset(columns, spec, spec.path)
    if spec.validation.resample and spec.validation.fraction is not None:
        _refuse_duplicates(spec, dataset, np.arange(dataset.rows), None)
        by_seed = _resampled(spec, dataset, seeds, shuffled)
        return SplitData(dataset, *by_seed[seeds[0]], tuple(files), by_seed)
    validates = _validates(spec.validation, dataset, first, spec.path)
    train, validation = _parts(validates, shuffled)
    if validation.size == 0:
        raise UsageError(f"{spec.path}: no row validates; mend data.validation")
    if train.size == 0 and not spec.validation.everything:
        raise UsageError(f"{spec.path}: no row is left to train on; mend data.validation")
    _refuse_duplicates(spec, dataset, train, validation)
    return SplitData(dataset, train, validation, tuple(files))


def _refuse_duplicates(spec: DataSpec, dataset: Dataset, train: Rows, other: Rows | None) -> None:
    """Refuse rows of the same features in both parts: a model could know them by heart.

    Where each seed draws a split of its own (no `other`), no row may stand twice at all.
    """
    if spec.duplicates == "allow":
        return
    seen: dict[bytes, int] = {}
    found: list[tuple[int, int]] = []
    for row in train.tolist():
        key = dataset.features[row].tobytes()
        if other is None and key in seen:
            found.append((seen[key], row))
        seen.setdefault(key, row)
    for row in () if other is None else other.tolist():
        key = dataset.features[row].tobytes()
        if key in seen:
            found.append((seen[key], row))
    if found:
        first, second = found[0]
        raise UsageError(
            f"{spec.path}: {len(found)} rows stand among training and validation rows alike (rows "
            f"{first + 1} and {second + 1} have the same features): remove them, or say "
            "`duplicates: allow` in data, which every report then tells"
        )


def _resampled(
    spec: DataSpec, dataset: Dataset, seeds: Sequence[int], shuffled: bool
) -> dict[int, Parts]:
    """Return each seed's parts, drawn by the first 32 bits of SHA-256("<split seed>/<seed>").

    A digest, since neighbouring integers may give streams that correlate.
    """
    if not seeds:
        raise ValueError("a split of each seed needs the schedule's seeds")
    rows = spec.validation
    states = {seed: int(sha256(f"{rows.seed}/{seed}".encode())[:8], 16) for seed in seeds}
    return {
        seed: _parts(_drawn(rows.fraction, state, dataset, spec.path), shuffled)
        for seed, state in states.items()
    }


def validation_order(rows: int, *, shuffled: bool) -> Rows:
    """Return the order of the items where every row validates, as an optimization's do."""
    return _parts(np.ones(rows, dtype=bool), shuffled)[1]


def _parts(validates: npt.NDArray[np.bool_], shuffled: bool) -> Parts:
    train, validation = np.flatnonzero(~validates), np.flatnonzero(validates)
    if shuffled:
        rng = np.random.default_rng(int(_rows_digest(train, validation), 16))
        validation = rng.permutation(validation)
    return train, validation


def _rows_digest(train: Rows, validation: Rows) -> str:
    return digest({"train": train.tolist(), "validation": validation.tolist()})


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
    return _drawn(rows.fraction, rows.seed, dataset, name)


def _drawn(fraction: float | None, seed: int, dataset: Dataset, name: str) -> npt.NDArray[np.bool_]:
    """Draw a fraction of the rows: of each class alike where there are classes."""
    from sklearn.model_selection import train_test_split

    try:
        _, chosen = train_test_split(
            np.arange(dataset.rows),
            test_size=fraction,
            random_state=seed,
            stratify=dataset.labels if dataset.classes else None,
        )
    except ValueError as error:
        kind = "a stratified fraction" if dataset.classes else "a fraction"
        raise UsageError(f"{name}: cannot split by {kind}: {error}") from None
    mask = np.zeros(dataset.rows, dtype=bool)
    mask[chosen] = True
    return mask


def _stacked(first: dict[str, Column], second: dict[str, Column], name: str) -> dict[str, Column]:
    if set(first) != set(second):
        odd = ", ".join(sorted(set(first) ^ set(second)))
        raise UsageError(f"{name}: its columns differ from the first file's: {odd}")
    return {column: np.concatenate([first[column], second[column]]) for column in first}
