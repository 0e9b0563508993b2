"""What the schema cannot see of a gate: terms that no measurement could be held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from qgate.charter.build import IMPLIED_GATES
from qgate.charter.charter import Charter, Gate
from qgate.charter.schema import suggest
from qgate.charter.vocabulary import MetricTerms, Vocabulary
from qgate.charter.yaml_reader import Path_, Source
from qgate.errors import Finding


def threshold_shapes(source: Source, document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the gates that bound their metric in more than one way."""
    short: Path_ = ("pilot", "success_metrics")
    for path, entries in (
        (short, document["pilot"].get("success_metrics", ())),
        (("gates",), document.get("gates", ())),
    ):
        for i, entry in enumerate(entries):
            ways = [way for way in ("max", "min", "within") if way in entry]
            if len(ways) > 1:
                message = f"a gate takes `{ways[0]}` or `{ways[1]}`, not both: write two gates"
                yield source.finding((*path, i, ways[1]), message)


def gate_paths(charter: Charter) -> Iterator[tuple[int, Path_]]:
    """Yield the index of each stated gate and its path in the document."""
    short = len(charter.document["pilot"].get("success_metrics", ()))
    for i in range(short):
        yield i, ("pilot", "success_metrics", i)
    for i in range(len(charter.document.get("gates", ()))):
        yield short + i, ("gates", i)


