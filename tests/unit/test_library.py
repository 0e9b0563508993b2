"""`import qgate`: light, typed, callable again and again, and clear about wrong use."""

from __future__ import annotations

import importlib
import multiprocessing
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import qgate
from qgate.charter.charter import Charter, Threshold
from qgate.errors import InvalidFileError, UsageError
from qgate.gates.decision import judge
from qgate.plan.settings import Settings
from qgate.plan.study import Study
from tests.integration.conftest import Project, new_project
from tests.unit.report.html.pages import Reader, measured

_HEAVY = "qiskit qiskit_aer pennylane braket numpy scipy sklearn jinja2 markupsafe rich typer yaml"
_JUDGING = "qiskit qiskit_aer pennylane braket sklearn jinja2 rich typer"


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return new_project(tmp_path)


def _loaded(code: str, names: str) -> list[str]:
    """Return which of these packages a new process has imported after some code."""
    told = f"{code}\nimport sys; print(*(n for n in {names.split()!r} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_the_library_imports_nothing_of_it() -> None:
    own = "qgate.report qgate.pipeline qgate.errors qgate.charter qgate.plan qgate.gates"
    assert _loaded("import qgate; qgate.__all__; qgate.__version__", f"{_HEAVY} {own}") == []


def test_the_types_that_show_themselves_import_no_report() -> None:
    code = "import qgate.gates.decision, qgate.display"
    assert _loaded(code, f"{_JUDGING} qgate.report") == []


def test_the_public_names() -> None:
    assert set(qgate.__all__) == {"__version__", "judge", "load", "plan", "run"}
    assert qgate.__version__ == metadata.version("qgate")
    with pytest.raises(AttributeError, match="no attribute 'promote'"):
        qgate.promote  # type: ignore[attr-defined]  # noqa: B018
    for name in ("judge", "load", "plan", "run"):
        assert "Raises:" in (getattr(qgate, name).__doc__ or "")


def test_a_plan_can_be_made_twice_though_a_room_has_its_name(pilot: Project) -> None:
    first = qgate.plan("pilot.yaml")
    room = importlib.import_module("qgate.plan")
    assert importlib.import_module("qgate.plan.study").Study is type(first)
    assert room.__name__ == "qgate.plan"
    assert callable(qgate.plan)
    assert qgate.plan(pilot.charter).plan == first.plan


def test_a_loaded_charter_is_as_good_as_its_path(pilot: Project) -> None:
    charter = qgate.load(str(pilot.charter))
    assert isinstance(charter, Charter)
    study = qgate.plan(charter)
    assert isinstance(study, Study)
    assert study.plan == qgate.plan(Path("pilot.yaml")).plan
    assert study.charter == charter


