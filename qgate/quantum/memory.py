"""What preparing a kernel would take in memory, told before anything is allocated."""

from __future__ import annotations

from qgate.quantum.build import Built
from qgate.quantum.product_kernel import ProductKernel


def refusal(built: Built, train: int, validation: int, *, limit: int, copies: int) -> str | None:
    """Return why a kernel should not be prepared, and what would fit; None where it may.

    Args:
        built: The kernel.
        train: Training rows.
        validation: Validation rows.
        limit: Bytes allowed.
        copies: In how many processes the estimates of pairs are held.

    """
    kernel = built.kernel
    prepared = 1 if kernel.unit_diagonal else 2
    rows = (prepared * train + validation) * kernel.row_bytes
    needed = rows + train * (train + validation) * kernel.pair_bytes * copies
    if needed <= limit:
        return None
    what = "states" if kernel.unit_diagonal else "noisy states and effects"
    return (
        f"{train + validation} {what} of {built.feature_map.qubits} qubits and the fidelities of "
        f"their pairs take {_gigabytes(needed)}, and --max-memory allows {_gigabytes(limit)}: "
        f"{_alternative(built)}"
    )


def _alternative(built: Built) -> str:
    fewer = "use fewer qubits (PCA in the arm's preprocess) or fewer rows"
    if built.placed is not None:
        return f"{fewer}; noise has no cheaper exact form"
    if isinstance(built.kernel, ProductKernel):
        return f"{fewer}, or a max_bond below {built.kernel.max_bond}"
    return f"{fewer}, or matrix-product states (matrix_product_state: {{max_bond: 32}})"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.3g} GB"
