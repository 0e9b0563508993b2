"""Opening files of the state, where somebody may have put what is no file."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_NEVER_WAITS = os.O_NONBLOCK | os.O_CLOEXEC


def open_regular(path: Path, flags: int = os.O_RDONLY) -> int:
    """Return a handle on a regular file, links followed; a new one, if created, is 0o644.

    Raises:
        OSError: When it cannot be opened, or is a folder, a pipe, a device: nothing is waited for.

    """
    handle = os.open(path, flags | _NEVER_WAITS, 0o644)
    kind = os.fstat(handle).st_mode
    if stat.S_ISREG(kind):
        return handle
    os.close(handle)
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "no regular file", str(path))
