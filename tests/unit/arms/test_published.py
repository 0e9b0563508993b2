"""Accuracies that other people published, to their last digit, through charters of our own."""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qgate import pipeline
from qgate.arms.arm import Outcome
from qgate.plan.settings import Settings
from qgate.plan.study import Study
from qgate.trials import stages

FIXTURES = Path(__file__).parents[3] / "fixtures" / "qml_benchmarks"
PUBLISHED: list[dict[str, Any]] = json.loads((FIXTURES / "expected.json").read_text())
DIGITS = 10

CHARTER = """\
version: 1
pilot:
  owner: qml@example.com
  success_metrics:
    - {{name: latency_p95_ms, max: 120}}
    - {{name: latency_p99_ms, max: 250}}
    - {{name: val_accuracy_gap_vs_classical, max: 0.05}}
data:
  path: {dataset}_train.csv
  target: y
  validation: {{path: {dataset}_{part}.csv}}
  duplicates: allow  # the training file validates, for its own accuracy
baseline: {{id: classical_v1, estimator: sklearn.svm.SVC}}
candidate:
  id: published
{candidate}
schedule: {{seeds: [1, 2, 3], shots: [exact], replicates: 1}}
"""
SUPPORT_VECTORS = """\
  preprocess: [{preprocess}]
  estimator: sklearn.svm.SVC
  params: {{C: {C}, gamma: {gamma}}}
"""
QUANTUM_KERNEL = """\
  preprocess:
    - sklearn.preprocessing.MinMaxScaler: {{feature_range: [-{angle}, {angle}]}}
  quantum_kernel:
    layers:
{layers}
    repeat: {repeat}
    estimator: sklearn.svm.SVC
    params: {{C: {C}}}
"""
IQP = "      - {name: embed, kind: iqp, pairs: full}"
IQP_BY_PARTS = """\
      - {name: superpose, kind: hadamard}
      - {name: encode, kind: angle, gate: rz}
      - {name: entangle, kind: zz, pairs: full}"""
SEPARABLE = """\
      - {name: turn, kind: rotation, gate: rx, angle: -pi/4}
      - {name: encode, kind: angle, gate: ry, scale: -1}"""


def _rows(*models: str) -> list[Any]:
    """Return the published rows of models that we simulate as they did, as test parameters."""
    return [
        pytest.param(row, id=f"{row['model']}-{row['dataset']}")
        for row in PUBLISHED
        if row["model"] in models and row["hyperparameters"].get("repeats", "1") == "1"
    ]


def _candidate(row: dict[str, Any], layers: str = IQP, preprocess: str = "") -> str:
    model, terms = row["model"], row["hyperparameters"]
    if model == "SVC":
        return SUPPORT_VECTORS.format(**terms, preprocess=preprocess)
    if model == "SeparableKernelClassifier":
        layers, repeat = SEPARABLE, terms["encoding_layers"]
    else:
        repeat = terms["repeats"]
    return QUANTUM_KERNEL.format(angle=math.pi / 2, layers=layers, repeat=repeat, C=terms["C"])


def _study(folder: Path, row: dict[str, Any], part: str, candidate: str) -> Study:
    """Return the study of a charter in a folder with its data; `again` is the training rows."""
    dataset = row["dataset"]
    for name, source in (("train", "train"), (part, "test" if part == "test" else "train")):
        shutil.copy(FIXTURES / f"{dataset}_{source}.csv", folder / f"{dataset}_{name}.csv")
    path = folder / "pilot.yaml"
    path.write_text(CHARTER.format(dataset=dataset, part=part, candidate=candidate))
    assert pipeline.load(path, Settings()).candidate.id == "published"
    return pipeline.study(path, Settings())


def _accuracy(folder: Path, row: dict[str, Any], part: str, candidate: str) -> float:
    found = _study(folder, row, part, candidate)
    arms = stages.prepare(found, [found.charter.candidate])
    outcome = arms["candidate"].run(1, None, 0)
    assert isinstance(outcome, Outcome)
    truth = found.split.validate_on[1]
    return round(float(np.mean(np.asarray(outcome.predictions) == truth)), DIGITS)


def _published(row: dict[str, Any]) -> list[float]:
    values = [set(row[f"{part}_accuracy"]) for part in ("train", "test")]
    assert [len(each) for each in values] == [1, 1], "a deterministic model's five runs agree"
    return [value for each in values for value in each]


@pytest.mark.parametrize("row", _rows("SVC", "IQPKernelClassifier", "SeparableKernelClassifier"))
def test_a_charter_gives_the_published_accuracies(row: dict[str, Any], tmp_path: Path) -> None:
    candidate = _candidate(row)
    found = [_accuracy(tmp_path, row, part, candidate) for part in ("again", "test")]
    assert found == _published(row)


def test_the_embedding_by_its_parts_gives_them_too(tmp_path: Path) -> None:
    row = _rows("IQPKernelClassifier")[0].values[0]
    found = _accuracy(tmp_path, row, "test", _candidate(row, IQP_BY_PARTS))
    assert found == _published(row)[1]


@pytest.mark.parametrize("scaler", ["StandardScaler", "MinMaxScaler"])
def test_no_scaler_reproduces_all_published_support_vector_machines(
    scaler: str, tmp_path: Path
) -> None:
    rows = [param.values[0] for param in _rows("SVC")]
    step = f"sklearn.preprocessing.{scaler}"
    found = [_accuracy(tmp_path, row, "again", _candidate(row, preprocess=step)) for row in rows]
    assert found != [_published(row)[0] for row in rows]


def test_the_published_rows_are_there() -> None:
    counts = {"SVC": 4, "IQPKernelClassifier": 3, "SeparableKernelClassifier": 4}
    assert {model: len(_rows(model)) for model in counts} == counts


def test_the_files_are_those_that_the_readme_names() -> None:
    text = (FIXTURES / "README.md").read_text(encoding="utf-8")
    named = dict(re.findall(r"\| `(\S+)` \| `([0-9a-f]{64})` \|", text))
    files = [path for path in FIXTURES.iterdir() if path.name != "README.md"]
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert found == named
    assert len(found) == 9
