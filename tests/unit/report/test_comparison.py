"""The comparison as it is read: first line, widths, formats, and text that stays text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from qgate.charter.schema import findings_against, load_schema
from qgate.charter.yaml_reader import Source
from qgate.comparison.answers import Answer, Fact
from qgate.comparison.changes import CLAUSES, Touch
from qgate.comparison.comparison import Comparison, compare
from qgate.report.comparison.document import comparison_document, render_json
from qgate.report.comparison.markdown import render_markdown
from qgate.report.comparison.terminal import PLAIN_WIDTH, render_plain, render_terminal
from qgate.report.comparison.wording import steps
from tests.unit.comparison.bundles import bundle, stated

WIDE = [stated(max=0.9)]
CASES: dict[Answer, Callable[[], Comparison]] = {
    Answer.SAME: lambda: compare(bundle(), bundle()),
    Answer.NO_WORSE: lambda: compare(bundle(range(2)), bundle(range(3, 5), made="new")),
    Answer.WORSE: lambda: compare(bundle(), bundle(range(60), made="new")),
    Answer.EVIDENCE_DRIFT: lambda: compare(bundle(), bundle((), range(20))),
    Answer.INPUTS_DRIFTED: lambda: compare(
        bundle(gates=WIDE), bundle(range(60), gates=WIDE, inputs={"data content": "9" * 64})
    ),
    Answer.CANNOT_SAY: lambda: compare(bundle(range(10)), bundle(range(8, 24), made="new")),
}
EVERY = pytest.mark.parametrize("answer", list(CASES))
FIRST = {
    Answer.SAME: "THE SAME EVIDENCE: A and B have the same digests",
    Answer.NO_WORSE: "NO WORSE: no gate fell, and no measurement is shown",
    Answer.WORSE: "WORSE: parity fails, passed in A. Shown to be worse: parity by 30.0 pt.",
    Answer.EVIDENCE_DRIFT: "EVIDENCE DRIFT: the baseline moved (silently: its data, its spec and",
    Answer.INPUTS_DRIFTED: "INPUTS DRIFTED: parity moved, and inputs changed: data content.",
    Answer.CANNOT_SAY: "CANNOT SAY: parity is inconclusive, passed in A.",
}


@EVERY
def test_the_first_line_is_the_answer(answer: Answer) -> None:
    found = CASES[answer]()
    assert found.answer is answer
    assert render_plain(found).startswith(FIRST[answer])
    assert render_markdown(found).startswith(f"## {answer.upper()}: pilot")


@EVERY
@pytest.mark.parametrize("width", [20, 60, 80, 120, 300])
def test_no_line_but_a_command_is_wider_than_the_terminal(answer: Answer, width: int) -> None:
    text = render_terminal(CASES[answer](), width).plain
    for line in text.splitlines():
        assert len(line) <= min(max(width, 60), 120) or line.strip().startswith("qgate "), line


@EVERY
def test_inputs_then_measurements_then_verdicts_then_what_to_type(answer: Answer) -> None:
    text = render_plain(CASES[answer]())
    places = [
        text.index(f"\n {head}") for head in ("Inputs", "Measurements", "Verdicts", "To type")
    ]
    assert places == sorted(places)
    assert max(map(len, text.splitlines())) <= PLAIN_WIDTH


def test_a_drift_tells_each_arms_part_and_both_ways_on() -> None:
    text = render_plain(CASES[Answer.EVIDENCE_DRIFT]())
    assert re.search(r"of it the baseline's -10.0 pt \(-\d+\.\d to -\d\.\d+\)", text)
    assert "the candidate's 0.00 pt" in text
    assert "not the candidate's alone, these changed too: the baseline" in text
    assert "accuracy 1 -> 0.9" in text


def test_a_new_baseline_that_is_locked_makes_b_the_reference() -> None:
    typed = [command for _, command in steps(CASES[Answer.EVIDENCE_DRIFT]())]
    assert typed[:4] == [
        "qgate compare somewhere NEW-EVIDENCE",
        'qgate lock pilot.yaml --reason "why it is back"',
        "qgate run pilot.yaml",
        "qgate compare somewhere NEW-EVIDENCE",
    ]
    assert "compare later bundles against B" in steps(CASES[Answer.EVIDENCE_DRIFT]())[0][0]


def test_a_new_baseline_that_is_not_locked_is_locked_first_if_it_is_meant() -> None:
    found = compare(bundle(), bundle((), range(20), locked_baseline=()))
    assert [command for _, command in steps(found)][:2] == [
        'qgate lock pilot.yaml --reason "why it changed"',
        "qgate run pilot.yaml",
    ]


def sentence(found: Comparison) -> str:
    """Return the first sentence as one line."""
    return " ".join(render_plain(found).split("\n\n")[0].split())


def test_other_seeds_of_the_same_candidate_are_named_first() -> None:
    older = bundle(range(2), gates=WIDE)
    worse = compare(older, bundle(range(2, 62), gates=WIDE, seeds=(4, 5, 6)))
    assert sentence(worse) == (
        "INPUTS DRIFTED: other seeds of the same candidate: parity (by 29.0 pt) came out worse, "
        "which the candidate cannot have done."
    )
    why, command = steps(worse)[0]
    assert (why, command) == (
        "With A's seeds, which leaves nothing to luck",
        "qgate run pilot.yaml",
    )
    assert "other seeds of the same candidate" in render_plain(worse).split("Measurements")[1]
    still = compare(older, bundle(range(2), gates=WIDE, seeds=(4, 5, 6)))
    assert sentence(still).startswith("NO WORSE: other seeds of the same candidate: no gate fell")
    fell = compare(bundle(range(2)), bundle(range(2, 62), seeds=(4, 5, 6)))
    assert sentence(fell).startswith(
        "WORSE: other seeds of the same candidate: parity fails, passed in A."
    )
    for found in (worse, still, fell):
        document = json.loads(render_json(found))
        assert findings_against("comparison.v1.json", Source("", document, {})) == []
    assert comparison_document(worse)["measurements"][0]["touched_by"] == ["seeds"]


def test_a_difference_that_may_be_nothing_is_not_said_to_have_moved() -> None:
    other = {"data content": "9" * 64}
    found = compare(bundle(range(4), gates=WIDE), bundle(range(3, 8), gates=WIDE, inputs=other))
    assert found.gates[0].difference.sign == 0
    assert sentence(found) == (
        "INPUTS DRIFTED: the difference of parity is not told from 0, and inputs changed: data "
        "content."
    )
    made = compare(
        bundle(range(2), gates=WIDE), bundle(range(2, 62), gates=WIDE, inputs=other, made="new")
    )
    assert sentence(made) == (
        "INPUTS DRIFTED: parity moved, and more than the candidate changed: data content."
    )
    opened = compare(bundle(range(10)), bundle(range(8, 24), inputs=other))
    assert "parity is inconclusive, passed in A, and inputs changed" in sentence(opened)


def test_an_override_in_force_stands_under_the_answer_in_every_form() -> None:
    told = {"by": "Ann", "reason": "a\x1b[31m fire", "until": "2030-01-01", "evidence": "f" * 64}
    found = CASES[Answer.WORSE]()
    found = replace(found, after=replace(found.after, overrides=(told,)))
    said = "BREAK-GLASS until 2030-01-01, by Ann: a\\x1b[31m fire (evidence ffffffffffff)"
    assert f" ! {said}" in render_plain(found).split("Inputs")[0]
    assert said in render_markdown(found).split("### Inputs")[0].replace("\\[", "[").replace(
        "\\\\", "\\"
    )
    document = json.loads(render_json(found))
    assert findings_against("comparison.v1.json", Source("", document, {})) == []
    assert document["overrides"] == [told]


def test_a_fall_names_owner_remediation_and_the_way_back() -> None:
    text = render_plain(CASES[Answer.WORSE]())
    assert "parity, owner a@example.com: re-run parity" in text
    assert "qgate rollback pilot.yaml --dry-run" in text
    assert "PROMOTE -> ROLL BACK" in text


def test_terms_that_changed_stand_beside_what_they_decide() -> None:
    loose = compare(bundle(range(16)), bundle(range(16), gates=[stated(max=0.3)]))
    assert "Terms changed: gate parity: threshold" in " ".join(render_plain(loose).split())
    tight = compare(bundle(range(16)), bundle(range(16), gates=[stated(max=0.01)]))
    assert "parity fails, inconclusive in A under other terms" in " ".join(
        render_plain(tight).split()
    )


@EVERY
def test_the_document_is_what_the_schema_says(answer: Answer) -> None:
    found = CASES[answer]()
    document = json.loads(render_json(found))
    assert document == json.loads(json.dumps(comparison_document(found)))
    assert findings_against("comparison.v1.json", Source("", document, {})) == []
    assert (document["answer"], document["exit_code"]) == (answer, int(found.exit_code))


def test_the_schema_knows_every_word_of_the_program() -> None:
    known: dict[str, Any] = load_schema("comparison.v1.json")["properties"]
    terms = known["inputs"]["items"]["properties"]
    assert set(known["answer"]["enum"]) == set(Answer)
    assert set(known["facts"]["items"]["enum"]) == {fact.name.lower() for fact in Fact}
    assert set(terms["clause"]["enum"]) == set(CLAUSES)
    assert set(terms["touches"]["enum"]) == {touch.name.lower() for touch in Touch}
    codes = {int(CASES[answer]().exit_code) for answer in CASES}
    assert codes == set(known["exit_code"]["enum"])


def test_a_gate_that_only_one_has_is_told_with_its_value() -> None:
    own = stated("val_accuracy", name="own", max=None, min=0.5)
    found = compare(bundle(range(20), gates=[stated(max=0.9), own]), bundle(range(20)))
    for text in (render_plain(found), render_markdown(found).replace("\\", "")):
        assert "own (val_accuracy): only in A, 90.0%" in text
    document = json.loads(render_json(found))
    assert findings_against("comparison.v1.json", Source("", document, {})) == []
    last = document["verdicts"][-1]
    assert (last["gate"], last["a"], last["b"]) == ("own", "pass", None)
    assert (last["a_value"], last["b_value"]) == (pytest.approx(0.9), None)


HOSTILE = "a\x1b[31m|<img src=x>\n# [b](c)*`"


def hostile() -> Comparison:
    """Return a comparison with the same hostile text wherever a charter may hold one."""
    older = bundle(
        pilot={"owner": "a", "name": HOSTILE},
        environment={HOSTILE: 1},
        observed={"charter_path": HOSTILE, "machine": {HOSTILE: HOSTILE}},
    )
    newer = bundle(
        range(60), made=HOSTILE,
        pilot={"owner": "b", "name": HOSTILE},
        gates=[stated(owner=HOSTILE, remediation=[{"rerun": HOSTILE}])],
        inputs={"packages": {HOSTILE: HOSTILE}, HOSTILE: HOSTILE},
        environment={HOSTILE: 2}, observed={"charter_path": HOSTILE, "machine": {}},
    )  # fmt: skip
    return compare(older, newer)


def test_hostile_text_stays_text_in_a_terminal() -> None:
    text = render_plain(hostile())
    assert "\\x1b[31m" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_hostile_text_stays_text_in_markdown() -> None:
    text = render_markdown(hostile())
    assert all(line.isprintable() for line in text.split("\n"))
    assert "<img" not in re.sub(r"`[^`\n]*`", "", text)
    table = ""
    for line in text.split("\n"):
        if line.startswith("|---"):
            table = line
        if line.startswith("|") and table:
            bare = re.sub(r"\\.", "", line)
            assert bare.count("|") == table.count("|"), line
        if not line:
            table = ""


def test_hostile_text_is_whole_in_json() -> None:
    document = json.loads(render_json(hostile()))
    assert findings_against("comparison.v1.json", Source("", document, {})) == []
    assert HOSTILE in document["b"]["charter"]
