"""The command line; the only boundary between errors and exit codes."""

from qgate.cli.boundary import main

__all__ = ["main"]
