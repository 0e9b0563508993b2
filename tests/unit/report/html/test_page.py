"""The page: whole, escaped, small, and with nothing that only the eye could read."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from qgate.charter.charter import Action, Gate, Threshold
from qgate.evidence.evidence import Evidence
from qgate.gates.decision import judge
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.measurement import Counts, Measurement, Part
from tests.unit.report.html.pages import GATES, KINDS, Reader, account, clause, measured, page

_HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=x>{{7*7}}</title>"
_MOST = 300_000
_LOADING = frozenset({"src", "srcset", "poster", "data", "action", "xlink:href", "background"})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_evidence_is_told_in_strict_html(kind: str) -> None:
    read = Reader(page(KINDS[kind]()))
    ids = [e.attributes["id"] for e in read.seen if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    assert len(read.all("h1")) == 1
    headings = [int(e.tag[1]) for e in read.seen if re.fullmatch(r"h\d", e.tag)]
    assert all(after - before <= 1 for before, after in pairwise(headings))


@pytest.mark.parametrize("kind", KINDS)
def test_every_drawing_is_named_described_and_has_its_table(kind: str) -> None:
    read = Reader(page(KINDS[kind]()))
    by_id = {e.attributes["id"]: e for e in read.seen if "id" in e.attributes}
    drawings = [e for e in read.all("svg") if e.attributes.get("class") == "plot"]
    for drawing in drawings:
        title, described = drawing.attributes["aria-labelledby"].split()
        assert (by_id[title].tag, by_id[described].tag) == ("title", "desc")
        assert by_id[title].text
        assert by_id[described].text
        table = by_id[drawing.attributes["aria-details"]]
        assert table.tag == "table"
        assert "tbody" in {e.tag for e in read.seen if "table" in e.within}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_loaded_and_nothing_runs(kind: str) -> None:
    read = Reader(page(KINDS[kind]()))
    tags = {element.tag for element in read.seen}
    assert not tags & {"script", "iframe", "img", "object", "embed", "base", "form"}
    for element in read.seen:
        assert not _LOADING & element.attributes.keys()
        assert not [name for name in element.attributes if name.startswith("on")]
        assert element.attributes.get("href", "#").startswith(("#", "data:,"))
    style = read.all("style")[0].text
    assert re.findall(r"url\(([^)]*)\)", style) == ["#hatch"]
    assert "@import" not in style
    assert "<" not in style


def test_the_order_is_decision_what_to_do_gates_evidence_provenance() -> None:
    text = page(KINDS["a gate failed"]())
    marks = [
        "ROLL BACK</span>",
        "What to do now",
        ">Gates<",
        'class="gate fail"',
        'class="gate pass"',
        "What the evidence shows",
        "rests on",
        ">Provenance<",
    ]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "Get the approval of" in text


def test_failing_gates_stand_open_and_passing_ones_are_folded() -> None:
    read = Reader(page(KINDS["a gate failed"]()))
    assert read.all("article")[0].attributes["class"] == "gate fail"
    folded = [e.attributes["class"] for e in read.all("details")]
    assert "gate pass" in folded
    assert "gate fail" not in folded


def test_a_stopped_run_says_so_once_above_and_names_no_gate_s_remedy_there() -> None:
    text = page(KINDS["stopped"]())
    assert text.index("Stopped by its budget") < text.index("What to do now")
    assert "Remediation" not in text[: text.index("In shadow")]
    assert 'class="steps"' not in text


def test_an_override_is_told_before_anything_else_to_do() -> None:
    run = measured()
    override = {"until": "tomorrow", "by": "<i>me</i>", "reason": _HOSTILE, "evidence": "a" * 64}
    text = page(run, replace(judge(run), overrides=(override,), overrides_unknown="no log"))
    assert text.index("BREAK-GLASS") < text.index("What to do now")
    assert "no log" in text
    assert "<i>me" not in text


def test_what_is_modelled_is_called_so() -> None:
    prices = {"source": "made up", "date": "2026-01-01", "per_shot": 1e-6}
    cost = clause("cost", "cost_per_1k_usd", max=100)
    text = page(measured(gates=[*GATES, cost], budget={"prices": prices}))
    found = Reader(text)
    row = next(e for e in found.all("details") if "cost" in e.text)
    assert "modelled" in row.text
    assert "US dollars (modelled)" in text


def _hostile() -> tuple[Evidence, Any]:
    """Return evidence, and a decision, in which every string that a user writes is hostile."""
    bad = _HOSTILE
    run = measured(
        pilot={"owner": bad, "name": bad, "success_metrics": []},
        baseline={"id": "b", "estimator": "sklearn.svm.SVC"},
    )
    seen = {**run.observations, "charter_path": f"dir/{bad}.yaml", "author": bad,
            "machine": {"python": bad, "platform": bad}, "created": bad}  # fmt: skip
    record = {**run.record, "inputs": {**run.record["inputs"], "packages": {bad: bad},
                                       "data bytes": {bad: bad}}}  # fmt: skip
    run = replace(run, record=record, observations=seen, path=f"evidence/{bad}")
    decision = judge(run)
    part = Part(bad, 0.1, 0.0, 0.2, 0.5, 7, False)
    measured_ = Measurement(
        0.1, 0.0, 0.2, method=bad, counts=Counts(5, 2, 64), notes=(bad,), parts=(part,),
        also=((bad, (0.5,)),),
    )  # fmt: skip
    terms = Gate(bad, "val_accuracy_gap_vs_classical", Threshold(high=0.05), bad,
                 (Action("disable", bad), Action("restore", bad)), note=bad, slices=())  # fmt: skip
    verdicts = [Verdict(terms, measured_, outcome, f"{bad} `{bad}`") for outcome in Outcome]
    verdicts += [Verdict(replace(terms, mode="shadow"), measured_, Outcome.FAIL, bad)]
    charter = replace(
        decision.charter,
        rollback=replace(decision.charter.rollback, to=bad, approver=bad, verify=bad),
        candidate=replace(decision.charter.candidate, id=bad),
        baseline=replace(decision.charter.baseline, id=bad),
    )
    return run, replace(
        decision, charter=charter, verdicts=tuple(verdicts),
        tuning={bad: {"configurations": 1, "folds": 2, "chosen": {bad: bad}, "failed": 0}},
    )  # fmt: skip


def test_a_hostile_string_stays_text_wherever_it_stands() -> None:
    run, decision = _hostile()
    text = page(run, decision)
    read = Reader(text)
    clean = {e.tag for kind in KINDS.values() for e in Reader(page(kind())).seen}
    assert {element.tag for element in read.seen} <= clean
    known = {n for kind in KINDS.values() for e in Reader(page(kind())).seen for n in e.attributes}
    assert {name for element in read.seen for name in element.attributes} <= known
    assert "49" not in read.all("title")[0].text
    assert "<script" not in text
    assert "onerror=alert(1)>" not in text
    for tag in ("h1", "article", "desc", "text", "td", "dd", "li", "figcaption"):
        assert read.all(tag)
    assert any(_HOSTILE in element.text for element in read.all("li"))


def test_controls_are_shown_not_sent() -> None:
    run = measured()
    decision = judge(run)
    odd = replace(decision.verdicts[0], reason="a\x00b\x1b[31m\u202egnp\ud800")
    text = page(run, replace(decision, verdicts=(odd,)))
    assert not {"\x00", "\x1b", "\u202e"} & set(text)
    assert "\\u202e" in text
    text.encode()


def test_a_hundred_gates_fit() -> None:
    run = measured()
    decision = judge(run)
    long = "The bounds lie on both sides of the threshold, and more items would narrow them. " * 6
    some = decision.verdicts[0]
    verdicts = [
        replace(some, gate=replace(some.gate, name=f"gate number {i} of a hundred"),
                outcome=list(Outcome)[i % 4], reason=long)
        for i in range(100)
    ]  # fmt: skip
    text = page(run, replace(decision, verdicts=tuple(verdicts)))
    assert len(text.encode()) < _MOST
    assert text.count("gate number 99 of a hundred") > 2


def _of_many(outcome: Outcome, count: int, some_fail: int = 0) -> str:
    run = measured()
    decision = judge(run)
    some = replace(decision.verdicts[0], reason="The bounds lie where they lie. " * 10)
    verdicts = [
        replace(some, gate=replace(some.gate, name=f"gate {i}"),
                outcome=Outcome.FAIL if i < some_fail else outcome)
        for i in range(count)
    ]  # fmt: skip
    return page(run, replace(decision, verdicts=tuple(verdicts)))


@pytest.mark.parametrize(
    ("outcome", "count"), [(Outcome.FAIL, 200), (Outcome.PASS, 400), (Outcome.ERROR, 400)]
)
def test_a_page_of_very_many_gates_is_small_says_so_and_names_each(
    outcome: Outcome, count: int
) -> None:
    text = _of_many(outcome, count)
    read = Reader(text)
    assert len(text.encode()) <= _MOST
    (note,) = (e.text for e in read.all("p") if e.attributes.get("class") == "short")
    assert f" of {count} gates are told " in note
    assert "qgate report somewhere --format json" in note
    rows = [e.text for e in read.all("th") if e.attributes["scope"] == "row"]
    assert set(rows) >= {f"gate {number}" for number in range(count)}
    cells = [e.text for e in read.all("td")]
    assert cells.count(str(outcome)) == count
    values = [cell for cell in cells if cell.endswith(" pt")]
    assert len(values) >= count
    shown = "summary" if outcome is Outcome.PASS else "article"
    singly = [e for e in read.all(shown) if e.text.count("gate ")]
    table = next(e for e in read.all("details") if "Every gate in numbers" in e.text)
    assert len(singly) >= count or "open" in table.attributes


def test_what_passed_is_shortened_before_what_is_in_the_way() -> None:
    text = _of_many(Outcome.PASS, 160, some_fail=30)
    read = Reader(text)
    assert len(text.encode()) <= _MOST
    assert "without their drawings and facts" in text
    drawn = [e for e in read.all("article") if "Method" in e.text]
    assert len(drawn) == 30
    folded = [e for e in read.all("details") if "gate pass" in e.attributes.get("class", "")]
    assert len(folded) == 130
    assert not any("Method" in e.text for e in folded[-60:])


def test_a_gate_that_is_shortened_keeps_owner_remedy_and_code() -> None:
    last = Reader(_of_many(Outcome.FAIL, 200)).all("article")[-1].text
    for words in ("gate 199", "a@example.com", "re-run parity", "qgate explain QG-V"):
        assert words in last
    assert "Method" not in last


def test_a_thousand_latencies_and_seeds_stay_small() -> None:
    assert len(page(measured()).encode()) < _MOST / 4


def test_the_same_account_gives_the_same_page() -> None:
    run = measured()
    assert page(run) == page(run)


def test_without_evidence_of_the_outcomes_there_is_still_a_page() -> None:
    made = account(KINDS["a trial failed"]())
    assert {v.outcome for v in made.decision.verdicts} >= {Outcome.ERROR}
    text = page(made.evidence)
    assert "could not be measured" in text
    assert "by seed" not in text
