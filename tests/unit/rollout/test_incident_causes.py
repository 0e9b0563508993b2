"""What a decision puts into an incident."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qgate.gates.decision import Decision, judge
from qgate.measure.measurement import Measurement, Relative
from qgate.rollout.incident_causes import (
    after_decision,
    after_rollback,
    failure_words,
    same_failure,
)
from tests.unit.measure.small import both, document, evidence, wrong_on
from tests.unit.rollout.incidents import OPENED

GATES: list[dict[str, Any]] = [
    {
        "name": name,
        "metric": "val_accuracy",
        "min": minimum,
        "mode": mode,
        "owner": f"{name}@example.com",
        "remediation": [{"set_shots": 4096}, {"rerun": "parity"}],
        "note": "ask first",
    }
    for name, minimum, mode in (
        ("floor", 0.99, "enforce"),
        ("low", 0.01, "enforce"),
        ("shaded", 0.99, "shadow"),
    )
]


def failing() -> Decision:
    """Return a decision in which one enforced gate fails, and one in shadow."""
    wrong = wrong_on(0, 1, 2, 3, 4, 5)
    terms = document(seeds=(1, 2, 3), gates=GATES)
    return judge(evidence(both({1: wrong, 2: wrong, 3: wrong}, wrong_on()), charter=terms))


def test_only_gates_that_decide_and_failed_are_its_clauses() -> None:
    decision = failing()
    found = after_decision(decision, "b" * 64, OPENED)
    assert found.gates == ("floor",)
    clause, verdict = found.clauses[0], decision.verdicts[0]
    assert (clause.metric, clause.unit) == ("val_accuracy", "proportion")
    assert clause.value == verdict.measurement.value == 0.4
    assert (clause.low, clause.high) == (verdict.measurement.low, verdict.measurement.high)
    assert clause.threshold.low == 0.99
    assert clause.owner == "floor@example.com"
    assert clause.remediation == "set shots to 4096, then re-run parity (ask first)"
    assert clause.reason == verdict.reason
    assert found.digests == {
        "evidence": decision.evidence_digest,
        "observations": decision.observations_digest,
        "bundle": "b" * 64,
    }
    assert (found.cause, found.why, found.opened) == ("gate", OPENED.what, OPENED)
    assert (found.charter, found.charter_digest) == ("pilot.yaml", decision.charter.digest)


def test_what_failed_is_told_with_its_bundle() -> None:
    told = failure_words(failing(), "b" * 64)
    assert told == "gate floor failed in production (attempt 1, bundle bbbbbbbbbbbb)"


def test_a_multiple_of_the_baseline_is_kept() -> None:
    decision = failing()
    measured = Measurement(value=3.0, relative=Relative(2.5, 2.0, 3.0))
    verdicts = (replace(decision.verdicts[0], measurement=measured), *decision.verdicts[1:])
    found = after_decision(replace(decision, verdicts=verdicts), "b" * 64, OPENED)
    assert (found.clauses[0].value, found.clauses[0].relative) == (3.0, 2.5)


def test_a_rollback_without_evidence_has_no_clauses() -> None:
    found = after_rollback(failing().charter, OPENED)
    assert (found.cause, found.clauses, found.digests) == ("rollback", (), {})
    assert found.why == OPENED.what
    charter = failing().charter
    assert found.owners == (charter.pilot.owner,) != ("",)
    assert after_decision(failing(), "b" * 64, OPENED).owners == ("floor@example.com",)


def test_the_same_failure_is_of_the_same_gates_on_the_same_evidence() -> None:
    draft = after_decision(failing(), "b" * 64, OPENED)
    same = same_failure(draft)
    assert same(replace(draft, id="x", why="other", digests={**draft.digests, "bundle": "d" * 64}))
    assert not same(replace(draft, pilot="other"))
    assert not same(replace(draft, charter_digest="d" * 64))
    assert not same(replace(draft, clauses=()))
    assert not same(replace(draft, digests={**draft.digests, "evidence": "d" * 64}))
