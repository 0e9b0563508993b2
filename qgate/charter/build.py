"""A document that satisfies the schema, to a Charter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from qgate.charter.build_arms import Document, build_arm_spec
from qgate.charter.charter import (
    CAPS,
    Action,
    Approvals,
    Attempts,
    Budget,
    Caps,
    Charter,
    DataSpec,
    Gate,
    LatencySpec,
    Looks,
    Pilot,
    Place,
    Prices,
    ProblemSpec,
    Rollback,
    Schedule,
    Shots,
    Threshold,
    Validation,
)
from qgate.charter.derived import derived_arms, draws_of
from qgate.charter.yaml_reader import Source
from qgate.digest import digest

IMPLIED_GATES = ("reproducibility", "baseline_drift", "residency")
"""Part of a contract, stated or not: without the first two no number can be trusted.

The third is implied where the charter says in which regions the data may be processed.
"""
_EXACT_METRICS = (*IMPLIED_GATES, "comparison")
"""Counts of mismatches, of which none is allowed unless a gate says otherwise."""


def build_charter(document: Document, path: str, source: Source | None = None) -> Charter:
    """Return the charter of a valid document; with its source the gates know their places."""
    rollback, pilot = _rollback(document), document["pilot"]
    candidate = build_arm_spec("candidate", document)
    gates = _gates(document, rollback, source)
    charter = Charter(
        path=path,
        document=document,
        digest=digest(document),
        pilot=Pilot(
            pilot.get("name", PurePath(path).stem), pilot["owner"], pilot.get("description", "")
        ),
        data=_data(document["data"]),
        baseline=build_arm_spec("baseline", document),
        candidate=candidate,
        schedule=_schedule(document.get("schedule", {})),
        gates=gates,
        latency=_latency(document.get("latency", {})),
        lockfile=document.get("environment", {}).get("lockfile"),
        budget=_budget(document.get("budget", {})),
        rollback=rollback,
        approvals=_approvals(document, rollback),
        attempts=_attempts(document.get("attempts", {})),
        paths=tuple(document.get("paths", ())),
    )
    metrics = (gate.metric for gate in gates)
    return replace(charter, derived=derived_arms(candidate, metrics, draws_of(charter)))


def _rollback(document: Document) -> Rollback:
    section = document.get("rollback", {})
    baseline = build_arm_spec("baseline", document).id
    traffic = section.get("traffic", f"blue_green_to_{baseline}")
    strategy, _, service = traffic.partition("_to_")
    return Rollback(
        strategy,
        service,
        section.get("approver", document["pilot"]["owner"]),
        section.get("verify"),
    )


def _approvals(document: Document, rollback: Rollback) -> Approvals:
    section = document.get("approvals", {})
    roles = section.get("roles", {})
    return Approvals(
        owners=tuple(roles.get("owner", (document["pilot"]["owner"],))),
        approvers=tuple(roles.get("approver", (rollback.approver,))),
        required=section.get("required", 1) if section else 0,
        max_age_days=section.get("max_age_days"),
        signers=section.get("signers"),
    )


def _data(section: Document) -> DataSpec:
    if section.get("task") == "optimization":
        return _problems(section["problems"], _protection(section))
    validation = section["validation"]
    rows = Validation(everything=True) if validation == "all" else Validation(**validation)
    features = section.get("features")
    return DataSpec(
        section["path"],
        section["target"],
        tuple(features) if features else None,
        section.get("id"),
        section.get("slice"),
        rows,
        section.get("task", "classification"),
        section.get("duplicates", "refuse"),
        **_protection(section),
    )


def _protection(section: Document) -> dict[str, Any]:
    """Return what a charter says of the data besides what they are."""
    region = section.get("region", ())
    return {
        "classification": section.get("classification", "internal"),
        "source": section.get("source", ""),
        "license": section.get("license", ""),
        "region": (region,) if isinstance(region, str) else tuple(region),
    }


def _problems(entries: Sequence[str | Document], protection: Mapping[str, Any]) -> DataSpec:
    problems = tuple(
        ProblemSpec(entry) if isinstance(entry, str) else ProblemSpec(**entry) for entry in entries
    )
    everything = Validation(everything=True)
    return DataSpec(
        "", "", None, None, None, everything, "optimization", problems=problems, **protection
    )


def shots_value(value: int | str) -> Shots:
    """Return the number of shots, None for `exact`."""
    return None if value == "exact" else int(value)


def _schedule(section: Document) -> Schedule:
    return Schedule(
        tuple(section.get("seeds", range(1, 11))),
        tuple(shots_value(value) for value in section.get("shots", ["exact"])),
        section.get("replicates", 2),
        section.get("replays", 2),
        _looks(section.get("looks", {})),
    )


def _looks(section: Document) -> Looks | None:
    for key, after in section.items():
        return Looks(key.removeprefix("after_"), tuple(after))
    return None


def _attempts(section: Document) -> Attempts:
    return Attempts(section.get("max"), section.get("spend", False))


def _latency(section: Document) -> LatencySpec:
    return LatencySpec(
        section.get("requests", 600),
        section.get("sessions", 60),
        section.get("rate_per_s", 100.0),
        section.get("warmup", 20),
        section.get("batch", 1),
    )


def _budget(section: Document) -> Budget:
    prices = section.get("prices")
    return Budget(
        **{name: section.get(name) for name in (*CAPS, "seconds_per_shot")},
        per_month=Caps(**section.get("per_month", {})),
        prices=Prices(
            prices["source"],
            prices["date"],
            prices.get("per_shot", 0.0),
            prices.get("per_task", 0.0),
            prices.get("per_second", 0.0),
        )
        if prices
        else None,
    )


def _gates(document: Document, rollback: Rollback, source: Source | None) -> tuple[Gate, ...]:
    pilot = document["pilot"]
    restore = (Action("restore", rollback.to),)

    def place(*path: str | int) -> Place:
        return Place(*source.place(path)) if source else Place()

    short = [
        _gate({"metric": m["name"], "owner": pilot["owner"], **m}, restore)
        | {"place": place("pilot", "success_metrics", i)}
        for i, m in enumerate(pilot.get("success_metrics", ()))
    ]
    long = [
        _gate(g, tuple(Action(*next(iter(a.items()))) for a in g["remediation"]))
        | {"place": place("gates", i)}
        for i, g in enumerate(document.get("gates", ()))
    ]
    stated = {gate["metric"] for gate in (*short, *long)}
    implied = [
        _gate({"name": metric, "metric": metric, "owner": pilot["owner"]}, restore)
        | {"place": place("pilot")}
        for metric in IMPLIED_GATES
        if metric not in stated and (metric != "residency" or "region" in document["data"])
    ]
    return tuple(Gate(**gate) for gate in (*short, *long, *implied))


def _gate(section: Document, remediation: tuple[Action, ...]) -> dict[str, Any]:
    exact_metric = section["metric"] in _EXACT_METRICS
    high = section.get("max", 0.0 if exact_metric else section.get("within"))
    low = section.get("min", -section["within"] if "within" in section else None)
    gate: dict[str, Any] = {
        "name": section["name"],
        "metric": section["metric"],
        "threshold": Threshold(low, high, section.get("max_vs_baseline")),
        "owner": section["owner"],
        "remediation": remediation,
    }
    if "shots" in section.get("at", {}):
        gate["shots"] = shots_value(section["at"]["shots"])
    if "slices" in section:
        values = section["slices"]
        gate["slices"] = () if values == "all" else tuple(str(value) for value in values)
    for key in ("claim", "confidence", "mode", "note"):
        if key in section:
            gate[key] = section[key]
    if "assume" in section:
        gate["discordance"] = section["assume"].get("discordance")
    return gate
