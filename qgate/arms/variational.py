"""A circuit with trained weights: expectations of Z decide, trained exactly or as on the device."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from qgate.arms.arm import (
    Items,
    Outcome,
    Server,
    TrialError,
    Workshop,
    fingerprint,
    generator,
    located,
)
from qgate.arms.features import dense, first_seed, fitted_features
from qgate.arms.target import Target, significant
from qgate.arms.trained_head import Head, head_of, loss_of
from qgate.charter.arm_spec import ArmSpec, Training
from qgate.charter.charter import Shots
from qgate.charter.derived import DRIFTED
from qgate.data.dataset import Array, Labels
from qgate.quantum.estimate import DIGITS
from qgate.quantum.readout import drawn, expectations
from qgate.quantum.training import Trained, train

if TYPE_CHECKING:
    from qgate.quantum.variational import BuiltVariational

_SCORE_DIGITS = 6
_VARIANCE = "gradient_variance"
_LOOKED_AT, _STARTS = 64, 200
"""Training rows, evenly spread, and random starts of which the gradient's variance is taken."""

Cell = tuple[int, Shots, int]


@dataclass(frozen=True)
class _Rows:
    """One split: the fitted preprocessing, and both parts' features."""

    preprocess: Any
    features: Array
    labels: Labels
    validation: Array


@dataclass(frozen=True)
class _Model:
    """What a training seed, or a trial, ended in."""

    weights: Array
    head: Array
    reading: Head
    circuits: int
    """That training took on a device."""
    drawn: str | None
    """Fingerprint of what training drew first."""
    figures: Mapping[str, float]

    def output(self, z: Array) -> Array:
        """Return what predictions and scores are made from, to 12 digits."""
        return np.round(self.reading.loss.output(z, self.head), DIGITS)