def test_a_charter_that_was_changed_or_left_behind_is_not_run_in_secret(
    pilot: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    charter = qgate.load("pilot.yaml")
    for use in (qgate.plan, qgate.run):
        pilot.write(lambda document: document["schedule"].update(seeds=[1, 2]))
        with pytest.raises(UsageError, match=r"pilot\.yaml is not the charter that was loaded"):
            use(charter)
    (pilot.folder / "elsewhere").mkdir()
    monkeypatch.chdir(pilot.folder / "elsewhere")
    with pytest.raises(UsageError, match=r"pilot\.yaml, from which .* is not there from .*where"):
        qgate.plan(charter)


def test_the_charter_of_evidence_cannot_be_run_where_its_file_is_not(pilot: Project) -> None:
    with pytest.raises(UsageError, match="is not the charter that was loaded"):
        qgate.run(measured().charter)
    pilot.charter.unlink()
    with pytest.raises(UsageError, match="is not there from"):
        qgate.run(measured().charter)


@pytest.mark.parametrize("use", [qgate.load, qgate.plan, qgate.run])
@pytest.mark.parametrize("wrong", [None, 3, ["pilot.yaml"], {}])
def test_what_names_no_charter_is_told_what_would(use: Any, wrong: Any) -> None:
    with pytest.raises(UsageError, match=rf"path of its YAML file.*{type(wrong).__name__}"):
        use(wrong)


@pytest.mark.parametrize("use", [qgate.load, qgate.plan, qgate.run])
def test_a_path_that_does_not_exist_is_named(use: Any, pilot: Project) -> None:
    with pytest.raises(InvalidFileError, match=r"absent\.yaml:1:1: cannot read: No such file"):
        use("absent.yaml")
    with pytest.raises(InvalidFileError, match="Is a directory"):
        use(pilot.folder)


@pytest.mark.usefixtures("pilot")
@pytest.mark.parametrize("use", [qgate.load, qgate.plan, qgate.run])
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"workers": 2}, r"Settings\(workers=2\), not of type dict"),
        (Settings(workers=0), "whole number from 1, not 0"),
        (Settings(workers="2"), "whole number from 1, not '2'"),  # type: ignore[arg-type]
    ],
)
def test_settings_that_are_none_are_told_what_would_be(use: Any, wrong: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        use("pilot.yaml", wrong)


def test_a_script_without_its_guard_is_told_to_have_one(
    pilot: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing = multiprocessing.current_process()
    monkeypatch.setattr(importing, "_inheriting", True, raising=False)
    with pytest.raises(UsageError, match='under `if __name__ == "__main__":`'):
        qgate.run("pilot.yaml")
    assert not (pilot.folder / ".qgate").exists()


def test_what_is_no_evidence_is_told_what_would_be(pilot: Project) -> None:
    study = qgate.plan(pilot.charter)
    with pytest.raises(UsageError, match=r"qgate\.run\(\.\.\.\)\.evidence .* not of type Study"):
        qgate.judge(study)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no evidence 'absent'"):
        qgate.judge("absent")
    with pytest.raises(UsageError, match=r"qgate\.load\(path\) returned, not of type str"):
        qgate.judge(measured(), "pilot.yaml")  # type: ignore[arg-type]


def test_a_gate_that_is_not_there_is_answered_with_those_that_are() -> None:
    decision = judge(measured())
    assert decision.verdict("parity").gate.name == "parity"
    with pytest.raises(UsageError, match="no gate 'party' in this decision; it has parity, p95"):
        decision.verdict("party")


def test_what_would_flood_a_terminal_is_told_in_a_line(pilot: Project) -> None:
    run = measured()
    decision = judge(run)
    study = qgate.plan(pilot.charter)
    charter = replace(study.charter, pilot=replace(study.charter.pilot, name="a\x1b[31m"))
    study = replace(study, charter=charter)
    lines = [repr(each) for each in (study, study.charter, run, decision, decision.verdicts[0])]
    assert [line for line in lines if len(line) > 200 or "\n" in line or "\x1b" in line] == []
    assert lines[0] == r"<Study a\x1b[31m: 9 trials on 285 items, not locked>"
    assert lines[3] == "<Decision HOLD pilot: 3 pass, 2 error>"
    assert run.digest[:12] in lines[2]


def test_a_plan_shows_sizes_chances_what_would_do_and_what_is_refused(pilot: Project) -> None:
    study = qgate.plan("pilot.yaml")
    text = " ".join(Reader(study._repr_html_()).seen[0].text.split())
    for words in ("9 trials", "285 validation items", "3 seeds", "512 shots", "2 replicates",
                  "not locked", "max 20.0 pt", "3 seeds, assuming 8% discordance"):  # fmt: skip
        assert words.replace(" ", "") in text.replace(" ", "")
    assert "there is no lock yet, so reproducibility and baseline_drift cannot be decided" in text
    pilot.write(lambda document: document["gates"][0].update(max=0.001))
    small = qgate.plan("pilot.yaml")
    read = Reader(small._repr_html_())
    refused = [e.text for e in read.all("p") if e.attributes.get("class") == "warning"]
    assert any("cannot be decided" in text and "parity" in text for text in refused)
    assert [e for e in read.all("tbody") if e.attributes.get("class") == "fail"]
    regardless = qgate.plan("pilot.yaml", Settings(even_if_underpowered=True))
    assert not [e for e in Reader(regardless._repr_html_()).all("p") if "decided" in e.text]


def test_hostile_words_of_a_plan_stay_text(pilot: Project) -> None:
    bad = "<script>x</script>"
    study = qgate.plan(pilot.charter)
    gate = replace(study.charter.gates[0], name=bad, owner=bad, threshold=Threshold(high=0.001))
    pilot_of = replace(study.charter.pilot, name=bad)
    charter = replace(study.charter, pilot=pilot_of, gates=(gate,), path=bad)
    plan = replace(study.plan, charter=charter)
    text = replace(study, charter=charter, plan=plan)._repr_html_()
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 2


def test_no_decision_is_taken_for_a_pass() -> None:
    decision = judge(measured())
    with pytest.raises(TypeError, match="neither true nor false"):
        assert decision


def test_a_path_that_no_system_has_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match="named by the path"):
        qgate.load("a\0b")
