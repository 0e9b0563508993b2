"""Ways to turn an estimate into interval ends and one-sided p values that agree with them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scipy.special import ndtr, ndtri, stdtr, stdtrit

from qgate.stats.paired import tango_interval, tango_score
from qgate.stats.proportion import clopper_pearson

_HALVINGS = 50
_TINY = 1e-9


class Pivot(Protocol):
    """An interval at every level; `below` and `above` are 1 at no evidence, 0 at proof."""

    def ends(self, confidence: float) -> tuple[float, float]:
        """Return the two-sided interval."""
        ...

    def below(self, value: float) -> float:
        """Return the one-sided p value of the hypothesis that the truth is `value` or more."""
        ...

    def above(self, value: float) -> float:
        """Return the one-sided p value of the hypothesis that the truth is `value` or less."""
        ...


@dataclass(frozen=True)
class TPivot:
    """Student's t about an estimate."""

    estimate: float
    se: float
    df: float

    def ends(self, confidence: float) -> tuple[float, float]:
        """Return estimate -+ t * se."""
        half = float(stdtrit(self.df, (1 + confidence) / 2)) * self.se
        return self.estimate - half, self.estimate + half

    def below(self, value: float) -> float:
        """Return P(T <= t); without spread an estimate at the value is within it."""
        if self.se == 0:
            return 0.0 if self.estimate <= value else 1.0
        return float(stdtr(self.df, (self.estimate - value) / self.se))

    def above(self, value: float) -> float:
        """Return P(T >= t); without spread an estimate at the value is not beyond it."""
        if self.se == 0:
            return 0.0 if self.estimate > value else 1.0
        return float(stdtr(self.df, (value - self.estimate) / self.se))


@dataclass(frozen=True)
class SkewPivot:
    """Student's t about the mean of skewed values, corrected for their skewness (Hall 1992).

    A cubic of the t statistic, monotonic and so inverted exactly, has the skewness taken out. Where
    losses are rare and large the mean of a sample lies low more often than high, and the t interval
    promises too much.
    """

    estimate: float
    se: float
    df: float
    skew: float
    """Skewness of the values over the root of their number."""

    def ends(self, confidence: float) -> tuple[float, float]:
        """Return the interval whose ends are those of the corrected statistic."""
        quantile = float(stdtrit(self.df, (1 + confidence) / 2))
        high, low = (self.estimate - self.se * self._back(q) for q in (-quantile, quantile))
        return low, high

    def below(self, value: float) -> float:
        """Return P(T <= t)."""
        return float(stdtr(self.df, self._corrected((self.estimate - value) / self.se)))

    def above(self, value: float) -> float:
        """Return P(T >= t)."""
        return float(stdtr(self.df, -self._corrected((self.estimate - value) / self.se)))

    def _corrected(self, t: float) -> float:
        return t + self.skew * t**2 / 3 + self.skew**2 * t**3 / 27 + self.skew / 6

    def _back(self, corrected: float) -> float:
        return 3 / self.skew * (math.cbrt(1 + self.skew * (corrected - self.skew / 6)) - 1)


@dataclass(frozen=True)
class ScorePivot:
    """Tango's (1998) score about (worse - better)/n, perhaps moved and stretched."""

    worse: float
    better: float
    n: float
    centre: float = 0.0
    scale: float = 1.0

    def ends(self, confidence: float) -> tuple[float, float]:
        """Return the score interval."""
        low, high = tango_interval(self.worse, self.better, self.n, confidence=confidence)
        return self.centre + self.scale * low, self.centre + self.scale * high

    def below(self, value: float) -> float:
        """Return P(Z <= z)."""
        return float(ndtr(self._z(value)))

    def above(self, value: float) -> float:
        """Return P(Z >= z)."""
        return float(ndtr(-self._z(value)))

    def _z(self, value: float) -> float:
        inside = (value - self.centre) / self.scale
        if abs(inside) >= 1:
            return -math.inf if inside > 0 else math.inf
        return float(tango_score(self.worse, self.better, self.n, inside))


@dataclass(frozen=True)
class ExactPivot:
    """The exact binomial about a share of n items, n perhaps an effective number.

    With few degrees of freedom n shrinks by (z/t)^2 (Korn and Graubard 1998).
    """

    share: float
    n: float
    df: float = math.inf

    def ends(self, confidence: float) -> tuple[float, float]:
        """Return the Clopper-Pearson interval."""
        n = self._worth((1 + confidence) / 2)
        low, high = clopper_pearson(self.share * n, n, confidence=confidence)
        return min(low, self.share), max(high, self.share)

    def below(self, value: float) -> float:
        """Return P(X <= x) where successes have probability `value`."""
        return self._level(lambda level: self.ends(level)[1] <= value)

    def above(self, value: float) -> float:
        """Return P(X >= x) where successes have probability `value`."""
        return self._level(lambda level: self.ends(level)[0] >= value)

    def _level(self, excludes: Callable[[float], bool]) -> float:
        """Return the smallest one-sided level whose bound excludes a value, by bisection.

        At most 0.5, where the bound is the estimate; 1 stands for anything above. The effective
        number of items depends on the level, so that no single tail is the answer.
        """
        low, high = 0.0, 0.5  # a level too strict, and one that excludes if any does
        if not excludes(_TINY):
            return 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if excludes(1 - 2 * middle) else (middle, high)
        return high

    def _worth(self, level: float) -> float:
        if math.isinf(self.df):
            return self.n
        level = max(level, 0.5 + _TINY)  # at the median both quantiles are 0
        return self.n * float(ndtri(level) / stdtrit(self.df, level)) ** 2
