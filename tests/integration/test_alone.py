"""Commands in processes that have run nothing else, as users start them."""

from __future__ import annotations

from qgate.errors import ExitCode
from tests.integration.conftest import Project


def test_a_command_needs_nothing_that_another_one_imported(project: Project) -> None:
    """Other tests share a process, where a forgotten import would not show."""
    for arguments in (
        ("check", "pilot.yaml"),
        ("metrics",),
        ("lock", "pilot.yaml"),
        ("plan", "pilot.yaml"),
        ("circuit", "pilot.yaml"),
        ("run", "pilot.yaml", "--workers", "2"),
        ("calibrate", "pilot.yaml", "--replicates", "20"),
    ):
        done = project.qgate_alone(*arguments)
        assert done.code == ExitCode.PASS, (arguments, done)
        assert done.out.strip(), arguments
