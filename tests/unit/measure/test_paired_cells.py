"""How seeds of two bundles are paired, and what is left of each arm's part."""

from __future__ import annotations

import numpy as np
import pytest

from qgate.charter.charter import Gate
from qgate.evidence.evidence import Evidence
from qgate.measure.paired_cells import paired_cells
from qgate.stats.paired import tango_interval
from tests.unit.measure.small import both, document, evidence, gate, wrong_on

GAP = gate("val_accuracy_gap_vs_classical", high=0.1)
OWN = gate("val_accuracy", low=0.1)


def run(wrong: dict[int, tuple[int, ...]], baseline: tuple[int, ...] = ()) -> Evidence:
    rows = {seed: wrong_on(*items) for seed, items in wrong.items()}
    return evidence(both(rows, wrong_on(*baseline)), charter=document(seeds=tuple(wrong)))


def test_equal_seeds_are_paired_with_themselves() -> None:
    older, newer = run({1: (0,), 2: (5,)}), run({1: (0, 1), 2: (5, 6)})
    found = paired_cells(older, newer, GAP, GAP)
    expected = np.zeros((2, 10))
    expected[0, 1] = expected[1, 6] = 1.0
    assert found.whole.cells.tolist() == expected.tolist()
    assert found.pairing == "2 seeds paired"
    assert found.baseline is not None
    assert found.baseline.nothing


def test_seeds_in_common_come_first() -> None:
    older, newer = run({1: (0,), 2: (5,)}), run({2: (5,), 9: (7,)})
    found = paired_cells(older, newer, GAP, GAP)
    assert found.pairing == "1 of 2 and 2 seeds in common (Scheffe 1943)"
    assert not found.whole.cells[0].any()  # seed 2 with seed 2
    assert found.whole.cells[1].tolist() == [-1, 0, 0, 0, 0, 0, 0, 1, 0, 0]


def test_a_side_that_no_seed_changes_stands_for_any_seed() -> None:
    older, newer = run({1: (0,), 2: (0,)}), run({7: (0, 1), 8: (2,), 9: (0,)})
    found = paired_cells(older, newer, GAP, GAP)
    assert found.whole.cells.shape == (3, 10)
    assert "change nothing in A" in found.pairing
    back = paired_cells(newer, older, GAP, GAP)
    assert back.whole.cells == pytest.approx(-found.whole.cells)
    assert "change nothing in B" in back.pairing


@pytest.mark.parametrize("terms", [GAP, OWN], ids=lambda terms: terms.metric)
def test_the_mean_is_the_difference_of_the_two_values_whatever_the_seeds(terms: Gate) -> None:
    older = run({1: (0,), 2: (5, 6), 3: ()}, (4,))
    newer = run({3: (1,), 4: (2, 3), 5: (9,), 6: (), 7: (0, 1, 2)}, (4, 8))
    found = paired_cells(older, newer, terms, terms)
    errors = 7 / 50 - 3 / 30
    expected = errors - 0.1 if terms is GAP else -errors
    assert found.whole.cells.mean() == pytest.approx(expected)
    assert found.whole.cells.shape == (3, 10)
    if found.baseline is not None:
        assert found.baseline.cells.mean() == pytest.approx(-0.1)
        assert found.candidate.cells.mean() == pytest.approx(errors)


def test_where_both_arms_moved_a_cell_may_be_two_and_the_interval_allows_it() -> None:
    older = run({1: (0,)}, (1,))
    newer = run({1: (1,)}, (0,))
    found = paired_cells(older, newer, GAP, GAP)
    assert found.whole.cells[0, :3].tolist() == [-2.0, 2.0, 0.0]
    interval = found.interval(found.whole, "new_items_and_seeds", 0.95)
    assert interval.low < 0 < interval.high
    assert interval.high > 0.4


def test_arms_that_moved_on_items_apart_are_still_allowed_to_meet_on_new_ones() -> None:
    found = paired_cells(run({1: (0,)}, (9,)), run({1: ()}, (8, 9)), GAP, GAP)
    assert np.abs(found.whole.cells).max() == 1.0
    interval = found.interval(found.whole, "new_items_and_seeds", 0.95)
    expected = [2 * end for end in tango_interval(0.0, 1.0, 10, confidence=0.9)]
    assert (interval.low, interval.high) == pytest.approx(expected)


def test_the_area_under_the_curve_counts_items_by_their_rank() -> None:
    truth = [0, 1] * 30
    scores = [float(t) + 0.01 * i for i, t in enumerate(truth)]
    swapped = [*scores]
    swapped[0], swapped[1] = scores[1], scores[0]
    bundles = []
    for ranks in (scores, swapped):
        trials = both({1: truth}, truth)
        trials = [{**t, "scores": ranks if t["arm"] == "candidate" else scores} for t in trials]
        bundles.append(evidence(trials, truth=truth, charter=document(seeds=(1,))))
    asked = gate("val_roc_auc_gap_vs_classical", high=0.1)
    found = paired_cells(bundles[0], bundles[1], asked, asked)
    interval = found.interval(found.whole, "new_items_and_seeds", 0.95)
    assert interval.estimate > 0
    assert interval.low < interval.estimate < interval.high
