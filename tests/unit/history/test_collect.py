"""The index: filled from bundles, whole again after damage, alone among processes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qgate.digest import canonical
from qgate.errors import UsageError
from qgate.evidence.archive import pack
from qgate.evidence.members import read_members
from qgate.evidence.store import Bundle
from qgate.history.collect import Collected, collect
from qgate.history.index import FILE
from qgate.history.run import Run, run_of
from tests.unit.history.histories import write_run, wrong_on

Place = tuple[Path, Path, list[str]]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a state with three runs in its store, and where warnings go."""
    state = tmp_path / ".qgate"
    for day in (3, 1, 2):
        write_run(state / "evidence", day, wrong_on(4 + day, day))
    return state, state / "evidence", []


def collected(place: Place, *imports: Path) -> Collected:
    state, store, warnings = place
    return collect(state, store, imports, warnings.append)


def test_runs_are_what_their_bundles_say_oldest_first(place: Place) -> None:
    found = collected(place)
    assert [run.time[:10] for run in found.runs] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    run = found.runs[0]
    assert run.pilot == "small"
    assert (run.decision, run.attempt, run.charter_path) == ("rollback", 1, "charters/small.yaml")
    bundle = Path(run.place)
    assert run.bundle in (bundle / "manifest.json").read_text()
    assert run.evidence.startswith(bundle.name.partition("-")[0])
    parity = run.readings[0]
    assert (parity.name, parity.unit, parity.threshold_max) == ("parity", "proportion", 0.2)
    assert parity.value == pytest.approx(5 / 200)
    assert parity.low is not None
    assert parity.high is not None
    assert parity.standard_error is not None
    assert parity.high - parity.low == pytest.approx(2 * 1.6448536 * parity.standard_error)
    assert [r.exact for r in run.readings] == [0, 1, 1]
    assert not place[2]


def test_what_is_in_is_not_read_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    first = collected(place)
    monkeypatch.setattr("qgate.history.collect.run_of", lambda bundle: pytest.fail(bundle.digest))
    assert collected(place) == first


def test_a_bundle_that_does_not_verify_is_named_and_left_out(place: Place) -> None:
    _, store, _ = place
    changed, unreadable = sorted(store.iterdir())[:2]
    with (changed / "evidence.json").open("ab") as stream:
        stream.write(b" ")
    (unreadable / "manifest.json").write_bytes(b"\xff")
    found = collected(place)
    assert len(found.runs) == 1
    assert [Path(one.place).name for one in found.left_out] == [changed.name, unreadable.name]
    assert "evidence.json was changed after the run" in found.left_out[0].why


def test_a_rehearsal_is_no_run(place: Place) -> None:
    write_run(place[1], 9, attempt=0)
    for _ in range(2):
        found = collected(place)
        assert (len(found.runs), found.left_out) == (3, ())


@pytest.mark.parametrize("created", ["once upon a time", "2026-01-01T08:00:00", None])
def test_without_a_time_it_is_left_out(place: Place, created: str | None) -> None:
    write_run(place[1], 4, created=created)
    found = collected(place)
    assert len(found.runs) == 3
    assert found.left_out[0].why.startswith(
        "is not evidence as a run writes it: observations.created: "
    )


def test_times_are_told_in_utc(place: Place) -> None:
    write_run(place[1], 4, created="2026-01-04T01:30:00+02:00")
    assert collected(place).runs[-1].time == "2026-01-03T23:30:00.000000+00:00"


def test_folders_bundles_and_archives_are_imported_and_stay(place: Place, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for day in (5, 6, 7):
        write_run(elsewhere, day)
    one, two, three = sorted(elsewhere.iterdir())
    (tmp_path / "archives").mkdir()
    archive = tmp_path / "archives" / "two.tar"
    archive.write_bytes(pack(read_members(two)))
    assert len(collected(place, one).runs) == 4
    assert len(collected(place, archive).runs) == 5
    assert len(collected(place, tmp_path / "archives").runs) == 5
    assert len(collected(place, elsewhere, three).runs) == 6
    shutil.rmtree(elsewhere)
    assert len(collected(place).runs) == 6


def test_nothing_to_import_is_a_mistake(place: Place, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "absent", tmp_path / "nul\0"):
        with pytest.raises(UsageError, match="--import"):
            collected(place, path)


def test_a_folder_without_a_state_stays_as_it_is(tmp_path: Path) -> None:
    state = tmp_path / ".qgate"
    assert collect(state, state / "evidence", (), pytest.fail) == Collected((), ())
    assert not state.exists()


def _older(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE maker SET version = '0.0.1'")


def _other_table(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE readings")
        connection.execute("CREATE TABLE readings (bundle TEXT)")


def _torn(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 : len(data) // 2] = bytes(len(data) // 2 - 4096)
    path.write_bytes(data)


def _linked(path: Path) -> None:
    target = path.with_name("target")
    path.rename(target)
    path.symlink_to(target)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(b"no database" * 999),
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "torn": _torn,
    "older": _older,
    "another table": _other_table,
    "a link": _linked,
    "deleted": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_older_index_is_made_again(place: Place, damage: str) -> None:
    before = collected(place)
    DAMAGES[damage](place[0] / FILE)
    assert collected(place) == before
    assert len(place[2]) == (damage != "deleted")
    assert all("made again from the bundles" in warning for warning in place[2])
    assert collected(place) == before
    assert len(place[2]) == (damage != "deleted")


def test_imports_of_an_older_index_are_read_again_where_they_stand(
    place: Place, tmp_path: Path
) -> None:
    stays, goes = tmp_path / "stays", tmp_path / "goes"
    write_run(stays, 5)
    write_run(goes, 6)
    collected(place, stays, goes)
    _older(place[0] / FILE)
    shutil.rmtree(goes)
    assert [run.time[8:10] for run in collected(place).runs] == ["01", "02", "03", "05"]
    assert any("1 bundle that was imported is gone" in warning for warning in place[2])


def test_where_nothing_can_be_written_it_is_shown_all_the_same(place: Place) -> None:
    (place[0] / FILE).mkdir()
    found = collected(place)
    assert len(found.runs) == 3
    assert any("nothing is kept" in warning for warning in place[2])


def test_an_interrupted_import_leaves_whole_runs(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 0

    def interrupted(bundle: Bundle) -> Run | None:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        return run_of(bundle)

    monkeypatch.setattr("qgate.history.collect.run_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        collected(place)
    monkeypatch.undo()
    found = collected(place)
    assert [len(run.readings) for run in found.runs] == [3, 3, 3]
    assert not place[2]


def test_processes_at_once_do_each_other_no_harm(place: Place) -> None:
    for day in range(4, 16):
        write_run(place[1], day, wrong_on(day, day))
    (place[0] / FILE).write_bytes(b"damaged too")
    code = (
        "import sys; from pathlib import Path; from qgate.history.collect import collect;"
        "state = Path(sys.argv[1]);"
        "found = collect(state, state / 'evidence', (), lambda message: None);"
        "print(len(found.runs), len(found.left_out), {len(r.readings) for r in found.runs})"
    )
    command = [sys.executable, "-c", code, str(place[0])]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(3)
    ]
    assert [one.communicate(timeout=120)[0] for one in started] == ["15 0 {3}\n"] * 3
    assert len(collected(place).runs) == 15
    assert not place[2]
    assert canonical([p.name for p in place[0].iterdir() if p.suffix == ".lock"]) == b"[]"
