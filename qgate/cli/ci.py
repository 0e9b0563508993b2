"""`qgate ci`: the steps of the GitHub action, each with its inputs in the environment."""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.options import Quiet, Verbose
from qgate.errors import ExecutionError, ExitCode, UsageError

if TYPE_CHECKING:
    from qgate.cli.github import Runner
    from qgate.report.pull_request import Origin

app = typer.Typer(
    name="ci",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Steps of the GitHub action: what to run, running it, commenting on the pull request.",
)
Charters = Annotated[
    str,
    typer.Option(
        "--charters", envvar="QGATE_CI_CHARTERS", metavar="LIST",
        help="Charters or globs. Default: those of tool.qgate, else charters/*.yaml at the top.",
    ),
]  # fmt: skip
Reports = Annotated[
    Path,
    typer.Option("--reports", envvar="QGATE_CI_REPORTS", metavar="DIR", help="Where reports go."),
]


@app.command()
def plan(
    charters: Charters = "",
    base: Annotated[
        str, typer.Option(envvar="QGATE_CI_BASE", help="Default: what the event is against.")
    ] = "",
    also: Annotated[
        str, typer.Option(envvar="QGATE_CI_ALSO", help="Globs of files that touch every charter.")
    ] = "",
    name: Annotated[
        str, typer.Option(envvar="QGATE_CI_NAME", help="Tells apart jobs of the same charters.")
    ] = "",
    matrix: Annotated[
        str, typer.Option(envvar="QGATE_CI_MATRIX", help="The job's matrix, which does so too.")
    ] = "",
) -> int:
    """Say which charters the change touches, and how the cache and the artefacts are called.

    Where the event names nothing to compare with, as a schedule, every charter is run.
    """
    from qgate.cli.github import runner
    from qgate.report.pull_request import SUMMARY_BYTES, body

    where = runner()
    paths = _charters(charters)
    found = _touched(paths, base or _event_base(where), _words("also", also))
    key = _key(_words("charters", charters), name, matrix)
    get = where.variables.get
    cache = f"qgate-trials-{get('RUNNER_OS', 'any')}-{get('RUNNER_ARCH', 'any')}-{key}-"
    outputs = {
        "affected": "true" if found else "false",
        "charters": shlex.join(found),
        "key": key,
        "cache": cache,
        "cache-key": f"{cache}{get('GITHUB_RUN_ID', '0')}-{get('GITHUB_RUN_ATTEMPT', '1')}",
    }
    for output, value in outputs.items():
        where.output(output, value)
    if not found:
        where.output("decision", "skipped")
        where.output("verdicts", "{}")
        where.summarise(body([], _origin(where, ""), SUMMARY_BYTES))
    return ExitCode.PASS


@app.command()
def run(
    reports: Reports,
    charters: Charters = "",
    fail_on: Annotated[
        str, typer.Option(envvar="QGATE_CI_FAIL_ON", help="As of `qgate run`.")
    ] = "",
    key: Annotated[str, typer.Option(envvar="QGATE_CI_KEY", help="As `plan` says.")] = "",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> int:
    """Run charters, write their reports, the step's summary and outputs; exit as the worst did."""
    from qgate.cli.ci_run import run_all, worst_code, write_manifest
    from qgate.cli.github import runner
    from qgate.report.pull_request import SUMMARY_BYTES, body, worst

    where = runner()
    options = [*(["--fail-on", fail_on] if fail_on else []), *_loudness(quiet, verbose)]
    results = run_all(_charters(charters), reports, options)
    write_manifest(results, reports)
    where.summarise(body(results, _origin(where, key), SUMMARY_BYTES))
    verdicts = {
        result.charter: {gate["name"]: gate["verdict"] for gate in result.report.get("gates", ())}
        for result in results
    }
    digests = [result.report["evidence"]["digest"] for result in results if result.report]
    where.output("reports", str(reports))
    where.output("decision", worst(result.decision for result in results))
    where.output("verdicts", json.dumps(verdicts))
    where.output("evidence-digest", "\n".join(digests))
    return worst_code(result.code for result in results)


@app.command()
def comment(
    reports: Reports,
    keep_in: Annotated[
        Path,
        typer.Option(
            "--keep-in", envvar="QGATE_CI_KEEP", metavar="DIR",
            help="Where the comment goes that this run's token may not post.",
        ),
    ],
    key: Annotated[str, typer.Option(envvar="QGATE_CI_KEY", help="As `plan` says.")],
) -> int:  # fmt: skip
    """Comment on the event's pull request. That it fails is a warning: it changes no verdict."""
    from qgate.cli.ci_run import read_manifest
    from qgate.cli.comments import AUTHOR, Comment, keep, publish
    from qgate.cli.github import api, runner, say
    from qgate.report.pull_request import COMMENT_BYTES, body, worst

    where = runner()
    if where.pull_request is None:
        sys.stdout.write(f"no pull request ({where.event_name}): no comment\n")
        return ExitCode.PASS
    results = read_manifest(reports)
    text = body(results, _origin(where, key), COMMENT_BYTES)
    decision = worst(result.decision for result in results)
    found = Comment(where.pull_request["number"], where.commit, key, decision, text)
    if where.is_fork:
        sys.stdout.write("this token may only read: the comment goes into an artefact\n")
    else:
        try:
            author = where.variables.get("QGATE_CI_AUTHOR") or AUTHOR
            sys.stdout.write(f"{publish(api(where), found, author)}\n")
        except (ExecutionError, UsageError) as error:
            sys.stdout.write(say("warning", str(error), title="qgate could not comment"))
        else:
            return ExitCode.PASS
    # Whoever posts it adds where it comes from, and trusts no link in it.
    text = body(results, replace(_origin(where, key), run=""), COMMENT_BYTES)
    keep(replace(found, text=text), keep_in)
    where.output("kept", "true")
    return ExitCode.PASS


@app.command()
def post(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="What a run without rights kept; not trusted.")
    ],
) -> int:
    """Post the comments that another run kept, in a `workflow_run` of that run.

    One whose pull request has gone on meanwhile, or was never that run's, is left out with a
    warning; a file of another form is an error.
    """
    from qgate.cli.comments import AUTHOR, kept, publish, refusal
    from qgate.cli.github import api, runner, say

    where = runner()
    interface = api(where)
    comments = list(kept(folder, where.address)) if folder.is_dir() else []
    for found in comments:
        if why := refusal(found, where, interface):
            sys.stdout.write(say("warning", why, title="qgate did not post a comment"))
            continue
        author = where.variables.get("QGATE_CI_AUTHOR") or AUTHOR
        sys.stdout.write(f"#{found.number}: {publish(interface, found, author)}\n")
    if not comments:
        sys.stdout.write("no comment was kept\n")
    return ExitCode.PASS


