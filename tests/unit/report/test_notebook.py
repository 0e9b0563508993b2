"""Fragments for notebooks: whole, escaped, scoped, in one order, and readable without eyes."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files

import pytest

from qgate.charter.charter import Action, Charter, Gate, Threshold
from qgate.display import html_of
from qgate.gates.decision import Decision, RunResult, judge
from qgate.gates.verdict import Outcome
from tests.unit.report.html.pages import GATES, KINDS, Reader, clause, measured

_BAD = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=x>{{7*7}}</style>"
_LOADING = frozenset({"src", "srcset", "href", "xlink:href", "poster", "data", "action"})
_PAGE = files("qgate.report.html").joinpath("page.css").read_text(encoding="utf-8")


def _decided(kind: str) -> Decision:
    return judge(KINDS[kind]())


def _shown(shown: object) -> list[str]:
    """Return the fragments of a decision and of all that it holds."""
    if not isinstance(shown, Decision):
        return [html_of(shown)]
    parts = [shown, shown.charter, *shown.verdicts, *shown.charter.gates]
    return [html_of(part) for part in parts]


def _visible(fragment: str) -> str:
    return fragment.partition("</style>")[2]


@pytest.mark.parametrize("kind", KINDS)
def test_every_fragment_is_one_strict_element_without_ids_scripts_or_requests(kind: str) -> None:
    for fragment in _shown(_decided(kind)):
        read = Reader(fragment)
        assert [e.attributes["class"].split()[0] for e in read.seen if not e.within] == [
            "qgate-view"
        ]
        assert not {e.tag for e in read.seen} & {"script", "iframe", "img", "link", "base", "form"}
        for element in read.seen:
            assert "id" not in element.attributes
            assert not _LOADING & element.attributes.keys()
            assert not [name for name in element.attributes if name.startswith("on")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawing_says_what_it_shows_and_the_table_has_every_gate(kind: str) -> None:
    decision = _decided(kind)
    read = Reader(html_of(decision))
    drawings = [e for e in read.all("svg") if e.attributes["class"] == "plot"]
    for drawing in drawings:
        assert drawing.attributes["role"] == "img"
        assert re.search(r"value \S+, .*; threshold ", drawing.attributes["aria-label"])
    told = [v for v in decision.verdicts if v.measurement.value is not None]
    assert len(drawings) >= len([v for v in told if v.unit != "mismatches"])
    numbers = next(e for e in read.all("table") if "Value, bounds" in e.text)
    assert all(verdict.gate.name in numbers.text for verdict in decision.verdicts)


def test_every_rule_is_nested_in_the_fragment_and_loads_nothing() -> None:
    style = Reader(html_of(_decided("measured"))).all("style")[0].text
    outside, depth = "", 0
    for character in style:
        depth += (character == "{") - (character == "}")
        outside += character if depth == 0 else ""
    assert outside.split("}") == [".qgate-view.qgate-view.qgate-view ", "\n"]
    assert not re.findall(r"url\(|@import|@font-face|<|expression", style)


def test_colours_are_those_of_the_page_in_both_schemes_and_no_others() -> None:
    style = Reader(html_of(_decided("measured"))).all("style")[0].text
    light, dark, _ = (
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{([^}]*)\}", _PAGE)
    )
    pairs = dict(re.findall(r"--q-(\w+): light-dark\((#\w+, #\w+)\)", style))
    assert pairs == {name: f"{light[name]}, {dark[name]}" for name in light}
    used = set(re.findall(r"var\(--q-(\w+)\)", style))
    assert used <= pairs.keys() | {"tone"}
    assert not re.findall(r"#[0-9a-f]{3,8}\b", re.sub(r"light-dark\([^)]*\)", "", style))


def test_the_decision_comes_first_then_what_is_in_the_way_then_what_to_do_then_the_rest() -> None:
    text = _visible(html_of(_decided("a gate failed")))
    marks = [
        "ROLL BACK</div>",
        "All traffic belongs on",
        'class="gate fail"',
        "To roll back",
        "Get the approval of",
        'class="gate pass"',
        "In shadow",
        "What to type",
        "qgate rollback pilot.yaml --dry-run",
        "Evidence",
    ]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)


def test_a_verdict_shows_interval_reason_owner_remediation_and_method() -> None:
    verdict = _decided("a gate failed").verdict("parity")
    read = Reader(html_of(verdict))
    text = " ".join(read.seen[0].text.split())
    for words in (verdict.reason, "FAIL", "a@example.com", "re-run parity", "qgate explain QG-V20"):
        assert words in text
    assert verdict.measurement.method in read.all("details")[0].text
    assert [m for m in read.all("circle") if m.attributes["class"] == "val"]


def test_a_gate_shows_its_four_clauses() -> None:
    clause_of = Gate(
        "parity", "val_accuracy_gap_vs_classical", Threshold(high=0.015), "own@example.com",
        (Action("set_shots", 4096), Action("rerun", "parity")), mode="shadow", slices=("a", "b"),
    )  # fmt: skip
    text = " ".join(Reader(html_of(clause_of)).seen[0].text.split())
    for words in (
        "val_accuracy_gap_vs_classical: baseline minus candidate", "max 1.50 pt",
        "own@example.com", "set shots to 4096, then re-run parity", "in shadow", "a, b", "95%",
    ):  # fmt: skip
        assert words in text


def test_a_charter_lists_its_gates_with_owner_and_remediation() -> None:
    text = html_of(judge(measured()).charter)
    read = Reader(text)
    rows = read.all("tr")[1:]
    assert [e.text for e in read.all("th") if e.attributes["scope"] == "row"] == [
        *(gate["name"] for gate in GATES),
        "reproducibility",
        "baseline_drift",
    ]
    assert all("a@example.com" in row.text for row in rows)


def test_terms_that_did_not_run_say_what_would_be_and_offer_no_promotion() -> None:
    decision = replace(_decided("measured"), hypothetical=True)
    text = _visible(html_of(decision))
    assert "WOULD HOLD" in text
    assert "nothing follows for traffic" in text
    assert "promote --check" not in text


def test_what_was_promoted_names_the_command_that_checks_it() -> None:
    decision = _decided("measured")
    passed = tuple(replace(v, outcome=Outcome.PASS) for v in decision.verdicts)
    text = _visible(html_of(replace(decision, verdicts=passed, evidence_path="a place")))
    assert "PROMOTE" in text
    assert "qgate promote --check &#39;a place&#39;" in text


def test_evidence_that_stands_nowhere_is_given_no_command() -> None:
    text = _visible(html_of(replace(_decided("measured"), evidence_path="")))
    assert "qgate judge" not in text
    assert "qgate run pilot.yaml" in text


def test_a_stopped_run_warns_once_and_names_no_remedy_of_open_gates() -> None:
    decision = _decided("stopped")
    text = html_of(decision)
    assert text.count("Stopped by its budget") == 1
    open_ = [e for e in Reader(text).all("div") if e.attributes.get("class") == "gate inconclusive"]
    assert open_
    assert not [e for e in open_ if "Remediation" in e.text]


def test_an_override_is_told_before_the_gates() -> None:
    override = {"until": "tomorrow", "by": "<i>me</i>", "reason": _BAD, "evidence": "a" * 64}
    text = _visible(html_of(replace(_decided("measured"), overrides=(override,))))
    assert text.index("BREAK-GLASS") < text.index('class="gate')
    assert "<i>me" not in text


def test_of_very_many_gates_the_first_are_told_and_all_are_counted() -> None:
    decision = _decided("a gate failed")
    failed = decision.verdict("parity")
    many = tuple(replace(failed, gate=replace(failed.gate, name=f"g{i}")) for i in range(300))
    text = html_of(replace(decision, verdicts=many))
    assert len(Reader(text).all("svg")) == 40
    assert "260 more stand in the table" in text
    assert "g299" in text
    assert len(text.encode()) < 250_000


@pytest.mark.parametrize("kind", KINDS)
def test_one_of_each_kind_is_small(kind: str) -> None:
    assert len(html_of(_decided(kind)).encode()) < 60_000


def _hostile() -> Decision:
    run = measured(
        pilot={"owner": _BAD, "name": _BAD, "success_metrics": []},
        baseline={"id": "b", "estimator": "sklearn.svm.SVC"},
        gates=[clause("parity", "val_accuracy_gap_vs_classical", max=0.001)],
    )
    decision = judge(run)
    gate = replace(
        decision.verdicts[0].gate, name=_BAD, owner=_BAD, note=_BAD, slices=(_BAD,),
        remediation=(Action("notify", _BAD), Action("disable", _BAD)),
    )  # fmt: skip
    charter: Charter = replace(decision.charter, path=_BAD, gates=(gate,))
    verdicts = tuple(replace(v, gate=gate, reason=_BAD) for v in decision.verdicts)
    stopped = {"words": _BAD}
    return replace(
        decision, charter=charter, verdicts=verdicts, evidence_path=_BAD, stopped=stopped
    )


def test_hostile_words_stay_text() -> None:
    plain = {e.tag for f in _shown(_decided("a gate failed")) for e in Reader(f).seen}
    for fragment in _shown(_hostile()):
        read = Reader(fragment)  # refuses what a browser would mend
        assert {e.tag for e in read.seen} <= plain | {"ul", "p"}
        assert "alert(1)" in read.seen[0].text
        assert "{{7*7}}" in read.seen[0].text
        assert fragment.count("</style>") == 1


def test_control_characters_are_shown_not_sent() -> None:
    decision = _decided("measured")
    pilot = replace(decision.charter.pilot, name="a\x1b[31mb\u202ec")
    text = html_of(replace(decision, charter=replace(decision.charter, pilot=pilot)))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31mb" in text


def test_what_a_run_returns_unpacks_and_shows_its_decision() -> None:
    run = measured()
    decision = judge(run)
    result = RunResult(run, decision)
    evidence, decided = result
    assert (evidence, decided) == (run, decision)
    assert (result.evidence, result.decision) == (run, decision)
    assert result._repr_html_() == decision._repr_html_() == html_of(decision)


def test_what_has_no_fragment_is_refused() -> None:
    with pytest.raises(TypeError, match="no HTML for int"):
        html_of(3)
