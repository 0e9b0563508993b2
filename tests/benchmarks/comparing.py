"""Two ways to the same matrix: their times, whether they agree, and the line that says so."""

from __future__ import annotations

import math
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Way = Callable[[Array], Array]

SAME = 1e-10
"""How far two libraries' probabilities may be apart."""


@dataclass(frozen=True)
class Row:
    """One line of the table: best seconds of each side."""

    work: str
    own: float
    peer: str
    theirs: float
    least: float | None
    """Target of the ratio of the peer's seconds to qgate's."""
    extrapolated: bool = False
    """Whether the peer ran a part of the work only."""
    peaks: tuple[float, float] | None = None
    """Peak memory of both sides, GB."""
    most: float | None = None
    """Target of qgate's."""

    @property
    def missed(self) -> str | None:
        """Return which target is missed, in words, or None."""
        ratio = self.theirs / self.own
        if self.least is not None and ratio < self.least:
            return f"{self.work}, {self.peer}: ratio {ratio:.3g}, target {self.least:,g}"
        if self.most is not None and self.peaks is not None and self.peaks[0] > self.most:
            return f"{self.work}: peak {self.peaks[0]:.3g} GB, target {self.most:g}"
        return None

    def __str__(self) -> str:
        """Return the line in Markdown."""
        own, theirs = (f"{shown(seconds, 2)} s" for seconds in (self.own, self.theirs))
        if self.peaks is not None:
            own, theirs = (
                f"{text}, {gb:.2f} GB" for text, gb in zip((own, theirs), self.peaks, strict=True)
            )
        mark = "≈ " if self.extrapolated else ""
        ratio = shown(self.theirs / self.own, 2 if self.extrapolated else 3)
        return f"| {self.work} | {own} | {self.peer} | {mark}{theirs} | {mark}{ratio} |"


def machine(packages: Sequence[str]) -> str:
    """Return what the figures rest on: cores and versions; end where a package is missing."""
    found, missing = [], []
    for name in packages:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        needed = " ".join(missing)
        sys.exit(f"not installed: {needed}; the benchmark needs qgate[bench] (pip install it)")
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {', '.join(found)}"


def table(rows: Iterable[Row]) -> int:
    """Print rows as they come and then what they miss; return 1 where they miss a target."""
    print("| work | qgate | peer | peer's time | ratio |\n| --- | ---: | --- | ---: | ---: |")
    missed = []
    for row in rows:
        print(row, flush=True)
        missed += [row.missed] if row.missed else []
    for words in missed:
        print(f"missed: {words}", file=sys.stderr)
    return 1 if missed else 0


def shown(value: float, digits: int) -> str:
    """Return a number with so many digits that count, and never an exponent."""
    decimals = max(0, digits - 1 - math.floor(math.log10(value)))
    return f"{float(f'{value:.{digits}g}'):,.{decimals}f}"


def best(ways: Mapping[str, Way], X: Array, times: int) -> dict[str, tuple[float, Array]]:
    """Return each way's least seconds and its matrix; all are warm."""
    for way in ways.values():
        way(X[:3])
    return taken({name: partial(way, X) for name, way in ways.items()}, times)


def taken(runs: Mapping[str, Callable[[], Any]], times: int) -> dict[str, tuple[float, Any]]:
    """Return each one's least seconds and what it gave last; they take turns."""
    seconds, found = dict.fromkeys(runs, math.inf), {}
    for _ in range(times):
        for name, run in runs.items():
            started = time.perf_counter()
            found[name] = run()
            seconds[name] = min(seconds[name], time.perf_counter() - started)
    return {name: (seconds[name], found[name]) for name in runs}


def agree(own: Array, peer: Array, within: float = SAME) -> None:
    """Stop where two matrices are apart."""
    apart = float(np.abs(own - peer).max())
    assert apart <= within, f"they differ by {apart:.2g}"


def near_scores(drawn: Array, exact: Array, shots: int, near: float) -> None:
    """Stop where the draws' z-scores have not nearly the mean 0 and the sd 1."""
    upper = np.triu_indices(len(exact), 1)
    chances = exact[upper]
    inside = (chances > 0) & (chances < 1)
    spread = np.sqrt(chances * (1 - chances) / shots)
    z = (drawn[upper] - chances)[inside] / spread[inside]
    assert abs(z.mean()) <= near, f"z-scores have the mean {z.mean():.3f}"
    assert abs(z.std() - 1) <= near, f"z-scores have the sd {z.std():.3f}"


def by_chance(rows: int) -> float:
    """Return five standard errors of the mean of so many rows' z-scores."""
    return 5 / math.sqrt(math.comb(rows, 2))
