"""What runs spend: of one run by its evidence, and over the runs of each pilot and month.

Circuits and shots are counted of finished trials, as if a device had run them. Seconds of a
quantum processor and dollars are modelled from them: a shot takes what `budget.seconds_per_shot`
says and the gates of the circuit, and costs what `budget.prices` says, seconds of computing
included. Tuning, replays and serving latency count by their wall clock alone.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from qgate.charter.charter import Prices
from qgate.evidence.audit_log import Entry
from qgate.evidence.evidence import Evidence
from qgate.measure.cost import DeviceUse, price

_DIGITS = 6
"""Of seconds and dollars."""
_PROPOSED_DIGITS = 3
"""Of a cap that is proposed: rounded up to so many."""
_SLACK = 1e-9
UNITS = {
    "shots": "shots",
    "qpu_seconds": "seconds of a quantum processor",
    "usd": "US dollars",
    "minutes": "minutes",
}
"""Of each cap, in words."""


@dataclass(frozen=True)
class Spending:
    """What was taken; None is not known, which is not nothing."""

    circuits: int = 0
    shots: int = 0
    qpu_seconds: float | None = None
    """Modelled seconds of a quantum processor; None without a time per shot."""
    usd: float | None = None
    """Modelled US dollars; None without prices."""
    seconds: float = 0.0
    """Measured, of wall clock."""

    def of(self, cap: str) -> float:
        """Return what counts against a cap of a budget, 0 where it is not known."""
        return (self.seconds / 60 if cap == "minutes" else getattr(self, cap)) or 0.0


@dataclass(frozen=True)
class MonthOfSpending:
    """What a pilot's runs spent in one calendar month, UTC."""

    pilot: str
    month: str
    """YYYY-MM."""
    runs: int
    unpriced: int
    """Runs without prices, which `spending.usd` says nothing of."""
    untimed: int
    """Runs without a time per shot, which `spending.qpu_seconds` says nothing of."""
    spending: Spending


def spent_of(evidence: Evidence) -> Spending:
    """Return what a run spent itself: not what trials kept of earlier runs did when they ran.

    Rehearsals are counted with it, each once and whole; their seconds of a quantum processor are
    not known. Evidence of before spending was noted counts whole, its seconds those of its trials.
    """
    noted = evidence.observations.get("spending")
    if noted is None:
        seconds = sum(evidence.observations["seconds"].values())
        total = replace(taken_of(evidence), seconds=seconds)
    else:
        total = Spending(**noted)
    rehearsed = {
        found["evidence"]: found
        for found in evidence.observations.get("rehearsals", ())
        if "evidence" in found
    }
    for found in rehearsed.values():
        use = {name: found[name] for name in ("circuits", "shots", "usd", "seconds")}
        total = plus(total, Spending(**use))
    return total


def taken_of(evidence: Evidence) -> Spending:
    """Return what all of a run's trials took, whenever they ran; its seconds are not known here."""
    prices = evidence.charter.budget.prices
    shot_seconds: Mapping[str, float] = evidence.record.get("shot_seconds", {})
    computing: Mapping[str, float] = evidence.observations["seconds"]
    total = nothing(shot_seconds, prices)
    for trial in evidence.record["trials"]:
        circuits = trial["fit_circuits"] + trial["serving_circuits"]
        failed = trial["failure"] is not None
        use = used_by(circuits, trial["shots"], failed=failed)
        seconds = computing.get(trial["digest"], 0.0)
        total = plus(total, spent_on(use, seconds, shot_seconds.get(trial["arm"]), prices))
    return Spending(total.circuits, total.shots, total.qpu_seconds, total.usd)


def nothing(shot_seconds: Mapping[str, float], prices: Prices | None) -> Spending:
    """Return no spending, of what is known at all."""
    return Spending(qpu_seconds=0.0 if shot_seconds else None, usd=0.0 if prices else None)


def used_by(circuits: int, shots: int | None, *, failed: bool) -> DeviceUse:
    """Return what a trial takes on a device: nothing that is counted if it failed or was exact."""
    return DeviceUse(0, 0) if failed or shots is None else DeviceUse(circuits, circuits * shots)


