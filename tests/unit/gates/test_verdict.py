"""The judge: a pass is only ever what was shown."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

from qgate.charter.charter import Threshold
from qgate.gates.verdict import Outcome, judge_gate
from qgate.measure.measurement import Measurement, Relative
from tests.unit.measure.small import gate

GAP = "val_accuracy_gap_vs_classical"
P, F, I, E = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR  # noqa: E741
LIMIT = 0.5
ENDS = (None, math.nan, -math.inf, math.inf, 0.2, 0.5, 0.8)

TABLE = [
    # (low, high), with `max: 0.5`, with `min: 0.5`
    ((0.2, 0.4), P, F),
    ((0.2, 0.5), P, I),  # on the threshold is within it
    ((0.2, 0.8), I, I),
    ((0.5, 0.8), I, P),
    ((0.6, 0.8), F, P),
    ((0.5, 0.5), P, P),
    ((None, 0.4), P, F),
    ((None, 0.8), I, I),
    ((0.2, None), I, I),
    ((0.6, None), F, P),
    ((None, None), I, I),
    ((math.nan, 0.4), E, E),
    ((0.6, math.nan), E, E),
    ((-math.inf, 0.4), E, E),
    ((0.6, math.inf), E, E),
]


@pytest.mark.parametrize(("bounds", "with_max", "with_min"), TABLE)
def test_bounds_against_a_threshold(
    bounds: tuple[float | None, float | None], with_max: Outcome, with_min: Outcome
) -> None:
    found = Measurement(0.5, *bounds)
    assert judge_gate(gate(GAP, high=LIMIT), found).outcome is with_max
    assert judge_gate(gate("val_accuracy", low=LIMIT), found).outcome is with_min


@pytest.mark.parametrize("value", [None, math.nan, math.inf, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("error", [None, "singular"])
@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("side", ["max", "min"])
def test_pass_is_only_what_was_shown(
    value: float | None, error: str | None, bounded: bool, side: str
) -> None:
    """Every combination of ends: a pass needs its own side's number within the threshold."""
    for low, high in itertools.product(ENDS, ENDS):
        asked = gate(GAP, high=LIMIT) if side == "max" else gate("val_accuracy", low=LIMIT)
        found = Measurement(value, low, high, bounded=bounded, error=error)
        verdict = judge_gate(asked, found)
        near = (high if side == "max" else low) if bounded else value
        far = (low if side == "max" else high) if bounded else value
        numbers = (value, low, high)
        if error or value is None or not all(n is None or math.isfinite(n) for n in numbers):
            assert verdict.outcome is E
        elif verdict.outcome is P:
            assert near is not None
            assert near <= LIMIT if side == "max" else near >= LIMIT
        elif verdict.outcome is F:
            assert far is not None
            assert far > LIMIT if side == "max" else far < LIMIT
        else:
            assert verdict.outcome is I
            assert bounded
        assert verdict.reason or not bounded


def test_a_gate_without_a_threshold_is_an_error() -> None:
    assert judge_gate(gate(GAP), Measurement(0.0, 0.0, 0.0)).outcome is E


@pytest.mark.parametrize(("value", "outcome"), [(0.0, P), (1.0, F)])
def test_an_exact_count_needs_no_bounds(value: float, outcome: Outcome) -> None:
    found = Measurement(value, bounded=False, notes=("numpy locked 2.0, now 2.1",))
    verdict = judge_gate(gate("reproducibility", high=0.0), found)
    assert verdict.outcome is outcome
    assert verdict.reason == "numpy locked 2.0, now 2.1"


@pytest.mark.parametrize(
    ("bounds", "parts"),
    [
        ((0.001, 0.012), ["95% upper bound 1.20 pt", "is within 1.50 pt"]),
        ((0.02, 0.034), ["95% lower bound 2.00 pt", "is above 1.50 pt"]),
        ((0.001, 0.034), ["0.1", "3.40 pt", "both sides of 1.50 pt"]),
        ((0.001, None), ["no upper bound", "1.50 pt"]),
        ((None, 0.034), ["3.40 pt", "above 1.50 pt", "no lower bound"]),
    ],
)
def test_a_reason_names_the_numbers(
    bounds: tuple[float | None, float | None], parts: list[str]
) -> None:
    found = Measurement(0.01, *bounds, notes=("A note.",))
    reason = judge_gate(gate(GAP, high=0.015), found).reason
    for part in parts:
        assert part in reason
    assert reason.endswith("A note.")
    assert "none" not in reason


