"""Incidents, recorded rollbacks and the audit log, as a person at the command line meets them."""

from __future__ import annotations

import datetime
import json
import os
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from qgate.charter.schema import load_schema
from qgate.errors import ExitCode
from qgate.evidence.audit_log import AuditLog
from tests.integration.conftest import Project, new_project

RUN = ("run", "pilot.yaml", "--production", "--even-if-underpowered")
WHO = {"QGATE_ACTOR": "dev@example.com"}


def _failing(document: dict[str, Any]) -> None:
    document["gates"].append(
        {
            "name": "floor",
            "metric": "val_accuracy",
            "min": 0.999,
            "owner": "floor@example.com",
            "remediation": [{"restore": "classical_v1"}],
        }
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project whose candidate served production when one of its gates failed."""
    project = new_project(tmp_path_factory.mktemp("ran"))
    project.write(_failing)
    assert project.qgate("lock", "pilot.yaml", "--quiet", **WHO).code == ExitCode.PASS
    done = project.qgate(*RUN, "--format", "json", **WHO)
    assert done.code == ExitCode.GATE_FAILED, done.err
    assert done.report["decision"] == "rollback"  # stdout is JSON alone
    assert f"incident {_id(1)} opened\n  qgate incident show {_id(1)}\n" in done.err
    return project


@pytest.fixture
def project(ran: Project, tmp_path: Path) -> Project:
    shutil.copytree(ran.folder, tmp_path / "copy")
    return Project(tmp_path / "copy")


def _id(number: int) -> str:
    return f"{datetime.datetime.now(datetime.UTC).date()}-small-{number}"


def _log(project: Project) -> AuditLog:
    return AuditLog(project.folder / ".qgate" / "log.jsonl")


def _bundle(project: Project) -> str:
    (bundle,) = (project.folder / ".qgate" / "evidence").iterdir()
    return str(bundle.relative_to(project.folder))


def test_a_failed_production_gate_is_an_incident_from_opening_to_closing(project: Project) -> None:
    listed = project.qgate("incident", "list", COLUMNS="80")
    assert listed.code == ExitCode.PASS
    assert "floor  " in listed.out
    assert "floor@example.com" in listed.out
    shown = project.qgate("incident", "show", _id(1)[:4], "--format", "json")
    assert shown.err == ""  # it is what the log says
    document = shown.report
    jsonschema.Draft7Validator(load_schema("incident.v1.json")).validate(document)
    assert document["state"] == "open"
    assert document["clauses"][0]["gate"] == "floor"
    manifest = json.loads((project.folder / _bundle(project) / "manifest.json").read_bytes())
    assert document["digests"]["bundle"] == manifest["digest"]
    assert document["digests"]["evidence"] == manifest["members"]["evidence.json"]["sha256"]
    file = project.folder / ".qgate" / "incidents" / f"{_id(1)}.json"
    assert json.loads(file.read_bytes()) == document
    markdown = project.qgate("incident", "show", _id(1), "--format", "markdown").out
    assert file.with_suffix(".md").read_text(encoding="utf-8") == markdown

    for reason in ("", "  \n", "a\x1b[31mb", "\u202e"):
        refused = project.qgate("incident", "close", _id(1), "--reason", reason)
        assert refused.code == ExitCode.USAGE
        assert "--reason" in refused.err
    closing = ("incident", "close", _id(1), "--reason", "wrong scaler")
    empty = project.qgate(*closing, "--remediation", " ")
    assert (empty.code, "--remediation is empty" in empty.err) == (ExitCode.USAGE, True)
    assert project.qgate(*closing, "--remediation", "scaler fixed", **WHO).code == ExitCode.PASS
    twice = project.qgate(*closing)
    assert twice.code == ExitCode.USAGE
    assert "by dev@example.com: wrong scaler" in twice.err
    assert "no open incident" in project.qgate("incident", "list").out
    assert "(closed)" in project.qgate("incident", "list", "--all").out
    entries = _log(project).entries()
    actions = ["lock", "start", "run", "incident", "incident"]
    assert [entry.action for entry in entries] == actions
    assert [entry.facts.get("what") for entry in entries[3:]] == ["opened", "closed"]
    assert {entry.actor for entry in entries} == {"dev@example.com"}
    assert entries[-1].reason == "wrong scaler"


def test_the_same_failure_again_is_noted_in_the_open_incident(project: Project) -> None:
    bundle = _bundle(project)  # a copied project's run is another's: the next one is its own
    again = project.qgate("judge", bundle, "--production", "--quiet")
    assert again.code == ExitCode.GATE_FAILED
    assert f"incident {_id(1)} is open already" in again.err
    rerun = project.qgate(*RUN, "--quiet")
    assert rerun.code == ExitCode.GATE_FAILED
    assert f"incident {_id(1)} is open already" in rerun.err
    timeline = project.qgate("incident", "show", _id(1), "--format", "json").report["timeline"]
    assert [event["what"].partition(" ")[0] for event in timeline] == ["again:", "again:"]
    project.qgate("incident", "close", _id(1), "--reason", "over")
    new = project.qgate("judge", bundle, "--production", "--quiet")
    assert f"incident {_id(2)} opened" in new.err


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_steps_back_are_wrapped(project: Project, columns: str) -> None:
    project.write(lambda document: document["pilot"].update(owner="x" * 30 + "@example.com"))
    done = project.qgate("rollback", "pilot.yaml", "--dry-run", COLUMNS=columns)
    assert done.code == ExitCode.PASS
    assert 70 < max(map(len, done.out.splitlines())) <= int(columns)


def test_without_the_flag_and_without_a_failure_no_incident_is_opened(project: Project) -> None:
    shutil.rmtree(project.folder / ".qgate" / "incidents")
    assert project.qgate("judge", _bundle(project)).code == ExitCode.GATE_FAILED
    project.write()  # without the gate that failed
    project.qgate("lock", "pilot.yaml", "--reason", "other gates", "--quiet")
    assert project.qgate(*RUN, "--quiet").code == ExitCode.PASS
    assert not (project.folder / ".qgate" / "incidents").exists()


def test_what_would_be_opens_no_incident(project: Project) -> None:
    project.write()
    done = project.qgate("judge", _bundle(project), "--charter", "pilot.yaml", "--production")
    assert done.code == ExitCode.USAGE
    assert "leave out --charter" in done.err


def test_a_log_that_cannot_be_written_hides_no_failed_gate(project: Project) -> None:
    _log(project).path.write_bytes(b"damaged\n")
    done = project.qgate("judge", _bundle(project), "--production", "--format", "json")
    assert done.code == ExitCode.GATE_FAILED
    assert done.report["decision"] == "rollback"
    assert "warning" in done.err
    assert "log.jsonl:1:1: this entry was changed" in done.err


def test_a_rollback_is_recorded_in_the_open_incident(project: Project) -> None:
    done = project.qgate("rollback", "pilot.yaml", "--done", "--reason", "alarm at 14:02", **WHO)
    assert done.code == ExitCode.PASS
    assert f"noted in incident {_id(1)}" in done.out
    document = project.qgate("incident", "show", _id(1), "--format", "json").report
    said = "all traffic sent back to classical_v1 (blue_green): alarm at 14:02"
    assert document["remediation_taken"] == [said]
    assert document["timeline"][-1]["what"] == "rolled back to classical_v1: alarm at 14:02"
    rollback, noted = _log(project).entries()[-2:]
    assert (rollback.action, rollback.reason, rollback.pilot) == (
        "rollback",
        "alarm at 14:02",
        "small",
    )
    assert (noted.action, noted.facts["what"]) == ("incident", "noted")


@pytest.mark.parametrize("named", [False, True], ids=["without evidence", "with evidence"])
def test_a_rollback_without_an_open_incident_opens_one(project: Project, named: bool) -> None:
    project.qgate("incident", "close", _id(1), "--reason", "over")
    evidence = ("--evidence", _bundle(project)) if named else ()
    done = project.qgate("rollback", "pilot.yaml", "--done", "--reason", "alarm", *evidence)
    assert done.code == ExitCode.PASS, done.err
    assert f"opened incident {_id(2)}" in done.out
    document = project.qgate("incident", "show", _id(2), "--format", "json").report
    assert (document["cause"], document["state"]) == ("rollback", "open")
    assert len(document["remediation_taken"]) == 1
    assert [clause["gate"] for clause in document["clauses"]] == (["floor"] if named else [])
    assert set(document["digests"]) == ({"evidence", "observations", "bundle"} if named else set())
    assert "(rollback)" in project.qgate("incident", "list").out or named


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--done",), "--done needs --reason"),
        (("--done", "--reason", " "), "--reason is empty"),
        (("--done", "--dry-run", "--reason", "x"), "give one"),
        (("--reason", "x"), "go with --done"),
        (("--dry-run", "--evidence", "x"), "go with --done"),
        ((), "qgate drives no router"),
        (("--done", "--reason", "x", "--evidence", "nowhere"), "no evidence 'nowhere'"),
    ],
    ids=str,
)
def test_a_rollback_that_is_not_said_clearly_is_refused(
    project: Project, arguments: tuple[str, ...], told: str
) -> None:
    before = _log(project).head()
    done = project.qgate("rollback", "pilot.yaml", *arguments)
    assert done.code == ExitCode.USAGE
    assert told in done.err
    assert _log(project).head() == before


def test_a_damaged_incident_is_told_with_its_place_and_hides_no_other(project: Project) -> None:
    project.qgate("incident", "close", _id(1), "--reason", "over")
    project.qgate("judge", _bundle(project), "--production", "--quiet")
    path = project.folder / ".qgate" / "incidents" / f"{_id(1)}.json"
    path.write_bytes(path.read_bytes()[:-1])
    listed = project.qgate("incident", "list", "--all")
    assert listed.code == ExitCode.USAGE
    assert f".qgate/incidents/{_id(1)}.json:1:1: damaged" in listed.err
    assert _id(2) in listed.out
    assert project.qgate("incident", "show", _id(1)).code == ExitCode.USAGE
    assert project.qgate("incident", "show", _id(2)).code == ExitCode.PASS
    assert project.qgate("incident", "show", "nonsense").code == ExitCode.USAGE
    assert project.qgate("incident", "list", "--format", "xml").code == ExitCode.USAGE


def test_a_change_by_hand_is_told(project: Project) -> None:
    log = _log(project)
    log.append("incident", pilot="small", digests={}, facts={"incident": _id(1), "what": "noted"})
    shown = project.qgate("incident", "show", _id(1))
    assert shown.code == ExitCode.PASS
    assert "is not what the audit log's last entry on it says" in shown.err


def test_the_log_is_filtered_by_each_of_its_columns(project: Project) -> None:
    project.qgate("incident", "close", _id(1), "--reason", "over", QGATE_ACTOR="sre@example.com")
    contract = _log(project).entries()[1].digests["contract"]

    def numbers(*arguments: str) -> list[int]:
        done = project.qgate("log", "--format", "json", *arguments)
        assert done.code == ExitCode.PASS, done.err
        assert done.report["head"]["entries"] == 5
        return [entry["number"] for entry in done.report["entries"]]

    today = datetime.datetime.now(datetime.UTC).date()
    day = datetime.timedelta(days=1)
    assert numbers() == [1, 2, 3, 4, 5]
    assert numbers("--pilot", "small") == [1, 2, 3, 4, 5]
    assert numbers("--action", "run", "--action", "lock") == [1, 3]
    assert numbers("--actor", "SRE@") == [5]
    assert numbers("--since", str(today - day), "--until", str(today)) == [1, 2, 3, 4, 5]
    assert numbers("--since", str(today + day)) == []
    assert numbers("--until", str(today - day)) == []
    assert numbers("--evidence", contract[:12]) == [1, 2, 3]
    assert numbers("--evidence", _bundle(project)) == [3, 4, 5]
    assert numbers("--action", "incident", "--actor", "dev") == [4]


def test_the_log_reads_at_every_width_and_goes_into_files(project: Project) -> None:
    for width in (80, 120):
        done = project.qgate("log", COLUMNS=str(width))
        assert max(len(line) for line in done.out.splitlines()) <= width
        assert "\x1b" not in done.out
        firsts = [line[0] for line in done.out.splitlines() if line[0] != " "]
        assert firsts == ["1", "2", "3", "4", "4"]
        assert done.out.rstrip().endswith("not signed")
    assert project.qgate("log", "--output", "log.txt").out == ""
    assert (project.folder / "log.txt").read_text(encoding="utf-8").startswith("1  20")
    project.qgate("log", "--output", "log.json")
    written = json.loads((project.folder / "log.json").read_text(encoding="utf-8"))
    assert len(written["entries"]) == written["head"]["entries"] == 4


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--action", "dance"), "expected one of start, judge, run, "),
        (("--since", "yesterday"), "expected a day as 2026-11-21"),
        (("--evidence", "xyz"), "expected the start of a digest"),
        (("--format", "xml"), "expected one of terminal, json"),
        (("--output", ".."), "is a folder"),
        (("--output", "new/log.txt"), "there is no folder"),
        (("--pilot", "other"), "--pilot other: no entry is of it (known: small)"),
        (("--since", "2026-02-01", "--until", "2026-01-31"), "is after --until 2026-01-31"),
    ],
    ids=str,
)
def test_what_the_log_is_not_asked_clearly_is_refused(
    project: Project, arguments: tuple[str, ...], told: str
) -> None:
    done = project.qgate("log", *arguments)
    assert done.code == ExitCode.USAGE
    assert told in done.err


def test_a_rollback_that_cannot_be_logged_is_not_said_to_be(project: Project) -> None:
    done = ("rollback", "pilot.yaml", "--done", "--reason", "alarm")
    path = _log(project).path
    whole = path.read_bytes()
    first, rest = whole.split(b"\n", 1)
    path.write_bytes(first.replace(b'"pilot":"small"', b'"pilot":"large"') + b"\n" + rest)
    assert path.read_bytes() != whole
    changed = project.qgate(*done)
    assert (changed.code, changed.out) == (ExitCode.USAGE, "")
    assert ".qgate/log.jsonl:2:1: the entry before this one was changed" in changed.err
    path.write_bytes(whole)
    path.unlink()
    path.mkdir()
    refused = project.qgate(*done)
    assert refused.code != ExitCode.PASS
    assert refused.out == ""


@pytest.mark.parametrize("name", ["log.jsonl", "log.head.json", "log.head.0.dsse.json"])
def test_a_pipe_in_the_logs_place_is_not_waited_for(project: Project, name: str) -> None:
    path = project.folder / ".qgate" / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    done = project.qgate("log")
    assert done.code == ExitCode.USAGE
    assert "no regular file" in done.err


def test_a_broken_chain_is_told_with_its_line(project: Project) -> None:
    path = _log(project).path
    path.write_bytes(path.read_bytes().replace(b"rollback", b"promote!"))
    done = project.qgate("log")
    assert done.code == ExitCode.USAGE
    assert done.out == ""
    assert ".qgate/log.jsonl:4:1: the entry before this one was changed" in done.err


def test_a_place_without_a_log_has_an_empty_one(project: Project) -> None:
    shutil.rmtree(project.folder / ".qgate")
    assert project.qgate("log").out == "0 entries\n"
    assert not (project.folder / ".qgate").exists()
