"""A history as the JSON document of schemas/history.v1.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from qgate.history.collect import LeftOut
from qgate.history.drift import Series, Shift
from qgate.history.run import Reading, Run
from qgate.history.view import PilotHistory
from qgate.measure.registry import METRICS
from qgate.report.history_wording import BASIS, drift_sentences
from qgate.stats.cusum import ALLOWANCE, DECISION, REFERENCE


def render_history_json(found: Sequence[PilotHistory], left_out: Sequence[LeftOut]) -> str:
    """Return the document as text; names from outside are escaped to ASCII."""
    return f"{json.dumps(history_document(found, left_out), indent=2, allow_nan=False)}\n"


def history_document(found: Sequence[PilotHistory], left_out: Sequence[LeftOut]) -> dict[str, Any]:
    """Return a history as plain values."""
    return {
        "version": 1,
        "decays": drift_sentences(found),
        "pilots": [_pilot(pilot) for pilot in found],
        "left_out": [{"place": one.place, "why": one.why} for one in left_out],
        "method": {
            "k": ALLOWANCE,
            "h": DECISION,
            "reference_runs": REFERENCE,
            "basis": list(BASIS),
        },
    }


def _pilot(pilot: PilotHistory) -> dict[str, Any]:
    bundles = {run.bundle for run in pilot.shown}
    return {
        "name": pilot.pilot,
        "runs_known": len(pilot.runs),
        "runs": [_run(run) for run in pilot.shown],
        "measurements": [_series(one, bundles) for one in pilot.series],
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "time": run.time,
        "decision": run.decision,
        "attempt": run.attempt,
        "evidence": run.evidence,
        "observations": run.observations,
        "bundle": run.bundle,
        "charter": run.charter,
        "contract": run.contract,
        "process": run.process,
        "charter_path": run.charter_path,
        "place": run.place,
        "gates": [_gate(reading) for reading in run.readings],
    }


def _gate(reading: Reading) -> dict[str, Any]:
    thresholds = {
        "min": reading.threshold_min,
        "max": reading.threshold_max,
        "max_vs_baseline": reading.threshold_vs_baseline,
    }
    return {
        "name": reading.name,
        "metric": reading.metric,
        "unit": reading.unit,
        "mode": reading.mode,
        "verdict": reading.verdict,
        "value": reading.value,
        "low": reading.low,
        "high": reading.high,
        "standard_error": reading.standard_error,
        "threshold": {key: value for key, value in thresholds.items() if value is not None},
        "baseline_value": reading.baseline_value,
    }


def _series(series: Series, bundles: set[str]) -> dict[str, Any]:
    drift = series.drift
    return {
        "gate": series.name,
        "metric": series.metric,
        "unit": series.last.unit,
        "better": METRICS[series.metric].better,
        "asked": series.asked,
        "values": [
            {
                "bundle": point.run.bundle,
                "value": point.reading.value,
                "process": point.process,
                "counted": point.counted,
            }
            for point in series.points
            if point.run.bundle in bundles
        ],
        "drift": {
            "state": drift.state,
            "exact": drift.exact,
            "runs": drift.runs,
            "lacking": drift.lacking,
            "reference": drift.reference,
            "sums_worse": list(drift.worse),
            "sums_better": list(drift.better),
            "shifts": [_shift(shift) for shift in drift.shifts],
        },
    }


def _shift(shift: Shift) -> dict[str, Any]:
    return {
        "kind": "decay" if shift.worse else "improvement",
        "since": {"time": shift.since.time, "bundle": shift.since.bundle},
        "alarm": {"time": shift.alarm.time, "bundle": shift.alarm.bundle},
        "size": shift.size,
        "deviations": shift.deviations,
        "lasting": shift.lasting,
    }
