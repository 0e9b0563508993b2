"""A study whose arms are tuned: once, kept, and never on what validates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qgate.errors import InvalidFileError
from qgate.pipeline import study as open_study
from qgate.plan.settings import Settings
from qgate.plan.study import Study
from qgate.trials import stages, tuned
from tests.unit.arms import small

CHARTER = """\
version: 1
pilot: {{owner: a@example.com}}
data: {{path: data.csv, target: y, validation: {{fraction: 0.5, seed: 1}}}}
{tuning}
baseline: strongest
candidate:
  id: q
  preprocess: [sklearn.preprocessing.StandardScaler]
  quantum_kernel:
    layers:
      - {{name: encode, kind: angle, gate: ry}}
      - {{name: entangle, kind: zz}}
schedule: {{seeds: [1, 2], replays: 1}}
gates:
  - {{name: part, metric: quantum_contribution, min: 0, owner: a, remediation: [{{notify: a}}]}}
  - {{name: leak, metric: label_leak, max: 0.5, owner: a, remediation: [{{notify: a}}]}}
"""
BOTH = "tuning: {budget: 4, cv: 2, space: {C: [0.1, 10.0]}}"


def _study(folder: Path, tuning: str = "tuning: {budget: 4, cv: 2}") -> Study:
    rows: list[dict[str, object]] = [
        {"a": i, "b": (7 * i) % 11, "y": int(i % 5 > 1)} for i in range(40)
    ]
    small.write_rows(folder / "data.csv", rows)
    path = folder / "charter.yaml"
    path.write_text(CHARTER.format(tuning=tuning), encoding="utf-8")
    return open_study(path, Settings(state=folder / "state"))


def test_every_arm_with_a_budget_is_searched_and_the_others_follow_the_candidate(
    tmp_path: Path,
) -> None:
    found = stages.tune(_study(tmp_path))
    assert set(found.tuning) == {
        "baseline", "candidate", "without_entanglement", "classical_surrogate",
    }  # fmt: skip
    arms = {arm.role: arm for arm in found.charter.trial_arms}
    assert arms["baseline"].estimator is not None
    assert arms["permuted_labels"].quantum_kernel == arms["candidate"].quantum_kernel
    assert not any(arm.tuning or arm.strongest for arm in arms.values())
    assert found.plan.charter is found.charter
    assert [t.digest for t in found.plan.trials] == [t.digest for t in _study(tmp_path).plan.trials]


def test_a_search_is_kept_and_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = stages.tune(_study(tmp_path))
    monkeypatch.setattr(tuned, "tune", None)
    again = stages.tune(_study(tmp_path))
    assert again.charter.arms == first.charter.arms
    assert (again.tuning, again.tuning_seconds) == (first.tuning, first.tuning_seconds)


@pytest.mark.parametrize("damage", ["", "{}", '{"body": {"record": {}}, "digest": "0"}'])
def test_a_damaged_search_is_made_again(tmp_path: Path, damage: str) -> None:
    first = stages.tune(_study(tmp_path))
    for path in (tmp_path / "state/tuning").iterdir():
        path.write_text(damage, encoding="utf-8")
    assert stages.tune(_study(tmp_path)).tuning == first.tuning
    for path in (tmp_path / "state/tuning").iterdir():
        assert json.loads(path.read_text(encoding="utf-8"))["body"]["record"]


def test_other_data_or_another_budget_is_another_search(tmp_path: Path) -> None:
    stages.tune(_study(tmp_path))
    kept = len(list((tmp_path / "state/tuning").iterdir()))
    stages.tune(_study(tmp_path, "tuning: {budget: 5, cv: 2}"))
    assert len(list((tmp_path / "state/tuning").iterdir())) == 2 * kept


def test_a_wrong_name_is_told_at_its_place(tmp_path: Path) -> None:
    wrong = "tuning: {budget: 4, cv: 2, space: {encode.scales: [0.1, 10.0], nobody.scale: [1]}}"
    with pytest.raises(InvalidFileError) as caught:
        stages.tune(_study(tmp_path, wrong))
    said = [(finding.line, finding.message) for finding in caught.value.findings]
    assert [line for line, _ in said] == [4, 4]
    assert "'scales'" in said[0][1]
    assert "nobody.scale" in said[1][1]
