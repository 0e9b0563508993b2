"""What an open verdict on a metric says besides: what is uncertain, and what would decide."""

from __future__ import annotations

from qgate.charter.charter import Gate
from qgate.measure.measurement import CLAIM_WORDS, GOOD_CHANCE, Counts
from qgate.measure.units import in_words
from qgate.stats.parity import Components, ParityInterval
from qgate.stats.power import chance_to_pass, items_needed, seeds_needed


def advice(
    interval: ParityInterval, gate: Gate, counts: Counts, claim: str, reach: float
) -> list[str]:
    """Return the notes of a gap whose upper bound has not decided; empty when it has.

    Args:
        interval: The gap's interval.
        gate: Its `max` is the bound that was to be kept.
        counts: Items and distinct seeds.
        claim: The claim that could be made.
        reach: How far one item can move one cell.

    """
    bound = gate.threshold.high
    if bound is None or interval.high <= bound or interval.low > bound:
        return []
    largest = in_words(interval.high, "proportion", difference=True)
    return [
        f"Not evidence of failure: {CLAIM_WORDS[claim]} the gap may be as large as {largest}.",
        *_shares(interval.components, counts, claim),
        _what_would_decide(interval.components, gate, counts, bound, reach),
    ]


def _shares(parts: Components, counts: Counts, claim: str) -> list[str]:
    items, seeds = counts.items, max(counts.seeds, 1)
    shares = {
        "items": 0.0 if claim == "this_dataset" else parts.item / items,
        "seeds": 0.0 if claim == "this_artifact" else parts.seed / seeds,
        "seed x item and shots": parts.residual / (items * seeds),
    }
    total = sum(shares.values())
    if total == 0:
        return []
    if seeds == 1:
        return ["Uncertainty: items, and shots if any; one seed cannot tell them apart."]
    return ["Uncertainty: " + ", ".join(f"{k} {v / total:.0%}" for k, v in shares.items()) + "."]


def _what_would_decide(
    parts: Components, gate: Gate, counts: Counts, bound: float, reach: float
) -> str:
    """Return the design that would do, at the variance seen and a gap of 0, never the one seen."""
    items, seeds, claim, level = counts.items, max(counts.seeds, 1), gate.claim, gate.confidence
    good = f"an {GOOD_CHANCE:.0%} chance"
    if bound <= 0:
        return "No design shows an equal candidate to be better than the baseline."
    chance = chance_to_pass(
        bound, components=parts, seeds=seeds, items=items, claim=claim, confidence=level,
        reach=reach,
    )  # fmt: skip
    if chance >= GOOD_CHANCE:
        equal = f"would give {good} if the arms were truly equal"
        return f"These {items} items {equal}: the gap itself stands in the way."
    if claim == "this_dataset":
        wanted = seeds_needed(
            bound, components=parts, items=items, claim=claim, confidence=level,
            chance=GOOD_CHANCE, reach=reach,
        )  # fmt: skip
        if wanted is None:
            return "No number of seeds that could be run will decide."
        return f"About {wanted:,} seeds (have {seeds}) give {good} to pass if truly equal."
    needed = items_needed(
        bound, components=parts, seeds=seeds, claim=claim, confidence=level, chance=GOOD_CHANCE,
        reach=reach,
    )  # fmt: skip
    if needed is None:
        return "No number of items alone will decide: the seeds differ too much."
    stuck = _items_stand_in_the_way(parts, gate, counts, reach)
    tail = "; more seeds or shots alone will not decide" if stuck else ""
    have = f"With {seeds} seed{'s' if seeds > 1 else ''}, about {needed:,} items (have {items})"
    return f"{have} give {good} to pass if truly equal{tail}."


def _items_stand_in_the_way(parts: Components, gate: Gate, counts: Counts, reach: float) -> bool:
    """Return whether these items would be too few even without any noise of seeds and shots."""
    if counts.seeds <= 1 or gate.threshold.high is None:
        return False
    best = chance_to_pass(
        gate.threshold.high, components=Components(parts.item, 0.0, 0.0), seeds=counts.seeds,
        items=counts.items, claim=gate.claim, confidence=gate.confidence, reach=reach,
    )  # fmt: skip
    return best < GOOD_CHANCE
