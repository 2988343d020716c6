"""Genesis: the record at position 0 that makes a place a ledger (design.md, "The judge").

Everything that it needs stands in its own body: the first registrar's certificate and every root key sign it, and their
signatures are the proof that they hold their keys.
"""

from __future__ import annotations

from typing import Final, NoReturn

from domain.certificates import Certificate, CertificateRefusedError, admit_certificate
from domain.changes import Change, View
from domain.directory import CONNECTED, UNIT, Role
from domain.directory_rules import appoint, enter_organisation, entry_codes_are_known
from domain.enrolment import admitted
from domain.errors import NotALedgerError, UpgradeNeededError
from domain.events import LedgerOpened
from domain.exchange import (
    EXCHANGE_ID,
    PURPOSES,
    AdoptedRules,
    ExchangeOpened,
    anchors_of,
    is_fit_anchor,
    root_keys,
    roots_are_fit,
)
from domain.ids import ROOT, ZERO_DIGEST, sha256
from domain.judge import Bench, check_of
from domain.ledger_time import stored_time
from domain.reading import Opened, Reading
from domain.reasons import Reason
from domain.rules import Case, stamp
from domain.signatures import SignatureInvalidError, algorithm_of_key
from domain.verdicts import Judged, Verdict

FIRST_REGISTRAR_ASSURANCE: Final = "file"
"""The genesis does not say how the first registrar keeps his key; whoever pins the ledger's identity trusts him anyway."""


def judge_genesis(bench: Bench, view: View, reading: Reading, stored_at_ms: int | None) -> Judged:
    """Return the verdict on position 0, always accepted; `view` knows nothing yet.

    Raises `NotALedgerError` if the record is no valid genesis, `UpgradeNeededError` if its rules are not held.
    """
    at = stored_time(stored_at_ms)
    if at is None:
        _refuse("the place did not store a time of its own with the first record")
    if reading.opened is None:
        _refuse(f"the first record is not canonical ({reading.refused})")
    opened = reading.opened
    if not isinstance(opened.body, LedgerOpened):
        _refuse(f"the first record is {opened.body.TYPE}, not {LedgerOpened.TYPE}")
    officers = (opened.body.header.officer,)
    case = Case(view=view, codec=bench.codec, body=opened.body, position=0, at=at, identity=opened.identity, officers=officers)
    _require_rules_held(bench, opened.body)
    certificate = _require_fit(case, bench, opened)
    record = reading.record or b""
    verdict = Verdict(
        position=0,
        at=at,
        record_hash=sha256(record),
        record_size_bytes=len(record),
        identity=opened.identity,
        reason=Reason.ACCEPTED,
    )
    return Judged(verdict=verdict, record=record, body=opened.body, changes=_changes(case, certificate))


def _require_rules_held(bench: Bench, body: LedgerOpened) -> None:
    held = bench.schema_digests.get(body.rules_version)
    if held != body.schema_digest:
        msg = (
            f"UPGRADE_NEEDED: the ledger opens with rules {body.rules_version} and schema set "
            f"{body.schema_digest.hex()[:16]}…, which this program does not hold. Install the version that does."
        )
        raise UpgradeNeededError(msg)


def _require_fit(case: Case, bench: Bench, opened: Opened) -> Certificate:
    body = case.body
    _require_first_header(case)
    if body.purpose not in PURPOSES:
        _refuse(f"its purpose {body.purpose} is not known")
    if not roots_are_fit(case):
        _refuse(Reason.ROOTS_WRONG.sentence)
    if not all(is_fit_anchor(anchor) for anchor in body.trust_anchors):
        _refuse(Reason.ANCHOR_UNFIT.sentence)
    _require_first_organisation(body)
    certificate = _admitted(case)
    if sha256(certificate.spki) in {root.digest for root in root_keys(body.roots)}:
        _refuse("a root key is also the first registrar's key")
    _require_signatures(bench, opened, certificate)
    return certificate


def _require_first_header(case: Case) -> None:
    header, body = case.body.header, case.body
    if header.ledger != ZERO_DIGEST or header.mandate is not None or header.seen is not None:
        _refuse("its header names a ledger, a mandate or a checkpoint, and none can exist yet")
    if (header.organisation, header.officer) != (body.organisation.organisation, body.registrar.officer):
        _refuse("it is not said by the first registrar for the first organisation")
    if header.officer == ROOT:
        _refuse("nobody but the root keys can have the id root")
    if case.at > header.not_after:
        _refuse("it arrived after the time until which it may be accepted")


def _require_first_organisation(body: LedgerOpened) -> None:
    entry = body.organisation
    fit = entry_codes_are_known(entry) and entry.kind != UNIT and entry.connection == CONNECTED
    if entry.parent is not None or not fit:
        _refuse("its first organisation is not a connected organisation of a known kind without parent")


def _admitted(case: Case) -> Certificate:
    body = case.body
    try:
        return admit_certificate(body.registrar.certificate, anchors=body.trust_anchors, at_ms=case.at)
    except CertificateRefusedError as error:
        _refuse(f"the first registrar's certificate is refused ({error})")


def _require_signatures(bench: Bench, opened: Opened, certificate: Certificate) -> None:
    body = opened.body
    if not isinstance(body, LedgerOpened):
        return
    wanted = (certificate.digest, *(sha256(spki) for spki in body.roots))
    if body.header.signers != wanted or len(opened.event.signatures) != len(wanted):
        _refuse("it is not signed by the first registrar's certificate and then every root key, in the body's order")
    for spki, value in zip((certificate.spki, *body.roots), opened.event.signatures, strict=True):
        if value.algorithm != algorithm_of_key(spki):
            _refuse("the algorithm of a signature does not fit its key")
        try:
            bench.verify(check_of(spki, value, opened.message))
        except SignatureInvalidError as error:
            _refuse(f"a signature does not verify ({error})")


def _changes(case: Case, certificate: Certificate) -> tuple[Change, ...]:
    body = case.body
    opened = ExchangeOpened(
        **stamp(case, EXCHANGE_ID, None),
        identity=case.identity,
        name=body.name,
        purpose=body.purpose,
        utc_offset_minutes=body.utc_offset_minutes,
        roots=root_keys(body.roots),
        threshold=body.root_threshold,
        anchors=anchors_of(body.trust_anchors),
        checkpoint_keys=body.checkpoint_keys,
        rules=AdoptedRules(version=body.rules_version, schema_digest=body.schema_digest, effective_at=0),
        first_organisation=body.organisation.organisation,
    )
    registrar = body.registrar
    return (
        opened,
        *enter_organisation(case, body.organisation),
        *appoint(case, body.organisation.organisation, registrar, (Role.REGISTRAR.value,)),
        *admitted(case, registrar.officer, certificate, FIRST_REGISTRAR_ASSURANCE),
    )


def _refuse(why: str) -> NoReturn:
    msg = f"position 0 holds no valid genesis, so this place is not a ledger: {why}. Check the location that was given."
    raise NotALedgerError(msg)
