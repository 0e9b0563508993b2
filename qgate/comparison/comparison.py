"""Two bundles compared: a pure function of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qgate.charter.build import IMPLIED_GATES
from qgate.comparison.answers import Answer, Fact, answered
from qgate.comparison.baseline_move import BaselineMove, baseline_move
from qgate.comparison.changes import Change, Touch, changes
from qgate.comparison.redrawn import redrawn
from qgate.errors import ExitCode, UsageError
from qgate.evidence.evidence import Evidence
from qgate.files import printable
from qgate.gates.decision import Action, Decision, judge
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.difference import Difference, Side, difference
from qgate.measure.registry import METRICS

BASELINE = "the baseline"
"""How a gate's touch by evidence drift is named."""
_RANKS = {Outcome.PASS: 0, Outcome.INCONCLUSIVE: 1, Outcome.ERROR: 1, Outcome.FAIL: 2}
_OPEN = (Outcome.INCONCLUSIVE, Outcome.ERROR)


@dataclass(frozen=True)
class GateMove:
    """A gate that both bundles have: its measurement and verdict in each, and what moved it."""

    before: Verdict
    after: Verdict
    difference: Difference
    touched: tuple[str, ...]
    """Changed inputs that may have moved it, other than the candidate."""
    redrawn: tuple[str, ...] = ()
    """What the candidate, where it is the same, was drawn anew with: by luck alone it can move."""

    @property
    def name(self) -> str:
        """Return the gate's name."""
        return self.after.gate.name

    @property
    def decides(self) -> bool:
        """Return whether the gate is enforced in the newer bundle."""
        return self.after.decides

    @property
    def sense(self) -> int:
        """Return 1 where a larger value is worse, -1 where a smaller one is."""
        return -1 if METRICS[self.after.gate.metric].better == "higher" else 1

    @property
    def shown(self) -> str:
        """Return `worse` or `better` where the difference is shown, else nothing."""
        return {1: "worse", -1: "better"}.get(self.difference.sign * self.sense, "")

    @property
    def opened(self) -> bool:
        """Return whether a gate that passed is open, or one that was measured is in error."""
        lost = self.after.outcome is Outcome.ERROR is not self.before.outcome
        return lost or _rank(self.after) == 1 > _rank(self.before)

    @property
    def untold(self) -> bool:
        """Return whether the value is worse and nothing tells it from luck."""
        found = self.difference
        told = found.interval or found.value is None or self._timed
        return not told and (found.value or 0.0) * self.sense > 0

    @property
    def moved(self) -> bool:
        """Return whether a time is shown to differ, or anything else differs at all.

        Times never come out the same; what is recorded does, unless something changed. Of a time
        that is the better one nothing is asked.
        """
        if "latency" in METRICS[self.after.gate.metric].needs:
            return self.shown == "worse" or _rank(self.after) > _rank(self.before)
        if self.before.outcome is not self.after.outcome or self.shown:
            return True
        return not self._timed and bool(self.difference.value)

    @property
    def worsened(self) -> bool:
        """Return whether it is shown to be worse, and by nothing but the candidate.

        Where the baseline alone moved besides, the candidate's own part of a gap is told apart.
        What differs from a lock is no doing of the candidate, nor what other seeds do to the same.
        """
        if self.redrawn or self.after.gate.metric in IMPLIED_GATES:
            return False
        if self.touched == (BASELINE,):
            share = dict(self.difference.shares).get("candidate")
            bound = share and (share.low if self.sense > 0 else share.high)
            return bound is not None and bound * self.sense > 0
        return self.shown == "worse" and not self.touched

    @property
    def drifted(self) -> bool:
        """Return whether it moved, and rests on changed inputs other than the candidate.

        Where the same candidate was but drawn anew, only what is shown to be worse counts: two
        samples always differ.
        """
        lucky = bool(self.redrawn) and self.shown == "worse"
        return lucky or (bool(self.touched) and self.moved)

    @property
    def _timed(self) -> bool:
        needs = METRICS[self.after.gate.metric].needs
        return "latency" in needs or "prices" in needs


@dataclass(frozen=True)
class Comparison:
    """What changed from A to B, clause by clause, and what follows."""

    before: Decision
    after: Decision
    changes: tuple[Change, ...]
    baseline: BaselineMove
    redrawn: tuple[str, ...]
    """What changed of the schedule while the candidate is the same: see `redrawn.redrawn`."""
    gates: tuple[GateMove, ...]
    only_before: tuple[Verdict, ...]
    only_after: tuple[Verdict, ...]
    facts: frozenset[Fact]
    answer: Answer
    exit_code: ExitCode


def compare(older: Evidence, newer: Evidence) -> Comparison:
    """Return what changed between two bundles of one question.

    Raises:
        UsageError: When one alone is confidential, or they are of two questions: another task,
            target, set of classes, or no stated gate in common.

    """
    _alike_named(older, newer)
    _same_question(older, newer)
    before, after = judge(older), judge(newer)
    changed = changes(older, newer)
    baseline = baseline_move(older, newer, changed)
    pairs = list(_pairs(before, after))
    drawn = redrawn(older, newer, changed)
    unchanged = _of_candidate(older) == _of_candidate(newer)
    gates = tuple(
        _with_machine(
            GateMove(
                one,
                other,
                difference(
                    Side(older, one.gate, one.measurement),
                    Side(newer, other.gate, other.measurement),
                ),
                _touched(other, changed, baseline),
                drawn,
            ),
            unchanged=unchanged,
        )
        for one, other in pairs
    )
    only_before = tuple(v for v in before.verdicts if all(v is not one for one, _ in pairs))
    only_after = tuple(v for v in after.verdicts if all(v is not other for _, other in pairs))
    facts = frozenset(_facts(before, after, baseline, gates, only_before, only_after))
    answer, code = answered(facts)
    return Comparison(
        before, after, changed, baseline, drawn, gates, only_before, only_after, facts, answer, code
    )


