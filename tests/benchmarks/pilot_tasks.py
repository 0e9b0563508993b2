"""What pilots are measured on: rows to learn and problems to solve."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import numpy.typing as npt

from qgate.data.problem import Problem, make_problem, of_cut

Array = npt.NDArray[np.float64]


def cancer(rows: int, components: int) -> tuple[Array, Array]:
    """Return principal components of some rows, each from 0 to pi, and their classes."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    X, y = load_breast_cancer(return_X_y=True)
    chosen = np.random.default_rng(0).permutation(len(y))[:rows]
    steps = make_pipeline(StandardScaler(), PCA(components), MinMaxScaler((0, math.pi)))
    return np.asarray(steps.fit_transform(X[chosen])), y[chosen].astype(np.float64)


def problems(n: int) -> dict[str, Problem]:
    """Return a sparse and a dense problem; neither has values that are all whole."""
    rng = np.random.default_rng(1)
    edges = [(i, (i + 1) % n) for i in range(n)] + [(i, i + n // 2) for i in range(n // 2)]
    cut = of_cut("cut", n, np.array(edges), rng.uniform(size=len(edges)))
    pairs = list(combinations(range(n), 2))
    dense = make_problem("qubo", "min", 0.0, rng.normal(size=n), pairs, rng.normal(size=len(pairs)))
    return {"a weighted cubic MaxCut": cut, "a QUBO of all pairs": dense}
