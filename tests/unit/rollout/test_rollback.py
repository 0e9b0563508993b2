"""The way back."""

from __future__ import annotations

from pathlib import Path

import pytest

from qgate.charter.charter import Action, Gate, Threshold
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.measurement import Measurement
from qgate.pipeline import load
from qgate.plan.settings import Settings
from qgate.rollout.rollback import remedy_words, rollback_plan

ACCEPTED = Path(__file__).parents[2] / "acceptance/accept"


def test_the_last_step_says_how_the_way_back_is_put_on_record() -> None:
    path = ACCEPTED / "long_form.yaml"
    steps = rollback_plan(load(path, Settings(files=False))).steps
    assert steps[-2].startswith("Run the parity suite again before any new promotion: qgate run ")
    assert steps[-1].startswith("Put on record that all traffic is back: qgate rollback ")
    assert steps[-1].endswith("long_form.yaml --done --reason TEXT")


@pytest.mark.parametrize(
    ("verb", "outcome", "said"),
    [
        ("restore", Outcome.INCONCLUSIVE, "if it fails: restore old"),
        ("restore", Outcome.FAIL, "restore old"),
        ("rerun", Outcome.INCONCLUSIVE, "re-run old"),
    ],
)
def test_only_what_goes_back_waits_for_a_failure(verb: str, outcome: Outcome, said: str) -> None:
    gate = Gate("g", "latency_p99_ms", Threshold(high=1.0), "me", (Action(verb, "old"),))
    assert remedy_words(Verdict(gate, Measurement(), outcome, "")) == said
