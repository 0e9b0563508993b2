"""The command line; the only boundary between errors and exit codes."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; it is never 1."""
    try:
        from qgate.cli.boundary import main as run  # late: an interrupt may come while it loads

        return run(arguments)
    except KeyboardInterrupt:
        return 130  # before anything was done: there is nothing to say


__all__ = ["main"]
