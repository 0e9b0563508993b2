"""The documents: every command, option, name and link in them exists, every figure is as stated."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from pathlib import Path

import pytest

from qgate.charter.arm_spec import ARM_KINDS
from qgate.cli.options import FORMAT_NAMES
from qgate.errors import ExitCode
from qgate.quantum.layers import LAYERS
from tests.integration.browser import browser
from tests.integration.commands import ROOT
from tests.integration.documents import (
    README,
    Typed,
    commands,
    documents,
    headings,
    links,
    prose,
    rows,
    section,
    spans,
    typed,
)
from tests.integration.examples import EXPECTED
from tests.integration.gitting import new_repository
from tests.integration.picture import SCHEMES, WIDTH, picture, place
from tests.integration.reviewing import bundle_of, reviewed
from tests.unit.report.html.pages import KINDS, page
from tests.unit.signing import ssh

BENCHMARKS = ROOT / "tests/benchmarks/README.md"


@pytest.mark.parametrize("command", typed(), ids=str)
def test_each_command_and_option_is_the_program_s(command: Typed) -> None:
    options = {word.partition("=")[0] for word in command.arguments if word.startswith("-")}
    assert options <= commands()[command.names]
    below = [path for path in commands() if path[:-1] == command.names]
    first = next((word for word in command.arguments if not word.startswith("-")), "")
    assert not below or first in ("", first.upper())  # what stands in capitals stands for another


def test_each_option_is_one_of_some_command() -> None:
    known = set().union(*commands().values())
    named = {span.split()[0] for path in documents() for span in spans(prose(path))}
    assert {name for name in named if name.startswith("-")} <= known


def test_the_table_of_commands_is_the_program_s() -> None:
    named = set()
    for cells in rows((ROOT / "qgate/cli/README.md").read_text(encoding="utf-8")):
        path: tuple[str, ...] = ()
        for span in spans(cells[0]):
            words = tuple(w for w in span.removeprefix("qgate ").split() if w == w.lower())
            tried = (words[:1], words[:2], (*path[:1], *words[:1]))
            path = next(each for each in reversed(tried) if each in commands())
            named.add(path[0])
    assert named == {path[0] for path in commands() if path}


@pytest.mark.parametrize(
    ("document", "heading", "names"),
    [
        ("qgate/arms/README.md", "", ARM_KINDS),
        ("qgate/quantum/README.md", "Layers", LAYERS),
        ("qgate/report/README.md", "", FORMAT_NAMES),
    ],
)
def test_each_table_of_names_is_whole(document: str, heading: str, names: Iterable[str]) -> None:
    path = ROOT / document
    text = section(path, heading) if heading else path.read_text(encoding="utf-8").split("\n## ")[0]
    told = [name for cells in rows(text) for name in spans(cells[0])]
    assert sorted(told) == sorted(names)


def test_each_script_exists() -> None:
    for document in documents():
        text = document.read_text(encoding="utf-8")
        for script in set(re.findall(r"python -m (tests[\w.]*\w)", text)):
            assert (ROOT / script.replace(".", "/")).with_suffix(".py").exists(), script


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_each_link_leads_to_a_file_and_heading(document: Path) -> None:
    for link in links(document):
        name, _, anchor = link.partition("#")
        if not name.startswith("https://"):
            to = (document.parent / name).resolve() if name else document
            assert to.is_relative_to(ROOT)
            assert to.exists(), link
            assert not anchor or anchor in headings(to), link


@ssh.needed
def test_the_life_of_a_pilot_can_be_lived(tmp_path: Path) -> None:
    """Every command of the table, in its order, with what its capitals stand for."""
    project = reviewed(tmp_path)
    new_repository(tmp_path)
    words = {
        "DATA": "data.csv", "COLUMN": "malignant", "ADDRESS": "me@example.com",
        "CHARTER": "pilot.yaml", "TEXT": "a reason", "REV": "HEAD",
    }  # fmt: skip
    keys = {"sign": "dev", "approve": "sre"}
    lived = []
    for _, commanded, _ in rows(section(README, "The life of a pilot")):
        (line,) = spans(commanded)
        command = line.split()[1]
        if "EVIDENCE" in line:
            words["EVIDENCE"] = str(bundle_of(project))
        arguments = [{**words, "KEY": keys.get(command, "")}.get(w, w) for w in line.split()[1:]]
        done = project.qgate(*arguments, QGATE_ACTOR="dev@example.com")
        assert done.code == ExitCode.PASS, f"{line}\n{done.out}{done.err}"
        lived.append(command)
    assert len(lived) == len(rows(section(README, "The life of a pilot"))) > 10
    assert (tmp_path / "report.html").exists()


def test_every_example_is_told_with_its_decision() -> None:
    told: dict[str, str] = {}
    for named, decision, _ in rows(section(README, "Examples")):
        told |= dict.fromkeys(re.findall(r"charters/(\w+)\.yaml", named), decision)
    assert told == {name: decision for name, (decision, _) in EXPECTED.items()}


def test_every_exit_code_is_told() -> None:
    told = {int(code) for code in re.findall(r"\b\d+\b", section(README, "Exit codes"))}
    assert told == {*map(int, ExitCode), 1}  # 1: "never 1"


def test_the_shares_of_errors_are_those_of_the_benchmark_s_table() -> None:
    text = BENCHMARKS.read_text(encoding="utf-8")
    table = rows(text.partition("<!-- verdicts -->")[2].partition("\n\n")[0])
    columns = [[float(cells[at]) for cells in table] for at in (3, 6, 7)]
    told = re.findall(
        r"([\d.]+)% to ([\d.]+)%", " ".join(section(README, "How it decides").split())
    )
    assert [(float(low), float(high)) for low, high in told] == [(min(c), max(c)) for c in columns]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_picture_is_small_and_shown(scheme: str) -> None:
    taken = place(scheme).read_bytes()
    assert struct.unpack(">I", taken[16:20]) == (WIDTH,)
    assert len(taken) < 120_000
    assert str(place(scheme).relative_to(ROOT)) in links(README)


def test_a_picture_holds_the_decision_and_the_gates(tmp_path: Path) -> None:
    written = tmp_path / "page.html"
    written.write_text(page(next(iter(KINDS.values()))()), encoding="utf-8")
    with browser(tmp_path / "profile") as shown:
        light, dark = (picture(shown, written, scheme) for scheme in SCHEMES)
    assert light != dark
    width, height = struct.unpack(">II", light[16:24])
    assert (width, height > 500) == (WIDTH, True)


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 230
