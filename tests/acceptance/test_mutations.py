"""Charters damaged in every way that people and tools damage text: always a located finding."""

from __future__ import annotations

import copy
import io
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qgate.cli import main
from qgate.pipeline import check
from qgate.plan.settings import Settings

ROOT = Path(__file__).parents[2]
CHARTERS = {path.name: path.read_text("utf-8") for path in sorted(ROOT.glob("charters/*.yaml"))}
LOCATED = re.compile(r"mutant\.yaml:(\d+):(\d+): (?!warning)(.+)")

ODD = (
    *("null", "~", "[]", "{}", "[1, [2]]", "{a: {b: 1}}", "true", "no", "-1", "0", "-0.5"),
    *("1e400", "-1e400", "1_", "1__0", "2.0", "1:30", ".nan", ".inf", "-.INF", "NaN", "'NaN'"),
    *("2026-01-01", "text", "'quoted", '"open', "exact", "all", ".", "/dev/zero", "---", "@"),
    *("*alias", "&anchor", "&a [*a]", "!!int 1", "!x y", "!!python/name:os.system", "|", ">-"),
    *("", "9" * 299, "9" * 400, "0x" + "f" * 299, "x" * 5000, "120 s", "9" + " " * 99 + "!"),
    *('"line\\n"', '"exact\\n"', '"all\\n"', '"\\0"', '"\\ud800"', "- a", "? b", "a: b: c"),
    *("ünïcode ☃ 🐈", "\u202e", "\u2028", "\x1b[31m", "\x85", "\ufeff", "\t", "../" * 40 + "etc"),
)

Mutation = Callable[[list[str], random.Random], None]


