"""What a step leaves for later ones, whatever becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from qgate.cli import ci_run
from qgate.cli.ci_run import read_manifest, run_all


def test_a_step_that_was_killed_is_not_taken_for_one_with_nothing_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(ci_run, "_run", killed)
    with pytest.raises(MemoryError):
        run_all([Path("a.yaml"), Path("b.yaml")], tmp_path / "reports", [])
    left = read_manifest(tmp_path / "reports")
    assert [(each.charter, each.decision) for each in left] == [
        ("a.yaml", "error"),
        ("b.yaml", "error"),
    ]
    assert "ended before" in left[0].said
