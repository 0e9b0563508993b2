"""QAOA on a diagonal cost: exact states, expectations and gradients, in NumPy alone.

|gamma, beta> = prod over k of exp(-i beta_k sum_j X_j) exp(-i gamma_k C) applied to |+...+>, the
layer k = 1 first (Farhi, Goldstone and Gutmann 2014). C is the problem's value in its file's own
terms, offset included, whether it is minimised or maximised.

Amplitudes are kept in a frame turned by diag(1, i) on each qubit, which commutes with C and leaves
probabilities as they are: there exp(-i beta X) is the real rotation ((c, s), (-s, c)), so a mixer
is a few products of small real matrices. Gradients are adjoint (Jones and Gacon 2020): one pass
forward, one backward.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import numpy as np
import numpy.typing as npt

from qgate.data.problem import Array, Problem

States = npt.NDArray[np.complex128]

_WIDTH = 4
"""Qubits of one product: measured, 3 to 5 are about as fast, 4 the fastest at 16 qubits."""
_BLOCK = 16
"""Qubits of a block that stays in a core's cache while all products of its qubits are taken."""
_TABLE_SHARE = 4
"""Phases are looked up where there are so many times fewer of them than amplitudes."""
_DOUBLED = 13
"""Qubits from which phases are doubled, not computed one by one: measured, equal at 12."""
_RAMP = 0.75
"""Time of a step in the annealing schedule that a search starts from (Sack and Serbyn 2021)."""


class Qaoa:
    """A problem's QAOA at any depth; angles are radians, shape (2 p,): gammas, then betas."""

    def __init__(self, problem: Problem) -> None:
        """Compute every assignment's value once, shape (2^n,).

        Raises:
            UsageError: Beyond 26 variables.

        """
        self.problem, self.n = problem, problem.n
        self.cost: Array = problem.energies()
        self._start = _uniform(problem.n)
        steps = self.cost - self.cost.min()
        last = float(steps.max())
        whole = last * _TABLE_SHARE <= self.cost.size and np.all(steps == np.rint(steps))
        self._index = steps.astype(np.intp) if whole else None
        self._steps = np.arange(last + 1) if whole else self.cost
        self._couplings: Array = problem.upper.toarray()

    def probabilities(self, angles: Array) -> Array:
        """Return the chance of each assignment, shape (2^n,)."""
        state = self._forward(angles)[-1]
        return np.asarray(state.real**2 + state.imag**2)

    def expectation(self, angles: Array) -> float:
        """Return the mean value of a measured assignment."""
        return float(self.probabilities(angles) @ self.cost)

    def gradient(self, angles: Array) -> tuple[float, Array]:
        """Return the mean value and its derivatives by every angle, shape (2 p,)."""
        depth = len(angles) // 2
        *before, state = self._forward(angles, keep=True)
        found = np.empty(2 * depth)
        back = self.cost * state
        value = float(np.vdot(state, back).real)
        other = np.empty_like(back)
        for k in reversed(range(depth)):
            gamma, beta = angles[k], angles[depth + k]
            back, other = _mixed(back, other, -beta, self.n)
            found[depth + k] = 2 * _overlap(back, before[k], self.n)
            found[k] = 2 * np.vdot(back, self.cost * before[k]).imag
            back *= self._phases(-gamma)
        return value, found

    def _forward(self, angles: Array, *, keep: bool = False) -> list[States]:
        """Return the final state, after those between phases and mixer of each layer if kept."""
        depth = len(angles) // 2
        state, other = self._start.copy(), np.empty_like(self._start)
        before: list[States] = []
        for gamma, beta in zip(angles[:depth], angles[depth:], strict=True):
            state *= self._phases(gamma)
            if keep:
                before.append(state)
                state, other = state.copy(), np.empty_like(state)
            state, other = _mixed(state, other, beta, self.n)
        return [*before, state]

    def _phases(self, gamma: float) -> States:
        """Return exp(-i gamma C) up to a phase that all amplitudes share."""
        if self._index is None and self.n >= _DOUBLED:
            return self._doubled(gamma)
        turn = gamma * self._steps
        found = np.empty(turn.shape, dtype=np.complex128)
        np.cos(turn, out=found.real)
        np.sin(turn, out=found.imag)
        np.conjugate(found, out=found)
        return found if self._index is None else found[self._index]

    def _doubled(self, gamma: float) -> States:
        """Return the same for values of any kind, several times faster where there are many.

        With variable k at 1, a phase is that at 0 times those of its linear term and of its
        couplings to the variables before it: two products in place of a cosine and a sine.
        """
        linear = np.exp(-1j * gamma * self.problem.linear)
        couplings = np.exp(-1j * gamma * self._couplings)
        found = np.empty(2**self.n, dtype=np.complex128)
        turns = np.empty(2 ** max(self.n - 1, 0), dtype=np.complex128)
        found[0] = 1.0
        for k in range(self.n):
            half = 2**k
            turns[0] = linear[k]
            for j in range(k):
                np.multiply(turns[: 2**j], couplings[j, k], out=turns[2**j : 2 ** (j + 1)])
            np.multiply(found[:half], turns[:half], out=found[half : 2 * half])
        return found