def spent_on(
    use: DeviceUse, seconds: float, per_shot: float | None, prices: Prices | None
) -> Spending:
    """Return what a use of a device comes to.

    Args:
        use: Circuits and shots.
        seconds: Of computing, which may have a price.
        per_shot: Modelled seconds of a shot on the processor, None if unknown.
        prices: None if unknown.

    """
    return Spending(
        use.circuits,
        use.shots,
        None if per_shot is None else use.shots * per_shot,
        None if prices is None else price(use, prices) + seconds * prices.per_second,
        seconds,
    )


def plus(one: Spending, other: Spending) -> Spending:
    """Return the sum; what is known of one alone is its own."""
    return Spending(**{
        field.name: _sum(getattr(one, field.name), getattr(other, field.name))
        for field in fields(Spending)
    })  # fmt: skip


def times(one: Spending, count: int) -> Spending:
    """Return so many times the same, 0 times included; what is not known stays so."""
    return Spending(
        one.circuits * count,
        one.shots * count,
        None if one.qpu_seconds is None else one.qpu_seconds * count,
        None if one.usd is None else one.usd * count,
        one.seconds * count,
    )


def amount(value: float) -> str:
    """Return a number with separators and no power of ten: whole ones whole, others to 6 digits."""
    return f"{value:,.0f}" if value == int(value) else f"{Decimal(f'{value:.6g}'):,f}"


def enough(value: float) -> float:
    """Return a cap that a modelled need keeps: it rounded up."""
    if value <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(value)) + 1 - _PROPOSED_DIGITS)
    return round(math.ceil(value / step - _SLACK) * step, 9)


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def plain(spending: Spending) -> dict[str, Any]:
    """Return it as plain values, rounded: as evidence and the audit log keep it."""
    return {
        name: round(value, _DIGITS) if isinstance(value, float) else value
        for name, value in vars(spending).items()
    }


SPENDERS = frozenset({"run", "calibrate"})
"""Actions of the log that say what they spent."""


def logged_spending(entries: Iterable[Entry]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return pilot, time and spending of each run and calibration that noted what it spent."""
    names = {field.name for field in fields(Spending)}
    return [
        (entry.pilot, entry.time, spent)
        for entry in entries
        if entry.action in SPENDERS  # of which the log's reader knows that these are amounts
        and isinstance(spent := entry.facts.get("spending"), Mapping)
        and set(spent) == names
    ]


def spending_by_month(
    entries: Iterable[tuple[str, str, Mapping[str, Any]]],
) -> list[MonthOfSpending]:
    """Return what each pilot spent in each month, by pilot, then by month.

    Args:
        entries: Of each run its pilot, its time (ISO 8601, UTC) and its spending in plain values.

    """
    found: dict[tuple[str, str], MonthOfSpending] = {}
    for pilot, time, spent in entries:
        key = pilot, time[:7]
        month = found.get(key) or MonthOfSpending(*key, 0, 0, 0, Spending())
        one = Spending(**spent)
        found[key] = MonthOfSpending(
            *key,
            month.runs + 1,
            month.unpriced + (one.usd is None),
            month.untimed + (one.qpu_seconds is None),
            plus(month.spending, one),
        )
    return [found[key] for key in sorted(found)]


def spent_in(
    entries: Iterable[tuple[str, str, Mapping[str, Any]]], pilot: str, month: str
) -> Spending:
    """Return what one pilot spent in one month, YYYY-MM; nothing where it did not run."""
    months = spending_by_month(entry for entry in entries if entry[0] == pilot)
    return next((found.spending for found in months if found.month == month), Spending())


def month_so_far(
    entries: Iterable[Entry], pilot: str, now: datetime.datetime
) -> tuple[Spending, str]:
    """Return what a pilot's logged runs have spent in the month of a moment, and the month."""
    month = now.astimezone(datetime.UTC).strftime("%Y-%m")
    return spent_in(logged_spending(entries), pilot, month), month
