"""A budget holds: before a run, and trial by trial while it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from qgate.errors import ExitCode
from tests.integration.conftest import Done, Project, new_project

COUNTED = '''
"""A model that measures with shots and counts its circuits, as another SDK's does."""

import time

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression


class Model(ClassifierMixin, BaseEstimator):
    def __init__(self, shots=None, shot_seed=0, circuits=10, delay=0.0):
        self.shots, self.shot_seed, self.circuits, self.delay = shots, shot_seed, circuits, delay

    def fit(self, X, y):
        time.sleep(self.delay)
        self.model_ = LogisticRegression(max_iter=500).fit(X, y)
        self.classes_ = self.model_.classes_
        self.fit_circuits_, self.circuits_per_item_ = self.circuits, 0
        self.rng_ = np.random.default_rng(self.shot_seed)
        return self

    def predict(self, X):
        p = self.model_.predict_proba(X)[:, 1]
        if self.shots:
            p = self.rng_.binomial(self.shots, p) / self.shots
        return self.classes_[(p > 0.5).astype(int)]
'''
SEED = 10 * 2 * (100 + 1000)
"""Shots of a seed: circuits x replicates x shots of both levels."""
PRICES = {"source": "made up", "date": "2026-01-01", "per_shot": 1e-6}


def _counted(project: Project, budget: dict[str, Any], **params: Any) -> None:
    """Write a charter whose candidate's circuits only a run can count."""

    def change(document: dict[str, Any]) -> None:
        document["plugins"] = ["counted"]
        document["candidate"] = {
            "id": "counted_v1",
            "preprocess": ["sklearn.preprocessing.StandardScaler"],
            "estimator": "counted.Model",
            "params": params,
        }
        document["gates"][0]["remediation"] = [{"rerun": "parity"}]
        document["schedule"] = {"seeds": [1, 2, 3, 4, 5], "shots": [100, 1000], "replicates": 2}
        document["budget"] = {"prices": PRICES, "seconds_per_shot": 0.001, **budget}

    (project.folder / "counted.py").write_text(COUNTED, encoding="utf-8")
    project.write(change)


def _locked(project: Project) -> None:
    done = project.qgate_alone("lock", "pilot.yaml", "--reason", "a budget", **_path(project))
    assert done.code == ExitCode.PASS, done.err


def _path(project: Project) -> dict[str, str]:
    root = Path(__file__).parents[2]
    return {"PYTHONPATH": f"{root}:{project.folder}"}


def _run(project: Project, *options: str) -> Done:
    return project.qgate_alone("run", "pilot.yaml", "--format", "json", *options, **_path(project))


def _refuse_pass(done: Done) -> dict[str, Any]:
    """Return why a run was stopped; whatever ran, nothing of it may count as passed."""
    assert done.code == ExitCode.INCONCLUSIVE, done.err
    assert {gate["verdict"] for gate in done.report["gates"]} == {"inconclusive"}
    assert done.report["decision"] == "hold"
    stopped: dict[str, Any] = done.report["stopped"]
    return stopped


def test_a_run_stops_at_its_shots_and_goes_on_with_more_to_the_same_evidence(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _counted(project, {"shots": 3 * SEED + 5000})
    _locked(project)
    done = _run(project)
    stopped = _refuse_pass(done)
    assert (stopped["cap"], stopped["limit"], stopped["seeds"]) == ("shots", 3 * SEED + 5000, 3)
    # Of the fourth seed both trials of 100 shots fit beneath the cap, those of 1,000 do not.
    assert stopped["spent"] == 3 * SEED + 2 * 10 * 100
    assert stopped["needs"] == 5 * SEED
    parity = done.report["gates"][0]
    assert parity["n"]["seeds"] == 3
    assert parity["interval"]["low"] < parity["value"] < parity["interval"]["high"]
    assert "set budget.shots to at least 110,000 in pilot.yaml" in stopped["words"]
    judged = project.qgate("judge", done.report["evidence"]["path"], "--format", "json")
    assert judged.report == done.report

    again = _run(project)  # every trial is in the cache: it stops at the same place
    assert again.report["evidence"]["digest"] == done.report["evidence"]["digest"]
    assert again.report["attempt"] == 1  # the one before passed nothing

    _counted(project, {"shots": int(stopped["needs"])})
    _locked(project)
    kept = _trials(project)
    whole = _run(project)
    assert whole.code == ExitCode.PASS, whole.out
    assert whole.report["stopped"] is None
    assert {path: path.read_bytes() for path in kept} == kept
    undisturbed = new_project(tmp_path_factory.mktemp("peace"))
    _counted(undisturbed, {"shots": int(stopped["needs"])})
    _locked(undisturbed)
    expected = _run(undisturbed).report["evidence"]["digest"]
    assert whole.report["evidence"]["digest"] == expected


def _trials(project: Project) -> dict[Path, bytes]:
    folder = project.folder / ".qgate" / "trials"
    return {path: path.read_bytes() for path in folder.rglob("*.json")}


@pytest.mark.parametrize(("cap", "each"), [("usd", SEED * 1e-6), ("qpu_seconds", SEED * 0.001)])
def test_a_run_stops_at_its_modelled_caps(project: Project, cap: str, each: float) -> None:
    _counted(project, {cap: 2 * each})
    _locked(project)
    stopped = _refuse_pass(_run(project))
    assert (stopped["cap"], stopped["seeds"]) == (cap, 2)
    assert stopped["spent"] == pytest.approx(2 * each)
    assert "(modelled)" in stopped["reason"]


def test_a_cap_below_one_trial_leaves_no_seed(project: Project) -> None:
    _counted(project, {"shots": 10})
    _locked(project)
    done = _run(project, "--workers", "2")
    stopped = _refuse_pass(done)
    assert stopped["seeds"] == 0
    assert stopped["spent"] > 10
    assert done.report["gates"][0]["value"] is None


def test_a_run_stops_at_its_minutes(project: Project) -> None:
    _counted(project, {"minutes": 0.125}, delay=1.5)
    _locked(project)
    started = time.perf_counter()
    done = _run(project)
    stopped = _refuse_pass(done)
    assert stopped["cap"] == "minutes"
    assert stopped["limit"] < stopped["spent"] < (time.perf_counter() - started) / 60
    assert stopped["needs"] >= 0.3  # 20 trials of 1.5 s
    assert stopped["seeds"] < 5


def test_a_run_killed_on_its_way_to_a_cap_stops_at_the_same_place(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    budget = {"shots": 4 * SEED + 100}
    undisturbed = new_project(tmp_path_factory.mktemp("peace"))
    for place in (project, undisturbed):
        _counted(place, budget, delay=0.2)
        _locked(place)
    expected = _run(undisturbed).report["evidence"]["digest"]
    known = len(_trials(project))
    command = [sys.executable, "-m", "qgate", "run", "pilot.yaml"]
    with subprocess.Popen(
        command,
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_path(project)},
    ) as process:
        while len(_trials(project)) < known + 7:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    done = _run(project)
    assert _refuse_pass(done)["seeds"] == 4
    assert done.report["evidence"]["digest"] == expected


def _spent(project: Project) -> int:
    """Return the shots that are on the books."""
    months = project.qgate("spending", "--format", "json").report["months"]
    return sum(month["shots"] for month in months)


def test_a_month_holds_while_a_run_goes_on(project: Project) -> None:
    _counted(project, {"per_month": {"shots": 3 * SEED + 5000}})
    _locked(project)
    done = _run(project)
    stopped = _refuse_pass(done)
    assert (stopped["cap"], stopped["limit"]) == ("per_month.shots", 3 * SEED + 5000)
    assert stopped["spent"] == _spent(project) == 3 * SEED + 2 * 10 * 100
    assert "set budget.per_month.shots to at least 110,000 in pilot.yaml" in stopped["words"]
    judged = project.qgate("judge", done.report["evidence"]["path"], "--format", "json")
    assert judged.report == done.report
    again = _run(project)  # what is kept is paid: it comes to the same place, and spends nothing
    assert again.report["evidence"]["digest"] == done.report["evidence"]["digest"]
    assert _spent(project) == stopped["spent"]
    _counted(project, {"per_month": {"shots": int(stopped["needs"])}})
    _locked(project)
    assert _run(project).code == ExitCode.PASS
    assert _spent(project) == 5 * SEED


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_what_an_interrupted_run_spent_is_on_the_books_of_the_next(
    project: Project, how: signal.Signals
) -> None:
    _counted(project, {"per_month": {"shots": 4 * SEED + 100}}, delay=0.2)
    _locked(project)
    known = len(_trials(project))
    for more in (4, 8):  # twice, to be sure that kills do not add up to a run for nothing
        _interrupted(project, known + more, how)
    assert _spent(project) == 0
    stopped = _refuse_pass(_run(project))
    assert (stopped["cap"], stopped["seeds"]) == ("per_month.shots", 4)
    assert stopped["spent"] == _spent(project) == 4 * SEED


def _interrupted(project: Project, trials: int, how: signal.Signals) -> None:
    """Run until so many trials are kept, then stop it."""
    command = [sys.executable, "-m", "qgate", "run", "pilot.yaml"]
    with subprocess.Popen(
        command,
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_path(project)},
    ) as process:
        while len(_trials(project)) < trials:
            assert process.poll() is None, "it ended before it could be stopped"
            time.sleep(0.01)
        process.send_signal(how)
    assert process.returncode != ExitCode.PASS


def test_every_report_says_why_it_stopped_and_what_to_type(project: Project) -> None:
    _counted(project, {"shots": 2 * SEED})
    _locked(project)
    paths = [project.folder / f"report{suffix}" for suffix in (".txt", ".json", ".md", ".xml")]
    files = [part for path in paths for part in ("--output", str(path))]
    done = project.qgate_alone("run", "pilot.yaml", *files, **_path(project))
    assert done.code == ExitCode.INCONCLUSIVE
    for path in paths:
        text = " ".join(path.read_text(encoding="utf-8").split())
        assert "44,000 of 44,000 shots are spent" in text, path
        assert "set budget.shots to at least 110,000 in pilot.yaml" in text, path
        assert "qgate lock pilot.yaml --reason" in text, path
    junit = paths[-1].read_text(encoding="utf-8")
    assert "owner: " in junit
    assert "remediation: " not in junit  # no gate's remedy mends a cap


def test_a_budget_binds_whatever_is_said_of_power(project: Project) -> None:
    project.write(lambda document: document.update(budget={"shots": 1000}))
    for command in (["plan"], ["run", "--even-if-underpowered"]):
        done = project.qgate(command[0], "pilot.yaml", *command[1:])
        assert done.code == ExitCode.USAGE
        assert "the budget allows 1,000" in " ".join((done.out + done.err).split())
    assert not (project.folder / ".qgate" / "trials").exists()
