"""Planned looks: what is spent at each, when a run may stop, and what a report tells of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qgate.charter.build import build_charter
from qgate.evidence.evidence import Evidence
from qgate.gates.decision import judge
from qgate.gates.looks import look_at, looks_of, looks_record, settled
from qgate.gates.verdict import Outcome
from qgate.plan.plan import make_plan
from qgate.stats.sequential import nominal_levels
from tests.unit.measure.small import INPUTS, TRUTH, document, evidence, trial, wrong_on

SEEDS = (1, 2, 3, 4, 5)
ENDS = (2, 4, 5)
GATES = [
    {
        "name": "parity",
        "metric": "val_accuracy_gap_vs_classical",
        "max": 0.3,
        "owner": "a@example.com",
        "remediation": [{"rerun": "parity"}],
    }
]
TRUTHS = TRUTH * 12


def _document(**change: object) -> dict[str, object]:
    terms = document(seeds=SEEDS, gates=[{**GATES[0], **change}])
    terms["schedule"]["looks"] = {"after_seeds": list(ENDS[:-1])}
    return terms


def _run(taken: int, wrong: tuple[int, ...] = (), **change: object) -> Evidence:
    terms = _document(**change)
    plan = make_plan(
        build_charter(terms, "p"), {**INPUTS, "packages": {}}, train=9, items=120, recorded={}
    )
    looks = looks_record(plan, taken)
    assert looks is not None
    row = wrong_on(*wrong, truth=TRUTHS)
    trials = [trial("candidate", seed, row, shots=1024) for seed in SEEDS[: ENDS[taken - 1]]]
    trials += [trial("baseline", seed, TRUTHS) for seed in SEEDS]
    run = evidence(trials, truth=TRUTHS, charter=terms)
    return replace(run, record={**run.record, "looks": looks})


def test_the_levels_are_fixed_by_the_charter_alone() -> None:
    looks = _run(1).record["looks"]
    expected = nominal_levels([0.4, 0.8, 1.0], alpha=0.05)
    assert looks["levels"] == {"parity": pytest.approx(expected)}
    assert looks["ends"] == list(ENDS)
    assert sum(looks["levels"]["parity"]) > 0.05 > max(looks["levels"]["parity"])


def test_a_look_is_judged_at_its_own_level() -> None:
    levels = _run(3).record["looks"]["levels"]["parity"]
    for taken, level in enumerate(levels, 1):
        run = _run(taken, wrong=(3, 50))
        measured = look_at(run, run.charter).verdicts[0].measurement
        assert measured.confidence == pytest.approx(1 - level)
        assert measured.counts.items == 120


def test_a_run_may_stop_when_every_gate_is_decided_or_one_failed() -> None:
    clear, lost = _run(1), _run(1, wrong=tuple(range(90)))
    assert settled(look_at(clear, clear.charter))
    assert settled(look_at(lost, lost.charter))
    open_ = _run(1, wrong=tuple(range(30)))
    assert look_at(open_, open_.charter).verdicts[0].outcome is Outcome.INCONCLUSIVE
    assert not settled(look_at(open_, open_.charter))


def test_a_gate_in_shadow_stops_nothing() -> None:
    run = _run(1, mode="shadow")
    assert look_at(run, run.charter).verdicts[0].outcome is Outcome.PASS
    assert not settled(look_at(run, run.charter))


def test_every_look_is_told_as_it_was() -> None:
    run = _run(3, wrong=(1, 2))
    found = looks_of(run, run.charter)
    assert [look.after for look in found] == list(ENDS)
    for taken, look in enumerate(found, 1):
        alone = _run(taken, wrong=(1, 2))
        assert look.verdicts == look_at(alone, alone.charter).verdicts
    assert judge(run).looks == found


def test_looks_over_items_take_the_first_ones() -> None:
    terms = document(seeds=(1, 2), gates=GATES)
    terms["schedule"]["looks"] = {"after_items": [40]}
    plan = make_plan(
        build_charter(terms, "p"), {**INPUTS, "packages": {}}, train=9, items=120, recorded={}
    )
    assert plan.ends == (40, 120)
    assert {trial_.items for trial_ in plan.stage(1)} == {(40, 120)}
    assert {trial_.arm for trial_ in plan.stage(1)} == {"candidate"}
    trials = []
    for arm, shots, row in (
        ("candidate", 1024, wrong_on(60, 70, truth=TRUTHS)),
        ("baseline", None, list(TRUTHS)),
    ):
        for seed in (1, 2):
            for start, stop in ((0, 40), (40, 120)):
                entry = trial(arm, seed, row[start:stop], shots=shots)
                trials.append({**entry, "items": [start, stop]})
    run = evidence(trials, truth=TRUTHS, charter=terms)
    run = replace(run, record={**run.record, "looks": looks_record(plan, 2)})
    first, last = looks_of(run, run.charter)
    assert first.verdicts[0].measurement.counts.items == 40
    assert first.verdicts[0].measurement.value == 0
    assert last.verdicts[0].measurement.counts.items == 120
    assert last.verdicts[0].measurement.value == pytest.approx(2 / 120)
