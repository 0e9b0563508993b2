from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from qgate.data.split import validation_order
from qgate.errors import UsageError
from qgate.evidence.evidence import Evidence
from qgate.measure import baseline_drift
from qgate.measure.items import item_values
from qgate.measure.parity import measure
from qgate.stats.influence import approximation_ratio, optimum_reached
from qgate.stats.parity import crossed
from tests.unit.measure import small

GAP = "val_approximation_ratio_gap_vs_classical"
BEST = (-10.0, 8.0, -4.0, 20.0)
FILES = ("a.sparse", "b.mc", "c.json", "d.gset")


def _document(files: Sequence[str], seeds: Sequence[int], **change: Any) -> dict[str, Any]:
    return small.document(
        seeds,
        data={"task": "optimization", "problems": [{"path": f, "optimum": 0} for f in files]},
        baseline={"id": "annealing", "solver": {"method": "greedy"}},
        candidate={"id": "qaoa", "quantum_solver": {"reps": 1}},
        **change,
    )


def _evidence(
    candidate: Mapping[int, Sequence[float]],
    baseline: Sequence[float] = BEST,
    *,
    best: Sequence[float] = BEST,
    files: Sequence[str] = FILES,
    **change: Any,
) -> Evidence:
    trials: Any = small.both(candidate, baseline)  # type: ignore[arg-type]
    return small.evidence(
        trials, truth=best, classes=(),  # type: ignore[arg-type]
        charter=_document(files, [*candidate]), **change,
    )  # fmt: skip


ONE = {1: [-8, 8, -1, 15], 2: [-10, 6, -2, 10], 3: [-9, 7, 0, 20]}


def test_ratios_are_shares_of_each_problem_s_optimum() -> None:
    values = item_values(_evidence(ONE), "candidate", 1024, "approximation_ratio").values
    assert values.tolist() == [[0.8, 1, 0.25, 0.75], [1, 0.75, 0.5, 0.5], [0.9, 0.875, 0, 1]]


def test_the_gap_is_that_of_the_crossed_analysis() -> None:
    found = measure(_evidence(ONE), small.gate(GAP, high=0.5))
    ratios = np.array([[0.8, 1, 0.25, 0.75], [1, 0.75, 0.5, 0.5], [0.9, 0.875, 0, 1]])
    claim = "new_items_and_seeds"
    expected = crossed(1 - ratios, claim=claim, cells="ratios").interval(0.9)
    assert found.error is None
    assert found.value == pytest.approx(1 - ratios.mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.baseline_value == 1.0


def test_the_share_of_optima_reached_has_an_exact_interval() -> None:
    found = measure(_evidence(ONE), small.gate("optimum_reached", low=0.2))
    assert found.value == pytest.approx(3 / 12)
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < 0.25 < found.high < 1
    every = measure(_evidence({1: BEST, 2: BEST}), small.gate("optimum_reached", low=0.2))
    assert (every.value, every.high) == (1.0, 1.0)
    assert every.low == pytest.approx(0.05 ** (1 / 4))  # Clopper and Pearson 1934, 4 of 4


def test_equal_solvers_are_not_shown_equal_by_few_problems() -> None:
    found = measure(_evidence({1: BEST, 2: BEST, 3: BEST}), small.gate(GAP, high=0.05))
    assert found.value == 0.0
    assert found.high is not None
    assert found.high > 0.4


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([-10.5, 8, -4, 20], r"a\.sparse: the candidate found -10\.5, .* optimum -10: state"),
        ([-10, 8, -4, 21], r"d\.gset: the candidate found 21, .* reference optimum 20"),
    ],
)
def test_a_value_better_than_the_reference_is_an_error(values: list[float], said: str) -> None:
    for metric in (GAP, "val_approximation_ratio", "optimum_reached"):
        found = measure(_evidence({1: values, 2: values}), small.gate(metric, high=1, low=0))
        assert found.value is None
        assert found.error is not None
        assert re.search(said, found.error)


def test_a_problem_is_named_also_where_looks_shuffle_the_items() -> None:
    order = validation_order(4, shuffled=True).tolist()
    assert order != [0, 1, 2, 3]
    shuffled = _evidence({1: BEST, 2: BEST})
    schedule = {"seeds": [1, 2], "shots": [1024], "replicates": 2, "looks": {"after_items": [2]}}
    charter = _document(FILES, [1, 2]) | {"schedule": schedule}
    record = {**shuffled.record, "charter": charter}
    evidence = Evidence(record, shuffled.observations, "somewhere")
    assert evidence.problems == tuple(FILES[place] for place in order)
    assert shuffled.problems == FILES
    assert evidence.task == "optimization"


