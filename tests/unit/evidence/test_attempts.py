"""The ledger of attempts: counted per lock, whatever happened to other lines."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from qgate.evidence.attempts import AttemptLedger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "attempts.jsonl"


def test_attempts_are_counted_for_each_lock(path: Path) -> None:
    ledger = AttemptLedger(path)
    assert ledger.count("a") == 0
    for key in ("a", "b", "a"):
        ledger.add(key, "evidence")
    assert [ledger.count(key) for key in "abc"] == [2, 1, 0]
    assert AttemptLedger(path).count("a") == 2


@pytest.mark.parametrize(
    "torn",
    [b'{"lock": "a", "evid', b"\xff\xfe\n", b"[]\n", b"7\n", b"\n\n", b"[" * 100_000 + b"\n"],
    ids=["half a line", "no text", "a list", "a number", "empty lines", "nested"],
)
def test_what_is_no_entry_is_ignored_and_costs_no_other(path: Path, torn: bytes) -> None:
    ledger = AttemptLedger(path)
    ledger.add("a", "evidence")
    with path.open("ab") as stream:
        stream.write(torn)
    assert ledger.count("a") == 1
    ledger.add("a", "evidence")
    assert ledger.count("a") == 2


def test_runs_at_the_same_time_are_all_counted(path: Path) -> None:
    def add() -> None:
        for _ in range(50):
            AttemptLedger(path).add("a", "e" * 64)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert AttemptLedger(path).count("a") == 200
