"""Which files changed: as git knows them, or as another system says."""

from __future__ import annotations

import subprocess
from pathlib import Path

from qgate.errors import UsageError
from qgate.files import told

_PLAIN = ("-c", "core.quotePath=false", "-c", "core.fsmonitor=false")
_SHALLOW = (
    "the clone is shallow: fetch the whole history (actions/checkout: `fetch-depth: 0`; "
    "GitLab: `GIT_DEPTH: 0`; by hand: git fetch --unshallow)"
)


def top_of(folder: Path) -> Path:
    """Return the top of the git repository that a folder stands in.

    Raises:
        UsageError: When git is not installed, or there is no repository.

    """
    return Path(_git(folder, "rev-parse", "--show-toplevel").removesuffix("\n"))


def changed_since(revision: str, top: Path) -> set[str]:
    """Return files that differ from where a revision's history and HEAD's part, and uncommitted.

    Names are relative to the top. A file that moved stands under both its names; new files count
    unless git ignores them.

    Raises:
        UsageError: When the revision, or where the histories part, is not in this clone.

    """
    base = _commit(revision, top)
    try:
        parted = _git(top, "merge-base", base, "HEAD").strip()
    except UsageError as error:
        raise UsageError(
            f"--base {told(revision)} and HEAD have no common history here{_why_not(top)}"
        ) from error
    listed = ("--name-only", "--no-renames", "--no-relative", "--ignore-submodules=none", "-z")
    committed = _git(top, "diff", "--no-ext-diff", *listed, parted, "HEAD")
    # Staged and unstaged by themselves: a change that was undone after staging is one in both.
    uncommitted = (
        _git(top, "diff", "--no-ext-diff", *listed),
        _git(top, "diff", "--no-ext-diff", "--cached", *listed),
        _git(top, "ls-files", "--others", "--exclude-standard", "--exclude=.qgate/", "-z"),
    )
    return {name for text in (committed, *uncommitted) for name in text.split("\0") if name}


def listed_files(text: str) -> set[str]:
    """Return the file names of a list: one a line, or separated by NUL where any stands there."""
    names = text.split("\0") if "\0" in text else text.splitlines()
    return {name.removeprefix("./") for name in names if name.strip()}


def is_known(revision: str, top: Path) -> bool:
    """Return whether a revision is in this clone."""
    try:
        _commit(revision, top)
    except UsageError:
        return False
    return True


def _commit(revision: str, top: Path) -> str:
    try:
        wanted = ("--end-of-options", f"{revision}^{{commit}}")
        return _git(top, "rev-parse", "--verify", "--quiet", *wanted).split()[-1]
    except UsageError as error:
        raise UsageError(
            f"--base {told(revision)}: no such revision here{_why_not(top)}"
        ) from error


def _why_not(top: Path) -> str:
    shallow = _git(top, "rev-parse", "--is-shallow-repository").strip() == "true"
    return f"; {_SHALLOW}" if shallow else ""


def _git(folder: Path, *arguments: str) -> str:
    """Return what git prints.

    Raises:
        UsageError: When it is not installed or refuses, with what it says.

    """
    try:
        done = subprocess.run(  # noqa: S603  # a revision is behind --end-of-options
            ["git", *_PLAIN, *arguments],  # noqa: S607  # whichever git the person uses
            capture_output=True, check=False, cwd=folder, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise UsageError(
            f"git cannot be started ({error.strerror}): name the changed files by --files -"
        ) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or f"it exits with {done.returncode}"
        raise UsageError(f"git {arguments[0]}: {said}")
    return done.stdout.decode(errors="surrogateescape")
