"""The effect of a drift: the candidate against itself under the other snapshot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qgate.charter.derived import DRIFTED
from qgate.evidence.evidence import Evidence
from qgate.measure import drift_effect, parity
from qgate.measure.drift_effect import LACKING, under_current
from qgate.plan.plan import TrialSpec
from tests.unit.measure.small import (
    TRUTH,
    Trial,
    both,
    document,
    evidence,
    gate,
    plan,
    trial,
    wrong_on,
)

TRUTHS = TRUTH * 12
EFFECT = gate("calibration_drift_effect", high=0.05)
GAP = gate("val_accuracy_gap_vs_classical", high=0.05)
LOCKED = {1: (0, 3), 2: (0, 3, 40)}
CURRENT = {1: (0, 3, 50, 60, 70), 2: (0, 50, 60, 70)}


def _rows(wrong: dict[int, tuple[int, ...]]) -> dict[int, list[int]]:
    return {seed: wrong_on(*items, truth=TRUTHS) for seed, items in wrong.items()}


def _drifted(wrong: dict[int, tuple[int, ...]] = CURRENT) -> list[Trial]:
    return [trial(DRIFTED, seed, row, shots=1024) for seed, row in _rows(wrong).items()]


def _run(*more: Trial) -> Evidence:
    trials = both(_rows(LOCKED), wrong_on(9, truth=TRUTHS))
    return evidence([*trials, *more], truth=TRUTHS)


def test_it_is_locked_minus_current_by_the_engine_of_parity() -> None:
    found = drift_effect.measure(_run(*_drifted()), EFFECT)
    losses = (5 - 2) / 120, (4 - 3) / 120
    assert found.value == pytest.approx(sum(losses) / 2)
    assert found.baseline_value == pytest.approx(1 - 2.5 / 120)
    expected = parity.measure(
        evidence(
            [{**t, "arm": "candidate"} for t in _drifted()]
            + [trial("baseline", s, row, shots=1024) for s, row in _rows(LOCKED).items()],
            truth=TRUTHS,
        ),
        GAP,
        advise=False,
    )
    assert (found.low, found.high, found.method) == (expected.low, expected.high, expected.method)
    assert (found.counts.items, found.counts.seeds, found.counts.shots) == (120, 2, 1024)


def test_no_effect_is_none() -> None:
    found = drift_effect.measure(_run(*_drifted(LOCKED)), EFFECT)
    assert found.value == 0
    assert found.high is not None
    assert found.high > 0  # which 120 items bound, not prove to be none


@pytest.mark.parametrize(
    "asked", [GAP, gate("val_accuracy", low=0.9), gate("val_f1_gap_vs_classical", high=0.1)]
)
def test_under_the_current_snapshot_a_gate_reads_the_drifted_trials(asked: object) -> None:
    assert isinstance(asked, type(GAP))
    found = under_current(_run(*_drifted()), asked)
    swapped = evidence(both(_rows(CURRENT), wrong_on(9, truth=TRUTHS)), truth=TRUTHS)
    assert found == parity.measure(swapped, asked, advise=False)
    assert found != parity.measure(_run(), asked, advise=False)


def test_what_was_run_under_the_locked_snapshot_alone_leaves_the_effect_unknown() -> None:
    found = under_current(_run(*_drifted()), gate("quantum_contribution", low=0.0))
    assert found.error == "the ablations were not run under the later snapshot"
    device = {"path": "old.json", "current": "new.json"}
    kernel = document()["candidate"]["quantum_kernel"] | {"device": device}
    run = _run(*_drifted())
    both_drift = document(baseline={"id": "b", "quantum_kernel": kernel})
    run = replace(run, record={**run.record, "charter": both_drift})
    error = under_current(run, GAP).error
    assert error is not None
    assert "the baseline's device has a later snapshot too" in error
    assert under_current(run, gate("val_accuracy", low=0.9)).error is None


def test_without_drifted_trials_it_is_an_error_that_says_what_to_set() -> None:
    assert drift_effect.measure(_run(), EFFECT).error == LACKING
    assert under_current(_run(), GAP).error == LACKING
    failed = _run(trial(DRIFTED, 1, None, shots=1024), trial(DRIFTED, 2, None, shots=1024))
    for found in (drift_effect.measure(failed, EFFECT), under_current(failed, GAP)):
        assert found.error is not None
        assert "failed on seed 1" in found.error


def test_another_placement_is_no_drift() -> None:
    run = _run(*_drifted())
    for current, fits in (([0, 1], True), ([1, 0], False)):
        figures = {
            "candidate": {"physical_qubits": [0, 1]},
            DRIFTED: {"physical_qubits": current},
        }
        placed = replace(run, record={**run.record, "figures": figures})
        for found in (drift_effect.measure(placed, EFFECT), under_current(placed, GAP)):
            assert (found.error is None) == fits
            assert fits or "another placement" in str(found.error)


def test_a_forecast_wants_the_drifted_arm() -> None:
    planned = plan(10)
    assert not drift_effect.forecast(planned, EFFECT, None).decidable
    more = replace(planned, trials=(*planned.trials, TrialSpec(DRIFTED, 1, 1024, 0, "d")))
    assert drift_effect.forecast(more, EFFECT, None).decidable
