"""The problems of an optimization as a data set: an item each, labelled with its best value."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qgate.charter.charter import DataSpec, ProblemSpec
from qgate.data.dataset import Dataset
from qgate.data.problem import Problem
from qgate.data.problem_files import read_problem
from qgate.digest import digest, sha256_file
from qgate.errors import TermError

RATIO_METRICS = (
    "val_approximation_ratio",
    "val_approximation_ratio_gap_vs_classical",
    "quantum_contribution",
)
"""Metrics that take each value's share of its problem's optimum."""
_MOST_COMPUTED = 24
"""Variables up to which an optimum that is not stated is computed."""
_MOST_CHECKED = 20
"""Variables up to which a stated one is computed too, in milliseconds, and compared."""
_TOLERANCE = 1e-8
"""Relative: values are kept to 9 significant digits."""


def load_problems(spec: DataSpec, folder: Path) -> tuple[Dataset, tuple[tuple[str, str], ...]]:
    """Return the data set of an optimization, and each file with its SHA-256.

    Features have shape (problems, 1): the problem's index. Labels have shape (problems,): the
    reference optimum, to 9 significant digits as solutions' values are, in the file's own terms.

    Raises:
        InvalidFileError, UsageError: When a file cannot be read.
        TermError: When an optimum is neither stated nor small enough to be computed, or is not what
            is stated, or when a problem stands twice.

    """
    problems: list[Problem] = []
    optima: list[float] = []
    first: dict[str, str] = {}
    for place, asked in enumerate(spec.problems):
        problem = read_problem(folder / asked.path, asked.path)
        if problem.digest in first:
            message = f"this is the same problem as {first[problem.digest]}: it is no new item"
            raise TermError(("data", "problems", place), message)
        first[problem.digest] = asked.path
        problems.append(problem)
        optima.append(_optimum(problem, asked, place))
    names = np.array([problem.name for problem in problems], dtype=str)
    known = [[problem.digest, best] for problem, best in zip(problems, optima, strict=True)]
    found = Dataset(
        np.arange(len(problems), dtype=np.float64)[:, None],
        np.array(optima, dtype=np.float64),
        (),
        ("problem",),
        {"problem": names},
        digest(known),
        tuple(problems),
    )
    return found, tuple((asked.path, sha256_file(folder / asked.path)) for asked in spec.problems)


def unrated(dataset: Dataset) -> tuple[int, str] | None:
    """Return the first problem whose values are no share of its optimum, and why; None if none.

    A ratio is at most 1 where a least value is below 0, and a greatest one above 0.
    """
    for place, problem in enumerate(dataset.problems):
        best = dataset.labels[place]
        if why := no_ratio(problem.sense, float(best)):
            return place, f"{problem.name} has no approximation ratio: {why}"
    return None


def no_ratio(sense: str, best: float) -> str | None:
    """Return why a value's ratio to this optimum would not be at most 1, None where it is."""
    if sense == "min" and best >= 0:
        return f"its least value, {best:g}, is not below 0 (gate on optimum_reached)"
    if sense == "max" and best <= 0:
        return f"its greatest value, {best:g}, is not above 0 (gate on optimum_reached)"
    return None


def beyond(sense: str, value: float, best: float) -> bool:
    """Return whether a value is better than what is known as the best one."""
    gain = best - value if sense == "min" else value - best
    return gain > _TOLERANCE * max(1.0, abs(best))


def _optimum(problem: Problem, asked: ProblemSpec, place: int) -> float:
    stated = asked.optimum
    if problem.n > (_MOST_COMPUTED if stated is None else _MOST_CHECKED):
        if stated is None:
            message = (
                f"{asked.path} has {problem.n} variables; beyond {_MOST_COMPUTED} the best value "
                "is not computed: state `optimum`"
            )
            raise TermError(("data", "problems", place), message)
        return _significant(stated)
    best = _significant(problem.optimum()[0])
    if stated is not None and abs(stated - best) > _TOLERANCE * max(1.0, abs(best)):
        message = f"the best value of {asked.path} is {best:.9g}, not {stated:.9g}"
        raise TermError(("data", "problems", place, "optimum"), message)
    return best


def _significant(value: float) -> float:
    """Return a number as arms' values are kept, so that the two can be equal."""
    return float(f"{value:.9g}") + 0.0
