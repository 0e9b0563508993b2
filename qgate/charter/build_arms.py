"""The section of an arm, of the right shape, to its specification."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qgate.charter.arm_spec import (
    ArmSpec,
    DeviceSpec,
    Layer,
    Limits,
    Mitigation,
    ProjectedKernel,
    QuantumKernel,
    QuantumSolver,
    RandomFeatures,
    Recorded,
    Search,
    Solver,
    Step,
    Training,
    Tuning,
    Variational,
    ZeroNoise,
)

Document = Mapping[str, Any]

FAMILIES = ("logistic_regression", "rbf_svc", "gradient_boosting", "mlp")
"""Of the strongest baseline, where a charter names none."""
_TRAINABLE = ("scale", "angle")
_FOR_ESTIMATORS = ("quantum_kernel", "projected_kernel", "random_features")
"""What gives an estimator its kernel or its features; SVC, or SVR for numbers, if unsaid."""


def build_arm_spec(role: str, document: Document) -> ArmSpec:
    """Return an arm of a charter's document by its role; `strongest` stands for a whole section."""
    section = document[role]
    if section == "strongest":
        section = {"id": "strongest", "strongest": "all"}
    regression = document["data"].get("task") == "regression"
    default = {"estimator": "sklearn.svm.SVR" if regression else "sklearn.svm.SVC"}
    parts = {
        key: build({**default, **section[key]} if key in _FOR_ESTIMATORS else section[key])
        for key, build in _PARTS.items()
        if key in section
    }
    estimator = section.get("estimator")
    return ArmSpec(
        role=role,
        id=section["id"],
        preprocess=tuple(_step(step) for step in section.get("preprocess", ())),
        estimator=Step(estimator, section.get("params", {})) if estimator else None,
        tuning=_tuning(section.get("tuning", document.get("tuning"))),
        **parts,
    )


def _families(named: str | Sequence[str]) -> tuple[str, ...]:
    return FAMILIES if isinstance(named, str) else tuple(named)


def _recorded(section: Document) -> Recorded:
    return Recorded(section["path"], section.get("latency"))


def _tuning(section: Document | None) -> Tuning | None:
    if section is None:
        return None
    space = {name: tuple(values) for name, values in section.get("space", {}).items()}
    return Tuning(section["budget"], section.get("cv", 5), space)


def _step(step: str | Document) -> Step:
    if isinstance(step, str):
        return Step(step, {})
    ((path, params),) = step.items()
    return Step(path, params)


def _quantum_kernel(section: Document) -> QuantumKernel:
    return QuantumKernel(
        _layers(section["layers"]),
        section.get("repeat", 1),
        _kernel_estimator(section),
        _device(section.get("device")),
        _mitigation(section.get("mitigation")),
        section.get("matrix_product_state", {}).get("max_bond"),
        Limits(**section.get("limits", {})),
        section.get("spectrum", "as_measured"),
    )


def _projected_kernel(section: Document) -> ProjectedKernel:
    return ProjectedKernel(
        _layers(section["layers"]),
        section.get("repeat", 1),
        _kernel_estimator(section),
        section.get("gamma"),
        _device(section.get("device")),
        Limits(**section.get("limits", {})),
    )


def _kernel_estimator(section: Document) -> Step:
    return Step(section["estimator"], section.get("params", {}))


def _variational(section: Document) -> Variational:
    training = dict(section.get("training", {}))
    if "start" in training:
        training["start"] = tuple(map(_angle, training["start"]))
    return Variational(
        _layers(section["layers"]),
        section.get("repeat", 1),
        _layers(section.get("closing", ())),
        tuple(section.get("readout", ())),
        Training(**training),
        _device(section.get("device")),
        Limits(**section.get("limits", {})),
    )


def _random_features(section: Document) -> RandomFeatures:
    return RandomFeatures(
        _layers(section["layers"]),
        section.get("repeat", 1),
        estimator=_kernel_estimator(section),
        count=section.get("count", 512),
    )


def _solver(section: Document) -> Solver:
    return Solver(section["method"], section.get("params", {}))


def _quantum_solver(section: Document) -> QuantumSolver:
    return QuantumSolver(
        section["reps"],
        _layers(section.get("layers", ())),
        Search(**section.get("search", {})),
        section.get("answer", "best"),
        _device(section.get("device")),
        Limits(**section.get("limits", {})),
    )


_PARTS: dict[str, Callable[[Any], Any]] = {
    "strongest": _families,
    "quantum_kernel": _quantum_kernel,
    "projected_kernel": _projected_kernel,
    "variational": _variational,
    "solver": _solver,
    "quantum_solver": _quantum_solver,
    "random_features": _random_features,
    "recorded": _recorded,
    "region": str,
}


def _device(section: Document | None) -> DeviceSpec | None:
    if section is None:
        return None
    return DeviceSpec(section["path"], tuple(section.get("qubits", ())), section.get("current"))


def _mitigation(section: Document | None) -> Mitigation | None:
    if section is None:
        return None
    scaled = section.get("zero_noise")
    zero_noise = ZeroNoise(tuple(scaled["scales"]), scaled.get("fit", "linear")) if scaled else None
    return Mitigation(section.get("readout", False), zero_noise)


def _layers(sections: Sequence[Document]) -> tuple[Layer, ...]:
    return tuple(_layer(section) for section in sections)


def _layer(section: Document) -> Layer:
    trained = tuple(key for key in _TRAINABLE if section.get(key) == "trained")
    keys: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in section.items()
        if key not in trained
    }
    if isinstance(keys.get("angle"), str):
        keys["angle"] = _angle(keys["angle"])
    return Layer(**keys, trained=trained)


def _angle(value: float | str) -> float:
    """Return radians: a number as it is, or `-3*pi/4`, whose factor and divisor are optional."""
    if not isinstance(value, str):
        return value
    factor, _, divisor = value.partition("pi")
    sign = -1.0 if factor.startswith("-") else 1.0
    times = factor.lstrip("+-").rstrip("*") or "1"
    return sign * float(times) * math.pi / float(divisor.lstrip("/") or "1")
