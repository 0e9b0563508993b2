"""A binary quadratic problem: its terms, the value of any assignment, its exact optimum."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qgate.errors import UsageError

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint8]

MOST_ENUMERATED = 26
"""Variables of the largest problem whose every assignment is tried."""
_BLOCK = 18
"""Variables whose assignments are tried at once: 2 MiB, about the cache of a core."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Least, or greatest, of `offset + linear . x + sum of c_ij x_i x_j` over x in {0, 1}^n.

    The couplings are the upper triangle of the quadratic form: i < j, each pair once, in order,
    none of them 0.
    """

    name: str
    """As the charter names its file."""
    sense: str
    """`min` or `max`."""
    offset: float
    linear: Array
    """Shape (n,)."""
    pairs: Indices
    """Shape (couplings, 2): i < j, sorted."""
    couplings: Array
    """Shape (couplings,)."""

    @property
    def n(self) -> int:
        """Return the number of variables."""
        return len(self.linear)

    @property
    def sign(self) -> float:
        """Return what a value is multiplied by to be minimised."""
        return 1.0 if self.sense == "min" else -1.0

    @functools.cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the terms and the sense, whatever file they came from."""
        found = hashlib.sha256(f"{self.sense} {self.n} {self.offset!r} ".encode())
        for part in (self.linear + 0.0, self.couplings + 0.0):
            found.update(np.ascontiguousarray(part, dtype="<f8").tobytes())
        found.update(np.ascontiguousarray(self.pairs, dtype="<i8").tobytes())
        return found.hexdigest()

    @functools.cached_property
    def upper(self) -> Any:
        """Return the couplings as a SciPy sparse matrix, shape (n, n), upper triangle."""
        from scipy.sparse import csr_array

        return csr_array((self.couplings, self.pairs.T), shape=(self.n, self.n))

    def __getstate__(self) -> dict[str, Any]:
        """Travel between processes without what is derived."""
        return {k: v for k, v in self.__dict__.items() if k not in ("upper", "digest")}

    def value(self, bits: npt.ArrayLike) -> Array:
        """Return the value of each assignment, in the file's own terms: shape (k,).

        Args:
            bits: 0 or 1, shape (k, n), or (n,) for one of them.

        Raises:
            ValueError: When the shape is another, or an entry is neither 0 nor 1.

        """
        rows = np.atleast_2d(np.asarray(bits))
        if rows.ndim != 2 or rows.shape[1] != self.n:
            raise ValueError(f"{self.name}: expected (k, {self.n}) bits, not {rows.shape}")
        if not np.all((rows == 0) | (rows == 1)):
            raise ValueError(f"{self.name}: an assignment holds 0 and 1 only")
        x = rows.astype(np.float64)
        quadratic = np.einsum("ki,ki->k", x @ self.upper, x) if self.couplings.size else 0.0
        return np.asarray(self.offset + x @ self.linear + quadratic)

    def energies(self) -> Array:
        """Return the value of every assignment, shape (2^n,): variable 0 is the fastest bit.

        Raises:
            UsageError: Beyond 26 variables.

        """
        self._refuse_large()
        return _all_values(self.offset, self.linear, self._dense)

    def optimum(self) -> tuple[float, Bits]:
        """Return the best value and the first assignment (as a binary number) that has it.

        Every assignment is tried, in blocks that fit a cache: time grows with 2^n, memory does not.

        Raises:
            UsageError: Beyond 26 variables.

        """
        self._refuse_large()
        low = min(self.n, _BLOCK)
        dense = self._dense
        common = _all_values(0.0, self.linear[:low], dense[:low, :low])
        rest = _all_values(self.offset, self.linear[low:], dense[low:, low:])
        best, where = np.inf, 0
        for high, constant in enumerate(rest.tolist()):
            chosen = bits_of(np.array([high]), self.n - low)[0].astype(bool)
            values = _linear_values(constant, dense[:low, low:][:, chosen].sum(axis=1))
            values += common
            values *= self.sign
            place = int(values.argmin())
            if values[place] < best:
                best, where = float(values[place]), (high << low) + place
        found = bits_of(np.array([where]), self.n)
        return float(self.value(found)[0]), found[0]

    def best(self, bits: Bits) -> tuple[float, Bits]:
        """Return the best value among assignments of shape (k, n), and the first that has it."""
        values = self.value(bits)
        place = int((self.sign * values).argmin())
        return float(values[place]), bits[place]

    @property
    def _dense(self) -> Array:
        return np.asarray(self.upper.toarray(), dtype=np.float64)

    def _refuse_large(self) -> None:
        if self.n > MOST_ENUMERATED:
            raise UsageError(
                f"{self.name}: {self.n} variables have too many assignments to try them all: "
                f"{MOST_ENUMERATED} are the most"
            )


