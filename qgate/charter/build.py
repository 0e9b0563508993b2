"""A document that satisfies the schema, to a Charter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from qgate.charter.arm_spec import (
    ArmSpec,
    DeviceSpec,
    Layer,
    Limits,
    Mitigation,
    QuantumKernel,
    Recorded,
    Step,
    ZeroNoise,
)
from qgate.charter.charter import (
    Action,
    Attempts,
    Budget,
    Charter,
    DataSpec,
    Gate,
    LatencySpec,
    Looks,
    Pilot,
    Place,
    Prices,
    Rollback,
    Schedule,
    Shots,
    Threshold,
    Validation,
)
from qgate.charter.yaml_reader import Source
from qgate.digest import digest

# Part of every contract, stated or not: without them no number can be trusted.
IMPLIED_GATES = ("reproducibility", "baseline_drift")

Document = Mapping[str, Any]


def build_charter(document: Document, path: str, source: Source | None = None) -> Charter:
    """Return the charter of a valid document; with its source the gates know their places."""
    rollback = _rollback(document)
    pilot = document["pilot"]
    return Charter(
        path=path,
        document=document,
        digest=digest(document),
        pilot=Pilot(
            pilot.get("name", PurePath(path).stem), pilot["owner"], pilot.get("description", "")
        ),
        data=_data(document["data"]),
        baseline=_arm("baseline", document["baseline"]),
        candidate=_arm("candidate", document["candidate"]),
        schedule=_schedule(document.get("schedule", {})),
        gates=_gates(document, rollback, source),
        latency=_latency(document.get("latency", {})),
        lockfile=document.get("environment", {}).get("lockfile"),
        budget=_budget(document.get("budget", {})),
        rollback=rollback,
        attempts=_attempts(document.get("attempts", {})),
    )


def _rollback(document: Document) -> Rollback:
    section = document.get("rollback", {})
    traffic = section.get("traffic", f"blue_green_to_{document['baseline']['id']}")
    strategy, _, service = traffic.partition("_to_")
    return Rollback(
        strategy,
        service,
        section.get("approver", document["pilot"]["owner"]),
        section.get("verify"),
    )


def _data(section: Document) -> DataSpec:
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
    )


def _arm(role: str, section: Document) -> ArmSpec:
    kernel, recorded = section.get("quantum_kernel"), section.get("recorded")
    return ArmSpec(
        role=role,
        id=section["id"],
        preprocess=tuple(_step(step) for step in section.get("preprocess", ())),
        estimator=Step(section["estimator"], section.get("params", {}))
        if "estimator" in section
        else None,
        quantum_kernel=_quantum_kernel(kernel) if kernel else None,
        recorded=Recorded(recorded["path"], recorded.get("latency")) if recorded else None,
    )


def _step(step: str | Document) -> Step:
    if isinstance(step, str):
        return Step(step, {})
    ((path, params),) = step.items()
    return Step(path, params)


def _quantum_kernel(section: Document) -> QuantumKernel:
    return QuantumKernel(
        tuple(_layer(layer) for layer in section["layers"]),
        section.get("repeat", 1),
        Step(section.get("estimator", "sklearn.svm.SVC"), section.get("params", {})),
        _device(section.get("device")),
        _mitigation(section.get("mitigation")),
        section.get("matrix_product_state", {}).get("max_bond"),
        Limits(**section.get("limits", {})),
        section.get("spectrum", "as_measured"),
    )


def _device(section: Document | None) -> DeviceSpec | None:
    return DeviceSpec(section["path"], tuple(section.get("qubits", ()))) if section else None


def _mitigation(section: Document | None) -> Mitigation | None:
    if section is None:
        return None
    scaled = section.get("zero_noise")
    zero_noise = ZeroNoise(tuple(scaled["scales"]), scaled.get("fit", "linear")) if scaled else None
    return Mitigation(section.get("readout", False), zero_noise)


def _layer(section: Document) -> Layer:
    keys: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in section.items()
    }
    if isinstance(section.get("angle"), str):
        keys["angle"] = _radians(section["angle"])
    return Layer(**keys)


def _radians(text: str) -> float:
    """Return an angle of the form `-3*pi/4`, whose factor and divisor may be left out."""
    factor, _, divisor = text.partition("pi")
    sign = -1.0 if factor.startswith("-") else 1.0
    times = factor.lstrip("+-").rstrip("*") or "1"
    return sign * float(times) * math.pi / float(divisor.lstrip("/") or "1")


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
        section.get("shots"),
        section.get("usd"),
        section.get("minutes"),
        Prices(
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
        if metric not in stated
    ]
    return tuple(Gate(**gate) for gate in (*short, *long, *implied))


def _gate(section: Document, remediation: tuple[Action, ...]) -> dict[str, Any]:
    exact_metric = section["metric"] in IMPLIED_GATES
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
