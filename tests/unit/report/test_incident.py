"""Incidents for people: whole at every width, and whatever a charter says stays text."""

from __future__ import annotations

import dataclasses
import datetime
import json

import pytest

from qgate.charter.charter import Threshold
from qgate.report.incident import render_incident, render_json, render_list
from qgate.report.incident_markdown import render_markdown
from qgate.rollout.incident import closed, document, noted
from tests.unit.rollout.incidents import CLAUSE, HOSTILE, LAST, LATER, incident

NOW = datetime.datetime(2026, 11, 23, 11, 0, tzinfo=datetime.UTC)


def test_the_list_has_age_pilot_gate_and_owner() -> None:
    head, row = render_list([incident()], NOW, 80).splitlines()
    assert head.split() == ["age", "incident", "pilot", "failed", "gate", "owner"]
    cells = [cell.strip() for cell in row.split("  ") if cell]
    assert cells == ["2 d", "2026-11-21-few-shots-1", "Few shots!", "parity", "qml@example.com"]


@pytest.mark.parametrize(
    ("hours", "age"), [(0, "now"), (0.5, "30 min"), (1, "1 h"), (23.9, "23 h"), (240, "10 d")]
)
def test_an_age_is_in_words(hours: float, age: str) -> None:
    opened = datetime.datetime.fromisoformat(incident().opened.time)
    text = render_list([incident()], opened + datetime.timedelta(hours=hours), 80)
    assert text.splitlines()[1].strip().startswith(f"{age}  ")


@pytest.mark.parametrize("width", [60, 80, 120, 300])
def test_no_line_is_wider_than_asked_for(width: int) -> None:
    clause = dataclasses.replace(CLAUSE, gate="g" * 60, owner="o" * 60, reason="word " * 60)
    long = noted(
        incident(pilot="p" * 80, why="why " * 50, clauses=(clause, CLAUSE)), LATER, "d " * 99
    )
    most = max(80, min(width, 120))  # an id is never cut
    for text in (render_list([long, incident()], NOW, width), render_incident(long, NOW, width)):
        assert max(len(line) for line in text.splitlines()) <= most
        assert text.isascii()


def test_a_rollback_has_the_pilots_owner() -> None:
    found = incident(clauses=(), cause="rollback", digests={}, owner="boss@example.com")
    assert "(rollback)" in render_list([found], NOW, 80)
    assert render_list([found], NOW, 80).rstrip().endswith("boss@example.com")
    assert " owner         boss@example.com\n" in render_incident(found, NOW, 80)
    assert "- owner: boss@example.com\n" in render_markdown(found)
    assert document(found)["owner"] == "boss@example.com"
    assert "owner" not in document(incident())  # what is on record keeps its digest


def test_an_empty_list_says_so() -> None:
    assert "no open incident" in render_list([], NOW, 80)


def test_shown_are_clause_remedy_timeline_and_what_it_rests_on() -> None:
    text = render_incident(noted(incident(), LATER, "traffic is back"), NOW, 120)
    for words in (
        "2026-11-21-few-shots-1: open since 2026-11-21 10:00 (2 d)",
        "value     5.25 pt (bounds 3.10 to 7.40)",
        "threshold at most 0.50 pt",
        "owner     qml@example.com",
        "do        disable layer `entangle`, then re-run parity",
        "done          traffic is back",
        "2026-11-21 12:30  sre@example.com: rolled back to classical_v3",
        f"evidence      {'e' * 12}",
        'qgate incident close 2026-11-21-few-shots-1 --reason "why"',
    ):
        assert words in text, words
    over = render_incident(closed(incident(), LAST), NOW, 120)
    assert "2026-11-21-few-shots-1: closed\n" in over
    assert "a@example.com: closed: wrong scaler found" in over
    assert "incident close" not in over


@pytest.mark.parametrize(
    ("threshold", "relative", "words"),
    [
        (Threshold(low=-0.01, high=0.01), None, "at most 1.00 pt, at least -1.00 pt"),
        (Threshold(vs_baseline=1.5), 2.25, "at most 1.5 times the baseline's"),
    ],
)
def test_other_thresholds(threshold: Threshold, relative: float | None, words: str) -> None:
    clause = dataclasses.replace(CLAUSE, threshold=threshold, relative=relative)
    text = render_incident(incident(clauses=(clause,)), NOW, 120)
    assert words in text
    assert ("2.25 times the baseline's" in text) == (relative is not None)


def test_a_metric_that_this_qgate_does_not_know_is_shown_all_the_same() -> None:
    clause = dataclasses.replace(CLAUSE, metric="of_tomorrow", unit="furlongs")
    assert "0.05 furlongs" in render_incident(incident(clauses=(clause,)), NOW, 120)


def test_json_is_the_document() -> None:
    found = incident()
    assert json.loads(render_json(found)) == json.loads(json.dumps(document(found)))
    assert json.loads(render_json([found]))["incidents"][0]["id"] == found.id
    assert json.loads(render_json([])) == {"incidents": []}


def test_markdown_has_every_part() -> None:
    text = render_markdown(noted(incident(), LATER, "traffic is back"))
    for line in (
        "## Incident 2026-11-21-few-shots-1: open",
        "### Gate parity (`val_accuracy_gap_vs_classical`)",
        "- value: 5.25 pt (bounds 3.10 to 7.40)",
        "- done: traffic is back",
        "| 2026-11-21 12:30 | sre@example.com | rolled back to classical\\_v3 |",
        f"- bundle: `{'b' * 64}`",
    ):
        assert line in text.splitlines(), line
    assert "None yet." in render_markdown(incident())


def test_hostile_text_stays_text() -> None:
    clause = dataclasses.replace(CLAUSE, gate=HOSTILE, owner=HOSTILE, reason=HOSTILE)
    event = dataclasses.replace(LATER, what=HOSTILE, who=HOSTILE)
    bad = incident(pilot=HOSTILE, why=HOSTILE, charter=HOSTILE, clauses=(clause,))
    bad = noted(bad, event, HOSTILE)
    markdown = render_markdown(bad)
    (path,) = [line for line in markdown.splitlines() if line.startswith("- charter")]
    assert path.count("`") == 4  # two code spans, in which nothing is read as markup
    assert "<script" not in markdown.replace(path, "")
    rows = [line for line in markdown.splitlines() if line.startswith("| 2026")]
    assert all(line.replace("\\|", "").count("|") == 4 for line in rows)
    for text in (markdown, render_incident(bad, NOW, 80), render_list([bad], NOW, 80)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        text.encode()  # nothing that UTF-8 cannot hold
