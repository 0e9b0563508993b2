"""The charter: a pilot's terms as frozen objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from qgate.charter.arm_spec import ArmSpec
from qgate.display import Displayed
from qgate.files import printable

MOST_CELLS = 100_000
"""Most trials that a schedule may ask for of an arm."""
Shots = int | None
"""A number of shots, or None for exact probabilities."""


@dataclass(frozen=True)
class Place:
    """Line and column (from 1) in the charter's file."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True)
class Threshold:
    """Bounds that a measurement is held against, in the metric's unit; at least one is set."""

    low: float | None = None
    high: float | None = None
    vs_baseline: float | None = None
    """Largest multiple of the baseline's value; beside the others, all must hold."""


@dataclass(frozen=True)
class Action:
    """One typed step of a remediation: a verb of the closed vocabulary and its object."""

    verb: str
    object: Any


@dataclass(frozen=True)
class Gate(Displayed):
    """A clause of the contract: a measurement, a threshold, an owner and a remediation."""

    name: str
    metric: str
    threshold: Threshold
    owner: str
    remediation: tuple[Action, ...]
    shots: Shots | str = "largest"
    claim: str = "new_items_and_seeds"
    confidence: float = 0.95
    discordance: float | None = None
    slices: tuple[str, ...] | None = None
    """Values of the slice column that are judged one by one; () for every value, None for no."""
    mode: str = "enforce"
    """`enforce`, or `shadow`: judged and shown, and decides nothing."""
    note: str = ""
    place: Place = field(default=Place(), compare=False)


@dataclass(frozen=True)
class Pilot:
    """Who answers for the pilot."""

    name: str
    owner: str
    description: str


@dataclass(frozen=True)
class Validation:
    """Which rows validate; one of fraction, column, path, everything is set."""

    fraction: float | None = None
    seed: int = 0
    column: str | None = None
    value: str | float = "validation"
    path: str | None = None
    everything: bool = False
    resample: bool = False
    """Whether each seed of the schedule draws a split of its own."""


@dataclass(frozen=True)
class ProblemSpec:
    """A binary quadratic problem; its path is relative to the charter's folder."""

    path: str
    optimum: float | None = None
    """The best value known; None where it is small enough to be computed."""


@dataclass(frozen=True)
class DataSpec:
    """The data set, or the problems to solve; paths are relative to the charter's folder."""

    path: str
    target: str
    features: tuple[str, ...] | None
    id: str | None
    slice: str | None
    validation: Validation
    task: str = "classification"
    """`classification`, `regression` or `optimization`."""
    duplicates: str = "refuse"
    """`refuse` rows that stand in training and validation alike, or `allow` them."""
    problems: tuple[ProblemSpec, ...] = ()
    """Of an optimization, whose items they are; then `path` and `target` are empty."""
    classification: str = "internal"
    """`public`, `internal`, or `confidential`: how far evidence may show the data."""
    source: str = ""
    """Where the data come from; empty where the charter does not say."""
    license: str = ""
    """An SPDX id, a URL or text; empty where the charter does not say."""
    region: tuple[str, ...] = ()
    """Where the data may be processed; empty for anywhere."""

    @property
    def confidential(self) -> bool:
        """Return whether evidence must not show the data."""
        return self.classification == "confidential"


@dataclass(frozen=True)
class Schedule:
    """Which trials run."""

    seeds: tuple[int, ...]
    shots: tuple[Shots, ...]
    replicates: int
    replays: int
    looks: Looks | None = None

    @property
    def cells(self) -> int:
        """Return how many trials it asks for of an arm at most, each block of items one."""
        divided = self.looks is not None and self.looks.by == "items"
        blocks = len(self.looks.after) + 1 if self.looks and divided else 1
        return len(self.seeds) * len(self.shots) * self.replicates * blocks


CLOSEST_LOOKS = 0.002
"""Of all seeds or items: the error is spent in steps, of which half as much is no step."""


@dataclass(frozen=True)
class Looks:
    """When a run is looked at before its end: after so many `seeds` or `items`, rising."""

    by: str
    after: tuple[int, ...]

    def ends(self, total: int) -> tuple[int, ...]:
        """Return the counts at each look, the last one of all."""
        return (*self.after, total)

    def too_close(self, total: int) -> bool:
        """Return whether two looks, or the start and the first, are too close to share an error."""
        steps = (after - before for before, after in pairwise((0, *self.ends(total))))
        return any(step < CLOSEST_LOOKS * total for step in steps)


