"""What an open verdict says would decide it."""

from __future__ import annotations

import pytest

from qgate.measure.advice import advice
from qgate.measure.measurement import Counts
from qgate.stats.parity import Components, ParityInterval
from tests.unit.measure.small import gate

NEW = "new_items_and_seeds"


def _advice(parts: Components, high: float = 0.02, claim: str = NEW, seeds: int = 5) -> str:
    open_end = ParityInterval(0.005, high - 0.03, high + 0.01, 0.01, 20, "t", parts)
    asked = gate("val_accuracy_gap_vs_classical", high=high, claim=claim)
    return " ".join(advice(open_end, asked, Counts(400, seeds), claim, 1.0))


@pytest.mark.parametrize(
    ("parts", "said", "unsaid"),
    [
        (Components(0.08, 0.0, 0.01), "more seeds or shots alone will not decide", "gap itself"),
        (Components(0.01, 0.0, 0.3), "items (have 400) give", "alone"),
        (Components(0.01, 0.05**2, 0.01), "No number of items alone will decide", "(have"),
        (Components(0.001, 0.0, 0.001), "the gap itself stands in the way", "(have"),
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
    assert "No design shows an equal candidate" in _advice(Components(0.08, 0, 0.01), high=0.0)
