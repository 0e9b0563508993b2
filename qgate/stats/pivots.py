"""Ways to turn an estimate into interval ends and one-sided p values that agree with them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from scipy.special import betainc, ndtr, ndtri, stdtr, stdtrit

from qgate.stats.paired import tango_interval, tango_score
from qgate.stats.proportion import clopper_pearson


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
    """Student's t about an estimate; normal where `df` is infinite."""

    estimate: float
    se: float
    df: float

    def ends(self, confidence: float) -> tuple[float, float]:
        """Return estimate -+ t * se."""
        half = float(stdtrit(self.df, (1 + confidence) / 2)) * self.se
        return self.estimate - half, self.estimate + half

    def below(self, value: float) -> float:
        """Return P(T <= t); without spread the estimate itself decides."""
        return self._tail(self.estimate - value)

    def above(self, value: float) -> float:
        """Return P(T >= t)."""
        return self._tail(value - self.estimate)

    def _tail(self, distance: float) -> float:
        if self.se == 0:
            return 0.0 if distance < 0 else 1.0
        t = distance / self.se
        return float(ndtr(t) if math.isinf(self.df) else stdtr(self.df, t))


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
        return self._tail(value, self.share)

    def above(self, value: float) -> float:
        """Return P(X >= x) where successes have probability `value`."""
        return self._tail(1 - value, 1 - self.share)

    def _tail(self, value: float, share: float) -> float:
        if not 0 < value < 1 or share >= 1:
            return 1.0 if share >= 1 or value <= share else 0.0
        n = self._worth(0.95)
        return float(betainc(n * (1 - share), n * share + 1, 1 - value))

    def _worth(self, level: float) -> float:
        if math.isinf(self.df):
            return self.n
        return self.n * float(ndtri(level) / stdtrit(self.df, level)) ** 2