def _touched(charters: list[Path], base: str | None, also: list[str]) -> list[str]:
    """Return the charters that must run, and say why, or why not, of each."""
    from qgate.cli.affected import affected_of, gone_charters
    from qgate.cli.changes import changed_since, top_of
    from qgate.cli.github import say
    from qgate.files import printable

    if base is None:
        sys.stdout.write(f"nothing to compare with: all {len(charters)} charters run\n")
        return [str(path) for path in charters]
    top = top_of(Path())
    changed = changed_since(base, top)
    each = affected_of(charters, top, changed, also)
    for one in each:
        reasons = [one.unread] if one.unread else []
        reasons += [f"{file} ({why})" for file, why in one.files.items()]
        line = f"{one.charter}: {'; '.join(reasons[:3]) or 'not affected'}"
        sys.stdout.write(f"{printable(line)}\n")
    for gone in gone_charters(changed, top):
        message = f"{printable(gone)} is gone: unless it was renamed, nothing judges its gates now"
        sys.stdout.write(say("warning", message, title="qgate"))
    return [one.charter for one in each if one.touched]


def _charters(text: str) -> list[Path]:
    """Return the charters that an input names, each once.

    Raises:
        UsageError: When a glob finds none, or there are none at all.

    """
    from qgate.cli.affected import default_charters
    from qgate.files import repository_top, resolved, shown

    if not text.strip():
        return [Path(shown(path)) for path in default_charters(resolved(repository_top()))]
    found: dict[Path, None] = {}
    for word in _words("charters", text):
        is_glob = any(sign in word for sign in "*?[")
        found |= dict.fromkeys(_fitting(word) if is_glob else [Path(word)])
    return list(found)


def _fitting(glob: str) -> list[Path]:
    if Path(glob).is_absolute():
        raise UsageError(f"charters: {glob}: a glob is relative to the current folder")
    try:
        paths = sorted(path for path in Path().glob(glob) if not path.is_dir())
    except ValueError as error:  # such as ** beside other signs
        raise UsageError(f"charters: {glob}: {error}") from error
    if not paths:
        raise UsageError(f"charters: nothing fits {glob}")
    return paths


def _words(name: str, text: str) -> list[str]:
    """Return an input's words.

    Raises:
        UsageError: When a quotation mark stands alone.

    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error


def _loudness(quiet: bool, verbose: bool) -> list[str]:
    """Return how much each run says; what was said here outweighs what is configured there."""
    if verbose:
        return ["--verbose"]
    return ["--quiet" if quiet else "--no-quiet"]


def _event_base(where: Runner) -> str | None:
    """Return what the event's change is against, None where that is not in this clone any more.

    Of a push that was forced, what was there before is gone.
    """
    from qgate.cli.changes import is_known, top_of

    if where.event_name == "pull_request_target":
        raise UsageError(
            "pull_request_target checks out the target, which the pull request did not change: "
            "use pull_request, and a fork's comment comes by workflow_run"
        )
    if where.base is None or where.event_name != "push":
        return where.base
    return where.base if is_known(where.base, top_of(Path())) else None


def _key(charters: list[str], name: str, matrix: str) -> str:
    """Return what names a job: comments, caches and artefacts of two jobs do not meet.

    It is of the input as it stands, not of the files that fit: a new charter makes no other job.
    """
    given = (("name", name), ("matrix", "" if matrix == "null" else matrix))  # null: there is none
    about = [f"{key}={it}" for key, it in given if it.strip()]
    text = "\n".join([*sorted(charters), *about])
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:12]


def _origin(where: Runner, key: str) -> Origin:
    from qgate.report.pull_request import Origin

    found = Origin(where.commit, where.address)
    return replace(found, artefact=f"qgate-{key}") if key else found
