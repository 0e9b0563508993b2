"""Accuracies that other people published, to their last digit, through our own arms."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qgate.arms.arm import build_arm
from qgate.charter.charter import ArmSpec, Layer, Step
from qgate.data.split import SplitData
from tests.unit.arms import small

FIXTURES = Path(__file__).parents[3] / "fixtures" / "qml_benchmarks"
PUBLISHED: list[dict[str, Any]] = json.loads((FIXTURES / "expected.json").read_text())
IQP_LAYERS = (
    Layer("superpose", "hadamard"),
    Layer("encode", "angle", "rz", scale=1.0),
    Layer("entangle", "zz", pairs="full", scale=1.0),
)
TO_ANGLES = Step(
    "sklearn.preprocessing.MinMaxScaler", {"feature_range": (-math.pi / 2, math.pi / 2)}
)


def _rows(model: str, **hyperparameters: str) -> list[Any]:
    """Return the published rows of a model as test parameters."""
    return [
        pytest.param(row, id=row["dataset"])
        for row in PUBLISHED
        if row["model"] == model and hyperparameters.items() <= row["hyperparameters"].items()
    ]


def _read(dataset: str, part: str) -> tuple[Any, Any]:
    table = np.loadtxt(FIXTURES / f"{dataset}_{part}.csv", delimiter=",", skiprows=1)
    return table[:, :-1], (table[:, -1] > 0).astype(int)


def _accuracy(spec: ArmSpec, dataset: str, part: str) -> float:
    """Return an arm's accuracy on a part, as if that part were the validation rows."""
    X, y = _read(dataset, "train")
    others, truth = _read(dataset, part)
    split: SplitData = small.make_split(np.vstack([X, others]), np.hstack([y, truth]), len(y))
    outcome = build_arm(spec, small.workshop(split)).run(1, None, 0)
    return float(np.mean(np.asarray(outcome.predictions) == truth))


def _assert_published(spec: ArmSpec, row: dict[str, Any]) -> None:
    for part in ("train", "test"):
        values = set(row[f"{part}_accuracy"])
        assert len(values) == 1, "a deterministic model's five runs agree"
        assert round(_accuracy(spec, row["dataset"], part), 10) == values.pop()


@pytest.mark.parametrize("row", _rows("IQPKernelClassifier", repeats="1"))
def test_the_iqp_kernel_classifier(row: dict[str, Any]) -> None:
    spec = small.kernel(
        *IQP_LAYERS, preprocess=(TO_ANGLES,), params={"C": float(row["hyperparameters"]["C"])}
    )
    _assert_published(spec, row)


def _svc(row: dict[str, Any], *preprocess: Step) -> ArmSpec:
    params = {name: float(value) for name, value in row["hyperparameters"].items()}
    return small.classical(params=params, preprocess=preprocess)


@pytest.mark.parametrize("row", _rows("SVC"))
def test_the_support_vector_machine_on_unscaled_features(row: dict[str, Any]) -> None:
    _assert_published(_svc(row), row)


@pytest.mark.parametrize("scaler", ["StandardScaler", "MinMaxScaler"])
def test_no_scaler_reproduces_all_published_support_vector_machines(scaler: str) -> None:
    step = Step(f"sklearn.preprocessing.{scaler}", {})
    rows = [row for row in PUBLISHED if row["model"] == "SVC"]
    found = [round(_accuracy(_svc(r, step), r["dataset"], "train"), 10) for r in rows]
    assert found != [row["train_accuracy"][0] for row in rows]


def test_the_published_rows_are_there() -> None:
    assert len(_rows("IQPKernelClassifier", repeats="1")) == 3
    assert len(_rows("SVC")) == 4


def test_the_files_are_those_that_the_readme_names() -> None:
    text = (FIXTURES / "README.md").read_text(encoding="utf-8")
    named = dict(re.findall(r"\| `(\S+)` \| `([0-9a-f]{64})` \|", text))
    files = [path for path in FIXTURES.iterdir() if path.name != "README.md"]
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert found == named
    assert len(found) == 9
