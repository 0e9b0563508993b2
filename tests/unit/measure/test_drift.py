"""Calibration drift: told from evidence alone, part by part, and nothing without a ratio lost."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from qgate.gates.verdict import Outcome, judge_gate
from qgate.measure import drift
from qgate.measure.measurement import Measurement
from qgate.quantum.device import read_device
from qgate.quantum.drift import calibration_of
from tests.unit.measure.drifts import TYPICAL, calibration, with_calibration
from tests.unit.measure.small import document, evidence, gate, plan
from tests.unit.quantum.test_device import FIXTURES

GATE = gate("calibration_drift", high=1.5)
DEVICE = {"path": "a.json", "current": "b.json"}


def _measure(found: dict[str, Any], **more: dict[str, Any]) -> Measurement:
    return drift.measure(with_calibration(evidence([]), candidate=found, **more), GATE)


def _outcome(found: Measurement) -> Outcome:
    return judge_gate(GATE, found, capped=False).outcome


def _note(found: Measurement, start: str) -> str:
    (note,) = [note for note in found.notes if note.startswith(start)]
    return note


def _real(before: str, after: str, used: tuple[int, ...]) -> dict[str, Any]:
    locked, current = (read_device(FIXTURES / f"{name}.json", name) for name in (before, after))
    return calibration_of(locked, current, used)


def test_it_is_the_largest_mean_factor_with_t_bounds() -> None:
    """Without jumps and with nine parts nothing is trimmed, and it is Student's t by hand."""
    made = calibration(range(4), qubits=9, factors={"t2_s": 0.8}, sd=0.2)
    found = _measure(made)
    bounds, firsts, means = [], [], []
    for name in TYPICAL:
        logs = np.log([row[4] / row[3] for row in made["elements"] if row[0] == name])
        own = logs[:3] if name == "two_qubit_error" else logs[:4]  # a ring: 3 couplings among 4
        se = logs.std(ddof=1) / math.sqrt(len(own))
        means.append(abs(own.mean()))
        bounds.append(abs(own.mean()) + stats.t(8).ppf(0.95) * se)
        firsts.append((own.mean() / se, abs(own.mean()), se))
    assert found.value == pytest.approx(math.exp(max(means)))
    assert found.high == pytest.approx(math.exp(max(bounds)))
    assert found.far_confidence == pytest.approx(1 - 0.05 / 6)
    shown = any(stats.t(8).sf(abs(t)) * 2 <= 0.05 / 6 for t, _, _ in firsts)
    assert found.low is not None
    assert (found.low > 1) == shown
    assert found.confidence == 0.95


@pytest.mark.parametrize("seed", range(5))
def test_within_the_daily_fluctuation_it_passes(seed: int) -> None:
    found = _measure(calibration(seed=seed))
    assert _outcome(found) is Outcome.PASS
    assert found.value is not None
    assert 1 <= found.value < 1.15


@pytest.mark.parametrize("name", TYPICAL)
@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_a_drift_of_any_property_either_way_is_shown(name: str, factor: float) -> None:
    found = _measure(calibration(factors={name: factor}))
    assert _outcome(found) is Outcome.FAIL
    assert found.value == pytest.approx(2.5, rel=0.15)
    verdict = judge_gate(GATE, found)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "no candidate bad" in verdict.reason
    assert "2026-01-05 to 2026-01-19" in verdict.reason


def test_a_drift_elsewhere_on_the_device_does_not_count() -> None:
    planted = {("t1_s", place): 1e-6 for place in (15, 16)}
    assert _outcome(_measure(calibration(planted=planted))) is Outcome.PASS


def test_a_single_part_that_jumped_stands_in_the_way_and_is_named() -> None:
    found = _measure(calibration(planted={("p0_given_1", 3): 0.4}))
    assert _outcome(found) is Outcome.INCONCLUSIVE
    assert found.high is not None
    assert found.high > 10
    assert _note(found, "Beyond").startswith(
        "Beyond the device's spread, after Holm: readout p(0|1) of qubit 3 x"
    )
    assert _note(found, "Largest single change: readout p(0|1) of qubit 3 x")


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ((0.008, 1.0), "0.008 to 1"),
        ((0.008, None), "0.008 to unknown"),
        ((0.008, "absent"), "0.008 to absent"),
        ((0.008, 0.0), "0.008 to 0"),
        ((0.0, 0.01), "0 to 0.01"),
        ((None, 0.01), "unknown to 0.01"),
        ((1.3, 0.01), "1.3 to 0.01"),
        ((1.0, None), "1 to unknown"),
    ],
)
def test_a_part_that_turned_has_no_ratio_and_no_bound_holds(figures: Any, words: str) -> None:
    found = _measure(calibration(planted={("two_qubit_error", 2): figures}))
    assert found.high is None
    assert _outcome(found) is Outcome.INCONCLUSIVE
    assert _note(found, "Without") == f"Without a ratio: two-qubit error of cx 2-3 {words}."
    unused = _measure(calibration(planted={("two_qubit_error", 12): figures}))
    assert _outcome(unused) is Outcome.PASS


