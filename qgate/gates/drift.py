"""What a drifted calibration does to verdicts: a comparison is no longer valid, nobody failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from qgate.charter.charter import Charter, Gate
from qgate.evidence.evidence import Evidence
from qgate.files import typed
from qgate.gates.verdict import Outcome, Verdict, judge_gate, judge_on
from qgate.measure.drift_effect import under_current
from qgate.measure.registry import METRICS
from qgate.measure.units import in_words

DRIFT = "calibration_drift"
_OPENED = (Outcome.PASS, Outcome.FAIL)
"""Verdicts that a drift leaves open; an error or an open question stays what it is."""
_FOUND = {
    Outcome.FAIL: "is shown to have drifted",
    Outcome.INCONCLUSIVE: "is not shown to be as it was",
    Outcome.ERROR: "could not be held against a later one",
}
"""What a gate on the drift says of the calibration, by what its numbers alone would be."""
_UNKNOWN = "Whether the drift touches the verdict is not known: {why}."
_UNTOUCHED = "The drift does not touch the verdict: {before} under both snapshots."
_TOUCHED = (
    "The drift touches the verdict: {before} under the locked, {now} under the current snapshot."
)


def verdicts_on(evidence: Evidence, charter: Charter, gates: Sequence[Gate]) -> tuple[Verdict, ...]:
    """Return the verdicts of some of a charter's gates, comparisons opened where calibration moved.

    A comparison holds for the snapshot that it was made under. Where a deciding gate on
    `calibration_drift` does not pass, every PASS or FAIL of the candidate's metrics on validation
    data becomes INCONCLUSIVE, and says what it would be under the current snapshot.

    Args:
        evidence: Of a run, perhaps as it was at a look.
        charter: The terms; its gates on the drift count whether or not they are among `gates`.
        gates: Those to judge, of the charter.

    """
    moved = [v for v in _deciding(evidence, charter) if v.outcome is not Outcome.PASS]
    known = {verdict.gate.name: verdict for verdict in moved}
    found = (known.get(gate.name) or judge_on(evidence, gate) for gate in gates)
    return tuple(_opened(evidence, verdict, moved) if moved else verdict for verdict in found)


def compares(gate: Gate) -> bool:
    """Return whether a gate is on the candidate's quality, which rests on the snapshot."""
    others = gate.metric in ("optimum_reached", "quantum_contribution")
    return gate.metric.startswith("val_") or METRICS[gate.metric].gap or others


def _deciding(evidence: Evidence, charter: Charter) -> Iterator[Verdict]:
    for gate in charter.gates:
        if gate.metric == DRIFT and gate.mode == "enforce":
            yield judge_on(evidence, gate)


def _opened(evidence: Evidence, verdict: Verdict, moved: Sequence[Verdict]) -> Verdict:
    if verdict.outcome not in _OPENED or not compares(verdict.gate):
        return verdict
    reason = " ".join([
        *(_what(evidence, drift) for drift in moved),
        _state("locked", verdict),
        *_effect(evidence, verdict),
        *_remedy(evidence),
    ])  # fmt: skip
    return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=reason)


def _what(evidence: Evidence, drift: Verdict) -> str:
    """Return what drifted, and between which dates."""
    calibration = evidence.record.get("calibration") or {}
    snapshots = [
        f"{found['locked']['device']}, {found['locked']['time'][:10]} to "
        f"{found['current']['time'][:10]}"
        for _, found in sorted(calibration.items())
    ]
    where = f" ({'; '.join(dict.fromkeys(snapshots))})" if snapshots else ""
    numbers = judge_gate(drift.gate, drift.measurement, capped=False).outcome
    return f"The calibration{where} {_FOUND[numbers]}: see {drift.gate.name}."


def _effect(evidence: Evidence, verdict: Verdict) -> Iterator[str]:
    """Return the verdict under the current snapshot, and whether it is another."""
    there = judge_gate(verdict.gate, under_current(evidence, verdict.gate))
    if there.outcome is Outcome.ERROR:
        why = there.measurement.error or "no finite value"
        yield _UNKNOWN.format(why=why)
        return
    yield _state("current", there)
    words = _UNTOUCHED if there.outcome is verdict.outcome else _TOUCHED
    yield words.format(before=_word(verdict.outcome), now=_word(there.outcome))


def _state(snapshot: str, verdict: Verdict) -> str:
    found, unit, points = verdict.measurement, verdict.unit, verdict.in_points
    value, low, high = (
        in_words(number, unit, difference=points) for number in (found.value, found.low, found.high)
    )
    where = ", on the same qubits" if snapshot == "current" else ""
    said = f"{_word(verdict.outcome)}, {value} ({low} to {high})"
    return f"Under the {snapshot} snapshot{where}: {said}."


def _word(outcome: Outcome) -> str:
    return outcome.value.upper()


def _remedy(evidence: Evidence) -> Iterator[str]:
    """Return what to type to compare under the current snapshot."""
    charter = evidence.charter
    for arm in (charter.baseline, charter.candidate):
        if arm.device is not None and arm.device.current is not None:
            where = f"{arm.role}.{arm.kind}.device.path"
            command = f"qgate lock {typed(charter.path)} --reason 'recalibrated'"
            yield f"Set {where} to {arm.device.current}, then {command}"
