"""A scikit-learn-style estimator, trained anew for each seed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from qgate import plugins
from qgate.arms.arm import Items, Outcome, Server, Workshop
from qgate.arms.kept_fits import KeptFits
from qgate.arms.target import Target
from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Shots
from qgate.data.dataset import Array, Labels


class ClassicalArm:
    """Preprocessing and an estimator in one pipeline, fitted on training rows only."""

    figures: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, spec: ArmSpec, workshop: Workshop) -> None:
        """Check that the pipeline can be built."""
        self._spec, self._split = spec, workshop.split
        self._target, self._kept = Target.of(workshop.split.dataset), KeptFits()
        self._allowed = workshop.allowed_imports
        self._pipeline(0)

    def run(self, seed: int, shots: Shots, replicate: int, items: Items = None) -> Outcome:
        """Train with the seed and predict; shots and replicates do not apply."""
        del shots, replicate
        features, _ = self._split.of_seed(seed).validate_on
        if items is None:
            fitted = self._fit(seed)
        else:
            fitted = self._kept.get(seed, lambda: self._fit(seed))
            features = features[slice(*items)]
        return Outcome(
            tuple(self._target.predictions(fitted.predict(features), len(features)).tolist()),
            self._target.scores(fitted, features),
        )

    def serve(self, seed: int, shots: Shots) -> Server:
        """Return the trained pipeline's predict."""
        del shots
        fitted = self._fit(seed)

        def serve(features: Array) -> Labels:
            return self._target.predictions(fitted.predict(features), len(features))

        return serve

    def _fit(self, seed: int) -> Any:
        return self._pipeline(seed).fit(*self._split.of_seed(seed).fit_on)

    def _pipeline(self, seed: int) -> Any:
        assert self._spec.estimator is not None  # noqa: S101  # the kind of this arm
        pipeline = importlib.import_module("sklearn.pipeline")
        steps = (*self._spec.preprocess, self._spec.estimator)
        return pipeline.make_pipeline(
            *(plugins.build(step.path, step.params, seed, self._allowed) for step in steps)
        )
