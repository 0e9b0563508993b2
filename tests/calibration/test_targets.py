"""The targets of a verdict over items and seeds, in designs at the corners of the grid and inside.

Bounds are the targets plus four Monte Carlo standard errors; the draws are fixed. The whole grid:
python -m tests.benchmarks.bench_verdicts
"""

from __future__ import annotations

import functools
import math
from pathlib import Path

import pytest

from tests.benchmarks import bench_verdicts
from tests.calibration.designs import ALIKE, GRID, NAIVE, RESTLESS, Design, Rates, rates

REPLICATES = 2000
CENTRE = Design(400, 10, 0.02)
STRONGEST = Design(600, 20, 0.02)
SPARSE = (Design(200, 5, 0.02, ALIKE), Design(400, 20, 0.01, ALIKE))
CORNERS = tuple(d for d in GRID if d.items != 400 and d.seeds != 10)
USUAL_SEEDS = (CENTRE, *CORNERS, *SPARSE)
MOSTLY_SEEDS = Design(600, 5, 0.01, RESTLESS)
"""Where seeds are most of the uncertainty: to take them for fixed shows."""

designs = pytest.mark.parametrize("design", [*USUAL_SEEDS, MOSTLY_SEEDS], ids=str)


@functools.cache
def _rates(design: Design, tolerances: int) -> Rates:
    """Return the rates of a candidate whose true gap is that many tolerances.

    Naive gates are asked where they must not promote: at the tolerance.
    """
    naive = NAIVE if tolerances == 1 else {}
    return rates(design, tolerances * design.tolerance, REPLICATES, naive)


def _error(rate: float) -> float:
    return 4 * math.sqrt(rate * (1 - rate) / REPLICATES)


def test_the_grid_is_whole() -> None:
    assert len(set(GRID)) == 18
    assert len(CORNERS) == 8
    assert CENTRE in GRID


@designs
def test_the_true_gap_is_what_is_asked_for(design: Design) -> None:
    for tolerances in (0, 1, 2):
        found = _rates(design, tolerances)
        assert abs(found.gap - tolerances * design.tolerance) <= 4 * found.gap_error


@designs
def test_a_candidate_at_the_tolerance_is_rarely_promoted(design: Design) -> None:
    found = _rates(design, 1)
    assert 0.04 - _error(0.04) <= found.passed <= 0.065 + _error(0.065)
    assert found.failed <= 0.065 + _error(0.065)


@designs
def test_a_candidate_at_twice_the_tolerance_hardly_ever_is(design: Design) -> None:
    found = _rates(design, 2)
    assert found.passed <= 0.02 + _error(0.02)
    assert found.failed > 0.08


@designs
def test_a_truly_equal_candidate_is_hardly_ever_failed(design: Design) -> None:
    found = _rates(design, 0)
    assert found.failed <= 0.02 + _error(0.02)
    assert found.passed > 0.08


def test_verdicts_are_made_where_the_design_can() -> None:
    assert _rates(CENTRE, 0).passed > 0.4
    assert _rates(CENTRE, 2).failed > 0.35
    assert _rates(STRONGEST, 0).passed > 0.55
    assert _rates(STRONGEST, 2).failed > 0.5


@pytest.mark.parametrize(
    ("gate", "share"),
    [
        ("mean gap", 0.50),
        ("best seed", 0.95),
        ("t over seeds", 0.27),
        ("pooled rows", 0.28),
        ("McNemar n.s.", 0.69),
    ],
)
def test_naive_gates_promote_it_as_often_as_is_said(gate: str, share: float) -> None:
    """Such shares are properties of the gates: another model of the same spread has them too."""
    assert _rates(CENTRE, 1).naive[gate] == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize("gate", NAIVE)
@pytest.mark.parametrize("design", USUAL_SEEDS, ids=str)
def test_each_naive_gate_promotes_it_many_times_as_often(design: Design, gate: str) -> None:
    found = _rates(design, 1)
    assert found.naive[gate] > 2 * found.passed
    assert found.naive[gate] > 0.065 + _error(0.065)


def test_a_gate_that_promotes_more_would_be_noticed() -> None:
    """A candidate just within the tolerance breaks the bound that one at the tolerance keeps."""
    found = rates(STRONGEST, 0.7 * STRONGEST.tolerance, REPLICATES)
    assert found.passed > 0.065 + _error(0.065)


def test_the_document_shows_what_the_benchmark_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """One row of the table, at its full number of replicates."""
    bench_verdicts.main(["--only", "400,10,.02", "--processes", "1"])
    printed = [_cells(line) for line in capsys.readouterr().out.splitlines() if "| 400 " in line]
    text = (Path(bench_verdicts.__file__).parent / "README.md").read_text(encoding="utf-8")
    table = text.partition("<!-- verdicts -->")[2].partition("\n\n")[0].splitlines()
    shown = [_cells(line) for line in table if line.startswith("| 400 | 10 | 0.02 ")]
    assert len(table) == 3 + len(GRID)  # after its mark, a header and a rule
    assert shown == [row[:6] + row[9:] for row in printed]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip(" |").split("|")]
