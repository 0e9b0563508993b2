"""The page in a real browser: nothing clipped, nothing asked for, nothing complained of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qgate.errors import ExitCode
from qgate.gates.decision import judge
from tests.integration.browser import Browser, browser
from tests.integration.commands import qgate
from tests.integration.conftest import new_project
from tests.unit.history import histories
from tests.unit.report.html.pages import KINDS, measured, page

WIDTHS = (360, 768, 1440)
_LONG = "a-very-long-name-without-any-place-to-break-it-" * 3
_BAD = "<img src='http://e.example/x.png'><script src='http://e.example/x.js'></script>"


def _hostile() -> str:
    run = measured(
        pilot={"owner": _BAD, "name": f"{_LONG}{_BAD}", "success_metrics": []},
        baseline={"id": "classical", "estimator": "sklearn.svm.SVC"},
    )
    decision = judge(run)
    worst = [
        replace(v, gate=replace(v.gate, name=f"{_LONG}{_BAD}", owner=_LONG), reason=_LONG + _BAD)
        for v in decision.verdicts
    ]
    return page(run, replace(decision, verdicts=tuple(worst), overrides_unknown=_LONG + _BAD))


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    texts = {name: page(kind()) for name, kind in KINDS.items()} | {"hostile": _hostile()}
    found = {}
    for number, (name, text) in enumerate(texts.items()):
        found[name] = folder / f"{number}.html"
        found[name].write_text(text, encoding="utf-8")
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", [*KINDS, "hostile"])
def test_nothing_is_clipped_asked_for_or_complained_of(
    chromium: Browser, pages: dict[str, Path], kind: str, width: int
) -> None:
    for scheme in ("light", "dark"):
        chromium.open(pages[kind], width, scheme)
        assert chromium.clipped() == []
        chromium.unfold()
        assert chromium.clipped() == []
        assert chromium.overlapping() == [] or kind == "hostile"
        assert chromium.asked_for() == [pages[kind].as_uri()]
        assert chromium.complaints() == []


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a project whose runs decay, as `qgate history --html` writes it."""
    folder = tmp_path_factory.mktemp("history")
    (folder / "pyproject.toml").touch()
    for day, wrong in enumerate((0, 1, 0, 2, 1, 6, 9, 12, 15)):
        histories.write_run(folder / ".qgate/evidence", day + 1, range(wrong))
    for day in (1, 2):
        histories.write_run(folder / ".qgate/evidence", day, range(90), pilot=_LONG + _BAD)
    done = qgate("history", "--html", "history.html", cwd=folder)
    assert done.code == ExitCode.PASS, done.err
    return folder / "history.html"


def _cut_off(chromium: Browser) -> list[str]:
    """Return what is clipped, but for wide tables that a keyboard can scroll."""
    tables = chromium.run("return document.querySelectorAll('.wide').length")
    kept = "return document.querySelectorAll('.wide[role=region][tabindex=\"0\"]').length"
    assert chromium.run(kept) == tables
    return [found for found in chromium.clipped() if not found.startswith("DIV wide: ")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_history_is_drawn_whole_too(
    chromium: Browser, history: Path, width: int, scheme: str
) -> None:
    chromium.open(history, width, scheme)
    assert _cut_off(chromium) == []
    chromium.unfold()
    assert _cut_off(chromium) == []
    if width == min(WIDTHS):  # rows are stacked: no column is off the screen
        assert chromium.clipped() == []
    assert chromium.overlapping() == []
    assert chromium.asked_for() == [history.as_uri()]
    assert chromium.complaints() == []
    text = chromium.run("return document.body.textContent")
    assert "small" in text
    assert _BAD in text
    dots = "return document.querySelectorAll('svg.plot circle').length"
    assert chromium.run(dots) >= 9


def test_the_browser_would_tell_of_each(chromium: Browser, tmp_path: Path) -> None:
    written = tmp_path / "bad.html"
    written.write_text(
        "<body><p style='width: 20px; overflow: hidden'>unbreakable</p><img src='absent.png'>"
        "<svg class='plot'><text y='9'>one</text><text y='9'>two</text></svg>",
        encoding="utf-8",
    )
    chromium.open(written, 360, "light")
    assert chromium.clipped() == ["P : unbreakable"]
    assert chromium.overlapping() == ["one | two"]
    assert len(chromium.asked_for()) == 2
    assert "absent.png" in chromium.complaints()[0]


def test_both_schemes_are_drawn(chromium: Browser, pages: dict[str, Path]) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        chromium.open(pages["measured"], 768, scheme)
        grounds.append(chromium.run("return getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(250, 249, 246)", "rgb(19, 22, 25)"]


def test_a_keyboard_reaches_and_opens_what_is_folded(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    from selenium.webdriver.common.keys import Keys

    chromium.open(pages["measured"], 768, "light")
    chromium.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert chromium.run("return document.activeElement.className") == "skip"
    chromium.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert chromium.run("return document.activeElement.tagName") == "SUMMARY"
    chromium.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert chromium.run("return document.activeElement.parentElement.open") is True


def test_on_paper_everything_is_unfolded(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["measured"], 768, "light")
    folded = "return document.querySelector('details.gate .reason').checkVisibility()"
    chromium.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = chromium.run("return document.querySelector('details.gate .reason').offsetHeight")
    chromium.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert shown > 0
    assert chromium.run(folded) is False


def test_a_run_writes_the_page_of_its_evidence(chromium: Browser, tmp_path: Path) -> None:
    project = new_project(tmp_path)
    project.write(_with_latency)
    assert project.qgate("lock", "pilot.yaml").code == ExitCode.PASS
    done = project.qgate("run", "pilot.yaml", "--output", "report.html", "--quiet")
    assert done.code in (ExitCode.PASS, ExitCode.INCONCLUSIVE, ExitCode.GATE_FAILED)
    written = project.folder / "report.html"
    for width in WIDTHS:
        chromium.open(written, width, "light")
        chromium.unfold()
        assert chromium.clipped() == []
        assert chromium.overlapping() == []
        assert chromium.complaints() == []
    headings = chromium.run("return [...document.querySelectorAll('h3')].map(e => e.textContent)")
    assert {"Accuracy by shots", "Accuracy by seed", "Serving latency"} <= set(headings)
    evidence = next((project.folder / ".qgate/evidence").iterdir())
    again = project.qgate("report", str(evidence), "--format", "html")
    assert again.out == written.read_text(encoding="utf-8")


def _with_latency(document: dict[str, Any]) -> None:
    document["schedule"]["shots"] = [64, 256]
    document["latency"] = {"requests": 80, "sessions": 8, "rate_per_s": 200}
    served = {**document["gates"][0], "name": "served", "metric": "latency_p95_ms", "max": 1000}
    document["gates"].append(served)
