"""Comparing real bundles by the command line."""

from __future__ import annotations

import datetime
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from qgate.charter.schema import findings_against
from qgate.charter.yaml_reader import Source
from qgate.errors import ExitCode
from qgate.evidence.audit_log import AuditLog
from tests.integration.conftest import Project, new_project
from tests.test_layers import QUANTUM, heavy_modules


def _baseline(document: dict[str, Any]) -> None:
    document["baseline"]["params"] = {"C": 0.001}


def _candidate(document: dict[str, Any]) -> None:
    document["candidate"]["quantum_kernel"]["layers"][0]["scale"] = 4.0


def _task(document: dict[str, Any]) -> None:
    document["gates"][0].update(metric="val_f1_gap_vs_classical")


def _seeds(document: dict[str, Any]) -> None:
    document["schedule"].update(seeds=[4, 5])


def _confidential(document: dict[str, Any]) -> None:
    document["data"].update(classification="confidential")


LOCKED = ("first", "baseline", "seeds")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, str]]:
    """Return a project, and the bundles of one locked run and of others that changed one thing."""
    project = new_project(tmp_path_factory.mktemp("compared"))
    project.write(lambda document: document["schedule"].update(seeds=[1, 2], replicates=1))
    paths = {}
    for name, change in (
        ("first", None),
        ("baseline", _baseline),
        ("candidate", _candidate),
        ("question", _task),
        ("seeds", _seeds),
        ("confidential", _confidential),
    ):

        def write(document: dict[str, Any], change: Any = change) -> None:
            document["schedule"].update(seeds=[1, 2], replicates=1)
            if change is not None:
                change(document)

        project.write(write)
        if name in LOCKED:
            reason = ("--reason", f"other {name}") if name != "first" else ()
            assert project.qgate("lock", "pilot.yaml", *reason).code == ExitCode.PASS
        done = project.qgate("run", "pilot.yaml", "--format", "json", "--even-if-underpowered")
        paths[name] = done.report["evidence"]["path"]
    return project, paths


def test_a_bundle_against_itself(runs: tuple[Project, dict[str, str]]) -> None:
    project, paths = runs
    done = project.qgate("compare", paths["first"], Path(paths["first"]).name[:8])
    assert done.code == ExitCode.PASS, done.err
    assert done.out.startswith("THE SAME EVIDENCE")


def test_a_baseline_that_moved_and_was_locked_anew(runs: tuple[Project, dict[str, str]]) -> None:
    project, paths = runs
    done = project.qgate("compare", paths["first"], paths["baseline"], COLUMNS="80")
    assert done.code == ExitCode.INCONCLUSIVE, done.out + done.err
    assert done.out.startswith("EVIDENCE DRIFT: the baseline moved (its spec in the charter")
    assert "baseline.params.C: 10 -> 0.001" in done.out
    assert "The new baseline is locked: if it is meant, compare later bundles" in done.out
    assert f"qgate compare {paths['baseline']} NEW-EVIDENCE" in done.out
    report = project.qgate("compare", paths["first"], paths["baseline"], "--format", "json").report
    assert findings_against("comparison.v1.json", Source("", report, {})) == []
    parity = next(found for found in report["measurements"] if found["gate"] == "parity")
    assert parity["shares"]["candidate"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert parity["shares"]["baseline"]["value"] == parity["difference"]["value"]


def test_a_candidate_that_got_worse(runs: tuple[Project, dict[str, str]], tmp_path: Path) -> None:
    project, paths = runs
    written = tmp_path / "found.md"
    done = project.qgate("compare", paths["first"], paths["candidate"], "--output", str(written))
    assert (done.code, done.out) == (ExitCode.GATE_FAILED, "")
    assert written.read_text(encoding="utf-8").startswith("## ")
    other = tmp_path / "found"
    done = project.qgate(
        "compare", paths["first"], paths["candidate"], "--output", str(other), "--format", "json"
    )
    assert json.loads(other.read_text(encoding="utf-8"))["exit_code"] == done.code


def test_other_seeds_of_the_same_candidate_are_never_worse_by_themselves(
    runs: tuple[Project, dict[str, str]],
) -> None:
    project, paths = runs
    for pair in (("first", "seeds"), ("seeds", "first")):
        done = project.qgate("compare", *(paths[name] for name in pair))
        assert done.code in (ExitCode.PASS, ExitCode.INCONCLUSIVE), done.out + done.err
        assert ": other seeds of the same candidate: " in done.out.splitlines()[0]


def test_a_comparison_backwards_in_time_is_told(runs: tuple[Project, dict[str, str]]) -> None:
    project, paths = runs
    assert "backwards" not in project.qgate("compare", paths["first"], paths["seeds"]).err
    done = project.qgate("compare", paths["seeds"], paths["first"])
    assert "warning: A was run after B" in done.err


def test_a_folder_of_bundles_is_refused_and_its_newest_is_named(
    runs: tuple[Project, dict[str, str]],
) -> None:
    project, paths = runs
    for pair in ((paths["first"], ".qgate/evidence"), (".qgate/evidence", paths["first"])):
        done = project.qgate("compare", *pair)
        assert (done.code, done.out) == (ExitCode.USAGE, "")
        said = " ".join(done.err.split())
        assert ".qgate/evidence is a folder of bundles (6), not one" in said
        assert f"the newest is {paths['confidential']}" in said


def test_an_override_in_force_is_told_whatever_the_bundles(
    runs: tuple[Project, dict[str, str]], tmp_path: Path
) -> None:
    shutil.copytree(runs[0].folder, tmp_path / "copy")
    project, first = Project(tmp_path / "copy"), runs[1]["first"]
    log = AuditLog(project.folder / ".qgate" / "log.jsonl")
    now = datetime.datetime.now(datetime.UTC)
    for reason, days in (("customer outage", 1), ("long over", -1)):
        until = (now + datetime.timedelta(days=days)).isoformat()
        facts = {"until": until, "by": "Ann", "statement": reason}
        log.append("override", pilot="small", reason=reason, facts=facts)
    for form in ("terminal", "markdown"):
        done = project.qgate("compare", first, first, "--format", form)
        assert "customer outage" in " ".join(done.out.split("Inputs")[0].split())
        assert done.out.count("BREAK-GLASS") == 1
    report = project.qgate("compare", first, first, "--format", "json").report
    assert [told["reason"] for told in report["overrides"]] == ["customer outage"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("first", "question"), "no gate in common: parity (val_accuracy_gap_vs_classical) in A"),
        (("first", "confidential"), "A is of internal data and B of confidential"),
        (("first", "nowhere"), "no evidence 'nowhere'"),
        (("first", "first", "--format", "xml"), "--format xml"),
        (("first", "first", "--output", "a.pdf"), "name its --format"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    runs: tuple[Project, dict[str, str]], arguments: tuple[str, ...], words: str
) -> None:
    project, paths = runs
    done = project.qgate("compare", *(paths.get(word, word) for word in arguments))
    assert done.code == ExitCode.USAGE
    assert words in done.err


def test_comparing_imports_no_quantum_sdk(runs: tuple[Project, dict[str, str]]) -> None:
    project, paths = runs
    folders = [str(project.folder / paths[name]) for name in ("first", "baseline")]
    assert heavy_modules(["compare", *folders], (*QUANTUM, "sklearn", "pandas")) == []
