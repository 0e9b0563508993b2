"""The table of formats, and the names by which the command line knows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from qgate.cli.options import FORMAT_NAMES
from qgate.cli.output import resolve
from qgate.errors import UsageError
from qgate.report.formats import FORMATS
from tests.unit.report.accounts import account, each_outcome


def test_the_command_line_knows_every_format() -> None:
    assert set(FORMATS) == set(FORMAT_NAMES)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_renders_the_same_text_twice(tmp_path: Path, name: str) -> None:
    of = account(tmp_path, each_outcome())
    text = FORMATS[name](of)
    assert "enforce-fail" in text
    assert FORMATS[name](of) == text


def test_a_file_s_suffix_names_its_format(tmp_path: Path) -> None:
    outputs = resolve(None, [tmp_path / "a.sarif", tmp_path / "a.xml"], "inconclusive")
    assert [name for name, _ in outputs.files] == ["sarif", "junit"]
    with pytest.raises(UsageError, match="name its --format"):
        resolve(None, [tmp_path / "a.out"], "inconclusive")
