"""`qgate init`."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from qgate.errors import ExitCode, UsageError
from qgate.files import project_root, shown, typed, write_atomically


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where the charter goes.")
    ] = Path(),
    data: Annotated[Path | None, typer.Option("--data", help="CSV file with a header.")] = None,
    target: Annotated[str | None, typer.Option("--target", help="Column of class labels.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Who answers, an address.")] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Default: the data file's name.")
    ] = None,
) -> int:
    """Write a commented charter that validates, for a data file."""
    from qgate.charter.template import Answers, charter_text
    from qgate.data.columns import header_of, numeric_columns

    path = data or Path(_ask("data", "Data file (CSV with a header)"))
    if path.suffix.lower() != ".csv" or not path.is_file():
        raise UsageError(f"--data {path}: no such CSV file")
    columns = header_of(path)
    if len(set(columns)) < len(columns) or "" in columns or not columns:
        raise UsageError(f"{path}: column names must be present and different, in UTF-8")
    column = target or _ask(
        "target", f"Target column ({', '.join(columns[:8])}, ...)", columns[-1:]
    )
    if column not in columns:
        raise UsageError(f"--target {column}: {path} has the columns {', '.join(columns)}")
    features = tuple(c for c in numeric_columns(path) if c != column)
    if not features:
        raise UsageError(f"{path} has no numeric column besides {column!r} to be a feature")
    chosen = name or re.sub(r"[^A-Za-z0-9_.-]", "_", path.stem)
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", chosen):
        raise UsageError(f"--name {chosen}: letters, digits, dots, dashes and underscores")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder")
    answers = Answers(
        name=chosen,
        owner=owner or _ask("owner", "Owner's address"),
        data=Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix(),
        target=column,
        features=features,
        all_features=tuple(c for c in columns if c != column),
        lockfile=_lockfile(folder),
    )
    charter = folder / f"{answers.name}.yaml"
    if charter.exists():
        raise UsageError(f"{shown(charter)} is there already: pass another --name, or remove it")
    write_atomically(charter, charter_text(answers).encode())
    where = typed(shown(charter))
    sys.stdout.write(
        f"wrote {where}\nNext:\n  qgate check {where}\n  qgate lock {where}\n"
        f"  qgate plan {where}\n  qgate run {where}\n"
    )
    return ExitCode.PASS


def _ask(flag: str, question: str, default: list[str] | None = None) -> str:
    if not sys.stdin.isatty():
        raise UsageError(f"--{flag} is needed where nobody can be asked")
    answer: str = typer.prompt(question, default=default[0] if default else None)
    return answer


def _lockfile(folder: Path) -> str | None:
    root = project_root(folder / "charter.yaml")
    for name in ("requirements.lock", "pylock.toml", "uv.lock", "poetry.lock", "requirements.txt"):
        if (root / name).is_file():
            return Path(os.path.relpath(root / name, folder.resolve())).as_posix()
    return None