def unit_of(problem: Problem) -> float:
    """Return the standard deviation of the value of an even draw, over the root of the variables.

    Gammas times this unit are alike for problems of any weights and degree.
    """
    fields, _, couplings = ising(problem)
    variance = float(fields @ fields + couplings @ couplings)
    return (variance / problem.n) ** 0.5 or 1.0


def ising(problem: Problem) -> tuple[Array, float, Array]:
    """Return fields h, the constant, and couplings J: value = constant + h . Z + sum J Z_i Z_j.

    Z = 1 - 2 x. Shapes (n,) and (couplings,), these in the order of the problem's pairs.
    """
    quarter = problem.couplings / 4
    fields = -problem.linear / 2
    np.subtract.at(fields, problem.pairs.ravel(), np.repeat(quarter, 2))
    constant = problem.offset + float(problem.linear.sum()) / 2 + float(quarter.sum())
    return fields, constant, quarter


def ramp(problem: Problem, depth: int) -> Array:
    """Return the angles of a linear annealing schedule in so many steps, shape (2 depth,)."""
    time = (np.arange(depth) + 0.5) / depth
    gammas = _RAMP * time / unit_of(problem)
    return np.concatenate([gammas, -problem.sign * _RAMP * (1 - time)])


def interpolated(angles: Array) -> Array:
    """Return angles of one more layer along the same schedule (Zhou et al. 2020, INTERP)."""
    depth = len(angles) // 2
    place = np.arange(1, depth + 2)
    found = []
    for part in (angles[:depth], angles[depth:]):
        padded = np.concatenate([[0.0], part, [0.0]])
        found.append(
            (place - 1) / depth * padded[place - 1] + (depth - place + 1) / depth * padded[place]
        )
    return np.concatenate(found)


def _uniform(n: int) -> States:
    """Return |+...+> in the turned frame: (-i)^ones over the root of 2^n."""
    one = np.array([1.0, -1.0j]) / np.sqrt(2)
    return reduce(lambda slow, fast: np.asarray(np.kron(slow, fast)), [one] * n)


def _groups(n: int) -> Iterator[tuple[int, int]]:
    """Yield (slower, width): groups of qubits from the slowest, with how many are slower."""
    for slower in range(0, n, _WIDTH):
        yield slower, min(_WIDTH, n - slower)


def _power(one: Array, width: int) -> Array:
    return reduce(
        lambda slow, fast: np.asarray(np.kron(slow, fast), dtype=np.float64), [one] * width
    )


def _mixed(state: States, other: States, beta: float, n: int) -> tuple[States, States]:
    """Return the mixed state, and the array that is free; both are written to."""
    if n > _BLOCK:
        state, other = _on_slowest(state, other, beta, n - _BLOCK)
        for part, room in zip(
            state.reshape(-1, 2**_BLOCK), other.reshape(-1, 2**_BLOCK), strict=True
        ):
            found, _ = _on_slowest(part, room, beta, _BLOCK)
            if found is not room:
                room[:] = found
        return other, state
    return _on_slowest(state, other, beta, n)


def _on_slowest(state: States, other: States, beta: float, n: int) -> tuple[States, States]:
    """Return a state with its n slowest qubits mixed, and the array that is free."""
    cos, sin = np.cos(beta), np.sin(beta)
    one = np.array([[cos, sin], [-sin, cos]])
    for slower, width in _groups(n):
        turn = _power(one, width)
        values, room = state.view(np.float64), other.view(np.float64)
        if 2 ** (slower + width) == state.size:  # real and imaginary parts lie side by side
            turn = np.asarray(np.kron(turn, np.eye(2)), dtype=np.float64)
            np.matmul(values.reshape(-1, len(turn)), turn.T, out=room.reshape(-1, len(turn)))
        else:
            shape = (2**slower, 2**width, -1)
            np.matmul(turn, values.reshape(shape), out=room.reshape(shape))
        state, other = other, state
    return state, other


def _overlap(left: States, right: States, n: int) -> float:
    """Return Re <left| sum of J_j |right>, J = ((0, 1), (-1, 0)) being a mixer's generator."""
    total = 0.0
    for slower, width in _groups(n):
        generator = _generator(width)
        first, second = left.view(np.float64), right.view(np.float64)
        if slower + width == n:
            generator = np.asarray(np.kron(generator, np.eye(2)), dtype=np.float64)
            size = len(generator)
            gram = first.reshape(-1, size).T @ second.reshape(-1, size)
        else:
            shape = (2**slower, 2**width, -1)
            parts = np.matmul(first.reshape(shape), second.reshape(shape).transpose(0, 2, 1))
            gram = parts.sum(axis=0)
        total += float(np.sum(generator * gram))
    return total


def _generator(width: int) -> Array:
    """Return the sum of J on each of so many qubits, shape (2^width, 2^width)."""
    one = np.array([[0.0, 1.0], [-1.0, 0.0]])
    return np.asarray(
        sum(
            np.kron(np.kron(np.eye(2**place), one), np.eye(2 ** (width - place - 1)))
            for place in range(width)
        )
    )
