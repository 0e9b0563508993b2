"""Accounts of decisions with any verdicts, for tests of report formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qgate.charter.charter import Action, Gate, Threshold
from qgate.evidence.store import open_bundle
from qgate.gates.decision import judge
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.measurement import Counts, Measurement
from qgate.report.account import Account
from qgate.rollout.rollback import rollback_after
from tests.unit.evidence import bundles

HOSTILE = (
    "::error file=x::gone\n::set-output name=a::b\r##[error]c %0A::warning::d, e: 100% "
    "[here](https://e.example) {0} <b>&amp;</b> \x1b[31m\u2028]]> | `rm`"
)
"""Text that would be a command, a link, a placeholder, markup or a control, were it let."""


def verdict(name: str, outcome: Outcome, **changes: Any) -> Verdict:
    """Return a verdict, whatever its numbers say, of a gate with these changes."""
    reason = changes.pop("reason", f"Because of {name}.")
    terms = {
        "metric": "latency_p95_ms",
        "threshold": Threshold(high=120.0),
        "owner": "owner@example.com",
        "remediation": (Action("restore", "old"),),
        **changes,
    }
    measured = Measurement(
        value=130.0, low=125.0, high=135.0, baseline_value=80.0, method="counted",
        counts=Counts(items=5, seeds=2, shots=4096),
    )  # fmt: skip
    return Verdict(Gate(name, **terms), measured, outcome, reason)


def each_outcome(**changes: Any) -> list[Verdict]:
    """Return a verdict of each outcome, enforced and in shadow."""
    return [
        verdict(f"{mode}-{outcome}", outcome, mode=mode, **changes)
        for mode in ("enforce", "shadow")
        for outcome in Outcome
    ]


def account(folder: Path, verdicts: Sequence[Verdict], **changes: Any) -> Account:
    """Return the account of a decision with these verdicts and other changes."""
    written = bundles.write(bundles.record(), bundles.observations(), folder)
    decision = replace(judge(written), verdicts=tuple(verdicts), **changes)
    return Account(decision, rollback_after(decision), open_bundle(written.path))
