"""Incidents on disk: none is lost, none read that was damaged, each change is in the log."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import time
from pathlib import Path

import pytest

from qgate.digest import canonical, digest
from qgate.errors import ExecutionError, InvalidFileError, UsageError
from qgate.evidence.audit_log import AuditLog
from qgate.rollout.incident import Incident, document
from qgate.rollout.incident_store import IncidentStore
from tests.unit.rollout.incidents import HOSTILE, LATER, OPENED, incident

FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QGATE_ACTOR", "me@example.com")


def rendered(found: Incident) -> str:
    return f"# {found.id} {len(found.history)}\n"


def store_in(folder: Path) -> IncidentStore:
    return IncidentStore(folder / "state", rendered)


@pytest.fixture
def store(tmp_path: Path) -> IncidentStore:
    return store_in(tmp_path)


def opened(store: IncidentStore, **change: object) -> Incident:
    return store.open(incident(id="", **change))[0]


def path_of(store: IncidentStore, found: Incident) -> Path:
    return store.folder / f"{found.id}.json"


def logged(store: IncidentStore) -> list[tuple[object, object]]:
    entries = AuditLog(store.folder.parent / "log.jsonl").entries()
    return [(entry.facts["incident"], entry.facts["what"]) for entry in entries]


def test_a_store_that_nobody_used_is_empty_and_makes_nothing(store: IncidentStore) -> None:
    assert store.read() == ([], [])
    with pytest.raises(UsageError, match="no incident 'x'"):
        store.find("x")
    assert not store.folder.exists()


def test_an_incident_is_written_read_and_logged(store: IncidentStore) -> None:
    new, fresh = store.open(incident(id=""))
    assert fresh
    assert new == incident(id="2026-11-21-few-shots-1")
    data = path_of(store, new).read_bytes()
    assert data == canonical(document(new))
    assert path_of(store, new).with_suffix(".md").read_text() == "# 2026-11-21-few-shots-1 1\n"
    assert store.read() == ([new], [])
    entry = AuditLog(store.folder.parent / "log.jsonl").entries()[0]
    assert (entry.action, entry.pilot, entry.reason) == ("incident", new.pilot, new.why)
    assert entry.digests == {**new.digests, "incident": json.loads(data)["digest"]}
    assert entry.facts == {"incident": new.id, "what": "opened"}
    assert store.is_as_logged(new)


def test_incidents_of_a_day_are_numbered_and_listed_in_order(store: IncidentStore) -> None:
    found = [opened(store) for _ in range(11)]
    assert [one.id.rpartition("-")[2] for one in found] == [str(n) for n in range(1, 12)]
    assert store.read()[0] == found


def test_the_same_failure_is_noted_while_it_is_open_and_opened_anew_after(
    store: IncidentStore,
) -> None:
    first = opened(store)
    again, fresh = store.open(incident(id=""), lambda known: known.pilot == first.pilot)
    assert not fresh
    assert again.id == first.id
    assert [event.what for event in again.timeline] == [f"again: {OPENED.what}"]
    store.close(first.id, "over")
    other, fresh = store.open(incident(id=""), lambda known: known.pilot == first.pilot)
    assert fresh
    assert other.id != first.id
    what = [entry[1] for entry in logged(store)]
    assert what == ["opened", "noted", "closed", "opened"]


def test_notes_and_closing_change_file_markdown_and_log(store: IncidentStore) -> None:
    first = opened(store)
    second = store.note(first, LATER, "traffic is back")
    third = store.close("2026", "wrong scaler", "fixed")
    assert second.timeline == (LATER,)
    assert third.remediation == ("traffic is back", "fixed")
    assert third.closed is not None
    assert (third.closed.who, third.closed.what) == ("me@example.com", "wrong scaler")
    assert store.find(first.id) == third
    assert path_of(store, first).with_suffix(".md").read_text().endswith(" 3\n")
    assert logged(store) == [(first.id, what) for what in ("opened", "noted", "closed")]
    with pytest.raises(UsageError, match=r"was closed .* by me@example.com: wrong scaler"):
        store.close(first.id, "again")
    assert store.find(first.id) == third


def test_the_start_of_an_id_is_enough_where_it_is_one_incidents(store: IncidentStore) -> None:
    found = [opened(store) for _ in range(10)]
    other = opened(store, pilot="other")
    assert store.find("2026-11-21-o") == other
    assert store.find("2026-11-21-few-shots-1") == found[0]  # the whole id, though another's start
    with pytest.raises(UsageError, match="could be any of"):
        store.find("2026-11-21-few")
    for name in ("", "x\x1b[31m", "../log", "2026-11-21-few-shots-1.json"):
        with pytest.raises(UsageError, match="no incident"):
            store.find(name)


def test_no_flipped_byte_and_no_cut_goes_unseen(store: IncidentStore) -> None:
    found = opened(store)
    path = path_of(store, found)
    data = path.read_bytes()
    for i in range(0, len(data), 3):
        path.write_bytes(
            data[:i] if i % 8 == 0 else data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :]
        )
        with pytest.raises(InvalidFileError) as error:
            store.find(found.id)
        assert str(error.value).startswith(f"{path}:1:1: ")
    path.write_bytes(data)
    assert store.find(found.id) == found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"state": "closed"}, "disagree"),
        ({"id": "2026-11-21-few-shots-2"}, "disagree"),
        ({"opened": {"time": "now", "who": "", "what": "x"}}, "time"),
        ({"cause": "bad luck"}, "none of gate, rollback"),
        ({"digests": {"evidence": "../x"}}, "digests"),
        ({"more": 1}, "unknown key 'more'"),
        ({"clauses": [{"gate": "g"}]}, "lacks"),
        ({"version": 2}, "version"),
        ({"remediation_taken": [""]}, "must not be empty"),
    ],
    ids=str,
)
def test_a_file_of_another_form_is_refused_though_its_digest_fits(
    store: IncidentStore, change: dict[str, object], told: str
) -> None:
    found = opened(store)
    body = {k: v for k, v in document(found).items() if k != "digest"} | change
    path_of(store, found).write_bytes(canonical({**body, "digest": digest(body)}))
    with pytest.raises(InvalidFileError, match=told):
        store.find(found.id)


def test_a_damaged_file_hides_no_other_and_stops_no_opening(store: IncidentStore) -> None:
    first, second = opened(store), opened(store)
    path_of(store, first).write_bytes(b"{}")
    (store.folder / "folder.json").mkdir()
    known, findings = store.read()
    assert known == [second]
    assert len(findings) > 1
    third = opened(store)
    assert third.id == "2026-11-21-few-shots-3"
    assert path_of(store, first).read_bytes() == b"{}"  # nothing is written over it


def test_a_change_by_hand_is_not_what_the_log_says(store: IncidentStore) -> None:
    found = opened(store)
    path_of(store, found).write_bytes(canonical(document(incident(id=found.id, why="nothing"))))
    changed = store.find(found.id)
    assert changed.why == "nothing"  # whole by itself, but
    assert not store.is_as_logged(changed)


def test_a_broken_log_is_told_before_an_incident_is_closed(store: IncidentStore) -> None:
    found = opened(store)
    log = store.folder.parent / "log.jsonl"
    log.write_bytes(log.read_bytes()[:-9])
    with pytest.raises(InvalidFileError, match=r"log\.jsonl"):
        store.close(found.id, "over")
    assert store.find(found.id).is_open


def test_a_file_in_the_folders_place_is_told(store: IncidentStore) -> None:
    store.folder.parent.mkdir()
    store.folder.write_text("")
    with pytest.raises(ExecutionError, match="File exists"):
        opened(store)


@pytest.mark.parametrize("text", [HOSTILE.replace("\udcff", ""), "\U0001f600 ü", "../../x"])
def test_hostile_text_is_kept_as_it_is_and_leaves_the_folder_alone(
    store: IncidentStore, text: str
) -> None:
    found = opened(store, pilot=text, why=text)
    assert store.find(found.id) == found
    assert {path.parent for path in store.folder.parent.rglob("*.json")} == {
        store.folder,
        store.folder.parent,
    }


def _open_some(folder: Path, count: int) -> None:
    for _ in range(count):
        opened(store_in(folder))


def test_processes_that_open_at_once_get_ids_of_their_own(
    store: IncidentStore, tmp_path: Path
) -> None:
    processes = [FORK.Process(target=_open_some, args=(tmp_path, 4)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    found, findings = store.read()
    assert findings == []
    assert sorted(int(one.id.rpartition("-")[2]) for one in found) == list(range(1, 17))
    assert len(logged(store)) == 16


def _note_same(folder: Path) -> None:
    store_in(folder).open(incident(id=""), lambda _: True)


def test_processes_that_report_the_same_failure_at_once_open_one(
    store: IncidentStore, tmp_path: Path
) -> None:
    processes = [FORK.Process(target=_note_same, args=(tmp_path,)) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    (found,), findings = store.read()
    assert findings == []
    assert len(found.timeline) == 5


def test_killed_while_opening_and_closing_no_file_is_half_written(
    store: IncidentStore, tmp_path: Path
) -> None:
    rng = random.Random(7)  # noqa: S311  # moments, no secrets
    for _ in range(40):
        process = FORK.Process(target=_work, args=(tmp_path,))
        process.start()
        time.sleep(rng.uniform(0.01, 0.05))
        process.kill()
        process.join()
    found, findings = store.read()
    assert findings == []
    assert found
    assert opened(store).is_open
    assert [path.name for path in store.folder.glob("*.json") if path.name.startswith(".")] == []


def _work(folder: Path) -> None:
    os.environ["QGATE_ACTOR"] = "worker"
    while True:
        store = store_in(folder)
        store.close(opened(store).id, "over")
