"""An arm with other values of what a charter lets be tuned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from qgate.arms.strongest import space_of
from qgate.charter.arm_spec import ArmSpec, Layer, Step, Training
from qgate.charter.derived import WITHOUT_ENTANGLEMENT, separable
from qgate.charter.spaces import LAYER_KEYS
from qgate.errors import TermError
from qgate.quantum.layers import LAYERS

Configuration = Mapping[str, Any]
_TAKE_COST = ("sklearn.svm.SVC", "sklearn.svm.SVR")
_COSTS = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
_BANDWIDTHS = (0.1, 0.25, 0.5, 1.0, 2.0)
"""What the data are multiplied by (Shaydulin and Wild 2022: kernels of narrow ones generalise)."""
_TRAINING_KEYS = frozenset(field.name for field in fields(Training))
_RATES = (0.01, 0.03, 0.1)


def default_space(spec: ArmSpec) -> dict[str, tuple[Any, ...]]:
    """Return what is worth trying where a charter does not say it."""
    if spec.estimator is not None:
        return dict(space_of(spec.estimator.path))
    if spec.variational is not None:
        return {"training.learning_rate": _RATES, "bandwidth": _BANDWIDTHS}
    if spec.layered is None or spec.quantum_solver is not None:
        return {}
    step = getattr(spec.layered, "estimator", None)
    costs = {"C": _COSTS} if step is not None and step.path in _TAKE_COST else {}
    return {"bandwidth": _BANDWIDTHS, **costs}


def configured(spec: ArmSpec, chosen: Configuration) -> ArmSpec:
    """Return an arm with other values: of its estimator, `LAYER.KEY`, `training.KEY`, `CLASS.KEY`.

    `bandwidth` multiplies what the data are multiplied by, in every layer.

    Raises:
        TermError: When the arm has no such thing.

    """
    for name, value in chosen.items():
        spec = _set(spec, name, tuple(value) if isinstance(value, list) else value)
    return spec


def applicable(spec: ArmSpec, name: str) -> bool:
    """Return whether an arm has what a space names; an ablation lacks some of the candidate's.

    Without entanglement it has nothing to tune that would bring the entanglers back.
    """
    try:
        layers = _all_layers(_set(spec, name, 1).layered)
    except TermError:
        return False
    return spec.role != WITHOUT_ENTANGLEMENT or separable(layers) == layers


def _set(spec: ArmSpec, name: str, value: Any) -> ArmSpec:
    owner, _, key = name.rpartition(".")
    circuit = spec.layered
    if name == "bandwidth" and circuit is not None:
        return _with_layers(spec, lambda layer: _wider(layer, value))
    if not owner:
        return _with_param(spec, name, value)
    if owner == "training" and spec.variational is not None and key in _TRAINING_KEYS:
        training = replace(spec.variational.training, **{key: value})
        return replace(spec, variational=replace(spec.variational, training=training))
    if circuit is not None and any(_takes(layer, owner, key) for layer in _all_layers(circuit)):
        return _with_layers(
            spec,
            lambda layer: replace(layer, **{key: value}) if _takes(layer, owner, key) else layer,
        )
    steps = tuple(
        Step(step.path, {**step.params, key: value})
        if step.path.rpartition(".")[2] == owner
        else step
        for step in spec.preprocess
    )
    if steps == spec.preprocess:
        ways = "a parameter, LAYER.KEY, training.KEY, CLASS.KEY of preprocess, or bandwidth"
        message = f"{spec.id} has no {name!r} to tune: {ways}"
        raise TermError((spec.role, "tuning", "space", name), message)
    return replace(spec, preprocess=steps)


def _takes(layer: Layer, name: str, key: str) -> bool:
    """Return whether a key of a layer of that name means anything; else it would be no choice."""
    return layer.name == name and key in LAYER_KEYS and key in LAYERS[layer.kind].keys


def _all_layers(circuit: Any) -> tuple[Layer, ...]:
    return (*getattr(circuit, "layers", ()), *getattr(circuit, "closing", ()))


def _with_layers(spec: ArmSpec, change: Callable[[Layer], Layer]) -> ArmSpec:
    circuit: Any = spec.layered
    parts = {
        key: tuple(change(layer) for layer in getattr(circuit, key))
        for key in ("layers", "closing")
        if hasattr(circuit, key)
    }
    changed: dict[str, Any] = {spec.kind: replace(circuit, **parts)}
    return replace(spec, **changed)


def _wider(layer: Layer, factor: float) -> Layer:
    """Return a layer whose data are multiplied by a factor; products of two by its square."""
    pairs = factor**2 if layer.kind == "zz" else factor
    return replace(
        layer,
        scale=layer.scale * pairs,
        pair_scale=layer.pair_scale * factor**2,
        alpha=layer.alpha * factor,
    )


def _with_param(spec: ArmSpec, name: str, value: Any) -> ArmSpec:
    if spec.estimator is not None:
        step = Step(spec.estimator.path, {**spec.estimator.params, name: value})
        return replace(spec, estimator=step)
    circuit: Any = spec.layered
    own = getattr(circuit, "estimator", None)
    if own is None:
        message = f"{spec.id} has no estimator with a parameter {name!r}"
        raise TermError((spec.role, "tuning", "space", name), message)
    changed = replace(circuit, estimator=Step(own.path, {**own.params, name: value}))
    changes: dict[str, Any] = {spec.kind: changed}
    return replace(spec, **changes)
