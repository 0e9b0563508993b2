"""Evidence of confidential data: every verdict as in the open, and nothing of a row."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from qgate.digest import canonical
from qgate.evidence.evidence import Evidence
from qgate.evidence.record import make_observations, make_record
from qgate.evidence.wellformed import problems
from qgate.gates.verdict import judge_on
from qgate.measure.measurement import Measurement
from qgate.pipeline import study as open_study
from qgate.plan.settings import Settings
from qgate.plan.study import Study
from qgate.trials import stages
from qgate.trials.result import Failure, TrialResult

Document = dict[str, Any]

CANARY = "CANARY"
ROWS = 80


def _gate(metric: str, **terms: Any) -> Document:
    sliced = " by slice" if "slices" in terms else ""
    found = {"name": f"{metric}{sliced}", "metric": metric, "owner": "o"}
    return {**found, "remediation": [{"restore": "old"}], **terms}


CLASSES: Document = {
    "version": 1,
    "pilot": {"owner": "a@example.com"},
    "data": {
        "path": "data.csv",
        "target": "label",
        "id": "name",
        "slice": "group",
        "validation": {"fraction": 0.5, "seed": 1},
    },
    "baseline": {"id": "old", "estimator": "sklearn.linear_model.LogisticRegression"},
    "candidate": {"id": "new", "estimator": "sklearn.svm.SVC"},
    "schedule": {"seeds": [1, 2, 3]},
    "gates": [
        _gate("val_accuracy_gap_vs_classical", max=0.2),
        _gate("val_f1", min=0.2),
        _gate("val_roc_auc_gap_vs_classical", max=0.2),
        _gate("val_accuracy_gap_vs_classical", max=0.3, slices="all"),
    ],
}
NUMBERS: Document = {
    "data": {"task": "regression", "target": "number"},
    "baseline": {"estimator": "sklearn.linear_model.LinearRegression"},
    "candidate": {"estimator": "sklearn.linear_model.Ridge"},
    "gates": [_gate("val_rmse_gap_vs_classical", max=1), _gate("val_mae", max=5)],
}
RESAMPLED: Document = {
    "data": {"validation": {"fraction": 0.5, "seed": 1, "resample": True}},
    "gates": [_gate("val_accuracy_gap_vs_classical", max=0.2)],
}
PROBLEMS: Document = {
    "data": {"task": "optimization", "problems": ["g.mc", "q.sparse", "h.mc"]},
    "baseline": {"id": "old", "solver": {"method": "simulated_annealing"}},
    "candidate": {"id": "new", "solver": {"method": "greedy"}},
    "gates": [
        _gate("val_approximation_ratio_gap_vs_classical", max=0.5),
        _gate("optimum_reached", min=0.1),
    ],
}
FILES = {
    "g.mc": "4 4\n1 2 1\n2 3 2\n3 4 3\n1 4 1\n",
    "q.sparse": "3 3\n1 1 -2\n2 2 -3\n1 3 1\n",
    "h.mc": "3 2\n1 2 5\n2 3 1\n",
}
CASES: dict[str, tuple[Document, ...]] = {
    "classes": (),
    "numbers": (NUMBERS,),
    "resampled classes": (RESAMPLED,),
    "resampled numbers": (RESAMPLED, NUMBERS),
    "problems": (PROBLEMS,),
}


def _project(folder: Path, classification: str, *changes: Document) -> Path:
    """Write a pilot of rows with canaries in every column that is text, and in one feature."""
    rng = np.random.default_rng(3)
    (folder / "pyproject.toml").touch()
    lines = ["name,group,a,b,label,number"]
    for i, (a, b) in enumerate(rng.normal(size=(ROWS, 2))):
        kind = "YES" if a + b + 0.5 * rng.normal() > 0 else "NO"
        group = "GROUP1" if i % 3 else "GROUP2"
        value = 7000 + 3 * a + rng.normal()
        fields = (f"{CANARY}{i:03d}", CANARY + group, a, b, CANARY + kind, value)
        lines.append(",".join(map(str, fields)))
    (folder / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    document = copy.deepcopy(CLASSES)
    for change in changes:
        for section, values in change.items():
            whole = isinstance(values, list) or "id" in values or "problems" in values
            document[section] = copy.deepcopy(values if whole else document[section] | values)
    if "path" in document["data"]:
        document["data"]["features"] = ["a", "b"]
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    document["data"]["classification"] = classification
    path = folder / "pilot.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def _run(folder: Path, classification: str, *changes: Document) -> tuple[Study, Evidence]:
    """Return the evidence of a run without replays."""
    folder.mkdir()
    path = _project(folder, classification, *changes)
    study = open_study(path, Settings(state=folder / "state"))
    arms = stages.prepare(study, study.charter.arms)
    results = stages.run(study, arms, study.plan.trials)
    stages.refuse_failures(results)
    record = make_record(study, results, [], slices=study.slices)
    observations = make_observations(study, results, {}, attempt=1)
    return study, Evidence(_read_back(record), observations, "")


def _read_back(record: Document) -> Document:
    found: Document = json.loads(canonical(record))
    return found


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_every_verdict_is_what_it_would_be_in_the_open(
    tmp_path: Path, changes: tuple[Document, ...]
) -> None:
    study, veiled = _run(tmp_path / "veiled", "confidential", *changes)
    _, plain = _run(tmp_path / "plain", "internal", *changes)
    assert problems(veiled.record, veiled.observations) == []
    for gate in study.charter.gates:
        if gate.metric in ("reproducibility", "baseline_drift"):
            continue
        one, other = judge_on(veiled, gate), judge_on(plain, gate)
        assert one.outcome is other.outcome
        found, expected = one.measurement, other.measurement
        assert found.value is not None
        assert _numbers(found) == pytest.approx(
            _numbers(expected), rel=1e-12, abs=1e-12, nan_ok=True
        )


def _numbers(found: Measurement) -> list[float]:
    """Return the numbers that a verdict rests on; slices in an order that their names don't set."""
    baseline = None if found.parts else found.baseline_value  # of slices that tie, either's
    own = (found.value, found.low, found.high, baseline)
    parts = sorted((part.value, part.low, part.high, part.p, part.items) for part in found.parts)
    return [math.nan if number is None else number for number in (*own, *sum(parts, ()))]


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_nothing_of_a_row_is_in_it(tmp_path: Path, changes: tuple[Document, ...]) -> None:
    study, veiled = _run(tmp_path / "veiled", "confidential", *changes)
    _, plain = _run(tmp_path / "plain", "internal", *changes)
    assert CANARY not in canonical([veiled.record, veiled.observations]).decode()
    if study.charter.data.task == "classification":
        assert CANARY in canonical(plain.record).decode()  # it could have been there
    numbers = {float(v) for v in study.split.dataset.columns.get("number", np.zeros(0))}
    flat = np.concatenate([np.ravel(trial["predictions"]) for trial in veiled.record["trials"]])
    assert numbers.isdisjoint(flat.tolist())
    assert numbers.isdisjoint(np.ravel(veiled.record["truth"]).tolist())
    if study.charter.data.task == "regression":
        assert np.all(np.abs(flat) < 1000)  # errors: targets are near 7000
        assert set(np.ravel(veiled.record["truth"]).tolist()) == {0}


