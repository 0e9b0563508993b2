"""A scikit-learn-style estimator, trained anew for each seed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from qgate import plugins
from qgate.arms.arm import Items, Outcome, Server, Workshop, generator, located
from qgate.arms.global_seeds import seeded
from qgate.arms.kept_fits import KeptFits
from qgate.arms.target import Target
from qgate.charter.arm_spec import ArmSpec, Step
from qgate.charter.charter import Shots
from qgate.data.dataset import Array, Labels
from qgate.errors import TermError

_SEEDS = 2**32
"""What scikit-learn takes as a seed lies below it."""


class ClassicalArm:
    """Preprocessing and an estimator in one pipeline, fitted on training rows only.

    A class whose constructor takes `shots` is a model that measures, of whatever SDK: it is given
    the trial's shots (None for exact). If it takes `shot_seed`, that is an integer of its own for
    each seed, shots and replicate, and `random_state` stays the training seed; if it does not,
    finite shots make its `random_state` such an integer, so that replicates train anew too. Its
    predictions and its scores are two measurements. A fitted estimator's `fit_circuits_` and
    `circuits_per_item_` are counted, where it has them.
    """

    figures: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, spec: ArmSpec, workshop: Workshop) -> None:
        """Check that the pipeline can be built, and that it takes the shots of its trials."""
        self._spec, self._split = spec, workshop.split
        self._target, self._kept = Target.of(workshop.split.dataset), KeptFits()
        self._allowed = workshop.allowed_imports
        self._steps = _located_steps(spec)
        self._pipeline(0, None, 0)
        self._samples = any(
            plugins.takes_shots(step.path, step.params, self._allowed) for step, _ in self._steps
        )
        self._packages = frozenset(_packages(self._steps))
        scheduled = any(shots is not None for _, shots, _ in workshop.cells)
        if scheduled and not self._samples and spec.role == "candidate":
            # A baseline's trials are exact whatever the schedule says.
            message = "the candidate's class takes no shots: remove this"
            raise TermError(("schedule", "shots"), message)

    def run(self, seed: int, shots: Shots, replicate: int, items: Items = None) -> Outcome:
        """Train with the seed and predict; shots and replicates reach only what takes shots."""
        if self._samples:
            # Drawn in one call for all items, so that those of different blocks are independent.
            cell = (seed, shots, replicate)
            if items is None:
                return self._outcome(cell, self._fit(cell), items)
            whole: Outcome = self._kept.get(
                cell, lambda: self._outcome(cell, self._fit(cell), None)
            )
            return _part(whole, items)
        cell = (seed, None, 0)
        if items is None:
            return self._outcome(cell, self._fit(cell), items)
        fitted = self._kept.get(seed, lambda: self._fit(cell))
        return self._outcome(cell, fitted, items)

    def serve(self, seed: int, shots: Shots) -> Server:
        """Return the trained pipeline's predict."""
        cell = (seed, shots if self._samples else None, 0)
        fitted = self._fit(cell)
        rng = generator(self._spec.role, *cell, "serving")

        def serve(features: Array) -> Labels:
            with seeded(self._packages, rng):
                return self._target.predictions(_predicted(fitted, features), len(features))

        return serve

    def _outcome(self, cell: tuple[int, Shots, int], fitted: Any, items: Items) -> Outcome:
        features, _ = self._split.of_seed(cell[0]).validate_on
        if items is not None:
            features = features[slice(*items)]
        with seeded(self._packages, generator(self._spec.role, *cell, "predict")):
            predicted = self._target.predictions(_predicted(fitted, features), len(features))
            scores = self._target.scores(fitted, features)
        model = fitted[-1]
        trains = items is None or items[0] == 0
        return Outcome(
            tuple(predicted.tolist()),
            scores,
            fit_circuits=int(getattr(model, "fit_circuits_", 0)) if trains else 0,
            serving_circuits=int(getattr(model, "circuits_per_item_", 0)) * len(features),
        )

    def _fit(self, cell: tuple[int, Shots, int]) -> Any:
        rows, labels = self._split.of_seed(cell[0]).fit_on
        rng = generator(self._spec.role, *cell, "fit")
        with located(*self._steps[-1][1]), seeded(self._packages, rng):
            return self._pipeline(*cell).fit(rows, labels)

    def _pipeline(self, seed: int, shots: Shots, replicate: int) -> Any:
        rng = generator(self._spec.role, seed, shots, replicate, "shots")
        draws = plugins.Draws(shots, int(rng.integers(_SEEDS)))
        pipeline = importlib.import_module("sklearn.pipeline")
        *before, last = (self._built(step, place, seed, draws) for step, place in self._steps)
        adapt = importlib.import_module("qgate.arms.adapted").adapted  # it imports scikit-learn
        return pipeline.make_pipeline(*before, adapt(last))

    def _built(
        self, step: Step, place: tuple[str | int, ...], seed: int, draws: plugins.Draws
    ) -> Any:
        with located(*place):
            return plugins.build(step.path, step.params, seed, self._allowed, draws)


def _located_steps(spec: ArmSpec) -> tuple[tuple[Step, tuple[str | int, ...]], ...]:
    """Return the pipeline's steps, each with the place of its parameters in the charter."""
    assert spec.estimator is not None  # noqa: S101  # the kind of this arm
    before = [
        (step, (spec.role, "preprocess", i, step.path)) for i, step in enumerate(spec.preprocess)
    ]
    return (*before, (spec.estimator, (spec.role, "params")))


def _packages(steps: tuple[tuple[Step, tuple[str | int, ...]], ...]) -> list[str]:
    """Return the top packages of everything that the steps name."""
    paths = [plugins.class_path(step.path) for step, _ in steps]
    paths += [path for step, _ in steps for path, _ in plugins.named(step.params)]
    return [path.partition(".")[0] for path in paths]


def _predicted(fitted: Any, features: Array) -> Any:
    """Return what a pipeline predicts; some libraries give a single item's without its axis."""
    predicted = np.asarray(fitted.predict(features))
    return predicted.reshape(1) if predicted.ndim == 0 and len(features) == 1 else predicted


def _part(whole: Outcome, items: tuple[int, int]) -> Outcome:
    """Return the outcome of a block of the items."""
    block = slice(*items)
    return replace(
        whole,
        predictions=whole.predictions[block],
        scores=None if whole.scores is None else whole.scores[block],
        fit_circuits=whole.fit_circuits if items[0] == 0 else 0,
        serving_circuits=whole.serving_circuits
        // len(whole.predictions)
        * len(range(*block.indices(len(whole.predictions)))),
    )