def _alike_named(older: Evidence, newer: Evidence) -> None:
    """Refuse a confidential bundle beside another, whose items and classes have their own names."""
    named = [printable(evidence.charter.data.classification) for evidence in (older, newer)]
    if older.charter.data.confidential is not newer.charter.data.confidential:
        raise UsageError(
            f"A is of {named[0]} data and B of {named[1]}: confidential evidence has opaque names "
            "for classes and items, which cannot be held against plain ones. Run both with the "
            "same data.classification, then compare"
        )


def _same_question(older: Evidence, newer: Evidence) -> None:
    one, other = older.charter, newer.charter
    terms = (
        ("task", one.data.task, other.data.task),
        ("target", one.data.target, other.data.target),
        ("classes", list(older.classes), list(newer.classes)),
    )
    found = [f"{name}: {was!r} in A, {now!r} in B" for name, was, now in terms if was != now]
    asked = [
        {(gate.name, gate.metric) for gate in charter.gates if gate.metric not in IMPLIED_GATES}
        for charter in (one, other)
    ]
    if not found and not asked[0] & asked[1] and asked[0] != asked[1]:
        named = [", ".join(f"{n} ({m})" for n, m in sorted(gates)) or "none" for gates in asked]
        found = [f"no gate in common: {named[0]} in A, {named[1]} in B"]
    if found:
        raise UsageError(printable(f"A and B are of two questions: {'; '.join(found)}"))


def _pairs(before: Decision, after: Decision) -> Iterator[tuple[Verdict, Verdict]]:
    known = {(verdict.gate.name, verdict.gate.metric): verdict for verdict in before.verdicts}
    for verdict in after.verdicts:
        found = known.get((verdict.gate.name, verdict.gate.metric))
        if found is not None:
            yield found, verdict


def _touched(
    verdict: Verdict, changed: Sequence[Change], baseline: BaselineMove
) -> tuple[str, ...]:
    """Return what else than the candidate may have moved a gate's measurement."""
    gate = verdict.gate
    terms = METRICS[gate.metric]
    times = "latency" in terms.needs
    ratio = "baseline" in terms.needs or gate.threshold.vs_baseline is not None
    reached = {
        Touch.ALL: True,
        Touch.TIMES: times,
        Touch.COST: "prices" in terms.needs,
        Touch.SEEDS: gate.claim == "this_artifact" and terms.interim,
        Touch.BASELINE: (ratio and times) or (terms.gap and not baseline.known),
    }
    found = [
        change.what
        for change in changed
        if reached.get(change.touches, False)
        or (change.touches is Touch.GATE and change.gate == gate.name)
    ]
    if baseline.moved and (terms.gap or gate.metric == "baseline_drift"):
        found.append(BASELINE)
    return tuple(dict.fromkeys(found))


def _of_candidate(evidence: Evidence) -> list[Mapping[str, Any]]:
    return [trial for trial in evidence.record["trials"] if trial["arm"] == "candidate"]


def _with_machine(move: GateMove, *, unchanged: bool) -> GateMove:
    """Name the machine where it, not the candidate, may have moved a time.

    The candidate is the same, or the baseline's times moved the same way in the same two runs.
    """
    control = move.difference.control
    why = ""
    if unchanged and "latency" in METRICS[move.after.gate.metric].needs:
        why = "the machine (the candidate is the very same)"
    elif control is not None and move.shown and control.sign == move.difference.sign:
        why = "the machine (the baseline's times moved the same way)"
    return replace(move, touched=(*move.touched, why)) if why else move


def _facts(
    before: Decision,
    after: Decision,
    baseline: BaselineMove,
    gates: Sequence[GateMove],
    only_before: Sequence[Verdict],
    only_after: Sequence[Verdict],
) -> Iterator[Fact]:
    deciding = [move for move in gates if move.decides]
    new = [verdict for verdict in only_after if verdict.decides]
    if (before.evidence_digest, before.observations_digest) == (
        after.evidence_digest,
        after.observations_digest,
    ):
        yield Fact.SAME_EVIDENCE
    fell = any(_rank(move.after) == 2 > _rank(move.before) for move in deciding)
    fell |= any(verdict.outcome is Outcome.FAIL for verdict in new)
    if fell or (after.action is Action.ROLLBACK and before.action is not Action.ROLLBACK):
        yield Fact.FELL
    if any(move.worsened for move in deciding):
        yield Fact.WORSENED
    if baseline.moved:
        yield Fact.BASELINE_MOVED
    if any(move.drifted for move in deciding):
        yield Fact.DRIFTED
    if any(move.opened for move in deciding) or any(verdict.outcome in _OPEN for verdict in new):
        yield Fact.OPENED
    dropped = any(verdict.decides for verdict in only_before)
    if dropped or any(move.before.decides and not move.after.decides for move in gates):
        yield Fact.UNASKED
    if any(move.untold for move in deciding):
        yield Fact.UNTOLD


def _rank(verdict: Verdict) -> int:
    """Return 0 for a pass, 1 for an open question or an error, 2 for a failure."""
    return _RANKS[verdict.outcome]
