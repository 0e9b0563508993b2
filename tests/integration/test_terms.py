"""Terms beyond a single bound: slices, looks, attempts, shadow, multiples, numbers, new splits."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qgate.charter.schema import findings_against
from qgate.charter.yaml_reader import Source
from qgate.errors import ExitCode
from tests.integration.conftest import Done, Project

Document = dict[str, Any]


def _run(project: Project, change: Callable[[Document], None], *more: str) -> Done:
    """Write the small charter, changed, lock it and run it; the report keeps its schema."""
    project.write(change)
    locked = project.qgate("lock", "pilot.yaml", "--reason", "another contract")
    assert locked.code == ExitCode.PASS, locked.err
    done = project.qgate("run", "pilot.yaml", "--format", "json", *more)
    if done.out:
        assert not findings_against("report.v1.json", Source("", done.report, {})), done.out
    return done


def _gate(done: Done, name: str) -> Document:
    found: Document = next(gate for gate in done.report["gates"] if gate["name"] == name)
    return found


def _as_it_is(document: Document) -> None:
    del document


def _with_column(path: Path, name: str, value: Callable[[dict[str, str]], str]) -> None:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*rows[0], name])
        writer.writeheader()
        writer.writerows({**row, name: value(row)} for row in rows)


def test_slices_are_judged_one_by_one_and_the_missing_one_is_named(project: Project) -> None:
    _with_column(
        project.folder / "data.csv",
        "site",
        lambda row: "large" if float(row["mean_radius"]) > 13 else "small",
    )

    def change(document: Document) -> None:
        document["data"]["slice"] = "site"
        document["gates"][0].update(slices="all", max=0.25)

    done = _run(project, change)
    assert done.code == ExitCode.PASS, done.out
    gate = _gate(done, "parity")
    assert {part["name"] for part in gate["slices"]} == {"large", "small"}
    assert sum(part["items"] for part in gate["slices"]) == 285

    def lacking(document: Document) -> None:
        change(document)
        document["gates"][0]["slices"] = ["large", "rare"]

    refused = _run(project, lacking)
    assert refused.code == ExitCode.USAGE
    assert "no validation item is in slice rare" in refused.err
    missing = _run(project, lacking, "--even-if-underpowered")
    assert missing.code == ExitCode.INCONCLUSIVE
    assert "Missing: site = rare: 0 validation items" in _gate(missing, "parity")["reason"]


@pytest.mark.parametrize("looks", [{"after_seeds": [3, 4]}, {"after_items": [120, 200]}])
def test_a_run_stops_when_it_is_decided_and_tells_its_looks(
    project: Project, looks: Document
) -> None:
    def change(document: Document) -> None:
        document["schedule"] = {"seeds": [1, 2, 3, 4, 5], "shots": [512], "looks": looks}
        document["gates"][0]["max"] = 0.3

    done = _run(project, change)
    assert done.code == ExitCode.PASS, done.out
    taken = done.report["looks"]
    assert [look["after"] for look in taken] == looks[next(iter(looks))][: len(taken)]
    assert taken[-1]["gates"][0]["verdict"] == "pass"
    assert all(look["gates"][0]["verdict"] == "inconclusive" for look in taken[:-1])
    counts = _gate(done, "parity")["n"]
    assert counts["seeds" if "after_seeds" in looks else "items"] == taken[-1]["after"]

    bundle = project.folder / done.report["evidence"]["path"] / "evidence.json"
    record = json.loads(bundle.read_text(encoding="utf-8"))
    assert record["looks"]["taken"] == len(taken)
    assert len(record["looks"]["levels"]["parity"]) == 3
    again = project.qgate("judge", done.report["evidence"]["path"], "--format", "json")
    assert again.out == done.out
    shown = project.qgate("judge", done.report["evidence"]["path"])
    assert f"Look 1 after {taken[0]['after']} " in shown.out


def test_an_undecided_run_goes_on_to_the_end(project: Project) -> None:
    def change(document: Document) -> None:
        document["schedule"] = {"seeds": [1, 2, 3, 4], "shots": [64], "looks": {"after_seeds": [3]}}
        document["gates"][0]["max"] = 0.04

    done = _run(project, change, "--even-if-underpowered")
    assert [look["after"] for look in done.report["looks"]] == [3, 4]
    assert _gate(done, "parity")["n"]["seeds"] == 4


def test_attempts_are_told_shared_and_refused(project: Project) -> None:
    def change(document: Document) -> None:
        document["attempts"] = {"max": 2, "spend": True}

    first = _run(project, change)
    assert first.code == ExitCode.PASS, first.out
    assert _gate(first, "parity")["interval"]["confidence"] == pytest.approx(0.975)
    shown = project.qgate("judge", first.report["evidence"]["path"])
    assert "Attempt 1 of at most 2 on this lock" in " ".join(shown.out.split())
    second = project.qgate("run", "pilot.yaml", "--fresh", "--format", "json")
    assert second.report["attempts"]["error_so_far"] == pytest.approx(1 - 0.975**2)
    third = project.qgate("run", "pilot.yaml", "--fresh")
    assert third.code == ExitCode.USAGE
    assert "pilot.yaml:" in third.err
    assert "attempt 3 on this lock, and the charter allows 2" in third.err


def test_retries_without_sharing_are_worth_less(project: Project) -> None:
    _run(project, _as_it_is)
    project.qgate("run", "pilot.yaml", "--fresh", "-q")
    third = project.qgate("run", "pilot.yaml", "--fresh")
    words = " ".join(third.out.split())
    assert "Attempt 3 on this lock: a pass after retries is worth less." in words
    assert "up to 14.3% of the time" in words


def test_a_gate_in_shadow_is_shown_and_decides_nothing(project: Project) -> None:
    def change(document: Document) -> None:
        document["gates"].append(
            {**document["gates"][0], "name": "dream", "max": -0.5, "mode": "shadow"}
        )

    done = _run(project, change)
    assert done.code == ExitCode.PASS, done.out
    assert done.report["decision"] == "promote"
    dream = _gate(done, "dream")
    assert (dream["verdict"], dream["mode"]) == ("fail", "shadow")
    shown = project.qgate("judge", done.report["evidence"]["path"])
    assert "In shadow: judged and shown, deciding nothing" in shown.out
    junit = project.qgate("judge", done.report["evidence"]["path"], "--format", "junit")
    assert 'failures="0"' in junit.out
    assert "in shadow, fail" in junit.out


def test_a_multiple_of_the_baselines_latency_can_fail_a_fast_candidate(project: Project) -> None:
    def change(document: Document) -> None:
        document["pilot"]["success_metrics"] = [
            {"name": "latency_p95_ms", "max": 10_000, "max_vs_baseline": 0.001}
        ]

    done = _run(project, change)
    assert done.code == ExitCode.GATE_FAILED
    gate = _gate(done, "latency_p95_ms")
    assert gate["threshold"] == {"max": 10_000, "max_vs_baseline": 0.001}
    assert gate["relative"]["low"] > 0.001
    assert gate["interval"]["high"] < 10_000
    assert "times the baseline's" in gate["reason"]


def test_equivalence_within_a_margin(project: Project) -> None:
    def change(document: Document) -> None:
        del document["gates"][0]["max"]
        document["gates"][0]["within"] = 0.2

    done = _run(project, change)
    gate = _gate(done, "parity")
    assert gate["verdict"] == "pass"
    assert gate["threshold"] == {"min": -0.2, "max": 0.2}
    assert gate["comparisons"]["equivalence p (TOST)"][0] < 0.05


def _regression(document: Document) -> None:
    document["data"].update(target="mean_area", task="regression")
    document["data"]["features"] = ["mean_radius", "mean_texture", "mean_smoothness"]
    document["baseline"] = {
        "id": "ridge",
        "preprocess": ["sklearn.preprocessing.StandardScaler"],
        "estimator": "sklearn.linear_model.Ridge",
    }
    document["candidate"] = {
        "id": "svr",
        "preprocess": ["sklearn.preprocessing.StandardScaler"],
        "estimator": "sklearn.svm.SVR",
        "params": {"C": 1000.0},
    }
    document["schedule"] = {"seeds": [1, 2, 3, 4, 5]}
    document["gates"][0].update(
        metric="val_rmse_gap_vs_classical", max=20.0, remediation=[{"rerun": "parity"}]
    )


def test_numbers_are_judged_by_their_error(project: Project) -> None:
    done = _run(project, _regression)
    gate = _gate(done, "parity")
    assert gate["unit"] == "target units"
    assert gate["baseline_value"] > 0
    assert gate["interval"]["low"] < gate["value"] < gate["interval"]["high"]
    assert "Deterministic in the seed" in gate["reason"]


def test_splits_drawn_anew_take_the_corrected_t(project: Project) -> None:
    def change(document: Document) -> None:
        _regression(document)
        document["data"]["validation"]["resample"] = True

    done = _run(project, change, "--even-if-underpowered")
    gate = _gate(done, "parity")
    assert "corrected resampled t over 5 splits (Nadeau and Bengio 2003)" in gate["method"]
    assert gate["n"]["seeds"] == 5
    assert gate["interval"]["low"] < gate["value"] < gate["interval"]["high"]


def test_the_last_evidence_prices_the_next_plan(project: Project) -> None:
    done = _run(project, _as_it_is)
    path = done.report["evidence"]["path"]
    plan = project.qgate("plan", "pilot.yaml", "--from", path)
    assert plan.code == ExitCode.PASS, plan.err
    assert f"variance as in {done.report['evidence']['digest'][:12]}" in plan.out
    bad = project.qgate("plan", "pilot.yaml", "--from", "nowhere")
    assert bad.code == ExitCode.USAGE


def test_past_evidence_of_another_question_is_refused(project: Project) -> None:
    path = _run(project, _as_it_is).report["evidence"]["path"]
    project.write(_regression)
    project.qgate("lock", "pilot.yaml", "--reason", "numbers")
    done = project.qgate("plan", "pilot.yaml", "--from", path)
    assert done.code == ExitCode.USAGE
    assert "that evidence is of classification of 'malignant'" in done.err


def test_a_stale_lock_is_told_before_the_run(project: Project) -> None:
    _run(project, _as_it_is)
    project.write(lambda document: document["schedule"].update(replicates=3))
    done = project.qgate("plan", "pilot.yaml")
    words = " ".join(done.out.split())
    assert "this is not what was locked, so the gate will fail" in words
    assert "replicates: locked 2, now 3" in words
    assert "qgate lock pilot.yaml --reason" in words


def test_what_other_terms_would_decide_is_called_so(project: Project) -> None:
    path = _run(project, _as_it_is).report["evidence"]["path"]
    project.write(lambda document: document["gates"][0].update(max=0.3))
    shown = project.qgate("judge", path, "--charter", "pilot.yaml")
    assert shown.out.startswith(" WOULD PROMOTE ")
    flat = " ".join(shown.out.split())
    assert "nothing follows for traffic" in flat
    assert "--charter pilot.yaml" in flat
    told = project.qgate("judge", path, "--charter", "pilot.yaml", "--format", "json").report
    assert told["hypothetical"] is True


def test_a_slice_cannot_write_to_the_terminal(project: Project) -> None:
    evil = "\x1b[2J\x1b[H PROMOTE"
    _with_column(
        project.folder / "data.csv",
        "site",
        lambda row: evil if float(row["mean_radius"]) > 13 else "",
    )

    def change(document: Document) -> None:
        document["data"]["slice"] = "site"
        document["gates"][0].update(slices="all", max=0.001)

    done = _run(project, change, "--even-if-underpowered")
    for form in ("terminal", "markdown", "junit"):
        shown = project.qgate("judge", done.report["evidence"]["path"], "--format", form)
        assert "\x1b" not in shown.out
    assert "(empty)" in project.qgate("judge", done.report["evidence"]["path"]).out


def test_a_very_early_look_is_taken_and_decides_nothing(project: Project) -> None:
    def change(document: Document) -> None:
        document["schedule"] = {"seeds": [1, 2, 3], "shots": [512], "looks": {"after_items": [9]}}

    done = _run(project, change)
    first = done.report["looks"][0]["gates"][0]
    assert (first["verdict"], first["confidence"]) == ("inconclusive", 1 - 1e-10)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_value_that_only_a_fit_refuses_has_its_line(project: Project, workers: str) -> None:
    def change(document: Document) -> None:
        del document["candidate"]["quantum_kernel"]
        document["candidate"] |= {"estimator": "braket_kernel", "params": {"entangler": "swap"}}
        document["gates"][0]["remediation"] = [{"restore": "classical_v1"}]

    project.write(change)
    assert project.qgate("lock", "pilot.yaml").code == ExitCode.PASS
    done = project.qgate("run", "pilot.yaml", "--workers", workers)
    assert done.code == ExitCode.USAGE
    line = project.charter.read_text(encoding="utf-8").splitlines().index("    entangler: swap") + 1
    assert f"pilot.yaml:{line}:5: params.entangler: 'swap' is none of cz, cnot, none" in done.err


def test_the_strongest_baseline_is_picked_on_training_rows_and_told(project: Project) -> None:
    def change(document: Document) -> None:
        document["baseline"] = "strongest"
        document["tuning"] = {"budget": 4, "cv": 2}
        document["rollback"]["traffic"] = "blue_green_to_strongest"

    done = _run(project, change)
    tuned = done.report["tuning"]
    assert {arm["configurations"] for arm in tuned.values()} == {4}
    family = tuned["baseline"]["chosen"]["family"]
    assert family in ("logistic_regression", "rbf_svc", "gradient_boosting", "mlp")
    rules = {rule["name"]: rule["kept"] for rule in done.report["comparison"]}
    assert rules["equal tuning"]
    assert rules["strong baseline"]
    again = project.qgate("run", "pilot.yaml", "--workers", "2", "--format", "json").report
    assert again["evidence"]["digest"] == done.report["evidence"]["digest"]
