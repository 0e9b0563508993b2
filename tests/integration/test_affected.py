"""`qgate affected`: what touches a charter, in a real git repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qgate.errors import ExitCode
from tests.integration.conftest import Project, new_project
from tests.integration.gitting import commit, git, new_repository


@pytest.fixture
def repository(tmp_path: Path) -> Project:
    """Return a project two folders below the top of a repository, with one commit."""
    folder = tmp_path / "pilots" / "one"
    folder.mkdir(parents=True)
    project = new_project(folder)

    def change(document: dict[str, Any]) -> None:
        document["plugins"] = ["my_models"]
        document["paths"] = ["../../service/**", "notes"]

    project.write(change)
    new_repository(tmp_path)
    return project


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pilots/one/pilot.yaml", "the charter"),
        ("pilots/one/pilot.lock.json", "its lock"),
        ("pilots/one/data.csv", "data.path"),
        ("pilots/one/requirements.lock", "environment.lockfile"),
        ("my_models/kernels/deep.py", "the package my_models"),
        ("src/my_models.py", "the package my_models"),
        ("service/deep/er/server.py", "paths: ../../service/**"),
        ("pilots/one/notes/why.md", "paths: notes"),
        ("README.md", None),
        ("pilots/two/data.csv", None),
        ("pilots/one/service/server.py", None),
        ("my_models.md", None),
        ("pilots/one/name with\nline é", None),
    ],
)
def test_what_touches_a_charter_and_why(
    repository: Project, tmp_path: Path, name: str, reason: str | None
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("\n")
    for committed in (False, True):
        if committed:
            commit(tmp_path)
        base = "HEAD~1" if committed else "HEAD"
        done = repository.qgate("affected", "pilot.yaml", "--base", base, "--format", "json")
        assert done.code == ExitCode.PASS, done.err
        [found] = done.report["charters"]
        assert found["files"] == ({name: reason} if reason else {})
        assert found["affected"] is bool(reason)
        lines = repository.qgate("affected", "pilot.yaml", "--base", base).out
        assert lines == ("pilot.yaml\n" if reason else "")


def test_a_file_that_went_away_or_moved_counts(repository: Project, tmp_path: Path) -> None:
    git(tmp_path, "mv", "pilots/one/data.csv", "pilots/one/other.csv")
    found = repository.qgate("affected", "pilot.yaml", "--base", "HEAD", "--format", "json")
    assert found.report["charters"][0]["files"] == {"pilots/one/data.csv": "data.path"}


def test_only_what_happened_since_the_histories_parted_counts(
    repository: Project, tmp_path: Path
) -> None:
    git(tmp_path, "checkout", "-q", "-b", "branch")
    (tmp_path / "README.md").write_text("mine\n", encoding="utf-8")
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "main")
    with (repository.folder / "data.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "branch")
    assert repository.qgate("affected", "pilot.yaml", "--base", "main").out == ""


def test_a_link_counts_under_both_names(repository: Project, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (repository.folder / "data.csv").rename(store / "real.csv")
    (repository.folder / "data.csv").symlink_to("../../store/real.csv")
    commit(tmp_path)
    with (store / "real.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    found = repository.qgate("affected", "pilot.yaml", "--base", "HEAD", "--format", "json")
    assert found.report["charters"][0]["files"] == {"store/real.csv": "data.path"}


def test_a_charter_that_names_no_class_counts(repository: Project) -> None:
    repository.write(lambda document: document["baseline"].update(estimator="SVC"))
    commit(repository.folder)
    done = repository.qgate("affected", "pilot.yaml", "--base", "HEAD", "--format", "json")
    assert "no class path" in done.report["charters"][0]["unread"]


@pytest.mark.parametrize("text", ["version: 1\n", "{", None])
def test_a_charter_that_cannot_be_read_counts(repository: Project, text: str | None) -> None:
    if text is None:
        repository.charter.unlink()
    else:
        repository.charter.write_text(text, encoding="utf-8")
    commit(repository.folder)
    done = repository.qgate("affected", "pilot.yaml", "--base", "HEAD")
    assert (done.code, done.out) == (ExitCode.PASS, "pilot.yaml\n")


def test_files_of_another_system_come_by_stdin(repository: Project) -> None:
    def asked(names: bytes) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "qgate", "affected", "pilot.yaml", "--files", "-"],
            input=names, capture_output=True, cwd=repository.folder, check=True,
        )  # fmt: skip
        return done.stdout.decode()

    assert asked(b"README.md\n./pilots/one/data.csv\n") == "pilot.yaml\n"
    assert asked(b"README.md\0pilots/one/data.csv\0") == "pilot.yaml\n"
    assert asked(b"README.md\n") == asked(b"") == ""


def test_all_charters_of_the_folder_by_default_and_files_shared_by_all(
    repository: Project, tmp_path: Path
) -> None:
    nothing = repository.qgate("affected", "--base", "HEAD")
    assert nothing.code == ExitCode.USAGE
    assert "no charter" in nothing.err
    (tmp_path / "charters").mkdir()
    for name in ("a", "b"):
        repository.charter.rename(tmp_path / "charters" / f"{name}.yaml")
        repository.write()
    commit(tmp_path)
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool" / "new.py").write_text("", encoding="utf-8")
    assert repository.qgate("affected", "--base", "HEAD").out == ""
    done = repository.qgate("affected", "--base", "HEAD", "--also", "tool/**")
    assert [Path(line).name for line in done.out.splitlines()] == ["a.yaml", "b.yaml"]
    (tmp_path / "pyproject.toml").write_text('[tool.qgate]\ncharters = ["charters/b.yaml"]\n')
    done = repository.qgate("affected", "--base", "HEAD", "--also", "tool/**")
    assert [Path(line).name for line in done.out.splitlines()] == ["b.yaml"]
    done = repository.qgate("ci", "plan", "--base", "HEAD", "--also", "tool/**")
    assert [line.partition(": ")[0][-6:] for line in done.out.splitlines()] == ["b.yaml"]


def test_what_is_not_there_is_said_clearly(repository: Project, tmp_path: Path) -> None:
    unknown = repository.qgate("affected", "pilot.yaml", "--base", "no-such-branch")
    assert unknown.code == ExitCode.USAGE
    assert "no such revision" in unknown.err
    option = repository.qgate("affected", "pilot.yaml", "--base", "--output=owned")
    assert option.code == ExitCode.USAGE
    assert not (repository.folder / "owned").exists()
    (repository.folder / "more").write_text("", encoding="utf-8")
    commit(tmp_path)
    shallow = tmp_path.parent / f"{tmp_path.name}-shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", tmp_path.as_uri(), str(shallow))
    clone = Project(shallow / "pilots" / "one")
    first = git(tmp_path, "rev-parse", "HEAD~1").strip()
    done = clone.qgate("affected", "pilot.yaml", "--base", first)
    assert done.code == ExitCode.USAGE
    assert "fetch-depth: 0" in done.err


@pytest.mark.parametrize(
    "arguments",
    [(), ("--base", "HEAD", "--files", "-"), ("--files", "names.txt"),
     ("--base", "HEAD", "--format", "xml")],
)  # fmt: skip
def test_an_unclear_question_is_refused(repository: Project, arguments: tuple[str, ...]) -> None:
    assert repository.qgate("affected", "pilot.yaml", *arguments).code == ExitCode.USAGE


def test_outside_a_repository_and_without_git(project: Project) -> None:
    outside = project.qgate("affected", "pilot.yaml", "--base", "HEAD", GIT_CEILING_DIRECTORIES="/")
    assert outside.code == ExitCode.USAGE
    assert "not a git repository" in outside.err
    without = project.qgate("affected", "pilot.yaml", "--base", "HEAD", PATH=os.devnull)
    assert without.code == ExitCode.USAGE
    assert "git cannot be started" in without.err
