"""Gates on health reach the arm that figures it, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qgate.pipeline import study as open_study
from qgate.plan.settings import Settings
from qgate.plan.study import Study
from qgate.quantum.projected_build import BuiltRows
from qgate.trials import stages
from tests.unit.arms import small

CHARTER = """\
version: 1
pilot:
  owner: a@example.com
  success_metrics:
    - {{name: val_accuracy_gap_vs_classical, max: 0.5}}
    {gate}
data:
  path: data.csv
  target: y
  validation: {{fraction: 0.5, seed: 1}}
baseline: {{id: tree, estimator: sklearn.tree.DecisionTreeClassifier}}
candidate:
  id: ours
  projected_kernel:
    layers:
      - {{name: encode, kind: angle, gate: ry}}
      - {{name: pairs, kind: entangle, gate: cx, pairs: linear}}
schedule: {{seeds: [1, 2, 3], replays: 1}}
"""


def _study(folder: Path, gate: str = "") -> Study:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(24, 2)).round(3).tolist()
    table: list[dict[str, object]] = [{"a": a, "b": b, "y": i % 2} for i, (a, b) in enumerate(rows)]
    folder.mkdir(exist_ok=True)
    small.write_rows(folder / "data.csv", table)
    path = folder / "charter.yaml"
    path.write_text(CHARTER.format(gate=gate), encoding="utf-8")
    return open_study(path, Settings(state=folder / "state"))


def test_only_what_a_gate_asks_for_is_figured(tmp_path: Path) -> None:
    plain = _study(tmp_path / "plain")
    asked = _study(tmp_path / "asked", "- {name: concurrence, min: 0.01}")
    figures = [stages.figures(stages.prepare(each, each.charter.arms)) for each in (plain, asked)]
    health = figures[1]["candidate"].pop("health")
    assert figures[0] == figures[1]
    assert list(health) == ["concurrence"]
    assert len(health["concurrence"]) == 12
    assert "baseline" not in figures[1]


def test_a_projected_kernels_circuit_is_outlined(tmp_path: Path) -> None:
    found = stages.outlines(_study(tmp_path))
    built, features = found["candidate"]
    assert isinstance(built, BuiltRows)
    assert features.shape == (12, 2)
    assert built.circuit_figures.two_qubit_gates == 1
