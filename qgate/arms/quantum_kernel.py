"""A fidelity kernel: each row prepared once, one matrix product, and draws for each trial."""

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
from qgate.arms.checkup import FIGURES, OnDevice, Subject, check_up, chosen_rows
from qgate.arms.features import dense, first_seed, fitted_features
from qgate.arms.kept_fits import KeptFits
from qgate.arms.kernel_estimator import kernel_estimator, support
from qgate.arms.target import Target
from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Shots
from qgate.data.dataset import Array, Codes, Labels
from qgate.data.split import SplitData
from qgate.quantum.estimate import DIGITS, Estimate, measured, measured_gram
from qgate.quantum.spectrum import clip

if TYPE_CHECKING:
    from qgate.quantum.build import Built


@dataclass(frozen=True)
class _Exact:
    """What is exact about one split: the fitted preprocessing, its features, all estimates."""

    preprocess: Any
    features: Array
    labels: Labels
    gram: Estimate
    cross: Estimate
    unit_diagonal: bool
    qubits: int

    @property
    def rows(self) -> int:
        """Return the number of training rows."""
        return len(self.labels)

    @property
    def pairs(self) -> int:
        """Return the number of training pairs that are measured."""
        return self.rows * (self.rows - 1) // 2 + (0 if self.unit_diagonal else self.rows)

    def depolarised(self, strength: float) -> _Exact:
        """Return it behind a global depolarising channel."""
        gram, cross = (part.depolarised(strength) for part in (self.gram, self.cross))
        return replace(self, gram=gram, cross=cross)


@dataclass(frozen=True)
class _Trained:
    """A fitted estimator, and what its training block was."""

    estimator: Any
    projector: Array | None
    """What new entries are multiplied by, where the training block's spectrum was clipped."""
    drawn: str | None
    """Fingerprint of the training draws."""
    figures: Mapping[str, float]

    def entries(self, drawn: Array) -> Array:
        """Return measured entries as the estimator takes them."""
        return drawn if self.projector is None else np.round(drawn @ self.projector, DIGITS)

    def predict(self, entries: Array) -> Any:
        """Return what the estimator predicts."""
        return self.estimator.predict(entries)

    def support(self, rows: int) -> Codes:
        """Return the training rows that a prediction needs: support vectors, else all."""
        if self.projector is not None:
            return np.arange(rows, dtype=np.int64)
        return support(self.estimator, rows)


