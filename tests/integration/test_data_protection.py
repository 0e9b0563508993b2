"""Confidential data leave no trace of a row, and no byte goes where the data may not be.

Both through the command line, with a candidate of the pilot's own package.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from qgate.cli.options import FORMAT_NAMES
from tests.integration.conftest import Project

FEATURE = "4.815162342"
CANARIES = ("CANARY", FEATURE)
PACKAGE = '''
from pathlib import Path
from sklearn.svm import SVC

class Quotes(SVC):
    """Fails on one seed, with a row of the data in its message."""

    def fit(self, X, y):
        if self.random_state == 2:
            raise ValueError(f"cannot fit CANARYMESSAGE 4.815162342 {X[0].tolist()}")
        return super().fit(X, y)

class Remote(SVC):
    """Leaves a file behind as soon as it is sent anything."""

    def fit(self, X, y):
        Path("sent").write_text(str(X[0].tolist()))
        return super().fit(X, y)
'''


@pytest.fixture
def pilot(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project whose data hold canaries in every column, and a package of its own."""
    rng = random.Random(3)  # noqa: S311  # no secret
    rows = []
    for i in range(120):
        a, b = rng.gauss(0, 1), rng.gauss(0, 1)
        label = "CANARYYES" if a + b + 0.3 * rng.gauss(0, 1) > 0 else "CANARYNO"
        group = "CANARYGROUP1" if i % 3 else "CANARYGROUP2"
        # Each value ends in the canary's digits, so that no row is without one.
        fields = [f"{round(value, 2):.2f}{FEATURE.replace('.', '')}" for value in (a, b)]
        rows.append([f"CANARY{i:03d}", group, *fields, label])
    rows[0][2] = FEATURE
    with (project.folder / "data.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["name", "group", "a", "b", "label"], *rows])
    (project.folder / "acme").mkdir()
    (project.folder / "acme" / "__init__.py").write_text(PACKAGE, encoding="utf-8")
    monkeypatch.delitem(sys.modules, "acme", raising=False)  # of an earlier test
    monkeypatch.syspath_prepend(project.folder)
    return project


def _write(pilot: Project, model: str, data: dict[str, Any], **arms: Any) -> None:
    def change(document: dict[str, Any]) -> None:
        document["data"] |= {"target": "label", "id": "name", "slice": "group", **data}
        document["plugins"] = ["acme"]
        document["candidate"] = {"id": "new", "estimator": model} | arms.get("candidate", {})
        document["baseline"] |= arms.get("baseline", {})
        document["schedule"] = {"seeds": [1, 2, 3]}
        sliced = {**document["gates"][0], "name": "by group", "slices": "all", "max": 0.5}
        document["gates"] = [document["gates"][0], sliced]
        for gate in document["gates"]:
            gate["remediation"] = [{"restore": "classical_v1"}]

    pilot.write(change)


def _traces(pilot: Project, told: list[str]) -> list[str]:
    """Return where a canary, or its last digits, stand in what a run left and said."""
    kept = [path for path in (pilot.folder / ".qgate").rglob("*") if path.is_file()]
    kept.append(pilot.folder / "pilot.lock.json")
    assert len(kept) > 8  # trials, evidence, log, lock
    contents = {str(path): path.read_bytes() for path in kept}
    contents |= {f"output {i}": text.encode() for i, text in enumerate(told)}
    marks = [mark.encode() for mark in (*CANARIES, FEATURE.replace(".", ""))]
    return [name for name, data in contents.items() if any(mark in data for mark in marks)]


def _told(pilot: Project) -> list[str]:
    """Return all that a lock, a run and every report of it say; the candidate fails on a seed."""
    done = [pilot.qgate("lock", "pilot.yaml"), pilot.qgate("run", "pilot.yaml")]
    done += [pilot.qgate("report", ".qgate/evidence", "--format", name) for name in FORMAT_NAMES]
    assert [one.code for one in done] == [0, 30, *(0 for _ in FORMAT_NAMES)], done[1].err
    return [text for one in done for text in (one.out, one.err)]


def test_no_byte_of_a_confidential_run_holds_anything_of_a_row(pilot: Project) -> None:
    _write(pilot, "acme.Quotes", {"classification": "confidential"})
    assert _traces(pilot, _told(pilot)) == []
    (record,) = (pilot.folder / ".qgate/evidence").glob("*/evidence.json")
    found = json.loads(record.read_bytes())
    assert found["classes"] == ["class-0", "class-1"]
    assert {trial["failure"] for trial in found["trials"]} == {None, "ValueError"}
    assert len(found["items"]) == 60


def test_of_an_internal_run_the_same_bytes_would_show_them(pilot: Project) -> None:
    _write(pilot, "acme.Quotes", {})
    found = " ".join(_traces(pilot, _told(pilot)))
    assert "evidence.json" in found
    assert "observations.json" in found
    assert "output" in found


def test_no_byte_is_sent_to_an_arm_in_a_region_that_is_not_allowed(pilot: Project) -> None:
    regions = {"data": {"region": "eu"}, "candidate": {"region": "us"}}
    _write(pilot, "acme.Remote", regions["data"], candidate=regions["candidate"])
    locked, planned = pilot.qgate("lock", "pilot.yaml"), pilot.qgate("plan", "pilot.yaml")
    assert (locked.code, planned.code) == (0, 0), locked.err
    assert "run in us, and data.region allows eu alone" in " ".join(planned.out.split())
    assert "[QG-F13]" in pilot.qgate("check", "pilot.yaml").out
    done = pilot.qgate("run", "pilot.yaml", "--rehearse", "--format", "json")
    assert done.code == 10, done.err
    assert done.report["decision"] == "rollback"
    verdicts = {gate["name"]: gate["verdict"] for gate in done.report["gates"]}
    assert verdicts.pop("residency") == "fail"
    assert set(verdicts.values()) == {"inconclusive"}
    assert not (pilot.folder / "sent").exists()
    again = pilot.qgate("judge", ".qgate/evidence")
    assert again.code == 10
    _write(pilot, "acme.Remote", regions["data"], candidate={"region": "eu"})
    assert pilot.qgate("run", "pilot.yaml", "-q").code in (0, 10, 20)
    assert (pilot.folder / "sent").exists()  # where it may be, it is sent the data


@pytest.mark.parametrize(
    ("arms", "words"),
    [
        ({"baseline": {"region": "us"}}, "the baseline classical_v1 is run in us"),
        (
            {"candidate": {"tuning": {"budget": 2, "cv": 2, "space": {"C": [1.0, 2.0]}}}},
            "add `candidate.region`",
        ),
    ],
    ids=["baseline", "tuned candidate"],
)
def test_a_lock_sends_nothing_there_either(
    pilot: Project, arms: dict[str, Any], words: str
) -> None:
    _write(pilot, "acme.Remote", {"region": "eu"}, **arms)
    done = pilot.qgate("lock", "pilot.yaml")
    assert done.code == 2
    assert words in done.err
    assert done.err.startswith("pilot.yaml:")
    assert not (pilot.folder / "pilot.lock.json").exists()
    assert not (pilot.folder / "sent").exists()


def test_where_nobody_knows_where_an_arm_is_nothing_is_sent_and_nothing_passes(
    pilot: Project,
) -> None:
    _write(pilot, "acme.Remote", {"region": "eu"})
    done = pilot.qgate("run", "pilot.yaml", "--format", "json")
    assert done.code == 20, done.err
    assert {gate["verdict"] for gate in done.report["gates"]} == {"inconclusive"}
    assert "add `candidate.region`" in done.out
    assert not Path(pilot.folder / "sent").exists()
