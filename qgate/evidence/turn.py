"""One run of a pilot at a time: a second waits, and then finds what the first came to."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qgate.digest import sha256
from qgate.errors import ExecutionError
from qgate.evidence.regular_file import open_regular
from qgate.files import shown


@contextmanager
def turn(folder: Path, pilot: str, tell: Callable[[str], None]) -> Iterator[bool]:
    """Hold the turn of a pilot; yield whether another process had it first.

    So two runs are never the same attempt, and none spends what another is spending. The file's
    lock ends with the process, however it ends, and no child that it forked goes on to hold it.

    Args:
        folder: Where the turns stand; it need not exist yet.
        pilot: The name by which spending is counted.
        tell: Who is told that there is another run to wait for.

    Raises:
        ExecutionError: When the file cannot be written or locked.

    """
    path = folder / f"{sha256(pilot.encode())}.lock"
    try:
        handle, waited = _acquired(path, tell)
    except OSError as error:
        raise ExecutionError(f"{shown(path)}: {error.strerror}") from None
    try:
        yield waited
    finally:
        path.unlink(missing_ok=True)  # while it is held: who waits for it looks again
        os.close(handle)


def _acquired(path: Path, tell: Callable[[str], None]) -> tuple[int, bool]:
    """Return the locked file that stands at a path, and whether it was waited for."""
    waited = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = open_regular(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
        try:
            if not _locks(handle):
                holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
                which = f", process {holder}," if holder.isdigit() else ""
                tell(f"another qgate run of this pilot{which} goes on: waiting for its end")
                waited = True
                fcntl.lockf(handle, fcntl.LOCK_EX)
            if _stands(path, handle):
                os.ftruncate(handle, 0)
                os.pwrite(handle, str(os.getpid()).encode(), 0)
                return handle, waited
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _locks(handle: int) -> bool:
    """Return whether it is locked for this process now; by POSIX, which no forked child keeps."""
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return False
        raise
    return True


def _stands(path: Path, handle: int) -> bool:
    """Return whether the file is still the one at its path, which the holder before removed."""
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except FileNotFoundError:
        return False
