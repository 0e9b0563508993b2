"""How far figures that are read twice have moved: all together, and one by one.

The figures are paired log-ratios, later over earlier, of one property (say T1) on the parts of one
device. The model: each is a common change plus a fluctuation of its own, independent from part to
part, all from one bell-shaped bulk. That fluctuations are local to a qubit, and so large that a
lone reading tells little, is what repeated measurements show (Klimov et al. 2018, Physical Review
Letters 121:090502; Burnett et al. 2019, npj Quantum Information 5:54; Carroll et al. 2022, npj
Quantum Information 8:132). They also have rare jumps, where a qubit meets a defect. Centre and
spread are therefore trimmed and winsorised (Tukey and McLaughlin 1963, Sankhya A 25:331-352; Yuen
1974, Biometrika 61:165-170): the jumps do not hide the common change or each other, and a part that
jumped is named by itself. Of fewer than ten parts nothing is trimmed, since it would cost more
degrees of freedom than it saves, and all of it is Student's t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from qgate.stats.pivots import TPivot

Array = npt.NDArray[np.float64]

TRIM = 0.2
"""Cut off at each end, as Wilcox (2012), Introduction to Robust Estimation, advises."""
_FEWEST_TO_TRIM = 10
_ROUNDING = 1e-9
"""Spread of log-ratios that is taken for rounding: figures that were all scaled alike."""
_HALVINGS = 60


class State(StrEnum):
    """What a figure is good for."""

    GOOD = "known"
    ZERO = "zero"
    UNKNOWN = "unknown"
    BROKEN = "broken"


def state_of(value: float | None, *, broken_at: float = math.inf) -> State:
    """Return what a figure is good for: only two good ones have a ratio.

    Args:
        value: None where it is not known.
        broken_at: From where on it says that the part does not work; 1 for an error.

    Raises:
        ValueError: On a negative figure, or one that is not finite.

    """
    if value is None:
        return State.UNKNOWN
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"a figure must be finite and not negative, not {value}")
    if value >= broken_at:
        return State.BROKEN
    return State.GOOD if value > 0 else State.ZERO


def log_ratios(locked: npt.ArrayLike, current: npt.ArrayLike) -> Array:
    """Return log(current / locked), shape (parts,).

    Raises:
        ValueError: On unequal shapes, or figures that are not above 0 and finite.

    """
    before, after = (np.asarray(values, dtype=np.float64) for values in (locked, current))
    if before.ndim != 1 or before.shape != after.shape:
        raise ValueError(f"paired figures have one shape, not {before.shape} and {after.shape}")
    both = np.concatenate([before, after])
    if not np.all(np.isfinite(both) & (both > 0)):
        raise ValueError("a ratio needs figures above 0")
    logs: Array = np.log(after) - np.log(before)
    logs[before == after] = 0.0
    return logs


@dataclass(frozen=True)
class Fluctuation:
    """Centre of log-ratios, and the standard deviation of one of them about it."""

    centre: float
    sd: float
    df: float
    kept: int
    """How many were not trimmed."""
    trim: float
    """Share that was cut off at each end."""


def fluctuation(logs: npt.ArrayLike, *, trim: float | None = None) -> Fluctuation:
    """Return trimmed mean and winsorised deviation, scaled to be that of one log-ratio.

    With n parts of which h are kept, the squared deviation is n SSD_w / (h (h - 1)), where SSD_w is
    the winsorised sum of squares, with h - 1 degrees of freedom (Yuen 1974); for normal values it
    is about 3% too large at a trim of 0.2. Without a trim it is the sample's own.

    Args:
        logs: Shape (parts,), at least two.
        trim: Share that is cut off at each end, from 0 to below 0.5; by default TRIM of ten parts
            or more, else 0.

    Raises:
        ValueError: With fewer than two parts, or on values that are not finite.

    """
    values = np.asarray(logs, dtype=np.float64)
    if values.ndim != 1 or values.size < 2:
        raise ValueError("a spread needs at least 2 parts")
    if not np.all(np.isfinite(values)):
        raise ValueError("values must be finite")
    share = _usual_trim(values.size) if trim is None else trim
    ordered, cut = np.sort(values), int(share * values.size)
    kept = ordered[cut : values.size - cut]
    pulled = np.clip(ordered, kept[0], kept[-1])
    squares = float(((pulled - pulled.mean()) ** 2).sum())
    sd = math.sqrt(values.size * squares / (kept.size * (kept.size - 1)))
    sd = sd if sd > _ROUNDING else 0.0
    return Fluctuation(float(kept.mean()), sd, kept.size - 1, kept.size, share)


def _usual_trim(parts: int) -> float:
    return TRIM if parts >= _FEWEST_TO_TRIM else 0.0


@dataclass(frozen=True)
class MeanChange:
    """The mean log-ratio of some parts, with Student's t about it."""

    log: float
    se: float
    df: float

    @property
    def _pivot(self) -> TPivot:
        return TPivot(self.log, self.se, self.df)

    def factors(self, confidence: float) -> tuple[float, float]:
        """Return the two-sided interval of the mean factor."""
        low, high = self._pivot.ends(confidence)
        return math.exp(low), math.exp(high)

    @property
    def size(self) -> float:
        """Return the factor of change whichever way it goes, at least 1."""
        return math.exp(abs(self.log))

    def size_above(self, confidence: float) -> float:
        """Return the one-sided upper bound of `size`.

        It is within a tolerance exactly where two one-sided tests, each at 1 - confidence, say so
        (Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15:657-680).
        """
        return math.exp(max(abs(end) for end in self._pivot.ends(2 * confidence - 1)))

    def size_below(self, confidence: float) -> float:
        """Return the one-sided lower bound of `size`: the largest factor that `p_at_most` rejects.

        1 where not even that is rejected.
        """
        near, far = 0.0, abs(self.log)
        if self.p_at_most(1.0) > 1 - confidence:
            return 1.0
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            rejected = self.p_at_most(math.exp(middle)) <= 1 - confidence
            near, far = (middle, far) if rejected else (near, middle)
        return math.exp(near)

    def p_at_most(self, factor: float) -> float:
        """Return the p value of the hypothesis that `size` is at most a factor.

        Both tails count, since the direction was not known before (Hodges and Lehmann 1954, Journal
        of the Royal Statistical Society B 16:261-268, with Student's t for the normal): at a factor
        of 1 it is the two-sided p value, far from 1 the one-sided one.
        """
        if self.se == 0:
            return 1.0 if self.size <= factor else 0.0
        ends = ((abs(self.log) + sign * math.log(factor)) / self.se for sign in (-1, 1))
        return min(1.0, sum(float(stdtr(self.df, -end)) for end in ends))

    def p_within(self, factor: float) -> float:
        """Return the p value of the two one-sided tests that |log| is below log(factor)."""
        return max(self._pivot.below(math.log(factor)), self._pivot.above(-math.log(factor)))


