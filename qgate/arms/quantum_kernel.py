"""A fidelity kernel: states once, one matrix product, and draws for each trial."""

from __future__ import annotations

from typing import Any

import numpy as np

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
from qgate.errors import UsageError
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.fidelity import fidelities, sampled, sampled_gram, simulate_states

_PREPROCESSING_SEED = 0
"""Preprocessing is fitted once, so that its states serve all training seeds."""
_MOST_STATE_BYTES = 4 * 1024**3
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
        self._steps = [
            plugins.build(step.path, step.params, _PREPROCESSING_SEED, self._allowed)
            for step in spec.preprocess
        ]
        self._estimator(0)
        features, self._labels = split.fit_on
        for step in self._steps:
            features = step.fit_transform(features, self._labels)
        validation = self._transform(split.validate_on[0])
        self._qubits = features.shape[1]
        _check_memory(self._kernel, self._qubits, len(features) + len(validation))
        feature_map = self._feature_map()
        self._states = simulate_states(feature_map, np.asarray(features, dtype=np.float64))
        self._gram = fidelities(self._states, self._states)
        self._cross = fidelities(simulate_states(feature_map, validation), self._states)

    def run(self, seed: int, shots: Shots, replicate: int) -> Outcome:
        """Draw the kernel's entries, fit on the training block, predict the validation items."""
        fitted = self._fit(seed, shots, replicate)
        rng = generator(self._role, seed, shots, replicate, "validation")
        cross = sampled(self._cross, shots, rng)
        rows = len(self._labels)
        return Outcome(
            tuple(class_codes(fitted.predict(cross)).tolist()),
            item_scores(fitted, cross, self._classes),
            fit_circuits=rows * (rows - 1) // 2,
            serving_circuits=len(cross) * len(self._support(fitted)),
        )

    def serve(self, seed: int, shots: Shots) -> Server:
        """Return the path of a request: preprocess, simulate its state, draw, predict."""
        fitted = self._fit(seed, shots, 0)
        support = self._support(fitted)
        rng = generator(self._role, seed, shots, 0, "serving")
        states, feature_map, rows = self._states[support], self._feature_map(), len(self._labels)

        def serve(features: Array) -> Codes:
            request = simulate_states(feature_map, self._transform(features))
            kernel = np.zeros((len(features), rows))
            kernel[:, support] = sampled(fidelities(request, states), shots, rng)
            return class_codes(fitted.predict(kernel))

        return serve

    def _feature_map(self) -> FeatureMap:
        return FeatureMap(self._kernel.layers, self._kernel.repeat, self._qubits)

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

    def _transform(self, features: Array) -> Array:
        for step in self._steps:
            features = step.transform(features)
        return np.asarray(features, dtype=np.float64)

    def _support(self, fitted: Any) -> Codes:
        """Return the training rows that a prediction needs: support vectors, else all."""
        rows = np.arange(len(self._labels), dtype=np.int64)
        return np.sort(np.asarray(getattr(fitted, "support_", rows), dtype=np.int64))


def _check_memory(kernel: QuantumKernel, qubits: int, rows: int) -> None:
    needed = rows * 2**qubits * 16
    if needed > _MOST_STATE_BYTES:
        raise TrialError(
            "too_large",
            f"{rows} states of {qubits} qubits take {needed / 1024**3:.1f} GiB; at most "
            f"{_MOST_STATE_BYTES // 1024**3} GiB are allowed: use fewer features (PCA) or rows",
        )
    if qubits < 2 and any(layer.kind in ("zz", "entangle") for layer in kernel.layers):
        raise UsageError("a layer of pairs needs at least 2 features")
