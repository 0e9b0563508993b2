"""Estimators on PennyLane circuits, in the style of scikit-learn."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from qgate.arms.state_kernel import Floats, StateKernelClassifier, StateKernelRegressor, States
from qgate.errors import UsageError
from qgate.plugins import ParamError, refuse_no_count

_EMBEDDINGS: dict[str, dict[str, Any]] = {
    "AngleEmbedding": {"rotation": "Y"},
    "IQPEmbedding": {},
}
"""PennyLane's templates by name, with what they are given besides features and wires."""
_ANSATZES = ("StronglyEntanglingLayers", "BasicEntanglerLayers")
_DEVICES = ("default.qubit", "lightning.qubit")
_ON_DEVICES = ("parameter-shift", "spsa")
"""Gradients that take shots; the others need a simulator's state vector, and train exactly."""
_STEEPNESS = 4.0
"""Where the trained factor between an expectation and a score starts."""


class _Variational(BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A circuit with trained weights; expectations of Z on the first qubits are its outputs."""

    def __init__(
        self,
        embedding: str = "AngleEmbedding",
        ansatz: str = "StronglyEntanglingLayers",
        layers: int = 2,
        reupload: bool = False,
        circuit: Callable[[Any, Any], None] | None = None,
        weights_shape: Sequence[int] | None = None,
        qubits: int | None = None,
        device: str = "default.qubit",
        diff_method: str = "best",
        steps: int = 60,
        batch: int | None = 32,
        learning_rate: float = 0.1,
        shots: int | None = None,
        shot_seed: int | None = None,
        random_state: int | None = None,
    ) -> None:
        """Keep the parameters.

        Args:
            embedding: `AngleEmbedding` (rotations about Y) or `IQPEmbedding`.
            ansatz: `StronglyEntanglingLayers` or `BasicEntanglerLayers`.
            layers: Of the ansatz.
            reupload: Whether the features are embedded before each layer, not only the first.
            circuit: Instead of embedding and ansatz: a function of (x, weights), where x has the
                shape (rows, features): PennyLane's gates take a column of it as it stands. In a
                charter: `{import: package.module.function}`.
            weights_shape: Of such a circuit's weights.
            qubits: None for one a feature, and at least one an output.
            device: `default.qubit`, which takes all rows in one pass, or `lightning.qubit`.
            diff_method: As PennyLane has it; `best` is backprop on default.qubit, adjoint on
                lightning.qubit, which train exactly. `parameter-shift` trains with the shots.
            steps: Of Adam (Kingma, Ba 2015).
            batch: Rows of a step, drawn without replacement; None for all.
            learning_rate: Of Adam.
            shots: Of each row's circuit; None for exact expectations.
            shot_seed: Of the draws.
            random_state: Of the first weights and the batches.

        """
        self.embedding, self.ansatz, self.layers, self.reupload = (
            embedding,
            ansatz,
            layers,
            reupload,
        )
        self.circuit, self.weights_shape, self.qubits = circuit, weights_shape, qubits
        self.device, self.diff_method = device, diff_method
        self.steps, self.batch, self.learning_rate = steps, batch, learning_rate
        self.shots, self.shot_seed, self.random_state = shots, shot_seed, random_state

    def __getstate__(self) -> dict[str, Any]:
        """Leave the device behind, which need not be picklable; it is made again."""
        state = dict(super().__getstate__())
        state.pop("_served", None)
        return state

    def _train(self, X: Any, targets: Floats, loss: Callable[[Any, Any, Any], Any]) -> None:
        """Find weights, factors and offsets; `loss` is of (PennyLane's numpy, scores, targets)."""
        qml = _pennylane()
        rows = np.asarray(X, dtype=np.float64)
        self.outputs_ = targets.shape[1]
        self.qubits_ = self.qubits or max(rows.shape[1], self.outputs_)
        self._refuse_unknown(rows.shape[1])
        rng = np.random.default_rng(self.random_state)
        # Exact gradients need the state vector, which a measuring device does not have.
        sampled = self.shots is not None and self.diff_method in _ON_DEVICES
        node = self._node(qml, sampled=sampled, stream=0, diff_method=self._gradient())
        pnp = qml.numpy
        trained = [
            pnp.array(value, requires_grad=True)
            for value in (
                rng.uniform(0.0, 2.0 * np.pi, self._shape(qml)),
                np.full(self.outputs_, _STEEPNESS),
                np.zeros(self.outputs_),
            )
        ]
        size = len(rows) if self.batch is None else min(self.batch, len(rows))
        optimizer = qml.AdamOptimizer(self.learning_rate)
        for _ in range(self.steps):
            chosen = np.sort(rng.choice(len(rows), size, replace=False))
            x, y = rows[chosen], targets[chosen]

            def cost(weights: Any, factor: Any, offset: Any, x: Any = x, y: Any = y) -> Any:
                return loss(pnp, factor * self._expectations(qml, node, weights, x) + offset, y)

            trained = optimizer.step(cost, *trained)
        self.weights_, self.factor_, self.offset_ = (np.asarray(value) for value in trained)
        # What the parameter-shift rule takes on a device, whichever gradient was used here.
        self.fit_circuits_ = self.steps * size * (1 + 2 * int(self.weights_.size))
        self.circuits_per_item_ = 1
        self.__dict__.pop("_served", None)

    def _scores(self, X: Any) -> Floats:
        """Return the trained scores, measured anew: shape (rows, outputs)."""
        qml = _pennylane()
        if not hasattr(self, "_served"):
            self._served = self._node(qml, sampled=self.shots is not None, stream=1)
        rows = np.asarray(X, dtype=np.float64)
        measured = np.asarray(self._expectations(qml, self._served, self.weights_, rows))
        return np.asarray(self.factor_ * measured + self.offset_, dtype=np.float64)

    def _gradient(self) -> str:
        exact = {"default.qubit": "backprop", "lightning.qubit": "adjoint"}
        return exact[self.device] if self.diff_method == "best" else self.diff_method

    def _node(
        self, qml: ModuleType, *, sampled: bool, stream: int, diff_method: str | None = None
    ) -> Any:
        """Return the circuit on a device of its own, whose draws are a stream of the shot seed."""
        entropy = np.random.SeedSequence([self.shot_seed or 0, stream])
        device = qml.device(
            self.device, wires=self.qubits_, seed=int(entropy.generate_state(1, np.uint32)[0])
        )

        def measured(x: Any, weights: Any) -> Any:
            self._apply(qml, x, weights)
            return [qml.expval(qml.PauliZ(wire)) for wire in range(self.outputs_)]

        node = qml.QNode(measured, device, interface="autograd", diff_method=diff_method)
        return qml.set_shots(node, shots=self.shots) if sampled else node

    def _apply(self, qml: ModuleType, x: Any, weights: Any) -> None:
        if self.circuit is not None:
            self.circuit(x, weights)
            return
        wires, features = range(self.qubits_), range(np.shape(x)[-1])
        for layer in range(self.layers):
            if layer == 0 or self.reupload:
                getattr(qml, self.embedding)(x, wires=features, **_EMBEDDINGS[self.embedding])
            getattr(qml, self.ansatz)(weights[layer : layer + 1], wires=wires)

    def _expectations(self, qml: ModuleType, node: Any, weights: Any, rows: Floats) -> Any:
        """Return the outputs of each row: shape (rows, outputs)."""
        found = qml.math.stack(node(rows, weights))
        return qml.math.transpose(qml.math.reshape(found, (self.outputs_, len(rows))))

    def _shape(self, qml: ModuleType) -> tuple[int, ...]:
        if self.circuit is not None:
            return tuple(self.weights_shape or ())
        template = getattr(qml, self.ansatz)
        return tuple(template.shape(n_layers=self.layers, n_wires=self.qubits_))

    def _refuse_unknown(self, features: int) -> None:
        for name, value, known in (
            ("embedding", self.embedding, tuple(_EMBEDDINGS)),
            ("ansatz", self.ansatz, _ANSATZES),
            ("device", self.device, _DEVICES),
        ):
            if value not in known:
                raise ParamError((name,), f"{value!r} is none of {', '.join(known)}")
        for name in ("layers", "steps"):
            refuse_no_count(name, getattr(self, name))
        if self.circuit is not None and self.weights_shape is None:
            raise ParamError(("circuit",), "a circuit of one's own needs `weights_shape`")
        if self.qubits_ < max(self.outputs_, features if self.circuit is None else 1):
            needed = max(self.outputs_, features)
            raise ParamError(("qubits",), f"{self.qubits_} are too few: {needed} are needed")


class VariationalClassifier(ClassifierMixin, _Variational):  # type: ignore[misc]  # sklearn is untyped
    """Class scores from expectations of Z, trained on the logistic or softmax loss."""

    def fit(self, X: Any, y: Any) -> VariationalClassifier:
        """Train on rows of shape (rows, features) and their classes."""
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("the training rows are of one class")
        if len(self.classes_) == 2:
            self._train(X, codes[:, None].astype(np.float64), _logistic)
        else:
            self._train(X, np.eye(len(self.classes_))[codes], _softmax)
        return self

    def predict(self, X: Any) -> Any:
        """Return the class of each row: shape (rows,)."""
        scores = self._scores(X)
        binary = self.outputs_ == 1
        return self.classes_[(scores[:, 0] > 0).astype(int) if binary else scores.argmax(axis=1)]

    def decision_function(self, X: Any) -> Floats:
        """Return the score of the second class, shape (rows,), or of each: (rows, classes)."""
        scores = self._scores(X)
        return scores[:, 0] if self.outputs_ == 1 else scores

    def predict_proba(self, X: Any) -> Floats:
        """Return the modelled probability of each class: shape (rows, classes)."""
        scores = self._scores(X)
        if self.outputs_ == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


class VariationalRegressor(RegressorMixin, _Variational):  # type: ignore[misc]  # sklearn is untyped
    """A number from the expectation of Z, trained on the squared loss of standardised targets."""

    def fit(self, X: Any, y: Any) -> VariationalRegressor:
        """Train on rows of shape (rows, features) and their numbers."""
        targets = np.asarray(y, dtype=np.float64)
        self.mean_, self.spread_ = float(targets.mean()), float(targets.std()) or 1.0
        self._train(X, ((targets - self.mean_) / self.spread_)[:, None], _squared)
        return self

    def predict(self, X: Any) -> Floats:
        """Return the number of each row: shape (rows,)."""
        return self._scores(X)[:, 0] * self.spread_ + self.mean_


class _PennyLaneStates:
    """State vectors of a PennyLane embedding, all rows in one pass."""

    def __init__(
        self,
        C: float = 1.0,
        embedding: str = "IQPEmbedding",
        repeat: int = 1,
        circuit: Callable[[Any], None] | None = None,
        qubits: int | None = None,
        shots: int | None = None,
        shot_seed: int | None = None,
        random_state: int | None = None,
    ) -> None:
        """Keep the parameters.

        Args:
            C: Of the support vector machine.
            embedding: `IQPEmbedding` or `AngleEmbedding` (rotations about Y).
            repeat: How often it is applied.
            circuit: Instead: a function of x, shape (rows, features), that applies gates. In a
                charter: `{import: package.module.function}`.
            qubits: None for one a feature.
            shots: Of each pair; None for exact fidelities.
            shot_seed: Of the draws.
            random_state: Not used: nothing of the training is random.

        """
        self.C, self.embedding, self.repeat = C, embedding, repeat
        self.circuit, self.qubits = circuit, qubits
        self.shots, self.shot_seed, self.random_state = shots, shot_seed, random_state

    def _states(self, rows: Floats) -> States:
        qml = _pennylane()
        if self.embedding not in _EMBEDDINGS:
            known = ", ".join(_EMBEDDINGS)
            raise ParamError(("embedding",), f"{self.embedding!r} is none of {known}")
        refuse_no_count("repeat", self.repeat)
        features = rows.shape[1]

        def prepared(x: Any) -> Any:
            for _ in range(self.repeat if self.circuit is None else 0):
                template = getattr(qml, self.embedding)
                template(x, wires=range(features), **_EMBEDDINGS[self.embedding])
            if self.circuit is not None:
                self.circuit(x)
            return qml.state()

        device = qml.device("default.qubit", wires=self.qubits or features)
        found = np.asarray(qml.QNode(prepared, device, diff_method=None)(rows))
        return np.asarray(found, dtype=np.complex128).reshape(len(rows), -1)


class KernelClassifier(_PennyLaneStates, StateKernelClassifier):
    """A support vector classifier on the fidelity kernel of a PennyLane embedding."""


class KernelRegressor(_PennyLaneStates, StateKernelRegressor):
    """A support vector regressor on the fidelity kernel of a PennyLane embedding."""


def _logistic(pnp: Any, scores: Any, targets: Floats) -> Any:
    return pnp.mean(pnp.logaddexp(0.0, scores) - targets * scores)


def _softmax(pnp: Any, scores: Any, targets: Floats) -> Any:
    highest = pnp.max(scores, axis=1)
    total = pnp.log(pnp.sum(pnp.exp(scores - highest[:, None]), axis=1)) + highest
    return pnp.mean(total - pnp.sum(targets * scores, axis=1))


def _squared(pnp: Any, scores: Any, targets: Floats) -> Any:
    return pnp.mean((scores - targets) ** 2)


def _pennylane() -> ModuleType:
    try:
        return importlib.import_module("pennylane")
    except ImportError as error:
        raise UsageError(f"{error}: pip install 'qgate[pennylane]'") from error
