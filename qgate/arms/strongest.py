"""The strong classical baseline: families that a referee expects, each with what is worth trying.

The ranges are those of common studies: linear and kernel machines over decades of C and gamma
(Hsu, Chang and Lin 2003), boosted trees over learning rate and size (Hastie et al. 2009, 10.11 to
10.12), and a perceptron over width and weight decay, as in Bowles, Ahmed and Schuld (2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from qgate.charter.arm_spec import ArmSpec, Step, Tuning

_DECADES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
_SCALED = (Step("sklearn.preprocessing.StandardScaler", {}),)


@dataclass(frozen=True)
class Family:
    """A family of models: one class for classes and one for numbers."""

    classifier: str
    regressor: str
    space: Mapping[str, tuple[Any, ...]]
    params: Mapping[str, Any] = field(default_factory=dict)
    """What stays as it is."""
    of_classes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """What only the classifier has."""
    of_numbers: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """What only the regressor has."""


FAMILIES: dict[str, Family] = {
    "logistic_regression": Family(
        "sklearn.linear_model.LogisticRegression",
        "sklearn.linear_model.Ridge",
        {},
        of_classes={"C": _DECADES, "max_iter": (5000,)},
        of_numbers={"alpha": _DECADES},
    ),
    "rbf_svc": Family(
        "sklearn.svm.SVC",
        "sklearn.svm.SVR",
        {"C": _DECADES[2:], "gamma": ("scale", *_DECADES[:5])},
    ),
    "gradient_boosting": Family(
        "sklearn.ensemble.HistGradientBoostingClassifier",
        "sklearn.ensemble.HistGradientBoostingRegressor",
        {
            "learning_rate": (0.03, 0.1, 0.3),
            "max_leaf_nodes": (4, 8, 31),
            "min_samples_leaf": (5, 20),
        },
        {"early_stopping": False},
    ),
    "mlp": Family(
        "sklearn.neural_network.MLPClassifier",
        "sklearn.neural_network.MLPRegressor",
        {"hidden_layer_sizes": ((100,), (50, 50), (10,)), "alpha": (0.0001, 0.01, 1.0)},
        {"max_iter": 2000, "solver": "lbfgs"},
    ),
}


def members(spec: ArmSpec, *, classes: bool) -> dict[str, ArmSpec]:
    """Return an arm for each family that a strongest baseline names, with its share of the budget.

    Args:
        spec: Whose kind is `strongest`.
        classes: Whether classes are predicted, not numbers.

    """
    named = spec.strongest or ()
    asked = spec.tuning or Tuning(DEFAULT_BUDGET)
    shares = dict.fromkeys(named, asked.budget // len(named))
    for name in named[: asked.budget % len(named)]:
        shares[name] += 1
    return {
        name: _member(spec, FAMILIES[name], replace(asked, budget=max(1, share)), classes)
        for name, share in shares.items()
    }


def _member(spec: ArmSpec, family: Family, tuning: Tuning, classes: bool) -> ArmSpec:
    path = family.classifier if classes else family.regressor
    space = {**family.space, **(family.of_classes if classes else family.of_numbers)}
    return replace(
        spec,
        strongest=None,
        preprocess=spec.preprocess or _SCALED,
        estimator=Step(path, family.params),
        tuning=replace(tuning, space=space),
    )


def space_of(path: str) -> Mapping[str, tuple[Any, ...]]:
    """Return what is worth trying of a class, empty where no family knows it."""
    for family in FAMILIES.values():
        for name, own in (
            (family.classifier, family.of_classes),
            (family.regressor, family.of_numbers),
        ):
            if name == path:
                return {**family.space, **own}
    return {}


DEFAULT_BUDGET = 32
"""Configurations of a strongest baseline where the charter states no tuning."""
