"""Calibrations of a made-up device, as a record holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qgate.evidence.evidence import Evidence

DATES = ("2026-01-05T09:00:00+00:00", "2026-01-19T09:00:00+00:00")
TYPICAL = {
    "t1_s": 1e-4,
    "t2_s": 8e-5,
    "p1_given_0": 0.01,
    "p0_given_1": 0.02,
    "one_qubit_error": 3e-4,
    "two_qubit_error": 0.008,
}
Place = tuple[str, int]


def calibration(
    used: Sequence[int] = range(8),
    *,
    qubits: int = 20,
    factors: Mapping[str, float] | None = None,
    planted: Mapping[Place, Any] | None = None,
    sd: float = 0.1,
    seed: int = 7,
) -> dict[str, Any]:
    """Return a ring of qubits on two dates.

    Args:
        used: By the circuit.
        qubits: Of the device.
        factors: By which a property changed everywhere.
        planted: The current figure of a property's place, or a pair of both.
        sd: Of each part's log-ratio.
        seed: Of the fluctuations.

    """
    rng = np.random.default_rng(seed)
    rows = []
    for name, typical in TYPICAL.items():
        gate = {"one_qubit_error": "sx", "two_qubit_error": "cx"}.get(name, "")
        for place in range(qubits):
            where = [place, (place + 1) % qubits] if gate == "cx" else [place]
            before = typical * float(np.exp(rng.normal(0, 0.3)))
            after = before * (factors or {}).get(name, 1.0) * float(np.exp(rng.normal(0, sd)))
            figures = (planted or {}).get((name, place), after)
            pair = list(figures) if isinstance(figures, tuple) else [before, figures]
            rows.append([name, gate, where, *pair])
    locked, current = (
        {"device": "toy", "time": time, "digest": digit * 64}
        for time, digit in zip(DATES, "12", strict=True)
    )
    return {"locked": locked, "current": current, "used": list(used), "elements": rows}


def with_calibration(evidence: Evidence, **roles: Mapping[str, Any]) -> Evidence:
    """Return evidence whose record holds calibrations by role."""
    return replace(evidence, record={**evidence.record, "calibration": roles})
