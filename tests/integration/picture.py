"""Takes the README's pictures of the HTML report: `python -m tests.integration.picture [PAGE]`.

It runs the example in a copy of what the run reads, so that the page names no path of this machine,
and writes the decision and the gates, light and dark, to `.github`. With PAGE, the pictures are of
that page.
"""

from __future__ import annotations

import base64
import io
import shutil
import sys
import tempfile
from pathlib import Path

from qgate.errors import ExitCode
from tests.integration.browser import Browser, browser
from tests.integration.commands import ROOT, qgate_alone

EXAMPLE = "charters/hold.yaml"
SCHEMES = ("light", "dark")
WIDTH = 1200
"""Pixels, of the page and of the picture."""
_READ = ("charters", "fixtures", "requirements.lock", "pyproject.toml")
_COLOURS = 256
_MARGIN = 10
_BOTTOM = """
const gates = document.getElementById('gates').parentElement.querySelectorAll('.gate');
return Math.max(...[...gates].map(gate => gate.getBoundingClientRect().bottom));
"""


def picture(shown: Browser, page: Path, scheme: str) -> bytes:
    """Return a PNG of a page's decision and gates, of few colours."""
    from PIL import Image

    shown.open(page, WIDTH, scheme)
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": shown.run(_BOTTOM) + _MARGIN, "scale": 1}
    wanted = {"format": "png", "captureBeyondViewport": True, "clip": clip}
    taken = shown.driver.execute_cdp_cmd("Page.captureScreenshot", wanted)
    whole = Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("RGB")
    written = io.BytesIO()
    whole.quantize(_COLOURS, dither=Image.Dither.NONE).save(written, "png", optimize=True)
    return written.getvalue()


def place(scheme: str) -> Path:
    """Return where the picture of a scheme stands."""
    return ROOT / ".github" / f"report-{scheme}.png"


def example_page(folder: Path) -> Path:
    """Run the example in a folder of its own, and return its page."""
    for name in _READ:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    done = qgate_alone("run", EXAMPLE, "--output", "report.html", "--format", "html", cwd=folder)
    if done.code != ExitCode.INCONCLUSIVE:
        sys.exit(f"{EXAMPLE} should be inconclusive:\n{done.out}{done.err}")
    page = folder / "report.html"
    if str(folder) in page.read_text(encoding="utf-8"):
        sys.exit("the page names a path of this machine")
    return page


def main(arguments: list[str]) -> None:
    """Take both pictures."""
    with tempfile.TemporaryDirectory() as made, browser(Path(made) / "profile") as shown:
        page = Path(arguments[0]) if arguments else example_page(Path(made))
        for scheme in SCHEMES:
            place(scheme).write_bytes(picture(shown, page.absolute(), scheme))
            print(f"{place(scheme).relative_to(ROOT)}  {place(scheme).stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
