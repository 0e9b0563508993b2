"""The example notebook in a real kernel, and what it shows in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qgate.gates.decision import judge
from tests.integration.browser import Browser, browser
from tests.integration.commands import ROOT
from tests.integration.gitting import new_repository
from tests.unit.report.html.pages import KINDS, Reader, measured

NOTEBOOK = ROOT / "charters" / "hold.ipynb"
_SHOWN = {"load": "Charter", "plan": "Plan", "run": "Decision", "parity": "Verdict"}
"""What a cell shows, by the cell's id."""
_EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
path, folder = sys.argv[1:]
notebook = nbformat.read(path, as_version=4)
nbformat.validate(notebook)
NotebookClient(notebook, timeout=240, resources={"metadata": {"path": folder}}).execute()
nbformat.write(notebook, path)
"""
_HOST = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>
.jp-RenderedHTMLCommon table { margin-left: auto; border: none; font-size: 12px; }
.jp-RenderedHTMLCommon td, .jp-RenderedHTMLCommon th { text-align: right; white-space: nowrap; }
.jp-RenderedHTMLCommon tbody tr:nth-child(odd) { background: #808080; }
.jp-RenderedHTMLCommon pre, .jp-RenderedHTMLCommon code { background: #808080; }
</style><body {theme}><p class="title gate lead">A host's own words</p>
<table><tr><td class="none">9</td></tr></table>
<div class="jp-RenderedHTMLCommon">{body}</div>"""
_STYLES = """
return [...document.querySelectorAll(arguments[0])].map(e => {
  const s = getComputedStyle(e);
  return [s.color, s.fontSize, s.textAlign, s.backgroundColor, s.borderTopWidth].join(' ');
});
"""


