"""A scikit-learn-style classifier, trained anew for each seed."""

from __future__ import annotations

import importlib
from typing import Any

from qgate import plugins
from qgate.arms.arm import Outcome, Server, Workshop, class_codes, item_scores
from qgate.charter.charter import ArmSpec, Shots
from qgate.data.dataset import Array, Codes


class ClassicalArm:
    """Preprocessing and an estimator in one pipeline, fitted on training rows only."""

    def __init__(self, spec: ArmSpec, workshop: Workshop) -> None:
        """Check that the pipeline can be built."""
        self._spec, self._split = spec, workshop.split
        self._classes = len(workshop.split.dataset.classes)
        self._allowed = workshop.allowed_imports
        self._pipeline(0)

    def run(self, seed: int, shots: Shots, replicate: int) -> Outcome:
        """Train with the seed and predict; shots and replicates do not apply."""
        del shots, replicate
        fitted = self._fit(seed)
        features, _ = self._split.validate_on
        return Outcome(
            tuple(class_codes(fitted.predict(features), len(features), self._classes).tolist()),
            item_scores(fitted, features, self._classes),
        )

    def serve(self, seed: int, shots: Shots) -> Server:
        """Return the trained pipeline's predict."""
        del shots
        fitted = self._fit(seed)

        def serve(features: Array) -> Codes:
            return class_codes(fitted.predict(features), len(features), self._classes)

        return serve

    def _fit(self, seed: int) -> Any:
        return self._pipeline(seed).fit(*self._split.fit_on)

    def _pipeline(self, seed: int) -> Any:
        assert self._spec.estimator is not None  # noqa: S101  # the kind of this arm
        pipeline = importlib.import_module("sklearn.pipeline")
        steps = (*self._spec.preprocess, self._spec.estimator)
        return pipeline.make_pipeline(
            *(plugins.build(step.path, step.params, seed, self._allowed) for step in steps)
        )
