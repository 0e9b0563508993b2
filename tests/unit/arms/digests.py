"""Print the outcome digests of two arms; run in processes whose matrix library differs."""

from __future__ import annotations

import sys
from pathlib import Path

from threadpoolctl import threadpool_info

from qgate.arms.arm import Arm, build_arm
from qgate.charter.arm_spec import Layer, Step
from qgate.charter.charter import DataSpec, Validation
from qgate.data.split import load_split
from tests.unit.arms import small

DATA = Path(__file__).parents[3] / "fixtures" / "breast_cancer"
SCALED = Step("sklearn.preprocessing.StandardScaler", {})


def main() -> None:
    """Print the matrix library's architecture, then the digest of each trial's outcome."""
    rows = Validation(fraction=0.5, seed=20260101)
    split = load_split(DataSpec("data.csv", "malignant", None, None, None, rows), DATA)
    work = small.workshop(split)
    candidate = small.kernel(
        Layer("encode", "angle", "ry", scale=0.2),
        Layer("entangle", "zz", pairs="ring", scale=0.02),
        preprocess=(SCALED, Step("sklearn.decomposition.PCA", {"n_components": 6})),
        params={"C": 10.0},
    )
    baseline = small.classical(params={"C": 10.0}, preprocess=(SCALED,), role="baseline")
    kernel, classical = build_arm(candidate, work), build_arm(baseline, work)
    trials: list[tuple[Arm, int, int | None]] = [
        (kernel, 11, None), (kernel, 11, 1024), (kernel, 23, 1024), (classical, 11, None),
    ]  # fmt: skip
    library = next(found for found in threadpool_info() if found["user_api"] == "blas")
    sys.stdout.write(f"{library.get('architecture', 'unknown')}\n")
    sys.stdout.writelines(f"{arm.run(seed, shots, 0).digest}\n" for arm, seed, shots in trials)


if __name__ == "__main__":
    main()