class QuantumKernelArm:
    """Exact estimates of all pairs; a trial only draws shots and fits the kernel estimator."""

    def __init__(self, spec: ArmSpec, workshop: Workshop) -> None:
        """Prepare the split, or the first seed's; those of other seeds follow when they run."""
        assert spec.quantum_kernel is not None  # noqa: S101  # the kind of this arm
        self._spec, self._kernel, self._workshop = spec, spec.quantum_kernel, workshop
        self._split, self._kept = workshop.split, KeptFits()
        self._target = Target.of(workshop.split.dataset)
        self._estimator(0)
        self._built: tuple[int, Built] | None = None
        self._ready: tuple[int | None, _Exact] | None = None
        self._drift = 0.0
        self._health: dict[str, Any] | None = None
        self._exact(first_seed(workshop))

    def __getstate__(self) -> dict[str, Any]:
        """Leave the simulator behind when an arm goes to another process, which seldom needs it."""
        return {**self.__dict__, "_built": None}

    @property
    def figures(self) -> dict[str, Any]:
        """Return the figures of the circuit, of its noisy kernel, and of the health asked for."""
        exact = self._ready[1] if self._ready else self._exact(first_seed(self._workshop))
        built = self._build(exact.features.shape[1])
        noise = {} if built.kernel.unit_diagonal else _noise_figures(exact.gram)
        if self._health is None:
            self._health = self._checked()
        return built.figures | noise | ({"health": self._health} if self._health else {})

    def depolarised(self, strength: float) -> QuantumKernelArm:
        """Return this arm behind a global depolarising channel, as on a drifted device (modelled).

        A pair's own fidelity of 1 is not measured, so it stays.
        """
        other = copy.copy(self)
        other._drift, other._ready, other._kept = strength, None, KeptFits()
        other._health = {}  # which would be that of the device before its drift
        if self._ready is not None:
            other._ready = self._ready[0], self._ready[1].depolarised(strength)
        return other

    def run(self, seed: int, shots: Shots, replicate: int, items: Items = None) -> Outcome:
        """Draw the kernel's entries, fit on the training block, predict the validation items."""
        exact, cell = self._exact(seed), (seed, shots, replicate)
        if items is None:
            trained, cross, call = self._fit(*cell), exact.cross, "validation"
        else:
            trained = self._kept.get(cell, lambda: self._fit(*cell))
            cross = exact.cross.part(slice(*items))
            call = f"validation {items[0]} to {items[1]}"
        drawn = measured(cross, shots, generator(self._spec.role, *cell, call))
        entries = trained.entries(drawn)
        trains = items is None or items[0] == 0
        fingerprints = {"training": trained.drawn if trains else None, call: fingerprint(drawn)}
        return Outcome(
            tuple(self._target.predictions(trained.predict(entries), len(drawn)).tolist()),
            self._target.scores(trained.estimator, entries),
            fit_circuits=exact.pairs * exact.gram.circuits if trains else 0,
            serving_circuits=len(drawn) * len(trained.support(exact.rows)) * cross.circuits,
            draws={
                name: drawn
                for name, drawn in fingerprints.items()
                if drawn is not None and shots is not None
            },
            figures=trained.figures,
        )

    def serve(self, seed: int, shots: Shots) -> Server:
        """Return the path of a request: preprocess, prepare its row, draw, predict."""
        exact, trained = self._exact(seed), self._fit(seed, shots, 0)
        support = trained.support(exact.rows)
        rng = generator(self._spec.role, seed, shots, 0, "serving")
        kernel, preprocess = self._build(exact.features.shape[1]).kernel, exact.preprocess
        known = kernel.second(exact.features[support])

        def serve(features: Array) -> Labels:
            request = kernel.first(dense(preprocess.transform(features)))
            estimate = kernel.estimate(request, known)
            if self._drift:
                estimate = estimate.depolarised(self._drift)
            entries = np.zeros((len(features), exact.rows))
            entries[:, support] = measured(estimate, shots, rng)
            return self._target.predictions(
                trained.predict(trained.entries(entries)), len(features)
            )

        return serve

    def _checked(self) -> dict[str, Any]:
        """Return the health that gates ask for, of the first seed's training rows."""
        if not self._workshop.health & FIGURES:
            return {}
        exact = self._exact(first_seed(self._workshop))
        built, rows = self._build(exact.features.shape[1]), chosen_rows(exact.rows)
        gram = measured_gram(
            exact.gram.part(np.ix_(rows, rows)),
            None,
            np.random.default_rng(0),  # nothing is drawn
            unit_diagonal=exact.unit_diagonal,
        )
        placed = None
        if built.placed is not None:
            template, device = built.placed.template, built.placed.device
            placed = OnDevice(device, template.first, template.x, template.circuit)
        subject = Subject(built.feature_map, exact.features[rows], gram, placed)
        return check_up(self._workshop.health, subject)

    def _exact(self, seed: int) -> _Exact:
        """Return a seed's split prepared; only one split's matrices are in memory at a time."""
        key = seed if self._split.resampled else None
        if self._ready is None or self._ready[0] != key:
            self._ready = None  # before the next one is made
            self._ready = key, self._prepare(self._split.of_seed(seed))
        return self._ready[1]

    def _prepare(self, split: SplitData) -> _Exact:
        """Prepare each row once and estimate all pairs."""
        preprocess, features, validation = fitted_features(self._spec, self._workshop, split)
        built = self._build(features.shape[1])
        kernel, labels = built.kernel, split.fit_on[1]
        _refuse_beyond_memory(self._spec, self._workshop, built, len(features), len(validation))
        with threadpool_limits(limits=1, user_api="blas"):
            first = kernel.first(features)
            second = first if kernel.unit_diagonal else kernel.second(features)
            gram = kernel.estimate(first, second)
            cross = kernel.estimate(kernel.first(validation), second)
        qubits = built.feature_map.qubits
        exact = _Exact(preprocess, features, labels, gram, cross, kernel.unit_diagonal, qubits)
        return exact.depolarised(self._drift) if self._drift else exact

    def _build(self, features: int) -> Built:
        """Return the kernel for rows of so many features, built once."""
        if self._built is None or self._built[0] != features:
            self._built = features, _build(self._spec, self._workshop, features)
        return self._built[1]

    def _fit(self, seed: int, shots: Shots, replicate: int) -> _Trained:
        exact = self._exact(seed)
        rng = generator(self._spec.role, seed, shots, replicate, "training")
        gram = measured_gram(exact.gram, shots, rng, unit_diagonal=exact.unit_diagonal)
        drawn, estimator = fingerprint(gram), self._estimator(seed)
        if self._kernel.spectrum != "clip":
            return _Trained(estimator.fit(gram, exact.labels), None, drawn, {})
        found = clip(gram)
        fitted = estimator.fit(found.gram, exact.labels)
        return _Trained(fitted, found.projector, drawn, {"negative_spectrum": found.share})

    def _estimator(self, seed: int) -> Any:
        step, allowed = self._kernel.estimator, self._workshop.allowed_imports
        classes = self._target.classes
        return kernel_estimator(step, seed, allowed, section="quantum_kernel", classes=classes)


