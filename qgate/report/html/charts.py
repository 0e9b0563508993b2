"""The charts of a page: each a heading, a sentence, a drawing, a key and the data as a table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qgate.charter.charter import Shots
from qgate.evidence.evidence import Evidence
from qgate.gates.decision import Decision
from qgate.gates.verdict import Verdict
from qgate.measure.units import bare
from qgate.report.html import figures, plots
from qgate.report.html.gate_plot import Against, against_of, rows_plot
from qgate.report.html.svg import Plot, thinned
from qgate.report.wording import slice_name

Key = tuple[tuple[str, str], ...]
_MOST_ROWS = 24
_MOST_CHARTS = 8
"""Of gates with slices, looks or shares: more would bury the page."""
_SHORT = frozenset({"rmse", "mae", "f1", "roc_auc"})
"""Metrics whose names are written in capitals."""
_ARMS: Key = (("c", "candidate"), ("b", "baseline"))


@dataclass(frozen=True)
class Table:
    """Numbers as text, the first column naming the row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Chart:
    """One chart, or several of one kind."""

    heading: str
    told: str
    plot: Plot | None
    key: Key
    table: Table


def charts_of(decision: Decision, evidence: Evidence) -> tuple[Chart, ...]:
    """Return every chart that the evidence has the data of."""
    return tuple(
        chart
        for family in (_outcomes, _slices, _latency, _shares, _drift, _looks, _cost)
        for chart in family(decision, evidence)
    )


def _outcomes(decision: Decision, evidence: Evidence) -> Iterator[Chart]:
    found = figures.quality(decision, evidence)
    if found is None:
        return
    name, unit = _title(found.metric), " (%)" if found.in_percent else ""
    finite = [point for point in found.curve if point[0] is not None]
    if len(found.curve) > 1 and finite:
        rows = tuple((_level(s), *map(_digits, numbers)) for s, *numbers in found.curve)
        yield Chart(
            f"{name} by shots",
            "The candidate's mean over seeds, with the band from the lowest to the highest seed; "
            "the dashed line is the baseline's mean. The axis does not begin at zero.",
            plots.by_shots(found),
            (("c", "candidate"), ("band", "lowest to highest seed"), ("b", "baseline")),
            Table(f"{name} of the candidate by shots{unit}; baseline {_digits(found.baseline)}",
                  ("Shots", "Mean", "Lowest seed", "Highest seed"), rows),
        )  # fmt: skip
    places = thinned(len(found.seeds), (), figures.MOST_SEEDS)
    drawn = [found.seeds[place] for place in places]
    at = "" if found.shots is None else f", the candidate at {found.shots:,} shots"
    some = "" if len(drawn) == len(found.seeds) else f" {len(drawn)} of {len(found.seeds)} drawn."
    own = " on a split of its own" if evidence.resampled else ""
    yield Chart(
        f"{name} by seed",
        f"Both arms with each training seed{own}{at}.{some} The axis does not begin "
        "at zero.",
        plots.by_seed(found, drawn),
        (("cdot", "candidate"), ("bdot", "baseline")),
        Table(f"{name} by seed{unit}", ("Seed", "Baseline", "Candidate"),
              tuple((str(s), _digits(b), _digits(c)) for s, b, c in drawn)),
    )  # fmt: skip


def _title(metric: str) -> str:
    words = metric.replace("_", " ")
    return words.upper() if metric in _SHORT else words.capitalize()


def _slices(decision: Decision, evidence: Evidence) -> Iterator[Chart]:
    del evidence
    for verdict in _some([v for v in decision.verdicts if v.measurement.parts]):
        rows = figures.slices(verdict)
        shown = [
            figures.Interval(slice_name(row.name), row.value, row.low, row.high, row.words)
            for row in rows
        ]
        against, unit = against_of(verdict), verdict.unit
        some = f" The worst {_MOST_ROWS} of {len(rows)} are drawn." * (len(rows) > _MOST_ROWS)
        what = "ablations" if verdict.gate.slices is None else "slices"
        title = f"{verdict.gate.name}: {what}"
        yield Chart(
            title,
            f"Each against the gate's threshold, the worst first.{some}",
            rows_plot(title, shown[:_MOST_ROWS], against),
            (),
            Table(f"{title}{_percent(verdict)}",
                  (what[:-1].capitalize(), "Value", "Low", "High", "On"),
                  tuple((row.name, bare(row.value, unit), bare(row.low, unit),
                         bare(row.high, unit), row.words) for row in shown[: 4 * _MOST_ROWS])),
        )  # fmt: skip


