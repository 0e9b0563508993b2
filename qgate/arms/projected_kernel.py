"""A projected kernel: each row prepared once; a trial draws its Bloch vectors, not its pairs."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

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
from qgate.arms.checkup import FIGURES, OnDevice, Subject, check_up, chosen_rows
from qgate.arms.features import dense, first_seed, fitted_features
from qgate.arms.kept_fits import KeptFits
from qgate.arms.kernel_estimator import kernel_estimator
from qgate.arms.target import Target
from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Shots
from qgate.data.dataset import Array, Labels
from qgate.data.split import SplitData
from qgate.quantum.projected import BASES, Readings, default_gamma, projected_kernel

if TYPE_CHECKING:
    from qgate.quantum.projected_build import BuiltRows


@dataclass(frozen=True)
class _Prepared:
    """What is exact about one split: the fitted preprocessing, and both parts' readings."""

    preprocess: Any
    features: Array
    """Of the training rows, shape (rows, columns)."""
    labels: Labels
    training: Readings
    validation: Readings

    def depolarised(self, strength: float) -> _Prepared:
        """Return it behind a global depolarising channel."""
        parts = (part.depolarised(strength) for part in (self.training, self.validation))
        training, validation = parts
        return replace(self, training=training, validation=validation)


@dataclass(frozen=True)
class _Trained:
    """A fitted estimator, and the training rows as they were measured."""

    estimator: Any
    bloch: Array
    gamma: float
    drawn: str | None
    """Fingerprint of the training draws."""

    def entries(self, bloch: Array) -> Array:
        """Return the kernel of measured rows against the training rows, (rows, training rows)."""
        return projected_kernel(bloch, self.bloch, self.gamma)


