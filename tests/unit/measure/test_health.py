"""Health as gates: bounds of a mean, exact numbers, and what is missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from qgate.arms.checkup import _MOST_QUBITS, FIGURES
from qgate.evidence.evidence import Evidence
from qgate.gates.verdict import Outcome, judge_gate
from qgate.measure import health
from qgate.measure.registry import _FAMILIES, METRICS
from tests.unit.measure.small import document, evidence, gate, plan

ROWS = np.random.default_rng(3).uniform(0.6, 0.9, size=40)
LAYERS = [{"name": "encode", "kind": "angle", "gate": "ry"}]
DEVICE = {"path": "lagos.json"}


def _evidence(found: Mapping[str, Any], baseline: Mapping[str, Any] | None = None) -> Evidence:
    plain = evidence([])
    figures: dict[str, Any] = {"candidate": {"qubits": 2, "health": found}}
    if baseline is not None:
        figures["baseline"] = {"health": baseline}
    return dataclasses.replace(plain, record={**plain.record, "figures": figures})


def _charter(kind: str = "quantum_kernel", **section: Any) -> dict[str, Any]:
    return document(candidate={"id": "q", kind: {"layers": LAYERS, **section}})


def test_every_metric_of_health_has_a_figure_that_an_arm_gives() -> None:
    named = {name for name, family in _FAMILIES.items() if family == "health"}
    assert named == FIGURES | {"gradient_variance"}
    for most in _MOST_QUBITS.values():
        assert str(most) in health._words("purity")


def test_of_rows_it_is_the_mean_with_students_bounds() -> None:
    asked = gate("purity", low=0.7)
    found = health.measure(_evidence({"purity": ROWS.tolist()}, {"purity": [0.5, 0.7]}), asked)
    half = stats.t(39).ppf(0.95) * stats.sem(ROWS)
    assert asked.confidence == 0.95
    assert found.value == pytest.approx(ROWS.mean())
    assert found.low == pytest.approx(ROWS.mean() - half)
    assert found.high == pytest.approx(ROWS.mean() + half)
    assert found.baseline_value == pytest.approx(0.6)
    assert (found.counts.items, found.claim, found.confidence) == (40, "this_artifact", 0.95)
    assert judge_gate(asked, found).outcome is Outcome.PASS
    for low, outcome in ((0.745, Outcome.INCONCLUSIVE), (0.85, Outcome.FAIL)):
        assert judge_gate(gate("purity", low=low), found).outcome is outcome


def test_bounds_stay_where_the_metric_can_be() -> None:
    rows = [1.0] * 19 + [0.9]
    found = health.measure(_evidence({"state_fidelity": rows}), gate("state_fidelity", low=0.9))
    assert found.high == 1.0
    assert found.low is not None
    assert found.low < 0.995


def test_a_row_that_speaks_for_none_besides_it_does_not_pass() -> None:
    asked = gate("purity", low=0.5)
    found = health.measure(_evidence({"purity": [1.0]}), asked)
    assert found.error == "purity: bounds of a mean need at least 2 rows"
    assert judge_gate(asked, found).outcome is Outcome.ERROR


def test_equal_rows_are_told() -> None:
    found = health.measure(_evidence({"purity": [1.0] * 5}), gate("purity", low=0.5))
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)
    assert found.notes == ("The same for every row: the bounds have no width.",)


@pytest.mark.parametrize(("metric", "value", "method"), [
    ("decoherence", 0.08, "snapshot"), ("success_probability", 0.71, "snapshot"),
    ("kernel_variance", 1e-3, "exact kernel"), ("geometric_difference", 4.2, "exact kernel"),
    ("kernel_alignment", 0.93, "exact kernel"), ("gradient_variance", 2e-4, "gradients"),
])  # fmt: skip
def test_a_single_number_is_held_as_it_is(metric: str, value: float, method: str) -> None:
    found = health.measure(_evidence({metric: value}), gate(metric, high=value))
    assert (found.value, found.low, found.high, found.bounded) == (value, None, None, False)
    assert found.claim == "this_run"
    assert method in found.method
    lower = METRICS[metric].better == "lower"
    fine = gate(metric, high=value) if lower else gate(metric, low=value)
    wrong = gate(metric, high=0.99 * value) if lower else gate(metric, low=1.01 * value)
    assert judge_gate(fine, found).outcome is Outcome.PASS
    assert judge_gate(wrong, found).outcome is Outcome.FAIL


@pytest.mark.parametrize("broken", [[], [0.5, float("nan")], "much", [[0.5], [0.6]], float("inf"),
                                    [0.5, "x"], {"mean": 0.5}])  # fmt: skip
def test_what_is_no_number_is_an_error(broken: object) -> None:
    asked = gate("purity", low=0.1)
    found = health.measure(_evidence({"purity": broken}), asked)
    assert found.error is not None
    assert judge_gate(asked, found).outcome is Outcome.ERROR


def test_what_an_arm_does_not_give_is_an_error_that_says_which_do() -> None:
    for record in (evidence([]), _evidence({})):
        error = health.measure(record, gate("purity", low=0.1)).error
        assert error == (
            "this run did not figure it: purity is given by an arm of kind quantum_kernel or "
            "projected_kernel, of 1 to 16 qubits, to 10 behind noise"
        )
    error = health.measure(_evidence({}), gate("decoherence", high=0.1)).error
    assert error is not None
    assert error.startswith("the candidate has no device: decoherence is given by an arm of kind")
    error = health.measure(_evidence({}), gate("gradient_variance", low=0.1)).error
    assert error == (
        "the candidate is of kind quantum_kernel: gradient_variance is given by an arm of kind "
        "variational"
    )


@pytest.mark.parametrize(("charter", "metric", "decidable"), [
    (_charter(), "purity", True),
    (_charter("projected_kernel"), "concurrence", True),
    (_charter(), "decoherence", False),
    (_charter(device=DEVICE), "decoherence", True),
    (_charter("projected_kernel", device=DEVICE), "success_probability", True),
    (_charter(), "gradient_variance", False),
    (_charter("variational"), "gradient_variance", True),
    (_charter("variational"), "kernel_variance", False),
    (document(candidate={"id": "c", "estimator": "sklearn.svm.SVC"}), "purity", False),
])  # fmt: skip
def test_a_forecast_says_whether_the_candidate_gives_it(
    charter: dict[str, Any], metric: str, decidable: bool
) -> None:
    found = health.forecast(plan(10, charter=charter), gate(metric, low=0.1), None)
    assert found.decidable is decidable
    assert bool(found.remedy) is not decidable


def test_bounds_cover_the_mean_as_often_as_they_say() -> None:
    """Of skewed rows, 40 at a time: the one-sided bounds err about as often as 5%."""
    rng, missed = np.random.default_rng(11), np.zeros(2)
    for _ in range(2000):
        rows = 1 - rng.beta(2, 5, size=40) / 2
        found = health.measure(_evidence({"purity": rows.tolist()}), gate("purity", low=0.1))
        assert found.low is not None
        assert found.high is not None
        missed += [found.low > 6 / 7, found.high < 6 / 7]
    assert np.all(np.abs(missed / 2000 - 0.05) < 0.02)


def test_a_summary_of_rows_is_measured_as_the_rows_are() -> None:
    asked = gate("purity", low=0.1)
    whole = health.measure(_evidence({"purity": ROWS.tolist()}), asked)
    summary = {
        "rows": ROWS.size, "mean": float(ROWS.mean()), "sd": float(ROWS.std(ddof=1)),
        "least": float(ROWS.min()), "most": float(ROWS.max()),
    }  # fmt: skip
    assert health.measure(_evidence({"purity": summary}), asked) == whole
    for broken in ({}, summary | {"sd": -1.0}, summary | {"rows": 2.5}, summary | {"mean": None}):
        error = health.measure(_evidence({"purity": broken}), asked).error
        assert error is not None
        assert "the evidence holds no" in error
