"""A history as one self-contained page, in the look of the HTML report."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby, pairwise

from markupsafe import Markup

from qgate.history.collect import LeftOut
from qgate.history.drift import Point, Series
from qgate.history.run import Reading, Run
from qgate.history.view import PilotHistory
from qgate.measure.registry import METRICS
from qgate.measure.units import bare
from qgate.report.history_wording import (
    BASIS,
    drift_sentences,
    drift_words,
    gate_words,
    lacking_words,
    limit_words,
    limits_words,
    minute_words,
    not_passed_words,
    shows_no_decay,
)
from qgate.report.html.svg import (
    Mark,
    Plot,
    Scale,
    across,
    dot,
    label,
    line,
    polyline,
    rounded_out,
    ticks,
)
from qgate.report.html.templates import environment
from qgate.report.wording import HEADLINES

_TOP, _BOTTOM, _HEIGHT = 12.0, 150.0, 176.0
_SIDES = (3.0, 97.0)
_NEAR = 2.0
"""A threshold is drawn if it is no further from the values than so many of their ranges."""
_RUN_HEAD = ("Time (UTC)", "Decision", "Attempt", "Evidence", "Bundle", "Not passed")
_GATE_HEAD = ("Time (UTC)", "Value", "Lower", "Upper", "Threshold", "Verdict")


@dataclass(frozen=True)
class Figure:
    """One gate over the runs that are shown."""

    name: str
    about: str
    told: str
    plot: Plot | None
    rows: tuple[tuple[str, ...], ...]
    head: tuple[str, ...] = _GATE_HEAD


@dataclass(frozen=True)
class Section:
    """One pilot."""

    name: str
    caption: str
    figures: tuple[Figure, ...]
    runs: tuple[tuple[str, ...], ...]
    head: tuple[str, ...] = _RUN_HEAD


def render_history_page(found: Sequence[PilotHistory], left_out: Sequence[LeftOut]) -> str:
    """Return the whole page; it asks for nothing else, and runs nothing."""
    decays = drift_sentences(found)
    headline, mark, kind = _headline(found)
    runs = sum(len(pilot.runs) for pilot in found)
    newest = max((run for p in found for run in p.runs), key=lambda run: run.time, default=None)
    text = files(__package__).joinpath("history_page.html.j2").read_text(encoding="utf-8")
    page = environment({"page": text}).get_template("page").render(
        css=Markup(files("qgate.report.html").joinpath("page.css").read_text("utf-8")),  # noqa: S704  # ours
        headline=headline,
        mark=mark,
        kind=kind,
        until=f"newest run {minute_words(newest)} UTC" if newest else "no run",
        lead=f"{runs} run{'' if runs == 1 else 's'} of {len(found)} "
        f"pilot{'' if len(found) == 1 else 's'}, each judged anew from its bundle. "
        f"{lacking_words(found)}".rstrip(),
        decays=decays,
        pilots=[_section(pilot) for pilot in found],
        notes=[
            *zip(("CUSUM", "What it can see"), BASIS, strict=True),
            *(("Left out", f"{one.place}: {one.why}") for one in left_out),
        ],
    )  # fmt: skip
    return str(page)


def _headline(found: Sequence[PilotHistory]) -> tuple[str, str, str]:
    """Return what is shown, its sign and its kind."""
    if drift_sentences(found):
        return "Decay", "✗", "fail"
    if shows_no_decay(found):
        return "No decay shown", "·", "shadow"
    return "Too few runs to tell", "?", "shadow"


def _section(pilot: PilotHistory) -> Section:
    bundles = {run.bundle for run in pilot.shown}
    figures = []
    for one in pilot.series:
        points = [point for point in one.points if point.run.bundle in bundles]
        if points and one.last.unit != "mismatches":
            figures.append(_figure(one, points))
    caption = f"The last {len(pilot.shown)} of {len(pilot.runs)} runs, the newest first"
    rows = tuple(_run_row(run) for run in reversed(pilot.shown))
    return Section(pilot.pilot, caption, tuple(figures), rows)


def _run_row(run: Run) -> tuple[str, ...]:
    decision = {str(action): word for action, word in HEADLINES.items()}.get(run.decision, "")
    digests = (run.evidence[:12], run.bundle[:12])
    failed = not_passed_words(run) or "none"
    return (minute_words(run), decision, str(run.attempt), *digests, failed)


def _figure(series: Series, points: Sequence[Point]) -> Figure:
    rows = tuple(_gate_row(point) for point in reversed(points))
    unit = series.last.unit
    if unit == "proportion":
        unit = "points" if METRICS[series.metric].in_points else "percent"
    about = f"{gate_words(series)}; {limits_words(points)}; in {unit}"
    return Figure(series.name, about, drift_words(series), _plot(series, points), rows)


def _gate_row(point: Point) -> tuple[str, ...]:
    reading, unit = point.reading, point.reading.unit
    numbers = (bare(v, unit) for v in (reading.value, reading.low, reading.high))
    return (minute_words(point.run), *numbers, limit_words(reading), reading.verdict.upper())


def _plot(series: Series, points: Sequence[Point]) -> Plot | None:
    """Return values with their bounds in the order of runs; None where there is no value."""
    known = [(i, point) for i, point in enumerate(points) if point.reading.value is not None]
    if not known:
        return None
    unit = points[-1].reading.unit
    limits = [limit for point in points for limit in _limits(point.reading) if limit is not None]
    ends = [end for _, point in known for end in _ends(point.reading)]
    reach = _NEAR * (max(ends) - min(ends))
    near = [v for v in limits if min(ends) - reach <= v <= max(ends) + reach]
    first, end = rounded_out(min(*ends, *near, ends[0]), max(*ends, *near, ends[0]))
    height = Scale(first, end, _BOTTOM, _TOP)
    width = Scale(0, len(points) - 1, *_SIDES)
    marks = [
        mark
        for tick in ticks(first, end)
        for mark in (
            line((0, height.at(tick)), (100, height.at(tick)), "grid"),
            label((0, height.at(tick) + 4), bare(tick, unit), "e axis", -6),
        )
    ]
    marks += _held_against(points, set(near), width, height)
    marks += _breaks(points, width)
    marks += _drawn(known, width, height)
    feet = [(50.0, points[0], "m axis")]
    if len(points) > 1:
        feet = [(_SIDES[0], points[0], "axis"), (_SIDES[1], points[-1], "e axis")]
    marks += [label((x, _HEIGHT - 6), minute_words(p.run), kind) for x, p, kind in feet]
    values = ", ".join(bare(point.reading.value, unit) for _, point in known)
    told = f"{len(known)} values, the oldest first: {values}; {limits_words(points)}"
    return Plot(f"{series.name} over runs", told, _HEIGHT, tuple(marks))


def _limits(reading: Reading) -> tuple[float | None, float | None, float | None]:
    """Return what a value must not be below, above, and above by the run's own baseline."""
    multiple, base = reading.threshold_vs_baseline, reading.baseline_value
    own = None if multiple is None or base is None else multiple * base
    return reading.threshold_min, reading.threshold_max, own