def test_arrays_stand_in_the_order_of_the_ids(tmp_path: Path) -> None:
    study, veiled = _run(tmp_path / "veiled", "confidential")
    _, plain = _run(tmp_path / "plain", "internal")
    assert veiled.record["items"] == study.split.items()
    order = [sorted(study.split.validation).index(row) for row in study.split.validation]
    assert veiled.record["truth"] == [plain.record["truth"][place] for place in order]
    for one, other in zip(veiled.record["trials"], plain.record["trials"], strict=True):
        assert one["predictions"] == [other["predictions"][place] for place in order]
        scores = [other["scores"][place] for place in order]
        # Ranks from 0, equal where scores are: the reference is scipy's dense ranking.
        from scipy.stats import rankdata

        assert one["scores"] == (rankdata(scores, method="dense") - 1).tolist()
        assert one["digest"] != other["digest"]  # outcomes in another order are other outcomes


def test_descriptive_keys_change_no_trial(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("plain", "told")]
    for folder in folders:
        folder.mkdir()
    told = {"data": {"source": "a register", "license": "CC0-1.0", "region": "eu"}}
    plain = open_study(_project(folders[0], "internal"), Settings())
    other = open_study(_project(folders[1], "public", told), Settings())
    assert [t.digest for t in plain.plan.trials] == [t.digest for t in other.plan.trials]


def test_a_named_slice_keeps_its_name_and_no_other_does(tmp_path: Path) -> None:
    named = [_gate("val_accuracy_gap_vs_classical", max=0.4, slices=["CANARYGROUP1"])]
    study, veiled = _run(tmp_path / "veiled", "confidential", {"gates": named})
    known = veiled.record["slices"]["known"]
    assert "CANARYGROUP1" in known
    assert len(known) == 2
    assert "CANARYGROUP2" not in canonical(veiled.record).decode()
    found = judge_on(veiled, study.charter.gates[0]).measurement
    assert [part.name for part in found.parts] == ["CANARYGROUP1"]