def delete_lines(lines: list[str], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    del lines[at : at + rng.randint(1, 4)]
    lines.append("")


def duplicate_line(lines: list[str], rng: random.Random) -> None:
    lines.insert(rng.randrange(len(lines)), lines[rng.randrange(len(lines))])


def swap_lines(lines: list[str], rng: random.Random) -> None:
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def indent_line(lines: list[str], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    spaces = len(lines[at]) - len(lines[at].lstrip())
    lines[at] = " " * max(0, spaces + rng.choice((-4, -2, -1, 1, 2, 4))) + lines[at].lstrip()


def replace_value(lines: list[str], rng: random.Random) -> None:
    _replace(lines, rng, r"(?<=: )[^\s,{}\[\]#][^,{}\[\]#]*|(?<=- )[^:{}\[\]]+$", rng.choice(ODD))


def replace_item(lines: list[str], rng: random.Random) -> None:
    _replace(lines, rng, r"(?<=[\[ ])[\w.]+(?=[\],])", rng.choice(ODD))


def rename_key(lines: list[str], rng: random.Random) -> None:
    key = rng.choice(("x", "", "max", "name", "path", "'quoted'", "[list]", "<<", "ключ", "1"))
    _replace(lines, rng, r"[\w.]+(?=:( |$))", key)


def delete_key(lines: list[str], rng: random.Random) -> None:
    _replace(lines, rng, r"[\w.]+:( |$)", "")


def delete_characters(lines: list[str], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    start = rng.randint(0, len(lines[at]))
    lines[at] = lines[at][:start] + lines[at][start + rng.randint(1, 5) :]


def insert_text(lines: list[str], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    start = rng.randint(0, len(lines[at]))
    lines[at] = lines[at][:start] + rng.choice(ODD) + lines[at][start:]


MUTATIONS: tuple[Mutation, ...] = (
    delete_lines,
    duplicate_line,
    swap_lines,
    indent_line,
    replace_value,
    replace_value,
    replace_item,
    rename_key,
    delete_key,
    delete_characters,
    insert_text,
)


def _replace(lines: list[str], rng: random.Random, pattern: str, text: str) -> None:
    found = [(i, match) for i, line in enumerate(lines) for match in re.finditer(pattern, line)]
    if found:
        at, match = rng.choice(found)
        lines[at] = lines[at][: match.start()] + text + lines[at][match.end() :]


def mutant(rng: random.Random) -> str:
    """Return one of the charters with one to three mutations."""
    lines = CHARTERS[rng.choice(list(CHARTERS))].split("\n")
    for _ in range(rng.randint(1, 3)):
        rng.choice(MUTATIONS)(lines, rng)
    return "\n".join(lines)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where mutants are written: a project of their own, with the real fixtures."""
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "fixtures", project / "fixtures")
    shutil.copy(ROOT / "requirements.lock", project)
    (project / "pyproject.toml").touch()
    (project / "charters").mkdir()
    return project / "charters" / "mutant.yaml"


def command(*arguments: str) -> tuple[int, str]:
    """Return the command line's exit code and all that it writes."""
    written = io.StringIO()
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with redirect_stdout(written), redirect_stderr(written):
            code = main(arguments)
    finally:
        signal.signal(signal.SIGTERM, handler)
    return code, written.getvalue()


def test_the_charters_are_valid_where_the_mutants_are_written(path: Path) -> None:
    assert len(CHARTERS) >= 3
    for text in CHARTERS.values():
        path.write_text(text, encoding="utf-8")
        found = check(path, Settings())
        assert [finding for finding in found if finding.severity == "error"] == []


@settings(
    derandomize=True,
    max_examples=500,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(rng=st.randoms(use_true_random=False))
def test_every_finding_of_a_mutant_has_a_message_and_a_place_in_the_file(
    path: Path, rng: random.Random
) -> None:
    text = mutant(rng)
    path.write_text(text, encoding="utf-8", newline="\n")
    lines = text.removeprefix("\ufeff").split("\n")
    for finding in check(path, Settings()):
        assert finding.message.strip()
        assert finding.severity in ("error", "warning")
        assert 1 <= finding.line <= len(lines), finding
        assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1, finding


def test_mutants_with_errors_end_check_and_run_with_usage_and_a_location(path: Path) -> None:
    rng, broken = random.Random(20260101), 0  # noqa: S311  # mutants are no secrets
    for _ in range(400):
        path.write_text(mutant(rng), encoding="utf-8", newline="\n")
        if all(finding.severity != "error" for finding in check(path, Settings())):
            continue
        broken += 1
        for verb in ("check", "run"):
            code, output = command(verb, str(path))
            assert code == 2, output
            assert LOCATED.search(output), output
            assert "Traceback" not in output
        if broken == 60:
            return
    pytest.fail(f"only {broken} mutants of 400 had errors")


@pytest.mark.parametrize("verb", ["check", "run", "plan", "lock"])
def test_a_broken_charter_ends_a_process_with_usage_and_a_location(path: Path, verb: str) -> None:
    path.write_text(CHARTERS["hold.yaml"].replace("max: 120", "max: -120"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "qgate", verb, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 2, output
    assert LOCATED.search(output), output
    assert "Traceback" not in output


# Their values are the arms' own affair: no schema knows what a class takes.
OPEN = ("params", "preprocess")


def key_paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every key of a document that the schema knows."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(key, str):
            yield (*path, key)
        if isinstance(item, dict | list) and key not in OPEN:
            yield from key_paths(item, (*path, key))


def wrong_type(value: Any) -> Any:
    """Return a value of a type that cannot stand where this one does."""
    if isinstance(value, dict):
        return ["wrong"]
    return "wrong" if isinstance(value, int | float) else {"wrong": 1}


def certainly_broken() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield for each key a name, the key that is to be found, and a document broken there."""
    for name, text in CHARTERS.items():
        document = yaml.safe_load(text)
        for path in key_paths(document):
            for how in ("type", "key"):
                broken = copy.deepcopy(document)
                parent = broken
                for step in path[:-1]:
                    parent = parent[step]
                key = str(path[-1])
                if how == "type":
                    parent[key] = wrong_type(parent[key])
                else:
                    key = f"{key}_unknown"
                    parent[key] = parent.pop(str(path[-1]))
                yield f"{name} {path} {how}", key, broken


def test_200_broken_keys_are_found_where_they_stand(path: Path) -> None:
    cases = list(certainly_broken())
    assert len(cases) >= 200
    chosen = random.Random(7).sample(cases, 200)  # noqa: S311  # no secrets here
    for name, key, document in chosen:
        text = yaml.safe_dump(document, sort_keys=False)
        path.write_text(text, encoding="utf-8")
        code, output = command("check", str(path))
        assert code == 2, (name, output)
        lines = text.splitlines()
        at = [(int(match[1]), int(match[2])) for match in LOCATED.finditer(output)]
        if key == "version_unknown":
            assert at == [(1, 1)], (name, output)
            continue
        assert any(lines[line - 1][column - 1 :].startswith(f"{key}:") for line, column in at), (
            name,
            output,
        )
