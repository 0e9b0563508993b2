"""A fidelity kernel: states once, one matrix product, and draws for each trial."""

from __future__ import annotations

import copy
import importlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from qgate import plugins
from qgate.arms.arm import Items, Outcome, Server, TrialError, Workshop, generator
from qgate.arms.kept_fits import KeptFits
from qgate.arms.target import Target
from qgate.charter.charter import ArmSpec, QuantumKernel, Shots
from qgate.data.dataset import Array, Codes, Labels
from qgate.data.split import SplitData
from qgate.errors import QgateError, UsageError
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.fidelity import depolarised, fidelities, sampled, sampled_gram, simulate_states

_PREPROCESSING_SEED = 0
"""Preprocessing is fitted once, so that its states serve all training seeds."""
_MOST_BYTES = 4 * 1024**3
_STATE_BYTES = 2 * 16
"""Of each amplitude: complex, once in the simulator's result and once in the matrix."""
_PAIR_BYTES = 48
"""Of each fidelity, at the peak: complex overlaps, their squares, the result, a trial's copy."""
_MOST_ITERATIONS = 10_000_000
"""libsvm need not end on a kernel that shot noise has made indefinite."""


@dataclass(frozen=True)
class _Exact:
    """What is exact about one split: the fitted preprocessing, angles, and all fidelities."""

    preprocess: Any
    features: Array
    labels: Labels
    gram: Array
    cross: Array


def _drifted(exact: _Exact, strength: float) -> _Exact:
    qubits = exact.features.shape[1]
    gram, cross = (depolarised(part, strength, qubits) for part in (exact.gram, exact.cross))
    np.fill_diagonal(gram, 1.0)
    return replace(exact, gram=gram, cross=cross)


class QuantumKernelArm:
    """Exact fidelities of all pairs; a trial only draws shots and fits the kernel estimator."""

    def __init__(self, spec: ArmSpec, workshop: Workshop) -> None:
        """Prepare the split, or the first seed's; those of other seeds follow when they run."""
        assert spec.quantum_kernel is not None  # noqa: S101  # the kind of this arm
        self._spec, self._kernel = spec, spec.quantum_kernel
        self._allowed = workshop.allowed_imports
        self._split, self._kept = workshop.split, KeptFits()
        self._target = Target.of(workshop.split.dataset)
        self._estimator(0)
        self._ready: tuple[int | None, _Exact] | None = None
        self._drift = 0.0
        self._exact(next(iter(workshop.split.by_seed), 0))

    def depolarised(self, strength: float) -> QuantumKernelArm:
        """Return this arm behind a global depolarising channel, as on a drifted device (modelled).

        A pair's own fidelity of 1 is not measured, so it stays.
        """
        other = copy.copy(self)
        other._drift, other._ready, other._kept = strength, None, KeptFits()
        if self._ready is not None:
            other._ready = self._ready[0], _drifted(self._ready[1], strength)
        return other

    def run(self, seed: int, shots: Shots, replicate: int, items: Items = None) -> Outcome:
        """Draw the kernel's entries, fit on the training block, predict the validation items."""
        exact, cell = self._exact(seed), (seed, shots, replicate)
        if items is None:
            fitted, cross, call = self._fit(*cell), exact.cross, "validation"
        else:
            fitted = self._kept.get(cell, lambda: self._fit(*cell))
            cross, call = exact.cross[slice(*items)], f"validation {items[0]} to {items[1]}"
        drawn = sampled(cross, shots, generator(self._spec.role, *cell, call))
        rows = len(exact.labels)
        trains = items is None or items[0] == 0
        return Outcome(
            tuple(self._target.predictions(fitted.predict(drawn), len(drawn)).tolist()),
            self._target.scores(fitted, drawn),
            fit_circuits=rows * (rows - 1) // 2 if trains else 0,
            serving_circuits=len(drawn) * len(_support(fitted, rows)),
        )

    def serve(self, seed: int, shots: Shots) -> Server:
        """Return the path of a request: preprocess, simulate its state, draw, predict."""
        exact, fitted = self._exact(seed), self._fit(seed, shots, 0)
        rows = len(exact.labels)
        support = _support(fitted, rows)
        rng = generator(self._spec.role, seed, shots, 0, "serving")
        feature_map, preprocess = self._feature_map(exact.features), exact.preprocess
        states = simulate_states(feature_map, exact.features[support])

        def serve(features: Array) -> Labels:
            angles = _dense(preprocess.transform(features))
            request = simulate_states(feature_map, angles)
            kernel = np.zeros((len(features), rows))
            exact = depolarised(fidelities(request, states), self._drift, angles.shape[1])
            kernel[:, support] = sampled(exact, shots, rng)
            return self._target.predictions(fitted.predict(kernel), len(kernel))

        return serve

    def _exact(self, seed: int) -> _Exact:
        """Return a seed's split prepared; only one split's matrices are in memory at a time."""
        key = seed if self._split.resampled else None
        if self._ready is None or self._ready[0] != key:
            self._ready = None  # before the next one is made
            self._ready = key, self._prepare(self._split.of_seed(seed))
        return self._ready[1]

    def _prepare(self, split: SplitData) -> _Exact:
        """Fit the preprocessing, simulate one state a row and take their fidelities."""
        preprocess = self._pipeline()
        rows, labels = split.fit_on
        with threadpool_limits(limits=1):
            features, validation = _transformed(preprocess, rows, labels, split.validate_on[0])
        _check_size(self._kernel, features, validation)
        with threadpool_limits(limits=1, user_api="blas"):
            feature_map = self._feature_map(features)
            states = simulate_states(feature_map, features)
            gram = fidelities(states, states)
            cross = fidelities(simulate_states(feature_map, validation), states)
        exact = _Exact(preprocess, features, labels, gram, cross)
        return _drifted(exact, self._drift) if self._drift else exact

    def _feature_map(self, features: Array) -> FeatureMap:
        return FeatureMap(self._kernel.layers, self._kernel.repeat, features.shape[1])

    def _fit(self, seed: int, shots: Shots, replicate: int) -> Any:
        exact = self._exact(seed)
        rng = generator(self._spec.role, seed, shots, replicate, "training")
        return self._estimator(seed).fit(sampled_gram(exact.gram, shots, rng), exact.labels)

    def _estimator(self, seed: int) -> Any:
        path, params = self._kernel.estimator.path, dict(self._kernel.estimator.params)
        if "kernel" in params or not plugins.takes(path, "kernel", self._allowed):
            raise UsageError(f"{path}: the kernel must be left to the quantum_kernel")
        params["kernel"] = "precomputed"
        if plugins.takes(path, "max_iter", self._allowed):
            params.setdefault("max_iter", _MOST_ITERATIONS)
        return plugins.build(path, params, seed, self._allowed)

    def _pipeline(self) -> Any:
        pipeline = importlib.import_module("sklearn.pipeline")
        steps = [
            plugins.build(step.path, step.params, _PREPROCESSING_SEED, self._allowed)
            for step in self._spec.preprocess
        ]
        return pipeline.make_pipeline(*steps, "passthrough")


