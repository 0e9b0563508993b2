"""What is kept between runs: each entry a file with its own digest, whole or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from qgate.digest import canonical, digest
from qgate.files import shown, write_atomically

Warn = Callable[[str], None]


def read_entry(path: Path, warn: Warn) -> dict[str, Any] | None:
    """Return what is kept in a file, None where there is none, or none that can be trusted.

    One that is read counts as used now, so that pruning takes others first.
    """
    try:
        entry = json.loads(path.read_bytes())
        body: dict[str, Any] = entry["body"]
        if digest(body) != entry["digest"]:
            raise ValueError("digest")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        warn_damaged(path, warn)
        return None
    with suppress(OSError):
        os.utime(path)
    return body


def warn_damaged(path: Path, warn: Warn) -> None:
    """Report an entry that is not what its digest is of, or has not the form of one."""
    warn(f"{shown(path)} is damaged: it is run again")


def write_entry(path: Path, body: Mapping[str, Any], warn: Warn) -> None:
    """Keep something; where that cannot be done it is reported, and costs time alone."""
    try:
        write_atomically(path, canonical({"body": body, "digest": digest(body)}))
    except OSError as error:
        warn(f"{shown(path)} could not be kept: {error.strerror}")
