"""What runs spend, by hand."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest

from qgate.evidence.audit_log import Entry
from qgate.evidence.evidence import Evidence
from qgate.measure.spending import (
    Spending,
    amount,
    enough,
    logged_spending,
    month_so_far,
    plain,
    plus,
    spending_by_month,
    spent_in,
    spent_of,
    taken_of,
    times,
)
from tests.unit.measure.small import PRICES, document, evidence, trial, wrong_on

CIRCUITS = 30 + 45


def _run(*, prices: bool = True, per_shot: float | None = None, **observed: Any) -> Evidence:
    budget: dict[str, Any] = {"prices": {**PRICES, "per_second": 2.0}} if prices else {}
    trials = [
        trial("candidate", seed, wrong_on(), shots=1024, serving=30, fit=45) for seed in (1, 2)
    ]
    trials += [
        trial("candidate", 2, None, shots=1024, replicate=1),  # failed
        trial("candidate", 1, wrong_on(), serving=30, fit=45),  # exact
        trial("baseline", 1, wrong_on()),
    ]
    seconds = dict.fromkeys([entry["digest"] for entry in trials], 0.5)
    found = evidence(trials, charter=document(budget=budget), seconds=seconds, **observed)
    if per_shot is None:
        return found
    return replace(found, record={**found.record, "shot_seconds": {"candidate": per_shot}})


def test_what_trials_took_is_counted_and_modelled_by_hand() -> None:
    found = taken_of(_run(per_shot=0.002))
    circuits = 2 * CIRCUITS
    assert (found.circuits, found.shots) == (circuits, circuits * 1024)
    assert found.qpu_seconds == pytest.approx(circuits * 1024 * 0.002)
    # a task 0.25, a shot 0.001, a second of any of the five trials 2
    assert found.usd == pytest.approx(circuits * (0.25 + 1024 * 0.001) + 5 * 0.5 * 2.0)


def test_what_is_not_known_is_not_nothing() -> None:
    found = taken_of(_run(prices=False))
    assert (found.usd, found.qpu_seconds) == (None, None)
    assert (found.of("usd"), found.of("qpu_seconds")) == (0.0, 0.0)


def test_a_run_spent_what_it_noted_and_not_what_came_from_the_cache() -> None:
    noted = {"circuits": 3, "shots": 30, "qpu_seconds": None, "usd": 0.5, "seconds": 90.0}
    found = spent_of(_run(spending=noted))
    assert found == Spending(3, 30, None, 0.5, 90.0)
    assert found.of("minutes") == 1.5
    older = spent_of(_run())
    assert (older.circuits, older.seconds) == (2 * CIRCUITS, 2.5)


def test_rehearsals_are_spent_too_each_once() -> None:
    noted = {"circuits": 3, "shots": 30, "qpu_seconds": 1.0, "usd": 0.5, "seconds": 90.0}
    tried = {"evidence": "a", "circuits": 2, "shots": 20, "usd": 0.25, "seconds": 9.0}
    refused = {"gate": "x", "outcome": "not_rehearsed", "reason": "why"}
    found = spent_of(_run(spending=noted, rehearsals=[tried, {**tried}, refused]))
    assert found == Spending(5, 50, 1.0, 0.75, 99.0)


def test_sums_keep_what_one_of_them_knows() -> None:
    one, other = Spending(1, 2, None, 0.5, 3.0), Spending(1, 2, 4.0, None, 3.0)
    assert plus(one, other) == Spending(2, 4, 4.0, 0.5, 6.0) == plus(other, one)
    assert plain(Spending(1, 2, 1 / 3, None, 2.0))["qpu_seconds"] == 0.333333


def _entries() -> list[tuple[str, str, dict[str, Any]]]:
    def spent(shots: int, usd: float | None) -> dict[str, Any]:
        return plain(Spending(1, shots, None, usd, 60.0))

    return [
        ("b", "2026-01-31T23:59:59+00:00", spent(10, 0.5)),
        ("a", "2026-01-01T00:00:00+00:00", spent(1, None)),
        ("b", "2026-02-01T00:00:00+00:00", spent(100, 0.5)),
        ("b", "2026-01-01T00:00:00+00:00", spent(1000, None)),
    ]


def test_months_are_of_each_pilot_and_end_at_midnight() -> None:
    found = spending_by_month(_entries())
    assert [(f.pilot, f.month, f.runs, f.unpriced, f.spending.shots) for f in found] == [
        ("a", "2026-01", 1, 1, 1),
        ("b", "2026-01", 2, 1, 1010),
        ("b", "2026-02", 1, 0, 100),
    ]
    assert found[1].spending == Spending(2, 1010, None, 0.5, 120.0)
    assert spent_in(_entries(), "b", "2026-02").shots == 100
    assert spent_in(_entries(), "b", "2026-03") == Spending()


def test_only_entries_that_noted_their_spending_count() -> None:
    def entry(pilot: str, time: str, facts: dict[str, Any]) -> Entry:
        return Entry(1, time, "me", "run", pilot, "", {}, facts, "0" * 64)

    entries = [entry(p, t, {"spending": s}) for p, t, s in _entries()]
    entries += [entry("b", "2026-02-02T00:00:00+00:00", facts) for facts in (
        {}, {"spending": 7}, {"spending": {"shots": 7}},
    )]  # fmt: skip
    assert logged_spending(entries) == _entries()
    east = datetime.timezone(datetime.timedelta(hours=9))
    night = datetime.datetime(2026, 2, 1, 8, tzinfo=east)  # January still, UTC
    assert month_so_far(entries, "b", night) == (spent_in(_entries(), "b", "2026-01"), "2026-01")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (372_099_000, "372,099,000"),
        (3.72099e8, "372,099,000"),
        (93024.754, "93,024.8"),
        (1.5e12 + 0.5, "1,500,000,000,000"),
        (0.385, "0.385"),
        (1e-5, "0.00001"),
        (0.0, "0"),
    ],
)
def test_amounts_have_no_power_of_ten(value: float, words: str) -> None:
    assert amount(value) == words


def test_a_cap_that_is_proposed_is_enough() -> None:
    for value in (0.38412, 110_000.0, 3.72099e8, 1e-7):
        assert value <= enough(value) <= value * 1.01
    assert enough(0.0) == 0.0


def test_what_is_not_known_is_not_known_twice_either() -> None:
    assert times(Spending(1, 2, None, 0.5, 3.0), 2) == Spending(2, 4, None, 1.0, 6.0)
    assert times(Spending(1, 2, 1.0, None, 3.0), 0) == Spending(0, 0, 0.0, None, 0.0)