@dataclass(frozen=True)
class Attempts:
    """How often a lock may be run against, and whether the attempts share one error."""

    most: int | None = None
    spend: bool = False


@dataclass(frozen=True)
class LatencySpec:
    """How serving latency is measured; counts are of requests to each arm."""

    requests: int
    sessions: int
    rate_per_s: float
    warmup: int
    batch: int


@dataclass(frozen=True)
class Prices:
    """A provider's price list, in US dollars."""

    source: str
    date: str
    per_shot: float
    per_task: float
    per_second: float


CAPS = ("shots", "qpu_seconds", "usd", "minutes")
"""What a budget bounds; minutes are of wall clock."""


@dataclass(frozen=True)
class Caps:
    """The most of each that may be spent; None where there is no cap."""

    shots: int | None = None
    qpu_seconds: float | None = None
    usd: float | None = None
    minutes: float | None = None

    @property
    def stated(self) -> dict[str, float]:
        """Return the caps that there are, by name."""
        found = {name: getattr(self, name) for name in CAPS}
        return {name: cap for name, cap in found.items() if cap is not None}


@dataclass(frozen=True)
class Budget(Caps):
    """Caps that a plan, a run, and all runs of a month must keep, and prices."""

    prices: Prices | None = None
    seconds_per_shot: float | None = None
    """Of a quantum processor, modelled, beside gates of known duration."""
    per_month: Caps = Caps()


@dataclass(frozen=True)
class Rollback:
    """How traffic returns to the last known-good classical service."""

    strategy: str
    to: str
    approver: str
    verify: str | None


@dataclass(frozen=True)
class Approvals:
    """Who must approve a promotion, by names that a file of signers binds to keys."""

    owners: tuple[str, ...]
    approvers: tuple[str, ...]
    required: int = 0
    """How many different approvers; 0 where the charter asks for none."""
    max_age_days: float | None = None
    signers: str | None = None
    """The file, relative to the charter's folder."""


@dataclass(frozen=True)
class Charter(Displayed):
    """A pilot's terms. `document` is the plain form that `digest` is taken of."""

    path: str
    document: Mapping[str, Any] = field(compare=False, repr=False)
    digest: str
    pilot: Pilot
    data: DataSpec
    baseline: ArmSpec
    candidate: ArmSpec
    schedule: Schedule
    gates: tuple[Gate, ...]
    latency: LatencySpec
    lockfile: str | None
    budget: Budget
    rollback: Rollback
    approvals: Approvals
    attempts: Attempts = Attempts()
    derived: tuple[ArmSpec, ...] = ()
    """Arms that follow from the candidate: ablations, a drifted device."""
    paths: tuple[str, ...] = ()
    """Globs, relative to the charter's folder, of what else the pilot rests on."""

    def __repr__(self) -> str:
        """Return its name, its arms and its gates; all of its terms would flood a terminal."""
        arms = f"{self.candidate.id} against {self.baseline.id}"
        gates = ", ".join(gate.name for gate in self.gates)
        return printable(f"<Charter {self.pilot.name} ({self.path}): {arms}; gates {gates}>")

    @property
    def arms(self) -> tuple[ArmSpec, ArmSpec]:
        """Return both arms, the baseline first."""
        return self.baseline, self.candidate

    @property
    def trial_arms(self) -> tuple[ArmSpec, ...]:
        """Return every arm that trials run of: both, and those that follow from the candidate."""
        return *self.arms, *self.derived

    def section(self, role: str) -> Mapping[str, Any]:
        """Return an arm's section of the document; the candidate's of an arm that follows it."""
        found = self.document["baseline" if role == "baseline" else "candidate"]
        return {"strongest": "all"} if isinstance(found, str) else found

    @property
    def gated_shots(self) -> tuple[Shots, ...]:
        """Return the shot counts that gates are read at, in the schedule's order."""
        read = {self.shots_of(gate) for gate in self.gates}
        return tuple(shots for shots in self.schedule.shots if shots in read)

    @property
    def serving_shots(self) -> Shots:
        """Return the shot count taken for the one in production: the largest scheduled."""
        finite = [shots for shots in self.schedule.shots if shots is not None]
        return max(finite) if finite else None

    def shots_of(self, gate: Gate) -> Shots:
        """Return the shot count at which a gate is read: its own, else the one in production."""
        return self.serving_shots if isinstance(gate.shots, str) else gate.shots
