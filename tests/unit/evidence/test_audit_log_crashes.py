"""The audit log beside others and when killed: no entry is lost, no reader sees a half of one."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from qgate.errors import ExecutionError
from qgate.evidence.audit_log import AuditLog, Entry

FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QGATE_ACTOR", "me@example.com")


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "state/log.jsonl")


def filled(log: AuditLog, count: int = 4) -> bytes:
    """Append entries and return the file's bytes."""
    for _ in range(count):
        log.append("run", pilot="small")
    return log.path.read_bytes()


def test_a_torn_write_is_put_on_record_and_costs_no_entry(log: AuditLog) -> None:
    data = filled(log, 2)
    head = log.head_path.read_bytes()
    third = AuditLog(log.path).append("run", pilot="small", reason="third")
    line = log.path.read_bytes()[len(data) : -1]
    for length in range(1, len(line) + 1, 7):
        log.path.write_bytes(data + line[:length])
        log.head_path.write_bytes(head)
        assert [entry.number for entry in log.entries()] == [1, 2]
        log.append("run", pilot="small", reason="again")
        found = log.entries()
        assert [entry.action for entry in found] == ["run", "run", "repair", "run"]
        assert found[2].facts == {"bytes": length}
        assert found[2].digests["torn"] == hashlib.sha256(line[:length]).hexdigest()
    assert third.number == 3


class _KilledError(BaseException):
    """Stands for the end of the process at one place."""


@pytest.mark.parametrize("name", ["fsync", "ftruncate", "replace", "mkstemp"])
@pytest.mark.parametrize("torn", [b"", b'{"half'], ids=["whole", "torn"])
def test_a_process_that_ends_within_an_append_leaves_a_log_that_goes_on(
    log: AuditLog, name: str, torn: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.path.parent.mkdir()
    for skipped in range(6):
        before = log.entries()
        log.path.write_bytes((log.path.read_bytes() if before else b"") + torn)
        places = {"replace": Path, "mkstemp": tempfile}
        with monkeypatch.context() as patch:
            _die_at(patch, places.get(name, os), name, skipped)
            with suppress(_KilledError):
                log.append("run", pilot="small", reason=f"{name} {skipped}")
        after = log.entries()
        assert after[: len(before)] == before
        assert log.append("run", pilot="small").number == len(log.entries()) > len(after)


def _die_at(patch: pytest.MonkeyPatch, place: object, name: str, skipped: int) -> None:
    real, left = getattr(place, name), [skipped]

    def dying(*arguments: object, **named: object) -> object:
        left[0] -= 1
        if left[0] == -1:
            raise _KilledError
        return real(*arguments, **named)

    patch.setattr(place, name, dying)


def test_a_full_disk_is_told_and_leaves_the_log_as_it_was(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, real = filled(log), os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, line: real(handle, line[:10]))
        with pytest.raises(ExecutionError, match="No space left on device"):
            log.append("run", pilot="small")
    assert log.path.read_bytes() == data
    assert log.append("run", pilot="small").number == 5


def _append(path: Path, name: str, count: int) -> None:
    os.environ["QGATE_ACTOR"] = name
    for number in range(count):
        AuditLog(path).append("run", pilot="small", facts={"mine": number})


def test_processes_that_append_at_once_lose_nothing_and_readers_see_no_break(log: AuditLog) -> None:
    names = [f"w{i}" for i in range(4)]
    writers = [FORK.Process(target=_append, args=(log.path, name, 25)) for name in names]
    for writer in writers:
        writer.start()
    seen = 0
    while any(writer.is_alive() for writer in writers):
        found = len(log.entries())  # raises where a reader would see a half-made change
        assert found >= seen
        seen = found
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    entries = log.entries()
    assert len(entries) == 100
    for name in names:
        assert [e.facts["mine"] for e in entries if e.actor == name] == list(range(25))


def test_threads_that_append_at_once_lose_nothing(log: AuditLog) -> None:
    threads = [threading.Thread(target=_append, args=(log.path, "t", 10)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.entries()) == 40


def _append_for_ever(path: Path, acknowledged: Connection) -> None:
    while True:
        acknowledged.send(AuditLog(path).append("run", pilot="small", reason="x" * 500))


def test_killed_200_times_while_appending_it_keeps_every_entry_that_was_acknowledged(
    log: AuditLog,
) -> None:
    rng = random.Random(5)  # noqa: S311  # moments, no secrets
    kept: list[Entry] = []
    for _ in range(200):
        ours, theirs = FORK.Pipe(duplex=False)
        process = FORK.Process(target=_append_for_ever, args=(log.path, theirs))
        process.start()
        theirs.close()
        assert ours.poll(30)  # it is at work
        time.sleep(rng.uniform(0, 0.015))
        process.kill()
        process.join()
        kept += _received(ours)
        ours.close()
    found = log.entries()
    assert len(kept) >= 200
    numbered = {entry.number: entry for entry in found}
    assert all(numbered[entry.number] == entry for entry in kept)
    assert log.append("run", pilot="small").number == len(found) + 1


def _received(connection: Connection) -> Iterator[Entry]:
    with suppress(EOFError, OSError):
        while connection.poll():
            yield connection.recv()
