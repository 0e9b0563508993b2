"""What a measurement and a forecast are."""

from __future__ import annotations

from dataclasses import dataclass

from qgate.stats.two_way import Components

CLAIM_WORDS = {
    "new_items_and_seeds": "on new items and with new training seeds",
    "this_dataset": "on this very data set, with new training seeds",
    "this_artifact": "for these trained artefacts, on new items",
    "this_run": "for this run",
    "new_requests": "for new requests on this machine",
    "new_recordings": "for new requests where these were recorded",
    "new_replicates": "for new shot noise, on this data set and these seeds",
}


GOOD_CHANCE = 0.8
"""The chance of a pass, were the arms truly equal, that is worth a run."""
FAIR_CHANCE = 0.5
"""Below this chance a gate cannot be said to decide: a plan with it is refused."""


@dataclass(frozen=True)
class Counts:
    """What a measurement rests on; 0 where a count does not apply, shots None when exact."""

    items: int = 0
    seeds: int = 0
    shots: int | None = None
    replicates: int = 0


@dataclass(frozen=True)
class Part:
    """One slice: its value and bounds, and the Holm-adjusted p value of being beyond."""

    name: str
    value: float
    low: float
    high: float
    p: float
    items: int
    beyond: bool


@dataclass(frozen=True)
class CurvePoint:
    """The spread of a metric over replicates at one number of shots, and the metric's mean."""

    shots: int | None
    """None for exact probabilities, which have no spread."""
    sd: float
    low: float
    high: float
    mean: float


@dataclass(frozen=True)
class Relative:
    """The value as a multiple of the baseline's, with one-sided bounds."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Measurement:
    """A value with its bounds, in the metric's unit; every part derives from evidence."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    bounded: bool = True
    """False where nothing is random: the value itself is then held against the threshold."""
    baseline_value: float | None = None
    counts: Counts = Counts()
    method: str = ""
    claim: str = "this_run"
    notes: tuple[str, ...] = ()
    """What a reader needs besides: what is uncertain, and what would decide."""
    error: str | None = None
    """Why it could not be measured."""
    confidence: float | None = None
    """One-sided, of each bound; None where nothing is random."""
    far_confidence: float | None = None
    """Of the bound that would show a failure, where it is another: Holm's first step."""
    relative: Relative | None = None
    parts: tuple[Part, ...] = ()
    """Slices, where the gate judges them one by one."""
    curve: tuple[CurvePoint, ...] = ()
    """How the metric converges with shots, where the gate is on that."""
    components: Components | None = None
    """Variance components of one cell, where items and seeds are crossed."""
    also: tuple[tuple[str, tuple[float, ...]], ...] = ()
    """P values of the decision and what other procedures give, for readers; they decide nothing."""


@dataclass(frozen=True)
class Forecast:
    """Whether a gate can be decided before anything runs.

    `chance` is that of a pass were the candidate truly equal, `at_tolerance` that of one exactly
    at the tolerance; None where no model gives one.
    """

    decidable: bool
    chance: float | None
    note: str
    remedy: str = ""
    at_tolerance: float | None = None
    smallest: str = ""
    """The smallest tolerance that would be passed with a good chance, in the metric's unit."""
    designs: tuple[str, ...] = ()
    """What alone would give a good chance: items, seeds, shots."""
