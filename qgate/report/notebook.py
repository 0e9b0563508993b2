"""Fragments of HTML for notebooks: a charter, a plan, a gate, a verdict, a decision.

Several stand on one page, under styles of others: every rule is nested in one class, and nothing
has an id. Colours and drawings are those of the HTML report.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from qgate.charter.charter import Charter, Gate
from qgate.files import typed
from qgate.gates.decision import Decision
from qgate.gates.reason_code import code_of, reason_code
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.measurement import CLAIM_WORDS
from qgate.measure.registry import METRICS
from qgate.plan.study import Study
from qgate.report import wording
from qgate.report.html.gate_plot import gate_plot, intervals_of, with_unit
from qgate.report.html.gates import DECISIONS, FIRST, MARKS, numbers_of, tally
from qgate.report.html.svg import Plot
from qgate.report.html.templates import environment
from qgate.report.measured import baseline_words, bounds_words, counted_words
from qgate.report.notebook_plan import charter_view, gate_view, plan_view
from qgate.rollout.rollback import remedy_words, rollback_after

_MOST_GATES = 40
"""That a fragment tells one by one; the others stand in its table."""


@dataclass(frozen=True)
class VerdictView:
    """What is shown of one verdict."""

    name: str
    kind: str
    mark: str
    said: str
    value: str
    modelled: bool
    threshold: str
    reason: str
    plots: tuple[Plot, ...]
    slices: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    """What is to be done, and by whom."""
    method: tuple[tuple[str, str], ...]
    """How it was measured, and over what it holds."""


def render(shown: object) -> str:
    """Return the fragment for a charter, study, gate, verdict or decision.

    Raises:
        TypeError: When there is none for its type.

    """
    for kind, (template, view) in _VIEWS.items():
        if isinstance(shown, kind):
            return str(_environment().get_template(template).render(css=_css(), **view(shown)))
    raise TypeError(f"there is no HTML for {type(shown).__name__}")


def _of_decision(decision: Decision) -> Mapping[str, Any]:
    mark, kind = DECISIONS[str(decision.action)]
    rollback = rollback_after(decision)
    stopped = wording.stop_sentence(decision)
    told = (wording.attempt_sentence(decision), wording.rehearsal_sentence(decision))
    groups = ([v for o in FIRST for v in decision.of(o)], decision.of(Outcome.PASS))
    stopping, passing, shadowed = _views(decision, *groups, decision.shadowed)
    rest = len(decision.verdicts) - _MOST_GATES
    return {
        "headline": wording.headline(decision),
        "mark": mark,
        "kind": kind,
        "charter": decision.charter,
        "attempt": decision.attempt,
        "lead": wording.traffic_words(decision, rollback),
        "warnings": [*wording.override_sentences(decision), *([stopped] if stopped else [])],
        "tally": [(kind, words) for kind, _, words in tally(decision)],
        "stopping": stopping,
        "steps": rollback.steps if rollback.required else (),
        "passing": passing,
        "shadowed": shadowed,
        "rest": f"{rest} more stand in the table below." if rest > 0 else "",
        "numbers": numbers_of(decision),
        "notes": [words for words in (*told, *wording.look_sentences(decision)) if words],
        "commands": _commands(decision),
        "digest": decision.evidence_digest,
        "path": decision.evidence_path,
    }


def _commands(decision: Decision) -> list[tuple[str, str]]:
    """Return what to type, and what it is for; of evidence that was not written only a run."""
    again = [("Run again", f"qgate run {typed(decision.charter.path)}")]
    if not decision.evidence_path:
        return again
    offline = ("Judge again, offline", wording.judge_command(decision))
    evidence = typed(decision.evidence_path)
    report = ("The whole report", f"qgate report {evidence} --output report.html")
    if decision.hypothetical:
        return [offline, *again]
    back = ("The way back", rollback_after(decision).command)
    first = {
        "promote": [("Promote", f"qgate promote --check {evidence}"), back],
        "hold": again,
        "rollback": [back],
    }[str(decision.action)]
    return [*first, offline, report]


def _of_verdict(verdict: Verdict) -> Mapping[str, Any]:
    return {"kind": str(verdict.outcome), "gate": _view(verdict)}


def _views(decision: Decision, *groups: Sequence[Verdict]) -> tuple[tuple[VerdictView, ...], ...]:
    """Return each group's views, as many of all together as there is room for."""
    room, shown = _MOST_GATES, []
    for group in groups:
        shown.append(tuple(_view(verdict, decision) for verdict in group[:room]))
        room -= len(shown[-1])
    return tuple(shown)


