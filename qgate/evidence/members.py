"""The members of a bundle, read from a folder or an archive that may be hostile, into memory."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from qgate.errors import UsageError
from qgate.evidence.archive import BLOCK, unpack
from qgate.evidence.encryption import is_encrypted
from qgate.evidence.limits import (
    DEFAULT_LIMITS,
    Limits,
    refuse_clashes,
    refuse_count,
    refuse_name,
    refuse_size,
)
from qgate.files import shown

_SAFELY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Never follows a link, never waits for the other end of a pipe."""
_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISDIR, "a folder"),
)
_AT_ONCE = 1 << 24


def read_members(path: Path, limits: Limits = DEFAULT_LIMITS) -> dict[str, bytes]:
    """Return the bytes of a bundle's members by name, sorted; a member in a folder has a `/`.

    `path` is the bundle's folder (or a link to it) or its archive. In a folder names that start
    with a dot are passed over unopened: an interrupted write leaves such files. Nothing else but
    regular files is read, each through a handle that no later change of a name can turn elsewhere.

    Raises:
        UsageError: For all that no bundle holds, naming the member.

    """
    source = shown(path)
    try:
        if path.is_dir():
            members = _from_folder(path, source, limits)
        else:
            with _archive(path, limits) as stream:
                members = unpack(stream, source, limits)
    except OSError as error:
        raise UsageError(f"{source}: {error.strerror or error}") from None
    refuse_clashes(source, members)
    return dict(sorted(members.items()))


def read_archive(path: Path, limits: Limits = DEFAULT_LIMITS, *, encrypted: bool = False) -> bytes:
    """Return an archive file's bytes, those of an encrypted one only where that is expected.

    Raises:
        UsageError: When it is no regular file, too large, or encrypted.

    """
    with _archive(path, limits, encrypted=encrypted) as stream:
        return stream.read(os.fstat(stream.fileno()).st_size)


@contextlib.contextmanager
def _archive(path: Path, limits: Limits, *, encrypted: bool = False) -> Iterator[BinaryIO]:
    source = shown(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        # ValueError: a path with a NUL in it.
        raise UsageError(f"{source}: {getattr(error, 'strerror', None) or error}") from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"{source} is {_kind(found.st_mode)}, not an archive of evidence")
        # Headers, paddings and the end; encryption adds 16 bytes to each 64 KiB.
        most = limits.total + (limits.total >> 11) + 2 * BLOCK * limits.members + (1 << 20)
        if found.st_size > most:
            raise UsageError(
                f"{source} has {found.st_size:,} bytes, more than the {most:,} that an archive of "
                "evidence may have"
            )
        if is_encrypted(os.pread(handle, BLOCK, 0)) and not encrypted:
            raise UsageError(
                f"{source} is encrypted: run qgate unpack on it, with --identity and the private "
                "key of one of its recipients"
            )
        with os.fdopen(handle, "rb", closefd=False) as stream:
            yield stream
    finally:
        os.close(handle)


def _from_folder(path: Path, source: str, limits: Limits) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _read_into(members, handle, "", source, limits)
    finally:
        os.close(handle)
    return members


def _read_into(
    members: dict[str, bytes], folder: int, prefix: str, source: str, limits: Limits
) -> None:
    for entry in _entries(folder, source, limits):
        name = prefix + entry
        refuse_name(source, name, limits)
        mode = os.lstat(entry, dir_fd=folder).st_mode
        below = stat.S_ISDIR(mode) and not prefix
        if not below and not stat.S_ISREG(mode):
            raise UsageError(
                f"{source}: {name} is {_kind(mode)}; a bundle has regular files only: remove it, "
                "or put the file itself there"
            )
        handle = _open(entry, folder, name, source)
        try:
            found = os.fstat(handle)
            if (below and not stat.S_ISDIR(found.st_mode)) or not (
                below or stat.S_ISREG(found.st_mode)
            ):
                raise UsageError(f"{source}: {name} was changed while it was read: try again")
            if below:
                _read_into(members, handle, f"{entry}/", source, limits)
                continue
            refuse_count(source, len(members) + 1, limits)
            refuse_size(source, name, found.st_size, sum(map(len, members.values())), limits)
            members[name] = _whole(handle, found, f"{source}: {name}")
        finally:
            os.close(handle)


def _entries(folder: int, source: str, limits: Limits) -> list[str]:
    """Return the names in a folder, in order, without those that start with a dot."""
    names: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                names.append(entry.name)
                refuse_count(source, len(names), limits)
    return sorted(names)


def _open(entry: str, folder: int, name: str, source: str) -> int:
    try:
        return os.open(entry, _SAFELY, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOENT, errno.ENXIO):
            raise UsageError(f"{source}: {name} was changed while it was read: try again") from None
        raise UsageError(f"{source}: {name}: {error.strerror}") from None


def _whole(handle: int, found: os.stat_result, what: str) -> bytes:
    """Return all of a file that nobody changes meanwhile."""
    parts: list[bytes] = []
    left = found.st_size + 1
    while left > 0 and (part := os.read(handle, min(left, _AT_ONCE))):
        parts.append(part)
        left -= len(part)
    after = os.fstat(handle)
    if left != 1 or (after.st_size, after.st_mtime_ns) != (found.st_size, found.st_mtime_ns):
        raise UsageError(f"{what} was changed while it was read: try again")
    return b"".join(parts)


def _kind(mode: int) -> str:
    return next((what for test, what in _KINDS if test(mode)), "no regular file")
