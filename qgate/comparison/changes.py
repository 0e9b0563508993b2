"""What changed between the inputs of two bundles, clause by clause, and what it touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Charter, Gate
from qgate.comparison.leaves import leaves, short
from qgate.evidence.evidence import Evidence
from qgate.measure.difference import same_items
from qgate.measure.registry import METRICS


class Touch(StrEnum):
    """Which measurements a changed input may have moved, other than by way of the candidate."""

    NOTHING = "nothing"
    ALL = "everything"
    BASELINE = "what is held against the baseline"
    TIMES = "times"
    COST = "cost"
    SEEDS = "claims about these artefacts"
    GATE = "this gate"


@dataclass(frozen=True)
class Change:
    """One input that is not as it was."""

    clause: str
    """Of `CLAUSES`."""
    what: str
    before: str
    after: str
    touches: Touch = Touch.NOTHING
    gate: str = ""
    """The gate that a changed term is of."""
    note: str = ""


CLAUSES = (
    "data",
    "baseline",
    "dependencies",
    "seeds",
    "shots",
    "replicates",
    "calibration",
    "circuit files",
    "candidate",
    "charter",
    "gates",
    "lock",
    "computation",
    "machine",
)
"""In the order in which they are told."""
_INPUTS: Mapping[str, tuple[str, Touch]] = {
    "data bytes": ("data", Touch.NOTHING),
    "data content": ("data", Touch.ALL),
    "rows and columns": ("data", Touch.NOTHING),
    "split": ("data", Touch.ALL),
    "packages": ("dependencies", Touch.ALL),
    "dependency lock": ("dependencies", Touch.ALL),
    "seeds": ("seeds", Touch.SEEDS),
    "shots": ("shots", Touch.NOTHING),
    "replicates": ("replicates", Touch.NOTHING),
    "calibration": ("calibration", Touch.ALL),
    "circuit files": ("circuit files", Touch.NOTHING),
}
"""Clause and reach of each input; the charter's digest is told by its terms."""
# What data terms do to rows shows in the content and the split.
_SECTIONS: Mapping[str, tuple[str, Touch]] = {
    "data": ("data", Touch.NOTHING),
    "baseline": ("baseline", Touch.BASELINE),
    "candidate": ("candidate", Touch.NOTHING),
}
_TERMS: Mapping[tuple[str, ...], Touch] = {
    ("data", "features"): Touch.ALL,
    ("data", "problems"): Touch.ALL,
    ("baseline", "id"): Touch.NOTHING,
    ("latency", "rate_per_s"): Touch.TIMES,
    ("latency", "batch"): Touch.TIMES,
    ("latency", "warmup"): Touch.TIMES,
    ("budget", "prices"): Touch.COST,
}
"""Terms whose reach is not that of their section."""
_TOLD_ELSEWHERE = frozenset({
    ("schedule", "seeds"), ("schedule", "shots"), ("schedule", "replicates"), ("gates",),
    ("pilot", "success_metrics"),
})  # fmt: skip
_GATE_TERMS: Mapping[str, Touch] = {
    "threshold": Touch.NOTHING,
    "owner": Touch.NOTHING,
    "remediation": Touch.NOTHING,
    "note": Touch.NOTHING,
    "mode": Touch.NOTHING,
    "confidence": Touch.NOTHING,
    "shots": Touch.GATE,
    "claim": Touch.GATE,
    "slices": Touch.GATE,
}


def changes(older: Evidence, newer: Evidence) -> tuple[Change, ...]:
    """Return every changed input in the order of the clauses; the baseline's outcomes are apart."""
    found = [
        *_inputs(older, newer),
        *_terms(older.charter, newer.charter),
        *_gates(older.charter, newer.charter),
        *_locks(older, newer),
        *_computation(older, newer),
        *_machine(older, newer),
    ]
    return tuple(sorted(found, key=lambda change: CLAUSES.index(change.clause)))


def _inputs(older: Evidence, newer: Evidence) -> Iterator[Change]:
    one, other = (evidence.record["inputs"] for evidence in (older, newer))
    same_content = one["data content"] == other["data content"]
    own = _packages(newer.charter.candidate) - _packages(newer.charter.baseline)
    for name in dict.fromkeys((*_INPUTS, *one, *other)):
        before, after = one.get(name), other.get(name)
        if before == after or name == "charter":
            continue
        clause, touches = _INPUTS.get(name, ("charter", Touch.ALL))
        note = ""
        if name == "data bytes" and same_content:
            note = "the content is the same: the file was re-encoded or renamed"
        for path, was, now in leaves(before, after, (name,)):
            told = (clause, touches)
            if path[0] == "packages" and path[-1] in own:
                told, note = ("candidate", Touch.NOTHING), "the candidate alone names it"
            yield Change(told[0], " ".join(path), short(was), short(now, was), told[1], note=note)


def _packages(arm: ArmSpec) -> set[str]:
    """Return the packages of the classes that an arm names."""
    return {step.path.partition(".")[0] for step in arm.steps}


