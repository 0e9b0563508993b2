"""A git repository of a test's own, untouched by the configuration of whoever runs it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_OWN = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_NAME": "Test" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "test@example.com" for who in ("AUTHOR", "COMMITTER")},
}


def git(folder: Path, *arguments: str) -> str:
    """Return what git prints, of a command that must succeed."""
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607  # whichever git is there
        capture_output=True, text=True, cwd=folder, env={**os.environ, **_OWN}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def new_repository(folder: Path) -> str:
    """Make a folder a repository, on `main`; return the commit of all that stands in it."""
    git(folder, "init", "-q", "-b", "main")
    (folder / ".git" / "info" / "exclude").write_text(".qgate/\n", encoding="utf-8")
    return commit(folder)


def commit(folder: Path) -> str:
    """Commit all that stands in a repository, and return the commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "--allow-empty", "-m", "a change")
    return git(folder, "rev-parse", "HEAD").strip()
