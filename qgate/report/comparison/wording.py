"""What a comparison of two bundles says line by line, for every report, and what to type."""

from __future__ import annotations

from collections.abc import Iterator

from qgate.comparison.answers import Answer
from qgate.comparison.baseline_move import BaselineMove
from qgate.comparison.changes import Change
from qgate.comparison.comparison import Comparison, GateMove
from qgate.files import typed
from qgate.gates.decision import Action
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.units import bare, in_words
from qgate.report.comparison.answer import failed, redrawn_words
from qgate.report.wording import HEADLINES
from qgate.rollout.rollback import remediation_words

Step = tuple[str, str]
"""Why, and the command."""

_NO_BOUND = "no bound"


def baseline_sentences(baseline: BaselineMove) -> Iterator[str]:
    """Yield what became of the baseline's answers, and of its scores on its own truth."""
    yield f"{'moved, ' if baseline.moved else ''}{baseline.words}"
    before, after = baseline.scores
    changed = [name for name in before if name in after and before[name] != after[name]]
    if changed:
        named = ", ".join(f"{name} {before[name]:.4g} -> {after[name]:.4g}" for name in changed)
        yield f"its scores on its own truth: {named}"
    one, other = baseline.predictions
    if one != other:
        yield f"digest of its predictions: {one[:12]} -> {other[:12]}"


def change_words(change: Change) -> str:
    """Return one changed input: before, after, and a note."""
    note = f" ({change.note})" if change.note else ""
    return f"{change.what}: {change.before} -> {change.after}{note}"


def values_words(move: GateMove) -> str:
    """Return the value in A and in B with the unit; `none` where it could not be measured."""
    before, after = (
        in_words(v.measurement.value, v.unit, difference=v.in_points)
        for v in (move.before, move.after)
    )
    return f"{before} -> {after}"


def only_words(comparison: Comparison) -> Iterator[str]:
    """Yield what was measured in one of the two alone, with its value."""
    for name, verdicts in (("A", comparison.only_before), ("B", comparison.only_after)):
        for verdict in verdicts:
            value = verdict.measurement.value
            told = in_words(value, verdict.unit, difference=verdict.in_points)
            yield f"{verdict.gate.name} ({verdict.gate.metric}): only in {name}, {told}"


def move_words(move: GateMove) -> str:
    """Return the difference with its bounds, or that it has none."""
    found, unit = move.difference, move.after.unit
    if found.value is None:
        return "no difference"
    words = signed(found.value, unit)
    if not found.interval:
        return f"{words} (no interval)"
    if not found.bounded:
        return f"{words} (exact)"
    low, high = (
        _NO_BOUND if v is None else _plus(v, bare(v, unit)) for v in (found.low, found.high)
    )
    return f"{words} ({low} to {high})"


def signed(value: float, unit: str) -> str:
    """Return a difference with its sign and unit; of proportions, in points."""
    return _plus(value, in_words(value, unit, difference=True))


def _plus(value: float, words: str) -> str:
    return f"+{words}" if value > 0 and not words.startswith("0.00") else words


def method_words(move: GateMove) -> str:
    """Return how the difference came about, and at which confidence each bound holds."""
    found = move.difference
    level = f"; each bound with {100 * found.confidence:.4g}%" if found.confidence else ""
    return f"{found.method}{level}"


def share_words(move: GateMove) -> str:
    """Return how much of a gap's move is each arm's; empty where all of it is the candidate's."""
    words = []
    shares = dict(move.difference.shares)
    if shares and shares["baseline"] == (0.0, 0.0, 0.0):
        return ""
    for role, share in shares.items():
        value = signed(share.value, move.after.unit)
        ends = [share.low, share.high]
        if None not in ends and share.low != share.high:
            low, high = (_plus(v or 0.0, bare(v, move.after.unit)) for v in ends)
            value += f" ({low} to {high})"
        words.append(f"the {role}'s {value}")
    return f"of it {', '.join(words)}" if words else ""


