"""What an open verdict says would decide it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qgate.evidence.evidence import Evidence
from qgate.measure.advice import advice
from qgate.measure.cells import Cells
from qgate.measure.measurement import Counts
from qgate.stats.parity import Crossed
from qgate.stats.pivots import TPivot
from qgate.stats.two_way import Components
from tests.unit.measure.small import PRICES, document, evidence, gate, trial, wrong_on

NEW = "new_items_and_seeds"


def _advice(
    parts: Components,
    tolerance: float = 0.02,
    claim: str = NEW,
    seeds: int = 5,
    run: Evidence | None = None,
) -> str:
    difference = np.zeros((seeds, 400))
    cells = Cells(
        "f1", difference, difference, Counts(400, seeds, 1024, 2), 0.0, 40, 1.0, None, 200, 0
    )
    pivot = TPivot(0.005, 0.01, 20)
    found = Crossed(0.005, 0.01, 20, "t", parts, 40, (pivot,))
    interval = replace(found.interval(0.9), low=tolerance - 0.03, high=tolerance + 0.01)
    asked = gate("val_f1_gap_vs_classical", high=tolerance, claim=claim)
    notes = advice(run or evidence([]), asked, cells, found, interval, claim=claim, level=0.95)
    return " ".join(notes)


@pytest.mark.parametrize(
    ("parts", "said", "unsaid"),
    [
        (
            Components(0.08, 0.0, 0.01),
            "More seeds or shots alone will not decide.",
            "the gap itself",
        ),
        (Components(0.01, 0.0, 0.3), "items (have 400) give an 80% chance", "seeds alone"),
        (Components(0.01, 0.0, 0.3), "Or about ", "items alone"),
        (Components(0.01, 0.05**2, 0.01), "More items or shots alone will not decide.", "items ("),
        (Components(0.001, 0.0, 0.001), "the gap itself stands in the way", "(have"),
        (Components(0.01, 0.0, 0.35, 0.34), "shots (have 1,024)", "shots alone"),
        (Components(0.01, 0.0, 0.35, 0.34), "shots 85%", "and shots"),
        (Components(0.01, 0.0, 0.35), "seed x item and shots 88%", "Or about 1,024 shots"),
    ],
)
def test_the_advice_fits_what_is_uncertain(parts: Components, said: str, unsaid: str) -> None:
    text = _advice(parts)
    assert said in text
    assert unsaid not in text


def test_on_this_data_set_seeds_are_what_can_be_added() -> None:
    text = _advice(Components(0.08, 0.02**2, 0.01), claim="this_dataset")
    assert "seeds (have 5) give an 80% chance to pass if truly equal" in text
    assert "items 0%" in text


def test_a_tolerance_of_nothing_cannot_be_shown() -> None:
    assert "No design shows an equal candidate" in _advice(Components(0.08, 0, 0.01), 0.0)


def test_a_decided_gap_needs_no_advice() -> None:
    parts = Components(0.08, 0.0, 0.01)
    cells = np.zeros((2, 40))
    cells_ = Cells("f1", cells, cells, Counts(40, 2), 0.0, 9, 1.0, None, 20, 0)
    found = Crossed(0.0, 0.001, 20, "t", parts, 9, (TPivot(0.0, 0.001, 20),))
    for high in (0.1, -0.1):
        asked = gate("val_f1_gap_vs_classical", high=high)
        interval = found.interval(0.9)
        assert not advice(evidence([]), asked, cells_, found, interval, claim=NEW, level=0.95)


def test_more_is_priced_by_the_charters_list() -> None:
    """20 circuits to train and 10 to predict ten items, 0.25 and 1,024 x 0.001 USD each.

    The cells are of 400 items, those of the run of 10: as for a slice, all grow alike.
    """
    trials = [
        trial("candidate", seed, wrong_on(), shots=1024, replicate=r, fit=20, serving=10)
        for seed in (1, 2)
        for r in (0, 1)
    ]
    run = evidence(trials, charter=document(budget={"prices": PRICES}))
    text = _advice(Components(0.08, 0.0, 0.01), run=run)
    each = 0.25 + 1.024
    now = 5 * 2 * (20 + 10) * each
    assert f"(modelled: this run {now:,.2f} USD, then " in text
    items = int(text.partition("about ")[2].partition(" ")[0].replace(",", ""))
    then = 5 * 2 * (20 + round(10 * items / 400)) * each
    assert f"then {then:,.2f} USD)" in text
