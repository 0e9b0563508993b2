"""What `qgate init` writes passes the commands that it names, or is refused before that."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml

from qgate.errors import ExitCode
from tests.integration.commands import Done
from tests.integration.conftest import Project

ROWS = 240


@pytest.fixture
def pilot(project: Project) -> Project:
    """Return a project with a table of every kind of column."""
    rng = np.random.default_rng(1)
    a, b = np.round(rng.normal(size=(2, ROWS)), 3)
    columns: dict[str, Sequence[object]] = {
        "ticket": [1000 + 7 * row for row in range(ROWS)],
        "shopId": [row % 5 for row in range(ROWS)],
        "a": a.tolist(),
        "b": b.tolist(),
        "visits": [row % 7 for row in range(ROWS)],
        "income": ["" if row == 150 else row / 4 for row in range(ROWS)],
        "city": [("Oslo", "Rome")[row % 2] for row in range(ROWS)],
        "age": np.round(45 + 10 * a + 5 * b, 1).tolist(),
        "years": (45 + 10 * a + 5 * b).astype(int).tolist(),
        "churn": (a > b).astype(int).tolist(),
        "rare": [int(row == 3) for row in range(ROWS)],
        "gap": ["" if row == 9 else row % 2 for row in range(ROWS)],
    }
    with (project.folder / "table.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return project


def _init(project: Project, target: str, *more: str, data: str = "table.csv") -> Done:
    where = ("made", "--data", data, "--target", target, "--owner", "me@example.com")
    return project.qgate("init", *where, "--name", "new", *more)


def _made(project: Project) -> Path:
    return project.folder / "made/new.yaml"


def test_data_outside_the_project_are_refused_before_anything_is_written(
    pilot: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("elsewhere") / "table.csv"
    outside.write_bytes((pilot.folder / "table.csv").read_bytes())
    done = _init(pilot, "churn", data=str(outside))
    assert done.code == ExitCode.USAGE
    assert f"is outside {pilot.folder}" in done.err
    assert "copy the file into it" in done.err
    assert not _made(pilot).parent.exists()
    done = _init(pilot, "churn", "--allow-outside", data=str(outside))
    assert done.code == ExitCode.PASS
    assert "qgate check made/new.yaml --allow-outside\n" in done.out
    assert pilot.qgate("check", "made/new.yaml", "--allow-outside").code == ExitCode.PASS


@pytest.mark.parametrize("target", ["age", "years"])
def test_a_target_of_numbers_makes_a_regression(pilot: Project, target: str) -> None:
    assert _init(pilot, target).code == ExitCode.PASS
    charter = yaml.safe_load(_made(pilot).read_text(encoding="utf-8"))
    assert charter["data"]["task"] == "regression"
    (parity,) = charter["gates"]
    assert parity["metric"] == "val_rmse_gap_vs_classical"
    assert 0.4 < parity["max"] < 0.7  # a twentieth of about 11
    for arm in (charter["baseline"], charter["candidate"]["quantum_kernel"]):
        assert arm["estimator"] == "sklearn.svm.SVR"
    for command in ("check", "lock", "plan"):
        done = pilot.qgate(command, "made/new.yaml")
        assert done.code == ExitCode.PASS, done.out + done.err


def test_the_task_may_be_stated(pilot: Project) -> None:
    assert _init(pilot, "visits", "--task", "regression").code == ExitCode.PASS
    assert "task: regression" in _made(pilot).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("target", "task", "words"),
    [
        ("age", "classification", "target 'age' is continuous"),
        ("rare", "classification", "cannot split by a stratified fraction"),
        ("gap", "classification", "target 'gap' is missing in row 10"),
        ("city", "regression", "--target city: it holds text"),
    ],
)
def test_what_lock_would_refuse_is_not_written(
    pilot: Project, target: str, task: str, words: str
) -> None:
    done = _init(pilot, target, "--task", task)
    assert done.code == ExitCode.USAGE
    assert words in done.err
    assert not _made(pilot).exists()


def test_columns_that_are_no_features_are_named_with_the_reason(pilot: Project) -> None:
    assert _init(pilot, "churn").code == ExitCode.PASS
    text = _made(pilot).read_text(encoding="utf-8")
    charter = yaml.safe_load(text)
    assert charter["data"]["features"] == ["a", "b", "visits", "age", "years", "rare"]
    for line in (
        '#   "ticket": an identifier, a different whole number in every row',
        '#   "shopId": an identifier, by its name',
        '#   "income": no number in row 151 (1 such)',
        '#   "city": text',
        '#   "gap": no number in row 10 (1 such)',
    ):
        assert f"  {line}\n" in text
    assert "# Left out; to use one, add its name above" in text


def test_entanglement_is_a_layer_that_the_remediation_disables(pilot: Project) -> None:
    assert _init(pilot, "churn").code == ExitCode.PASS
    charter = yaml.safe_load(_made(pilot).read_text(encoding="utf-8"))
    assert [layer["name"] for layer in charter["candidate"]["quantum_kernel"]["layers"]] == [
        "encode",
        "entangle",
    ]
    assert charter["gates"][0]["remediation"][0] == {"disable": "entangle"}
    assert pilot.qgate("lock", "made/new.yaml").code == ExitCode.PASS
    planned = pilot.qgate("plan", "made/new.yaml").out
    assert "12 two-qubit gates a pair" in planned
    assert "latency_p99_ms: 2000 requests" in planned


def test_one_feature_makes_one_qubit_which_nothing_entangles(pilot: Project) -> None:
    rows = "".join(f"{row / 3},{row % 2}\n" for row in range(60))
    (pilot.folder / "small.csv").write_text(f"x,y\n{rows}", encoding="utf-8")
    assert _init(pilot, "y", data="small.csv").code == ExitCode.PASS
    assert "entangle" not in _made(pilot).read_text(encoding="utf-8")
    assert pilot.qgate("check", "made/new.yaml").code == ExitCode.PASS
    assert pilot.qgate("lock", "made/new.yaml").code == ExitCode.PASS


def test_a_regression_of_init_runs_to_a_decision(pilot: Project) -> None:
    assert _init(pilot, "age").code == ExitCode.PASS
    path = _made(pilot)
    text = path.read_text(encoding="utf-8")
    brief = "latency: {requests: 400, sessions: 100, rate_per_s: 400}"  # of 20 s of latency
    text = text.replace("latency: {requests: 2000, sessions: 100, rate_per_s: 200}", brief)
    assert brief in text
    path.write_text(text, encoding="utf-8")
    assert pilot.qgate("lock", "made/new.yaml").code == ExitCode.PASS
    verdicts = {
        gate["name"]: gate["verdict"]
        for gate in pilot.qgate("run", "made/new.yaml", "--format", "json").report["gates"]
    }
    assert verdicts["parity"] == "pass"
    assert verdicts["reproducibility"] == verdicts["baseline_drift"] == "pass"