def clause_findings(charter: Charter, source: Source, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield what is wrong with the gates and their remediations."""
    yield from _gates(charter, source, vocabulary)
    yield from _remediations(charter, source)


def _gates(charter: Charter, source: Source, vocabulary: Vocabulary) -> Iterator[Finding]:
    paths = list(gate_paths(charter))
    if not paths:
        yield source.finding(("pilot",), "no gates: an empty contract can never be passed")
    names: set[str] = set()
    for index, path in paths:
        gate = charter.gates[index]
        if gate.name in names:
            message = f"a gate named {gate.name!r} stands above: give each its own name"
            yield source.finding((*path, "name"), message)
        names.add(gate.name)
        if gate.name in IMPLIED_GATES and gate.metric != gate.name:
            message = f"{gate.name!r} names the gate on that metric: give this one another name"
            yield source.finding((*path, "name"), message)
        if not isinstance(gate.shots, str) and gate.shots not in charter.schedule.shots:
            known = ", ".join(str(s or "exact") for s in charter.schedule.shots)
            message = f"at: {gate.shots or 'exact'} is not in the schedule's shots ({known})"
            yield source.finding((*path, "at", "shots"), message)
        metric = "name" if path[0] == "pilot" else "metric"
        terms = vocabulary.metrics.get(gate.metric)
        if terms is None:
            hint = suggest(gate.metric, vocabulary.metrics)
            message = f"unknown metric {gate.metric!r}{hint}; `qgate metrics` lists them"
            yield source.finding((*path, metric), message)
            continue
        yield from _threshold(charter, index, path, terms, source)
        yield from _relative(charter, index, path, terms, source)
        yield from _needs(charter, index, (*path, metric), terms, source)
        yield from _slices(charter, index, path, terms, source)
    if paths and all(charter.gates[index].mode == "shadow" for index, _ in paths):
        message = "every gate is in shadow, which decides nothing: enforce one"
        yield source.finding((*paths[0][1], "mode"), message)


def _threshold(
    charter: Charter, index: int, path: Path_, terms: MetricTerms, source: Source
) -> Iterator[Finding]:
    threshold = charter.gates[index].threshold
    if charter.gates[index].mode == "shadow" and terms.name in IMPLIED_GATES:
        message = f"{terms.name} cannot be in shadow: every verdict rests on it"
        yield source.finding((*path, "mode"), message)
    if threshold.low is not None and threshold.high is not None:
        if not terms.gap:
            message = f"`within` is for gaps: {terms.name} is no difference from the baseline"
            yield source.finding((*path, "within"), message)
        elif threshold.high > terms.high:
            yield source.finding((*path, "within"), _impossible(terms, threshold.high))
        return
    if threshold.low is None and threshold.high is None:
        if threshold.vs_baseline is not None:
            return
        key = "min" if terms.better == "higher" else "max"
        yield source.finding(path, f"{terms.name} needs a threshold: add `{key}` ({terms.unit})")
        return
    wrong = {"lower": ("min", threshold.low), "higher": ("max", threshold.high)}
    key, value = wrong.get(terms.better, ("min", threshold.low))
    if value is not None:
        right = "max" if key == "min" else "min"
        message = f"{terms.name} is better when {terms.better}: bound it by `{right}`, not `{key}`"
        yield source.finding((*path, key), message)
        return
    key = "min" if threshold.low is not None else "max"
    bound = threshold.low if threshold.low is not None else threshold.high
    assert bound is not None  # noqa: S101  # one of the two is set, as seen above
    if not terms.low <= bound <= terms.high:
        yield source.finding((*path, key), _impossible(terms, bound))


def _impossible(terms: MetricTerms, bound: float) -> str:
    hint = ""
    if terms.unit == "proportion" and abs(bound) <= 100:
        hint = f": {bound:g} points are {bound / 100:g}"
    return (
        f"impossible threshold: {terms.name} ({terms.unit}) lies between {terms.low:g} and "
        f"{terms.high:g}, not at {bound:g}{hint}"
    )


def _relative(
    charter: Charter, index: int, path: Path_, terms: MetricTerms, source: Source
) -> Iterator[Finding]:
    if charter.gates[index].threshold.vs_baseline is None:
        return
    place: Path_ = (*path, "max_vs_baseline")
    if "baseline" in terms.needs:
        yield source.finding(place, f"{terms.name} is a multiple of the baseline's: use `max`")
    elif terms.low <= 0:
        message = (
            f"the baseline's {terms.name} can be zero or negative, where a multiple of it says "
            "nothing: use an absolute threshold"
        )
        yield source.finding(place, message)
    elif charter.baseline.recorded is not None and charter.baseline.recorded.latency is None:
        message = "max_vs_baseline needs baseline.recorded.latency: nothing can be timed"
        yield source.finding(place, message)


def _slices(
    charter: Charter, index: int, path: Path_, terms: MetricTerms, source: Source
) -> Iterator[Finding]:
    gate, place = charter.gates[index], (*path, "slices")
    if gate.slices is None:
        return
    if charter.data.slice is None:
        yield source.finding(place, "slices of what? name the column as `data.slice`")
    if not terms.name.startswith("val_"):
        yield source.finding(place, f"{terms.name} is not a mean over items: it has no slices")
    if gate.threshold.low is not None and gate.threshold.high is not None:
        yield source.finding(place, "slices take `max` or `min`, not `within`")
    if charter.data.validation.resample:
        yield source.finding(place, "slices need one validation set: remove validation.resample")


def _needs(
    charter: Charter, index: int, path: Path_, terms: MetricTerms, source: Source
) -> Iterator[Finding]:
    if terms.task not in (None, charter.data.task):
        message = f"{terms.name} is for {terms.task}; data.task is {charter.data.task}"
        yield source.finding(path, message)
    for need, lacks in _LACKS.items():
        if need in terms.needs and (message := lacks(charter, charter.gates[index], terms)):
            yield source.finding(path, f"{terms.name} {message}")


def _lacks_prices(charter: Charter, gate: Gate, terms: MetricTerms) -> str:
    del gate, terms
    return "" if charter.budget.prices else "needs a price list: add `budget.prices`"


def _lacks_replicates(charter: Charter, gate: Gate, terms: MetricTerms) -> str:
    del terms
    if charter.shots_of(gate) is None:
        return "needs a shot count: exact probabilities have no shot noise"
    few = charter.schedule.replicates < 2
    return "needs schedule.replicates of at least 2" if few else ""


def _lacks_latency(charter: Charter, gate: Gate, terms: MetricTerms) -> str:
    del gate
    arms = charter.arms if "baseline" in terms.needs else (charter.candidate,)
    untimed = [arm.role for arm in arms if arm.recorded and arm.recorded.latency is None]
    return f"needs {untimed[0]}.recorded.latency: nothing can be timed" if untimed else ""


def _lacks_snapshot(charter: Charter, gate: Gate, terms: MetricTerms) -> str:
    del gate, terms
    device = charter.candidate.device
    known = device is not None and device.current is not None
    return "" if known else "needs a later snapshot: add the candidate's `device.current`"


def _lacks_circuit(charter: Charter, gate: Gate, terms: MetricTerms) -> str:
    del gate, terms
    return "" if charter.candidate.circuit else "is of a circuit, and the candidate has none"


_LACKS: Mapping[str, Callable[[Charter, Gate, MetricTerms], str]] = {
    "prices": _lacks_prices,
    "replicates": _lacks_replicates,
    "latency": _lacks_latency,
    "snapshots": _lacks_snapshot,
    "circuit": _lacks_circuit,
}
"""What is missing of what a metric needs, in words; empty where nothing is."""


def _remediations(charter: Charter, source: Source) -> Iterator[Finding]:
    circuit = charter.candidate.circuit
    layers = circuit.parts if circuit else ()
    suites = [gate.name for gate in charter.gates] + ["all"]
    short = len(charter.document["pilot"].get("success_metrics", ()))
    for i in range(len(charter.document.get("gates", ()))):
        for j, action in enumerate(charter.gates[short + i].remediation):
            path: Path_ = ("gates", i, "remediation", j, action.verb)
            if action.verb == "disable" and action.object not in layers:
                known = f" (layers: {', '.join(layers) or 'none'})"
                hint = suggest(action.object, layers)
                message = f"unknown layer {action.object!r}{hint}{known}"
                yield source.finding(path, message)
            if action.verb == "rerun" and action.object not in suites:
                message = f"no gate is named {action.object!r}{suggest(action.object, suites)}"
                yield source.finding(path, message)
