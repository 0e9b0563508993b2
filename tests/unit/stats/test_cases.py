"""Published cases: every one in cases.json, against the procedure that it is about."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr, stdtr

from qgate.stats.exact_power import score_power
from qgate.stats.influence import roc_auc
from qgate.stats.multiplicity import holm
from qgate.stats.paired import (
    bonett_price_interval,
    mcnemar,
    newcombe_interval,
    tango_interval,
    tango_score,
)
from qgate.stats.parity import parity_interval
from qgate.stats.pivots import TPivot
from qgate.stats.proportion import clopper_pearson
from qgate.stats.quantiles import quantile_bounds, quantile_ranks, samples_needed
from qgate.stats.resampling import corrected_resampled_t
from qgate.stats.sequential import boundaries, nominal_levels

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))

Case = dict[str, Any]


def _paired_ci(case: Case) -> None:
    a, b, c, d = (case["inputs"][key] for key in "abcd")
    n, confidence = a + b + c + d, case["inputs"]["conf_level"]
    found = {
        "tango_score": tango_interval(b, c, n, confidence=confidence),
        "newcombe_method10": newcombe_interval(a, b, c, d, confidence=confidence),
        "bonett_price": bonett_price_interval(b, c, n, confidence=confidence),
    }
    assert found.keys() == case["expected"].keys()
    for method, ends in case["expected"].items():
        assert found[method] == pytest.approx(ends, abs=case["tolerance"]), method


def _mcnemar(case: Case) -> None:
    found = mcnemar(**case["inputs"])._asdict()
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])


def _paired_rows(given: dict[str, int]) -> tuple[list[list[int]], list[list[int]]]:
    """Return candidate and baseline correctness of one seed for the four counts."""
    a, b, c, d = (given[key] for key in "abcd")
    return [[1] * (a + b) + [0] * (c + d)], [[1] * a + [0] * b + [1] * c + [0] * d]


def _noninferiority(case: Case) -> None:
    candidate, baseline = _paired_rows(case["inputs"])
    p, margin = case["expected"]["p"], case["inputs"]["margin"]
    for alpha, shown in ((p + 1e-4, True), (p - 1e-4, False)):
        found = parity_interval(
            candidate, baseline, claim="this_artifact", confidence=1 - 2 * alpha
        )
        assert (found.high <= margin) is shown
    given = case["inputs"]
    z = tango_score(given["b"], given["c"], sum(given[key] for key in "abcd"), -margin)
    assert float(z) == pytest.approx(case["expected"]["z"], abs=case["tolerance"])
    assert float(ndtr(-z)) == pytest.approx(p, abs=case["tolerance"])


def _tost(case: Case) -> None:
    """Two one-sided tests, as a gate with `within` makes them."""
    given, expected = case["inputs"], case["expected"]
    difference = np.subtract(given["x"], given["y"])
    se, df = float(difference.std(ddof=1)) / difference.size**0.5, difference.size - 1
    pivot = TPivot(float(difference.mean()), se, df)
    near: Callable[[Any], Any] = lambda x: pytest.approx(x, abs=case["tolerance"])  # noqa: E731
    assert pivot.estimate == near(expected["mean"])
    assert (pivot.estimate - given["low"]) / se == near(expected["t_lower"])
    assert (pivot.estimate - given["high"]) / se == near(expected["t_upper"])
    assert pivot.above(given["low"]) == near(expected["p_lower"])
    assert pivot.below(given["high"]) == near(expected["p_upper"])
    assert max(pivot.above(given["low"]), pivot.below(given["high"])) == near(expected["p_tost"])
    assert pivot.ends(0.9) == near(tuple(expected["ci90"]))


def _verdict(case: Case) -> None:
    given, expected = case["inputs"], case["expected"]
    candidate, baseline = _paired_rows(given)
    found = parity_interval(
        candidate, baseline, claim="new_items_and_seeds", confidence=1 - 2 * given["alpha"]
    )
    assert -found.high == pytest.approx(expected["lower"], abs=case["tolerance"])
    assert -found.low == pytest.approx(expected["upper"], abs=case["tolerance"])
    verdict = "pass" if found.high <= given["margin"] else "inconclusive"
    verdict = "fail" if found.low > given["margin"] else verdict
    assert verdict == expected["verdict"]


def _delong(case: Case) -> None:
    truth = np.asarray(case["inputs"]["y"], dtype=np.int64)
    first, second = (
        roc_auc(truth, np.asarray(case["inputs"][f"score{i}"], dtype=np.float64)) for i in (1, 2)
    )
    expected = case["expected"]
    assert [first.mean(), second.mean()] == pytest.approx(expected["auc"], abs=1e-12)
    found = parity_interval(
        second[np.newaxis], first[np.newaxis], claim="this_artifact", confidence=0.9
    )
    assert found.se == pytest.approx(expected["se"], abs=case["tolerance"])
    assert found.estimate / found.se == pytest.approx(expected["z"], abs=1e-5)


def _quantile_ci(case: Case) -> None:
    samples, confidence = case["inputs"]["x"], case["inputs"]["conf"]
    for q in case["inputs"]["quantiles"]:
        expected = case["expected"][str(q)]
        ranks = quantile_ranks(len(samples), q, confidence=confidence)
        assert ranks == (expected["lcb_index"], expected["ucb_index"])
        found = quantile_bounds(samples[::-1], q, confidence=confidence)
        assert found == (expected["lcb"], expected["ucb"])


def _quantile_index(case: Case) -> None:
    given, expected = case["inputs"], case["expected"]
    found = quantile_ranks(given["n"], given["quantile"], confidence=given["conf"])
    assert found == (expected["lcb_index"], expected["ucb_index"])


def _wilks(case: Case) -> None:
    q, confidence = case["inputs"]["quantile"], case["inputs"]["conf"]
    assert samples_needed(q, confidence=confidence) == case["expected"]["n"][0]
    for r, n in enumerate(case["expected"]["n"]):  # n is the first at which rank n - r is a bound
        assert quantile_ranks(n, q, confidence=confidence)[1] == n - r
        before = quantile_ranks(n - 1, q, confidence=confidence)[1]
        assert before is None or before == n - r


def _power(case: Case) -> None:
    given = case["inputs"]
    found = score_power(
        given["n"],
        given["p_only_baseline"],
        given["p_only_candidate"],
        tolerance=given["margin"],
        confidence=1 - given["alpha"],
    )
    assert found == pytest.approx(case["expected"]["power"], abs=case["tolerance"])


def _crossed(case: Case) -> None:
    cells, expected = np.asarray(case["inputs"]["D"], dtype=np.float64).T, case["expected"]
    candidate, baseline = (cells == -1).astype(float), (cells == 1).astype(float)
    near: Callable[[float], Any] = lambda x: pytest.approx(x, abs=case["tolerance"])  # noqa: E731
    found = parity_interval(candidate, baseline, claim="new_items_and_seeds", confidence=0.9)
    assert found.estimate == near(expected["mean"])
    assert found.se == near(expected["se"])
    assert found.df == near(expected["df"])
    assert found.low == near(expected["lb95_one_sided"])
    assert found.high == near(expected["ub95_one_sided"])
    assert found.components.item == near(expected["var_item"])
    assert found.components.seed == near(expected["var_seed"])
    assert found.components.residual == near(expected["var_resid"])
    seeds_only = parity_interval(candidate, baseline, claim="this_dataset", confidence=0.9)
    items_only = parity_interval(candidate, baseline, claim="this_artifact", confidence=0.9)
    assert seeds_only.se == near(expected["se_seeds_only"])
    assert seeds_only.df == cells.shape[0] - 1
    assert items_only.se == near(expected["se_items_only"])
    assert items_only.df == cells.shape[1] - 1


def _clopper(case: Case) -> None:
    given = case["inputs"]
    found = clopper_pearson(given["x"], given["n"], confidence=given["conf"])
    assert found == pytest.approx(case["expected"]["ci"], abs=case["tolerance"])


def _resampled(case: Case) -> None:
    given, expected = case["inputs"], case["expected"]
    difference = np.subtract(given["x"], given["y"])
    found = corrected_resampled_t(
        difference, train=given["n_train"], test=given["n_test"], confidence=0.95
    )
    t = found.estimate / found.se
    p = float(stdtr(found.df, -t))
    assert t == pytest.approx(expected["t"], abs=case["tolerance"])
    assert p == pytest.approx(expected["p_one_sided_x_greater"], abs=case["tolerance"])
    assert 2 * p == pytest.approx(expected["p_two_sided"], abs=case["tolerance"])
    shown = corrected_resampled_t(
        difference, train=given["n_train"], test=given["n_test"], confidence=1 - 2 * p
    )
    assert shown.low == pytest.approx(0, abs=1e-12)  # the interval that just leaves 0 out


def _sequential(case: Case) -> None:
    fractions, alpha = case["inputs"]["information_fractions"], case["inputs"]["alpha_one_sided"]
    expected = case["expected"]["z"]
    assert boundaries(fractions, alpha=alpha) == pytest.approx(expected, abs=1e-6)
    assert nominal_levels(fractions, alpha=alpha) == pytest.approx(
        ndtr(-np.asarray(expected)), rel=1e-5
    )


def _holm(case: Case) -> None:
    assert holm(case["inputs"]["p"]) == pytest.approx(
        case["expected"]["adj"], abs=case["tolerance"]
    )


RUNNERS = {
    "paired_ci": _paired_ci,
    "noninferiority": _noninferiority,
    "verdict": _verdict,
    "delong": _delong,
    "quantile_ci": _quantile_ci,
    "quantile_index": _quantile_index,
    "wilks": _wilks,
    "power": _power,
    "crossed": _crossed,
    "clopper": _clopper,
    "mcnemar": _mcnemar,
    "tost": _tost,
    "nadeau": _resampled,
    "seq_asOF": _sequential,
    "holm": _holm,
}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_published_case(case: Case) -> None:
    runner = [run for prefix, run in RUNNERS.items() if case["name"].startswith(prefix)]
    assert len(runner) == 1, "no procedure answers for this case"
    assert case["source"]
    runner[0](case)


def test_the_cases_are_those_that_were_recorded() -> None:
    recorded = re.search(r"`([0-9a-f]{64})`", (HERE / "README.md").read_text(encoding="utf-8"))
    assert recorded is not None
    found = hashlib.sha256((HERE / "cases.json").read_bytes()).hexdigest()
    assert found == recorded.group(1)


def test_the_score_interval_without_discordance_is_the_closed_form() -> None:
    z = 1.6448536269514722
    for n in (5, 59, 1000):
        low, high = tango_interval(0, 0, n, confidence=0.9)
        assert high == pytest.approx(z * z / (n + z * z), abs=1e-12)
        assert low == pytest.approx(-high, abs=1e-12)