def _held_against(
    points: Sequence[Point], near: Collection[float], width: Scale, height: Scale
) -> Iterator[Mark]:
    """Yield each kind of threshold level over the runs that were held against it."""
    last = len(points) - 1
    for limits in zip(*(_limits(point.reading) for point in points), strict=True):
        for value, group in groupby(enumerate(limits), key=lambda pair: pair[1]):
            runs = [i for i, _ in group]
            if value is not None and value in near:
                start = width.at(runs[0] - 0.5) if runs[0] else 0.0
                end = width.at(runs[-1] + 0.5) if runs[-1] < last else 100.0
                yield line((start, height.at(value)), (end, height.at(value)), "limit")


def _breaks(points: Sequence[Point], width: Scale) -> Iterator[Mark]:
    for i, (one, other) in enumerate(pairwise(points)):
        if one.process != other.process:
            x = width.at(i + 0.5)
            yield line((x, _TOP), (x, _BOTTOM), "b")


def _drawn(known: Sequence[tuple[int, Point]], width: Scale, height: Scale) -> Iterator[Mark]:
    """Yield bounds, a line through the runs of each process, and the values."""
    places = [(width.at(i), height.at(point.reading.value or 0.0)) for i, point in known]
    for (x, _), (_, point) in zip(places, known, strict=True):
        low, high = min(_ends(point.reading)), max(_ends(point.reading))
        yield line((x, height.at(low)), (x, height.at(high)), "cspan")
    joined = zip(places, known, strict=True)
    for _, group in groupby(joined, key=lambda pair: pair[1][1].process):
        run = [place for place, _ in group]
        if len(run) > 1:
            yield across(_BOTTOM, (polyline(run), "c"))
    yield from (dot(place, 3.5, "cdot") for place in places)


def _ends(reading: Reading) -> list[float]:
    return [v for v in (reading.value, reading.low, reading.high) if v is not None]