def _terms(older: Charter, newer: Charter) -> Iterator[Change]:
    """Yield changed terms of the charter that neither an input nor a gate tells."""
    for path, was, now in leaves(older.document, newer.document, ()):
        if any(path[: len(told)] == told for told in _TOLD_ELSEWHERE) or path == ("version",):
            continue
        clause, touches = _SECTIONS.get(path[0], ("charter", Touch.NOTHING))
        known = (reach for term, reach in _TERMS.items() if path[: len(term)] == term)
        touches = next(known, touches)
        yield Change(clause, ".".join(path), short(was), short(now, was), touches)


def _gates(older: Charter, newer: Charter) -> Iterator[Change]:
    before = {gate.name: gate for gate in older.gates}
    after = {gate.name: gate for gate in newer.gates}
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if one is None or other is None:
            words = ("not asked", "asked") if one is None else ("asked", "not asked")
            yield Change("gates", f"gate {name}", *words, gate=name)
            continue
        if one.metric != other.metric:
            yield Change("gates", f"gate {name}: metric", one.metric, other.metric, gate=name)
            continue
        for term, touches in _GATE_TERMS.items():
            if term == "shots" and METRICS[one.metric].unit == "mismatches":
                continue
            was, now = _gate_term(one, term, older), _gate_term(other, term, newer)
            if was != now:
                yield Change("gates", f"gate {name}: {term}", was, now, touches, gate=name)


def _gate_term(gate: Gate, term: str, charter: Charter) -> str:
    if term == "shots":
        return _shots(charter.shots_of(gate))
    if term == "threshold":
        bounds = gate.threshold
        named = {"min": bounds.low, "max": bounds.high, "max x baseline": bounds.vs_baseline}
        return ", ".join(f"{key} {value:g}" for key, value in named.items() if value is not None)
    if term == "remediation":
        return short([{action.verb: action.object} for action in gate.remediation])
    return short(getattr(gate, term))


def _shots(shots: int | None) -> str:
    return "exact" if shots is None else f"{shots}"


def _locks(older: Evidence, newer: Evidence) -> Iterator[Change]:
    one, other = (evidence.record["lock"] for evidence in (older, newer))
    if (one is None) != (other is None):
        words = ("none", "there is one") if one is None else ("there was one", "none")
        yield Change("lock", "lock", *words)
        return
    if one is None or one == other:
        return
    for key in ("id", "predictions"):
        was, now = one["baseline"][key], other["baseline"][key]
        if was != now:
            yield Change("lock", f"locked baseline {key}", short(was), short(now))
    if one["inputs"] != other["inputs"]:
        named = ", ".join(
            name
            for name in dict.fromkeys((*one["inputs"], *other["inputs"]))
            if one["inputs"].get(name) != other["inputs"].get(name)
        )
        yield Change("lock", "locked inputs", "A's", f"locked anew: {named}")


def _computation(older: Evidence, newer: Evidence) -> Iterator[Change]:
    """Yield a trial whose digest is another though all that the digests are known to be of is not.

    A trial's digest holds the version of qgate's way of computing, and of what was recorded, which
    no input does.
    """
    if not same_items(older, newer):
        return
    one, other = (evidence.record["inputs"] for evidence in (older, newer))
    kept = ("packages", "calibration", "circuit files")
    if any(one.get(name) != other.get(name) for name in kept):
        return
    documents = [evidence.charter.document for evidence in (older, newer)]
    if documents[0]["data"] != documents[1]["data"] or _of(documents[0]) != _of(documents[1]):
        return
    for arm in ("baseline", "candidate"):
        specs = [{k: v for k, v in _section(d, arm).items() if k != "id"} for d in documents]
        found = [_digests(evidence, arm) for evidence in (older, newer)]
        both = found[0].keys() & found[1].keys()
        if specs[0] == specs[1] and any(found[0][cell] != found[1][cell] for cell in both):
            recorded = "recorded" in specs[0]
            what = "what was recorded" if recorded else "qgate's way of computing"
            touches = Touch.NOTHING if recorded and arm == "candidate" else Touch.ALL
            touches = Touch.BASELINE if recorded and arm == "baseline" else touches
            yield Change("computation", f"{what} ({arm})", "as in A", "another", touches)


def _of(document: Mapping[str, Any]) -> Any:
    return document.get("tuning")


def _section(document: Mapping[str, Any], arm: str) -> Mapping[str, Any]:
    found = document[arm]
    return found if isinstance(found, Mapping) else {"strongest": found}


def _digests(evidence: Evidence, arm: str) -> dict[tuple[Any, ...], str]:
    return {
        (trial["seed"], trial["shots"], trial["replicate"], *trial.get("items", ())): trial[
            "digest"
        ]
        for trial in evidence.record["trials"]
        if trial["arm"] == arm
    }


def _machine(older: Evidence, newer: Evidence) -> Iterator[Change]:
    one, other = (evidence.observations.get("machine") or {} for evidence in (older, newer))
    for path, was, now in leaves(one, other, ("machine",)):
        yield Change("machine", " ".join(path), short(was), short(now, was), Touch.TIMES)
