"""One run as history keeps it: what a bundle's evidence comes to, gate by gate."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass, fields
from statistics import NormalDist

from qgate.digest import digest
from qgate.evidence.evidence import Evidence
from qgate.evidence.store import Bundle, evidence_of
from qgate.files import resolved, shown
from qgate.gates.decision import Decision, judge
from qgate.gates.verdict import Verdict
from qgate.review.overrides import moment
from qgate.review.statements import Judged

_SECTIONS = ("data", "baseline", "candidate", "schedule", "latency", "tuning", "plugins")
"""Of a charter: what is measured, on what."""


@dataclass(frozen=True)
class Reading:
    """One gate of a run: its measurement, in the metric's unit, and its verdict."""

    name: str
    metric: str
    unit: str
    mode: str
    verdict: str
    value: float | None
    low: float | None
    high: float | None
    standard_error: float | None
    """Of the value, as its bounds tell; None where there are none."""
    exact: int
    """1 where nothing is random, else 0."""
    threshold_min: float | None
    threshold_max: float | None
    threshold_vs_baseline: float | None
    baseline_value: float | None
    terms: str
    """Digest of how the gate measures, whatever it is held against."""


@dataclass(frozen=True)
class Run:
    """One run: when, what was decided, and the digests of what it rests on."""

    bundle: str
    evidence: str
    observations: str
    pilot: str
    time: str
    """When it was made, in UTC."""
    decision: str
    attempt: int
    charter: str
    contract: str
    process: str
    """Digest of contract, what is measured, and the baseline's answers: what may be charted as one.
    """
    charter_path: str
    place: str
    readings: tuple[Reading, ...] = ()


RUN_FIELDS = tuple(field.name for field in fields(Run) if field.name != "readings")
READING_FIELDS = tuple(field.name for field in fields(Reading))


def run_of(bundle: Bundle) -> Run | None:
    """Return the run that a bundle is of, judged anew; None of a rehearsal.

    Raises:
        UsageError: When the bundle is not evidence as a run writes it.

    """
    observations = bundle.json("observations.json")
    if isinstance(observations, dict) and observations.get("attempt") == 0:
        return None
    evidence = evidence_of(bundle)
    decision = judge(evidence)
    contract = Judged(bundle, evidence, decision).contract
    made = moment(evidence.observations.get("created"), f"{shown(bundle.place)}: created")
    return Run(
        bundle=bundle.digest,
        evidence=evidence.digest,
        observations=evidence.observations_digest,
        pilot=_text(decision.charter.pilot.name),
        time=made.astimezone(datetime.UTC).isoformat(timespec="microseconds"),
        decision=str(decision.action),
        attempt=decision.attempt,
        charter=decision.charter.digest,
        contract=contract,
        process=_process(evidence, contract),
        charter_path=_text(decision.charter.path),
        place=_text(str(resolved(bundle.place))),
        readings=_readings(decision),
    )


def _process(evidence: Evidence, contract: str) -> str:
    document = evidence.charter.document
    sections = {name: document.get(name) for name in _SECTIONS}
    return digest([contract, sections, evidence.predictions_digest("baseline")])


def _readings(decision: Decision) -> tuple[Reading, ...]:
    return tuple(_reading(verdict, decision) for verdict in decision.verdicts)


def _reading(verdict: Verdict, decision: Decision) -> Reading:
    gate, found = verdict.gate, verdict.measurement
    shots, slices = decision.charter.shots_of(gate), gate.slices
    terms = [gate.metric, shots, gate.claim, None if slices is None else list(slices)]
    bounded = found.bounded
    return Reading(
        name=_text(gate.name),
        metric=gate.metric,
        unit=verdict.unit,
        mode=gate.mode,
        verdict=str(verdict.outcome),
        value=_finite(found.value),
        low=_finite(found.low) if bounded else None,
        high=_finite(found.high) if bounded else None,
        standard_error=standard_error(verdict) if bounded else None,
        exact=int(not bounded),
        threshold_min=gate.threshold.low,
        threshold_max=gate.threshold.high,
        threshold_vs_baseline=gate.threshold.vs_baseline,
        baseline_value=_finite(found.baseline_value),
        terms=digest(terms),
    )


def standard_error(verdict: Verdict) -> float | None:
    """Return a value's standard error as its one-sided bounds tell, None without a finite bound.

    As if the value were normal about the middle of its bounds: of quantiles and of proportions
    near 0 or 1, whose bounds are not symmetric, it is a mean of both sides.
    """
    found, gate = verdict.measurement, verdict.gate
    level = found.confidence or gate.confidence
    far_level = found.far_confidence or level
    near, far = (_deviations(one) for one in (level, far_level))
    value, low, high = _finite(found.value), _finite(found.low), _finite(found.high)
    if value is None:
        return None
    below, above = (far, near) if gate.threshold.low is None else (near, far)
    sides = [(value - low, below)] if low is not None else []
    sides += [(high - value, above)] if high is not None else []
    width, levels = sum(side for side, _ in sides), sum(level for _, level in sides)
    return width / levels if levels > 0 and width >= 0 else None


def _deviations(level: float) -> float:
    return NormalDist().inv_cdf(level) if 0.5 < level < 1 else 0.0


def _text(text: str) -> str:
    """Return text that can be stored: a file's name may hold bytes that are none."""
    return text.encode(errors="backslashreplace").decode()


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
