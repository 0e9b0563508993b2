"""How far a device's calibration has drifted since the snapshot that the candidate is locked to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qgate.charter.charter import Gate
from qgate.evidence.evidence import Evidence
from qgate.lock.lock import Lock
from qgate.measure.level import confidence_of
from qgate.measure.measurement import Forecast, Measurement
from qgate.plan.plan import Plan
from qgate.quantum.drift import ABSENT, Element
from qgate.stats.drift import (
    MeanChange,
    State,
    fluctuation,
    log_ratios,
    mean_change,
    p_of_standing_out,
    state_of,
)
from qgate.stats.multiplicity import holm

LACKING = "the evidence holds no later snapshot: set `device.current` in the charter"
_METHOD = (
    "t about the mean log-ratio of the used qubits, spread of the whole device (trimmed 20%); "
    "Holm over properties for a drift shown, and over parts for a single one"
)
PROPERTY_WORDS = {
    "t1_s": "T1",
    "t2_s": "T2",
    "p1_given_0": "readout p(1|0)",
    "p0_given_1": "readout p(0|1)",
    "one_qubit_error": "one-qubit error",
    "two_qubit_error": "two-qubit error",
}
"""What a calibration tells of a qubit or a gate, as people call it."""
_TIMES = frozenset({"t1_s", "t2_s"})
_FEWEST_OF_SPREAD = 2
_FEWEST_TO_STAND_OUT = 3
_SHOWN = 6
"""Parts that a note names of each kind, before it counts the rest."""


@dataclass(frozen=True)
class Part:
    """A used qubit's or gate's figure, good on both dates."""

    element: Element
    log: float
    p: float | None
    """Of belonging to the bulk of the device's other parts; None where too few changed."""

    @property
    def size(self) -> float:
        """Return the factor of change whichever way it goes."""
        return math.exp(abs(self.log))

    def __str__(self) -> str:
        """Return what it is, and its factor."""
        return f"{_named(self.element)} x{math.exp(self.log):.3g}"


@dataclass(frozen=True)
class PropertyDrift:
    """One property of one arm's qubits."""

    name: str
    parts: tuple[Part, ...]
    mean: MeanChange
    bounded: bool
    """Whether the device shows a spread to tell the change from."""


@dataclass(frozen=True)
class Drift:
    """What one arm's two snapshots say of the qubits that it uses."""

    role: str
    calibration: Mapping[str, Any]
    properties: tuple[PropertyDrift, ...]
    turned: tuple[Element, ...]
    """Good on one date and not on the other, or good on neither in two ways: without a ratio."""
    never: tuple[Element, ...]
    """Good on neither date, in the same way."""


