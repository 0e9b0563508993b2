"""`qgate affected`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from qgate.plan.affected import Affected


def command(
    charters: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[CHARTER]...",
            help="Default: those of tool.qgate, else charters/*.yaml at the top.",
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="REV", help="What changed since HEAD parted from it."),
    ] = None,
    files: Annotated[
        str | None,
        typer.Option(
            "--files", metavar="-", help="Read the changed files from stdin, relative to the top."
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also", metavar="GLOB", help="Files, from the top, that touch every charter."
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="terminal or json.")
    ] = "terminal",
) -> int:
    """List the charters that changed files touch, one a line.

    Those are the charter itself, its lock, every file that it names, its dependency lock, its
    plugins' packages, and what its own `paths` take. A charter that cannot be read is listed too.
    Exits with 0, whether or not there are any.
    """
    from qgate.cli.changes import changed_since, listed_files, top_of
    from qgate.files import repository_top, resolved

    if form not in ("terminal", "json"):
        raise UsageError(f"--format {form}: expected terminal or json")
    if (base is None) == (files is None):
        raise UsageError("say what changed: either --base REV, or --files - with names on stdin")
    if files not in (None, "-"):
        raise UsageError(f"--files {files}: only - (stdin) is known")
    if base is None:
        top = resolved(repository_top())
        changed = listed_files(sys.stdin.read())
    else:
        top = top_of(Path())
        changed = changed_since(base, top)
    found = affected_of(charters or default_charters(top), top, changed, also or ())
    if form == "json":
        sys.stdout.write(_document(found, base, changed))
    else:
        sys.stdout.writelines(f"{each.charter}\n" for each in found if each.touched)
    return ExitCode.PASS


def affected_of(
    charters: Sequence[Path], top: Path, changed: set[str], also: Sequence[str]
) -> list[Affected]:
    """Return of each charter whether it is touched, and why."""
    from qgate.plan.affected import affected

    return [affected(path, top, changed, also) for path in charters]


def default_charters(top: Path) -> list[Path]:
    """Return the charters that the project's configuration names, else those of their folder.

    Raises:
        UsageError: When there are none: no charter at all is no charter untouched.

    """
    from qgate.cli.check import charters_in
    from qgate.cli.configuration import configured

    if named := configured().get("charters"):
        return charters_in(named)
    found = sorted(path for path in (top / "charters").glob("*.y*ml") if path.is_file())
    if not found:
        raise UsageError(f"no charter in {top / 'charters'} (*.yaml): name them")
    return found


def gone_charters(changed: set[str], top: Path) -> list[str]:
    """Return charters that were locked and are deleted or renamed: nothing runs them any more."""
    from qgate.lock.lock import lock_path

    gone = (name for name in sorted(changed) if name.endswith((".yaml", ".yml")))
    return [
        name
        for name in gone
        if not (top / name).exists()
        and (lock_path(Path(name)).as_posix() in changed or lock_path(top / name).exists())
    ]


def _document(found: Sequence[Affected], base: str | None, changed: set[str]) -> str:
    charters = [
        {
            "charter": each.charter,
            "affected": each.touched,
            "files": dict(each.files),
            "unread": each.unread or None,
        }
        for each in found
    ]
    document = {"version": 1, "base": base, "changed": len(changed), "charters": charters}
    return f"{json.dumps(document, indent=2, ensure_ascii=True)}\n"
