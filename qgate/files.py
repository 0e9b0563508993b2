"""Files that are whole or absent, and where a project's files end."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path

_MOST_SHOWN = 60
_ROOT_MARKS = (".git", ".hg", "pyproject.toml")
_STATE = ".qgate"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader or a crash sees the old content or the new, nothing between.

    A link is followed; what is no regular file, such as a device or a pipe, is written to as it is.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def project_root(path: Path) -> Path:
    """Return the folder that a charter's paths may not leave.

    The nearest folder above that is a repository or a Python project; without one the current
    folder if it holds the path, else the path's own folder.
    """
    folder = resolved(path).parent
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in _ROOT_MARKS):
            return candidate
    here = resolved(Path())
    return here if folder.is_relative_to(here) else folder


def repository_top(start: Path | None = None) -> Path:
    """Return the top of the repository that a folder is in, relative to the current folder.

    Without a repository it is the top of the Python project, else the folder itself.
    """
    here = resolved(Path())
    return Path(os.path.relpath(_project(resolved(start or here))[-1], here))


def state_folder() -> Path:
    """Return where a project's state stands: in the current folder, where commands are typed."""
    return Path(_STATE)


def keep_out_of_git(folder: Path) -> None:
    """Let `git add .` pass by a project's state, as caches do; `git add -f` still takes it."""
    ignored = folder / ".gitignore"
    if folder.name == _STATE and not os.path.lexists(ignored):
        write_atomically(ignored, b"*\n")


def other_state(path: Path) -> Path | None:
    """Return a folder whose state a command typed here would pass by; None where there is none.

    Args:
        path: A folder, or a charter, of the project whose state is meant.

    """
    here, found = resolved(Path()), resolved(path)
    for folder in _project(found if found.is_dir() else found.parent):
        if folder != here and (folder / _STATE / "log.jsonl").exists():
            return Path(os.path.relpath(folder, here))
    return None


def _project(folder: Path) -> list[Path]:
    """Return a folder and those above it, to the top of its repository or its Python project."""
    upwards = [folder, *folder.parents]
    for is_top in (_is_repository, lambda one: (one / "pyproject.toml").exists()):
        for count, candidate in enumerate(upwards, 1):
            if is_top(candidate):
                return upwards[:count]
    return [folder]


def _is_repository(folder: Path) -> bool:
    """Return whether a repository begins here; an empty `.git` makes none."""
    git = folder / ".git"
    return git.is_file() or (git / "HEAD").exists() or (folder / ".hg").exists()


def typed(path: str) -> str:
    """Return a path as it must be typed in a shell."""
    return shlex.quote(path)


def shown(path: Path) -> str:
    """Return a path as a person would type it from the current folder."""
    try:
        text = resolved(path).relative_to(resolved(Path())).as_posix()
    except ValueError:
        text = path.as_posix()
    # A file name may hold bytes that are no text, which no output could be written with.
    return text.encode(errors="backslashreplace").decode()


def resolved(path: Path) -> Path:
    """Return an absolute path with its symbolic links followed; a loop of links stays as it is."""
    return Path(os.path.realpath(path))


def printable(text: str) -> str:
    """Return text whose control characters are shown, not sent to a terminal."""
    return "".join(c if c.isprintable() else _escaped(ord(c)) for c in text)


def _escaped(code: int) -> str:
    """Return a character as Python writes it, so that no two come out alike."""
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def told(name: str) -> str:
    """Return a name from outside as it can be shown: short, and without control characters."""
    text = printable(name.encode(errors="backslashreplace").decode())
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}...")
