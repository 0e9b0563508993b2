"""Tuning: configurations tried in folds of the training rows, alike for every kind of arm."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from qgate.arms.arm import Outcome, TrialError, Workshop, build_arm
from qgate.arms.configuration import Configuration, applicable, configured, default_space
from qgate.arms.strongest import members
from qgate.charter.arm_spec import ArmSpec, Tuning
from qgate.charter.derived import ROLES
from qgate.data.split import SplitData
from qgate.digest import digest
from qgate.errors import ExecutionError, QgateError, TermError

_SEED = 0
"""Training seed, and seed of the folds: tuning is the same for every seed of the schedule."""


@dataclass(frozen=True)
class Tuned:
    """An arm as tuning left it, and what was tried, as plain values."""

    spec: ArmSpec
    record: Mapping[str, Any]


def tune(spec: ArmSpec, workshop: Workshop) -> Tuned:
    """Return an arm with its best configuration by cross-validation on the training rows.

    The score is the mean over folds of accuracy, or of minus the root mean squared error. Of those
    that are equal to 9 digits the earlier configuration is taken, since the last bits of a mean
    hang on the order of its terms and on the machine. Circuits are simulated with exact
    probabilities.

    Raises:
        TermError: When the space names what the arm does not have.
        ExecutionError: When no configuration could be fitted.

    """
    classes = bool(workshop.split.dataset.classes)
    arms = members(spec, classes=classes) if spec.strongest else {"": spec}
    folds = _folds(workshop.split, next(iter(arms.values())).tuning, classes=classes)
    tried = [
        (*_score(member, chosen, workshop, folds), name, chosen)
        for name, member in arms.items()
        for chosen in configurations(member)
    ]
    best = max(tried, key=lambda entry: entry[0])  # the first of equal ones
    score, _, name, chosen = best
    if not math.isfinite(score):
        raise ExecutionError(f"{spec.id}: no configuration could be tuned: {best[1]}")
    record = {
        "configurations": len(tried),
        "folds": len(folds),
        "failed": sum(not math.isfinite(entry[0]) for entry in tried),
        "score": score,
        "chosen": {**({"family": name} if name else {}), **_plain(chosen)},
    }
    return Tuned(as_tuned(spec, record, classes=classes), record)


def as_tuned(spec: ArmSpec, record: Mapping[str, Any], *, classes: bool) -> ArmSpec:
    """Return an arm with the configuration that an earlier tuning chose."""
    chosen = dict(record["chosen"])
    family = chosen.pop("family", None)
    member = members(spec, classes=classes)[family] if family else spec
    return replace(configured(member, chosen), tuning=None)


def configurations(spec: ArmSpec) -> list[Configuration]:
    """Return what is tried: every combination, or as many drawn without repeating one.

    Raises:
        TermError: When nothing is known that could be tuned.

    """
    asked = spec.tuning
    assert asked is not None  # noqa: S101  # only arms with a budget are tuned
    follows = spec.role in ROLES
    named = {
        name: values
        for name, values in asked.space.items()
        if not follows or applicable(spec, name)
    }
    space = {name: _each_once(values) for name, values in (named or default_space(spec)).items()}
    if not space:
        path = (spec.role, "tuning")
        raise TermError(path, f"nothing is known of what to try for {spec.id}: add `space`")
    sizes = [len(values) for values in space.values()]
    total = math.prod(sizes)
    chosen: npt.NDArray[np.int64] = np.arange(total)
    if total > asked.budget:
        entropy = int(digest({"space": _plain(space), "budget": asked.budget})[:16], 16)
        chosen = np.sort(np.random.default_rng(entropy).choice(total, asked.budget, replace=False))
    return [
        {name: values[place] for (name, values), place in zip(space.items(), places, strict=True)}
        for places in zip(*np.unravel_index(chosen, sizes), strict=True)
    ]


def _each_once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return values without repetitions, which would count as configurations that were tried."""
    return tuple(value for place, value in enumerate(values) if value not in values[:place])


def _folds(split: SplitData, asked: Tuning | None, *, classes: bool) -> list[SplitData]:
    """Return a split for each fold, of training rows alone."""
    from sklearn.model_selection import KFold, StratifiedKFold

    assert asked is not None  # noqa: S101  # only arms with a budget are tuned
    maker = StratifiedKFold if classes else KFold
    rows, labels = split.train, split.dataset.labels[split.train]
    try:
        parts = list(maker(asked.cv, shuffle=True, random_state=_SEED).split(rows, labels))
    except ValueError as error:
        raise ExecutionError(f"{len(rows)} training rows cannot be tuned on: {error}") from None
    return [
        SplitData(split.dataset, rows[fit], rows[held], split.file_digests) for fit, held in parts
    ]


def _score(
    spec: ArmSpec, chosen: Configuration, workshop: Workshop, folds: list[SplitData]
) -> tuple[float, str]:
    """Return the mean score over folds, to 9 digits; minus infinity, and why, where a fit fails."""
    scores = []
    for fold in folds:
        try:
            arm = configured(spec, chosen)
            outcome = _outcome(arm, replace(workshop, split=fold, cells=((_SEED, None, 0),)))
        except TermError:
            raise
        except TrialError as error:
            return -math.inf, str(error)
        except QgateError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  # not our class: see run_trial
            return -math.inf, f"{type(error).__name__}: {error}"
        truth, found = fold.validate_on[1], np.asarray(outcome.predictions)
        if fold.dataset.classes:
            scores.append(float(np.mean(found == truth)))
        else:
            scores.append(-float(np.sqrt(np.mean((found - truth) ** 2))))
    return float(f"{np.mean(scores):.9g}"), ""


def _outcome(spec: ArmSpec, workshop: Workshop) -> Outcome:
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the score says how well a configuration does
        return build_arm(replace(spec, tuning=None), workshop).run(_SEED, None, 0)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }
