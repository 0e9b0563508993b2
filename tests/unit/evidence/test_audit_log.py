"""The audit log: what is appended is read again, and what was corrupted is found out."""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qgate.digest import canonical
from qgate.errors import ExecutionError, InvalidFileError
from qgate.evidence.audit_log import FIRST, AuditLog, Head, actor


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QGATE_ACTOR", "me@example.com")


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "state/log.jsonl")


def filled(log: AuditLog, count: int = 4) -> bytes:
    """Append entries and return the file's bytes."""
    for number in range(count):
        log.append("run", pilot="small", reason=f"r{number}", digests={"evidence": f"{number}" * 8})
    return log.path.read_bytes()


def refusal(log: AuditLog) -> str:
    """Return why a log is not read; the first append must be refused where its end is hurt."""
    with pytest.raises(InvalidFileError) as error:
        log.entries()
    finding = error.value.findings[0]
    assert finding.line >= 1
    assert finding.column == 1
    return f"{finding.line}: {finding.message}"


def test_entries_are_who_what_why_in_order_and_chained(log: AuditLog) -> None:
    assert log.entries() == []
    assert log.head() == Head(0, FIRST)
    first = log.append("lock", pilot="small", reason="new data")
    second = log.append(
        "run", pilot="small", digests={"contract": "c" * 64}, facts={"attempt": 1, "p": 0.25}
    )
    assert log.entries() == [first, second]
    assert [entry.number for entry in log.entries()] == [1, 2]
    assert (first.actor, first.action, first.reason) == ("me@example.com", "lock", "new data")
    assert second.facts == {"attempt": 1, "p": 0.25}
    # Outside truth: the chain as anyone would check it with sha256sum.
    lines = log.path.read_bytes().splitlines()
    assert json.loads(lines[0])["previous"] == "0" * 64
    assert json.loads(lines[1])["previous"] == hashlib.sha256(lines[0]).hexdigest()
    assert log.head() == Head(2, hashlib.sha256(lines[1]).hexdigest())
    assert json.loads(log.head_path.read_bytes()) == vars(log.head())


def test_no_flipped_byte_of_the_log_goes_unseen(log: AuditLog) -> None:
    data = filled(log)
    for i in range(len(data)):
        log.path.write_bytes(data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :])
        line = int(refusal(log).partition(":")[0])
        here = data[:i].count(b"\n") + 1
        assert here - 1 <= line <= here + 1, i  # the entry, its neighbour, or a joined one
    log.path.write_bytes(data)
    assert len(log.entries()) == 4


def test_no_changed_byte_goes_unseen_whatever_it_becomes(log: AuditLog) -> None:
    whole = filled(log, 2)
    rng = random.Random(3)  # noqa: S311  # places, no secrets
    for _ in range(1_000):
        i = rng.randrange(len(whole))
        to = rng.choice([value for value in range(256) if value != whole[i]])
        log.path.write_bytes(whole[:i] + bytes([to]) + whole[i + 1 :])
        assert refusal(log).partition(":")[0].isdecimal()  # the line


def test_a_removed_a_swapped_and_an_added_line_are_named(log: AuditLog) -> None:
    lines = filled(log).splitlines(keepends=True)
    for i in range(4):
        log.path.write_bytes(b"".join(lines[:i] + lines[i + 1 :]))
        told = refusal(log)
        assert told.startswith("3: 1 entry is missing" if i == 3 else f"{i + 1}: ")
        for j in range(i):
            swapped = list(lines)
            swapped[i], swapped[j] = swapped[j], swapped[i]
            log.path.write_bytes(b"".join(swapped))
            assert refusal(log).startswith(f"{j + 1}: ")
        log.path.write_bytes(b"".join([*lines[:i], lines[i], *lines[i:]]))
        assert refusal(log).startswith(f"{i + 2}: ")


