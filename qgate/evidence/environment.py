"""What a run ran in: the interpreter, the machine, every installed distribution."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any


def environment() -> dict[str, Any]:
    """Return the environment in plain values, without names of hosts, users or folders."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "packages": dict(
            sorted(
                (found.metadata["Name"], found.version)
                for found in metadata.distributions()
                if found.metadata["Name"]
            )
        ),
    }
