"""The protocol of an arm, and the table of its kinds."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from qgate.charter.charter import ArmSpec, Shots
from qgate.data.dataset import Array, Codes
from qgate.data.split import SplitData
from qgate.digest import digest, sha256
from qgate.errors import ExecutionError

_SCORE_DIGITS = 6
"""Scores are kept to this many decimals, so that the last bits of a library do not change them."""

Server = Callable[[Array], Codes]
"""Serves one request: features of shape (batch, columns) to class codes."""


class TrialError(ExecutionError):
    """A trial could not be carried out; `kind` is a stable name for the evidence."""

    def __init__(self, kind: str, message: str) -> None:
        """Keep the stable kind apart from the message, which may differ between machines."""
        self.kind, self._message = kind, message
        super().__init__(kind, message)  # both, so that it can travel between processes

    def __str__(self) -> str:
        """Return the message for people."""
        return self._message


@dataclass(frozen=True)
class Outcome:
    """What a trial produced, raw; no metric is computed here."""

    predictions: tuple[int, ...]
    """Class code of each validation item."""
    scores: tuple[float, ...] | None
    """Score for the class coded 1, binary targets only."""
    fit_circuits: int = 0
    """Circuits that training takes on a device."""
    serving_circuits: int = 0
    """Circuits that predicting all validation items takes on a device."""

    @property
    def digest(self) -> str:
        """Return the digest of predictions and scores."""
        return digest({"predictions": self.predictions, "scores": self.scores})


class Arm(Protocol):
    """An arm, prepared: everything deterministic is computed once and shared by all trials."""

    def run(self, seed: int, shots: Shots, replicate: int) -> Outcome:
        """Train and predict the validation items; the same arguments give the same outcome."""
        ...

    def serve(self, seed: int, shots: Shots) -> Server | None:
        """Return the trained serving path, None if there is none; it precomputes no request."""
        ...


@dataclass(frozen=True)
class Workshop:
    """What building an arm takes."""

    split: SplitData
    folder: Path
    allowed_imports: Collection[str]
    cells: tuple[tuple[int, Shots, int], ...]
    """Seed, shots and replicate of each trial to come."""


_KINDS = {
    "estimator": ("qgate.arms.classical", "ClassicalArm"),
    "quantum_kernel": ("qgate.arms.quantum_kernel", "QuantumKernelArm"),
    "recorded": ("qgate.arms.recorded", "RecordedArm"),
}


def build_arm(spec: ArmSpec, workshop: Workshop) -> Arm:
    """Return a prepared arm.

    Raises:
        UsageError, InvalidFileError: When its classes, parameters or files are not usable.
        TrialError: When its preparation fails on these data.

    """
    module, name = _KINDS[spec.kind]
    arm: Arm = getattr(importlib.import_module(module), name)(spec, workshop)
    return arm


def generator(role: str, seed: int, shots: Shots, replicate: int, call: str) -> np.random.Generator:
    """Return the stream of one draw; the streams of different draws are independent.

    The entropy is a digest of the draw's name, since neighbouring integer seeds may correlate.
    """
    name = f"{role}/{seed}/{shots}/{replicate}/{call}"
    entropy = int.from_bytes(bytes.fromhex(sha256(name.encode())))
    return np.random.default_rng(np.random.SeedSequence(entropy))


def class_codes(predicted: npt.ArrayLike, items: int, classes: int) -> Codes:
    """Return predictions as class codes, shape (items,), each from 0 to classes - 1.

    Raises:
        TrialError: When they are not one class of the data for each item, as a regressor's or an
            outlier detector's are not.

    """
    values = np.asarray(predicted)
    if values.shape != (items,):
        raise TrialError(
            "wrong_length", f"{items} items were given, predictions of shape {values.shape} came"
        )
    if values.dtype.kind not in "biuf" or not np.all(np.isin(values, np.arange(classes))):
        raise TrialError("not_class_labels", "predictions are not class labels: use a classifier")
    return values.astype(np.int64)


def item_scores(estimator: object, features: Array, classes: int) -> tuple[float, ...] | None:
    """Return a binary classifier's scores of the class coded 1, None where it gives none.

    Raises:
        TrialError: When they are not one finite number for each item.

    """
    if classes != 2:
        return None
    for name, column in (("decision_function", None), ("predict_proba", 1)):
        method = getattr(estimator, name, None)
        if method is not None:
            values = np.asarray(method(features), dtype=np.float64)
            values = values if column is None else values[:, column]
            if values.shape != (len(features),) or not np.all(np.isfinite(values)):
                raise TrialError("bad_scores", f"{name} does not give one number for each item")
            return tuple((np.round(values, _SCORE_DIGITS) + 0.0).tolist())
    return None
