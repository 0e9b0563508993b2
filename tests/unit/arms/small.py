"""Small data and the specs of arms on them, for every test that needs an arm."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from qgate.arms.arm import Workshop
from qgate.charter.arm_spec import (
    ArmSpec,
    DeviceSpec,
    Layer,
    QuantumKernel,
    Recorded,
    Step,
    Training,
    Variational,
)
from qgate.charter.charter import Shots
from qgate.data.dataset import Dataset, Labels
from qgate.data.split import SplitData

Cell = tuple[int, Shots, int]

ALLOWED = frozenset({"sklearn", "tests", "qiskit", "qiskit_machine_learning"})
CELLS: tuple[Cell, ...] = ((1, None, 0), (2, None, 0), (1, 64, 0), (1, 64, 1), (2, 64, 0))
EXACT = CELLS[:2]
"""For what takes no shots."""
ANGLE = Layer("encode", "angle", "ry", scale=0.7)
HARDWARE = Layer("learn", "hardware_efficient", reps=1)
ZZ = Layer("entangle", "zz", pairs="ring", scale=0.3)


def make_split(
    features: npt.ArrayLike,
    labels: npt.ArrayLike,
    train: int,
    classes: tuple[str | int, ...] = (0, 1),
) -> SplitData:
    """Return a split whose first `train` rows train; labels are numbers without classes."""
    X = np.asarray(features, dtype=np.float64)
    numbers = np.asarray(labels, dtype=np.float64)
    y: Labels = numbers.astype(np.int64) if classes else numbers
    names = tuple(f"x{i}" for i in range(X.shape[1]))
    dataset = Dataset(X, y, classes, names, {}, "content")
    rows = np.arange(len(X), dtype=np.int64)
    return SplitData(dataset, rows[:train], rows[train:], ())


def small_split(classes: tuple[str | int, ...] = (0, 1), columns: int = 3) -> SplitData:
    """Return 24 training and 10 validation rows of overlapping classes, or of noisy numbers."""
    rng = np.random.default_rng(7)
    labels = np.arange(34) % max(len(classes), 2)
    features = rng.normal(size=(34, columns)) + 0.8 * labels[:, None]
    if not classes:
        return make_split(features, features.sum(axis=1) + rng.normal(size=34), 24, classes)
    return make_split(features, labels, 24, classes)


def resampled(split: SplitData, seeds: Sequence[int] = (1, 2)) -> SplitData:
    """Return the split with parts of its own for each seed, the first seed's as they are."""
    rng, rows = np.random.default_rng(5), np.arange(split.dataset.rows)
    by_seed = {seeds[0]: (split.train, split.validation)}
    for seed in seeds[1:]:
        mixed = rng.permutation(rows)
        by_seed[seed] = np.sort(mixed[: len(split.train)]), np.sort(mixed[len(split.train) :])
    return dataclasses.replace(split, by_seed=by_seed)


def with_dataset(split: SplitData, **changes: Any) -> SplitData:
    """Return the split with a data set that differs in some fields."""
    return dataclasses.replace(split, dataset=dataclasses.replace(split.dataset, **changes))


def workshop(
    split: SplitData, folder: Path | None = None, cells: tuple[Cell, ...] = CELLS
) -> Workshop:
    return Workshop(split, folder or Path(), ALLOWED, cells)


def classical(
    path: str = "sklearn.svm.SVC",
    params: Mapping[str, Any] | None = None,
    preprocess: Sequence[Step] = (),
    role: str = "candidate",
) -> ArmSpec:
    return ArmSpec(role, "arm", tuple(preprocess), estimator=Step(path, params or {}))


def kernel(
    *layers: Layer,
    repeat: int = 1,
    preprocess: Sequence[Step] = (),
    estimator: str = "sklearn.svm.SVC",
    params: Mapping[str, Any] | None = None,
) -> ArmSpec:
    circuit = QuantumKernel(layers or (ANGLE, ZZ), repeat, Step(estimator, params or {}))
    return ArmSpec("candidate", "arm", tuple(preprocess), quantum_kernel=circuit)


def variational(
    *layers: Layer,
    repeat: int = 1,
    preprocess: Sequence[Step] = (),
    device: DeviceSpec | None = None,
    readout: tuple[int, ...] = (),
    **training: Any,
) -> ArmSpec:
    circuit = Variational(
        layers or (ANGLE, HARDWARE),
        repeat,
        readout=readout,
        training=Training(**training),
        device=device,
    )
    return ArmSpec("candidate", "arm", tuple(preprocess), variational=circuit)


def recorded(path: str = "recorded.csv") -> ArmSpec:
    return ArmSpec("candidate", "arm", recorded=Recorded(path, None))


def recorded_rows(split: SplitData, cells: Sequence[Cell] = CELLS) -> list[dict[str, object]]:
    """Return a complete recording of what a coin would have predicted, or a bell curve."""
    rng = np.random.default_rng(3)
    classes = split.dataset.classes
    if not classes:
        return [
            {
                "item": item,
                "seed": seed,
                "shots": "exact" if shots is None else shots,
                "replicate": replicate,
                "prediction": round(float(rng.normal()), 3),
            }
            for seed, shots, replicate in cells
            for item in range(len(split.validation))
        ]
    return [
        {
            "item": item,
            "seed": seed,
            "shots": "exact" if shots is None else shots,
            "replicate": replicate,
            "prediction": classes[int(rng.integers(len(classes)))],
            "score": round(float(rng.normal()), 3),
        }
        for seed, shots, replicate in cells
        for item in range(len(split.validation))
    ]


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows as a CSV with the columns of the first one."""
    lines = [",".join(rows[0])] + [",".join(str(value) for value in row.values()) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
