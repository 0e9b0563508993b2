"""`qgate lock`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qgate.cli.options import AllowImport, AllowOutside, MaxMemory, Quiet, Verbose
from qgate.errors import ExitCode, UsageError
from qgate.files import printable, shown, typed
from qgate.plan.settings import DEFAULT_MEMORY

if TYPE_CHECKING:
    from qgate.plan.settings import Settings


def command(
    charters: Annotated[
        list[Path],
        typer.Argument(
            metavar="CHARTER", help="The pilot's charter; with --verify several, or folders."
        ),
    ],
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Only say whether all is as locked: 0 if it is, 2 with each difference. "
            "Nothing runs, nothing is written.",
        ),
    ] = False,
    reason: Annotated[
        str | None,
        typer.Option("--reason", help="Why a differing lock is replaced; recorded in it."),
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            "--evidence", help="Record this bundle's digest as the one to come out again."
        ),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    allow_outside: AllowOutside = False,
    allow_import: AllowImport = None,
    max_memory: MaxMemory = DEFAULT_MEMORY,
) -> int:
    """Lock data, split, dependencies, schedule and baseline; or verify what is locked."""
    from qgate.cli.console import progress_on_stderr
    from qgate.plan.settings import Settings

    if verify:
        if reason is not None or evidence is not None:
            raise UsageError("--verify writes nothing: it takes no --reason and no --evidence")
        allowed = frozenset(allow_import or ())
        settings = Settings(allow_outside=allow_outside, allow_imports=allowed)
        return _verify(charters, settings, quiet=quiet)
    if len(charters) > 1:
        raise UsageError("one charter is locked at a time; only --verify takes several")
    charter = charters[0]
    if evidence is not None:
        if reason is not None:
            raise UsageError(
                "--evidence records a digest in the present lock; it takes no --reason"
            )
        return _record(charter, evidence)
    with progress_on_stderr(quiet=quiet, verbose=verbose) as progress:
        settings = Settings(
            allow_outside=allow_outside,
            max_memory=max_memory,
            allow_imports=frozenset(allow_import or ()),
            progress=progress,
        )
        return _lock(charter, settings, reason)


def _lock(charter: Path, settings: Settings, reason: str | None) -> int:
    from qgate.lock.lock import lock_path, read_lock, write_lock
    from qgate.pipeline import lock as lock_of

    made = lock_of(charter, settings)
    before = read_lock(charter)
    replaced = before.digest if before else _last_locked(charter, settings)
    if before is None and replaced not in ("", made.digest) and not (reason or "").strip():
        raise UsageError(
            f"{shown(lock_path(charter))} is gone, and the audit log holds another lock of this "
            f"pilot ({replaced[:12]}): put the file back, or lock anew: "
            f'qgate lock {typed(shown(charter))} --reason "why it changed"'
        )
    done = write_lock(made, charter, reason)
    if before is None or before.digest != made.digest:
        _log(charter, replaced, reason or "")
    sys.stdout.write(f"{done}\n")
    return ExitCode.PASS


def _last_locked(charter: Path, settings: Settings) -> str:
    """Return the digest of the pilot's last lock that the audit log knows, empty without any."""
    from qgate.evidence.audit_log import AuditLog
    from qgate.pipeline import load
    from qgate.plan.settings import Settings

    name = load(charter, Settings(files=False)).pilot.name
    entries = AuditLog(settings.log).entries()
    known = (e for e in reversed(entries) if e.action == "lock" and e.pilot == name)
    return next((entry.digests.get("contract", "") for entry in known), "")


def _record(charter: Path, evidence: str) -> int:
    """Record the digest that the evidence must come out with."""
    from qgate.evidence.store import read_bundle
    from qgate.lock.lock import lock_evidence, read_lock

    bundle, lock = read_bundle(evidence), read_lock(charter)
    if lock is not None and bundle.record["lock"] != lock.basis:
        raise UsageError(f"{evidence} was not run on the present lock: run it again first")
    done = lock_evidence(charter, bundle.digest)
    _log(charter, lock.digest if lock else "", f"expects evidence {bundle.digest}")
    sys.stdout.write(f"{done}\n")
    return ExitCode.PASS


def _verify(paths: list[Path], settings: Settings, *, quiet: bool) -> int:
    """Say of each charter whether all is as locked.

    Raises:
        UsageError: With what is not, and what to type, after all of them were looked at.

    """
    from qgate.cli.check import charters_in

    wrong: list[str] = []
    for path in charters_in(paths):
        try:
            found = _unlike(path, settings)
        except UsageError as error:
            found = str(error)
        if found:
            wrong.append(found)
        elif not quiet:
            sys.stdout.write(f"{printable(shown(path))}: as locked\n")
    if wrong:
        raise UsageError("\n".join(wrong))
    return ExitCode.PASS


def _unlike(path: Path, settings: Settings) -> str:
    """Return how what is here differs from the lock, and what to type; empty if nowhere."""
    from qgate.lock.lock import lock_path, read_lock
    from qgate.lock.verify import departures
    from qgate.pipeline import VOCABULARY
    from qgate.plan.admit import valid

    charter, source = valid(path, settings, VOCABULARY)
    lock, command = read_lock(path), f"qgate lock {typed(shown(path))}"
    if lock is None:
        return f"{shown(path)}: there is no lock yet: {command}"
    found = departures(charter, source, path.resolve().parent, lock)
    if not found:
        return ""
    lines = "".join(f"  {line}\n" for line in found)
    return (
        f"{shown(path)}: not as locked in {shown(lock_path(path))}:\n{lines}"
        f'  To lock anew: {command} --reason "why it changed"'
    )


def _log(charter: Path, replaced: str, reason: str) -> None:
    """Put a new lock on record, with the digest of the one that it replaces."""
    from qgate.evidence.audit_log import AuditLog
    from qgate.lock.lock import read_lock
    from qgate.pipeline import load
    from qgate.plan.settings import Settings

    settings, lock = Settings(files=False), read_lock(charter)
    terms = load(charter, settings)
    digests = {"charter": terms.digest}
    digests |= {"contract": lock.digest} if lock else {}
    digests |= {"replaced": replaced} if replaced else {}
    AuditLog(settings.log).append("lock", pilot=terms.pilot.name, reason=reason, digests=digests)
