"""What the page shows of each gate, and how much of that where gates are very many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from qgate.files import typed
from qgate.gates.decision import Decision
from qgate.gates.reason_code import code_of
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.measurement import CLAIM_WORDS
from qgate.measure.registry import METRICS
from qgate.measure.units import bare
from qgate.report import wording
from qgate.report.columns import cut
from qgate.report.html.charts import Table
from qgate.report.html.gate_plot import gate_plot, intervals_of, with_unit
from qgate.report.html.svg import Plot
from qgate.report.measured import baseline_words, bounds_words, counted_words
from qgate.rollout.rollback import remedy_words

MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.INCONCLUSIVE: "?", Outcome.ERROR: "!"}
DECISIONS = {"promote": ("✓", "pass"), "hold": ("?", "inconclusive"), "rollback": ("✗", "fail")}
"""The mark and the colour of each."""
_TALLIED = {
    Outcome.FAIL: "failed",
    Outcome.ERROR: "could not be measured",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.PASS: "passed",
}
FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE)
_FEWER = (100, 50, 20, 0)
_KEPT = frozenset({"Owner", "Remediation", "Explain"})
"""Facts of a gate in the way that it keeps longest."""


@dataclass(frozen=True)
class Detail:
    """How much is told of a page's gates."""

    whole: int
    """How many have drawing and all facts, in the order of the page."""
    longest: int | None = None
    """Characters of a text of the others, None for all of them."""
    listed: bool = True
    """Whether gates stand one by one, not only in the table of all."""


def tally(decision: Decision) -> list[tuple[str, str, str]]:
    """Return kind, mark and words of each outcome that there is, and of gates in shadow."""
    counted = Counter(verdict.outcome for verdict in decision.deciding)
    found = [
        (str(outcome), MARKS[outcome], f"{counted[outcome]} {words}")
        for outcome, words in _TALLIED.items()
        if counted[outcome]
    ]
    if decision.shadowed:
        found.append(("shadow", "○", f"{len(decision.shadowed)} in shadow"))
    return found


def details_of(decision: Decision) -> Iterator[Detail]:
    """Yield how much may be told, from all of it to what a page of very many gates has room for.

    What passed or decides nothing is shortened first, then what is in the way, from the end.
    """
    total, stopping = len(decision.verdicts), len(decision.of(*FIRST))
    yield Detail(total)
    fewer = sorted({stopping, *_FEWER}, reverse=True)
    yield from (Detail(whole) for whole in fewer if whole < total)
    yield Detail(0, 300)
    yield Detail(0, 120, listed=False)


@dataclass(frozen=True)
class GateView:
    """What is shown of one gate."""

    verdict: Verdict
    mark: str
    value: str
    threshold: str
    modelled: bool
    plots: tuple[Plot, ...]
    facts: tuple[tuple[str, str, bool], ...]
    """Name, text, and whether the text is a command."""


def views_of(decision: Decision, detail: Detail) -> tuple[tuple[GateView, ...], ...]:
    """Return the gates in the way, those that passed, and those in shadow, as they are shown."""
    groups = (
        tuple(v for outcome in FIRST for v in decision.of(outcome)),
        decision.of(Outcome.PASS),
        decision.shadowed,
    )
    if not detail.listed:
        return ((),) * len(groups)
    shown, place = [], 0
    for group in groups:
        whole = max(0, detail.whole - place)
        place += len(group)
        shown.append(tuple(_view(decision, v, detail, i < whole) for i, v in enumerate(group)))
    return tuple(shown)


def said(text: str, detail: Detail) -> str:
    """Return a text, as long as there is room for."""
    return text if detail.longest is None else cut(text, detail.longest)


def _view(decision: Decision, verdict: Verdict, detail: Detail, whole: bool) -> GateView:
    facts = _facts(decision, verdict)
    if not whole:
        verdict = replace(verdict, reason=said(verdict.reason, detail))
        kept = [fact for fact in facts if fact[0] in _KEPT and fact[1]]
        open_ = verdict.decides and verdict.outcome is not Outcome.PASS
        facts = [(name, said(text, detail), typed) for name, text, typed in kept if open_]
    return GateView(
        verdict,
        MARKS[verdict.outcome],
        wording.value_words(verdict),
        with_unit(verdict),
        _modelled(verdict),
        tuple(gate_plot(verdict, *found) for found in (intervals_of(verdict) if whole else ())),
        tuple(facts),
    )


def _modelled(verdict: Verdict) -> bool:
    terms = METRICS[verdict.gate.metric]
    return "modelled" in terms.definition or "modelled" in verdict.measurement.method


def _facts(decision: Decision, verdict: Verdict) -> list[tuple[str, str, bool]]:
    gate, measured = verdict.gate, verdict.measurement
    asked = not (decision.stopped and verdict.outcome is Outcome.INCONCLUSIVE)
    rehearsed = wording.rehearsal_words(decision, verdict)
    others = wording.comparison_words(verdict)
    again = f"qgate run {typed(decision.charter.path)}"
    open_ = verdict.outcome is not Outcome.PASS
    facts = [
        ("Owner", gate.owner, False),
        ("Remediation", remedy_words(verdict) if asked else "", False),
        ("Rehearsal", rehearsed, False),
        ("Again", again if asked and open_ and verdict.decides else "", True),
        ("Explain", f"qgate explain {code_of(decision, verdict)}" if open_ else "", True),
        ("Metric", gate.metric, False),
        ("Bounds", _bounds(verdict), False),
        ("Measured on", counted_words(verdict), False),
        ("Baseline", baseline_words(verdict), False),
        ("Method", measured.method, False),
        ("Holds", CLAIM_WORDS[measured.claim], False),
        ("Deciding nothing", others, False),
    ]
    return [fact for fact in facts if fact[1]]


def _bounds(verdict: Verdict) -> str:
    measured, words = verdict.measurement, bounds_words(verdict)
    if measured.value is None:
        return ""
    if not measured.bounded:
        return "exact: the value itself is held against the threshold"
    level = f"{100 * (measured.confidence or verdict.gate.confidence):.4g}%"
    if measured.far_confidence is None:
        return f"{words}, each one-sided at {level}"
    far = f"{100 * measured.far_confidence:.4g}%"
    return f"{words}, one-sided at {level}; the one that would show a failure at {far}"


def numbers_of(decision: Decision) -> Table:
    """Return the table of all gates, with value, bounds, threshold and verdict."""
    rows = []
    for verdict in decision.verdicts:
        measured = verdict.measurement
        bounds = bounds_words(verdict) if measured.bounded else "exact"
        if measured.relative is not None and verdict.gate.threshold.vs_baseline is not None:
            low, high = (
                bare(end, "ratio") for end in (measured.relative.low, measured.relative.high)
            )
            bounds += f"; {low} to {high} x baseline"
        name = verdict.gate.name + ("" if verdict.decides else " (shadow)")
        value = wording.value_words(verdict) + (" (modelled)" if _modelled(verdict) else "")
        rows.append((name, value, bounds, with_unit(verdict), str(verdict.outcome)))
    head = ("Gate", "Value", "Bounds", "Threshold", "Verdict")
    return Table("Value, bounds and threshold of each gate", head, tuple(rows))