@pytest.mark.parametrize(("figure", "state"), [(1.0, "broken"), (None, "unknown"), (0.0, "zero")])
def test_what_was_never_good_is_said_and_does_not_matter(figure: Any, state: str) -> None:
    planted = {("two_qubit_error", place): (figure, figure) for place in (2, 4)}
    found = _measure(calibration(planted=planted))
    assert _outcome(found) is Outcome.PASS
    assert _note(found, "The same on both dates") == (
        f"The same on both dates, without a ratio: two-qubit error of cx 2-3, 4-5 ({state})."
    )


def test_a_snapshot_against_itself_has_not_drifted() -> None:
    made = calibration()
    made["elements"] = [[*row[:4], row[3]] for row in made["elements"]]
    found = _measure(made)
    assert (found.value, found.low, found.high) == (1, 1, 1)
    assert "T1 as it was" in _note(found, "Mean factors")


def test_figures_that_were_carried_over_lend_no_certainty() -> None:
    """One reading in a snapshot that is otherwise the same: nothing tells what is usual."""
    made = calibration()
    made["elements"] = [
        row if row[:3] == ["t1_s", "", [2]] else [*row[:4], row[3]] for row in made["elements"]
    ]
    found = _measure(made)
    assert (found.high, found.low) == (None, 1)
    assert "no spread" in _note(found, "Mean factors")
    # Many carried over do not make an ordinary change of the rest stand out.
    made = calibration()
    made["elements"] = [[*row[:4], row[3]] if row[2][0] % 5 else row for row in made["elements"]]
    assert not [note for note in _measure(made).notes if note.startswith("Beyond")]


def test_the_spread_is_that_of_parts_that_were_measured_again() -> None:
    made = calibration()
    made["elements"] = [row if row[2][0] < 8 else [*row[:4], row[3]] for row in made["elements"]]
    (times, *_) = drift.drift_of("candidate", made).properties
    own = np.log([row[4] / row[3] for row in made["elements"][:8]])
    assert times.mean.df == 7
    assert times.mean.se == pytest.approx(own.std(ddof=1) / math.sqrt(8))


def test_a_lone_part_needs_the_device_to_be_told_from() -> None:
    found = _measure(calibration((4,), sd=0.1))
    assert len(drift.drift_of("candidate", calibration((4,))).properties) == 5  # no coupling
    assert _outcome(found) is Outcome.PASS
    assert _outcome(_measure(calibration((4,), sd=0.4))) is Outcome.INCONCLUSIVE


def test_the_worst_arm_counts() -> None:
    found = _measure(calibration(), baseline=calibration(factors={"t1_s": 3.0}))
    assert _outcome(found) is Outcome.FAIL
    assert found.far_confidence == pytest.approx(1 - 0.05 / 12)
    assert _note(found, "toy of the baseline")
    assert _note(found, "toy of the candidate")


def test_without_calibrations_or_with_false_ones_it_is_an_error() -> None:
    assert drift.measure(evidence([]), GATE).error == drift.LACKING
    error = _measure(calibration(planted={("t1_s", 0): -1.0})).error
    assert error is not None
    assert "not negative" in error
    nothing = calibration()
    nothing["elements"] = []
    assert _measure(nothing).error == "no figure of a used qubit has a ratio"


@pytest.mark.parametrize("used", [(1, 3), (1, 3, 5, 6), tuple(range(7))])
def test_lagos_drifted(used: tuple[int, ...]) -> None:
    found = _measure(_real("lagos_2021-07-26", "lagos_2024-05-27", used))
    assert _outcome(found) is (Outcome.INCONCLUSIVE if len(used) == 2 else Outcome.FAIL)
    assert found.value is not None
    assert found.value > 9
    assert "ibm_lagos of the candidate" in found.notes[0]
    assert "2021-07-26 to 2024-05-27" in found.notes[0]


@pytest.mark.parametrize(
    ("used", "limit", "outcome"),
    [
        ((0, 1, 2, 3, 4, 5, 8, 9), 2.0, Outcome.PASS),
        ((0, 1, 2, 3, 4, 5, 8, 9), 1.5, Outcome.INCONCLUSIVE),  # 1.53
        (tuple(q for q in range(27) if q not in (7, 21)), 1.5, Outcome.PASS),
        (tuple(range(27)), 1.5, Outcome.INCONCLUSIVE),  # qubits 7 and 21 jumped
    ],
)
def test_hanoi_is_a_near_miss(used: tuple[int, ...], limit: float, outcome: Outcome) -> None:
    found = _measure(_real("hanoi_2025-02-12", "hanoi_2025-02-26", used))
    assert found.value is not None
    assert found.value < 1.25
    assert judge_gate(gate("calibration_drift", high=limit), found).outcome is outcome
    beyond = [note for note in found.notes if note.startswith("Beyond")]
    assert bool(beyond) == (21 in used)


def test_a_forecast_wants_a_later_snapshot() -> None:
    assert not drift.forecast(plan(10), GATE, None).decidable
    kernel = document()["candidate"]["quantum_kernel"] | {"device": DEVICE}
    terms = document(candidate={"id": "q", "quantum_kernel": kernel})
    assert drift.forecast(plan(10, charter=terms), GATE, None).decidable
