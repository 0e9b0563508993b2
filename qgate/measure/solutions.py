"""Whether values of solutions can be held against the optima that they were run for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qgate.data.problem_files import sense_of
from qgate.data.problem_set import beyond, no_ratio
from qgate.evidence.evidence import Evidence, Labels


def check_solutions(
    evidence: Evidence, truth: Labels, trials: Sequence[Mapping[str, Any]], name: str
) -> None:
    """Refuse values that no ratio can be taken of, or that are better than the best one known.

    Args:
        evidence: Of an optimization.
        truth: The reference optimum of each problem, shape (items,).
        trials: Of one arm and seed.
        name: The metric.

    Raises:
        ValueError: Naming the problem, and the values.

    """
    senses = [sense_of(path) for path in evidence.problems]
    for place, best in enumerate(np.asarray(truth).tolist()):
        why = no_ratio(senses[place], best)
        if why and name == "approximation_ratio":
            raise ValueError(f"{evidence.problems[place]} has no approximation ratio: {why}")
        for trial in trials:
            value = float(trial["predictions"][place])
            if beyond(senses[place], value, best):
                raise ValueError(
                    f"{evidence.problems[place]}: the {trial['arm']} found {value:.9g}, which is "
                    f"better than the reference optimum {best:.9g}: state the right one"
                )