@pytest.mark.parametrize(
    ("bounds", "part"),
    [
        ((0.91, 0.95), "The 95% lower bound 91.0% is within 90.0%."),
        ((0.80, 0.85), "Even the 95% upper bound 85.0% is below 90.0%."),
        (
            (0.80, 0.95),
            "The bounds 80.0% and 95.0% lie on both sides of 90.0%; more items would narrow them.",
        ),
        ((None, 0.95), "There is no lower bound to hold against 90.0%."),
    ],
)
def test_a_floor_is_told_the_other_way_round(
    bounds: tuple[float | None, float | None], part: str
) -> None:
    found = Measurement(0.9, *bounds)
    assert judge_gate(gate("val_accuracy", low=0.9), found).reason == part


def test_a_bound_that_rounds_to_the_threshold_is_written_out() -> None:
    found = Measurement(0.01, 0.0, 0.0200004)
    verdict = judge_gate(gate(GAP, high=0.02), found)
    assert verdict.outcome is I
    assert "2.00 pt (0.0200004) lie on both sides of 2.00 pt" in verdict.reason


def test_an_error_says_why() -> None:
    failed = Measurement(error="candidate failed on seed 3")
    assert judge_gate(gate(GAP, high=1.0), failed).reason == (
        "Could not be measured: candidate failed on seed 3."
    )
    empty = judge_gate(gate(GAP, high=1.0), Measurement())
    assert (empty.outcome, empty.reason) == (E, "Could not be measured: no finite value.")


def test_a_cost_says_value_and_limit() -> None:
    asked = gate("cost_per_1k_usd", high=20.0)
    for value, text in (
        (12.5, "12.5 USD is within 20.0 USD."),
        (25.0, "25.0 USD is above 20.0 USD."),
    ):
        assert judge_gate(asked, Measurement(value, bounded=False)).reason == text


def test_a_verdict_knows_its_unit() -> None:
    assert judge_gate(gate("latency_p95_ms", high=1.0), Measurement()).unit == "ms"


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (-0.01, 0.01, P),
        (-0.02, 0.02, P),
        (-0.03, 0.01, I),
        (-0.01, 0.03, I),
        (0.021, 0.05, F),
        (-0.05, -0.021, F),
        (None, 0.01, I),
        (-0.01, None, I),
        (0.03, None, F),
    ],
)
def test_within_needs_both_ends(low: float | None, high: float | None, outcome: Outcome) -> None:
    asked = gate(GAP, low=-0.02, high=0.02)
    verdict = judge_gate(asked, Measurement(0.0, low, high, confidence=0.95))
    assert verdict.outcome is outcome
    assert "±2.00 pt" in verdict.reason


RATIO = replace(gate("latency_p95_ms"), threshold=Threshold(None, 120.0, 1.5))


@pytest.mark.parametrize(
    ("high", "multiple", "outcome"),
    [
        (100.0, (1.1, 1.0, 1.4), P),
        (130.0, (1.1, 1.0, 1.4), I),
        (100.0, (1.5, 1.4, 1.7), I),
        (100.0, (1.9, 1.6, 2.2), F),
        (100.0, (1.1, 1.0, None), I),
        (100.0, (1.1, math.nan, 1.4), E),
        (100.0, None, E),
    ],
)
def test_absolute_and_relative_thresholds_must_both_hold(
    high: float, multiple: tuple[float, float | None, float | None] | None, outcome: Outcome
) -> None:
    relative = Relative(*multiple) if multiple else None
    found = Measurement(90.0, 80.0, high, relative=relative, confidence=0.95)
    assert judge_gate(RATIO, found).outcome is outcome


def test_a_multiple_alone_is_a_threshold() -> None:
    asked = replace(RATIO, threshold=Threshold(None, None, 1.5))
    verdict = judge_gate(asked, Measurement(90.0, 80.0, 95.0, relative=Relative(1.2, 1.1, 1.3)))
    assert verdict.outcome is P
    assert "1.3 times is within 1.5 times the baseline's" in verdict.reason