def mean_change(logs: npt.ArrayLike, spread: Fluctuation | None = None) -> MeanChange:
    """Return the mean change of some parts, perhaps with the spread of more parts like them.

    A lone part, or two, have no spread worth the name: that of all parts of the device is lent to
    them. The error is spread.sd / sqrt(parts), as if all fluctuated alike. Simulated (3,000 runs, 4
    to 27 parts of 7 to 127, normal fluctuations with sd .4): a change of exactly a tolerance of 1.5
    is found within it 2.7 to 5.2% of the time (nominally 5%), one of its square in under .1%, and
    no change at all in 22% (4 parts), 67% (8 of 27) and 100% (27). With fluctuations of 3 degrees
    of freedom, or 7% of them five times as large, it is up to 5.9% and .5%.

    Args:
        logs: Shape (parts,), at least one.
        spread: Of all parts, which also says how much is trimmed; by default of these.

    Raises:
        ValueError: On no part, or on fewer than two without a spread.

    """
    values = np.asarray(logs, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.all(np.isfinite(values)):
        raise ValueError("a mean needs finite values of at least one part")
    found = fluctuation(values) if spread is None else spread
    cut = int(found.trim * values.size)
    centre = float(np.sort(values)[cut : values.size - cut].mean())
    return MeanChange(centre, found.sd / math.sqrt(values.size), found.df)


def p_of_standing_out(logs: npt.ArrayLike, *, trim: float | None = None) -> Array:
    """Return for each part the two-sided p value of belonging to the bulk of the others.

    A lone reading has no interval of its own. What can be asked is whether it lies within the
    prediction interval of the others: |x - centre| / (sd sqrt(1 + 1/kept)) against Student's t,
    centre, sd and degrees of freedom being those of the others. Without a trim this is the
    externally studentised residual, exact for normal values (Cook and Weisberg 1982, Residuals and
    Influence in Regression). It assumes that all parts fluctuate alike, and it tells a part
    from the others, not from 1: a change that is common to all is for `mean_change`. Several parts
    want Holm's adjustment. Simulated (300 to 3,000 runs, sd .4, 4 to 27 of 7 to 127 parts, after
    Holm): some part is named 3.0 to 5.5% of the time where nothing but normal fluctuations happened
    (nominally 5%), and 12 to 52% where these have 3 degrees of freedom, or 7% of them are five
    times as large; that is meant, since such a jump is a change of that part, though it may not
    last. A part that changed by a factor 10 is named 96% of the time among 8 of 27, 86% among 4 of
    7; by a factor 5, 68 and 54%.

    Args:
        logs: Shape (parts,), at least three.
        trim: See `fluctuation`.

    Raises:
        ValueError: With fewer than three parts, or on values that are not finite.

    """
    values = np.asarray(logs, dtype=np.float64)
    if values.ndim != 1 or values.size < 3:
        raise ValueError("a part stands out of at least 2 others")
    found = np.empty_like(values)
    for place, value in enumerate(values):
        others = fluctuation(np.delete(values, place), trim=trim)
        scale = max(others.sd, _ROUNDING) * math.sqrt(1 + 1 / others.kept)
        found[place] = 2 * float(stdtr(others.df, -abs(value - others.centre) / scale))
    return found
