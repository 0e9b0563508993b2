"""The table of metrics."""

from __future__ import annotations

import pytest

from qgate.measure.registry import METRICS, family


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_can_be_measured_and_forecast_and_says_what_it_is(name: str) -> None:
    terms, module = METRICS[name], family(name)
    assert callable(module.measure)
    assert callable(module.forecast)
    assert terms.name == name
    assert terms.unit in {
        "proportion",
        "ms",
        "ratio",
        "mismatches",
        "USD",
        "target units",
        "number",
    }
    assert terms.better in {"lower", "higher", "exact"}
    assert terms.definition
    assert terms.source
    assert terms.low <= terms.high
    assert terms.needs <= {
        "latency", "baseline", "lock", "prices", "replicates", "scores", "circuit", "snapshots",
    }  # fmt: skip


def test_the_minimum_gate_set_is_there() -> None:
    assert {
        "val_accuracy_gap_vs_classical",
        "latency_p95_ms",
        "latency_p99_ms",
        "reproducibility",
        "baseline_drift",
    } <= set(METRICS)


def test_units_are_in_the_names() -> None:
    for name, terms in METRICS.items():
        assert (terms.unit == "ms") == name.endswith("_ms")
        assert (terms.unit == "USD") == name.endswith("_usd")