def make_problem(
    name: str, sense: str, offset: float, linear: Array, pairs: npt.ArrayLike, couplings: Array
) -> Problem:
    """Return a problem in canonical form of terms in any order; each pair stands once."""
    ordered = np.sort(np.asarray(pairs, dtype=np.int64).reshape(-1, 2), axis=1)
    weights = np.asarray(couplings, dtype=np.float64)
    order = np.lexsort((ordered[:, 1], ordered[:, 0]))
    order = order[weights[order] != 0]
    return Problem(
        name, sense, float(offset) + 0.0, np.asarray(linear, dtype=np.float64) + 0.0,
        ordered[order], weights[order],
    )  # fmt: skip


def of_cut(name: str, n: int, edges: Indices, weights: Array) -> Problem:
    """Return MaxCut on a graph: w (x_i + x_j - 2 x_i x_j), summed over edges, is maximised."""
    linear = np.zeros(n)
    np.add.at(linear, edges.ravel(), np.repeat(weights, 2))
    return make_problem(name, "max", 0.0, linear, edges, -2.0 * weights)


def of_spins(name: str, offset: float, fields: Array, edges: Indices, weights: Array) -> Problem:
    """Return the least Ising energy h . s + sum of J s_i s_j, for s = 2 x - 1 in {-1, 1}^n."""
    linear = 2.0 * fields
    np.subtract.at(linear, edges.ravel(), np.repeat(2.0 * weights, 2))
    constant = offset - float(fields.sum()) + float(weights.sum())
    return make_problem(name, "min", constant, linear, edges, 4.0 * weights)


def bits_of(numbers: npt.NDArray[np.integer[Any]], n: int) -> Bits:
    """Return the binary digits of assignments' numbers, shape (k, n): variable 0 first."""
    return np.asarray((numbers[:, None] >> np.arange(n)) & 1, dtype=np.uint8)


def bit_string(bits: Sequence[int] | Bits) -> str:
    """Return an assignment as text, variable 0 first."""
    return "".join("1" if bit else "0" for bit in bits)


def _all_values(offset: float, linear: Array, upper: Array) -> Array:
    """Return a quadratic form on all of {0, 1}^n by doubling.

    2^k values give 2^k more: with variable k at 1 they differ from those at 0 by a linear form of
    the variables before it.
    """
    n = len(linear)
    values = np.empty(2**n)
    values[0] = offset
    for k in range(n):
        half = 2**k
        new = values[half : 2 * half]
        _fill_linear(new, float(linear[k]), upper[:k, k])
        new += values[:half]
    return values


def _linear_values(offset: float, slopes: Array) -> Array:
    values = np.empty(2 ** len(slopes))
    _fill_linear(values, offset, slopes)
    return values


def _fill_linear(values: Array, offset: float, slopes: Array) -> None:
    """Write offset + slopes . x for all x in {0, 1}^k into an array of 2^k."""
    values[0] = offset
    for j, slope in enumerate(slopes.tolist()):
        np.add(values[: 2**j], slope, out=values[2**j : 2 ** (j + 1)])
