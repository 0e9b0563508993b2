"""A history as it is read: a line a run, sparklines, drift first, and text that stays text."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len

from qgate.charter.schema import findings_against
from qgate.charter.yaml_reader import Source
from qgate.errors import UsageError
from qgate.history.collect import LeftOut
from qgate.history.run import Run
from qgate.history.view import Asked, view
from qgate.report.history import ASCII, BLOCKS, Glyphs, render_history
from qgate.report.history_document import history_document, render_history_json
from qgate.report.history_wording import drift_sentences
from qgate.stats.cusum import REFERENCE
from tests.unit.history.histories import run

DECAYING = [0.01] * REFERENCE + [0.01 + 0.004 * i for i in range(1, 11)]
HOSTILE = "ev\x1b[31mil\u202e\x85\n\t\x00" + "w" * 300
WIDE = "量子" * 100


def runs_of(values: Sequence[float | None], error: float = 0.01, **change: Any) -> list[Run]:
    return [run(i, value, error, **change) for i, value in enumerate(values)]


def text_of(runs: Sequence[Run], width: int = 100, glyphs: Glyphs = BLOCKS, **asked: Any) -> str:
    return render_history(view(runs, Asked(**asked)), (), width, glyphs).plain


def test_drift_is_told_first_and_in_full() -> None:
    text = " ".join(text_of(runs_of(DECAYING, threshold_max=0.08)).split())
    assert text.startswith("DRIFT small: parity decays: 2.40 pt (2.3 ")
    assert "standard deviations) worse than the mean of the first 10 runs, 1.00 pt, since " in text
    assert "2026-01-01 00:" in text
    assert "basis CUSUM (Page 1954)" in text
    assert "CUSUM: DECAY: " in text


def test_a_sparkline_shows_breaks_holes_and_what_is_beyond_its_own_threshold() -> None:
    runs = [
        *runs_of([0.00, 0.01, None, 0.07], threshold_max=0.05),
        run(50, 0.06, threshold_max=0.065, process="f" * 64),
        run(51, 0.07, threshold_max=0.065, process="f" * 64),
    ]
    lines = text_of(runs).splitlines()
    spark = next(i for i, line in enumerate(lines) if "█" in line)
    assert lines[spark] == "     ▁▂·█│▇█"
    assert lines[spark + 1] == "     ·· ^│·^"
    assert (
        lines[spark + 2] == "     0.00 pt -> 7.00 pt; max 5.00, then max 6.50, ^ beyond its run's"
    )
    assert sum("another process" in line for line in lines) == 1
    plain = text_of(runs, glyphs=ASCII)
    assert "     _. #|%#\n     .. ^|.^\n" in plain
    assert plain.isascii()


def test_of_many_thresholds_the_newest_are_told() -> None:
    runs = [run(i, 0.0, threshold_max=(i // 2 + 1) / 100) for i in range(12)]
    told = "; ..., then max 3.00, then max 4.00, then max 5.00, then max 6.00"
    assert told in " ".join(text_of(runs).split())
    assert "0.00 pt -> 0.00 pt; max 1.00\n" in text_of(runs[:2])


@pytest.mark.parametrize(
    ("thresholds", "marks"),
    [
        ({"threshold_min": 0.02}, "^··"),
        ({"threshold_min": -0.02, "threshold_max": 0.02}, "··^"),
        ({"threshold_vs_baseline": 1.5, "baseline_value": 0.015}, "··^"),
        ({"threshold_vs_baseline": 1.5}, None),
    ],
)
def test_the_side_of_each_kind_of_threshold(
    thresholds: dict[str, float], marks: str | None
) -> None:
    text = text_of(runs_of([0.01, 0.02, 0.03], **thresholds))
    assert ("^" in text) is (marks is not None)
    assert marks is None or f"     {marks}\n" in text


def test_a_run_is_a_line_with_what_was_not_passed_the_worst_first() -> None:
    one = run(1, 0.1, 0.1, verdict="inconclusive", decision="rollback", attempt=12)
    shadow, fails = (
        run(1, 0.1, 0.1, name="dim", mode="shadow", verdict="fail"),
        run(1, 0.1, 0.1, name="slow", verdict="fail"),
    )
    whole = replace(one, readings=(*one.readings, *shadow.readings, *fails.readings))
    line = (
        f"   2026-01-01 00:01  ROLL BACK   12  {one.evidence[:12]}  slow FAIL, parity INCONCLUSIVE"
    )
    assert line in text_of([whole]).splitlines()


@pytest.mark.parametrize("width", [20, 60, 80, 120, 300])
@pytest.mark.parametrize("name", [HOSTILE, WIDE, "small"])
def test_no_line_is_wider_than_the_terminal_and_none_commands_it(name: str, width: int) -> None:
    runs = runs_of([*DECAYING, None], pilot=name, name=name, verdict="fail")
    runs = [*runs_of([0.5] * 300, pilot=name, name=name, process="f" * 64), *runs]
    left = [LeftOut("b" * 70 + HOSTILE, "changed")] * 9
    text = render_history(view(runs, Asked()), left, width, BLOCKS).plain
    for line in text.splitlines():
        assert cell_len(line) <= min(max(width, 60), 120)
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "4 more: --format json" in text
    assert text.startswith(" DRIFT  ")
    document = render_history_json(view(runs, Asked()), left)
    assert document.isascii()
    assert json.loads(document)["pilots"][0]["name"] == name


def test_a_long_history_shows_its_newest_values() -> None:
    text = text_of(runs_of([0.0] * 200 + [1.0]), width=80)
    spark = next(line for line in text.splitlines() if "█" in line)
    assert len(spark) == 80
    assert spark.endswith("▁█")
    assert "; the last of them" in text


def test_what_is_too_short_says_how_many_more() -> None:
    assert "CUSUM: 4 runs count so far, of this contract" in text_of(runs_of([0.1] * 4))
    assert "7 more would tell." in " ".join(text_of(runs_of([0.1] * 4)).split())


def test_nothing_at_all_says_what_to_type() -> None:
    assert "qgate history --import" in " ".join(text_of([]).split())


def test_counts_that_never_differed_are_one_line() -> None:
    runs = [run(i, 0.0, None, metric="reproducibility", unit="mismatches") for i in range(3)]
    assert "   never differed  parity\n" in text_of(runs)


def test_a_view_limits_what_is_shown_not_what_is_charted() -> None:
    runs = runs_of(DECAYING)
    text = text_of(runs, limit=3)
    assert "(17 of them not shown)" in text
    assert text.count("PROMOTE") == 3
    assert text.startswith(" DRIFT")
    since = datetime.datetime.fromisoformat(runs[-2].time)
    assert text_of(runs, since=since).count("PROMOTE") == 2
    assert view(runs, Asked(metric="parity")) == view(runs, Asked())


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"pilot": "smal"}, "no run is known of the pilot 'smal' (known: 'small')"),
        ({"metric": "speed"}, "--metric 'speed': no gate has it (known: 'val_accuracy_gap"),
        ({"pilot": HOSTILE}, r"\\x1b[31mil\\u202e"),
    ],
)
def test_what_is_not_there_is_a_mistake(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        view(runs_of([0.1]), Asked(**asked))
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "runs",
    [
        [],
        runs_of(DECAYING),
        runs_of([-v for v in DECAYING], threshold_min=-1.0),
        [*runs_of([None, 0.1]), *[run(9 + i, 2.0 + i, None) for i in range(2)]],
    ],
)
def test_the_document_is_as_its_schema_says(runs: list[Run]) -> None:
    found = view(runs, Asked())
    document = history_document(found, [LeftOut("there", "changed")])
    assert findings_against("history.v1.json", Source("history", document, {})) == []
    assert document["decays"] == drift_sentences(found)
    assert json.loads(render_history_json(found, [LeftOut("there", "changed")])) == document


def test_the_document_tells_the_shift() -> None:
    runs = runs_of(DECAYING)
    (pilot,) = history_document(view(runs, Asked(limit=2)), ())["pilots"]
    (found,) = pilot["measurements"]
    assert (pilot["runs_known"], len(pilot["runs"]), len(found["values"])) == (20, 2, 2)
    assert found["drift"]["state"] == "decay"
    assert len(found["drift"]["sums_worse"]) == 10
    (shift,) = found["drift"]["shifts"]
    assert shift["kind"] == "decay"
    assert shift["alarm"]["time"] > shift["since"]["time"]
