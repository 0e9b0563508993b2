"""What runs of every form leave behind is well formed, and read back as it came."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qgate.charter.build import build_charter
from qgate.data.split import load_split
from qgate.digest import canonical
from qgate.evidence.evidence import Evidence
from qgate.evidence.record import make_observations, make_record
from qgate.evidence.store import read_bundle
from qgate.lock.inputs import observe
from qgate.pipeline import study as open_study
from qgate.plan.plan import make_plan
from qgate.plan.settings import Settings
from qgate.plan.study import Study
from qgate.trials import stages
from tests.unit.arms import small
from tests.unit.evidence import bundles

CHARTER = """\
version: 1
pilot:
  owner: a@example.com
  success_metrics: [{name: latency_p95_ms, max: 100}]
data:
  path: data.csv
  target: y
  validation: {fraction: 0.25, seed: 1}
baseline: {id: old, estimator: sklearn.tree.DecisionTreeClassifier}
candidate:
  id: new
  quantum_kernel:
    layers: [{name: encode, kind: angle, gate: ry}]
schedule: {seeds: [3, 1, 2], shots: [64], replicates: 2, replays: 1}
latency: {requests: 40, sessions: 4, rate_per_s: 1000, warmup: 2}
"""
REGRESSION: dict[str, dict[str, Any]] = {
    "data": {"task": "regression", "target": "t"},
    "baseline": {"estimator": "sklearn.tree.DecisionTreeRegressor"},
    "candidate": {
        "quantum_kernel": {
            "layers": [{"name": "encode", "kind": "angle", "gate": "ry"}],
            "estimator": "sklearn.kernel_ridge.KernelRidge",
        }
    },
}
RESAMPLED = {"data": {"validation": {"fraction": 0.25, "seed": 1, "resample": True}}}


def _study(
    folder: Path, *changes: dict[str, dict[str, Any]], blocks: tuple[tuple[int, int], ...] = ()
) -> Study:
    """Return a study of 40 rows, of which 10 validate, with changes to a charter's sections."""
    rng = np.random.default_rng(2)
    rows: list[dict[str, object]] = [
        {"a": round(float(a), 3), "b": round(float(b), 3), "y": i % 2, "t": float(a) + i / 40}
        for i, (a, b) in enumerate(rng.normal(size=(40, 2)))
    ]
    small.write_rows(folder / "data.csv", rows)
    path = folder / "charter.yaml"
    path.write_text(CHARTER, encoding="utf-8")
    study = open_study(path, Settings(state=folder / "state"))
    document = copy.deepcopy(dict(study.charter.document))
    for change in changes:
        for section, values in change.items():
            document[section] |= values
    charter = build_charter(document, study.charter.path)
    split = load_split(charter.data, folder, charter.schedule.seeds, shuffled=bool(blocks))
    inputs = observe(charter, split, folder)
    sizes = {"train": len(split.train), "items": len(split.validation)}
    plan = make_plan(charter, inputs, **sizes, recorded={})
    trials = tuple(
        dataclasses.replace(spec, items=block, digest=f"{spec.digest[:-1]}{i}")
        for spec in plan.of("candidate")
        for i, block in enumerate(blocks)
    )
    if blocks:
        plan = dataclasses.replace(plan, trials=(*plan.of("baseline"), *trials))
    return dataclasses.replace(study, charter=charter, split=split, inputs=inputs, plan=plan)


def _evidence(study: Study, **asked: Any) -> Evidence:
    """Return the evidence of a run, written and read back; unwritten where a part is by hand."""
    arms = stages.prepare(study, study.charter.arms)
    results = stages.run(study, arms, study.plan.trials)
    stages.refuse_failures(results)
    record = make_record(study, results, stages.replay(study, results), **asked)
    observations = make_observations(study, results, stages.latency(study, arms), attempt=1)
    if asked:
        return Evidence(json.loads(canonical(record)), observations, "")
    written = bundles.write(record, observations, study.folder / "store")
    return read_bundle(written.digest, study.folder / "store")


def test_regression_leaves_numbers(tmp_path: Path) -> None:
    study = _study(tmp_path, REGRESSION)
    evidence = _evidence(study)
    assert evidence.task == "regression"
    assert evidence.record["classes"] == []
    assert evidence.truth.dtype == np.float64
    assert evidence.truth.tolist() == study.split.validate_on[1].tolist()
    for role in ("baseline", "candidate"):
        predictions = evidence.trials(role, 64)[0][0]["predictions"]
        assert np.corrcoef(predictions, evidence.truth)[0, 1] > 0.3
    assert evidence.record["replays"][0]["first"] == evidence.record["replays"][0]["again"]
    assert set(evidence.observations["latency"]) == {"baseline", "candidate"}


def test_classes_leave_nothing_that_was_not_asked_for(tmp_path: Path) -> None:
    evidence = _evidence(_study(tmp_path))
    assert set(evidence.record) == {
        "charter", "lock", "inputs", "classes", "truth", "trials", "replays"
    }  # fmt: skip
    assert all("items" not in trial for trial in evidence.record["trials"])
    assert evidence.task == "classification"
    assert evidence.truth.dtype == np.int64
    assert (evidence.items, evidence.seeds, evidence.train) == (10, (3, 1, 2), 30)
    assert evidence.truths.tolist() == [evidence.truth.tolist()] * 3


def test_blocks_leave_what_they_covered(tmp_path: Path) -> None:
    study = _study(tmp_path, blocks=((0, 4), (4, 7)))
    evidence = _evidence(study, looks={"seeds": 2}, slices=None)
    assert (evidence.items, evidence.seeds) == (7, (3, 1))
    assert evidence.truth.tolist() == study.split.validate_on[1][:7].tolist()
    assert evidence.truths.shape == (2, 7)
    entries = [trial for trial in evidence.record["trials"] if trial["arm"] == "candidate"]
    assert [trial["items"] for trial in entries[:2]] == [[0, 4], [4, 7]]
    found = evidence.trials("candidate", 64)
    assert [[trial["seed"] for trial in replicates] for replicates in found] == [[3, 3], [1, 1]]
    assert found[0][0]["predictions"] == entries[0]["predictions"] + entries[1]["predictions"]
    assert found[0][0]["fit_circuits"] == 30 * 29 // 2
    assert all(len(cell[0]["predictions"]) == 7 for cell in evidence.trials("baseline", 64))


@pytest.mark.parametrize("task", [{}, REGRESSION], ids=["classification", "regression"])
def test_each_seed_leaves_its_own_truth(tmp_path: Path, task: dict[str, Any]) -> None:
    study = _study(tmp_path, task, RESAMPLED)
    evidence = _evidence(study)
    assert evidence.resampled
    assert (evidence.items, evidence.train) == (10, 30)
    expected = [study.split.of_seed(seed).validate_on[1].tolist() for seed in (3, 1, 2)]
    assert evidence.truths.tolist() == expected
    assert expected[0] != expected[1]
    with pytest.raises(ValueError, match="each seed has a validation set of its own"):
        _ = evidence.truth
    looked = Evidence({**evidence.record, "looks": {"seeds": 2}}, evidence.observations, "")
    assert looked.truths.tolist() == expected[:2]


def test_slices_are_kept(tmp_path: Path) -> None:
    slices = {"column": "a", "values": ["x"] * 10, "known": ["x", "y"]}
    assert _evidence(_study(tmp_path), slices=slices).record["slices"] == slices
