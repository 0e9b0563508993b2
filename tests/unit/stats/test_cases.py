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

from qgate.stats.influence import roc_auc
from qgate.stats.paired import tango_interval
from qgate.stats.parity import Components, parity_interval
from qgate.stats.power import chance_to_pass
from qgate.stats.proportion import clopper_pearson
from qgate.stats.quantiles import quantile_bounds, quantile_ranks, samples_needed

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))

Case = dict[str, Any]


def _paired_ci(case: Case) -> None:
    given = case["inputs"]
    n = given["a"] + given["b"] + given["c"] + given["d"]
    found = tango_interval(given["b"], given["c"], n, confidence=given["conf_level"])
    assert found == pytest.approx(case["expected"]["tango_score"], abs=case["tolerance"])


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
    spread = given["p_only_candidate"] + given["p_only_baseline"]
    found = chance_to_pass(
        given["margin"],
        components=Components(spread, 0.0, 0.0),
        seeds=1,
        items=given["n"],
        claim="new_items_and_seeds",
        confidence=1 - given["alpha"],
    )
    assert found == pytest.approx(case["expected"]["power"], abs=0.02)  # an approximation


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
