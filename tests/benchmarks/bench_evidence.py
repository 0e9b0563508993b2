"""What evidence costs: `python -m tests.benchmarks.bench_evidence` prints the table.

Whole processes, least of several in turn, on the charter `breast_cancer` in a folder of its own.
The first row is a target: an unchanged run may take at most 1.5 times as long as judging.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from qgate.strict_json import parse_json
from tests.benchmarks.comparing import Row, machine, table, taken

ROOT = Path(__file__).parents[2]
CHARTER = "charters/breast_cancer.yaml"
_MOST = 1.5
"""Times as long as judging that an unchanged run may take."""


def qgate(folder: Path, *arguments: str) -> str:
    """Run the command line in a process of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "qgate", *arguments],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def rows(folder: Path) -> Iterator[Row]:
    """Yield the lines of the table."""
    for name in ("charters", "fixtures"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "requirements.lock", folder)
    shutil.copy(ROOT / "pyproject.toml", folder)
    first = taken({"run": partial(qgate, folder, "run", CHARTER, "-q")}, 1)["run"][0]
    (bundle,) = (str(path) for path in (folder / ".qgate" / "evidence").iterdir())
    times = taken(
        {
            "judge": partial(qgate, folder, "judge", bundle, "-q"),
            "unchanged": partial(qgate, folder, "run", CHARTER, "-q"),
            "verify": partial(qgate, folder, "verify", bundle),
        },
        7,
    )
    judging, unchanged, verifying = (times[name][0] for name in ("judge", "unchanged", "verify"))
    yield Row("an unchanged run", unchanged, "qgate judge", judging, 1 / _MOST)
    yield Row("an unchanged run", unchanged, "the run before it", first, None)
    yield Row("qgate verify", verifying, "qgate judge", judging, None)
    data = json.dumps(
        [{"digest": "5e12" * 16, "scores": [j / 7 for j in range(999)]}] * 600
    ).encode()
    found = taken({"own": lambda: parse_json(data, "it"), "peer": lambda: json.loads(data)}, 5)
    work = f"reading {len(data) / 1e6:.0f} MB of trials from outside"
    yield Row(work, found["own"][0], "json.loads", found["peer"][0], None)


def main() -> int:
    """Print the table; return 1 where a target is missed."""
    print(machine(["numpy", "scipy", "scikit-learn"]))
    with tempfile.TemporaryDirectory() as folder:
        return table(rows(Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
