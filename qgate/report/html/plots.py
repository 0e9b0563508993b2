"""The drawings of what evidence holds: by shots, by seed, latencies, shares, caps."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qgate.charter.charter import Shots
from qgate.report.html.figures import Interval, Quality, Served
from qgate.report.html.svg import (
    Mark,
    Plot,
    Scale,
    across,
    dot,
    label,
    line,
    log_ticks,
    polyline,
    rect,
    rounded_out,
    square,
    staircase,
    ticks,
)

_TOP, _BOTTOM = 12.0, 200.0
_HEIGHT = 236
_SIDES = (4.0, 96.0)
_MOST_LABELS = 7
_ROW = 26
_BAR_ROW = 38.0
_WIDE_RANGE = 30.0
"""Times the median that the longest request takes before the axis is logarithmic."""


def by_shots(found: Quality) -> Plot:
    """Return the candidate's metric over shots, from the lowest to the highest seed."""
    low = min(found.baseline, *(point[2] for point in found.curve))
    high = max(found.baseline, *(point[3] for point in found.curve))
    height, marks = _vertical(low, high, found)
    finite = [shots for shots, *_ in found.curve if shots is not None]
    exact = len(finite) < len(found.curve)
    end = 70.0 if exact else _SIDES[1] - 4
    axis = Scale(min(finite), max(finite), _SIDES[0] + 4, end, logarithmic=True)
    places = [92.0 if s is None else axis.at(s) for s, *_ in found.curve]
    drawn = list(zip(places, found.curve, strict=True))
    line_of = [(x, height.at(point[1])) for x, point in drawn if point[0] is not None]
    band = [(x, height.at(p[3])) for x, p in drawn if p[0] is not None]
    band += [(x, height.at(p[2])) for x, p in reversed(drawn) if p[0] is not None]
    level = height.at(found.baseline)
    marks.append(line((0, level), (100, level), "b"))
    if len(finite) > 1:
        marks.append(across(_BOTTOM, (polyline(band, closed=True), "band"),
                            (polyline(line_of), "c")))  # fmt: skip
    for x, (shots, mean, lowest, highest) in drawn:
        marks.append(line((x, height.at(lowest)), (x, height.at(highest)), "cspan"))
        marks.append(dot((x, height.at(mean)), 4.5, "cdot"))
        marks += _x_tick(x, _shots_words(shots))
    marks.append(label((50, _HEIGHT - 3), "shots (logarithmic)", "m axis"))
    told = "; ".join(
        f"{_shots_words(s)} shots: {mean:.4g}, seeds {low:.4g} to {high:.4g}"
        for s, mean, low, high in found.curve
    )
    title = f"{found.metric} by shots"
    return Plot(title, f"{told}; baseline {found.baseline:.4g}", _HEIGHT, tuple(marks))


def by_seed(found: Quality, seeds: Sequence[tuple[int, float, float]]) -> Plot:
    """Return both arms' metric for each seed, side by side."""
    values = [value for _, *both in seeds for value in both]
    height, marks = _vertical(min(values), max(values), found)
    axis = Scale(0, max(len(seeds) - 1, 1), _SIDES[0] + 2, _SIDES[1] - 2)
    every = math.ceil(len(seeds) / _MOST_LABELS)
    for place, (seed, baseline, candidate) in enumerate(seeds):
        x = axis.at(place) if len(seeds) > 1 else 50.0
        ys = height.at(baseline), height.at(candidate)
        marks.append(line((x, ys[0]), (x, ys[1]), "pair"))
        marks.append(square((x, ys[0]), 5, "bdot"))
        marks.append(dot((x, ys[1]), 4, "cdot"))
        if place % every == 0:
            marks += _x_tick(x, str(seed))
    marks.append(label((50, _HEIGHT - 3), "seed", "m axis"))
    worse = sum(c < b if found.in_percent else c > b for _, b, c in seeds)
    told = f"the candidate is worse with {worse} of {len(seeds)} seeds"
    return Plot(f"{found.metric} by seed", told, _HEIGHT, tuple(marks))


def _vertical(low: float, high: float, found: Quality) -> tuple[Scale, list[Mark]]:
    """Return the vertical scale with its grid; percents end at 100."""
    first, last = rounded_out(low, high)
    if found.in_percent and high <= 100:
        last = min(last, 100.0)
    height = Scale(first, last, _BOTTOM, _TOP)
    marks = []
    for tick in ticks(first, last):
        y = height.at(tick)
        marks.append(line((0, y), (100, y), "grid"))
        words = f"{tick:.6g}{'%' if found.in_percent else ''}"
        marks.append(label((0, y + 4), words, "e axis", dx=-6))
    return height, marks


def _shots_words(shots: Shots) -> str:
    return "exact" if shots is None else f"{shots:,}"


def _x_tick(x: float, words: str) -> list[Mark]:
    return [
        line((x, _BOTTOM), (x, _BOTTOM + 5), "tick"),
        label((x, _BOTTOM + 18), words, "m axis"),
    ]


def is_logarithmic(arms: Sequence[Served]) -> bool:
    """Return whether latencies range so far that a linear axis would show one corner of them."""
    least = min(arm.steps[0][0] for arm in arms)
    longest = max(arm.longest for arm in arms)
    return least > 0 and longest > _WIDE_RANGE * min(arm.median for arm in arms)


