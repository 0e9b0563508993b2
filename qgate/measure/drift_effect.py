"""What a drift of the calibration does to the candidate, and to what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qgate.charter.charter import Gate
from qgate.charter.derived import ABLATIONS, DRIFTED
from qgate.evidence.evidence import Evidence
from qgate.lock.lock import Lock
from qgate.measure import parity
from qgate.measure.measurement import Forecast, Measurement
from qgate.measure.registry import METRICS, family
from qgate.plan.plan import Plan

LACKING = "the candidate was not run under a later snapshot: set `device.current` in the charter"
_GAP = "val_accuracy_gap_vs_classical"


def measure(evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
    """Return the candidate's accuracy under the locked snapshot minus that under the current one.

    Positive where the drift made it worse. The engine is that of parity, with the candidate as
    locked in the baseline's place: the same items, seeds and training rows, so that all but the
    device's figures cancels; each run has shot noise of its own.
    """
    del advise  # what would decide is worded for a baseline
    if (why := _unfit(evidence)) is not None:
        return Measurement(error=why, claim=gate.claim)
    pair = recast(evidence, {"candidate": "baseline", DRIFTED: "candidate"})
    return parity.measure(pair, replace(gate, metric=_GAP), advise=False)


def forecast(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None) -> Forecast:
    """Return whether the candidate will run under a later snapshot; no model gives a chance."""
    del gate, lock, past
    if not plan.of(DRIFTED):
        return Forecast(False, None, "no later snapshot", "set `device.current` in the charter")
    return Forecast(True, None, "the candidate runs under both snapshots")


def under_current(evidence: Evidence, gate: Gate) -> Measurement:
    """Return a gate's measurement with the candidate under the current snapshot in its place.

    Its `error` says so where the candidate was not run there, or on other qubits.
    """
    why = _unfit(evidence) or _half(evidence, gate)
    if why is not None:
        return Measurement(error=why, claim=gate.claim)
    there = recast(evidence, {"baseline": "baseline", DRIFTED: "candidate"})
    return family(gate.metric).measure(there, gate, advise=False)


def recast(evidence: Evidence, roles: Mapping[str, str]) -> Evidence:
    """Return evidence of these arms alone, each in its new role."""
    trials = [
        {**trial, "arm": roles[trial["arm"]]}
        for trial in evidence.record["trials"]
        if trial["arm"] in roles
    ]
    return replace(evidence, record={**evidence.record, "trials": trials})


def _half(evidence: Evidence, gate: Gate) -> str | None:
    """Return why only one side of a comparison was run under the current snapshot, None if both."""
    if gate.metric in ABLATIONS:
        return "the ablations were not run under the later snapshot"
    baseline = evidence.charter.baseline.device
    if baseline is not None and baseline.current is not None and METRICS[gate.metric].gap:
        return "the baseline's device has a later snapshot too, under which it was not run"
    return None


def _unfit(evidence: Evidence) -> str | None:
    """Return why the two snapshots cannot be compared, None where they can."""
    if not any(trial["arm"] == DRIFTED for trial in evidence.record["trials"]):
        return LACKING
    figures = evidence.record.get("figures", {})
    locked, current = (
        figures.get(role, {}).get("physical_qubits") for role in ("candidate", DRIFTED)
    )
    if locked != current:
        return (
            f"the candidate stands on qubits {locked} as locked and on {current} under the current "
            "snapshot: another placement is no drift"
        )
    return None