def _latency(decision: Decision, evidence: Evidence) -> Iterator[Chart]:
    gates = [v for v in decision.verdicts if v.gate.metric.startswith("latency_p")]
    level = next((v.measurement.confidence for v in gates if v.measurement.confidence), 0.95)
    arms = figures.served(evidence, level)
    if not arms:
        return
    limit = next(
        (v.gate.threshold.high for v in gates
         if v.unit == "ms" and v.gate.threshold.high is not None), None,
    )  # fmt: skip
    logarithmic = plots.is_logarithmic(arms)
    words = [
        "The share of requests answered within so many milliseconds.",
        f"Below on the same axis: p95 and p99 with one-sided {100 * level:.4g}% bounds.",
        "The axis is logarithmic." if logarithmic else "The axis begins at zero.",
    ]
    if limit is not None:
        place = "is the strong line" if plots.within_axis(arms, limit) else "lies beyond it"
        words.append(f"The threshold of {bare(limit, 'ms')} ms {place}.")
    where = {arm.role: "measured here" if arm.measured else "recorded elsewhere" for arm in arms}
    told = ", ".join(f"{role} {place}" for role, place in where.items())
    if evidence.charter.candidate.circuit is not None:
        told += "; the candidate's device is simulated"
    yield Chart(
        "Serving latency",
        " ".join([*words, f"Requests: {told}."]),
        plots.latency(arms, limit),
        tuple((kind, name) for kind, name in _ARMS if name in where),
        Table("Latency in milliseconds", ("Arm", "Quantile", "Value", "Low", "High", "Requests"),
              tuple((arm.role, q.name, bare(q.value, "ms"), bare(q.low, "ms"), bare(q.high, "ms"),
                     f"{arm.requests:,}") for arm in arms for q in arm.quantiles)),
    )  # fmt: skip


def _shares(decision: Decision, evidence: Evidence) -> Iterator[Chart]:
    found = figures.shares(decision, evidence)
    for name in list(found)[:_MOST_CHARTS]:
        rows = [(source, share, f"{100 * share:.0f}%") for source, share in found[name]]
        yield Chart(
            f"{name}: what is uncertain",
            "Shares of the squared standard error: more of what has the largest would narrow the "
            "bounds most.",
            plots.bars(f"Uncertainty of {name}", rows),
            (),
            Table(f"Uncertainty of {name}", ("Source", "Share"),
                  tuple((source, words) for source, _, words in rows)),
        )  # fmt: skip


def _drift(decision: Decision, evidence: Evidence) -> Iterator[Chart]:
    gate = next((v for v in decision.verdicts if v.gate.metric == "calibration_drift"), None)
    level = gate.measurement.confidence if gate and gate.measurement.confidence else 0.95
    limit = gate.gate.threshold.high if gate else None
    for drift in figures.drifted(evidence, level):
        if not drift.rows:
            continue
        low = None if limit is None else 1 / limit
        told = "" if limit is None else f"max {limit:g}x"
        against = Against(low, limit, _factor, told, zero=False, logarithmic=True)
        yield Chart(
            f"Calibration drift of {drift.device}",
            f"Mean factor of each property on the qubits of the {drift.role}, from {drift.before} "
            f"to {drift.after}, with {100 * (2 * level - 1):.4g}% intervals; the axis is "
            "logarithmic.",
            rows_plot(f"Calibration drift of {drift.device}", drift.rows, against, unit="x"),
            (),
            Table("Mean factors of change", ("Property", "Factor", "Low", "High", "Of"),
                  tuple((row.name, _factor(row.value), _factor(row.low), _factor(row.high),
                         row.words) for row in drift.rows)),
        )  # fmt: skip


def _looks(decision: Decision, evidence: Evidence) -> Iterator[Chart]:
    del evidence
    by_name = {verdict.gate.name: verdict for verdict in decision.verdicts}
    for name, rows in list(figures.looked(decision).items())[:_MOST_CHARTS]:
        verdict = by_name[name]
        unit = verdict.unit
        yield Chart(
            f"{name}: looks",
            "Bounds narrow as trials come in; each look has its own share of the error.",
            rows_plot(f"{name} at each look", rows, against_of(verdict)),
            (),
            Table(f"{name} at each look{_percent(verdict)}",
                  ("Look", "Value", "Low", "High", "Found"),
                  tuple((row.name, bare(row.value, unit), bare(row.low, unit),
                         bare(row.high, unit), row.words) for row in rows)),
        )  # fmt: skip


def _cost(decision: Decision, evidence: Evidence) -> Iterator[Chart]:
    rows = figures.spent(decision, evidence)
    if not rows:
        return
    capped = [
        (row.name, row.used / row.cap, f"{_amount(row.used)} of {_amount(row.cap)}")
        for row in rows
        if row.cap and row.used is not None
    ]
    wide = 3 if decision.charter.budget.stated else 2
    table = tuple(
        (f"{row.name} (modelled)" if row.modelled else row.name, _amount(row.used),
         "none" if row.cap is None else _amount(row.cap))[:wide]
        for row in rows
    )  # fmt: skip
    prices = decision.charter.budget.prices
    source = f" Prices: {prices.source}, {prices.date}." if prices else ""
    yield Chart(
        "Cost of this run",
        "Circuits and shots are counted as if a device had run them; seconds of a quantum "
        f"processor and dollars are modelled from them.{source}",
        plots.bars("Share of the budget", [_named(row) for row in capped], full=True)
        if capped else None,
        (),
        Table("Taken by this run", ("What", "Taken", "Cap")[:wide], table),
    )  # fmt: skip


def _named(row: tuple[str, float, str]) -> tuple[str, float, str]:
    modelled = row[0].startswith(("US", "seconds"))
    return (f"{row[0]} (modelled)" if modelled else row[0], *row[1:])


def _some(verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    return verdicts[:_MOST_CHARTS]


def _percent(verdict: Verdict) -> str:
    return " (%)" if verdict.unit == "proportion" else ""


def _level(shots: Shots) -> str:
    return "exact" if shots is None else f"{shots:,}"


def _digits(value: float) -> str:
    return f"{value:.4g}"


def _factor(value: float | None) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{value:.3g}"


def _amount(value: float | None) -> str:
    if value is None:
        return "not known"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
