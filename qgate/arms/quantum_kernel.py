"""A fidelity kernel: states once, one matrix product, and draws for each trial."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from qgate import plugins
from qgate.arms.arm import (
    Outcome,
    Server,
    TrialError,
    Workshop,
    class_codes,
    generator,
    item_scores,
)
from qgate.charter.charter import ArmSpec, QuantumKernel, Shots
from qgate.data.dataset import Array, Codes
from qgate.errors import QgateError, UsageError
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.fidelity import fidelities, sampled, sampled_gram, simulate_states

_PREPROCESSING_SEED = 0
"""Preprocessing is fitted once, so that its states serve all training seeds."""
_MOST_BYTES = 4 * 1024**3
_STATE_BYTES = 2 * 16
"""Of each amplitude: complex, once in the simulator's result and once in the matrix."""
_PAIR_BYTES = 48
"""Of each fidelity, at the peak: complex overlaps, their squares, the result, a trial's copy."""
_MOST_ITERATIONS = 10_000_000
"""libsvm need not end on a kernel that shot noise has made indefinite."""


class QuantumKernelArm:
    """Exact fidelities of all pairs; a trial only draws shots and fits the kernel estimator."""

    def __init__(self, spec: ArmSpec, workshop: Workshop) -> None:
        """Fit the preprocessing, simulate one state a row and take their fidelities."""
        assert spec.quantum_kernel is not None  # noqa: S101  # the kind of this arm
        self._role, self._kernel = spec.role, spec.quantum_kernel
        self._allowed = workshop.allowed_imports
        split = workshop.split
        self._classes = len(split.dataset.classes)
        self._preprocess = self._pipeline(spec)
        self._estimator(0)
        rows, self._labels = split.fit_on
        with threadpool_limits(limits=1):
            self._features, validation = self._fit_preprocessing(rows, split.validate_on[0])
        _check_size(self._kernel, self._features, validation)
        with threadpool_limits(limits=1, user_api="blas"):
            feature_map = self._feature_map()
            states = simulate_states(feature_map, self._features)
            self._gram = fidelities(states, states)
            self._cross = fidelities(simulate_states(feature_map, validation), states)

    def run(self, seed: int, shots: Shots, replicate: int) -> Outcome:
        """Draw the kernel's entries, fit on the training block, predict the validation items."""
        fitted = self._fit(seed, shots, replicate)
        rng = generator(self._role, seed, shots, replicate, "validation")
        cross = sampled(self._cross, shots, rng)
        rows = len(self._labels)
        return Outcome(
            tuple(class_codes(fitted.predict(cross), len(cross), self._classes).tolist()),
            item_scores(fitted, cross, self._classes),
            fit_circuits=rows * (rows - 1) // 2,
            serving_circuits=len(cross) * len(self._support(fitted)),
        )

    def serve(self, seed: int, shots: Shots) -> Server:
        """Return the path of a request: preprocess, simulate its state, draw, predict."""
        fitted = self._fit(seed, shots, 0)
        support = self._support(fitted)
        rng = generator(self._role, seed, shots, 0, "serving")
        feature_map, rows = self._feature_map(), len(self._labels)
        states = simulate_states(feature_map, self._features[support])

        def serve(features: Array) -> Codes:
            request = simulate_states(feature_map, self._transform(features))
            kernel = np.zeros((len(features), rows))
            kernel[:, support] = sampled(fidelities(request, states), shots, rng)
            return class_codes(fitted.predict(kernel), len(kernel), self._classes)

        return serve

    def _feature_map(self) -> FeatureMap:
        return FeatureMap(self._kernel.layers, self._kernel.repeat, self._features.shape[1])

    def _fit(self, seed: int, shots: Shots, replicate: int) -> Any:
        rng = generator(self._role, seed, shots, replicate, "training")
        return self._estimator(seed).fit(sampled_gram(self._gram, shots, rng), self._labels)

    def _estimator(self, seed: int) -> Any:
        path, params = self._kernel.estimator.path, dict(self._kernel.estimator.params)
        if "kernel" in params or not plugins.takes(path, "kernel", self._allowed):
            raise UsageError(f"{path}: the kernel must be left to the quantum_kernel")
        params["kernel"] = "precomputed"
        if plugins.takes(path, "max_iter", self._allowed):
            params.setdefault("max_iter", _MOST_ITERATIONS)
        return plugins.build(path, params, seed, self._allowed)

    def _pipeline(self, spec: ArmSpec) -> Any:
        pipeline = importlib.import_module("sklearn.pipeline")
        steps = [
            plugins.build(step.path, step.params, _PREPROCESSING_SEED, self._allowed)
            for step in spec.preprocess
        ]
        return pipeline.make_pipeline(*steps, "passthrough")

    def _fit_preprocessing(self, rows: Array, validation: Array) -> tuple[Array, Array]:
        """Return both parts' features, shape (rows, qubits), fitted on the training rows only."""
        try:
            fitted = _dense(self._preprocess.fit_transform(rows, self._labels))
            return fitted, self._transform(validation)
        except QgateError:
            raise
        except (Exception, SystemExit) as error:
            raise TrialError(type(error).__name__, f"preprocessing failed: {error}") from error

    def _transform(self, features: Array) -> Array:
        return _dense(self._preprocess.transform(features))

    def _support(self, fitted: Any) -> Codes:
        """Return the training rows that a prediction needs: support vectors, else all."""
        rows = np.arange(len(self._labels), dtype=np.int64)
        return np.sort(np.asarray(getattr(fitted, "support_", rows), dtype=np.int64))


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
