"""`qgate init`."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from qgate.cli.options import AllowOutside
from qgate.errors import ExitCode, UsageError
from qgate.files import project_root, resolved, shown, typed, write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qgate.data.dataset import Column

_MOST_CLASSES = 20
"""Different whole numbers in a target that are taken for classes; more are taken for numbers."""
_IDENTIFIER = re.compile(r"(?i:index|(?:.*[_. -])?id)|.*[a-z]I[dD]")


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where the charter goes.")
    ] = Path(),
    data: Annotated[Path | None, typer.Option("--data", help="CSV file with a header.")] = None,
    target: Annotated[str | None, typer.Option("--target", help="Column to predict.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Who answers, an address.")] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Default: the data file's name.")
    ] = None,
    task: Annotated[
        Literal["classification", "regression"] | None,
        typer.Option("--task", help="Default: what the target's values look like."),
    ] = None,
    allow_outside: AllowOutside = False,
) -> int:
    """Write a commented charter that validates, for a data file."""
    from qgate.charter.template import MOST_QUBITS, Answers, charter_text
    from qgate.data.dataset import read_columns

    path = _data_file(data or Path(_ask("data", "Data file (CSV with a header)")))
    if not allow_outside:
        _refuse_outside(path, folder)
    columns = read_columns(path)
    names = list(columns)
    column = target or _ask("target", f"Target column ({', '.join(names[:8])}, ...)", names[-1:])
    if column not in columns:
        raise UsageError(f"--target {column}: {path} has the columns {', '.join(names)}")
    charter = _new_charter(folder, name or re.sub(r"[^A-Za-z0-9_.-]", "_", path.stem))
    features, left_out = _features(columns, column)
    if not features:
        why = "".join(f"\n  {each}: {reason}" for each, reason in left_out)
        raise UsageError(f"{path} has no column besides {column!r} that can be a feature{why}")
    answers = Answers(
        name=charter.stem,
        owner=owner or _ask("owner", "Owner's address"),
        data=Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix(),
        target=column,
        features=features,
        left_out=left_out,
        qubits=min(MOST_QUBITS, len(features), max(1, len(columns[column]) // 2)),
        spread=_spread(columns[column], column, task),
        lockfile=_lockfile(folder),
    )
    text = charter_text(answers)
    _refuse_what_lock_would(text, path, charter)
    write_atomically(charter, text.encode())
    where = typed(shown(charter)) + (" --allow-outside" if allow_outside else "")
    steps = "".join(f"  qgate {step} {where}\n" for step in ("check", "lock", "plan", "run"))
    sys.stdout.write(f"wrote {typed(shown(charter))}\nNext:\n{steps}")
    return ExitCode.PASS


def _data_file(path: Path) -> Path:
    from qgate.data.columns import header_of

    if path.suffix.lower() != ".csv" or not path.is_file():
        raise UsageError(f"--data {path}: no such CSV file")
    columns = header_of(path)
    if len(set(columns)) < len(columns) or not all(columns) or not columns:
        raise UsageError(f"{path}: column names must be present and different, in UTF-8")
    if odd := next((name for name in columns if not name.isprintable()), None):
        raise UsageError(f"{path}: column {odd!r} holds a control or invisible character")
    return path


def _new_charter(folder: Path, name: str) -> Path:
    """Return where a charter of this name goes, which nothing stands at."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise UsageError(f"--name {name}: letters, digits, dots, dashes and underscores")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder")
    charter = folder / f"{name}.yaml"
    if charter.exists():
        raise UsageError(f"{shown(charter)} is there already: pass another --name, or remove it")
    return charter


def _refuse_outside(path: Path, folder: Path) -> None:
    """Refuse data that `check` would refuse in a charter of this folder."""
    root = project_root(folder / "charter.yaml")
    if not resolved(path).is_relative_to(root):
        raise UsageError(
            f"--data {path} is outside {root}, which the paths of a charter in {folder} may not "
            f"leave: copy the file into it, or pass --allow-outside here and to every command on "
            "the charter"
        )


def _features(
    columns: Mapping[str, Column], target: str
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return the columns that can be features, and the others with the reason of each."""
    reasons = {name: _unfit(name, cells) for name, cells in columns.items() if name != target}
    features = tuple(name for name, reason in reasons.items() if not reason)
    return features, tuple((name, reason) for name, reason in reasons.items() if reason)


def _unfit(name: str, cells: Column) -> str:
    """Return why a column is no feature, empty where it can be one."""
    import numpy as np

    if cells.dtype.kind not in "if":
        return "text"
    if cells.dtype.kind == "f":
        gaps = np.flatnonzero(~np.isfinite(cells))
        return f"no number in row {gaps[0] + 1} ({gaps.size} such)" if gaps.size else ""
    if _IDENTIFIER.fullmatch(name):
        return "an identifier, by its name"
    if len(np.unique(cells)) == len(cells):
        return "an identifier, a different whole number in every row"
    return ""


def _spread(cells: Column, name: str, task: str | None) -> float | None:
    """Return a target's standard deviation, None where it holds classes."""
    import numpy as np

    if task == "regression" and cells.dtype.kind not in "if":
        raise UsageError(f"--target {name}: it holds text, and regression needs numbers")
    if task == "classification" or cells.dtype.kind not in "if":
        return None
    finite = cells[np.isfinite(cells)].astype(float)
    values = np.unique(finite)
    whole = bool(np.all(values == np.round(values)))
    if task is None and whole and len(values) <= _MOST_CLASSES:
        return None
    if len(values) < 2:
        raise UsageError(f"--target {name}: all its values are the same")
    return float(np.std(finite))


def _refuse_what_lock_would(text: str, path: Path, charter: Path) -> None:
    """Refuse data that `qgate lock` would refuse, before anything is written."""
    from qgate.charter.build import build_charter
    from qgate.charter.yaml_reader import parse_yaml
    from qgate.data.split import load_split

    document = parse_yaml(text.encode(), shown(charter)).document
    spec = build_charter(document, shown(charter)).data
    load_split(replace(spec, path=str(path)), Path())  # the charter's folder need not be there yet


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