def test_a_message_leaves_its_keyed_digest_alone(tmp_path: Path) -> None:
    study, veiled = _run(tmp_path / "veiled", "confidential")
    failure = Failure("ValueError", "row 0.7 of CANARY")
    failed = {t.digest: TrialResult(t, failure, 0.1) for t in study.plan.trials}
    observations = make_observations(study, failed, {}, attempt=1)
    (message,) = set(observations["failures"].values())
    assert message.startswith("message withheld, keyed digest ")
    record = _read_back(make_record(study, failed, [], slices=study.slices))
    assert record["trials"][0]["failure"] == "ValueError"
    assert problems(record, observations) == []
    shown = {**observations, "failures": {study.plan.trials[0].digest: failure.message}}
    assert "expected the message's keyed digest" in problems(veiled.record, shown)[0]


def test_draws_and_replays_are_keyed_and_equal_ones_stay_equal(tmp_path: Path) -> None:
    quantum = {
        "candidate": {"id": "q", "quantum_kernel": {"layers": [{"name": "e", "kind": "iqp"}]}},
        "schedule": {"seeds": [1], "shots": [256], "replicates": 2},
        "gates": [_gate("meyer_wallach", min=0.001, at={"shots": 256})],
    }
    folder = tmp_path / "q"
    folder.mkdir()
    path = _project(folder, "confidential")
    document = yaml.safe_load(path.read_text(encoding="utf-8")) | quantum
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    study = open_study(path, Settings(state=folder / "state"))
    arms = stages.prepare(study, study.charter.arms)
    results = stages.run(study, arms, study.plan.trials)
    replay = {"trial": "0" * 64, "seed": 1, "first": "1" * 64, "again": "1" * 64}
    figures = stages.figures(arms)
    record = _read_back(make_record(study, results, [replay], figures=figures))
    assert record["replays"][0]["first"] == record["replays"][0]["again"] != "1" * 64
    raw = {draw for r in results.values() for draw in getattr(r.outcome, "draws", {}).values()}
    kept = [draw for trial in record["trials"] for draw in trial.get("draws", {}).values()]
    assert len(set(kept)) == len(raw) > 0
    assert raw.isdisjoint(kept)
    health = record["figures"]["candidate"]["health"]["meyer_wallach"]
    rows = np.asarray(figures["candidate"]["health"]["meyer_wallach"])
    assert health == {
        "rows": rows.size, "mean": pytest.approx(rows.mean()),
        "sd": pytest.approx(rows.std(ddof=1)), "least": rows.min(), "most": rows.max(),
    }  # fmt: skip
    assert problems(record, make_observations(study, results, {}, attempt=1)) == []


EDITS: dict[str, tuple[Callable[[Document], object], str]] = {
    "no ids": (lambda r: r.pop("items"), "record.items: expected where, and only where"),
    "falling ids": (lambda r: r["items"].reverse(), "different opaque ids, rising"),
    "an id twice": (lambda r: r["items"].__setitem__(1, r["items"][0]), "opaque ids, rising"),
    "too few": (lambda r: r["items"].pop(), "different opaque ids, rising"),
    "a plain id": (lambda r: r["items"].__setitem__(0, "000"), "different opaque ids, rising"),
    "a label": (lambda r: r["classes"].__setitem__(1, "ill"), "record.classes: expected class-0"),
    "a slice": (
        lambda r: (
            r["slices"].update(known=["ill", *r["slices"]["known"]]),
            r["slices"]["values"].__setitem__(0, "ill"),
        ),
        "record.slices: expected opaque names",
    ),
    "suffixes": (lambda r: r.update(formats=[".mc"] * 40), "record.formats: expected where"),
    "solutions": (
        lambda r: r["trials"][0].update(solutions=["01"]), "record.trials: expected no solutions",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "words"), EDITS.values(), ids=EDITS)
def test_a_record_that_is_not_veiled_is_refused(
    tmp_path: Path, edit: Callable[[Document], object], words: str
) -> None:
    _, veiled = _run(tmp_path / "veiled", "confidential")
    record = copy.deepcopy(dict(veiled.record))
    edit(record)
    assert any(words in problem for problem in problems(record, veiled.observations))


def test_only_confidential_records_have_ids_and_of_numbers_only_errors(tmp_path: Path) -> None:
    _, plain = _run(tmp_path / "plain", "internal")
    found = problems({**plain.record, "items": ["0" * 32]}, plain.observations)
    assert found
    assert "items" not in plain.record
    _, veiled = _run(tmp_path / "veiled", "confidential", NUMBERS)
    truth = [1.5, *veiled.record["truth"][1:]]
    (problem,) = problems({**veiled.record, "truth": truth}, veiled.observations)
    assert "the errors alone are kept" in problem
