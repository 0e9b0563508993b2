"""Folded sentences: nothing that is copied, or read by a program, is broken."""

from __future__ import annotations

import io

import pytest

from qgate.cli.folding import folded

COMMANDS = (
    'qgate override .qgate/evidence/3c40-c075 --until TIME --reason "why it must go"',
    "qgate incident show small-2026-11-21-1",
    "qgate lock charters/a.yaml --reason 'another scale'",
    "`qgate spending --format json`",
    "cd /a/b/c",
    "pip install 'qgate[pennylane]'",
    'NAME namespaces="qgate" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5',
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("before", range(20, 75, 6))
def test_a_command_is_never_broken(
    command: str, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LINES", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    line = f"{'word ' * (before // 5)}in an emergency: {command} (or wait until it is over)"
    text = folded(line, io.StringIO())
    assert any(command in each for each in text.split("\n"))
    assert all(len(each) <= 80 or command in each for each in text.split("\n"))
    assert text.replace("\n", " ") == line


def test_what_follows_hangs_as_the_line_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINES", raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    assert {line[:2] for line in folded("  " + "word " * 30, io.StringIO()).split("\n")} == {"  "}
    after = folded("bundle    " + "word " * 30, io.StringIO(), hang=10).split("\n")[1:]
    assert {line[:11] for line in after} == {" " * 10 + "w"}


def test_findings_and_log_files_keep_their_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINES", raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    finding = f"charters/a.yaml:3:14: {'word ' * 30}"
    assert folded(finding, io.StringIO()) == finding
    monkeypatch.setenv("LINES", "24")
    assert folded("word " * 60, io.StringIO()) == "word " * 60
    monkeypatch.delenv("LINES")
    monkeypatch.delenv("COLUMNS")
    sentence = "word " * 60
    assert folded(sentence, io.StringIO()) == sentence
