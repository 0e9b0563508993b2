"""Runs of several charters, each in a process of its own, and what they leave."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qgate.cli.github import say
from qgate.errors import ExitCode, UsageError
from qgate.files import printable
from qgate.report.pull_request import DECISIONS, Gated

_FORMATS = {
    "json": ".json", "markdown": ".md", "junit": ".xml", "sarif": ".sarif", "html": ".html",
}  # fmt: skip
_JUDGED = (ExitCode.PASS, ExitCode.INCONCLUSIVE, ExitCode.GATE_FAILED)
_WORSE = (*_JUDGED, ExitCode.COULD_NOT_RUN, ExitCode.USAGE, ExitCode.BUG, ExitCode.INTERRUPTED)
"""Exit codes from the best to the worst."""
_MANIFEST = "runs.json"
_LINES_SAID = 20


def run_all(charters: Sequence[Path], reports: Path, options: Sequence[str]) -> list[Gated]:
    """Run charters one after the other, each with these options; an interruption ends all.

    Raises:
        UsageError: Of no charter at all, which would count as passed.

    """
    if not charters:
        raise UsageError("no charter to run")
    names = _report_names(charters)
    # Should this process be killed, a later step shall not take it that no charter was affected.
    write_manifest([_not_ended(charter) for charter in charters], reports)
    results = []
    for charter in charters:
        results.append(_run(charter, reports / names[charter], options))
        if results[-1].code == ExitCode.INTERRUPTED:
            break
    return results


def worst_code(codes: Iterable[int]) -> int:
    """Return the worst exit code; one that qgate never gives is a run that could not be."""
    known = (code if code in _WORSE else int(ExitCode.COULD_NOT_RUN) for code in codes)
    return int(max(known, key=_WORSE.index))


def write_manifest(results: Sequence[Gated], reports: Path) -> None:
    """Write what the runs came to, for a later step."""
    reports.mkdir(parents=True, exist_ok=True)
    document = [asdict(result) for result in results]
    (reports / _MANIFEST).write_text(json.dumps(document), encoding="utf-8")


def read_manifest(reports: Path) -> list[Gated]:
    """Return what the runs of an earlier step came to; nothing where no charter was run."""
    path = reports / _MANIFEST
    if not path.exists():
        return []
    return [Gated(**result) for result in json.loads(path.read_bytes())]


def _not_ended(charter: Path) -> Gated:
    said = "the step ended before this charter's run did"
    return Gated(str(charter), "error", int(ExitCode.COULD_NOT_RUN), said=said)


def _report_names(charters: Sequence[Path]) -> dict[Path, str]:
    """Return a file name for each charter's reports; no two are the same."""
    found: dict[Path, str] = {}
    for charter in charters:
        stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", charter.with_suffix("").as_posix()).strip("-.")
        taken = {name.casefold() for name in found.values()}
        number = next(n for n in range(1, len(charters) + 2)
                      if (stem if n == 1 else f"{stem}-{n}").casefold() not in taken)  # fmt: skip
        found[charter] = stem if number == 1 else f"{stem}-{number}"
    return found


def _run(charter: Path, stem: Path, options: Sequence[str]) -> Gated:
    files = {name: stem.with_name(f"{stem.name}{suffix}") for name, suffix in _FORMATS.items()}
    command = [sys.executable, "-P", "-m", "qgate", "run"]
    for name, path in files.items():
        command += ["--format", name, "--output", str(path)]
        path.unlink(missing_ok=True)  # one of an earlier run would be taken for this one's
    command += ["--format", "annotations", *options]
    sys.stdout.write(f"{printable(f'qgate run {charter}')}\n")
    sys.stdout.flush()
    code, said = _carry_out([*command, "--", str(charter)])
    report = _report(files["json"])
    if code in _JUDGED and report:
        shutil.copytree(report["evidence"]["path"], stem.with_name(f"{stem.name}.evidence"),
                        dirs_exist_ok=True)  # fmt: skip
        markdown = files["markdown"].read_text(encoding="utf-8")
        return Gated(str(charter), report["decision"], code, report, markdown)
    if code in _JUDGED:
        code = int(ExitCode.COULD_NOT_RUN)
        said = f"no report was written\n{said}"
    sys.stdout.write(say("error", said or f"exit code {code}", title="qgate", file=str(charter)))
    return Gated(str(charter), "error", code, said=said)


def _carry_out(command: Sequence[str]) -> tuple[int, str]:
    """Run a command, its output going where ours goes; return its code and its last complaints."""
    said: deque[str] = deque(maxlen=_LINES_SAID)
    with subprocess.Popen(  # noqa: S603  # ourselves
        command, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
    ) as process:
        assert process.stderr is not None  # noqa: S101  # it was asked for
        for line in process.stderr:
            sys.stderr.write(line)
            said.append(line)
    code = process.returncode
    if code in _WORSE:
        return code, "".join(said).strip()
    return int(ExitCode.COULD_NOT_RUN), f"{''.join(said)}the process ended with {code}".strip()


def _report(path: Path) -> Mapping[str, Any]:
    try:
        report: Mapping[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return report if report.get("decision") in DECISIONS[1:-1] else {}
