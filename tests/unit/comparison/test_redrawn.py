"""The same candidate drawn anew: of which bundles that is known, and what is said of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from qgate.comparison.answers import Answer, Fact
from qgate.comparison.changes import changes
from qgate.comparison.comparison import Comparison, compare
from qgate.comparison.redrawn import redrawn
from qgate.errors import ExitCode
from qgate.evidence.evidence import Evidence
from tests.unit.comparison.bundles import bundle, stated

PASS, FAILED, OPEN = ExitCode.PASS, ExitCode.GATE_FAILED, ExitCode.INCONCLUSIVE
FEW, MANY = range(2), range(2, 62)
LATENCY = [stated(max=0.9), stated("latency_p95_ms", name="latency", max=1e6)]


def told(found: Comparison) -> tuple[Answer, ExitCode]:
    return found.answer, found.exit_code


def requests(centre: float, seed: int) -> list[float]:
    values: list[float] = np.random.default_rng(seed).lognormal(np.log(centre), 0.2, 300).tolist()
    return values


def found(older: Evidence, newer: Evidence) -> tuple[str, ...]:
    return redrawn(older, newer, changes(older, newer))


def test_nothing_is_drawn_anew_between_a_bundle_and_itself() -> None:
    assert found(bundle(), bundle()) == ()
    assert found(bundle(), bundle(range(9))) == ()  # worse on the same seeds: its own doing


def test_what_is_drawn_anew_is_named_in_order() -> None:
    assert found(bundle(), bundle(seeds=(4, 5, 6))) == ("seeds",)
    assert found(bundle(), bundle(seeds=(4, 5, 6), shots=64)) == ("seeds", "shots")
    assert found(bundle(), bundle(inputs={"replicates": 5})) == ("replicates",)
    others = {"packages": {"numpy": "3"}, "data content": "9" * 64}
    assert found(bundle(), bundle(seeds=(4, 5), inputs=others)) == ("seeds",)


def test_a_look_that_took_fewer_seeds_drew_others() -> None:
    newer = bundle()
    newer = dataclasses.replace(newer, record={**newer.record, "looks": {"seeds": 2}})
    assert found(bundle(), newer) == ("seeds",)


@pytest.mark.parametrize(
    "change",
    [
        {"made": "new"},
        {"inputs": {"circuit files": {"a.qasm": "9" * 64}}},
        {"tuning": {"budget": 3}},
    ],
)
def test_another_candidate_answers_for_its_seeds(change: dict[str, Any]) -> None:
    assert found(bundle(), bundle(seeds=(4, 5, 6), **change)) == ()


def test_of_recordings_nobody_can_tell() -> None:
    section = {"id": "q", "recorded": {"path": "runs.json"}}
    sides = [bundle(seeds=seeds, candidate_section=section) for seeds in ((1, 2), (3, 4))]
    assert found(sides[0], sides[1]) == ()


def test_other_seeds_of_the_same_candidate_are_worse_only_where_a_gate_falls() -> None:
    wide = [stated(max=0.9)]
    older = bundle(FEW, gates=wide)
    found = compare(older, bundle(MANY, gates=wide, seeds=(4, 5, 6)))
    assert found.gates[0].shown == "worse"
    assert (found.redrawn, found.gates[0].touched) == (("seeds",), ())
    assert found.facts == {Fact.DRIFTED}
    assert told(found) == (Answer.INPUTS_DRIFTED, OPEN)
    fallen = compare(bundle(FEW), bundle(MANY, seeds=(4, 5, 6)))
    assert told(fallen) == (Answer.WORSE, FAILED)
    assert fallen.facts == {Fact.FELL, Fact.DRIFTED}


@pytest.mark.parametrize(("older", "newer"), [(range(2), range(3, 6)), (range(60), range(2))])
def test_other_seeds_of_the_same_candidate_pass_where_nothing_is_shown_to_be_worse(
    older: range, newer: range
) -> None:
    wide = [stated(max=0.9)]
    found = compare(bundle(older, gates=wide), bundle(newer, gates=wide, seeds=(4, 5, 6)))
    assert told(found) == (Answer.NO_WORSE, PASS)
    assert found.redrawn == ("seeds",)


def test_nightly_seeds_of_one_candidate_never_turn_red_while_its_gates_pass() -> None:
    rng = np.random.default_rng(11)
    wide = [stated(max=0.9)]
    nights = []
    for first in range(0, 90, 3):
        seeds = (first, first + 1, first + 2)
        wrong = {
            seed: np.flatnonzero(rng.random(200) < rng.uniform(0.01, 0.1)).tolist()
            for seed in seeds
        }
        nights.append(bundle(wrong, gates=wide, seeds=seeds))
    found = [compare(nights[i], nights[i + 1]) for i in range(len(nights) - 1)]
    assert any(night.gates[0].shown == "worse" for night in found)  # luck, which is the point
    assert {told(night) for night in found} == {
        (Answer.NO_WORSE, PASS),
        (Answer.INPUTS_DRIFTED, OPEN),
    }


def test_the_same_seeds_or_another_candidate_still_answer_for_what_is_worse() -> None:
    wide = [stated(max=0.9)]
    older = bundle(FEW, gates=wide)
    for newer in (
        bundle(MANY, gates=wide),
        bundle(MANY, gates=wide, made="new", seeds=(4, 5, 6)),
        bundle(MANY, gates=wide, seeds=(4, 5, 6), tuning={"budget": 3}),
    ):
        found = compare(older, newer)
        assert (found.redrawn, told(found)) == ((), (Answer.WORSE, FAILED))


def test_a_candidates_new_name_alone_makes_it_no_other() -> None:
    wide = [stated(max=0.9)]
    section = {"quantum_kernel": {"layers": [{"name": "encode", "kind": "angle", "gate": "ry"}]}}
    renamed = {"id": "q2", **section}
    newer = bundle(MANY, gates=wide, seeds=(4, 5, 6), candidate_section=renamed)
    assert told(compare(bundle(FEW, gates=wide), newer)) == (Answer.INPUTS_DRIFTED, OPEN)


def test_a_slower_run_of_the_same_candidate_with_other_seeds_is_not_its_doing() -> None:
    runs = [
        bundle(
            FEW, gates=LATENCY, seeds=seeds,
            milliseconds={"candidate": requests(centre, seed), "baseline": requests(1, seed + 1)},
        )
        for centre, seed, seeds in ((10, 1, (1, 2, 3)), (20, 3, (4, 5, 6)))
    ]  # fmt: skip
    found = compare(runs[0], runs[1])
    assert found.gates[1].shown == "worse"
    assert told(found) == (Answer.INPUTS_DRIFTED, OPEN)