def test_a_log_cut_at_any_byte_is_refused_for_reading_and_for_appending(log: AuditLog) -> None:
    data = filled(log)
    for length in range(len(data)):
        log.path.write_bytes(data[:length])
        left = data[:length].count(b"\n")
        assert "missing after this one" in refusal(log)
        assert refusal(log).startswith(f"{max(left, 1)}: ")
        if length % 5 == 0:
            with pytest.raises(InvalidFileError):
                log.append("run", pilot="small")
        assert log.path.read_bytes() == data[:length]  # what is left of it stays as it was found


def test_no_flipped_or_missing_byte_of_the_head_goes_unseen(log: AuditLog) -> None:
    filled(log)
    head = log.head_path.read_bytes()
    changed = [head[:i] + bytes([head[i] ^ 1]) + head[i + 1 :] for i in range(len(head))]
    changed += [head[:length] for length in range(len(head))]
    changed += [head + b"\n", b"[" * 100_000, b"null", b'{"entries":true,"digest":"x"}']
    for data in changed:
        log.head_path.write_bytes(data)
        refusal(log)
        with pytest.raises(InvalidFileError):
            log.append("run", pilot="small")


def test_a_lost_head_a_lost_log_and_an_old_head_are_told(log: AuditLog) -> None:
    filled(log, 1)
    old = log.head_path.read_bytes()
    filled(log, 3)
    data, head = log.path.read_bytes(), log.head_path.read_bytes()
    log.head_path.unlink()
    assert "log.head.json is gone" in refusal(log)
    log.head_path.write_bytes(old)
    assert "tells of 1 entries" in refusal(log)
    log.head_path.write_bytes(canonical({"entries": 0, "digest": FIRST}))
    assert "tells of 0 entries" in refusal(log)
    log.head_path.write_bytes(head)
    log.path.unlink()
    assert "4 entries are missing" in refusal(log)
    log.path.write_bytes(data)
    assert len(log.entries()) == 4


def test_log_and_head_cut_together_go_unseen_without_a_signature(log: AuditLog) -> None:
    """State the limit: this is what the signed head is for."""
    data = filled(log)
    log.path.write_bytes(b"".join(data.splitlines(keepends=True)[:2]))
    last = hashlib.sha256(data.splitlines()[1]).hexdigest()
    log.head_path.write_bytes(canonical({"entries": 2, "digest": last}))
    assert len(log.entries()) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"number": True}, {"number": "1"}, {"time": 5}, {"actor": None}, {"digests": []},
        {"digests": {"a": 1}}, {"facts": 7}, {"reason": ["a"]}, {"more": 1}, {"digest": "x"},
        {"facts": {"attempt": "1"}}, {"facts": {"attempt": True}}, {"facts": {"spending": 7}},
        {"facts": {"spending": {"shots": "7"}}}, {"facts": {"spending": {"shots": [7]}}},
        {"action": "override", "facts": {"statement": ["a"]}},
        {"action": "incident", "facts": {"incident": {"a": 1}}},
        {"action": "refuse", "facts": {"what": "promote", "why": ["gates"]}},
    ],
    ids=str,
)  # fmt: skip
def test_a_line_of_another_form_is_no_entry_however_well_chained(
    log: AuditLog, change: dict[str, object]
) -> None:
    line = canonical({**json.loads(filled(log, 1)), **change})
    log.path.write_bytes(line + b"\n")
    digest = hashlib.sha256(line).hexdigest()
    log.head_path.write_bytes(canonical({"entries": 1, "digest": digest}))
    assert refusal(log).startswith("1: this entry was changed, or is none")


@pytest.mark.parametrize(
    "line",
    [b"", b"7", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"number":1,"number":1}', b"NaN"],
    ids=["empty", "number", "list", "nothing", "no text", "nested", "twice", "nan"],
)
def test_a_line_that_is_no_entry_is_named(log: AuditLog, line: bytes) -> None:
    data = filled(log, 2).splitlines(keepends=True)
    log.path.write_bytes(data[0] + line + b"\n")
    assert refusal(log).startswith("2: this entry was changed, or is none")