def latency(arms: Sequence[Served], limit: float | None) -> Plot:
    """Return the distributions of both arms, and below on the same axis p95 and p99 with bounds."""
    axis = _time_axis(arms, limit)
    height = Scale(0.0, 1.0, _BOTTOM, _TOP)
    rows = [(arm, found) for arm in arms for found in arm.quantiles]
    foot = _BOTTOM + 14 + _ROW * len(rows)
    marks = _time_grid(axis, foot)
    for share in (0.0, 0.25, 0.5, 0.75, 0.95):
        y = height.at(share)
        marks.append(line((0, y), (100, y), "grid"))
        marks.append(label((0, y + 4), f"{100 * share:.0f}%", "e axis", dx=-6))
    if within_axis(arms, limit):
        assert limit is not None  # noqa: S101  # as the question says
        marks.append(line((axis.at(limit), _TOP - 8), (axis.at(limit), foot), "limit"))
    paths = [
        (staircase([(axis.at(arm.steps[0][0]), _BOTTOM),
                    *((axis.at(ms), height.at(share)) for ms, share in arm.steps),
                    (100.0, height.at(1.0))]), arm.role[0])
        for arm in reversed(arms)
    ]  # fmt: skip
    marks.append(across(_BOTTOM, *paths))
    for place, (arm, found) in enumerate(rows):
        marks += _quantile_row(axis, arm, found, _BOTTOM + 22 + _ROW * place)
    words = "milliseconds" + (" (logarithmic)" if axis.logarithmic else "")
    marks.append(label((50, foot + 34), words, "m axis"))
    told = "; ".join(
        f"{arm.role} {found.name} {found.value:.4g} ms, bounds {_ends(found)}"
        for arm, found in rows
    )
    return Plot("Serving latency of both arms", told, foot + 38, tuple(marks))


def within_axis(arms: Sequence[Served], limit: float | None) -> bool:
    """Return whether a threshold stands within the axis of latencies."""
    axis = _time_axis(arms, limit)
    return limit is not None and axis.first < limit <= axis.last


def _time_axis(arms: Sequence[Served], limit: float | None) -> Scale:
    """Return an axis from 0, or over decades, that holds every request and a limit near them."""
    ends = [end.high for arm in arms for end in arm.quantiles if end.high is not None]
    longest = max([arm.longest for arm in arms] + ends)
    if is_logarithmic(arms):
        least = min(arm.steps[0][0] for arm in arms)
        return Scale(least * 0.9, longest * 1.05, 0.0, 98.0, logarithmic=True)
    if limit is not None and longest < limit <= 1.5 * longest:
        longest = limit
    return Scale(0.0, longest * 1.02, 0.0, 98.0)


def _time_grid(axis: Scale, foot: float) -> list[Mark]:
    marks = []
    if axis.logarithmic:
        found = log_ticks(axis.first, axis.last, _MOST_LABELS)
    else:
        found = ticks(axis.first, axis.last, 6)
    for tick in found:
        x = axis.at(tick)
        marks.append(line((x, _TOP), (x, foot), "grid"))
        marks.append(label((x, foot + 16), f"{tick:,.6g}", "m axis"))
    return marks


def _quantile_row(axis: Scale, arm: Served, found: Interval, y: float) -> list[Mark]:
    kind = arm.role[0]
    start = 0.0 if found.low is None else axis.at(found.low)
    end = 100.0 if found.high is None else axis.at(found.high)
    marks = [
        label((0, y + 4), found.name, "e axis", dx=-6),
        line((start, y), (end, y), f"{kind}iv"),
    ]
    for bound, place, sign in ((found.low, start, "◂"), (found.high, end, "▸")):
        if bound is None:
            marks.append(label((place, y + 4), sign, "open m"))
        else:
            marks.append(line((place, y - 5), (place, y + 5), f"{kind}cap"))
    centre = (axis.at(found.value), y)
    marks.append(dot(centre, 4, "cdot") if kind == "c" else square(centre, 3.5, "bdot"))
    return marks


def _ends(found: Interval) -> str:
    low = "none" if found.low is None else f"{found.low:.4g}"
    return f"{low} to {'none' if found.high is None else f'{found.high:.4g}'}"


def bars(title: str, rows: Sequence[tuple[str, float, str]], *, full: bool = False) -> Plot:
    """Return bars of shares from 0 to 1, each between its name and its value in words.

    Args:
        title: What they are shares of.
        rows: Name, share, words; a share above 1 fills the bar.
        full: Whether to show where 1 is, as of caps.

    """
    marks: list[Mark] = []
    axis = Scale(0.0, 1.0, 0.0, 100.0)
    for place, (name, share, words) in enumerate(rows):
        y = _BAR_ROW * place
        marks.append(label((0, y + 13), name, "n"))
        marks.append(label((100, y + 13), words, "n e"))
        if full:
            marks.append(rect((0, y + 19), 100, 8, "field"))
        marks.append(rect((0, y + 19), axis.at(share), 8, "bar"))
    told = "; ".join(f"{name} {words}" for name, _, words in rows)
    return Plot(title, told, _BAR_ROW * len(rows), tuple(marks))
