"""A step summary within what GitHub keeps: cut between sections, and told where the rest is."""

from __future__ import annotations

from pathlib import Path

import pytest

from qgate.gates.verdict import Outcome
from qgate.report import markdown
from qgate.report.markdown import MOST_BYTES, render_markdown
from tests.unit.report.accounts import account, verdict


def _report(folder: Path, gates: int, reason: str, note: str = "") -> str:
    verdicts = [
        verdict(f"gate-{number}", Outcome.FAIL, reason=reason, note=note) for number in range(gates)
    ]
    of = account(folder, verdicts)
    return render_markdown(of.decision, of.rollback)


def test_what_fits_is_whole(tmp_path: Path) -> None:
    text = _report(tmp_path, 3, "Why.")
    assert "left out" not in text
    assert text.count("### ") == 4


@pytest.mark.parametrize(
    ("reason", "note"),
    [("ä" * 20_000, ""), ("Why.", "ä" * 20_000), ("Why. " * 3_000, "do it " * 3_000)],
    ids=["long reasons", "long remedies", "both"],
)
def test_beyond_the_limit_whole_sections_are_left_out(
    tmp_path: Path, reason: str, note: str
) -> None:
    text = _report(tmp_path, 100, reason, note)
    assert MOST_BYTES * 0.9 < len(text.encode()) <= MOST_BYTES
    lines = text.splitlines()
    assert lines[0].startswith("## ROLL BACK: ")
    assert sum(line.startswith("| ❌ | gate-") for line in lines) == 100
    assert "On demand: `qgate rollback charters/small.yaml --dry-run`" in lines
    assert lines[-1].startswith("Evidence `")
    assert "parts of this report are left out" in lines[-3]
    assert "qgate judge " in lines[-3]
    assert "--format json" in lines[-3]
    whole = [line for line in lines if line.startswith("### ❌ ")]
    assert len(whole) < 100
    assert text.count("- again: `qgate run charters/small.yaml`") == len(whole)
    assert [line.split()[2] for line in whole] == [
        f"gate-{number}:" for number in range(len(whole))
    ]


def test_a_table_that_is_too_long_is_cut_between_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markdown, "MOST_BYTES", 3_000)
    text = _report(tmp_path, 100, "Why.")
    assert len(text.encode()) <= 3_000
    rows = [line for line in text.splitlines() if line.startswith("| ❌ | gate-")]
    assert 5 < len(rows) < 100
    assert all(row.endswith("| owner@example.com |") for row in rows)
    assert "left out" in text
