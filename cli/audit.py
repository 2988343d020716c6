"""`ortoo audit`: a whole ledger, or a copy of it, checked by somebody who trusts nobody who runs it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click
from click import Context

from adapters.audit import Check, Evidence, FullAudit, HashAudit, Outcome
from adapters.audit_copies import compare_copies
from adapters.audit_findings import FindingCode, Findings
from adapters.audit_replay import Replay
from adapters.audit_store import AuditedStore
from adapters.audit_timestamps import READ_TOKEN, check_tokens
from adapters.checkpoint_board import open_board
from adapters.document_locations import document_store_for
from adapters.errors import LedgerError, LedgerMissingError, StoreError, StoreUrlError
from adapters.ledger import READ_LIMIT_SLOTS, Ledger
from adapters.ledger_locations import open_ledger
from adapters.store.dialect import parse_url
from adapters.timestamp_tokens import read_timestamp_roots
from cli.audit_shown import comparison_data, comparison_lines, exit_code_of, fork_data, fork_lines, report_data, report_lines
from cli.errors import ExitCode, UsageError
from cli.options import command_options
from cli.progress import ProgressLine
from cli.render import json_text
from cli.session import Session
from cli.trusting import trust_options, trusted
from cli.wiring import VIEWS_FILE, kafka_security
from domain.checkpoints import MAX_PAIR_BYTES
from domain.forks import MAX_FORK_BYTES, encode_fork, parse_fork, verify_fork
from domain.ids import Digest
from domain.notes import NoteInvalidError
from domain.proofs import ProofInvalidError
from domain.signatures import SignatureInvalidError
from projections.audit import compare_views

VIEWS_FRESH: Final = "views.sqlite"
TOKENS_FOLDER: Final = "tokens"
SEED_BYTES: Final = 4


class _Audit(click.Group):
    """The group of `audit`, in which a location stands for `audit ledger LOCATION`."""

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = [ledger_command.name or "", *args]
        return super().resolve_command(ctx, args)


@click.group("audit", cls=_Audit, context_settings={"ignore_unknown_options": True})
def audit() -> None:
    """Check a whole ledger: every signature, every verdict, every root that anybody signed."""


@audit.command("ledger")
@click.argument("location")
@trust_options
@click.option(
    "--checkpoint", "held", multiple=True, type=click.Path(path_type=Path), help="A checkpoint that you hold (several)."
)
@click.option("--store", "store_url", metavar="URL", help="A station's store to compare, and the views beside it.")
@click.option("--views", "views_url", metavar="URL", help="The station's views, if they are not where its store says.")
@click.option(
    "--timestamp-roots", type=click.Path(path_type=Path), help="PEM roots of time-stamping authorities: verify their tokens."
)
@click.option("--trust-checkpoints", is_flag=True, help="Up to a cosigned checkpoint recompute hashes only.")
@click.option("--sample", type=click.IntRange(1, 1_000_000), help="With --trust-checkpoints: verify so many events' signatures.")
@click.option("--seed", type=click.IntRange(0), help="Which sample (default: at random; it is printed).")
@click.option("--resume", type=click.Path(path_type=Path), help="A folder for the audit's own store; the same goes on.")
@click.option("--report", "report_file", type=click.Path(path_type=Path), help="Write the report there too (.json: as JSON).")
@click.option("--evidence", "fork_file", type=click.Path(path_type=Path), help="Write evidence of a fork there, if there is any.")
@command_options
def ledger_command(session: Session, /, location: str, trust_file: Path, state: Path | None, **given: Any) -> None:
    """Replay a whole ledger from its location and a trust file, and list everything that is wrong with it.

    Every signature and verdict is made anew; roots are held against every checkpoint that the operator published or that you
    hold, ledger times against what witnesses saw when, a station's store and views against the replay. What lies above your
    newest checkpoint is not covered: it could still be changed. Exit codes: 0 all well, 3 wrong, 4 could not verify. The word
    `ledger` may be left out.

    Example:
      ortoo audit ledger sqlite:ledger.sqlite --trust trust.json --checkpoint kept.checkpoint
      ortoo audit ledger sqlite:ledger.sqlite --trust trust.json --store sqlite:///ministry/store.sqlite --resume audit-2026
      ortoo audit ledger kafka://broker:9092/letters --trust trust.json --trust-checkpoints --sample 1000
    """
    _require_sense(given)
    findings = Findings()
    evidence = Evidence(
        trust=trusted(session, trust_file, state),
        held={str(file): _read(file, MAX_PAIR_BYTES) for file in given["held"]},
        published=_published(session, location, findings),
    )
    seed = int.from_bytes(os.urandom(SEED_BYTES)) if given["seed"] is None else given["seed"]
    with contextlib.ExitStack() as stack:
        security = kafka_security(session)
        ledger = stack.enter_context(contextlib.closing(open_ledger(location, clock_ms=session.now_ms, security=security)))
        store = _store(given["store_url"], stack, findings)
        if given["trust_checkpoints"]:
            outcome = _hash(ledger, evidence, findings, store, sample=given["sample"] or 0, seed=seed)
        else:
            folder = (
                given["resume"].expanduser()
                if given["resume"]
                else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ortoo-audit-")))
            )
            views = given["views_url"] or (_views_beside(given["store_url"]) if store else None)
            stamping = None if given["timestamp_roots"] is None else _Stamping(location, given["timestamp_roots"])
            outcome = _replay(session, ledger, evidence, findings, store, folder=folder, views=views, stamping=stamping)
    shown_seed = seed if given["sample"] else None
    data = report_data(location, evidence.trust, outcome, findings, seed=shown_seed)
    lines = report_lines(data, outcome, findings, session.language)
    session.show(data, lines)
    _write_files(given["report_file"], given["fork_file"], data, lines, outcome)
    _end(session, exit_code_of(findings))


def _require_sense(given: dict[str, Any]) -> None:
    """Raise `UsageError` for options that do not go together, and for files that are there, before hours are spent."""
    fast = given["trust_checkpoints"]
    wrong = (
        (given["sample"] and not fast, "--sample verifies signatures besides hashes; without --trust-checkpoints all are."),
        (
            given["timestamp_roots"] and fast,
            "--timestamp-roots needs a replay, and --trust-checkpoints makes none. Leave one out.",
        ),
        (given["resume"] and fast, "--resume keeps what was judged, and --trust-checkpoints judges nothing. Leave one out."),
        (given["views_url"] and fast, "--views are compared with a replay, and --trust-checkpoints makes none. Leave one out."),
        (given["views_url"] and not given["store_url"], "--views are compared as far as --store reaches. Give both."),
    )
    for does_not_fit, why in wrong:
        if does_not_fit:
            raise UsageError(why)
    for file in (given["report_file"], given["fork_file"]):
        if file is not None and file.expanduser().exists():
            raise UsageError(f"{file} is there already, and nothing is overwritten. Name a new file.")


def _published(session: Session, location: str, findings: Findings) -> Iterator[bytes]:
    """Yield what somebody published as checkpoints of the ledger; what cannot be read is a finding."""
    try:
        with contextlib.closing(open_board(location, clock_ms=session.now_ms, security=kafka_security(session))) as board:
            position = 0
            while slots := board.read(position, READ_LIMIT_SLOTS):
                yield from (slot.record or b"" for slot in slots)
                position = slots[-1].position + 1
    except LedgerMissingError:
        return
    except LedgerError as error:
        findings.report(FindingCode.UNREACHABLE, None, f"published checkpoints: {error}")


def _store(url: str | None, stack: contextlib.ExitStack, findings: Findings) -> AuditedStore | None:
    if url is None:
        return None
    try:
        return stack.enter_context(contextlib.closing(AuditedStore(url)))
    except StoreUrlError:
        raise
    except StoreError as error:
        findings.report(FindingCode.STORE_UNREADABLE, None, str(error))
        return None


def _replay(  # noqa: PLR0913 - what an audit works with
    session: Session,
    ledger: Ledger,
    evidence: Evidence,
    findings: Findings,
    store: AuditedStore | None,
    *,
    folder: Path,
    views: str | None,
    stamping: _Stamping | None,
) -> Outcome:
    identity, threads = evidence.trust.identity, session.settings.verify_threads
    with (
        contextlib.closing(Replay(ledger, folder, identity=identity, threads=threads, now_ms=session.now_ms)) as replay,
        ProgressLine("auditing the ledger") as progress,
    ):
        outcome = FullAudit(ledger, replay, evidence, findings.report).run(store, session.now_ms(), progress)
        if views is not None and outcome.audited:
            with ProgressLine("comparing the views") as projecting:
                if compare_views(views, replay, folder / VIEWS_FRESH, findings.report, projecting):
                    outcome.checked.append(Check.VIEWS)
        if stamping is not None and outcome.audited:
            stamping.check(session, replay, folder, findings)
            outcome.checked.append(Check.TIMESTAMPS)
    return outcome


class _Stamping:
    """Tokens of time stamps, found among the documents of a ledger, and who vouches for their authorities."""

    def __init__(self, location: str, roots: Path) -> None:
        self._location = location
        self._roots = read_timestamp_roots(roots.expanduser())

    def check(self, session: Session, replay: Replay, folder: Path, findings: Findings) -> None:
        """Verify every token; report what does not hold."""
        security = kafka_security(session)
        with contextlib.closing(document_store_for(self._location, folder / TOKENS_FOLDER, None, security=security)) as documents:

            def token_of(digest: Digest) -> bytes:
                with documents.open(digest) as reader:
                    return reader.read(READ_TOKEN)

            check_tokens(replay, self._roots, token_of, findings.report)


def _views_beside(store_url: str) -> str | None:
    """Return where the views of a station lie whose store this is: in the same database, but for a file in the file beside it."""
    parsed = parse_url(store_url)
    if parsed.get_backend_name() != "sqlite":
        return store_url
    file = Path(parsed.database or "").with_name(VIEWS_FILE)
    return f"sqlite:///{file}" if file.exists() else None


def _hash(
    ledger: Ledger, evidence: Evidence, findings: Findings, store: AuditedStore | None, *, sample: int, seed: int
) -> Outcome:
    with ProgressLine("hashing the ledger") as progress:
        return HashAudit(ledger, evidence, findings.report).run(store, sample=sample, seed=seed, progress=progress)


def _write_files(report: Path | None, fork: Path | None, data: dict[str, Any], lines: list[str], outcome: Outcome) -> None:
    text = json_text(data) if report is not None and report.suffix == ".json" else "\n".join(lines)
    evidence = encode_fork(outcome.forks[0]) if outcome.forks else None
    for file, content in ((report, f"{text}\n".encode()), (fork, evidence)):
        if file is None or content is None:
            continue
        try:
            with file.expanduser().open("xb") as stream:
                stream.write(content)
        except OSError as error:
            raise UsageError(f"{file} was not written ({error.strerror}); what it was to hold stands above.") from error


@audit.command("compare")
@click.argument("one", metavar="LOCATION")
@click.argument("other", metavar="LOCATION")
@command_options
def compare_command(session: Session, one: str, other: str) -> None:
    """Show where two copies of a ledger part ways: the first position, and what differs there.

    A copy that is the beginning of the other is no contradiction. Exit codes: 0 the same, or one the beginning of the other;
    3 they part ways.

    Example:
      ortoo audit compare sqlite:ledger.sqlite sqlite:copy.sqlite
    """
    security = kafka_security(session)
    with (
        contextlib.closing(open_ledger(one, clock_ms=session.now_ms, security=security)) as first,
        contextlib.closing(open_ledger(other, clock_ms=session.now_ms, security=security)) as second,
        ProgressLine("comparing the copies") as progress,
    ):
        found = compare_copies(first, second, progress)
    session.show(comparison_data(found), comparison_lines(found, session.language))
    _end(session, ExitCode.DONE if found.agree else ExitCode.VERIFICATION_FAILED)


@audit.command("fork")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--trust", "trust_file", type=click.Path(path_type=Path), help="Whose operator it must be: a trust file.")
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="Where it is remembered, as in `audit ledger`.")
@command_options
def fork_command(session: Session, file: Path, trust_file: Path | None, state: Path | None) -> None:
    """Verify evidence that an operator signed two histories of one ledger, from the two notes alone.

    Without --trust it is for you to compare the keys that are shown with those of the operator. Exit codes: 0 it is a fork;
    3 the file proves none; 4 it proves one, and the keys are not those of the operator whom the trust file names.

    Example:
      ortoo audit fork evidence.fork --trust trust.json
    """
    raw = _read(file, MAX_FORK_BYTES)
    try:
        fork = parse_fork(raw)
        claimed, held = verify_fork(fork)
    except (NoteInvalidError, ProofInvalidError, SignatureInvalidError) as error:
        told = f"{file} proves no fork: {error}. Ask whoever gave it to you for the file as his station kept it."
        raise type(error)(told) from error
    trust = None if trust_file is None else trusted(session, trust_file, state)
    data = fork_data(fork, claimed, held, trust)
    session.show(data, fork_lines(data, session.language))
    _end(session, ExitCode.COULD_NOT_VERIFY if data["operator"] is False else ExitCode.DONE)


def _read(file: Path, limit_bytes: int) -> bytes:
    """Return a file that a person named, one byte more than the limit at most."""
    try:
        with file.expanduser().open("rb") as stream:
            return stream.read(limit_bytes + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}). Check the path.") from error


def _end(session: Session, code: ExitCode) -> None:
    if code is not ExitCode.DONE:
        session.end_with(code)
