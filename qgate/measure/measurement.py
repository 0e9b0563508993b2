"""What a measurement and a forecast are."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Counts:
    """What a measurement rests on; 0 where a count does not apply, shots None when exact."""

    items: int = 0
    seeds: int = 0
    shots: int | None = None
    replicates: int = 0


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


@dataclass(frozen=True)
class Forecast:
    """Whether a gate can be decided before anything runs.

    `chance` is that of a pass were the candidate truly equal; None where no model gives one.
    """

    decidable: bool
    chance: float | None
    note: str
    remedy: str = ""
