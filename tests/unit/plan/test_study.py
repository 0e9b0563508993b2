"""A charter with its data, its lock and its plan, as a run finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from qgate.errors import InvalidFileError, UsageError
from qgate.pipeline import load, study
from qgate.plan.settings import Settings

CHARTER = """\
version: 1
pilot: {owner: me, success_metrics: [{name: val_accuracy_gap_vs_classical, max: 0.05}]}
data: {path: data.csv, target: label, validation: {fraction: 0.4, seed: 1}}
baseline: {id: a, estimator: sklearn.svm.SVC}
candidate: {id: b, recorded: {path: recorded.csv}}
schedule: {seeds: [3, 1], shots: [64], replicates: 3}
"""
RECORDED = "item,seed,prediction,replicate\n"


@pytest.fixture
def charter(tmp_path: Path) -> Path:
    """Return a charter in a project of its own."""
    (tmp_path / "pyproject.toml").touch()
    rows = "".join(f"{i},{i % 2}\n" for i in range(20))
    (tmp_path / "data.csv").write_text(f"x,label\n{rows}", encoding="utf-8")
    (tmp_path / "recorded.csv").write_text(RECORDED, encoding="utf-8")
    path = tmp_path / "pilot.yaml"
    path.write_text(CHARTER, encoding="utf-8")
    return path


def test_a_study_holds_all_that_a_run_rests_on(charter: Path) -> None:
    found = study(charter, Settings())
    assert (found.plan.train, found.plan.items) == (12, 8)
    assert len(found.plan.of("baseline")) == 2
    assert len(found.plan.of("candidate")) == 6
    assert found.lock is None
    assert found.folder == charter.parent
    assert found.inputs["charter"] == found.charter.digest == load(charter, Settings()).digest


def test_a_recorded_file_says_whether_it_has_replicates_and_is_part_of_the_digest(
    charter: Path,
) -> None:
    before = study(charter, Settings()).plan
    recorded = charter.parent / "recorded.csv"
    recorded.write_text(RECORDED.replace(",replicate", ""), encoding="utf-8")
    after = study(charter, Settings()).plan
    assert len(after.of("candidate")) == 2
    assert not {t.digest for t in before.of("candidate")} & {
        t.digest for t in after.of("candidate")
    }
    assert before.of("baseline") == after.of("baseline")


def test_what_may_be_imported_comes_from_charter_and_command_line(charter: Path) -> None:
    charter.write_text(f"{CHARTER}plugins: [mine]\n", encoding="utf-8")
    found = study(charter, Settings(allow_imports=frozenset({"theirs"})))
    assert found.allowed_imports == {"sklearn", "mine", "theirs"}


def test_an_invalid_charter_is_refused_with_its_errors_and_without_its_warnings(
    charter: Path,
) -> None:
    charter.write_text(CHARTER.replace("max: 0.05", "max: 5"), encoding="utf-8")
    with pytest.raises(InvalidFileError) as caught:
        study(charter, Settings())
    (finding,) = caught.value.findings
    assert (finding.line, finding.severity) == (2, "error")
    assert "impossible threshold" in finding.message


def test_a_damaged_lock_is_refused_before_the_data_are_read(charter: Path) -> None:
    (charter.parent / "pilot.lock.json").write_text("{", encoding="utf-8")
    (charter.parent / "data.csv").write_text("x,label\n", encoding="utf-8")
    with pytest.raises(InvalidFileError, match=r"pilot\.lock\.json:1:2: not valid JSON"):
        study(charter, Settings())


def test_data_that_do_not_fit_are_refused_by_name(charter: Path) -> None:
    (charter.parent / "data.csv").write_text("x,label\n1,0\n2,0\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"data\.csv: target 'label' has 1 class"):
        study(charter, Settings())


def test_without_files_a_charter_is_read_for_its_terms_alone(charter: Path) -> None:
    (charter.parent / "data.csv").unlink()
    with pytest.raises(InvalidFileError, match=r"no file 'data\.csv'"):
        load(charter, Settings())
    assert load(charter, Settings(files=False)).data.path == "data.csv"
