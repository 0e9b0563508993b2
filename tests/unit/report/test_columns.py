"""Texts that fit their columns, whatever their characters."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from qgate.report.columns import cut, hung, padded

WORDS = st.lists(st.text(st.sampled_from("ab-精🚀\u0301"), min_size=1, max_size=40), max_size=30)
NAMES = ("plain", "精度" * 20, "🚀 launch " * 6, "e\u0301" * 40, "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("room", [6, 7, 30])
def test_a_name_takes_exactly_its_columns(name: str, room: int) -> None:
    assert cell_len(padded(name, room)) == room
    assert cell_len(cut(name, room)) <= room
    assert cut(name, 200) == name


@given(WORDS)
def test_nothing_is_lost_and_no_line_is_too_long(words: list[str]) -> None:
    text = " ".join(words)
    lines = hung("  ", text, 30)
    assert all(cell_len(line) <= 30 for line in lines)
    assert "".join("".join(lines).split()) == "".join(words)


@given(st.text("ab. ", max_size=300))
def test_plain_text_is_wrapped_as_it_always_was(text: str) -> None:
    told = " ".join(text.split())
    expected = textwrap.wrap(told, 30, initial_indent="- ", subsequent_indent="  ") or ["-"]
    assert hung("- ", text, 30) == expected


def test_a_command_and_a_path_stay_whole() -> None:
    said = f"Ready. Type qgate run charters/small.yaml --fresh, then see {'/folder' * 9} and wait."
    lines = hung("  ", said, 40, long_words=False)
    assert any("qgate run charters/small.yaml --fresh" in line for line in lines)
    assert f"  {'/folder' * 9}" in lines
    assert " ".join(line.strip() for line in lines) == said
