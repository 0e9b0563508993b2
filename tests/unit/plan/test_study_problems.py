"""A charter of problems to solve, as a run finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qgate.errors import InvalidFileError
from qgate.pipeline import study
from qgate.plan.settings import Settings

CHARTER = """\
version: 1
pilot: {owner: me, success_metrics: [{name: optimum_reached, min: 0.5}]}
data:
  task: optimization
  problems:
    - a.mc
    - {path: b.sparse, optimum: OPTIMUM}
baseline: {id: a, solver: {method: greedy}}
candidate: {id: b, quantum_solver: {reps: 1}}
schedule: {seeds: [3, 1], shots: [64], replicates: 3}
"""


@pytest.fixture
def charter(tmp_path: Path) -> Path:
    """Return a charter in a project of its own."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "a.mc").write_text("3 2\n1 2 1\n2 3 1\n", encoding="utf-8")
    (tmp_path / "b.sparse").write_text("2 2\n1 1 3\n2 2 1\n", encoding="utf-8")
    path = tmp_path / "pilot.yaml"
    path.write_text(CHARTER.replace("OPTIMUM", "0"), encoding="utf-8")
    return path


def test_problems_are_the_items_and_nothing_trains(charter: Path) -> None:
    found = study(charter, Settings())
    assert (found.plan.train, found.plan.items) == (0, 2)
    assert [problem.n for problem in found.split.dataset.problems] == [3, 2]
    assert found.inputs["data bytes"].keys() == {"a.mc", "b.sparse"}
    assert found.inputs["rows and columns"] == [2, 1]
    assert len(found.plan.of("candidate")) == 6


def test_a_wrong_optimum_is_found_at_its_line(charter: Path) -> None:
    charter.write_text(CHARTER.replace("OPTIMUM", "-3"), encoding="utf-8")
    with pytest.raises(InvalidFileError) as caught:
        study(charter, Settings())
    (finding,) = caught.value.findings
    assert (finding.line, finding.column) == (7, 24)
    assert finding.message == "the best value of b.sparse is 0, not -3"


def test_a_problem_without_a_ratio_is_refused_where_a_gate_takes_one(charter: Path) -> None:
    text = charter.read_text(encoding="utf-8")
    charter.write_text(text.replace("optimum_reached", "val_approximation_ratio"), encoding="utf-8")
    with pytest.raises(InvalidFileError) as caught:
        study(charter, Settings())
    (finding,) = caught.value.findings
    assert finding.line == 7
    assert finding.message.startswith("b.sparse has no approximation ratio: its least value, 0")


def test_another_problem_or_optimum_is_another_trial(charter: Path) -> None:
    before = study(charter, Settings()).plan
    (charter.parent / "a.mc").write_text("3 2\n1 2 1\n2 3 2\n", encoding="utf-8")
    after = study(charter, Settings()).plan
    assert not {t.digest for t in before.trials} & {t.digest for t in after.trials}