def _view(verdict: Verdict, decision: Decision | None = None) -> VerdictView:
    return VerdictView(
        name=verdict.gate.name,
        kind=str(verdict.outcome) if verdict.decides else f"{verdict.outcome} shadowed",
        mark=MARKS[verdict.outcome],
        said=verdict.outcome.upper(),
        value=wording.value_words(verdict),
        modelled=_modelled(verdict),
        threshold=with_unit(verdict),
        reason=verdict.reason,
        plots=tuple(gate_plot(verdict, *each) for each in intervals_of(verdict)),
        slices=tuple(wording.slice_words(verdict)),
        facts=_facts(verdict, decision),
        method=_method(verdict),
    )


def _facts(verdict: Verdict, decision: Decision | None) -> tuple[tuple[str, str], ...]:
    gate = verdict.gate
    code = code_of(decision, verdict) if decision is not None else reason_code(verdict)
    stopped = decision is not None and decision.stopped
    mended_whole = stopped and verdict.outcome is Outcome.INCONCLUSIVE
    return _told(
        ("Owner", gate.owner),
        ("Remediation", "" if mended_whole else remedy_words(verdict)),
        ("Rehearsal", wording.rehearsal_words(decision, verdict) if decision is not None else ""),
        ("Explain", "" if verdict.outcome is Outcome.PASS else f"`qgate explain {code}`"),
    )


def _method(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    measured = verdict.measurement
    return _told(
        ("Metric", verdict.gate.metric),
        ("Bounds", _bounds(verdict)),
        ("Measured on", counted_words(verdict)),
        ("Baseline", baseline_words(verdict)),
        ("Method", measured.method),
        ("Holds", CLAIM_WORDS[measured.claim]),
        ("Deciding nothing", wording.comparison_words(verdict)),
    )


def _told(*facts: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the facts that say something."""
    return tuple((name, words) for name, words in facts if words)


def _bounds(verdict: Verdict) -> str:
    if not verdict.measurement.bounded:
        return "exact" if verdict.unit != "mismatches" else ""
    level = f"{100 * (verdict.measurement.confidence or verdict.gate.confidence):.4g}%"
    words = bounds_words(verdict)
    return f"{words}, each one-sided at {level}" if words else ""


def _modelled(verdict: Verdict) -> bool:
    said = (METRICS[verdict.gate.metric].definition, verdict.measurement.method)
    return verdict.measurement.value is not None and any("modelled" in words for words in said)


_VIEWS: dict[type, tuple[str, Callable[[Any], Mapping[str, Any]]]] = {
    Charter: ("charter", charter_view),
    Study: ("plan", plan_view),
    Gate: ("gate", gate_view),
    Verdict: ("verdict", _of_verdict),
    Decision: ("decision", _of_decision),
}
"""Of each type its template, and what that is told."""


@functools.cache
def _environment() -> Environment:
    parts = re.split(r"^\{# ([a-z]+) #\}\n", _read("report", "notebook.html.j2"), flags=re.M)[1:]
    return environment(dict(zip(parts[::2], parts[1::2], strict=True)))


@functools.cache
def _css() -> Markup:
    """Return the style, in which each colour is the page's, for light and for dark."""
    blocks = re.findall(r":root \{([^}]*)\}", _read("report.html", "page.css"))
    light, dark = (dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in blocks[:2])
    colours = "".join(f"--q-{name}: light-dark({light[name]}, {dark[name]});" for name in light)
    text = _read("report", "notebook.css").replace("/* colours */", colours)
    return Markup(re.sub(r"\n\s*", "\n", text))  # noqa: S704  # files of this package


def _read(room: str, name: str) -> str:
    return files(f"qgate.{room}").joinpath(name).read_text(encoding="utf-8")
