"""A classical surrogate of a circuit: random Fourier features of its encoding's frequencies.

Each gate that turns by an angle a(x) of the data contributes the frequencies -1, 0 and 1 to the
fidelity kernel (Schuld, Sweke and Meyer 2021). Drawn with chances 1/4, 1/2, 1/4 for every gate, the
features cos(s a(x)) and sin(s a(x)) have the kernel prod_j cos^2((a_j(x) - a_j(y)) / 2) in the mean
(Rahimi and Recht 2007; Landman et al. 2022): that of the same gates on a qubit each, with nothing
between them. What a model of them does as well needs no quantum computer.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from qgate.arms.arm import Items, Outcome, Server, Workshop, generator, located
from qgate.arms.features import dense, first_seed, fitted_features
from qgate.arms.kept_fits import KeptFits
from qgate.arms.kernel_estimator import kernel_estimator
from qgate.arms.target import Target
from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Shots
from qgate.data.dataset import Array, Labels
from qgate.quantum.feature_map import FeatureMap, circuit_paths

_LINEAR = {
    True: ("LogisticRegression", {"max_iter": 5000}),
    False: ("Ridge", {}),
}
"""The model of the features where there is no kernel machine: of classes, of numbers."""


@dataclass(frozen=True)
class _Fitted:
    preprocess: Any
    signs: Array
    """Shape (angles, count), of -1, 0 and 1."""
    known: Array | None
    """The training rows' features, where the machine takes kernel entries."""
    machine: Any

    def entries(self, angles: Array) -> Array:
        """Return what the machine takes of rows' angles: features, or products with known ones."""
        drawn = _waves(angles, self.signs)
        return drawn if self.known is None else drawn @ self.known.T


class RandomFeaturesArm:
    """Features drawn anew for each training seed; nothing of it runs on a device."""

    figures: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, spec: ArmSpec, workshop: Workshop) -> None:
        """Check that the features can be made and the estimator be built."""
        assert spec.random_features is not None  # noqa: S101  # the kind of this arm
        self._spec, self._section, self._workshop = spec, spec.random_features, workshop
        self._target, self._kept = Target.of(workshop.split.dataset), KeptFits()
        self._circuit: FeatureMap | None = None
        self._fit(first_seed(workshop))

    def __getstate__(self) -> dict[str, Any]:
        """Leave the circuit behind when an arm goes to another process, which builds its own."""
        return {**self.__dict__, "_circuit": None}

    def run(self, seed: int, shots: Shots, replicate: int, items: Items = None) -> Outcome:
        """Draw features, train on them and predict; shots and replicates do not apply."""
        del shots, replicate
        fitted = self._kept.get(seed, lambda: self._fit(seed))
        rows, _ = self._workshop.split.of_seed(seed).validate_on
        entries = self._entries(fitted, rows)[slice(*items) if items else slice(None)]
        return Outcome(
            tuple(self._target.predictions(fitted.machine.predict(entries), len(entries)).tolist()),
            self._target.scores(fitted.machine, entries),
        )

    def serve(self, seed: int, shots: Shots) -> Server:
        """Return the path of a request: preprocess, features, predict."""
        del shots
        fitted = self._fit(seed)

        def serve(features: Array) -> Labels:
            entries = self._entries(fitted, features)
            return self._target.predictions(fitted.machine.predict(entries), len(features))

        return serve

    def _entries(self, fitted: _Fitted, rows: Array) -> Array:
        return fitted.entries(self._angles(dense(fitted.preprocess.transform(rows))))

    def _fit(self, seed: int) -> _Fitted:
        split = self._workshop.split.of_seed(seed)
        preprocess, features, _ = fitted_features(self._spec, self._workshop, split)
        angles, labels = self._angles(features), split.fit_on[1]
        rng = generator(self._spec.role, seed, None, 0, "frequencies")
        signs = rng.choice([-1.0, 0.0, 0.0, 1.0], (angles.shape[1], self._section.count))
        drawn = _waves(angles, signs)
        if self._section.estimator is not None:
            machine = kernel_estimator(
                self._section.estimator,
                seed,
                self._workshop.allowed_imports,
                section=self._spec.kind,
                classes=self._target.classes,
            )
            return _Fitted(preprocess, signs, drawn, machine.fit(drawn @ drawn.T, labels))
        name, params = _LINEAR[bool(self._target.classes)]
        linear = getattr(importlib.import_module("sklearn.linear_model"), name)(**params)
        return _Fitted(preprocess, signs, None, linear.fit(drawn, labels))

    def _angles(self, features: Array) -> Array:
        """Return the angles of the gates that the data turn, shape (rows, angles)."""
        if self._circuit is None:
            self._circuit = self._feature_map(features.shape[1])
        return self._circuit.angles(features)

    def _feature_map(self, features: int) -> FeatureMap:
        section = self._section
        layers = (*section.layers * section.repeat, *section.closing)
        files = circuit_paths(layers, self._workshop.folder)
        with located(self._spec.role, self._spec.kind):
            return FeatureMap(layers, 1, features, files)


def _waves(angles: Array, signs: Array) -> Array:
    """Return cosines and sines, shape (rows, 2 count), whose products are the kernel's estimate."""
    turns = angles @ signs
    return np.asarray(np.hstack([np.cos(turns), np.sin(turns)]) / np.sqrt(signs.shape[1]))
