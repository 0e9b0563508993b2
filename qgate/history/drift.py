"""Each gate's values over runs, and what a CUSUM of them says: decay that no single run shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qgate.history.run import Reading, Run
from qgate.measure.registry import METRICS
from qgate.stats.cusum import REFERENCE, chart, chartable

_ROUNDING = 1e-9
"""What an exact value may differ by, relatively, without having changed."""


@dataclass(frozen=True)
class Point:
    """A gate's reading in a run; runs of one `process` may be charted as one."""

    run: Run
    reading: Reading
    process: int
    """From 1, in the order in which they began."""
    counted: bool
    """Whether it is a measurement of its own: not the same evidence again, and not in error."""


@dataclass(frozen=True)
class Shift:
    """A shift of a gate's mean within its newest process."""

    worse: bool
    since: Run
    """The first run after the shift, as far as it can be told."""
    alarm: Run
    """The run that it was seen in."""
    size: float
    """Mean of the shifted runs minus the reference, in the metric's unit."""
    deviations: float | None
    """The same in standard deviations of one run; None where nothing is random."""
    lasting: bool
    """Whether the newest run is still beyond."""


@dataclass(frozen=True)
class Drift:
    """What is known of a gate's drift within its newest process."""

    runs: int
    """Measurements that count."""
    lacking: int
    """How many more a chart needs; 0 where there is one."""
    exact: bool
    """Nothing is random: every change is one, and needs no chart."""
    reference: float | None = None
    """The mean of the reference runs, or the first exact value."""
    worse: tuple[float, ...] = ()
    """The sum against getting worse, in standard deviations, of each run after the reference."""
    better: tuple[float, ...] = ()
    """The sum against getting better."""
    shifts: tuple[Shift, ...] = ()

    @property
    def state(self) -> str:
        """Return `decay`, `improvement`, `steady`, or `too few runs`."""
        if self.lacking:
            return "too few runs"
        lasting = [shift for shift in self.shifts if shift.lasting]
        if any(shift.worse for shift in lasting):
            return "decay"
        return "improvement" if lasting else "steady"


@dataclass(frozen=True)
class Series:
    """One gate of a pilot over its runs, the oldest first."""

    pilot: str
    name: str
    metric: str
    points: tuple[Point, ...]
    drift: Drift
    asked: bool
    """Whether the pilot's newest run has this gate."""

    @property
    def last(self) -> Reading:
        """Return the newest reading."""
        return self.points[-1].reading

    @property
    def decays(self) -> bool:
        """Return whether a gate that is asked and enforced is shown to decay, to the newest run."""
        return self.asked and self.last.mode == "enforce" and self.drift.state == "decay"


def series_of(runs: Sequence[Run]) -> tuple[Series, ...]:
    """Return each gate's series of one pilot's runs, gates in the order of the newest charter.

    Of gates on a metric that this version does not know there is none.

    Args:
        runs: Of one pilot, the oldest first.

    """
    found: dict[tuple[str, str], list[tuple[Run, Reading]]] = {}
    for run in reversed(runs):
        for reading in run.readings:
            if reading.metric in METRICS:
                found.setdefault((reading.name, reading.metric), []).append((run, reading))
    return tuple(
        _series(name, metric, pairs[::-1], runs[-1]) for (name, metric), pairs in found.items()
    )


def worsening(metric: str) -> int:
    """Return 1 where a larger value of a metric is worse, -1 where a smaller one is."""
    return -1 if METRICS[metric].better == "higher" else 1


def _series(
    name: str, metric: str, pairs: Iterable[tuple[Run, Reading]], newest_run: Run
) -> Series:
    timed = "latency" in METRICS[metric].needs
    processes: dict[tuple[str, str], int] = {}
    seen: set[tuple[str, ...]] = set()
    points = []
    for run, reading in pairs:
        key = (run.process, reading.terms)
        number = processes.setdefault(key, len(processes) + 1)
        # Times are observed anew even where all that must come out the same did.
        evidence = (*key, run.evidence, run.observations if timed else "")
        counted = _measured(reading) and evidence not in seen
        if counted:
            seen.add(evidence)
        points.append(Point(run, reading, number, counted))
    newest = points[-1].process
    counted_points = [p for p in points if p.counted and p.process == newest]
    drift = _drift(counted_points, worsening(metric))
    asked = points[-1].run == newest_run
    return Series(newest_run.pilot, name, metric, tuple(points), drift, asked)


def _measured(reading: Reading) -> bool:
    """Return whether a value can be charted: it is exact, or its error is known."""
    error = 0.0 if reading.exact else reading.standard_error
    return reading.value is not None and error is not None and chartable(reading.value, error)


def _drift(points: Sequence[Point], sense: int) -> Drift:
    exact = bool(points) and all(p.reading.exact for p in points)
    if not exact:
        points = [p for p in points if not p.reading.exact]
    values = [p.reading.value or 0.0 for p in points]
    errors = [p.reading.standard_error or 0.0 for p in points]
    if exact or (values and not any(errors[:REFERENCE])):
        return _exact(points, values, sense)
    if len(points) <= REFERENCE:
        return Drift(len(points), REFERENCE + 1 - len(points), exact=False)
    found = chart(values, errors)
    shifts = []
    for one in found.excursions:
        size = math.fsum(values[one.since : one.end + 1]) / (one.end + 1 - one.since) - found.mean
        shifted = found.deviations[one.since - REFERENCE : one.end + 1 - REFERENCE]
        shifts.append(
            Shift(
                worse=one.sign == sense,
                since=points[one.since].run,
                alarm=points[one.alarm].run,
                size=size,
                deviations=math.fsum(shifted) / len(shifted),
                lasting=one.end == len(points) - 1,
            )
        )
    sums = (found.upper, found.lower)
    return Drift(
        len(points), 0, exact=False, reference=found.mean,
        worse=sums[sense < 0], better=sums[sense > 0], shifts=tuple(shifts),
    )  # fmt: skip


def _exact(points: Sequence[Point], values: Sequence[float], sense: int) -> Drift:
    """Return the drift of values without error: as the newest differs from the first, if it does.

    It began after the last run that had the first value.
    """
    first, last = values[0], values[-1]
    if len(points) < 2:
        return Drift(len(points), 2 - len(points), exact=True, reference=first)
    same = [i for i, v in enumerate(values) if math.isclose(v, first, rel_tol=_ROUNDING)]
    if same[-1] == len(values) - 1:
        return Drift(len(points), 0, exact=True, reference=first)
    since = points[same[-1] + 1].run
    worse = (last > first) == (sense > 0)
    shift = Shift(worse, since, since, last - first, None, lasting=True)
    return Drift(len(points), 0, exact=True, reference=first, shifts=(shift,))
