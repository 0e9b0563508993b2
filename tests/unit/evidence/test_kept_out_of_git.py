"""A project's state stays out of git unless somebody wants it there."""

from __future__ import annotations

from pathlib import Path

from qgate.evidence.audit_log import AuditLog
from tests.integration.gitting import git


def _log(folder: Path) -> AuditLog:
    log = AuditLog(folder / "log.jsonl")
    log.append("run", pilot="p")
    return log


def test_git_add_passes_by_the_state(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    _log(tmp_path / ".qgate")
    git(tmp_path, "add", ".")
    assert git(tmp_path, "ls-files") == ""
    git(tmp_path, "add", "--force", ".qgate/log.jsonl")
    assert git(tmp_path, "ls-files") == ".qgate/log.jsonl\n"


def test_who_removes_the_file_has_it_removed(tmp_path: Path) -> None:
    ignored = tmp_path / ".qgate/.gitignore"
    log = _log(ignored.parent)
    ignored.unlink()
    log.append("run", pilot="p")
    assert not ignored.exists()


def test_nothing_is_written_through_a_link_nor_beside_a_log_elsewhere(tmp_path: Path) -> None:
    state = tmp_path / ".qgate"
    state.mkdir()
    (state / ".gitignore").symlink_to(tmp_path / "target")
    _log(state)
    _log(tmp_path / "elsewhere")
    assert not (tmp_path / "target").exists()
    assert not (tmp_path / "elsewhere/.gitignore").exists()
