"""The documents of the repository, and what of them a test can hold against the program."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import typer

from qgate.cli.app import app
from tests.integration.commands import ROOT

README = ROOT / "README.md"
_FENCED = re.compile(
    r"(?:<!-- (?P<mark>[^>]*) -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.S | re.M
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")
_SPAN = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, its language, the comment before it, and its text."""

    document: Path
    line: int
    kind: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True)
class Typed:
    """A command of qgate's as a document has it: its path in the program, and what follows."""

    document: Path
    line: str
    names: tuple[str, ...]
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}: {self.line}"


def documents() -> list[Path]:
    """Return every document that says how qgate is used or built."""
    rooms = sorted((ROOT / "qgate").rglob("README.md"))
    ours = [path for path in sorted((ROOT / ".github").rglob("*.md")) if path.stem != "CHANGELOG"]
    return [README, *rooms, *ours, ROOT / "tests/benchmarks/README.md"]


def blocks() -> list[Block]:
    """Return the fenced blocks of all documents, in order."""
    found = []
    for document in documents():
        text = document.read_text(encoding="utf-8")
        for each in _FENCED.finditer(text):
            line = 1 + text.count("\n", 0, each.start())
            found.append(Block(document, line, each["kind"], each["mark"] or "", each["text"]))
    return found


def prose(document: Path) -> str:
    """Return a document's text without its fenced blocks."""
    return _FENCED.sub("", document.read_text(encoding="utf-8"))


def section(document: Path, heading: str) -> str:
    """Return the text below a heading, up to the next one of its level."""
    text = document.read_text(encoding="utf-8")
    return re.split(r"^## ", text.partition(f"\n## {heading}\n")[2], flags=re.M)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of a text's table, without its head and rule."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def spans(text: str) -> list[str]:
    """Return what stands in backticks, without line breaks."""
    return [" ".join(each.split()) for each in _SPAN.findall(text)]


def links(document: Path) -> list[str]:
    """Return what a document links to or shows."""
    return [one or other for one, other in _LINK.findall(prose(document))]


def headings(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.*)$", prose(document), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in found}


@cache
def commands() -> dict[tuple[str, ...], frozenset[str]]:
    """Return every command's options by its path; that of the program itself is empty."""
    return dict(_commands((), typer.main.get_command(app)))


def _commands(
    path: tuple[str, ...], command: Any
) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    given = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    yield path, frozenset({*given, "--help", "-h"})
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands((*path, name), below)


def typed() -> list[Typed]:
    """Return the commands of qgate that stand in blocks and between backticks."""
    found = []
    for document in documents():
        lines = [line for b in blocks() if b.document == document and b.kind == "sh"
                 for line in re.split(r"&&|\n", b.text)]  # fmt: skip
        every = [line.strip() for line in (*lines, *spans(prose(document)))]
        found += [parsed(document, e) for e in every if re.match(r"qgate\b(?!-|\[|\.)", e)]
    return found


def parsed(document: Path, line: str) -> Typed:
    """Return a line as a command and its arguments."""
    words = shlex.split(line, comments=True)[1:]
    names: tuple[str, ...] = ()
    while words and (*names, words[0]) in commands():
        names = (*names, words.pop(0))
    return Typed(document, line, names, tuple(words))