def test_a_problem_without_a_ratio_is_named() -> None:
    evidence = _evidence(
        {1: [3, 8, -4, 20], 2: [2, 8, -4, 20]}, (2, 8, -4, 20), best=(2, 8, -4, 20)
    )
    found = measure(evidence, small.gate(GAP, high=0.5))
    assert found.error is not None
    assert found.error.startswith("a.sparse has no approximation ratio: its least value, 2")
    reached = measure(evidence, small.gate("optimum_reached", low=0.5))
    assert reached.value == pytest.approx(7 / 8)


def test_one_problem_speaks_for_itself_only() -> None:
    evidence = _evidence({1: [-8], 2: [-9], 3: [-10]}, [-10], best=[-10], files=["a.sparse"])
    for metric in (GAP, "optimum_reached"):
        refused = measure(evidence, small.gate(metric, high=0.5, low=0.1))
        assert (refused.low, refused.high) == (None, None)
        assert "one problem tells nothing of new ones" in " ".join(refused.notes)
    found = measure(evidence, small.gate(GAP, high=0.5, claim="this_dataset"))
    # A t interval of three seeds: 0.1 +- 2.92 * 0.1 / sqrt(3).
    assert found.value == pytest.approx(0.1)
    assert found.high == pytest.approx(0.1 + 2.919986 * 0.1 / np.sqrt(3), abs=1e-6)
    assert found.error is None


def test_one_problem_that_no_seed_changes_is_certain_of_itself() -> None:
    evidence = _evidence({1: [-9], 2: [-9]}, [-10], best=[-10], files=["a.sparse"])
    found = measure(evidence, small.gate(GAP, high=0.5, claim="this_dataset"))
    assert (found.low, found.value, found.high) == pytest.approx((0.1, 0.1, 0.1))
    # What comes up with a chance of 78% is absent from two draws 5% of the time.
    assert "an outcome that comes up to 78% of the time" in " ".join(found.notes)


def test_the_baseline_is_known_by_its_values() -> None:
    evidence = _evidence(ONE, (-10, 6, -4, 20))
    found = baseline_drift.fingerprint(evidence)
    assert found["score"] == {"approximation_ratio": 0.9375, "optimum_reached": 0.75}
    lock = {"inputs": small.INPUTS, "baseline": found}
    same = Evidence({**evidence.record, "lock": lock}, evidence.observations, "")
    as_locked = baseline_drift.measure(same, small.gate("baseline_drift", high=0))
    assert as_locked.value == 0
    assert as_locked.notes == ("baseline as locked, optimum_reached 0.7500",)
    changed = _evidence(ONE, (-10, 8, -4, 20), lock=lock)
    drifted = baseline_drift.measure(changed, small.gate("baseline_drift", high=0))
    assert drifted.value == 1
    assert "locked optimum_reached 0.7500, now optimum_reached 1.0000" in drifted.notes[0]


def test_a_baseline_better_than_the_reference_cannot_be_locked() -> None:
    with pytest.raises(UsageError, match=r"a\.sparse: the baseline found -11"):
        baseline_drift.fingerprint(_evidence(ONE, (-11, 8, -4, 20)))


def test_item_values_need_a_reference() -> None:
    with pytest.raises(ValueError, match="no ratio to a best value of 0"):
        approximation_ratio(np.array([1.0, 0.0]), np.array([1.0, 1.0]))
    with pytest.raises(ValueError, match="finite"):
        optimum_reached(np.array([1.0]), np.array([np.nan]))


def test_blocks_of_solutions_are_merged() -> None:
    trials = [
        small.trial("candidate", 1, row, shots=1024) | {"items": items, "solutions": solutions}  # type: ignore[arg-type]
        for row, items, solutions in (
            ([-8.0, 8.0], [0, 2], ["01", "10"]),
            ([-1.0, 15.0], [2, 4], ["11", "00"]),
        )
    ]
    evidence = small.evidence(
        trials,
        truth=[-10, 8, -4, 20],
        classes=(),
        charter=_document(FILES, [1]),
    )
    ((merged,),) = evidence.trials("candidate", 1024)
    assert merged["solutions"] == ["01", "10", "11", "00"]
