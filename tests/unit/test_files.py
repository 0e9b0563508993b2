"""Files that are whole or absent, and where a project's files end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qgate.files import (
    other_state,
    project_root,
    repository_top,
    resolved,
    shown,
    write_atomically,
)


def test_a_file_is_written_with_its_folders_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.txt"
    write_atomically(path, b"first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.txt"
    write_atomically(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("mark", [".git", ".hg", "pyproject.toml"])
def test_the_root_is_the_nearest_repository_or_project(tmp_path: Path, mark: str) -> None:
    folder = tmp_path / "project" / "charters"
    folder.mkdir(parents=True)
    (tmp_path / mark).mkdir()
    assert project_root(folder / "pilot.yaml") == tmp_path
    (tmp_path / "project" / mark).touch()
    assert project_root(folder / "pilot.yaml") == tmp_path / "project"


def test_without_a_project_the_root_is_here_or_the_files_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    (here / "charters").mkdir(parents=True)
    elsewhere.mkdir()
    monkeypatch.chdir(here)
    assert project_root(Path("charters/pilot.yaml")) == here
    assert project_root(elsewhere / "pilot.yaml") == elsewhere


def test_the_top_is_that_of_the_repository_not_of_a_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "part" / "charters"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert repository_top() == Path()
    (tmp_path / "part" / "pyproject.toml").touch()
    assert repository_top() == Path("..")
    (tmp_path / ".git").mkdir()
    assert repository_top() == Path("..")  # an empty folder is no repository
    (tmp_path / ".git" / "HEAD").touch()
    assert repository_top() == Path("../..")
    assert repository_top(tmp_path) == Path("../..")


def test_a_state_that_would_be_passed_by_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top, part = tmp_path / "top", tmp_path / "top" / "part"
    (top / ".git").mkdir(parents=True)
    (top / ".git" / "HEAD").touch()
    part.mkdir()
    for folder in (part, top):
        monkeypatch.chdir(folder)
        assert other_state(Path()) is None
    log = top / ".qgate" / "log.jsonl"
    log.parent.mkdir()
    log.touch()
    assert other_state(Path()) is None  # it is this folder's own
    monkeypatch.chdir(part)
    assert other_state(Path()) == Path("..")
    (part / ".git").mkdir()  # an empty one hides nothing
    assert other_state(Path()) == Path("..")
    monkeypatch.chdir(tmp_path)  # from without, by the path of a charter
    assert other_state(Path()) is None
    assert other_state(part / "pilot.yaml") == Path("top")


def test_the_root_of_a_link_is_that_of_its_target(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/pyproject.toml").touch()
    (tmp_path / "project/pilot.yaml").touch()
    (tmp_path / "link.yaml").symlink_to(tmp_path / "project/pilot.yaml")
    assert project_root(tmp_path / "link.yaml") == tmp_path / "project"


def test_a_path_is_shown_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert shown(tmp_path / "here" / "a" / ".." / "b.csv") == "b.csv"
    assert shown(Path("a/b.csv")) == "a/b.csv"
    assert shown(tmp_path / "b.csv") == (tmp_path / "b.csv").as_posix()


def test_a_name_that_is_no_text_is_shown_as_text() -> None:
    assert shown(Path(os.fsdecode(b"pil\xffot.yaml"))) == "pil\\udcffot.yaml"


def test_a_loop_of_links_is_a_path_like_any_other(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert resolved(loop) == loop
    assert shown(loop) == loop.as_posix()
    assert project_root(loop / "pilot.yaml").is_absolute()