def _transformed(
    preprocess: Any, rows: Array, labels: Labels, validation: Array
) -> tuple[Array, Array]:
    """Return both parts' features, shape (rows, qubits), fitted on the training rows only."""
    try:
        fitted = _dense(preprocess.fit_transform(rows, labels))
        return fitted, _dense(preprocess.transform(validation))
    except QgateError:
        raise
    except (Exception, SystemExit) as error:
        raise TrialError(type(error).__name__, f"preprocessing failed: {error}") from error


def _support(fitted: Any, rows: int) -> Codes:
    """Return the training rows that a prediction needs: support vectors, else all."""
    every = np.arange(rows, dtype=np.int64)
    return np.sort(np.asarray(getattr(fitted, "support_", every), dtype=np.int64))


def _dense(features: Any) -> Array:
    """Return what preprocessing gave, sparse or not, as finite numbers (rows, columns)."""
    values = features.toarray() if hasattr(features, "toarray") else features
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or not np.all(np.isfinite(array)):
        raise TrialError(
            "not_finite",
            "an angle needs a finite number: impute missing values in the arm's preprocess",
        )
    return array


def _check_size(kernel: QuantumKernel, training: Array, validation: Array) -> None:
    rows, qubits = len(training) + len(validation), training.shape[1]
    if qubits < 2 and any(layer.kind in ("zz", "entangle") for layer in kernel.layers):
        raise UsageError("a layer of pairs needs at least 2 features")
    needed = rows * 2**qubits * _STATE_BYTES + rows * len(training) * _PAIR_BYTES
    if needed > _MOST_BYTES:
        raise TrialError(
            "too_large",
            f"{rows} states of {qubits} qubits and their fidelities take "
            f"{needed / 1024**3:.1f} GiB; at most {_MOST_BYTES // 1024**3} GiB are allowed: use "
            "fewer features (PCA) or rows",
        )
