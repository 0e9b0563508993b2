"""From labels to what a loss takes, and from what a trained circuit gives to predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qgate.charter.arm_spec import Training
from qgate.data.dataset import Array, Labels
from qgate.errors import TermError
from qgate.quantum.losses import BinaryCrossEntropy, CrossEntropy, Loss, Squared, WeightedFidelity


@dataclass(frozen=True)
class Head:
    """From expectations to predictions, and from labels to what a loss takes."""

    loss: Loss
    classes: int
    centre: float = 0.0
    spread: float = 1.0
    """Of the training rows' numbers."""

    def targets(self, labels: Labels) -> Array:
        """Return what the loss takes for labels, shape (rows,)."""
        values = np.asarray(labels, dtype=np.float64)
        if self.classes == 0:
            return (values - self.centre) / self.spread
        return 2.0 * values - 1.0 if isinstance(self.loss, Squared) else values

    def predict(self, output: Array) -> Array:
        """Return class codes or numbers for what the loss gives."""
        if self.classes == 0:
            return self.centre + self.spread * output
        return np.argmax(output, axis=1) if self.classes > 2 else (output > 0).astype(np.int64)


def head_of(training: Training, classes: int, labels: Labels, read: int) -> Head:
    """Return the head for a training's labels; numbers are standardised by these.

    Raises:
        TermError: When the loss is not for so many classes.

    """
    loss = loss_of(training, classes, read)
    if classes:
        return Head(loss, classes)
    spread = float(np.std(labels))
    return Head(loss, 0, float(np.mean(labels)), spread if spread > 0 else 1.0)


def loss_of(training: Training, classes: int, read: int) -> Loss:
    """Return the loss that a training names, or the task's own.

    Args:
        training: Of the charter.
        classes: Of the target, 0 where it is a number.
        read: Qubits that are read.

    Raises:
        TermError: When it is not for so many classes; the path is that within the arm's section.

    """
    name = training.loss or ("cross_entropy" if classes else "squared")
    several: Loss = CrossEntropy(classes) if classes > 2 else BinaryCrossEntropy()
    losses: dict[str, tuple[bool, Loss]] = {
        "cross_entropy": (classes >= 2, several),
        "squared": (classes in (0, 2), Squared()),
        "weighted_fidelity": (classes == 2, WeightedFidelity(read)),
    }
    fits, loss = losses[name]
    if not fits:
        what = f"{classes} classes" if classes else "numbers"
        message = f"the loss {name} is not for {what}"
        raise TermError(("training", "loss"), message)
    return loss
