"""How often a verdict errs, over 18 designs, beside the gates people use instead.

The candidate's true gap is known exactly (tests/calibration/designs.py). At twice the tolerance,
and for equal arms, a one-sided 5% gate errs with Phi(-1.645 - tolerance / SE): 2% can be kept only
where the tolerance is at least .41 standard errors, which is so in all 18.

Run: python -m tests.benchmarks.bench_verdicts [--replicates N] [--only ITEMS,SEEDS,TOLERANCE]
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
from collections.abc import Sequence
from functools import partial

from tests.calibration.designs import ALIKE, GRID, NAIVE, USUAL, Design, rates

_TARGETS = {"at tolerance": 0.065, "at twice": 0.02, "equal, FAIL": 0.02}
_HEAD = ("items", "seeds", "tolerance", *_TARGETS, "equal, PASS", "twice, FAIL", "widened", *NAIVE)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    options = _parser().parse_args(arguments)
    spread = ALIKE if options.alike else USUAL
    chosen = [options.only] if options.only else GRID
    designs = [Design(one.items, one.seeds, one.tolerance, spread) for one in chosen]
    work = partial(_judge, replicates=options.replicates)
    print("| " + " | ".join(_HEAD) + " |")
    print("|" + " ---: |" * len(_HEAD), flush=True)
    rows = []
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(options.processes, len(designs))) as pool:
        for design, row in zip(designs, pool.imap(work, designs), strict=True):
            rows.append(row)
            shape = (str(design.items), str(design.seeds), f"{design.tolerance}")
            print("| " + " | ".join([*shape, *(f"{100 * x:.1f}" for x in row)]) + " |", flush=True)
    _conclude(rows, designs, options.replicates)


def _judge(design: Design, replicates: int) -> list[float]:
    """Return a row's shares: those with targets, right verdicts, widened, naive gates."""
    equal, at, twice = (rates(design, k * design.tolerance, replicates) for k in (0, 1, 2))
    wrong = (at.passed, twice.passed, equal.failed)
    return [*wrong, equal.passed, twice.failed, at.widened, *at.naive.values()]


def _conclude(rows: list[list[float]], designs: list[Design], replicates: int) -> None:
    errors = ", ".join(
        f"{100 * math.sqrt(share * (1 - share) / replicates):.2f} at {100 * share:g}%"
        for share in (0.02, 0.05, 0.5)
    )
    print(f"\n{replicates} replicates per share; Monte Carlo standard error {errors}.")
    print(
        "All columns are percentages. First three: promoted (PASS) at the tolerance, PASS at twice "
        "the tolerance, FAIL of an equal candidate. Widened: the interval is not the t interval "
        "alone, at the tolerance. The naive gates: promoted at the tolerance.\n"
    )
    columns = list(zip(*rows, strict=True))
    worst = []
    for (name, target), column in zip(_TARGETS.items(), columns, strict=False):
        most = max(column)
        verdict = "met" if most <= target else "MISSED"
        worst.append(
            f"{name} {100 * most:.1f} (target {100 * target:g}, {verdict}; "
            f"{designs[column.index(most)]})"
        )
    print("Worst: " + "; ".join(worst) + ".")
    print(
        "Least: "
        + ", ".join(
            f"{name} {100 * min(column):.1f}"
            for name, column in zip(NAIVE, columns[-len(NAIVE) :], strict=True)
        )
        + "."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Print how often verdicts err, in percent.")
    parser.add_argument("--replicates", type=int, default=4000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", type=_design, metavar="ITEMS,SEEDS,TOLERANCE")
    parser.add_argument("--alike", action="store_true", help="arms that hardly differ")
    return parser


def _design(text: str) -> Design:
    items, seeds, tolerance = text.split(",")
    return Design(int(items), int(seeds), float(tolerance))


if __name__ == "__main__":
    main()