def test_a_folder_in_the_logs_place_is_told(log: AuditLog) -> None:
    log.path.mkdir(parents=True)
    with pytest.raises(ExecutionError, match="Is a directory"):
        log.append("run", pilot="small")
    with pytest.raises(InvalidFileError, match=r"log\.jsonl:1:1: cannot read: Is a directory"):
        log.entries()


@pytest.mark.parametrize("which", ["log", "head"])
def test_what_is_no_regular_file_is_told_and_not_waited_for(log: AuditLog, which: str) -> None:
    filled(log)
    path = log.path if which == "log" else log.head_path
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InvalidFileError, match=rf"{path.name}:1:1: cannot read: no regular file"):
        log.entries()
    with pytest.raises((ExecutionError, InvalidFileError), match="no regular file"):
        log.append("run", pilot="small")


def test_what_to_do_about_a_broken_log_ends_in_a_log_that_is_whole(log: AuditLog) -> None:
    filled(log)
    signed = log.path.with_suffix(".head.0.dsse.json")
    signed.write_bytes(b"{}")
    log.path.write_bytes(b"changed\n")
    said = refusal(log)
    assert "attempts, overrides and spending are then counted anew" in said
    for path in log.path.parent.iterdir():
        assert path.name.replace(".0.", ".*.") in said
        path.unlink()
    assert log.entries() == []
    log.append("run", pilot="small")
    assert len(log.entries()) == 1


def test_ten_thousand_entries_are_read_and_appended_to_at_once(log: AuditLog) -> None:
    filled(log, 1)
    previous = log.head().digest
    lines = [log.path.read_bytes()]
    for number in range(2, 10_001):
        fields = json.loads(lines[0]) | {"number": number, "previous": previous}
        line = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
        previous = hashlib.sha256(line).hexdigest()
        lines.append(line + b"\n")
    log.path.write_bytes(b"".join(lines))
    log.head_path.write_bytes(canonical({"entries": 10_000, "digest": previous}))
    took = []
    for _ in range(5):
        start = time.perf_counter()
        log.append("run", pilot="small")
        took.append(time.perf_counter() - start)
    assert min(took) < 0.1
    assert len(log.entries()) == 10_005


@pytest.mark.parametrize(
    "text",
    ["two\nlines", "\x1b[31mred", "\udcff", "</table>|`x`", "\u202egnp", "\U0001f600", "\x00", ""],
    ids=ascii,
)
def test_any_text_can_be_a_reason_and_is_read_again(log: AuditLog, text: str) -> None:
    entry = log.append("override", pilot=text, reason=text)
    assert log.entries() == [entry]
    assert entry.reason == text.encode(errors="backslashreplace").decode()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8"), max_size=20),
            st.dictionaries(
                st.text(st.characters(codec="utf-8"), max_size=5),
                st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1)
                | st.floats(allow_nan=False, allow_infinity=False)
                | st.lists(st.text(st.characters(codec="utf-8"), max_size=5), max_size=3),
                max_size=3,
            ),
        ),
        max_size=4,
    )
)  # fmt: skip
def test_whatever_is_appended_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, dict[str, object]]]
) -> None:
    log = AuditLog(tmp_path_factory.mktemp("log") / "log.jsonl")
    for reason, facts in written:
        log.append("sign", pilot="p", reason=reason, facts=facts)
    found = [(entry.reason, entry.facts) for entry in log.entries()]
    assert canonical(found) == canonical(written)  # 1e17 is written as an integer


def test_who_is_at_work_is_printable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QGATE_ACTOR", "a\x1b[2J\udcffb")
    assert actor() == "a\\x1b[2J\\udcffb"
    monkeypatch.setenv("QGATE_ACTOR", " ")
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    assert actor() in ("octocat", os.environ.get("GITLAB_USER_EMAIL", "octocat"))
