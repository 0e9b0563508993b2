"""Running: exit codes one by one, locks, determinism, interruption, refusals."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import qgate.errors
from qgate.cli import main
from qgate.errors import ExitCode, QgateError
from tests.integration.conftest import Project


def test_a_locked_run_promotes_and_repeats_its_digest(project: Project) -> None:
    assert project.qgate("lock", "pilot.yaml").code == ExitCode.PASS
    first = project.qgate("run", "pilot.yaml", "--format", "json")
    assert first.code == ExitCode.PASS, first.out
    again = project.qgate_alone("run", "pilot.yaml", "--fresh", "--format", "json")
    assert again.report["evidence"]["digest"] == first.report["evidence"]["digest"]
    assert (first.report["attempt"], again.report["attempt"]) == (1, 2)
    path = again.report["evidence"]["path"]
    assert project.qgate("judge", path, "--format", "json").out == again.out


def test_judging_by_a_charter_of_another_experiment_is_refused(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    path = project.qgate("run", "pilot.yaml", "--format", "json").report["evidence"]["path"]
    project.write(lambda document: document["candidate"].update(id="never_run"))
    done = project.qgate("judge", path, "--charter", "pilot.yaml")
    assert done.code == ExitCode.USAGE
    assert "candidate differ from the evidence's charter" in done.err


def test_workers_change_no_digest(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    digests = set()
    for workers in ("1", "2"):
        folder = project.folder / workers
        folder.mkdir()
        done = project.qgate(
            "run", "pilot.yaml", "--format", "json", "--workers", workers,
            "--evidence", str(folder),
        )  # fmt: skip
        digests.add(done.report["evidence"]["digest"])
        for entry in (project.folder / ".qgate" / "trials").rglob("*.json"):
            entry.unlink()
    assert len(digests) == 1


def test_without_a_lock_nothing_runs_unless_it_is_to_run_regardless(project: Project) -> None:
    refused = project.qgate("run", "pilot.yaml")
    assert refused.code == ExitCode.USAGE
    assert "pilot.yaml:2:1: there is no lock yet" in refused.err
    assert "qgate lock pilot.yaml" in refused.err
    assert "qgate explain QG-F10" in refused.err
    assert not (project.folder / ".qgate").exists()
    done = project.qgate("run", "pilot.yaml", "--even-if-underpowered", "--format", "json")
    assert done.code == ExitCode.COULD_NOT_RUN
    assert done.report["decision"] == "hold"
    gate = next(g for g in done.report["gates"] if g["name"] == "reproducibility")
    assert gate["verdict"] == "error"
    assert "qgate lock pilot.yaml" in gate["reason"]


def test_a_changed_input_fails_reproducibility_by_name_and_value(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    data = (project.folder / "data.csv").read_text(encoding="utf-8").splitlines()
    data[300] = data[300].replace(data[300].split(",")[0], "99.5")
    (project.folder / "data.csv").write_text("\n".join(data) + "\n", encoding="utf-8")
    done = project.qgate("run", "pilot.yaml", "--format", "json")
    assert done.code == ExitCode.GATE_FAILED
    gate = next(g for g in done.report["gates"] if g["name"] == "reproducibility")
    assert gate["verdict"] == "fail"
    assert "data bytes: data.csv locked" in gate["reason"]
    assert "data content: locked" in gate["reason"]


def test_a_silently_changed_baseline_is_found(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    lock = project.folder / "pilot.lock.json"
    document = json.loads(lock.read_text(encoding="utf-8"))
    document["baseline"]["predictions"] = "0" * 64
    document["baseline"]["score"]["accuracy"] = 0.5
    lock.write_text(json.dumps(document), encoding="utf-8")
    done = project.qgate("run", "pilot.yaml", "--format", "json")
    gate = next(g for g in done.report["gates"] if g["name"] == "baseline_drift")
    assert gate["verdict"] == "fail"
    assert "0.5000" in gate["reason"]
    assert done.code == ExitCode.GATE_FAILED


def test_a_differing_lock_needs_a_reason_which_it_keeps(project: Project) -> None:
    assert project.qgate("lock", "pilot.yaml").code == ExitCode.PASS
    assert "up to date" in project.qgate("lock", "pilot.yaml").out
    before = (project.folder / "pilot.lock.json").read_bytes()
    project.write(lambda document: document["schedule"].update(seeds=[4, 5, 6]))
    refused = project.qgate("lock", "pilot.yaml")
    assert refused.code == ExitCode.USAGE
    assert "seeds: locked [1, 2, 3], now [4, 5, 6]" in refused.err
    assert "--reason" in refused.err
    assert (project.folder / "pilot.lock.json").read_bytes() == before
    assert project.qgate("lock", "pilot.yaml", "--reason", "new seeds").code == ExitCode.PASS
    lock = json.loads((project.folder / "pilot.lock.json").read_text(encoding="utf-8"))
    assert [change["reason"] for change in lock["changes"]] == ["new seeds"]


def test_the_expected_evidence_can_be_locked(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    digest = project.qgate("run", "pilot.yaml", "--format", "json").report["evidence"]["digest"]
    assert project.qgate("lock", "pilot.yaml", "--evidence", digest[:12]).code == ExitCode.PASS
    again = project.qgate("run", "pilot.yaml", "--format", "json")
    assert again.code == ExitCode.PASS
    gate = next(g for g in again.report["gates"] if g["name"] == "reproducibility")
    assert "evidence digest as locked" in gate["reason"]
    lock = project.folder / "pilot.lock.json"
    lock.write_text(lock.read_text(encoding="utf-8").replace(digest, "f" * 64), encoding="utf-8")
    other = project.qgate("run", "pilot.yaml", "--format", "json")
    assert other.code == ExitCode.GATE_FAILED


def test_an_undecidable_gate_is_refused_before_any_trial(project: Project) -> None:
    project.write(lambda document: document["gates"][0].update(max=0.012))
    project.qgate("lock", "pilot.yaml")
    log = project.folder / ".qgate" / "log.jsonl"
    before = log.read_bytes()
    for command in ("plan", "run"):
        done = project.qgate(command, "pilot.yaml")
        assert done.code == ExitCode.USAGE
        assert "pilot.yaml:" in done.out + done.err
        assert "so it cannot be decided" in done.out + done.err
        assert "validation items" in done.out + done.err
        assert "[QG-F11]" in done.out + done.err
    assert log.read_bytes() == before
    forced = project.qgate("run", "pilot.yaml", "--even-if-underpowered", "--format", "json")
    assert forced.report["gates"][0]["verdict"] in ("inconclusive", "fail")


def test_a_budget_is_kept(project: Project) -> None:
    project.write(lambda document: document.update(budget={"shots": 1000}))
    done = project.qgate("run", "pilot.yaml")
    assert done.code == ExitCode.USAGE
    assert "the budget allows 1,000" in done.err
    assert "[QG-F12]" in done.err


def test_a_candidate_that_cannot_be_fitted_is_an_error_not_a_pass(project: Project) -> None:
    project.write(lambda d: d["candidate"]["quantum_kernel"].update(params={"C": -1.0}))
    project.qgate("lock", "pilot.yaml")
    done = project.qgate("run", "pilot.yaml", "--format", "json")
    assert done.code == ExitCode.COULD_NOT_RUN
    parity = done.report["gates"][0]
    assert parity["verdict"] == "error"
    assert "InvalidParameterError" in parity["reason"]


def test_usage_errors_exit_2_and_say_what_to_type(project: Project) -> None:
    for arguments in (
        ["run"],
        ["run", "pilot.yaml", "--no-such-option"],
        ["nonsense"],
        ["run", "absent.yaml"],
        ["judge", "abcdef"],
        ["run", "pilot.yaml", "--format", "pdf"],
        ["run", "pilot.yaml", "--format", "json", "--format", "junit"],
        ["run", "pilot.yaml", "--fail-on", "never"],
        ["rollback", "pilot.yaml"],
        ["init", "--data", "absent.csv"],
        ["report", "."],
        ["run", "pilot.yaml", "--output", "."],
        ["run", "pilot.yaml", "--evidence", "data.csv"],
        ["lock", "pilot.yaml", "--evidence", "abc", "--reason", "both"],
        ["init", "--data", "data.csv", "--target", "malignant", "--owner", "x", "--name", "../x"],
    ):
        done = project.qgate(*arguments)
        assert done.code == ExitCode.USAGE, (arguments, done)
        assert done.err.strip(), arguments


def test_a_bug_exits_70_with_a_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("qgate.pipeline.check", broken)
    (tmp_path / "pilot.yaml").write_text("version: 1\n", encoding="utf-8")
    assert main(["check", "pilot.yaml"]) == ExitCode.BUG
    reports = list((tmp_path / ".qgate").glob("crash-*.txt"))
    assert len(reports) == 1
    assert "planted" in reports[0].read_text(encoding="utf-8")
    assert str(reports[0].name) in capsys.readouterr().err


def test_a_full_disk_exits_30(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("qgate.pipeline.check", full)
    (tmp_path / "pilot.yaml").write_text("version: 1\n", encoding="utf-8")
    assert main(["check", "pilot.yaml"]) == ExitCode.COULD_NOT_RUN
    assert "No space left" in capsys.readouterr().err


def test_no_exit_code_is_1_and_errors_own_theirs() -> None:
    assert 1 not in [int(code) for code in ExitCode]
    classes = [
        cls
        for cls in vars(qgate.errors).values()
        if isinstance(cls, type) and issubclass(cls, QgateError)
    ]
    assert {cls.exit_code for cls in classes} <= set(ExitCode)


def test_a_damaged_cache_entry_is_reported_and_run_again(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    first = project.qgate("run", "pilot.yaml", "--format", "json")
    entry = next((project.folder / ".qgate" / "trials").rglob("*.json"))
    entry.write_bytes(entry.read_bytes()[:100])
    shutil.rmtree(project.folder / ".qgate" / "runs")  # else nothing is run at all
    again = project.qgate("run", "pilot.yaml", "--format", "json")
    assert "damaged" in again.err
    assert again.report["evidence"]["digest"] == first.report["evidence"]["digest"]


def test_init_writes_a_charter_that_runs(project: Project) -> None:
    done = project.qgate(
        "init", "made", "--data", "data.csv", "--target", "malignant", "--owner", "me@example.com",
        "--name", "pilot_two",
    )  # fmt: skip
    assert done.code == ExitCode.PASS, done.err
    checked = project.qgate("check", "made/pilot_two.yaml")
    assert checked.code == ExitCode.PASS, checked.out
    assert "0 error(s), 0 warning(s)" in checked.out
    assert project.qgate("plan", "made/pilot_two.yaml").code == ExitCode.PASS
    assert project.qgate("init", "made", "--data", "data.csv", "--target", "malignant",
                         "--owner", "x", "--name", "pilot_two").code == ExitCode.USAGE  # fmt: skip


def test_init_asks_on_a_terminal(project: Project) -> None:
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "qgate", "init"],
        cwd=project.folder, stdin=slave, stdout=slave, stderr=slave,
    ) as process:  # fmt: skip
        os.close(slave)
        for question, answer in ((b"Data", b"data.csv"), (b"Target", b""), (b"Owner", b"me@x.org")):
            seen = b""
            while question not in seen:
                seen += os.read(master, 1024)
            os.write(master, answer + b"\n")
        while process.poll() is None:
            try:
                os.read(master, 1024)
            except OSError:
                break
        assert process.wait(timeout=30) == ExitCode.PASS
    os.close(master)
    assert project.qgate("check", "data.yaml").code == ExitCode.PASS


def test_progress_goes_to_stderr_and_quiet_stills_it(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    loud = project.qgate("run", "pilot.yaml", "--format", "json")
    assert "run trials (9)" in loud.err
    assert loud.report
    quiet = project.qgate("run", "pilot.yaml", "--format", "json", "--quiet")
    assert quiet.err == ""


def test_recorded_predictions_give_the_verdict_of_the_run_that_made_them(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    first = project.qgate("run", "pilot.yaml", "--format", "json").report
    bundle = project.folder / first["evidence"]["path"] / "evidence.json"
    record = json.loads(bundle.read_text(encoding="utf-8"))
    rows = [
        f"{item},{trial['seed']},512,{trial['replicate']},{record['classes'][code]}"
        for trial in record["trials"]
        if trial["arm"] == "candidate"
        for item, code in enumerate(trial["predictions"])
    ]
    text = "\n".join(["item,seed,shots,replicate,prediction", *rows])
    (project.folder / "device.csv").write_text(text + "\n", encoding="utf-8")

    def recorded(document: dict[str, Any]) -> None:
        document["candidate"] = {"id": "device_v1", "recorded": {"path": "device.csv"}}
        document["gates"][0]["remediation"] = [{"restore": "classical_v1"}]

    project.write(recorded)
    second = project.qgate("run", "pilot.yaml", "--format", "json").report
    for key in ("value", "interval", "verdict", "n"):
        assert second["gates"][0][key] == first["gates"][0][key]
    (project.folder / "device.csv").write_text(text.rpartition("\n")[0] + "\n", encoding="utf-8")
    broken = project.qgate("run", "pilot.yaml")
    assert broken.code == ExitCode.USAGE
    assert "device.csv:1:1: seed 3, shots 512, replicate 1 lacks 1 of 285 items: 284" in broken.err
