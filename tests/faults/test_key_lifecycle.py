"""The lifecycle of keys, judged in time: what a revocation, a compromise, an end of validity does to events before and after it.

One test for each row of the table; a row is told through a real ledger, a station and its views. What happens to rules that
are adopted while letters travel stands in tests/faults/test_adopted_rules.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from domain.events import KeyResumed, KeyRevoked, KeySuspended, RootChanged, TrustAnchorAdded, TrustAnchorWithdrawn
from domain.ids import Digest, LetterId, OfficerId, sha256
from domain.reasons import Reason
from domain.verdicts import Verdict
from projections.contested import contests_among
from projections.letter_pages import LetterSigner, signers_of
from tests import certificate_forge as forge
from tests.court import Court
from tests.faults.provoked_authority import key_of, stopping
from tests.faults.provoked_proof import compromised, reaffirming, renewed, repudiating
from tests.faults.provoked_records import roots_of
from tests.fixed_exchange import DAY_MS, HOUR_MS, NOT_AFTER_MS, REGISTRAR, Said, fixed_signer

CENTURY_MS: Final = 4_102_444_799_999
"""The latest time that a header can claim."""


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Court:
    court = Court.founded(tmp_path_factory.mktemp("court"))
    court.close()
    return court


@pytest.fixture
def court(founded: Court, tmp_path: Path) -> Iterator[Court]:
    made = founded.copied(tmp_path)
    yield made
    made.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What the views say of a letter: contested, repudiated, and of its first signer's key."""

    contested: bool
    repudiated: bool
    signer: LetterSigner


def shown(court: Court, letter: LetterId) -> Shown:
    """Return what the views say of a letter now."""
    court.follow()
    position = court.station.parts.store.position_of(Digest(letter))
    assert position is not None
    with court.projector.database.reading() as connection:
        contests = contests_among(connection, [position])
        (signer, *_) = signers_of(connection, letter, now=court.clock())
    return Shown(contested=bool(contests.contested), repudiated=bool(contests.repudiated), signer=signer)


def judged(court: Court, said: Said) -> Reason:
    """Return the reason that something said gets now."""
    return court.judge(court.exchange.record(said)).reason


def verdict_of(court: Court, letter: LetterId) -> Verdict:
    """Return the verdict on a letter, which never changes."""
    entry = court.station.parts.store.entry(court.station.parts.store.position_of(Digest(letter)) or 0)
    assert entry is not None
    return entry.verdict


def test_revoked_before_the_event_it_is_rejected(court: Court) -> None:
    under_way = court.exchange.letter("deputy")
    court.accept(stopping(court, KeyRevoked, "deputy", reason="REPLACED"))
    verdict = court.judge(court.exchange.record(under_way))
    assert (verdict.reason, verdict.because) == (Reason.KEY_REVOKED, verdict.position - 1)


@pytest.mark.parametrize("reason", ["LOST", "REPLACED", "RELIEVED", "CEASED", "OTHER"])
def test_revoked_after_it_for_a_harmless_reason_it_stays_valid(court: Court, reason: str) -> None:
    letter = court.sent()
    before = verdict_of(court, letter)
    court.accept(stopping(court, KeyRevoked, "deputy", reason=reason))
    assert verdict_of(court, letter) == before
    told = shown(court, letter)
    assert (told.contested, told.signer.state, told.signer.settled) == (False, "revoked", None)


def test_a_compromise_declared_later_contests_what_was_signed_from_there_on_until_the_officer_settles_it(court: Court) -> None:
    letters = [court.sent() for _ in range(4)]
    since = verdict_of(court, letters[1]).position
    verdicts = [verdict_of(court, letter) for letter in letters]
    compromised(court, since=since)
    assert [shown(court, letter).contested for letter in letters] == [False, True, True, True]
    new = renewed(court)
    court.accept(reaffirming(court, letters[1], new), repudiating(court, letters[2], new))
    told = [shown(court, letter) for letter in letters]
    assert [one.contested for one in told] == [False, False, False, True]
    assert [one.repudiated for one in told] == [False, False, True, False]
    assert [one.signer.settled for one in told] == [None, "reaffirmed", "repudiated", None]
    assert [verdict_of(court, letter) for letter in letters] == verdicts, "verdict and number stay"