def outline(spec: ArmSpec, workshop: Workshop) -> tuple[Built, Array]:
    """Return an arm's kernel and its training rows' features; nothing is simulated.

    Raises:
        TermError: When the circuit is beyond the charter's limits or its device.
        TrialError: When preparing the arm would take too much memory.

    """
    split = workshop.split.of_seed(first_seed(workshop))
    _, features, validation = fitted_features(spec, workshop, split)
    built = _build(spec, workshop, features.shape[1])
    _refuse_beyond_memory(spec, workshop, built, len(features), len(validation))
    return built, features


def _build(spec: ArmSpec, workshop: Workshop, features: int) -> Built:
    from qgate.quantum.build import build_kernel  # with the SDK, which a worker seldom needs

    assert spec.quantum_kernel is not None  # noqa: S101  # the kind of this arm
    sampled = any(shots is not None for _, shots, _ in workshop.cells)
    with located(spec.role, "quantum_kernel"):
        return build_kernel(spec.quantum_kernel, features, workshop.folder, sampled=sampled)


def _noise_figures(gram: Estimate) -> dict[str, float]:
    """Return how far a noisy kernel is from an ideal one, which has a diagonal of 1."""
    exact = gram.exact
    diagonal = np.diag(exact)
    return {
        "diagonal_min": round(float(diagonal.min()), 9),
        "diagonal_mean": round(float(diagonal.mean()), 9),
        "diagonal_max": round(float(diagonal.max()), 9),
        "asymmetry": round(float(np.abs(exact - exact.T).max()), 9),
    }


def _refuse_beyond_memory(
    spec: ArmSpec, workshop: Workshop, built: Built, train: int, validation: int
) -> None:
    """Refuse, before it is allocated, what would not fit.

    Raises:
        TrialError: With qubits, bytes and what would fit.

    """
    from qgate.quantum.memory import refusal

    limit, copies = workshop.max_memory, workshop.copies
    if message := refusal(built, train, validation, limit=limit, copies=copies):
        raise TrialError("too_large", f"{spec.id}: {message}")