class VariationalArm:
    """Trained once for each seed where training is exact, else anew for each trial.

    A trial of exactly trained weights only draws the shots of its validation items.
    """

    def __init__(self, spec: ArmSpec, workshop: Workshop) -> None:
        """Prepare the split, or the first seed's, and check that the circuit can be built."""
        assert spec.variational is not None  # noqa: S101  # the kind of this arm
        self._spec, self._circuit, self._workshop = spec, spec.variational, workshop
        self._split, self._target = workshop.split, Target.of(workshop.split.dataset)
        self._role = "candidate" if spec.role == DRIFTED else spec.role
        self._built: tuple[int, BuiltVariational] | None = None
        self._ready: tuple[int | None, _Rows] | None = None
        self._models: dict[object, _Model] = {}
        self._outcomes: dict[int, Array] = {}
        self._checked: dict[str, float] | None = None
        self._drift = 0.0
        with located(spec.role, "variational"):
            loss_of(self._training, self._target.classes, 1)
        rows = self._rows(first_seed(workshop))
        self._refuse_beyond_memory(self._build(rows.features.shape[1]), len(rows.validation))

    def __getstate__(self) -> dict[str, Any]:
        """Leave the simulator behind when an arm goes to another process; models are small."""
        return {**self.__dict__, "_built": None}

    @property
    def _training(self) -> Training:
        return self._circuit.training

    @property
    def _exact(self) -> bool:
        return self._training.gradient == "adjoint"

    @property
    def figures(self) -> dict[str, Any]:
        """Return the figures of the circuit, of its device, and of the health asked for."""
        rows = self._rows(first_seed(self._workshop))
        built = self._build(rows.features.shape[1])
        if self._checked is None:
            self._checked = self._health(rows, built)
        return built.figures | ({"health": self._checked} if self._checked else {})

    def _health(self, rows: _Rows, built: BuiltVariational) -> dict[str, float]:
        """Return the largest variance of a weight's gradient over random starts, if asked for.

        Of the circuit as it is trained: a device's noise flattens what is trained behind it (Wang
        et al. 2021).
        """
        if _VARIANCE not in self._workshop.health:
            return {}
        from qgate.quantum.plateau import loss_variances

        chosen = np.unique(np.linspace(0, len(rows.labels) - 1, _LOOKED_AT).round().astype(int))
        reading = head_of(self._training, self._target.classes, rows.labels, len(built.read))
        rng = generator(self._role, 0, None, 0, _VARIANCE)
        starts = np.array([self._start(built, rng) for _ in range(_STARTS)])
        with threadpool_limits(limits=1, user_api="blas"):
            looked_at = rows.features[chosen]
            circuit = built.exact(looked_at) if self._exact else built.noisy(looked_at)
            targets = reading.targets(rows.labels[chosen])
            found = loss_variances(circuit, reading.loss, targets, starts)
        return {_VARIANCE: significant(float(found.max()))}

    def depolarised(self, strength: float) -> VariationalArm:
        """Return this arm behind a global depolarising channel, as on a drifted device (modelled).

        Weights that were trained exactly stay as they are.
        """
        other = copy.copy(self)
        other._drift, other._built, other._outcomes = strength, None, {}
        other._models = dict(self._models) if self._exact else {}
        other._checked = {}  # which would be that of the device before its drift
        return other

    def run(self, seed: int, shots: Shots, replicate: int, items: Items = None) -> Outcome:
        """Train, unless it is done, then read the validation items and predict."""
        cell = (seed, shots, replicate)
        model = self._model(cell)
        outcomes = self._validation(cell, model)
        call = "validation"
        if items is not None:
            outcomes, call = outcomes[slice(*items)], f"validation {items[0]} to {items[1]}"
        rng = generator(self._spec.role, *cell, call)
        z = expectations(outcomes) if shots is None else drawn(outcomes, shots, rng)
        output, trains = model.output(z), items is None or items[0] == 0
        prints = {"training": model.drawn if trains else None, call: fingerprint((1.0 - z) / 2)}
        predicted = self._target.predictions(model.reading.predict(output), len(z))
        scores = (np.round(output, _SCORE_DIGITS) + 0.0).tolist()
        return Outcome(
            tuple(predicted.tolist()),
            tuple(scores) if self._target.classes == 2 else None,
            fit_circuits=model.circuits if trains else 0,
            serving_circuits=len(z),
            draws={
                name: print_
                for name, print_ in prints.items()
                if print_ is not None and shots is not None
            },
            figures=model.figures,
        )

    def serve(self, seed: int, shots: Shots) -> Server:
        """Return the path of a request: preprocess, run its circuit, read, predict."""
        model, rows = self._model((seed, shots, 0)), self._rows(seed)
        read = self._build(rows.features.shape[1]).reader(model.weights)
        rng = generator(self._spec.role, seed, shots, 0, "serving")

        def serve(features: Array) -> Labels:
            outcomes = read(dense(rows.preprocess.transform(features)))
            z = expectations(outcomes) if shots is None else drawn(outcomes, shots, rng)
            return self._target.predictions(model.reading.predict(model.output(z)), len(features))

        return serve

    def _rows(self, seed: int) -> _Rows:
        """Return a seed's split prepared; only one split's features are in memory at a time."""
        key = seed if self._split.resampled else None
        if self._ready is None or self._ready[0] != key:
            split = self._split.of_seed(seed)
            preprocess, features, validation = fitted_features(self._spec, self._workshop, split)
            self._ready = key, _Rows(preprocess, features, split.fit_on[1], validation)
        return self._ready[1]

    def _build(self, features: int) -> BuiltVariational:
        """Return the circuit for rows of so many features, built once."""
        if self._built is None or self._built[0] != features:
            from qgate.quantum.variational import build_variational  # with the SDK

            folder, classes = self._workshop.folder, self._target.classes
            with located(self._spec.role, "variational"):
                built = build_variational(self._circuit, features, classes, folder)
            self._built = features, replace(built, depolarised=self._drift)
        return self._built[1]

    def _model(self, cell: Cell) -> _Model:
        """Return what training ended in; one for all trials of a seed where it is exact."""
        key = cell[0] if self._exact else cell
        if key not in self._models:
            with threadpool_limits(limits=1, user_api="blas"):
                self._models[key] = self._trained(cell)
        return self._models[key]

    def _trained(self, cell: Cell) -> _Model:
        seed, shots, replicate = cell
        rows = self._rows(seed)
        built = self._build(rows.features.shape[1])
        start = self._start(built, generator(self._role, seed, None, 0, "start"))
        reading = head_of(self._training, self._target.classes, rows.labels, len(built.read))
        targets = reading.targets(rows.labels)
        if self._exact:
            rng = generator(self._role, seed, None, 0, "training")
            circuit = built.exact(rows.features)
            found = train(circuit, reading.loss, targets, self._training, start, rng)
            return _finished(found, reading, 0, None)
        rng = generator(self._spec.role, seed, shots, replicate, "training")
        measured = built.measured(
            rows.features, shots, generator(self._spec.role, seed, shots, replicate, "reading")
        )
        found = train(measured, reading.loss, targets, self._training, start, rng)
        first = np.concatenate([part.reshape(-1) for part in measured.first] or [np.empty(0)])
        return _finished(found, reading, measured.circuits, fingerprint((1.0 - first) / 2))

    def _start(self, built: BuiltVariational, rng: np.random.Generator) -> Array:
        """Return weights to start from: factors of data where a `start` is stated only."""
        between = self._training.start
        return built.feature_map.weights.start(between, rng, all_=between != Training().start)

    def _validation(self, cell: Cell, model: _Model) -> Array:
        """Return the chance of each joint outcome of the validation items, (items, 2^read)."""
        seed = cell[0]
        if self._exact and seed in self._outcomes:
            return self._outcomes[seed]
        rows = self._rows(seed)
        with threadpool_limits(limits=1, user_api="blas"):
            found = self._build(rows.features.shape[1]).reader(model.weights)(rows.validation)
        if self._exact:
            self._outcomes[seed] = found
        return found

    def _refuse_beyond_memory(self, built: BuiltVariational, validation: int) -> None:
        """Refuse, before it is allocated, what would not fit.

        Raises:
            TrialError: With qubits, bytes and what would fit.

        """
        workshop = self._workshop
        seeds = len({seed for seed, _, _ in workshop.cells}) or 1
        needed = seeds * validation * built.row_bytes * workshop.copies + 32 * built.state_bytes
        if needed > workshop.max_memory:
            raise TrialError(
                "too_large",
                f"{self._spec.id}: states of {built.feature_map.qubits} qubits and the outcomes of "
                f"{len(built.read)} read ones take {needed / 1e9:.3g} GB, and --max-memory allows "
                f"{workshop.max_memory / 1e9:.3g} GB: use fewer qubits, or name those to read",
            )


def _finished(found: Trained, reading: Head, circuits: int, print_: str | None) -> _Model:
    """Return a model of what training ended in.

    Raises:
        TrialError: When it ended in numbers that are not finite.

    """
    if not np.all(np.isfinite(np.concatenate([found.weights, found.head, found.losses[-1:]]))):
        message = "training ended in weights that are no finite numbers: lower its learning_rate"
        raise TrialError("diverged", message)
    figures = {
        "training_steps": float(found.steps),
        "training_loss": float(f"{found.losses[-1]:.9g}"),
        "trained_on_simulator": float(circuits == 0),
    }
    weights, head = (np.round(part, DIGITS) for part in (found.weights, found.head))
    return _Model(weights, head, reading, circuits, print_, figures)


def outline(spec: ArmSpec, workshop: Workshop) -> tuple[BuiltVariational, Array]:
    """Return an arm's circuit and its training rows' features; nothing is trained.

    Raises:
        TermError: When the circuit is beyond the charter's limits or its device.
        TrialError: When preparing the arm would take too much memory.

    """
    arm = VariationalArm(spec, workshop)
    features = arm._rows(first_seed(workshop)).features
    return arm._build(features.shape[1]), features
