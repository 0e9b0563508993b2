"""What an open verdict on a gap says besides: what is uncertain, what would decide, at what price.

Projections take the variance that was seen and a true gap of 0, never the gap that was seen, whose
use would make power a function of the p value (Hoenig and Heisey 2001, American Statistician
55:19-24).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from qgate.charter.charter import Gate
from qgate.evidence.evidence import Evidence
from qgate.measure.cells import Cells
from qgate.measure.cost import candidate_usd
from qgate.measure.measurement import CLAIM_WORDS, GOOD_CHANCE
from qgate.measure.registry import METRICS
from qgate.measure.units import in_words
from qgate.stats.design import Design, variance_parts
from qgate.stats.needs import Needs, needs
from qgate.stats.parity import Crossed, ParityInterval
from qgate.stats.power import Question, Spread, chance_to_pass

_SOURCES = ("items", "seeds", "seed x item", "shots")


@dataclass(frozen=True)
class _Seen:
    """What evidence says of a gate's design."""

    question: Question
    spread: Spread
    design: Design
    shots: int | None
    claim: str
    """The claim that could be made."""

    def chance(self, design: Design) -> float:
        """Return the chance that an equal candidate would have passed."""
        return chance_to_pass(self.question, self.spread, design)


def advice(
    evidence: Evidence, gate: Gate, cells: Cells, found: Crossed, interval: ParityInterval,
    *, claim: str, level: float,
) -> list[str]:  # fmt: skip
    """Return the notes of a gap that is not decided; empty when it is.

    Args:
        evidence: The run.
        gate: Its threshold bounds the gap from above, or from both sides.
        cells: The gate's cells.
        found: Their analysis.
        interval: The gap's interval at the gate's level.
        claim: The claim that could be made.
        level: One-sided confidence.

    """
    high, low = gate.threshold.high, gate.threshold.low
    if high is None or interval.low > high or (low is not None and interval.high < low):
        return []
    if interval.high <= high and (low is None or interval.low >= low):
        return []
    largest = in_words(interval.high, METRICS[gate.metric].unit, difference=True)
    seen = _Seen(
        Question(high, gate.claim, level, two_sided=low is not None),
        cells.spread(found.components),
        Design(max(cells.counts.seeds, 1), cells.counts.items),
        cells.counts.shots,
        claim,
    )
    return [
        f"Not evidence of failure: {CLAIM_WORDS[claim]} the gap may be as large as {largest}.",
        *_shares(seen),
        *_what_would_decide(evidence, gate, seen),
    ]


def _shares(seen: _Seen) -> list[str]:
    parts = variance_parts(seen.spread.components, seen.design, seen.claim)
    total = sum(parts)
    if total == 0:
        return []
    if seen.design.seeds == 1 and seen.spread.components.shots == 0:
        return ["Uncertainty: items, and shots if any; one seed cannot tell them apart."]
    named = list(zip(_SOURCES, parts, strict=True))
    if seen.spread.components.shots == 0:  # without replicates they cannot be told apart
        what = "seed x item" if seen.shots is None else "seed x item and shots"
        named = [*named[:2], (what, parts[2])]
    return ["Uncertainty: " + ", ".join(f"{k} {v / total:.0%}" for k, v in named) + "."]


def _what_would_decide(evidence: Evidence, gate: Gate, seen: _Seen) -> list[str]:
    """Return what of each alone gives a good chance, with its price, and what alone does not."""
    if seen.question.tolerance <= 0:
        return ["No design shows an equal candidate to be better than the baseline."]
    if seen.chance(seen.design) >= GOOD_CHANCE:
        equal = f"would give an {GOOD_CHANCE:.0%} chance if the arms were truly equal"
        return [f"These {seen.design.items} items {equal}: the gap itself stands in the way."]
    found = needs(seen.chance, seen.design, goal=GOOD_CHANCE)
    ways = _ways(evidence, gate, seen, found)
    tail = f"give an {GOOD_CHANCE:.0%} chance to pass if truly equal"
    helpless = [name for name, way in ways if way is None]
    sentences = [f"{way[0].upper()}{way[1:]}" for _, way in ways if way is not None]
    if not sentences:
        return ["No number of items, seeds or shots alone will decide."]
    text = [f"{sentences[0]} {tail}."]
    text += [f"Or {sentence[0].lower()}{sentence[1:]}." for sentence in sentences[1:]]
    if helpless:
        text.append(f"More {' or '.join(helpless)} alone will not decide.")
    return text


def _ways(
    evidence: Evidence, gate: Gate, seen: _Seen, found: Needs
) -> list[tuple[str, str | None]]:
    """Return items, seeds and shots, each with what would do, None where no number does."""
    design, shots = seen.design, seen.shots

    def priced(text: str, changed: Design) -> str:
        whole = evidence.items / design.items  # a slice grows with all the others
        grown = [replace(d, items=round(d.items * whole)) for d in (design, changed)]
        now, then = (candidate_usd(evidence, gate, d) for d in grown)
        if now is None or then is None:
            return text
        return f"{text} (modelled: this run {now:,.2f} USD, then {then:,.2f} USD)"

    items = seeds = more = None
    if found.items is not None and seen.claim != "this_dataset":
        plural = "s" if design.seeds > 1 else ""
        text = (
            f"with {design.seeds} seed{plural}, about {found.items:,} items (have {design.items})"
        )
        items = priced(text, replace(design, items=found.items))
    if found.seeds is not None and seen.claim != "this_artifact":
        text = f"about {found.seeds:,} seeds (have {design.seeds})"
        seeds = priced(text, replace(design, seeds=found.seeds))
    if found.shots is not None and shots is not None:
        text = f"about {round(found.shots * shots):,} shots (have {shots:,})"
        more = priced(text, replace(design, shots=found.shots))
    ways = [("items", items), ("seeds", seeds), ("shots", more)]
    return [way for way in ways if way[0] != "shots" or shots is not None]