def _cells(notebook: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {cell["id"]: cell for cell in notebook["cells"]}


def _html(cell: dict[str, Any]) -> str:
    return "".join(cell["outputs"][-1]["data"]["text/html"])


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the notebook, executed by a kernel in `charters` of a fresh clone."""
    clone = tmp_path_factory.mktemp("clone")
    names = ("hold.yaml", "hold.lock.json", "hold.ipynb")
    (clone / "charters").mkdir()
    for name in names:
        shutil.copy(ROOT / "charters" / name, clone / "charters")
    shutil.copytree(ROOT / "fixtures/breast_cancer", clone / "fixtures/breast_cancer")
    shutil.copy(ROOT / "requirements.lock", clone)
    new_repository(clone)
    own = tmp_path_factory.mktemp("jupyter")
    homes = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    done = subprocess.run(
        [sys.executable, "-c", _EXECUTE, "charters/hold.ipynb", "charters"],
        capture_output=True, text=True, cwd=clone, check=False,
        env={**os.environ, **{name: str(own / name) for name in homes}},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (clone / ".qgate/log.jsonl").exists()
    assert not (clone / "charters/.qgate").exists()
    notebook: dict[str, Any] = json.loads((clone / "charters/hold.ipynb").read_text("utf-8"))
    return notebook


def test_it_is_kept_without_outputs_and_with_stable_ids() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"].keys() == {"kernelspec", "language_info"}
    assert all(re.fullmatch(r"[a-z][a-z-]*", cell["id"]) for cell in notebook["cells"])
    assert len(_cells(notebook)) == len(notebook["cells"])
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def test_every_cell_runs_in_a_kernel_and_says_what_the_readme_says(
    executed: dict[str, Any],
) -> None:
    cells = _cells(executed)
    code = [cell for cell in executed["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert {o["output_type"] for cell in code for o in cell["outputs"]} == {"execute_result"}
    for name, word in _SHOWN.items():
        fragment = Reader(_html(cells[name]))
        eyebrow = next(e for e in fragment.all("span") if e.attributes.get("class") == "eyebrow")
        assert eyebrow.text == word
    assert "HOLD" in Reader(_html(cells["run"])).seen[0].attributes["aria-label"]
    assert "INCONCLUSIVE" in Reader(_html(cells["parity"])).seen[0].attributes["aria-label"]
    parity = Reader(_html(cells["parity"])).seen[0].text
    assert "about 623 items (have 285)" in parity
    judged = "".join(cells["judge"]["outputs"][-1]["data"]["text/plain"])
    assert judged == "(<Decision HOLD few-shots: 3 pass, 1 inconclusive>, True, 20)"


def test_its_words_hold(executed: dict[str, Any]) -> None:
    cells = _cells(executed)
    plan = " ".join(Reader(_html(cells["plan"])).seen[0].text.split())
    assert "65%" in plan, "two of three"
    assert "441 items" in plan
    words = "".join(cells["forecast"]["outputs"][-1]["data"]["text/plain"])
    before, after = (float(number) for number in re.findall(r"0\.\d+", words))
    assert (round(before, 2), round(after, 2)) == (0.65, 0.53)
    assert "623 validation items" in words


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def _page(folder: Path, fragments: list[str], theme: str = "") -> Path:
    written = folder / "page.html"
    body = "\n".join(fragments)
    text = _HOST.replace("{theme}", theme).replace("{body}", body)
    written.write_text(text, encoding="utf-8")
    return written


def _fragments() -> list[str]:
    """Return what a notebook of several results holds, and one with words that do not break."""
    decisions = [judge(kind()) for kind in KINDS.values()]
    long = "a-very-long-name-without-any-place-to-break-it-" * 3
    bad = "<img src='http://e.example/x.png'><script src='http://e.example/x.js'></script>"
    worst = judge(measured(pilot={"owner": bad, "name": f"{long}{bad}", "success_metrics": []}))
    verdicts = tuple(
        replace(v, gate=replace(v.gate, name=long + bad, owner=long, note=bad), reason=long + bad)
        for v in worst.verdicts
    )
    gates = tuple(verdict.gate for verdict in verdicts)
    charter = replace(worst.charter, gates=gates)
    decisions.append(replace(worst, verdicts=verdicts, charter=charter, evidence_path=long))
    shown = [part for d in decisions for part in (d, d.charter, *d.verdicts, d.verdicts[0].gate)]
    return [part._repr_html_() for part in shown]


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_nothing_is_clipped_asked_for_or_complained_of(
    chromium: Browser, tmp_path: Path, width: int
) -> None:
    page = _page(tmp_path, _fragments())
    for scheme in ("light", "dark"):
        chromium.open(page, width, scheme)
        assert chromium.clipped() == []
        chromium.unfold()
        assert chromium.clipped() == []
        assert chromium.overlapping() == []
        assert chromium.asked_for() == [page.as_uri()]
        assert chromium.complaints() == []


@pytest.mark.parametrize("width", [360, 1440])
def test_what_the_notebook_shows_is_whole(
    chromium: Browser, tmp_path: Path, executed: dict[str, Any], width: int
) -> None:
    shown = [_html(_cells(executed)[name]) for name in _SHOWN]
    page = _page(tmp_path, shown)
    for scheme in ("light", "dark"):
        chromium.open(page, width, scheme)
        chromium.unfold()
        assert chromium.clipped() == []
        assert chromium.overlapping() == []
        assert chromium.asked_for() == [page.as_uri()]
        assert chromium.complaints() == []


def test_the_style_stays_inside_and_that_of_the_notebook_outside(
    chromium: Browser, tmp_path: Path
) -> None:
    fragment = judge(measured())._repr_html_()
    hosts = "body > p, body > table td, body"
    found = []
    for fragments in ([], [fragment, fragment]):
        chromium.open(_page(tmp_path, fragments), 768, "light")
        found.append(chromium.driver.execute_script(_STYLES, hosts))
    assert found[0] == found[1]
    chromium.unfold()
    cells = chromium.driver.execute_script(_STYLES, ".qgate-view td")
    assert cells
    assert {tuple(cell.split(" ")[-2:]) for cell in cells} == {("0)", "1px")}
    assert all(" left " in cell for cell in cells)
    rows = chromium.driver.execute_script(_STYLES, ".qgate-view tr")
    assert all("rgba(0, 0, 0, 0)" in row for row in rows)


@pytest.mark.parametrize(
    ("theme", "ground"),
    [
        ("", None),
        ('data-jp-theme-light="true"', "rgb(255, 255, 255)"),
        ('data-jp-theme-light="false"', "rgb(26, 30, 34)"),
        ('class="vscode-light"', "rgb(255, 255, 255)"),
        ('class="vscode-dark"', "rgb(26, 30, 34)"),
        ('class="dark dark-theme"', "rgb(26, 30, 34)"),
    ],
)
def test_the_theme_of_the_notebook_outweighs_that_of_the_system(
    chromium: Browser, tmp_path: Path, theme: str, ground: str | None
) -> None:
    page = _page(tmp_path, [judge(measured())._repr_html_()], theme)
    for scheme, own in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(26, 30, 34)")):
        chromium.open(page, 768, scheme)
        found = chromium.run(
            "return getComputedStyle(document.querySelector('.qgate-view')).backgroundColor"
        )
        assert found == (ground or own)


def test_a_mistake_shows_its_message_in_a_notebook_and_no_traceback(tmp_path: Path) -> None:
    mistaken = "import qgate; qgate.load('absent')"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--colors=NoColor", "-c", mistaken],
        cwd=tmp_path, env={**os.environ, "IPYTHONDIR": str(tmp_path)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "InvalidFileError: absent:1:1: cannot read: No such file" in said
    assert "qgate explain QG-F01" in said
    assert "Traceback" not in said