class ProjectedKernelArm:
    """Exact readings of all rows; a trial draws shots, makes the kernel and fits the estimator.

    The training rows are measured once a trial, so its kernel matrix is that of points, which is
    positive whatever the shots. Where the charter has no gamma, a trial's own comes from its
    training rows as measured.
    """

    def __init__(self, spec: ArmSpec, workshop: Workshop) -> None:
        """Prepare the split, or the first seed's; those of other seeds follow when they run."""
        assert spec.projected_kernel is not None  # noqa: S101  # the kind of this arm
        self._spec, self._kernel, self._workshop = spec, spec.projected_kernel, workshop
        self._split, self._kept = workshop.split, KeptFits()
        self._target = Target.of(workshop.split.dataset)
        self._estimator(0)
        self._built: tuple[int, BuiltRows] | None = None
        self._ready: tuple[int | None, _Prepared] | None = None
        self._drift = 0.0
        self._health: dict[str, Any] | None = None
        self._prepared(first_seed(workshop))

    def __getstate__(self) -> dict[str, Any]:
        """Leave the simulator behind when an arm goes to another process, which seldom needs it."""
        return {**self.__dict__, "_built": None}

    @property
    def figures(self) -> Mapping[str, Any]:
        """Return the figures of the longest of a row's circuits, and of the health asked for."""
        ready = self._ready[1] if self._ready else self._prepared(first_seed(self._workshop))
        if self._health is None:
            self._health = self._checked()
        found = self._build(ready.features.shape[1]).figures
        return found | ({"health": self._health} if self._health else {})

    def depolarised(self, strength: float) -> ProjectedKernelArm:
        """Return this arm behind a global depolarising channel, as on a drifted device (modelled).

        It acts on each row's state, before the qubits are read.
        """
        other = copy.copy(self)
        other._drift, other._ready, other._kept = strength, None, KeptFits()
        other._health = {}  # which would be that of the device before its drift
        if self._ready is not None:
            other._ready = self._ready[0], self._ready[1].depolarised(strength)
        return other

    def run(self, seed: int, shots: Shots, replicate: int, items: Items = None) -> Outcome:
        """Draw the training rows and fit; draw the validation items and predict them."""
        ready, cell = self._prepared(seed), (seed, shots, replicate)
        if items is None:
            trained, readings, call = self._fit(*cell), ready.validation, "validation"
        else:
            trained = self._kept.get(cell, lambda: self._fit(*cell))
            readings = ready.validation.part(slice(*items))
            call = f"validation {items[0]} to {items[1]}"
        bloch = readings.measured(shots, generator(self._spec.role, *cell, call))
        entries = trained.entries(bloch)
        trains = items is None or items[0] == 0
        fingerprints = {"training": trained.drawn if trains else None, call: _fingerprint(bloch)}
        return Outcome(
            tuple(
                self._target.predictions(trained.estimator.predict(entries), len(bloch)).tolist()
            ),
            self._target.scores(trained.estimator, entries),
            fit_circuits=len(BASES) * len(ready.training) if trains else 0,
            serving_circuits=len(BASES) * len(bloch),
            draws={
                name: drawn
                for name, drawn in fingerprints.items()
                if drawn is not None and shots is not None
            },
        )

    def serve(self, seed: int, shots: Shots) -> Server:
        """Return the path of a request: preprocess, prepare and draw its rows, predict."""
        ready, trained = self._prepared(seed), self._fit(seed, shots, 0)
        rng = generator(self._spec.role, seed, shots, 0, "serving")
        rows, preprocess = self._build(ready.features.shape[1]).rows, ready.preprocess

        def serve(features: Array) -> Labels:
            readings = rows.read(dense(preprocess.transform(features)))
            if self._drift:
                readings = readings.depolarised(self._drift)
            entries = trained.entries(readings.measured(shots, rng))
            return self._target.predictions(trained.estimator.predict(entries), len(features))

        return serve

    def _checked(self) -> dict[str, Any]:
        """Return the health that gates ask for, of the first seed's training rows."""
        if not self._workshop.health & FIGURES:
            return {}
        ready = self._prepared(first_seed(self._workshop))
        built, rows = self._build(ready.features.shape[1]), chosen_rows(len(ready.training))
        bloch = ready.training.bloch
        gram = projected_kernel(bloch[rows], bloch[rows], self._gamma(bloch))
        placed = None
        if built.placed is not None:
            laid, device = built.placed.laid, built.placed.device
            placed = OnDevice(device, laid.circuit, laid.parameters, built.circuit)
        subject = Subject(built.feature_map, ready.features[rows], gram, placed)
        return check_up(self._workshop.health, subject)

    def _prepared(self, seed: int) -> _Prepared:
        """Return a seed's split prepared; only one split's readings are in memory at a time."""
        key = seed if self._split.resampled else None
        if self._ready is None or self._ready[0] != key:
            self._ready = None  # before the next one is made
            self._ready = key, self._prepare(self._split.of_seed(seed))
        return self._ready[1]

    def _prepare(self, split: SplitData) -> _Prepared:
        preprocess, features, validation = fitted_features(self._spec, self._workshop, split)
        built = self._build(features.shape[1])
        _refuse_beyond_memory(self._spec, self._workshop, built, len(features), len(validation))
        with threadpool_limits(limits=1, user_api="blas"):
            readings = built.rows.read(features), built.rows.read(validation)
        found = _Prepared(preprocess, features, split.fit_on[1], *readings)
        return found.depolarised(self._drift) if self._drift else found

    def _build(self, features: int) -> BuiltRows:
        """Return what prepares rows of so many features, built once."""
        if self._built is None or self._built[0] != features:
            self._built = features, _build(self._spec, self._workshop, features)
        return self._built[1]

    def _fit(self, seed: int, shots: Shots, replicate: int) -> _Trained:
        ready = self._prepared(seed)
        rng = generator(self._spec.role, seed, shots, replicate, "training")
        bloch = ready.training.measured(shots, rng)
        gamma = self._gamma(bloch)
        gram = projected_kernel(bloch, bloch, gamma)
        fitted = self._estimator(seed).fit(gram, ready.labels)
        return _Trained(fitted, bloch, gamma, _fingerprint(bloch))

    def _gamma(self, bloch: Array) -> float:
        if self._kernel.gamma is not None:
            return self._kernel.gamma
        try:
            return default_gamma(bloch)
        except ValueError as error:
            raise TrialError("no_scale", f"{self._spec.id}: {error}; set `gamma`") from None

    def _estimator(self, seed: int) -> Any:
        step, allowed = self._kernel.estimator, self._workshop.allowed_imports
        classes = self._target.classes
        return kernel_estimator(step, seed, allowed, section="projected_kernel", classes=classes)


def outline(spec: ArmSpec, workshop: Workshop) -> tuple[BuiltRows, Array]:
    """Return what prepares an arm's rows, and its training rows' features; nothing is simulated.

    Raises:
        TermError: When the circuit is beyond the charter's limits or its device.
        TrialError: When preparing the arm would take too much memory.

    """
    split = workshop.split.of_seed(first_seed(workshop))
    _, features, validation = fitted_features(spec, workshop, split)
    built = _build(spec, workshop, features.shape[1])
    _refuse_beyond_memory(spec, workshop, built, len(features), len(validation))
    return built, features


def _build(spec: ArmSpec, workshop: Workshop, features: int) -> BuiltRows:
    from qgate.quantum.projected_build import build_projected

    assert spec.projected_kernel is not None  # noqa: S101  # the kind of this arm
    sampled = any(shots is not None for _, shots, _ in workshop.cells)
    with located(spec.role, "projected_kernel"):
        return build_projected(spec.projected_kernel, features, workshop.folder, sampled=sampled)


def _fingerprint(bloch: Array) -> str | None:
    """Return the fingerprint of the frequencies of reading 0."""
    return fingerprint((1 + bloch) / 2)


def _refuse_beyond_memory(
    spec: ArmSpec, workshop: Workshop, built: BuiltRows, train: int, validation: int
) -> None:
    """Refuse, before it is allocated, what would not fit.

    Raises:
        TrialError: With qubits, bytes and what would fit.

    """
    limit, copies = workshop.max_memory, workshop.copies
    if message := built.refusal(train, validation, limit=limit, copies=copies):
        raise TrialError("too_large", f"{spec.id}: {message}")
