"""What a comparison of two bundles says in its first line: the answer, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from qgate.comparison.answers import Answer, Fact
from qgate.comparison.changes import Touch
from qgate.comparison.comparison import BASELINE, Comparison, GateMove
from qgate.comparison.redrawn import candidate_changed
from qgate.files import printable
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.units import in_words

_MOST_NAMED = 6
_NOW = {
    Outcome.PASS: "passes",
    Outcome.FAIL: "fails",
    Outcome.INCONCLUSIVE: "is inconclusive",
    Outcome.ERROR: "is in error",
}


def answer_word(comparison: Comparison) -> str:
    """Return the answer in capitals."""
    return comparison.answer.upper()


def answer_sentence(comparison: Comparison) -> str:
    """Return what the answer rests on, in one or two sentences."""
    if comparison.answer is Answer.SAME:
        return "A and B have the same digests, to the last byte."
    drawn = redrawn_words(comparison.redrawn)
    return f"{drawn}: {_sentence(comparison)}" if drawn else _sentence(comparison)


def redrawn_words(names: Sequence[str]) -> str:
    """Return that the candidate is the same, and what it was drawn anew with; empty if nothing."""
    return f"other {' and '.join(names)} of the same candidate" if names else ""


def _sentence(comparison: Comparison) -> str:
    baseline, answer = comparison.baseline, comparison.answer
    if answer is Answer.NO_WORSE:
        return _no_worse(comparison)
    if answer is Answer.EVIDENCE_DRIFT:
        found = f"{_felled(comparison)}{_rests(comparison)} {_worsened(comparison)}"
        return f"the baseline moved ({baseline.cause}). {found.strip()}"
    if answer is Answer.WORSE:
        words = f"{_felled(comparison)}{_worsened(comparison)}{_drifted(comparison)}"
        return f"{words}{_unlucky(comparison)}".strip()
    if answer is Answer.INPUTS_DRIFTED:
        return f"{_drifted(comparison)}{_unlucky(comparison)}".strip()
    return _open(comparison)


def _no_worse(comparison: Comparison) -> str:
    better = [move.name for move in comparison.gates if move.shown == "better"]
    more = f" Shown to be better: {_few(better)}." if better else ""
    besides = dict.fromkeys(c.what for c in comparison.changes if c.touches is Touch.ALL)
    if besides:
        more += f" Changed inputs moved nothing: {_few(besides)}."
    lost = [move.name for move in comparison.gates if move.difference.value is None]
    if lost:
        more += f" Without a difference, for lack of a measurement: {_few(lost)}."
    terms = [change.what for change in comparison.changes if change.clause == "gates"]
    if terms:
        more += f" Terms changed: {_few(terms)}."
    if comparison.before.evidence_digest == comparison.after.evidence_digest:
        return f"inputs and outcomes are the same; only times differ.{more}"
    return f"no gate fell, and no measurement is shown to have become worse.{more}"


def _felled(comparison: Comparison) -> str:
    """Return which gates fail in B and did not in A, and that all traffic goes back, if so."""
    if Fact.FELL not in comparison.facts:
        return ""
    changed = {change.gate for change in comparison.changes if change.clause == "gates"}
    words = [
        f"{move.name} fails, {_was(move.before)} in A"
        f"{' under other terms' if move.name in changed else ''}"
        for move in comparison.gates
        if failed(move.after) and not failed(move.before)
    ]
    words += [f"{v.gate.name} fails, not asked in A" for v in comparison.only_after if failed(v)]
    said = f"{_few(words, '; ')}." if words else "B is a roll back, A was none."
    return f"{said} "


def _drifted(comparison: Comparison) -> str:
    """Return what moved on changed inputs, and what of it is not told from nothing."""
    moved = [move for move in comparison.gates if move.drifted and move.touched and move.decides]
    if not moved:
        return ""
    causes = _few(dict.fromkeys(name for move in moved for name in move.touched))
    more = "more than the candidate" if candidate_changed(comparison.changes) else "inputs"
    return f"{'; '.join(_moves(moved))}, and {more} changed: {causes}. "


def _moves(moved: Sequence[GateMove]) -> Iterator[str]:
    """Yield which gates moved, which verdicts did, and which differences may be nothing."""
    told = [move for move in moved if move.shown or not move.difference.interval]
    turned = [
        move
        for move in moved
        if move not in told
        and move.before.outcome is not move.after.outcome
        and not failed(move.after)
    ]
    untold = [move for move in moved if move not in told and move not in turned]
    if told:
        yield f"{_few(move.name for move in told)} moved"
    if turned:
        yield _few(
            (f"{m.name} {_NOW[m.after.outcome]}, {_was(m.before)} in A" for m in turned), "; "
        )
    if untold:
        yield f"the difference of {_few(move.name for move in untold)} is not told from 0"


def _unlucky(comparison: Comparison) -> str:
    """Return what came out worse of a candidate that is the same, on inputs that are, if so."""
    found = [
        f"{move.name} (by {_size(move)})"
        for move in comparison.gates
        if move.drifted and not move.touched and move.decides
    ]
    if not found:
        return ""
    return f"{_few(found)} came out worse, which the candidate cannot have done."


def _was(verdict: Verdict) -> str:
    return {Outcome.PASS: "passed", Outcome.FAIL: "failed"}.get(
        verdict.outcome, _state(verdict).removeprefix("in ")
    )


def failed(verdict: Verdict) -> bool:
    """Return whether an enforced gate failed."""
    return verdict.outcome is Outcome.FAIL and verdict.decides


def _rests(comparison: Comparison) -> str:
    moved = [m.name for m in comparison.gates if m.moved and BASELINE in m.touched]
    if not moved:
        return "No gate on it moved, but what they are held against did."
    return f"What moved of {_few(moved)} cannot be laid on the candidate alone."


def _worsened(comparison: Comparison) -> str:
    words = [
        f"{move.name} by {_size(move)}"
        for move in comparison.gates
        if move.worsened and move.decides
    ]
    return f"Shown to be worse: {_few(words)}. " if words else ""


def _size(move: GateMove) -> str:
    value = move.difference.value
    own = dict(move.difference.shares).get("candidate")
    alone = ""
    if move.touched and own is not None:
        value, alone = own.value, ", the candidate's own part"
    return f"{in_words(abs(value or 0.0), move.after.unit, difference=True)}{alone}"


def _open(comparison: Comparison) -> str:
    facts, parts = comparison.facts, []
    if Fact.OPENED in facts:
        names = [
            f"{move.name} is {_state(move.after)}, {_was(move.before)} in A"
            for move in comparison.gates
            if move.decides and move.opened
        ]
        names += [
            f"{v.gate.name} is {_state(v)}, not asked in A"
            for v in comparison.only_after
            if v.decides and v.outcome in (Outcome.INCONCLUSIVE, Outcome.ERROR)
        ]
        parts.append(_few(names, "; "))
    if Fact.UNASKED in facts:
        names = [v.gate.name for v in comparison.only_before if v.decides]
        names += [m.name for m in comparison.gates if m.before.decides and not m.after.decides]
        parts.append(f"B does not ask, or only in shadow: {_few(names)}")
    if Fact.UNTOLD in facts:
        names = [move.name for move in comparison.gates if move.untold and move.decides]
        parts.append(f"worse, by luck or not: {_few(names)}")
    return f"{'. '.join(parts)}."


def _state(verdict: Verdict) -> str:
    return "in error" if verdict.outcome is Outcome.ERROR else "inconclusive"


def _few(words: Iterable[str], joint: str = ", ") -> str:
    """Return the first few of several texts, and how many more there are."""
    found = [printable(word) for word in words]
    left = len(found) - _MOST_NAMED
    rest = f"{joint}{left} more" if left > 1 else ""
    return joint.join(found[:_MOST_NAMED] if rest else found) + rest
