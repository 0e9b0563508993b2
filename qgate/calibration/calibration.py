"""Every gate tried in every world that concerns it; a pure function of evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

import numpy as np

from qgate.calibration.case import CannotPlantError, Case
from qgate.calibration.reruns import Reruns
from qgate.calibration.worlds import WORLDS, Kind, Prepared, World, is_cost
from qgate.charter.charter import Charter, Gate
from qgate.digest import digest
from qgate.errors import ExitCode
from qgate.evidence.evidence import Evidence
from qgate.gates.verdict import Outcome, judge_gate
from qgate.measure.registry import METRICS, family
from qgate.plan.settings import Progress, Silent

DETECTED = 0.8
"""Least detection rate at twice the tolerance, shown by its 95 % lower bound: the chance that the
power of a plan is held to as well (`measure.GOOD_CHANCE`)."""
APART = 0.5
"""How much more often a gate must pass an equal candidate than the regression, or fail the
regression than an equal candidate: more often than not. A gate that never passes anything lets no
regression through, and tells nothing."""
CONFIDENCE = 0.95
TWICE = 2.0
"""The multiple of its tolerance at which a gate must tell a regression."""


class Rate(NamedTuple):
    """A share of the replicates and its two-sided exact interval."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """What one gate said in one world."""

    gate: str
    metric: str
    world: str
    kind: Kind
    dose: float
    """Multiple of the tolerance; of a drift its strength; changes where a gate compares exactly."""
    passed: int
    failed: int
    inconclusive: int
    errors: int
    exact: bool
    """Whether nothing was random, so that one replicate said all."""
    target: float | None
    """What was planted, in the metric's unit; of a drift, what it causes on these items."""
    seen: float | None
    """Mean of what was measured."""
    note: str

    @property
    def replicates(self) -> int:
        """Return how often the gate was tried."""
        return self.passed + self.failed + self.inconclusive + self.errors

    @property
    def false_alarm(self) -> Rate:
        """Return how often the gate fails."""
        return self._rate(self.failed)

    @property
    def detection(self) -> Rate:
        """Return how often the gate does not pass."""
        return self._rate(self.replicates - self.passed)

    def _rate(self, count: int) -> Rate:
        from qgate.stats.proportion import clopper_pearson

        share = count / self.replicates
        if self.exact:
            return Rate(share, share, share)
        return Rate(share, *clopper_pearson(count, self.replicates, confidence=CONFIDENCE))


@dataclass(frozen=True)
class Blind:
    """A gate that cannot tell a regression at twice its tolerance, and what would mend it."""

    gate: str
    world: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class Skipped:
    """What was not tried, and why; `gate` or `world` is empty where it was none of them."""

    gate: str
    world: str
    reason: str


@dataclass(frozen=True)
class Calibration:
    """How often each gate raises false alarms, and how often it finds what was planted."""

    charter: Charter
    evidence_digest: str
    replicates: int
    rows: tuple[Row, ...]
    blind: tuple[Blind, ...]
    skipped: tuple[Skipped, ...]

    @property
    def tried(self) -> tuple[str, ...]:
        """Return the gates that decide and had a regression at twice the tolerance planted."""
        rows = (row for row in self.rows if row.kind is Kind.PLANTED and row.dose == TWICE)
        deciding = {gate.name for gate in self.charter.gates if gate.mode == "enforce"}
        return tuple(dict.fromkeys(row.gate for row in rows if row.gate in deciding))

    @property
    def told(self) -> tuple[str, ...]:
        """Return those of them that tell it."""
        blind = {found.gate for found in self.blind}
        return tuple(gate for gate in self.tried if gate not in blind)

    @property
    def exit_code(self) -> ExitCode:
        """Return inconclusive when a gate is blind, or none could be tried."""
        return ExitCode.INCONCLUSIVE if self.blind or not self.tried else ExitCode.PASS


