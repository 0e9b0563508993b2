"""Incidents small enough to be known by heart."""

from __future__ import annotations

from typing import Any

from qgate.charter.charter import Threshold
from qgate.rollout.incident import Clause, Event, Incident

OPENED = Event("2026-11-21T10:00:00+00:00", "ci@example.com", "gate parity failed in production")
LATER = Event("2026-11-21T12:30:00+00:00", "sre@example.com", "rolled back to classical_v3")
LAST = Event("2026-11-22T09:00:00+00:00", "a@example.com", "wrong scaler found")

CLAUSE = Clause(
    gate="parity",
    metric="val_accuracy_gap_vs_classical",
    unit="proportion",
    value=0.0525,
    low=0.031,
    high=0.074,
    relative=None,
    threshold=Threshold(high=0.005),
    owner="qml@example.com",
    remediation="disable layer `entangle`, then re-run parity",
    reason="Even the 95% lower bound 3.10 pt is above 0.50 pt.",
)


def incident(**change: Any) -> Incident:
    """Return an open incident of one failed gate; `change` replaces fields."""
    base: dict[str, Any] = {
        "id": "2026-11-21-few-shots-1",
        "pilot": "Few shots!",
        "charter": "charters/few.yaml",
        "charter_digest": "c" * 64,
        "cause": "gate",
        "why": OPENED.what,
        "opened": OPENED,
        "clauses": (CLAUSE,),
        "digests": {"evidence": "e" * 64, "observations": "0" * 64, "bundle": "b" * 64},
    }
    return Incident(**(base | change))


HOSTILE = "</table>|`x`\x1b[31m<script>\u202e [a](b) \udcff *_"