def test_of_two_signatories_each_settles_what_his_own_key_signed(court: Court) -> None:
    letter = LetterId(court.accept(court.exchange.letter("head", "deputy")))
    compromised(court)
    new = renewed(court)
    assert shown(court, letter).contested
    assert judged(court, reaffirming(court, letter, "head")) is Reason.NOT_CONTESTED
    court.accept(stopping(court, KeyRevoked, "head", reason="COMPROMISED"))
    court.accept(reaffirming(court, letter, new))
    assert shown(court, letter).contested, "the first signatory has said nothing yet"
    court.accept(court.exchange.enrolled("head", "ministry", name="head's new key"))
    court.accept(repudiating(court, letter, "head's new key"))
    told = shown(court, letter)
    assert (told.contested, told.repudiated) == (False, True)


def test_a_settlement_whose_own_key_was_compromised_counts_for_nothing(court: Court) -> None:
    letter = court.sent()
    compromised(court)
    new = renewed(court)
    court.accept(reaffirming(court, letter, new))
    court.accept(stopping(court, KeyRevoked, "deputy", key=key_of(court, new), reason="COMPROMISED"))
    assert shown(court, letter).contested
    court.accept(court.exchange.enrolled("deputy", "ministry", name="third key"))
    court.accept(repudiating(court, letter, "third key"))
    told = shown(court, letter)
    assert (told.contested, told.repudiated) == (False, True)


def test_suspended_it_signs_nothing_and_resumed_it_signs_again(court: Court) -> None:
    before, under_way = court.sent(), court.exchange.letter("deputy")
    court.accept(stopping(court, KeySuspended, "deputy"))
    assert judged(court, under_way) is Reason.KEY_SUSPENDED
    officer, key = OfficerId("deputy"), key_of(court, "deputy")
    court.accept(court.exchange.say(KeyResumed, REGISTRAR, officer=officer, key=key, reason="FOUND"))
    after = court.sent()
    assert [shown(court, letter).contested for letter in (before, after)] == [False, False]
    # What was rejected meanwhile is not saved by the resumption: its event id is spent.
    assert judged(court, under_way) is Reason.DUPLICATE


def test_a_suspension_for_a_compromise_contests_too_and_resuming_does_not_take_that_back(court: Court) -> None:
    letter = court.sent()
    court.accept(stopping(court, KeySuspended, "deputy", reason="COMPROMISED"))
    officer, key = OfficerId("deputy"), key_of(court, "deputy")
    court.accept(court.exchange.say(KeyResumed, REGISTRAR, officer=officer, key=key, reason="CLEARED"))
    assert shown(court, letter).contested
    court.accept(reaffirming(court, letter, renewed(court)))
    assert not shown(court, letter).contested


def test_a_certificate_that_expired_since_leaves_the_event_valid_and_is_told(court: Court) -> None:
    court.employ("brief", "ministry", "signatory", days=1)
    letter = court.sent(by="brief")
    before = verdict_of(court, letter)
    court.clock.at_ms += DAY_MS
    assert judged(court, court.exchange.letter("brief")) is Reason.CERTIFICATE_EXPIRED
    assert verdict_of(court, letter) == before
    told = shown(court, letter)
    assert (told.contested, told.signer.state) == (False, "expired")


def test_an_enrolment_later_than_the_event_does_not_reach_back(court: Court) -> None:
    enrolment = court.exchange.enrolled("deputy", "ministry", name="too early")
    early = court.exchange.letter("too early")
    verdict = court.judge(court.exchange.record(early))
    assert (verdict.reason, verdict.is_authentic) == (Reason.KEY_UNKNOWN, False)
    court.accept(enrolment)
    assert court.station.parts.store.verdict(verdict.position) == verdict
    # It reserved nothing, so whoever holds the record may append it again; then it stands behind the enrolment.
    assert judged(court, early) is Reason.ACCEPTED


