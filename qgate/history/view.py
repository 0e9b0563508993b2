"""What is asked of a history: whose, since when, how many runs, which gates."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from qgate.errors import UsageError
from qgate.files import told
from qgate.history.drift import Series, series_of
from qgate.history.run import Run

_MOST_NAMED = 20


@dataclass(frozen=True)
class Asked:
    """Which part of a history is shown; drift is told of all runs in any case."""

    pilot: str | None = None
    since: datetime.datetime | None = None
    limit: int | None = None
    metric: str | None = None
    """A metric, or a gate's name."""


@dataclass(frozen=True)
class PilotHistory:
    """One pilot: its runs, those of them that are shown, and each gate's series."""

    pilot: str
    runs: tuple[Run, ...]
    shown: tuple[Run, ...]
    series: tuple[Series, ...]

    @property
    def repeated(self) -> int:
        """Return how many runs have the same evidence as an earlier one."""
        return len(self.runs) - len({run.evidence for run in self.runs})


def view(runs: Sequence[Run], asked: Asked) -> tuple[PilotHistory, ...]:
    """Return the history of each pilot that is asked for, by name.

    Raises:
        UsageError: When no run is of that pilot, or no gate on that metric.

    """
    by_pilot: dict[str, list[Run]] = {}
    for run in runs:
        by_pilot.setdefault(run.pilot, []).append(run)
    if asked.pilot is not None and asked.pilot not in by_pilot:
        raise UsageError(f"no run is known of the pilot {told(asked.pilot)} ({_named(by_pilot)})")
    found = tuple(
        _of_pilot(name, by_pilot[name], asked)
        for name in sorted(by_pilot)
        if asked.pilot in (None, name)
    )
    if asked.metric is not None and found and not any(one.series for one in found):
        gates = {reading.metric: 0 for one in found for r in one.runs for reading in r.readings}
        raise UsageError(f"--metric {told(asked.metric)}: no gate has it ({_named(gates)})")
    return found


def _of_pilot(name: str, runs: Sequence[Run], asked: Asked) -> PilotHistory:
    since = "" if asked.since is None else asked.since.isoformat(timespec="microseconds")
    shown = [run for run in runs if run.time >= since]
    series = (one for one in series_of(runs) if asked.metric in (None, one.metric, one.name))
    limit = len(shown) if asked.limit is None else asked.limit
    return PilotHistory(name, tuple(runs), tuple(shown[-limit:]), tuple(series))


def _named(names: Collection[str]) -> str:
    listed = [told(name) for name in sorted(names)[:_MOST_NAMED]]
    rest = [f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    return f"known: {', '.join([*listed, *rest]) or 'none'}"
