"""Calibrating: what a user reads, what a program reads, and what is left behind: nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qgate.charter.schema import findings_against
from qgate.charter.yaml_reader import Source
from qgate.errors import ExitCode
from tests.integration.conftest import ROOT, Project, qgate


def gates(report: dict[str, Any], **where: Any) -> list[dict[str, Any]]:
    """Return the rows that have these values."""
    return [row for row in report["rows"] if all(row[key] == where[key] for key in where)]


def test_a_charter_is_calibrated_and_nothing_is_counted(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    done = project.qgate("calibrate", "pilot.yaml", "--replicates", "20", "--format", "json")
    assert done.code == ExitCode.PASS, done.out + done.err
    report = done.report
    assert findings_against("calibration.v1.json", Source("", report, {})) == []
    (equal,) = gates(report, world="A/A: arms swapped")
    assert equal["counts"]["fail"] == 0
    assert equal["false_alarm"]["share"] == 0
    (twice,) = gates(report, world="flipped predictions", dose=2.0)
    assert twice["planted"] == pytest.approx(0.4)
    assert twice["measured"] == pytest.approx(0.4, abs=0.05)
    assert twice["detection"]["share"] == 1
    (updated,) = gates(report, world="silently updated baseline", dose=1.0)
    assert updated["counts"]["fail"] == 20
    assert not (project.folder / ".qgate" / "evidence").exists()
    log = (project.folder / ".qgate" / "log.jsonl").read_text(encoding="utf-8")
    entries = [json.loads(line) for line in log.splitlines()]
    assert [entry["action"] for entry in entries] == ["lock", "calibrate"]
    shots = entries[1]["facts"]["spending"]["shots"]
    run = project.qgate("run", "pilot.yaml", "--format", "json").report
    assert run["attempt"] == 1
    spent = project.qgate("spending", "--format", "json").report
    assert str(shots) in json.dumps(spent)  # its trials are counted once: the run took them
    again = project.qgate("calibrate", "pilot.yaml", "--replicates", "20", "--format", "json")
    assert again.out == done.out


def test_stored_evidence_is_calibrated_without_running(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    path = project.qgate("run", "pilot.yaml", "--format", "json").report["evidence"]["path"]
    (project.folder / "data.csv").unlink()
    done = project.qgate(
        "calibrate", "pilot.yaml", "--evidence", path, "--replicates", "20", "--format", "json"
    )
    assert done.code == ExitCode.PASS, done.err
    assert gates(done.report, world="A/A: against itself") == []
    reasons = [skipped["reason"] for skipped in done.report["not_tried"]]
    assert "no arm was run: evidence was given" in reasons

    def tighter(document: dict[str, Any]) -> None:
        document["gates"][0]["max"] = 0.002

    project.write(tighter)
    blind = project.qgate("calibrate", "pilot.yaml", "--evidence", path, "--replicates", "20")
    assert blind.code == ExitCode.INCONCLUSIVE
    assert "parity is blind" in blind.out
    assert "qgate plan pilot.yaml" in blind.out
    project.write(lambda document: document["candidate"].update(id="never_run"))
    other = project.qgate("calibrate", "pilot.yaml", "--evidence", path)
    assert other.code == ExitCode.USAGE
    assert "candidate differ from the evidence's charter" in other.err


def test_an_example_reads_well_in_a_terminal(tmp_path: Path) -> None:
    charter = str(ROOT / "charters/hold.yaml")
    done = qgate("calibrate", charter, "--replicates", "20", cwd=tmp_path, COLUMNS="80")
    assert done.code in (ExitCode.PASS, ExitCode.INCONCLUSIVE), done.err
    assert "gates tell a regression at twice their tolerance" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert "slowed latencies" in done.out
    assert "(modelled)" in done.out
    assert "█" in done.out
    assert "qgate: calibrate" in done.err


def test_a_terminal_without_blocks_gets_plain_marks(project: Project) -> None:
    done = project.qgate(
        "calibrate", "pilot.yaml", "--replicates", "10",
        PYTHONIOENCODING="ascii", COLUMNS="120",
    )  # fmt: skip
    assert done.out.isascii()
    assert "|....." in done.out
    assert max(map(len, done.out.splitlines())) <= 120


def test_usage_errors_say_what_is_wrong(project: Project) -> None:
    for arguments, said in (
        (["absent.yaml"], "absent.yaml"),
        (["pilot.yaml", "--format", "pdf"], "expected one of terminal, json"),
        (["pilot.yaml", "--output", "x.pdf"], "name its --format"),
        (["pilot.yaml", "--evidence", "abcdef"], "abcdef"),
        (["pilot.yaml", "--replicates", "0"], "replicates"),
    ):
        done = project.qgate("calibrate", *arguments)
        assert done.code == ExitCode.USAGE, (arguments, done)
        assert said in done.err


def test_a_file_takes_the_report(project: Project) -> None:
    done = project.qgate(
        "calibrate", "pilot.yaml", "--replicates", "10", "--output", "found.txt", "--quiet"
    )
    # Without a lock two gates cannot be measured, which is said, not hidden.
    assert done.code == ExitCode.INCONCLUSIVE
    assert (done.out, done.err) == ("", "")
    text = (project.folder / "found.txt").read_text(encoding="utf-8")
    assert "baseline_drift is blind" in text
    assert "It could not be measured at all." in text
