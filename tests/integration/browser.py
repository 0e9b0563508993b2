"""A headless Chromium that tells what it drew, what it asked for and what it complained of."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
_HEIGHT = 900
_CLIPPED = """
const page = document.documentElement, found = [];
if (page.scrollWidth > page.clientWidth) found.push(`page: ${page.scrollWidth}`);
for (const e of document.querySelectorAll('body *')) {
  if (e.tagName === 'text') {
    const box = e.getBoundingClientRect();
    if (box.width && (box.left < -0.5 || box.right > page.clientWidth + 0.5))
      found.push(`label: ${e.textContent}`);
  } else if (!e.closest('svg') && e.clientWidth && getComputedStyle(e).display !== 'inline'
             && e.scrollWidth > e.clientWidth + 1)
    found.push(`${e.tagName} ${e.className}: ${e.textContent.slice(0, 60)}`);
}
return found;
"""
_OVERLAPPING = """
return [...document.querySelectorAll('svg.plot')].flatMap(svg => {
  const boxes = [...svg.querySelectorAll('text')]
    .map(e => [e.textContent, e.getBoundingClientRect()]).filter(([, b]) => b.width);
  return boxes.flatMap(([one, a], i) => boxes.slice(i + 1)
    .filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1
                       && a.top + 2 < b.bottom - 2 && b.top + 2 < a.bottom - 2)
    .map(([other]) => `${one} | ${other}`));
});
"""


@dataclass(frozen=True)
class Browser:
    """What tests ask of a page that is open."""

    driver: Chrome

    def open(self, page: Path, width: int, scheme: str) -> None:
        """Show a file at a width in CSS pixels, in the light or the dark scheme."""
        screen = {"width": width, "height": _HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        wanted = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
        self.asked_for(), self.complaints()
        self.driver.get(page.as_uri())

    def unfold(self) -> None:
        """Open everything that is folded."""
        self.run("document.querySelectorAll('details').forEach(e => { e.open = true; })")

    def run(self, script: str) -> Any:
        """Return what a script returns; it runs for the test, not as a part of the page."""
        return self.driver.execute_script(script)

    def clipped(self) -> list[str]:
        """Return what is wider than its place."""
        return list(self.run(_CLIPPED))

    def overlapping(self) -> list[str]:
        """Return labels of drawings that stand on each other."""
        return list(self.run(_OVERLAPPING))

    def complaints(self) -> list[str]:
        """Return what the console has been told since it was last asked."""
        return [entry["message"] for entry in self._log("browser")]

    def asked_for(self) -> list[str]:
        """Return what was asked for on behalf of files, since this was last asked."""
        entries = (json.loads(entry["message"])["message"] for entry in self._log("performance"))
        sent = [e["params"] for e in entries if e["method"] == "Network.requestWillBeSent"]
        return [p["request"]["url"] for p in sent if p["documentURL"].startswith("file:")]

    def _log(self, name: str) -> list[dict[str, Any]]:
        return list(self.driver.get_log(name))  # type: ignore[no-untyped-call]


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Give a browser with a profile of its own; skipped where there is none, but not in CI."""
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    chromium, driver = next(filter(None, found), None), shutil.which("chromedriver")
    if chromium is None or driver is None or find_spec("selenium") is None:
        lacking = "chromium, chromedriver and selenium are needed to see the page as it is drawn"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lacking)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*_FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield Browser(made)
    finally:
        made.quit()