def control_words(move: GateMove) -> str:
    """Return what became of the baseline's times in the same two runs; empty where not known."""
    control = move.difference.control
    if control is None or control.value is None:
        return ""
    low, high = (
        _NO_BOUND if v is None else _plus(v, bare(v, move.after.unit))
        for v in (control.low, control.high)
    )
    value = signed(control.value, move.after.unit)
    return f"the baseline's in the same two runs {value} ({low} to {high})"


def cause_words(move: GateMove) -> str:
    """Return what besides the candidate a move may come of; empty where there is nothing."""
    if not move.drifted:
        return ""
    if not move.touched:
        return redrawn_words(move.redrawn)
    return f"not the candidate's alone, these changed too: {', '.join(move.touched)}"


def verdict_words(before: Verdict | None, after: Verdict | None) -> str:
    """Return both verdicts; `not asked` where a bundle has no such gate."""
    return f"{_verdict(before)} -> {_verdict(after)}"


def _verdict(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not asked"
    return str(verdict.outcome.upper()) + ("" if verdict.decides else " (shadow)")


def decision_words(comparison: Comparison) -> str:
    """Return both decisions."""
    return f"{HEADLINES[comparison.before.action]} -> {HEADLINES[comparison.after.action]}"


def steps(comparison: Comparison) -> list[Step]:
    """Return what to do about the answer, each with the command to type; the likeliest first."""
    a, b = (typed(d.evidence_path) for d in (comparison.before, comparison.after))
    charter = typed(comparison.after.charter.path)
    run, again = f"qgate run {charter}", f"qgate compare {a} NEW-EVIDENCE"
    found: list[Step] = []
    if comparison.baseline.moved and _locked_anew(comparison):
        found += [
            (
                "The new baseline is locked: if it is meant, compare later bundles against B",
                f"qgate compare {b} NEW-EVIDENCE",
            ),
            (
                "If not, put it back as it was in A, and lock that",
                f'qgate lock {charter} --reason "why it is back"',
            ),
            ("run again", run),
            ("then", again),
        ]
    elif comparison.baseline.moved:
        found += [
            ("If the new baseline is meant", f'qgate lock {charter} --reason "why it changed"'),
            ("and judge the candidate against it", run),
            ("If not, put it back as it was in A, and run again", run),
            ("then", again),
        ]
    elif comparison.answer is Answer.INPUTS_DRIFTED:
        drawn = any(m.drifted and not m.touched for m in comparison.gates)
        luck = f"With A's {' and '.join(comparison.redrawn)}, which leaves nothing to luck"
        found += [(luck if drawn else "With the inputs above as they were in A", run)]
        found += [("then", again)]
    if comparison.answer in (Answer.WORSE, Answer.EVIDENCE_DRIFT):
        found += _remedies(comparison)
    if comparison.answer is Answer.CANNOT_SAY:
        found.append(("What would decide", f"qgate plan {charter} --from {b}"))
    found.append(("B's decision in full", f"qgate judge {b}"))
    return found


def _locked_anew(comparison: Comparison) -> bool:
    """Return whether the baseline that moved is the one that B is locked with."""
    return any(
        verdict.gate.metric == "baseline_drift" and verdict.outcome is Outcome.PASS
        for verdict in comparison.after.verdicts
    )


def _remedies(comparison: Comparison) -> Iterator[Step]:
    for move in comparison.gates:
        if failed(move.after) and not failed(move.before):
            gate = move.after.gate
            yield f"{gate.name}, owner {gate.owner}: {remediation_words(gate)}", ""
    if comparison.after.action is Action.ROLLBACK:
        charter = typed(comparison.after.charter.path)
        yield "The way back for traffic", f"qgate rollback {charter} --dry-run"


def basis_sentence(comparison: Comparison) -> str:
    """Return what stands behind the words: which bundles, and what they do not promise."""
    a, b = comparison.before, comparison.after
    return (
        f"A is {a.evidence_digest[:12]} ({a.evidence_path}), B {b.evidence_digest[:12]} "
        f"({b.evidence_path}). Each bound stands alone: with several gates one of them errs more "
        "often. What is not shown to be worse is not shown to be as good: that is what gates do."
    )
