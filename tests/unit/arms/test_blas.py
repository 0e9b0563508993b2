"""Outcomes must not depend on the matrix library's kernels or on the number of its threads."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
VARIANTS = (("Haswell", 1), ("Prescott", 2), ("SkylakeX", 1), ("SkylakeX", 2))


def _digests(core: str, threads: int) -> tuple[str, list[str]] | None:
    """Return the matrix library's architecture and the outcomes' digests; None if it cannot run."""
    environment = {
        **os.environ,
        "OPENBLAS_CORETYPE": core,
        "OPENBLAS_NUM_THREADS": str(threads),
    }
    command = [sys.executable, "-m", "tests.unit.arms.digests"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode < 0:  # killed by a signal: this processor lacks the instructions
        return None
    assert done.returncode == 0, done.stderr
    architecture, *digests = done.stdout.split()
    return architecture, digests


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="OpenBLAS's x86 kernels")
def test_outcomes_are_equal_over_matrix_kernels_and_threads() -> None:
    found = [done for core, threads in VARIANTS if (done := _digests(core, threads)) is not None]
    assert len({architecture for architecture, _ in found}) >= 2, "the variants must differ"
    first = found[0][1]
    assert len(set(first)) == 4, "four different trials"
    assert [digests for _, digests in found] == [first] * len(found)
