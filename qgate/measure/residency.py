"""Whether every arm is run where the data may be processed, read from the charter alone."""

from __future__ import annotations

from qgate.charter.charter import Charter, Gate
from qgate.charter.residency import residency_assumption, residency_failures, residency_unknowns
from qgate.evidence.evidence import Evidence
from qgate.lock.lock import Lock
from qgate.measure.measurement import Counts, Forecast, Measurement
from qgate.plan.plan import Plan

_METHOD = "the arms' declared regions, held against data.region"


def measure(evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
    """Return how many arms are run in a region that is not allowed; each is named in the notes.

    An arm whose place cannot be known is an error, unless another one is known to be elsewhere.
    """
    del gate, advise
    charter = evidence.charter
    if not charter.data.region:
        return Measurement(error="the charter states no `data.region`", method=_METHOD)
    found, unknown = residency_failures(charter), residency_unknowns(charter)
    if unknown and not found:
        return Measurement(error="; ".join(unknown), method=_METHOD)
    return Measurement(
        float(len(found)), bounded=False, counts=Counts(items=len(charter.arms)), method=_METHOD,
        notes=(*found, *unknown, _kept(charter, len(found) + len(unknown))),
    )  # fmt: skip


def forecast(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None) -> Forecast:
    """Return what the gate will say, which the charter alone decides."""
    del gate, lock, past
    charter = plan.charter
    if found := residency_failures(charter):
        note = f"{'; '.join(found)}: the run will stop before it sends anything"
        return Forecast(True, 0.0, note, "run the arm elsewhere, or allow its region")
    if unknown := residency_unknowns(charter):
        note = f"{'; '.join(unknown)}; until then the run stops before it sends anything"
        return Forecast(True, 0.0, note)
    return Forecast(True, None, _kept(charter, 0).removesuffix("."))


def _kept(charter: Charter, others: int) -> str:
    """Return how many arms are run where they may be, and of which that is taken for granted."""
    arms, assumed = len(charter.arms), residency_assumption(charter)
    kept = f"{arms - others} of {arms} arms in {' or '.join(charter.data.region)}"
    return f"assumed: {assumed}; {kept}." if assumed else f"{kept}."
