"""The page: what stands on it, in the order in which it is read."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from qgate.files import printable, typed
from qgate.gates.decision import Decision
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.measurement import CLAIM_WORDS
from qgate.measure.registry import METRICS
from qgate.measure.units import bare, in_words
from qgate.report import wording
from qgate.report.account import Account
from qgate.report.html.charts import Table, charts_of
from qgate.report.html.gate_plot import gate_plot, intervals_of, with_unit
from qgate.report.html.provenance import provenance
from qgate.report.html.svg import Plot
from qgate.rollout.rollback import RollbackPlan, remediation_words

_MOST_BYTES = 300_000
_MARKS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.INCONCLUSIVE: "?", Outcome.ERROR: "!"}
_DECISIONS = {"promote": ("✓", "pass"), "hold": ("?", "inconclusive"), "rollback": ("✗", "fail")}
_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE)
_TALLIED = {
    Outcome.FAIL: "failed",
    Outcome.ERROR: "could not be measured",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.PASS: "passed",
}


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


def render_html(account: Account) -> str:
    """Return the whole page; it asks for nothing else, and runs nothing.

    Of so many gates that the page would be too large, those that are folded keep their reasons and
    their numbers only.
    """
    page = _rendered(account, short=False)
    return page if len(page.encode()) <= _MOST_BYTES else _rendered(account, short=True)


def _rendered(account: Account, *, short: bool) -> str:
    decision, rollback = account.decision, account.rollback
    mark, kind = _DECISIONS[str(decision.action)]
    page = _environment().get_template("page").render(
        css=Markup(_part("page.css")),  # noqa: S704  # a file of this package
        headline=wording.headline(decision),
        mark=mark,
        kind=kind,
        decision=decision,
        charter=decision.charter,
        created=_moment(account.evidence.observations["created"]),
        lead=wording.traffic_words(decision, rollback),
        tally=_tally(decision),
        warnings=_warnings(decision),
        steps=rollback.steps if rollback.required else (),
        open_steps=() if rollback.required else _open_steps(decision),
        commands=_commands(decision, rollback),
        stopping=tuple(_view(decision, v) for o in _FIRST for v in decision.of(o)),
        passing=tuple(_view(decision, v, short) for v in decision.of(Outcome.PASS)),
        shadowed=tuple(_view(decision, v, short) for v in decision.shadowed),
        short=short,
        numbers=_numbers(decision),
        charts=charts_of(decision, account.evidence),
        notes=_notes(decision),
        provenance=provenance(account),
    )  # fmt: skip
    return str(page)


def _moment(created: str) -> str:
    return created.replace("T", " ").replace("+00:00", " UTC")


def _tally(decision: Decision) -> list[tuple[str, str, str]]:
    counted = Counter(verdict.outcome for verdict in decision.deciding)
    found = [
        (str(outcome), _MARKS[outcome], f"{counted[outcome]} {words}")
        for outcome, words in _TALLIED.items()
        if counted[outcome]
    ]
    if decision.shadowed:
        found.append(("shadow", "○", f"{len(decision.shadowed)} in shadow"))
    return found


def _warnings(decision: Decision) -> tuple[str, ...]:
    stopped = wording.stop_sentence(decision)
    return (*wording.override_sentences(decision), *([stopped] if stopped else []))


def _open_steps(decision: Decision) -> tuple[tuple[str, str, str], ...]:
    """Return gate, what to do, and owner of each gate that is open, where nothing is rolled back.

    Of a run that was stopped there is none: it is mended as a whole.
    """
    if decision.stopped:
        return ()
    return tuple(
        (verdict.gate.name, remediation_words(verdict.gate), verdict.gate.owner)
        for verdict in decision.of(*_FIRST)
    )


def _commands(decision: Decision, rollback: RollbackPlan) -> list[tuple[str, str]]:
    """Return what to type, and what it is for, what matters now first."""
    evidence = typed(decision.evidence_path)
    found = [
        ("Run again", f"qgate run {typed(decision.charter.path)}"),
        ("Judge again, offline", wording.judge_command(decision)),
        ("Verify the evidence", f"qgate verify {evidence}"),
    ]
    back = ("Print the steps back", rollback.command)
    if decision.hypothetical:
        return found
    if str(decision.action) == "promote":
        return [("Promote", f"qgate promote --check {evidence}"), back, *found]
    return [back, *found] if rollback.required else found


def _view(decision: Decision, verdict: Verdict, short: bool = False) -> GateView:
    drawn = [] if short else intervals_of(verdict)
    return GateView(
        verdict,
        _MARKS[verdict.outcome],
        wording.value_words(verdict),
        with_unit(verdict),
        _modelled(verdict),
        tuple(gate_plot(verdict, *found) for found in drawn),
        () if short else tuple(_facts(decision, verdict)),
    )


def _modelled(verdict: Verdict) -> bool:
    terms = METRICS[verdict.gate.metric]
    return "modelled" in terms.definition or "modelled" in verdict.measurement.method


def _facts(decision: Decision, verdict: Verdict) -> list[tuple[str, str, bool]]:
    gate, measured = verdict.gate, verdict.measurement
    asked = not (decision.stopped and verdict.outcome is Outcome.INCONCLUSIVE)
    rehearsed = wording.rehearsal_words(decision, verdict)
    baseline = ""
    if measured.baseline_value is not None and verdict.unit != "mismatches":
        baseline = in_words(measured.baseline_value, verdict.unit)
    others = wording.comparison_words(verdict)
    again = f"qgate run {typed(decision.charter.path)}"
    open_ = verdict.outcome is not Outcome.PASS
    facts = [
        ("Owner", gate.owner, False),
        ("Remediation", remediation_words(gate) if asked else "", False),
        ("Rehearsal", rehearsed, False),
        ("Again", again if asked and open_ and verdict.decides else "", True),
        ("Metric", gate.metric, False),
        ("Bounds", _bounds(verdict), False),
        ("Measured on", _counted(verdict), False),
        ("Baseline", baseline, False),
        ("Method", measured.method, False),
        ("Holds", CLAIM_WORDS[measured.claim], False),
        ("Deciding nothing", others, False),
    ]
    return [fact for fact in facts if fact[1]]


def _bounds(verdict: Verdict) -> str:
    measured, unit = verdict.measurement, verdict.unit
    if measured.value is None:
        return ""
    if not measured.bounded:
        return "exact: the value itself is held against the threshold"
    words = f"{bare(measured.low, unit)} to {bare(measured.high, unit)}"
    level = f"{100 * (measured.confidence or verdict.gate.confidence):.4g}%"
    if measured.far_confidence is None:
        return f"{words}, each one-sided at {level}"
    far = f"{100 * measured.far_confidence:.4g}%"
    return f"{words}, one-sided at {level}; the one that would show a failure at {far}"


def _counted(verdict: Verdict) -> str:
    counts, words = verdict.measurement.counts, []
    if verdict.unit == "mismatches":
        return ""  # the reason counts what was compared
    if counts.items:
        timed = "latency" in METRICS[verdict.gate.metric].needs
        words.append(f"{counts.items:,} {'requests' if timed else 'items'}")
    words += [f"{counts.seeds} seeds"] if counts.seeds else []
    words += [f"{counts.replicates} replicates"] if counts.replicates > 1 else []
    text = " x ".join(words)
    return f"{text}, {counts.shots:,} shots" if counts.shots else text


def _numbers(decision: Decision) -> Table:
    rows = []
    for verdict in decision.verdicts:
        measured, unit = verdict.measurement, verdict.unit
        bounds = "exact" if not measured.bounded else ""
        if measured.bounded and measured.value is not None:
            bounds = f"{bare(measured.low, unit)} to {bare(measured.high, unit)}"
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


def _notes(decision: Decision) -> list[tuple[str, Sequence[str]]]:
    """Return what else the decision rests on, by heading; what is empty is left out."""
    attempts = [wording.attempt_sentence(decision), wording.rehearsal_sentence(decision)]
    found: list[tuple[str, Sequence[str]]] = [
        ("Claims", [wording.claims_sentence(decision)]),
        ("Comparison", wording.comparison_sentences(decision)),
        ("Attempts", [words for words in attempts if words]),
        ("Planned looks", wording.look_sentences(decision)),
        ("Circuits", wording.circuit_sentences(decision)),
        ("Tuning", wording.tuning_sentences(decision)),
    ]
    return [(heading, words) for heading, words in found if words]


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader({"page": _part("page.html.j2")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["coded"] = _coded
    return environment


def _part(name: str) -> str:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return re.sub(r"\n\s+", "\n", text)


def _shown(value: Any) -> Any:
    """Return text on one line whose control characters are shown; markup is ours as it is."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return printable(re.sub(r"\s+", " ", value))


def _coded(text: str) -> list[tuple[str, bool]]:
    """Return a sentence in parts, each with whether it stood between backticks."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return [(text, False)]
    return [(part, place % 2 == 1) for place, part in enumerate(parts) if part]
