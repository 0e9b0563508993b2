"""The text of a summary and of a comment."""

from __future__ import annotations

import pytest

from qgate.report.pull_request import (
    DECISIONS,
    Gated,
    Origin,
    body,
    is_worse,
    marked,
    marker,
    superseded,
    worst,
)

ORIGIN = Origin("a" * 40, "https://github.com/o/r/actions/runs/1", "qgate-0123456789ab")


def gated(name: str, decision: str = "hold", sections: int = 1, size: int = 50) -> Gated:
    text = "".join(f"### {name} {i}\n\n{'x' * size}\n" for i in range(1, sections))
    gates = [{"name": "parity", "verdict": "inconclusive"}]
    report = {"gates": gates, "code": "QG-D10", "evidence": {"digest": "f" * 64}}
    return Gated(f"{name}.yaml", decision, 20, report, f"## {name}\n\n{text}")


def test_one_charter_is_its_report() -> None:
    text = body([gated("one")], ORIGIN, 10_000)
    assert text.startswith("## one\n")
    assert "Commit `aaaaaaaaaaaa`, [this run](https://github.com/o/r/actions/runs/1)" in text


def test_several_are_told_together_first_and_the_worst_first() -> None:
    text = body([gated("good", "promote"), gated("bad", "rollback")], ORIGIN, 10_000)
    assert text.startswith("## ❌ qgate: ROLLBACK\n")
    assert "| ❔ |" not in text
    assert "1 inconclusive" in text
    assert "| bad.yaml | ROLLBACK QG-D10 |" in text
    assert text.index("## bad") < text.index("## good")


def test_no_charter_is_said() -> None:
    assert "no charter is affected" in body([], ORIGIN, 10_000)


@pytest.mark.parametrize("limit", [2_000, 10_000, 60_000])
def test_what_does_not_fit_is_left_out_by_sections_and_said(limit: int) -> None:
    results = [gated("é" * 9, sections=60, size=997), gated("later", sections=60, size=997)]
    text = body(results, ORIGIN, limit)
    assert limit - 2_500 < len(text.encode()) <= limit
    assert "left out for size: all of them stand in the artefact `qgate-0123456789ab`" in text
    assert text.count("x" * 997) == text.count("\n### ")
    assert "this run" in text


def test_a_first_section_that_does_not_fit_is_cut_and_said() -> None:
    text = body([Gated("a.yaml", "hold", 20, {}, "## a\n" + "| row |\n" * 9_000)], ORIGIN, 10_000)
    assert "| row |\n" in text
    assert "1 sections are left out" in text
    assert len(text.encode()) <= 10_000


def test_a_hostile_charter_name_stays_text() -> None:
    error = Gated("<b>|x|.yaml", "error", 2, said="`</code><script>\n### heading")
    text = body([error, gated("two")], ORIGIN, 10_000)
    assert "<b>" not in text
    assert "    '</code><script>\n    ### heading\n" in text


def test_verdicts_in_their_order() -> None:
    assert worst([]) == "skipped"
    assert worst(["promote", "error", "rollback"]) == "error"
    assert [d for d in DECISIONS if is_worse(d, "promote")] == ["hold", "rollback", "error"]
    assert not is_worse("promote", "skipped")
    assert is_worse("hold", "skipped")


def test_a_marker_is_found_again_only_where_it_begins_the_text() -> None:
    mark = marker("0123456789ab", "hold")
    assert marked(f"{mark}\ntext") == ("0123456789ab", "hold")
    assert marked(f"> {mark}\ntext") is None
    assert marked(mark.replace("hold", "great")) is None
    assert marked(superseded(f"{mark}\ntext", "https://example.com")) is None