def calibrate(
    evidence: Evidence,
    charter: Charter,
    *,
    replicates: int,
    reruns: Reruns | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Return the rates of a charter's gates on what one run measured.

    The draws are seeded by the evidence's digest: the same evidence gives the same figures.

    Args:
        evidence: What ran.
        charter: Its terms, or other gates for the same experiment.
        replicates: How often each world is drawn.
        reruns: The baseline with fresh seeds, and the drifted candidate.
        progress: Who is told.

    """
    reruns, progress = reruns or Reruns(), progress or Silent()
    todo = [(gate, world) for gate in charter.gates for world in WORLDS if world.concerns(gate)]
    progress.stage("calibrate", sum(len(world.doses) for _, world in todo))
    rows: list[Row] = []
    skipped: list[Skipped] = []
    for gate in charter.gates:
        if is_cost(gate):
            skipped.append(Skipped(gate.name, "", "counted, not sampled: nothing to calibrate"))
            continue
        try:
            case = Case.of(evidence, gate)
        except CannotPlantError as error:
            skipped.append(Skipped(gate.name, "", str(error)))
            continue
        for world in (world for world in WORLDS if world.concerns(gate)):
            for dose in world.doses:
                try:
                    prepared = world.at(case, reruns, dose)
                    rows.append(_row(case, world, dose, prepared, replicates))
                except CannotPlantError as error:
                    skipped.append(Skipped(gate.name, _named(world, dose), str(error)))
                progress.advance()
    skipped += [
        Skipped("", world.name, "concerns no gate of this charter")
        for world in WORLDS
        if not any(world is concerned for _, concerned in todo)
    ]
    deciding = (gate for gate in charter.gates if gate.mode == "enforce")
    blind = tuple(found for gate in deciding for found in _blind(gate, rows, charter))
    return Calibration(
        charter, evidence.digest, replicates, tuple(rows), blind, tuple(_merged(skipped))
    )


def _row(case: Case, world: World, dose: float, prepared: Prepared, replicates: int) -> Row:
    gate = case.gate
    name = [case.evidence.digest, gate.name, world.name, repr(dose)]
    rng = np.random.default_rng(int(digest(name), 16))
    module = family(gate.metric)
    counts: Counter[Outcome] = Counter()
    values: list[float] = []
    for _ in range(1 if prepared.exact else replicates):
        verdict = judge_gate(gate, module.measure(prepared.draw(rng), gate, advise=False))
        counts[verdict.outcome] += 1
        if verdict.measurement.value is not None:
            values.append(verdict.measurement.value)
    return Row(
        gate.name, gate.metric, world.name, world.kind, dose,
        counts[Outcome.PASS], counts[Outcome.FAIL], counts[Outcome.INCONCLUSIVE],
        counts[Outcome.ERROR], prepared.exact, prepared.target,
        fmean(values) if values else None, prepared.note,
    )  # fmt: skip


def _named(world: World, dose: float) -> str:
    return world.name if world.kind is Kind.EQUAL else f"{world.name} at {dose:g}"


def _blind(gate: Gate, rows: list[Row], charter: Charter) -> Iterator[Blind]:
    """Yield why a gate is blind, once at most."""
    mine = [row for row in rows if row.gate == gate.name]
    equal = [row for row in mine if row.kind is Kind.EQUAL]
    for row in mine:
        if row.kind is Kind.PLANTED and row.dose == TWICE:
            reason = _why_blind(row, equal)
            if reason:
                yield Blind(gate.name, row.world, reason, _remedy(gate, row, charter))
                return


def _why_blind(row: Row, equal: list[Row]) -> str:
    found = row.detection
    if row.errors == row.replicates:
        return "it could not be measured at all"
    if found.low < DETECTED:
        return (
            f"of regressions at twice its tolerance it stops {found.share:.0%}, "
            f"[{found.low:.0%}, {found.high:.0%}]; shown must be {DETECTED:.0%}"
        )
    if not equal or (equal[-1].exact and equal[-1].failed):
        return ""  # nothing equal to tell it from
    same = equal[-1]  # the one whose candidate errs where this one does
    passes = (same.passed / same.replicates, row.passed / row.replicates)
    fails = (same.failed / same.replicates, row.failed / row.replicates)
    if passes[0] - passes[1] >= APART or fails[1] - fails[0] >= APART:
        return ""
    return (
        f"its verdicts tell the regression from an equal candidate too seldom: it passes "
        f"{passes[0]:.0%} of equal ones and {passes[1]:.0%} of these, fails {fails[0]:.0%} and "
        f"{fails[1]:.0%}; one of the two must differ by {APART:.0%}"
    )


def _remedy(gate: Gate, row: Row, charter: Charter) -> str:
    from qgate.files import typed

    path = typed(charter.path)
    if row.errors == row.replicates:
        return f"what is missing: qgate run {path}"
    return f"more {METRICS[gate.metric].more}, or a wider tolerance: qgate plan {path}"


def _merged(skipped: list[Skipped]) -> Iterator[Skipped]:
    """Yield what was skipped, the doses of one world for one reason together."""
    doses: dict[tuple[str, str, str], list[str]] = {}
    for found in skipped:
        world, _, dose = found.world.partition(" at ")
        doses.setdefault((found.gate, world, found.reason), []).append(dose)
    for (gate, world, reason), at in doses.items():
        yield Skipped(gate, f"{world} at {', '.join(at)}" if at[0] else world, reason)