def test_a_registrar_outside_his_scope_changes_nobodys_key(court: Court) -> None:
    letter = court.sent("ministry", by="chair")
    for reason in ("LOST", "COMPROMISED"):
        for kind in (KeySuspended, KeyRevoked):
            said = stopping(court, kind, "chair", by="agency-registrar", reason=reason)
            assert judged(court, said) is Reason.OUT_OF_SCOPE
    key = court.exchange.new_key("smuggled")
    smuggled = court.exchange.enrolment("chair", key, court.exchange.certificate(key, "chair"), by=("agency-registrar",))
    assert judged(court, smuggled) is Reason.OUT_OF_SCOPE
    assert not shown(court, letter).contested
    court.sent("ministry", by="chair")


def test_roots_that_were_changed_while_their_word_travelled_are_heard_no_more(court: Court) -> None:
    exchange = court.exchange
    spkis = (*roots_of(court)[:2], exchange.add_root("root-4").spki)
    letter, stranger = exchange.letter("deputy"), exchange.certificate(exchange.new_key("x"), "x")
    old = exchange.say(RootChanged, "root-2", "root-3", roots=roots_of(court), root_threshold=1)
    court.accept(exchange.say_as_roots(RootChanged, roots=spkis, root_threshold=2))
    assert judged(court, old) is Reason.ROOT_NOT_IN_FORCE
    assert judged(court, letter) is Reason.ACCEPTED, "letters do not depend on the roots"
    assert judged(court, exchange.say(TrustAnchorAdded, "root-1", "root-4", certificate=stranger)) is Reason.ANCHOR_UNFIT


def test_an_anchor_that_was_withdrawn_enrols_nobody_more_and_forgets_nobody(court: Court) -> None:
    exchange = court.exchange
    court.accept(exchange.say_as_roots(TrustAnchorAdded, certificate=forge.ANCHOR))
    key = fixed_signer(forge.OFFICER_KEY)
    court.accept(exchange.enrolment("deputy", key, forge.GOOD))
    exchange.hold("from outside", key, forge.GOOD, "ministry", "deputy")
    before, under_way = court.sent(by="from outside"), exchange.letter("from outside")
    other = exchange.enrolment("clerk", fixed_signer(forge.OFFICER_KEY), forge.Draft().issued(forge.CA_KEY))
    court.accept(exchange.say_as_roots(TrustAnchorWithdrawn, anchor=sha256(forge.ANCHOR), reason="COMPROMISED"))
    assert judged(court, other) is Reason.CERTIFICATE_NOT_FROM_ANCHOR
    assert judged(court, under_way) is Reason.ACCEPTED, "its path was judged once, when it was enrolled"
    told = shown(court, before)
    assert (told.contested, told.signer.state) == (False, "active")


def revoke(court: Court) -> str:
    court.accept(stopping(court, KeyRevoked, "deputy"))
    return "deputy"


def suspend(court: Court) -> str:
    court.accept(stopping(court, KeySuspended, "deputy"))
    return "deputy"


def expire(court: Court) -> str:
    court.employ("brief", "ministry", "signatory", days=1)
    court.clock.at_ms += DAY_MS
    return "brief"


def let_wait_too_long(court: Court) -> str:
    court.clock.at_ms += NOT_AFTER_MS + HOUR_MS
    return "deputy"


def put_the_clock_back(court: Court) -> str:
    court.clock.at_ms += 2 * HOUR_MS
    court.employ("early", "ministry", "signatory")
    court.clock.at_ms -= HOUR_MS
    return "early"


@pytest.mark.parametrize(
    ("bring_about", "reason"),
    [
        (revoke, Reason.KEY_REVOKED),
        (suspend, Reason.KEY_SUSPENDED),
        (expire, Reason.CERTIFICATE_EXPIRED),
        (let_wait_too_long, Reason.NOT_AFTER_PASSED),
        (put_the_clock_back, Reason.CERTIFICATE_NOT_YET_VALID),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_time_at_which_it_claims_to_have_been_signed_helps_nobody(
    court: Court, bring_about: Callable[[Court], str], reason: Reason
) -> None:
    then = court.clock()
    not_after = then + NOT_AFTER_MS
    who = bring_about(court)
    for signed_at in (0, then, court.clock() - 1, court.clock(), court.clock() + DAY_MS, CENTURY_MS):
        said = court.exchange.letter(who, header={"signed_at": signed_at, "not_after": not_after})
        assert judged(court, said) is reason