def measure(evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
    """Return the largest mean factor of change of any property on the used qubits.

    The upper bound is the largest of the properties' (intersection-union, Berger 1982), and no less
    than the factor of any single part that stands out after Holm (1979); there is none where a used
    part has no ratio, since it broke, or where a property has no spread. The lower bound is Holm's
    first step over properties.
    """
    del advise
    calibration = evidence.record.get("calibration")
    if not calibration:
        return Measurement(error=LACKING, method=_METHOD)
    level = confidence_of(gate, evidence)
    try:
        drifts = [drift_of(role, found) for role, found in sorted(calibration.items())]
    except ValueError as error:
        return Measurement(error=str(error), method=_METHOD)
    properties = [found for drift in drifts for found in drift.properties]
    if not properties:
        return Measurement(error="no figure of a used qubit has a ratio", method=_METHOD)
    first = 1 - (1 - level) / len(properties)  # Holm's first step: what shows any property drifted
    shown = [found.mean.size_below(first) for found in properties if found.bounded]
    out = standing_out(drifts, level)
    high = None
    if all(found.bounded for found in properties) and not any(d.turned for d in drifts):
        means = [found.mean.size_above(level) for found in properties]
        high = max([*means, *(part.size for part in out)])
    return Measurement(
        max(found.mean.size for found in properties), max(shown, default=None), high,
        method=_METHOD, confidence=level, far_confidence=first,
        notes=tuple(note for drift in drifts for note in _notes(drift, out, level)),
    )  # fmt: skip


def forecast(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None) -> Forecast:
    """Return that it can be decided where a later snapshot is named; trials do not matter."""
    del gate, lock, past
    named = any(arm.device is not None and arm.device.current for arm in plan.charter.arms)
    if not named:
        return Forecast(False, None, "no later snapshot", "set `device.current` in the charter")
    return Forecast(True, None, "told from two snapshots, whatever the trials")


def drift_of(role: str, calibration: Mapping[str, Any]) -> Drift:
    """Return the drift of an arm's qubits.

    Raises:
        ValueError: On a figure that is none.

    """
    used = frozenset(calibration["used"])
    by_property: dict[str, list[Element]] = {}
    turned: list[Element] = []
    never: list[Element] = []
    for row in calibration["elements"]:
        element = Element(row[0], row[1], tuple(row[2]), row[3], row[4])
        before, after = (_state(element.property, f) for f in (element.locked, element.current))
        if before == after == State.GOOD:
            by_property.setdefault(element.property, []).append(element)
        elif used.issuperset(element.qubits):
            (never if before == after else turned).append(element)
    properties = (_property_drift(name, found, used) for name, found in by_property.items())
    return Drift(
        role, calibration, tuple(p for p in properties if p.parts), tuple(turned), tuple(never)
    )


def standing_out(drifts: Sequence[Drift], level: float) -> list[Part]:
    """Return the used parts that stand out of the others, after Holm over all, worst first."""
    parts = [p for d in drifts for found in d.properties for p in found.parts]
    tested = [(part, part.p) for part in parts if part.p is not None]
    if not tested:
        return []
    adjusted = holm([p for _, p in tested])
    found = [part for (part, _), p in zip(tested, adjusted, strict=True) if p <= 1 - level]
    return sorted(found, key=lambda part: -part.size)


def _property_drift(name: str, elements: Sequence[Element], used: frozenset[int]) -> PropertyDrift:
    """Return one property's drift; the spread is that of all parts that were measured again.

    A figure that is the same to the last bit was carried over, or came out the same on a grid of
    few shots: it tells of no fluctuation, but it is what the circuit is simulated with.
    """
    figures = np.array([(e.locked, e.current) for e in elements], dtype=np.float64)
    logs = log_ratios(figures[:, 0], figures[:, 1])
    changed = logs != 0
    count = int(changed.sum())
    p: list[float | None] = [None] * len(elements)
    if count >= _FEWEST_TO_STAND_OUT:
        places = changed.nonzero()[0].tolist()
        for place, value in zip(places, p_of_standing_out(logs[changed]).tolist(), strict=True):
            p[place] = value
    parts = tuple(
        Part(element, float(log), value)
        for element, log, value in zip(elements, logs, p, strict=True)
        if used.issuperset(element.qubits)
    )
    own = [part.log for part in parts]
    spread = fluctuation(logs[changed]) if count >= _FEWEST_OF_SPREAD else None
    if spread is None or not own:
        bounded = not any(own)  # all as it was: nothing to tell a change from
        log = sum(own) / len(own) if own else 0.0
        return PropertyDrift(name, parts, MeanChange(log, 0.0, 1.0), bounded)
    return PropertyDrift(name, parts, mean_change(own, spread), True)


def _state(name: str, figure: Any) -> str:
    if figure == ABSENT:
        return ABSENT
    return state_of(figure, broken_at=math.inf if name in _TIMES else 1.0)


def _notes(drift: Drift, out: Sequence[Part], level: float) -> Iterator[str]:
    found = drift.calibration
    device, used = found["locked"]["device"], _listed(found["used"])
    before, after = found["locked"]["time"][:10], found["current"]["time"][:10]
    yield f"{device} of the {drift.role}, qubits {used}: {before} to {after}."
    parts = [part for one in drift.properties for part in one.parts]
    if parts:
        means = ", ".join(_mean_words(one, level) for one in drift.properties)
        yield f"Mean factors with their {100 * (2 * level - 1):.4g}% intervals: {means}."
        yield f"Largest single change: {max(parts, key=lambda part: part.size)}."
    mine = [part for part in out if any(part is own for own in parts)]
    if mine:
        yield f"Beyond the device's spread, after Holm: {_listed(mine)}."
    if drift.turned:
        yield f"Without a ratio: {_listed([_turn(element) for element in drift.turned])}."
    if drift.never:
        yield f"The same on both dates, without a ratio: {'; '.join(_alike(drift.never))}."


def _alike(never: Sequence[Element]) -> Iterator[str]:
    """Yield figures without a ratio by property and kind, with all of their qubits at once."""
    kinds: dict[tuple[str, str, str], list[str]] = {}
    for element in never:
        state = _state(element.property, element.locked)
        where = "-".join(map(str, element.qubits))
        kinds.setdefault((element.property, element.gate, state), []).append(where)
    for (name, what, state), places in kinds.items():
        yield f"{PROPERTY_WORDS[name]} of {what or 'qubit'} {_listed(places)} ({state})"


def _mean_words(found: PropertyDrift, level: float) -> str:
    value = f"{PROPERTY_WORDS[found.name]} x{math.exp(found.mean.log):.3g}"
    if not any(part.log for part in found.parts):
        return f"{PROPERTY_WORDS[found.name]} as it was"
    if not found.bounded:
        return f"{value} (no spread: too few parts of the device changed)"
    low, high = found.mean.factors(2 * level - 1)
    return f"{value} ({low:.3g} to {high:.3g})"


def _turn(element: Element) -> str:
    return f"{_named(element)} {_figure(element.locked)} to {_figure(element.current)}"


def _figure(value: Any) -> str:
    if value is None:
        return "unknown"
    return value if isinstance(value, str) else f"{value:.3g}"


def _named(element: Element) -> str:
    where = "-".join(map(str, element.qubits))
    return f"{PROPERTY_WORDS[element.property]} of {element.gate or 'qubit'} {where}"


def _listed(items: Sequence[object]) -> str:
    shown = ", ".join(map(str, items[:_SHOWN]))
    rest = len(items) - _SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown
