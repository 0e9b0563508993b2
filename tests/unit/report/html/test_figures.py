"""The data of each chart: computed by hand, and as the gates have it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qgate.gates.decision import judge
from qgate.gates.looks import Look
from qgate.gates.verdict import Verdict
from qgate.measure.measurement import Measurement, Relative
from qgate.report.html import figures, plots
from qgate.report.html.charts import charts_of
from qgate.report.html.gate_plot import Against, gate_plot, intervals_of, rows_plot, scale_of
from qgate.report.html.svg import Plot
from tests.unit.measure import small
from tests.unit.report.html.pages import KINDS, TRUTH, clause, measured


def _classes(plot: Plot, tag: str) -> list[dict[str, str]]:
    return [dict(mark.attributes) for mark in plot.marks if mark.tag == tag]


def _against(low: float | None, high: float | None) -> Against:
    return Against(low, high, lambda v: "-" if v is None else f"{v:g}", "told", zero=True)


def _strong(plot: Plot) -> list[str]:
    return [found["x1"] for found in _classes(plot, "line") if found["class"] == "cap near"]


def test_quality_is_each_seed_s_share_of_right_items() -> None:
    run = measured()
    found = figures.quality(judge(run), run)
    assert found is not None
    n = len(TRUTH)
    assert (found.metric, found.in_percent, found.shots) == ("accuracy", True, 1024)
    assert found.baseline == pytest.approx(100 * (n - 1) / n)
    # Items 0 and 7 are wrong, and of the replicates one item each: s, and s + 1.
    assert [c for _, _, c in found.seeds] == pytest.approx([100 * (n - 3) / n] * 3)
    assert [shots for shots, *_ in found.curve] == [256, 1024]


def test_a_regression_is_told_in_its_own_unit() -> None:
    run = KINDS["regression, resampled"]()
    found = figures.quality(judge(run), run)
    assert found is not None
    assert (found.metric, found.in_percent) == ("rmse", False)
    assert [b for _, b, _ in found.seeds] == pytest.approx([0.2] * 3)


def test_thinned_latencies_keep_the_quantiles_their_bounds_and_the_measurement_s_value() -> None:
    run = measured()
    arm = figures.served(run)[0]
    values = np.sort(run.observations["latency"]["candidate"]["milliseconds"])
    assert len(arm.steps) < len(values)
    drawn = dict(arm.steps)
    for quantile in arm.quantiles:
        for end in (quantile.value, quantile.low, quantile.high):
            if end is not None:
                assert end in drawn
    p95 = next(v for v in judge(run).verdicts if v.gate.name == "p95").measurement
    assert (arm.quantiles[0].value, arm.quantiles[0].low, arm.quantiles[0].high) == (
        p95.value, p95.low, p95.high,
    )  # fmt: skip
    for ms, share in arm.steps:
        below, at_most = np.mean(values < ms), np.mean(values <= ms)
        assert below <= share <= at_most + 1e-12


def test_shares_add_up_and_are_those_that_the_gate_tells() -> None:
    run = measured(wrong=range(40, 50))
    decision = judge(run)
    found = figures.shares(decision, run)["parity"]
    assert sum(share for _, share in found) == pytest.approx(1)
    assert [name for name, _ in found] == ["items", "seeds", "seed x item", "shots"]
    said = decision.verdicts[0].reason
    assert "Uncertainty: items" in said
    for name, share in found:
        assert f"{name} {share:.0%}" in said


def test_drift_is_the_mean_factor_of_each_property() -> None:
    found = figures.drifted(KINDS["drifted"]())[0]
    assert found.role == "candidate"
    names = [row.name for row in found.rows]
    assert "T1" in names
    for row in found.rows:
        assert row.low is None or row.low <= row.value <= (row.high or row.value)


def test_what_was_spent_says_what_is_modelled_and_what_is_unknown() -> None:
    run = measured(budget={"usd": 3.0, "shots": 76800})
    found = {row.name: row for row in figures.spent(judge(run), run)}
    assert (found["shots"].used, found["shots"].cap, found["shots"].modelled) == (
        38400,
        76800,
        False,
    )
    assert found["US dollars"].modelled
    assert found["seconds of a quantum processor"].used is None
    bare = replace(run, observations={**run.observations, "spending": None})
    assert figures.spent(judge(bare), bare) == ()


@pytest.mark.parametrize(
    ("low", "high", "limits", "strong"),
    [
        (1.0, 2.0, (None, 3.0), 2.0),
        (4.0, 5.0, (None, 3.0), 4.0),
        (4.0, 5.0, (3.0, None), 4.0),
        (1.0, 2.0, (3.0, None), 2.0),
    ],
    ids=["below a maximum", "beyond a maximum", "above a minimum", "beyond a minimum"],
)
def test_the_bound_that_decides_is_the_strong_one(
    low: float, high: float, limits: tuple[float | None, float | None], strong: float
) -> None:
    against = _against(*limits)
    row = figures.Interval("", (low + high) / 2, low, high)
    plot = rows_plot("t", [row], against)
    assert _strong(plot) == [f"{round(scale_of([row], against).at(strong), 2):g}%"]


def test_the_region_that_passes_ends_at_the_threshold() -> None:
    run = measured()
    verdict = judge(run).verdicts[0]
    ((interval, against),) = intervals_of(verdict)
    plot = gate_plot(verdict, interval, against)
    limit = next(f for f in _classes(plot, "line") if f["class"] == "limit")
    region = next(f for f in _classes(plot, "rect") if f["class"] == "region")
    assert (region["x"], region["width"]) == ("0%", limit["x1"])
    assert "upper bound" in plot.description


def test_without_a_bound_the_line_runs_to_the_edge() -> None:
    plot = rows_plot("t", [figures.Interval("a", 1.0, 0.5, None)], _against(None, 2.0))
    interval = next(f for f in _classes(plot, "line") if f["class"] == "iv")
    assert interval["x2"] == "100%"
    assert "upper bound none" in plot.description


def test_a_multiple_of_the_baseline_is_drawn_beside_the_value() -> None:
    verdict = next(v for v in judge(measured()).verdicts if v.gate.name == "p95")
    limits = replace(verdict.gate.threshold, vs_baseline=4.0)
    value = replace(verdict.measurement, relative=Relative(2.0, 1.5, 2.5))
    both = intervals_of(
        Verdict(replace(verdict.gate, threshold=limits), value, verdict.outcome, "")
    )
    assert [interval.value for interval, _ in both] == [verdict.measurement.value, 2.0]
    assert both[1][1].told == "max 4x baseline"


def test_what_was_not_measured_is_not_drawn() -> None:
    verdict = judge(measured()).verdicts[0]
    assert intervals_of(replace(verdict, measurement=Measurement(error="none"))) == []


def test_an_axis_of_latencies_is_logarithmic_only_where_it_must_be_and_says_so() -> None:
    run = measured()
    arms = figures.served(run)
    assert not plots.is_logarithmic(arms)
    slow = small.times([*[1.0 + i / 1000 for i in range(599)], 400.0])
    observed = {**run.observations, "latency": {"candidate": slow}}
    far = replace(run, observations=observed)
    assert plots.is_logarithmic(figures.served(far))
    told = {chart.heading: chart.told for chart in charts_of(judge(far), far)}
    assert "The axis is logarithmic." in told["Serving latency"]
    near = {chart.heading: chart.told for chart in charts_of(judge(run), run)}
    assert "The axis begins at zero." in near["Serving latency"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_chart_has_rows_as_wide_as_its_head(kind: str) -> None:
    run = KINDS[kind]()
    for chart in charts_of(judge(run), run):
        assert chart.table.rows
        assert {len(row) for row in chart.table.rows} == {len(chart.table.head)}


def test_each_look_is_drawn_where_there_was_more_than_one() -> None:
    run = measured()
    decision = judge(run)
    early = replace(decision.verdicts[0].measurement, low=-0.2, high=0.3)
    looks = (
        Look("seeds", 1, (replace(decision.verdicts[0], measurement=early),)),
        Look("seeds", 3, decision.verdicts[:1]),
    )
    rows = figures.looked(replace(decision, looks=looks))["parity"]
    assert [row.name for row in rows] == ["Look 1 after 1 seeds", "Look 2 after 3 seeds"]
    assert (rows[0].low, rows[0].high) == (-0.2, 0.3)
    assert figures.looked(replace(decision, looks=looks[1:])) == {}
    headings = [chart.heading for chart in charts_of(replace(decision, looks=looks), run)]
    assert "parity: looks" in headings


def test_a_threshold_of_latency_is_drawn_or_said_to_lie_beyond() -> None:
    run = measured()
    arms = figures.served(run)
    assert plots.within_axis(arms, 10.0)
    assert not plots.within_axis(arms, 120.0)
    limits = [f for f in _classes(plots.latency(arms, 10.0), "line") if f["class"] == "limit"]
    assert len(limits) == 1
    far = [f for f in _classes(plots.latency(arms, 120.0), "line") if f["class"] == "limit"]
    assert far == []


def test_a_value_without_bounds_has_a_point_alone() -> None:
    prices = {"source": "made up", "date": "2026-01-01", "per_shot": 1e-6}
    run = measured(gates=[clause("cost", "cost_per_1k_usd", max=100)], budget={"prices": prices})
    verdict = judge(run).verdicts[0]
    ((interval, against),) = intervals_of(verdict)
    plot = gate_plot(verdict, interval, against)
    assert not [f for f in _classes(plot, "line") if f["class"].startswith("cap")]
    assert "exact" in plot.description
