"""Who is at work, for records; only a signature proves it."""

from __future__ import annotations

import getpass
import os
import subprocess
from contextlib import suppress

from qgate.files import printable

_NAMING = ("QGATE_ACTOR", "GITLAB_USER_EMAIL", "GITHUB_ACTOR")


def actor() -> str:
    """Return who is at work, as far as the machine knows: the CI's user, git's, the system's."""
    return printable(_actor())


def _actor() -> str:
    for name in _NAMING:
        if found := os.environ.get(name, "").strip():
            return found
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["git", "config", "user.email"],  # noqa: S607  # whichever git the person uses
            capture_output=True, text=True, check=False, timeout=10,
        )  # fmt: skip
        if found := done.stdout.strip():
            return found
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
