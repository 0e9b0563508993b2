"""The decision: what outweighs what, and that nothing shown is nothing promoted."""

from __future__ import annotations

import itertools

import pytest

from qgate.charter.build import build_charter
from qgate.errors import ExitCode
from qgate.gates.decision import Action, decide, judge
from qgate.gates.verdict import Outcome
from tests.unit.measure.small import both, document, evidence, wrong_on

P, F, I, E = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR  # noqa: E741

ANSWERS = {
    F: (Action.ROLLBACK, ExitCode.GATE_FAILED),
    E: (Action.HOLD, ExitCode.COULD_NOT_RUN),
    I: (Action.HOLD, ExitCode.INCONCLUSIVE),
    P: (Action.PROMOTE, ExitCode.PASS),
}


@pytest.mark.parametrize("outcomes", list(itertools.product(Outcome, repeat=3)))
def test_failure_then_error_then_open_question(outcomes: tuple[Outcome, ...]) -> None:
    heaviest = next(kind for kind in (F, E, I, P) if kind in outcomes)
    assert decide(outcomes) == ANSWERS[heaviest]


def test_promotion_needs_every_gate() -> None:
    for outcomes in itertools.product(Outcome, repeat=3):
        promoted = decide(outcomes)[0] is Action.PROMOTE
        assert promoted == all(outcome is P for outcome in outcomes)


def test_no_gate_at_all_is_a_hold() -> None:
    assert decide([]) == (Action.HOLD, ExitCode.COULD_NOT_RUN)
    assert int(decide([])[1]) == 30


def test_judging_takes_every_gate_of_the_charter_the_implied_ones_too() -> None:
    terms = document(
        gates=[
            {
                "name": "parity",
                "metric": "val_accuracy_gap_vs_classical",
                "max": 0.9,
                "owner": "a@example.com",
                "remediation": [{"rerun": "parity"}],
            }
        ]
    )
    found = judge(evidence(both({1: wrong_on(1), 2: wrong_on(2)}, wrong_on()), charter=terms))
    assert [verdict.gate.name for verdict in found.verdicts] == [
        "parity",
        "reproducibility",
        "baseline_drift",
    ]
    assert [verdict.outcome for verdict in found.verdicts] == [P, E, E]  # there is no lock
    assert (found.action, found.exit_code) == (Action.HOLD, ExitCode.COULD_NOT_RUN)
    assert [verdict.gate.name for verdict in found.of(P)] == ["parity"]
    assert found.attempt == 1


def test_judging_again_under_other_terms_and_again_is_the_same() -> None:
    stored = evidence(both({1: wrong_on(1), 2: wrong_on(2)}, wrong_on()))
    assert judge(stored) == judge(stored)
    strict = build_charter(
        document(
            pilot={
                "owner": "a@example.com",
                "success_metrics": [{"name": "val_accuracy_gap_vs_classical", "max": -0.5}],
            }
        ),
        "strict.yaml",
    )
    again = judge(stored, strict)
    assert again.charter.path == "strict.yaml"
    assert again.action is Action.ROLLBACK
    assert again.evidence_digest == stored.digest
