"""Files that are whole or absent, and where a project's files end."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path

_MOST_SHOWN = 60
_REPOSITORY = (".git", ".hg")
_ROOT_MARKS = (*_REPOSITORY, "pyproject.toml")
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


def state_folder() -> Path:
    """Return where a project's state stands, relative to the current folder.

    At the top of the repository, so that log, attempts and evidence are the same ones wherever in
    it a command is typed; without one at the top of the Python project, else in the current folder.
    """
    here = resolved(Path())
    for marks in (_REPOSITORY, _ROOT_MARKS):
        for folder in (here, *here.parents):
            if any((folder / mark).exists() for mark in marks):
                return Path(os.path.relpath(folder, here)) / _STATE
    return Path(_STATE)


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
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def told(name: str) -> str:
    """Return a name from outside as it can be shown: short, and without control characters."""
    text = printable(name.encode(errors="backslashreplace").decode())
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}...")
